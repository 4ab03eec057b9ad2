# Constants, exception classes, forms of the constructor, attributes, repr, with, detach.
import socket
from alike import FIRST, attempt, done, plain, say, tcp_pair
from check import env
from where import HOST, SELF_CHECKED

NAMES = (
    "AF_INET AF_INET6 AF_UNIX SOCK_STREAM SOCK_DGRAM SOCK_RAW IPPROTO_IP IPPROTO_ICMP IPPROTO_TCP IPPROTO_UDP IPPROTO_IPV6 "
    "IPPROTO_ICMPV6 IPPROTO_RAW SOL_SOCKET SOL_IP SOL_TCP SOL_UDP SO_REUSEADDR SO_REUSEPORT SO_BROADCAST SO_KEEPALIVE SO_LINGER "
    "SO_ERROR SO_TYPE SO_RCVBUF SO_SNDBUF SO_RCVTIMEO SO_SNDTIMEO SO_BINDTODEVICE TCP_NODELAY TCP_KEEPIDLE TCP_KEEPINTVL "
    "TCP_KEEPCNT IP_ADD_MEMBERSHIP IP_DROP_MEMBERSHIP IP_MULTICAST_IF IP_MULTICAST_TTL IP_MULTICAST_LOOP IP_TTL IP_TOS "
    "IPV6_V6ONLY IPV6_JOIN_GROUP IPV6_LEAVE_GROUP IPV6_MULTICAST_IF IPV6_MULTICAST_HOPS IPV6_MULTICAST_LOOP "
    "IPV6_UNICAST_HOPS MSG_PEEK MSG_DONTWAIT MSG_WAITALL MSG_TRUNC SHUT_RD SHUT_WR SHUT_RDWR AI_PASSIVE AI_CANONNAME "
    "AI_NUMERICHOST AI_NUMERICSERV AI_V4MAPPED AI_ALL AI_ADDRCONFIG NI_NUMERICHOST NI_NUMERICSERV NI_NAMEREQD NI_DGRAM "
    "NI_NOFQDN EAI_AGAIN EAI_BADFLAGS EAI_FAIL EAI_FAMILY EAI_MEMORY EAI_NODATA EAI_NONAME EAI_SERVICE EAI_SOCKTYPE EAI_SYSTEM "
    "SOMAXCONN INADDR_ANY INADDR_LOOPBACK INADDR_BROADCAST has_ipv6"
)
for name in NAMES.split():
    # Other stacks have other numbers; there only the existence of the name is compared.
    value = plain(getattr(socket, name, "missing"))
    say(name, value != "missing" if env("TEST_STACK") else value)

say("error is OSError", socket.error is OSError)
say("timeout is an OSError", issubclass(socket.timeout, OSError))
say("gaierror is an OSError", issubclass(socket.gaierror, OSError))
say("timeout is not gaierror", issubclass(socket.timeout, socket.gaierror))
say("socket is a type", isinstance(socket.socket, type))


def shape(*args, **kw):
    s = socket.socket(*args, **kw)
    try:
        return (int(s.family), int(s.type), s.proto, s.timeout, s.fileno() >= FIRST)
    finally:
        s.close()


