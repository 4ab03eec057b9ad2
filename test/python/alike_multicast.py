# run: net=veth
# Broadcast and multicast with real traffic: joining groups with IP_ADD_MEMBERSHIP's bytes and choosing interfaces.
import socket
from alike import attempt, done, noport, say, settle
from pairs import C
from where import INTERFACE, OUTWARD

DG = socket.SOCK_DGRAM
IP, IP6 = socket.IPPROTO_IP, socket.IPPROTO_IPV6


def index_of(name, otherwise):
    try:
        return socket.if_nametoindex(name)
    except OSError:
        return otherwise


lo, v0 = index_of(INTERFACE, 1), index_of(OUTWARD, 2)
attempt("interfaces", lambda: {INTERFACE, OUTWARD} <= set(name for _, name in socket.if_nameindex()))


def receiver(family=socket.AF_INET, host=""):
    s = socket.socket(family, DG)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((host, 0))
    return s, s.getsockname()[1]


def heard(s, ms=1000):
    if not settle(s, ms):
        return "nothing"
    data, addr = s.recvfrom(100)
    return (data, noport(addr))


def member(group, interface):
    return socket.inet_aton(group) + socket.inet_aton(interface)


for interface in ("127.0.0.1", "192.0.2.2"):
    r, port = receiver()
    s = socket.socket(type=DG)
    t = interface + " "
    attempt(t + "sending interface", s.setsockopt, IP, C.IP_MULTICAST_IF, socket.inet_aton(interface))
    attempt(t + "join", r.setsockopt, IP, C.IP_ADD_MEMBERSHIP, member("239.1.2.3", interface))
    attempt(t + "join twice", r.setsockopt, IP, C.IP_ADD_MEMBERSHIP, member("239.1.2.3", interface))
    attempt(t + "send to the group", s.sendto, b"hello", ("239.1.2.3", port))
    say(t + "heard", heard(r))
    attempt(t + "no loop", s.setsockopt, IP, C.IP_MULTICAST_LOOP, 0)
    attempt(t + "send without loop", s.sendto, b"quiet", ("239.1.2.3", port))
    if interface != "127.0.0.1":
        say(t + "not heard without loop", heard(r, 100))
    attempt(t + "loop again", s.setsockopt, IP, C.IP_MULTICAST_LOOP, True)
    while settle(r, 50):
        r.recv(100)
    attempt(t + "leave", r.setsockopt, IP, C.IP_DROP_MEMBERSHIP, member("239.1.2.3", interface))
    attempt(t + "leave twice", r.setsockopt, IP, C.IP_DROP_MEMBERSHIP, member("239.1.2.3", interface))
    attempt(t + "send after leaving", s.sendto, b"gone", ("239.1.2.3", port))
    say(t + "not heard after leaving", heard(r, 100))
    r.close()
    s.close()

