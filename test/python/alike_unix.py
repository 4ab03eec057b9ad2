# AF_UNIX: the constructor, addresses, errors, socketpair.
import os
import socket
from alike import FIRST, attempt, done, say, settle

ST, DG, U = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.AF_UNIX


def shape(*args, **kw):
    s = socket.socket(*args, **kw)
    try:
        return (int(s.family), int(s.type), s.proto, s.timeout, s.fileno() >= FIRST)
    finally:
        s.close()


attempt("socket(U, ST)", shape, U, ST)
attempt("socket(U, DG)", shape, U, DG)
attempt("AF_UNIX raw 3", shape, U, ST, 6)

# AF_UNIX: paths, abstract names, unnamed peers.
name = b"\0alike"
s = socket.socket(U, ST)
s.bind(name)
s.listen()
say("abstract getsockname", s.getsockname())
c = socket.socket(U, ST)
c.connect(name)
say("unix getpeername", c.getpeername())
d, peer = s.accept()
say("unix accept from an unnamed peer", peer)
c.send(b"hello")
settle(d)
say("unix data", d.recv(9))
for x in (c, d, s):
    x.close()
path = "/dev/shm/alike-%d" % id(name)
s = socket.socket(U, DG)
attempt("unix bind to a path", s.bind, path)
say("unix path comes back", s.getsockname() == path)
attempt("unix bind to a path in use", socket.socket(U, DG).bind, path)
c = socket.socket(U, DG)
attempt("unix bind a long path", c.bind, "/dev/shm/" + "y" * (98 - len(str(id(name)))) + str(id(name)))
long_name = c.getsockname()
say("unix long path comes back", len(long_name))
attempt("unix sendto", c.sendto, b"gram", path)
settle(s)
data, addr = s.recvfrom(9)
say("unix recvfrom", (data, addr == long_name))
s.close()
c.close()
os.remove(path)
os.remove(long_name)

# Errors.
u = socket.socket(socket.AF_UNIX, ST)
attempt("unix connect nowhere", u.connect, "/nonexistent/socket")
attempt("unix bind nowhere", u.bind, "/nonexistent/socket")
attempt("unix fresh getsockname", u.getsockname)
attempt("unix bind tuple", u.bind, ("a", 1))
attempt("unix accept unbound", u.accept)
attempt("unix bind abstract", u.bind, b"\0usocket-test-alike" + str(id(u)).encode())
u.close()

# socketpair.
socket.setdefaulttimeout(3)
a, b = socket.socketpair()
attempt("socketpair has the default timeout", a.gettimeout)
a.close()
b.close()
socket.setdefaulttimeout(None)
a, b = socket.socketpair()
say("socketpair families", (int(a.family), int(a.type), a.proto))
a.send(b"pair")
attempt("socketpair recv", b.recv, 10)
attempt("socketpair names", lambda: (a.getsockname(), b.getpeername()))
a.close()
attempt("socketpair end", b.recv, 10)
attempt("socketpair send without a peer", b.send, b"x")
b.close()
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
a.send(b"")
a.send(b"two")
attempt("socketpair of datagrams", lambda: (b.recv(9), b.recv(9)))
a.close()
b.close()
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
a.send(b"one")
a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 200000)
a.send(b"two" * 25000)
say("unix datagram longer than one of UDP", (b.recv(9), len(b.recv(300000))))
a.close()
b.close()
attempt("socketpair of INET", socket.socketpair, socket.AF_INET, socket.SOCK_DGRAM)
attempt("socketpair of 'x'", socket.socketpair, "x")
done()
