# run: net=lo
# Addresses as arguments and results: families, forms of a host, scope and flow.
import socket
from collections import namedtuple

from alike import attempt, done, noport, say, settle
from where import HOST, HOST6

ST, DG = socket.SOCK_STREAM, socket.SOCK_DGRAM
I, I6 = socket.AF_INET, socket.AF_INET6


class Sub(tuple):
    pass


def bound(family, address, kind=DG):
    s = socket.socket(family, kind)
    try:
        s.bind(address)
        return noport(s.getsockname())
    finally:
        s.close()


for label, family, address in (
    ("''", I, ("", 0)), ("0.0.0.0", I, ("0.0.0.0", 0)), ("127.0.0.1", I, ("127.0.0.1", 0)), ("127.9.9.9", I, ("127.9.9.9", 0)),
    ("localhost", I, ("localhost", 0)), ("five", I, ("five", 0)), ("127.1", I, ("127.1", 0)), ("bytes host", I, (b"127.0.0.1", 0)),
    ("six on INET", I, ("six", 0)), ("'' on INET6", I6, ("", 0)), ("::", I6, ("::", 0)), ("::1", I6, ("::1", 0)),
    ("::1 three", I6, ("::1", 0, 0)), ("::1 four", I6, ("::1", 0, 0, 0)), ("::1 with scope 1", I6, ("::1", 0, 0, 1)),
    ("localhost INET6", I6, ("localhost", 0)), ("five on INET6", I6, ("five", 0)), ("mapped", I6, ("::ffff:127.0.0.1", 0)),
    ("expanded", I6, ("0:0:0:0:0:0:0:1", 0)), ("1.2.3.4 foreign", I, ("1.2.3.4", 0)), ("2001:db8::7 foreign", I6, ("2001:db8::7", 0)),
    ("group", I, ("224.0.0.99", 0)), ("<broadcast>", I, ("<broadcast>", 0)),
    ("namedtuple", I, namedtuple("Address", ("host", "port"))("127.0.0.1", 0)), ("tuple's subclass", I, Sub(("127.0.0.1", 0))),
    ("port True", I, ("127.0.0.1", False)), ("port 1.5", I, ("127.0.0.1", 1.5)),
    ("fe80 without scope", I6, ("fe80::1", 0)), ("fe80 unknown scope", I6, ("fe80::1%nope9", 0)),
    ("empty tuple INET6", I6, ()), ("None on INET6", I6, None),
):  # fmt: skip
    attempt("bind " + label, bound, family, address)

# Forms of returned addresses.
for family, host in ((I, HOST), (I6, HOST6)):
    tag = "INET " if family == I else "INET6 "
    listener = socket.socket(family, ST)
    listener.bind((host, 0))
    listener.listen()
    port = listener.getsockname()[1]
    say(tag + "listener", noport(listener.getsockname()))
    c = socket.socket(family, ST)
    c.connect((host, port))
    s, peer = listener.accept()
    say(tag + "accept's address is the client's name", peer == c.getsockname())
    say(tag + "accept's address", noport(peer))
    say(tag + "getpeername", noport(c.getpeername()))
    say(tag + "getpeername is the listener", c.getpeername() == listener.getsockname())
    say(tag + "accepted getsockname", s.getsockname() == listener.getsockname())
    for x in (listener, c, s):
        x.close()
    a, b = socket.socket(family, DG), socket.socket(family, DG)
    a.bind((host, 0))
    b.bind((host, 0))
    a.sendto(b"one", b.getsockname())
    settle(b)
    data, addr = b.recvfrom(10)
    say(tag + "recvfrom", (data, noport(addr), addr == a.getsockname()))
    a.sendto(b"two", b.getsockname())
    settle(b)
    buf = bytearray(5)
    n, addr = b.recvfrom_into(buf)
    say(tag + "recvfrom_into", (n, bytes(buf), addr == a.getsockname()))
    b.connect(addr)
    say(tag + "connect to recvfrom's address", b.send(b"back"))
    a.close()
    b.close()

# An IPv6 socket serves both families unless IPV6_V6ONLY is set.
s = socket.socket(I6, ST)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(("::", 0))
s.listen()
c = socket.socket()
c.connect((HOST, s.getsockname()[1]))
d, peer = s.accept()
say("IPv4 peer of an IPv6 listener", noport(peer))
c.close()
d.close()
s.close()
s = socket.socket(I6, ST)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
s.bind(("::", 0))
s.listen()
c = socket.socket()
attempt("IPv4 peer of an IPv6-only listener", c.connect, (HOST, s.getsockname()[1]))
c.close()
s.close()

s = socket.socket(I6, DG)
s.bind(("::", 0))
c = socket.socket(I6, DG)
attempt("connect with flowinfo", c.connect, (HOST6, s.getsockname()[1], 5, 0))
say("peer with flowinfo", noport(c.getpeername()))
c.close()
s.close()

# Destinations '' and <broadcast>.
s = socket.socket(I, DG)
s.settimeout(3)
s.bind(("", 0))
c = socket.socket(I, DG)
attempt("sendto ''", c.sendto, b"any", ("", s.getsockname()[1]))
settle(s)
attempt("'' reached", s.recv, 9)
attempt("sendto a name", c.sendto, b"name", ("localhost", s.getsockname()[1]))
settle(s)
attempt("the name reached", s.recv, 9)
attempt("sendto <broadcast> without permission", c.sendto, b"x", ("<broadcast>", 9))
c.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
attempt("sendto 127.255.255.255", c.sendto, b"all", ("127.255.255.255", s.getsockname()[1]))
settle(s)
attempt("the broadcast reached", s.recv, 9)
attempt("sendto an empty datagram to a name", c.sendto, b"", ("localhost", s.getsockname()[1]))
settle(s)
attempt("the empty datagram reached", lambda: s.recvfrom(9)[0])
c.close()
s.close()

done()