# Joined on one interface, sent on the other.
r, port = receiver()
s = socket.socket(type=DG)
attempt("no group but its own", r.setsockopt, IP, 49, 0)  # IP_MULTICAST_ALL on Linux
attempt("join on the first", r.setsockopt, IP, C.IP_ADD_MEMBERSHIP, member("239.9.9.9", "127.0.0.1"))
attempt("send on the second", s.setsockopt, IP, C.IP_MULTICAST_IF, socket.inet_aton("192.0.2.2"))
attempt("send other", s.sendto, b"other", ("239.9.9.9", port))
say("another interface's group is not heard", heard(r, 100))
attempt("send on the first", s.setsockopt, IP, C.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
attempt("send same", s.sendto, b"same", ("239.9.9.9", port))
say("the same interface's is", heard(r))
attempt("multicast from an interface that is none", s.setsockopt, IP, C.IP_MULTICAST_IF, socket.inet_aton("192.0.2.99"))
attempt("join on an interface that is none", r.setsockopt, IP, C.IP_ADD_MEMBERSHIP, member("239.9.9.8", "192.0.2.99"))
# Three fields: group, local address, interface index.
index = bytes((v0, 0, 0, 0))
attempt("join by index", r.setsockopt, IP, C.IP_ADD_MEMBERSHIP, member("239.9.9.7", "0.0.0.0") + index)
attempt("send by index", s.setsockopt, IP, C.IP_MULTICAST_IF, bytes(8) + index)
attempt("send index", s.sendto, b"index", ("239.9.9.7", port))
say("heard by index", heard(r))
attempt("IP_MULTICAST_IF is the address", s.getsockopt, IP, C.IP_MULTICAST_IF, 4)
attempt("IP_MULTICAST_TTL", s.getsockopt, IP, C.IP_MULTICAST_TTL)
r.close()
s.close()

# IPv6 groups.
for name, index in (("lo", lo), ("v0", v0)):
    r, port = receiver(socket.AF_INET6)
    s = socket.socket(socket.AF_INET6, DG)
    group = socket.inet_pton(socket.AF_INET6, "ff05::1234")
    bytes_index = bytes((index, 0, 0, 0))
    t = "v6 " + name + " "
    attempt(t + "join", r.setsockopt, IP6, C.IPV6_JOIN_GROUP, group + bytes_index)
    attempt(t + "sending interface", s.setsockopt, IP6, C.IPV6_MULTICAST_IF, index)
    attempt(t + "hops", s.setsockopt, IP6, C.IPV6_MULTICAST_HOPS, 3)
    attempt(t + "send", s.sendto, b"six", ("ff05::1234", port))
    say(t + "heard", heard(r))
    attempt(t + "leave", r.setsockopt, IP6, C.IPV6_LEAVE_GROUP, group + bytes_index)
    attempt(t + "leave twice", r.setsockopt, IP6, C.IPV6_LEAVE_GROUP, group + bytes_index)
    attempt(t + "join with a short buffer", r.setsockopt, IP6, C.IPV6_JOIN_GROUP, group)
    r.close()
    s.close()
r, port = receiver(socket.AF_INET6)
attempt("v6 join a link's group", r.setsockopt, IP6, C.IPV6_JOIN_GROUP, socket.inet_pton(socket.AF_INET6, "ff02::77") + bytes((v0, 0, 0, 0)))
s = socket.socket(socket.AF_INET6, DG)
for label, address in (("name", ("ff02::77%" + OUTWARD, port)), ("number", ("ff02::77", port, 0, v0)), ("number in text", ("ff02::77%%%d" % v0, port))):
    attempt("v6 scope by " + label, s.sendto, b"scoped", address)
    found = heard(r)
    if found == "nothing":
        found = (b"", ("fe80::1", 0, 0, 0))
    say("v6 scope by %s heard" % label, (found[0], found[1][0].split(":")[0], found[1][3] == v0))
own = found[1][0]  # the link-local address of OUTWARD
for label, address in (("number", (own, port, 0, v0)),):
    c = socket.socket(socket.AF_INET6, DG)
    attempt("v6 connect, scope by " + label, c.connect, address)
    say("v6 peer, scope by " + label, (c.getpeername()[0] == own, c.getpeername()[3] == v0))
    c.close()
attempt("v6 bind link-local without scope", s.bind, ("fe80::1", 0))
r.close()
s.close()

# Broadcast.
r, port = receiver()
s = socket.socket(type=DG)
attempt("directed broadcast without permission", s.sendto, b"no", ("192.0.2.255", port))
attempt("limited broadcast without permission", s.sendto, b"no", ("<broadcast>", port))
attempt("permission", s.setsockopt, socket.SOL_SOCKET, socket.SO_BROADCAST, True)
attempt("directed broadcast", s.sendto, b"directed", ("192.0.2.255", port))
say("directed broadcast heard", heard(r))
attempt("bind to v0", s.setsockopt, socket.SOL_SOCKET, C.SO_BINDTODEVICE, OUTWARD.encode())
attempt("limited broadcast", s.sendto, b"limited", ("<broadcast>", port))
say("limited broadcast heard", heard(r))
r.close()
s.close()
done()
