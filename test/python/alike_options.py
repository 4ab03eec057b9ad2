# getsockopt and setsockopt in all their forms; the timeouts API; listen; inheritance of the default timeout.
import socket
from alike import attempt, done, say, tcp_pair
from pairs import C
from where import HOST, INTERFACE

ST, DG = socket.SOCK_STREAM, socket.SOCK_DGRAM
SOL = socket.SOL_SOCKET
s = socket.socket()
u = socket.socket(type=DG)
v6 = socket.socket(socket.AF_INET6, DG)
TCP, IP, IP6 = socket.IPPROTO_TCP, socket.IPPROTO_IP, socket.IPPROTO_IPV6


def both(label, sock, level, opt, value):
    attempt(label + " before", sock.getsockopt, level, opt)
    attempt(label + " set %r" % (value,), sock.setsockopt, level, opt, value)
    attempt(label + " after %r" % (value,), sock.getsockopt, level, opt)


both("SO_REUSEADDR", s, SOL, socket.SO_REUSEADDR, 1)
both("SO_REUSEPORT", s, SOL, C.SO_REUSEPORT, True)
both("SO_KEEPALIVE", s, SOL, socket.SO_KEEPALIVE, 1)
both("SO_BROADCAST", u, SOL, socket.SO_BROADCAST, 1)
both("SO_RCVBUF", s, SOL, C.SO_RCVBUF, 20000)
both("SO_SNDBUF", s, SOL, C.SO_SNDBUF, 20000)
both("SO_RCVBUF of zero", s, SOL, C.SO_RCVBUF, 0)
both("TCP_NODELAY", s, TCP, socket.TCP_NODELAY, 1)
both("TCP_KEEPIDLE", s, TCP, C.TCP_KEEPIDLE, 7)
both("TCP_KEEPINTVL", s, TCP, C.TCP_KEEPINTVL, 8)
both("TCP_KEEPCNT", s, TCP, C.TCP_KEEPCNT, 9)
both("TCP_KEEPCNT out of range", s, TCP, C.TCP_KEEPCNT, 1000)
both("IP_TTL", s, IP, C.IP_TTL, 33)
both("IP_TTL out of range", s, IP, C.IP_TTL, 300)
both("IP_TOS", s, IP, C.IP_TOS, 16)
both("IP_MULTICAST_TTL", u, IP, C.IP_MULTICAST_TTL, 4)
both("IP_MULTICAST_LOOP", u, IP, C.IP_MULTICAST_LOOP, 0)
both("IPV6_V6ONLY", v6, IP6, C.IPV6_V6ONLY, 1)
both("IPV6_UNICAST_HOPS", v6, IP6, C.IPV6_UNICAST_HOPS, 9)
both("IPV6_MULTICAST_HOPS", v6, IP6, C.IPV6_MULTICAST_HOPS, 9)
both("IPV6_MULTICAST_LOOP", v6, IP6, C.IPV6_MULTICAST_LOOP, False)
both("IPV6_MULTICAST_IF", v6, IP6, C.IPV6_MULTICAST_IF, 1)
both("IP_MULTICAST_IF", u, IP, C.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
attempt("IP_MULTICAST_IF as bytes", u.getsockopt, IP, C.IP_MULTICAST_IF, 4)
attempt("SO_TYPE stream", s.getsockopt, SOL, socket.SO_TYPE)
attempt("SO_TYPE datagram", u.getsockopt, SOL, socket.SO_TYPE)
attempt("SO_TYPE as bytes", u.getsockopt, SOL, socket.SO_TYPE, 4)
attempt("SO_TYPE as 8 bytes", u.getsockopt, SOL, socket.SO_TYPE, 8)
attempt("SO_TYPE as 2 bytes", u.getsockopt, SOL, socket.SO_TYPE, 2)
attempt("SO_ERROR fresh", s.getsockopt, SOL, socket.SO_ERROR)
attempt("SO_LINGER before", s.getsockopt, SOL, C.SO_LINGER, 8)
attempt("SO_LINGER set", s.setsockopt, SOL, C.SO_LINGER, b"\1\0\0\0\5\0\0\0")
attempt("SO_LINGER after", s.getsockopt, SOL, C.SO_LINGER, 8)
attempt("SO_LINGER from a bytearray", s.setsockopt, SOL, C.SO_LINGER, bytearray(8))
attempt("SO_LINGER off", s.getsockopt, SOL, C.SO_LINGER, 8)
attempt("SO_LINGER too short", s.setsockopt, SOL, C.SO_LINGER, b"\1\0\0\0")
attempt("SO_RCVTIMEO bytes", s.getsockopt, SOL, socket.SO_RCVTIMEO, 16)
attempt("SO_BINDTODEVICE of none", u.setsockopt, SOL, C.SO_BINDTODEVICE, b"nope9\0")
attempt("SO_BINDTODEVICE lo", u.setsockopt, SOL, C.SO_BINDTODEVICE, INTERFACE.encode() + b"\0")
attempt("SO_BINDTODEVICE is lo", u.getsockopt, SOL, C.SO_BINDTODEVICE, 16)
attempt("SO_BINDTODEVICE of a long name", u.setsockopt, SOL, C.SO_BINDTODEVICE, b"x" * 200)
attempt("SO_BINDTODEVICE None", u.setsockopt, SOL, C.SO_BINDTODEVICE, None, 0)
attempt("SO_BINDTODEVICE is none", u.getsockopt, SOL, C.SO_BINDTODEVICE, 16)
attempt("None without optlen", u.setsockopt, SOL, C.SO_BINDTODEVICE, None)
attempt("None with optlen", s.setsockopt, SOL, socket.SO_REUSEADDR, None, 0)
attempt("int with optlen", s.setsockopt, SOL, socket.SO_REUSEADDR, 1, 4)
attempt("int from a bytes-like", s.setsockopt, SOL, socket.SO_REUSEADDR, memoryview(b"\0\0\0\0"))
attempt("int from a bytes-like is set", s.getsockopt, SOL, socket.SO_REUSEADDR)
attempt("level 'x'", s.setsockopt, "x", 1, 1)
attempt("option 'x'", s.setsockopt, SOL, "x", 1)
attempt("getsockopt level 'x'", s.getsockopt, "x", 1)
attempt("getsockopt without option", s.getsockopt, SOL)
attempt("TCP option on a datagram socket", u.setsockopt, TCP, socket.TCP_NODELAY, 1)
attempt("TCP option read on a datagram socket", u.getsockopt, TCP, socket.TCP_NODELAY)
attempt("IPv6 option on an IPv4 socket", u.setsockopt, IP6, C.IPV6_V6ONLY, 1)
attempt("SO_TYPE cannot be set", s.setsockopt, SOL, socket.SO_TYPE, 1)
attempt("SO_ERROR cannot be set", s.setsockopt, SOL, socket.SO_ERROR, 1)
attempt("negative value", s.setsockopt, TCP, C.TCP_KEEPIDLE, -1)
v6.close()
u.close()

# Timeouts.
attempt("gettimeout", s.gettimeout)
attempt("getblocking", s.getblocking)
for label, value in (("None", None), ("0", 0), ("0.0", 0.0), ("5", 5), ("0.5", 0.5), ("0.25", 0.25), ("True", True)):
    attempt("settimeout(%s)" % label, s.settimeout, value)
    attempt("gettimeout after %s" % label, s.gettimeout)
    attempt("getblocking after %s" % label, s.getblocking)
    say("attribute after %s" % label, s.timeout)
for label, value in (("-1", -1), ("-0.001", -0.001), ("nan", float("nan")), ("'x'", "x"), ("[]", [])):
    attempt("settimeout(%s)" % label, s.settimeout, value)
    attempt("gettimeout after the refused %s" % label, s.gettimeout)
attempt("settimeout()", s.settimeout)
for value in (True, False, 1, 0):
    s.settimeout(3)
    attempt("setblocking(%r)" % value, s.setblocking, value)
    attempt("gettimeout after setblocking(%r)" % value, s.gettimeout)
    attempt("getblocking after setblocking(%r)" % value, s.getblocking)
attempt("setblocking()", s.setblocking)
attempt("getdefaulttimeout", socket.getdefaulttimeout)
for label, value in (("2.5", 2.5), ("0", 0), ("None", None), ("-1", -1), ("nan", float("nan")), ("'x'", "x")):
    attempt("setdefaulttimeout(%s)" % label, socket.setdefaulttimeout, value)
    attempt("getdefaulttimeout after %s" % label, socket.getdefaulttimeout)
    t = socket.socket()
    attempt("new socket after %s" % label, t.gettimeout)
    attempt("new socket blocks after %s" % label, t.getblocking)
    t.close()
socket.setdefaulttimeout(None)
s.close()

# An accepted socket has the default timeout, not the listener's.
for label, default, own in (("none, 5", None, 5), ("7, none", 7, None), ("7, 0", 7, 0), ("none, none", None, None)):
    socket.setdefaulttimeout(default)
    s = socket.socket()
    s.bind((HOST, 0))
    s.listen()
    c = socket.socket()
    c.connect(s.getsockname())
    s.settimeout(own if own != 0 else 1)
    d, _ = s.accept()
    attempt("accepted: default, listener " + label, d.gettimeout)
    for x in (s, c, d):
        x.close()
socket.setdefaulttimeout(3)
a, b = tcp_pair()
attempt("accepted inherits the default", b.gettimeout)
a.close()
b.close()
socket.setdefaulttimeout(None)

# Accepted connections inherit the listener's options, set before listen() or after it.
OPTIONS = (("SO_KEEPALIVE", SOL, socket.SO_KEEPALIVE, 1), ("TCP_NODELAY", TCP, socket.TCP_NODELAY, 1), ("TCP_KEEPIDLE", TCP, C.TCP_KEEPIDLE, 77),
           ("TCP_KEEPINTVL", TCP, C.TCP_KEEPINTVL, 11), ("TCP_KEEPCNT", TCP, C.TCP_KEEPCNT, 3), ("IP_TTL", IP, C.IP_TTL, 33), ("IP_TOS", IP, C.IP_TOS, 16),
           ("SO_LINGER", SOL, C.SO_LINGER, b"\1\0\0\0\2\0\0\0"), ("SO_RCVBUF", SOL, C.SO_RCVBUF, 4096))
for early in (True, False):
    when = "before" if early else "after"
    s = socket.socket()
    s.bind((HOST, 0))
    if not early:
        s.listen()
    for name, level, option, value in OPTIONS:
        attempt("%s of a listener, set %s listen" % (name, when), s.setsockopt, level, option, value)
    if early:
        s.listen()
    pairs = []
    for n in range(2):
        c = socket.socket()
        c.connect(s.getsockname())
        pairs += [c, s.accept()[0]]
        for name, level, option, value in OPTIONS:
            size = () if isinstance(value, int) else (len(value),)
            own = s.getsockopt(level, option, *size)
            say("%s of a listener, set %s listen, is there, %d" % (name, when, n), own == value or name == "SO_RCVBUF")
            say("%s of connection %d, from a listener, set %s listen" % (name, n, when), pairs[-1].getsockopt(level, option, *size) == own)
    attempt("a TCP option out of range, of a listener, %s" % when, s.setsockopt, TCP, C.TCP_KEEPIDLE, -1)
    attempt("an unknown option of a listener, %s" % when, s.setsockopt, TCP, 9999, 1)
    for x in pairs:
        x.close()
    s.close()

for backlog in (0, 1, -1, -1000, 128, 1000000):
    s = socket.socket()
    s.bind((HOST, 0))
    attempt("listen(%d)" % backlog, s.listen, backlog)
    s.close()
s = socket.socket()
attempt("listen unbound", s.listen)
say("listen unbound took a port", s.getsockname()[1] != 0)
attempt("listen of two", s.listen, 1, 2)
s.close()
done()