I, I6, ST, DG = socket.AF_INET, socket.AF_INET6, socket.SOCK_STREAM, socket.SOCK_DGRAM
attempt("socket()", shape)
attempt("socket(I)", shape, I)
attempt("socket(I, ST)", shape, I, ST)
attempt("socket(I, DG)", shape, I, DG)
attempt("socket(I, ST, 0)", shape, I, ST, 0)
attempt("socket(I, ST, TCP)", shape, I, ST, socket.IPPROTO_TCP)
attempt("socket(I, DG, UDP)", shape, I, DG, socket.IPPROTO_UDP)
attempt("socket(I6, ST)", shape, I6, ST)
attempt("socket(I6, DG)", shape, I6, DG)
attempt("socket(I, RAW, ICMP)", shape, I, socket.SOCK_RAW, socket.IPPROTO_ICMP)
attempt("socket(I6, RAW, ICMPV6)", shape, I6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
attempt("socket(family=I6)", shape, family=I6)
attempt("socket(type=DG)", shape, type=DG)
attempt("socket(proto=TCP)", shape, proto=socket.IPPROTO_TCP)
attempt("socket(type=DG, family=I6, proto=UDP)", shape, type=DG, family=I6, proto=socket.IPPROTO_UDP)
attempt("socket(I, type=DG)", shape, I, type=DG)
attempt("socket(I, ST, proto=6)", shape, I, ST, proto=6)
attempt("socket(bogus=1)", shape, bogus=1)
attempt("socket(I, family=I)", shape, I, family=I)
attempt("socket(None)", shape, None)
attempt("socket('2')", shape, "2")
attempt("socket(2.0)", shape, 2.0)
attempt("socket([])", shape, [])
attempt("socket(I, None)", shape, I, None)
attempt("socket(I, 'x')", shape, I, "x")
attempt("socket(I, ST, None)", shape, I, ST, None)
attempt("socket(I, ST, 'tcp')", shape, I, ST, "tcp")
attempt("socket of five arguments", shape, I, ST, 0, None, 0)
attempt("family 9999", shape, 9999)
attempt("type 77", shape, I, 77)
attempt("TCP over a datagram socket", shape, I, DG, socket.IPPROTO_TCP)
attempt("UDP over a stream socket", shape, I, ST, socket.IPPROTO_UDP)
attempt("proto 250", shape, I, ST, 250)
attempt("raw without a protocol", shape, I, socket.SOCK_RAW, 0)

s = socket.socket(I, DG)
for name in ("family", "type", "proto", "timeout"):
    say("attribute " + name, plain(getattr(s, name)))
    try:
        setattr(s, name, 5)
        say("set attribute " + name, "done")
    except AttributeError:
        say("set attribute " + name, "AttributeError")
say("no such attribute", hasattr(s, "no_such"))
r = repr(s)
say("repr is in angle brackets", (r[0], r[-1]))
for word in ("fd=%d" % s.fileno(), "family=", "type=", "proto=0", "laddr=", "raddr="):
    say("repr of an unbound socket has " + word.split("=")[0], word in r)
s.bind((HOST, 0))
say("repr of a bound socket has laddr", ("laddr=%r" % (s.getsockname(),)) in repr(s))
say("repr of a bound socket has raddr", "raddr=" in repr(s))
s.close()
say("repr of a closed socket", "fd=-1" in repr(s) and "closed" in repr(s))
say("repr of a closed socket has laddr", "laddr=" in repr(s))
c, d = tcp_pair()
say("repr of a connected socket has raddr", ("raddr=%r" % (d.getsockname(),)) in repr(c))
say("accepted family, type, proto", (int(d.family), int(d.type), d.proto))
c.close()
d.close()


def duplicated(fd):
    t = socket.fromfd(fd, I, ST)
    different = t.fileno() != fd
    t.close()
    return different


with socket.socket() as s:
    fd = s.fileno()
    say("with gives the socket", isinstance(s, socket.socket) and fd >= FIRST)
say("with closes", s.fileno())
attempt("with on a closed socket still enters", s.__enter__)
try:
    with socket.socket() as s:
        raise KeyError
except KeyError:
    say("with closes after an exception and lets it pass", s.fileno())

s = socket.socket()
fd = s.fileno()
say("detach returns the descriptor", s.detach() == fd)
say("fileno after detach", s.fileno())
attempt("listen after detach", s.listen)
attempt("close after detach", s.close)
attempt("fromfd duplicates", duplicated, fd)
socket.socket(fileno=fd).close()  # the caller owns the detached descriptor

s = socket.socket()
fd = s.fileno()
t = socket.socket(fileno=fd)
say("socket(fileno=) adopts", t.fileno() == fd)
say("socket(fileno=) detects family and type", (int(t.family), int(t.type)))
s.detach()
t.close()
attempt("socket(fileno=-1)", shape, fileno=-1)
attempt("socket(fileno='x')", shape, fileno="x")
attempt("socket(fileno=9999)", shape, fileno=9999)


class Sub(socket.socket):
    def __init__(self, *args):
        super().__init__(*args)
        self.note = "mine"


s = Sub(I, DG)
say("subclass is a socket", isinstance(s, socket.socket))
say("subclass keeps attributes", (s.note, int(s.type)))
s.bind((HOST, 0))
say("subclass has methods", s.getsockname()[0])
s.close()
say("subclass closes", s.fileno())
say("methods are found on the type", callable(socket.socket.settimeout))
s = socket.socket()
socket.socket.settimeout(s, 2)
say("called through the type", s.gettimeout())
s.close()
if SELF_CHECKED:
    attempt("method with another self", socket.socket.recv, 5, 5)
done()
