# run: net=lo
# create_connection, create_server, fromfd, accept's variants, poll on sockets.
import select
import socket
from alike import attempt, done, free_port, noport, plain, say, settle, tcp_pair
from pairs import C, reset
from where import HOST

ST, DG = socket.SOCK_STREAM, socket.SOCK_DGRAM
HERE = HOST


def closing(fn):
    # Call fn with the socket that a helper returns, then close the socket.
    def run(make, *args, **kw):
        s = make(*args, **kw)
        try:
            return fn(s)
        finally:
            s.close()

    return run


look = closing(lambda s: (int(s.family), int(s.type), s.gettimeout(), noport(s.getsockname())))
s = socket.create_server((HERE, 0))
port = s.getsockname()[1]
say("create_server", (int(s.family), int(s.type), s.gettimeout(), noport(s.getsockname())))
say("create_server reuses addresses", s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR))
attempt("create_connection", look, socket.create_connection, (HERE, port))
attempt("create_connection with a timeout", look, socket.create_connection, (HERE, port), 3)
attempt("create_connection, timeout=", look, socket.create_connection, (HERE, port), timeout=2.5)
attempt("create_connection, timeout None", look, socket.create_connection, (HERE, port), None)
attempt("create_connection by name, IPv4 answers", look, socket.create_connection, ("localhost", port), 3)
attempt("create_connection from an address", look, socket.create_connection, (HERE, port), 3, ("127.0.0.9", 0))
attempt("create_connection, source_address=", look, socket.create_connection, (HERE, port), source_address=("127.0.0.8", 0))
attempt("create_connection from a foreign address", look, socket.create_connection, (HERE, port), 3, ("192.0.2.1", 0))
attempt("create_connection nowhere", look, socket.create_connection, (HERE, free_port()), 3)
attempt("create_connection to an unknown service", look, socket.create_connection, (HERE, "nosuchservice"), 3)
attempt("create_connection without address", look, socket.create_connection)
attempt("create_connection unknown keyword", look, socket.create_connection, (HERE, port), bogus=1)
attempt("create_connection int", look, socket.create_connection, 5)
attempt("create_connection negative timeout", look, socket.create_connection, (HERE, port), -1)
socket.setdefaulttimeout(4)
attempt("create_connection takes the default timeout", look, socket.create_connection, (HERE, port))
socket.setdefaulttimeout(None)
attempt("create_server on a port in use", look, socket.create_server, (HERE, port))
s.close()
attempt("create_server family=", look, socket.create_server, ("::1", 0), family=socket.AF_INET6)
attempt("create_server backlog=", look, socket.create_server, (HERE, 0), backlog=3)
attempt("create_server ''", look, socket.create_server, ("", 0))
attempt("create_server '' INET6", look, socket.create_server, ("", 0), family=socket.AF_INET6)
attempt("create_server positional family", look, socket.create_server, (HERE, 0), socket.AF_INET)
attempt("create_server dualstack on IPv4", look, socket.create_server, (HERE, 0), dualstack_ipv6=True)
attempt("create_server foreign", look, socket.create_server, ("192.0.2.1", 0))
attempt("create_server unknown keyword", look, socket.create_server, (HERE, 0), bogus=1)


def reuse_port():
    with socket.create_server((HERE, 0), reuse_port=True) as s:
        with socket.create_server(s.getsockname(), reuse_port=True) as t:
            return (s.getsockopt(socket.SOL_SOCKET, C.SO_REUSEPORT), t.getsockname() == s.getsockname())


attempt("create_server reuse_port twice", reuse_port)
s = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
say("dualstack is not V6ONLY", s.getsockopt(socket.IPPROTO_IPV6, C.IPV6_V6ONLY))
attempt("dualstack takes IPv4", look, socket.create_connection, (HERE, s.getsockname()[1]), 3)
attempt("dualstack takes IPv6", look, socket.create_connection, ("::1", s.getsockname()[1]), 3)
s.close()
s = socket.create_server(("::", 0), family=socket.AF_INET6)
say("without dualstack it is V6ONLY", s.getsockopt(socket.IPPROTO_IPV6, C.IPV6_V6ONLY))
attempt("V6ONLY refuses IPv4", look, socket.create_connection, (HERE, s.getsockname()[1]), 3)
s.close()
# The first address of `both`, of either family, refuses; the other one is tried.
for host in (HERE, "::1"):
    s = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    attempt("create_connection tries every address, " + host, look, socket.create_connection, ("both", s.getsockname()[1]), 3)
    s.close()


def outlives():
    a, b = tcp_pair()
    f = socket.fromfd(a.fileno(), socket.AF_INET, ST)
    found = (int(f.family), int(f.type), f.fileno() != a.fileno(), f.getsockname() == a.getsockname())
    a.close()
    f.send(b"dup")
    settle(b)
    found += (b.recv(5),)
    f.close()
    b.close()
    return found


attempt("fromfd, which outlives the original", outlives)
attempt("fromfd of -1", socket.fromfd, -1, socket.AF_INET, ST)
attempt("fromfd of 'x'", socket.fromfd, "x", socket.AF_INET, ST)
attempt("fromfd of no descriptor", socket.fromfd, 9999, socket.AF_INET, ST)
attempt("fromfd of one argument", socket.fromfd, 5)

# poll
IN, OUT, ERR, HUP = select.POLLIN, select.POLLOUT, select.POLLERR, select.POLLHUP


def events(s, want=IN | OUT, ms=0):
    p = select.poll()
    p.register(s, want)
    found = p.poll(ms)
    return sorted((e for _, e in found))


s = socket.socket()
say("poll of a fresh socket", events(s))
s.bind((HERE, 0))
s.listen()
say("poll of a listener", events(s))
c = socket.socket()
c.connect(s.getsockname())
say("poll of a listener with a connection", events(s, IN, 1000))
d, _ = s.accept()
say("poll of the listener afterwards", events(s))
say("poll of a connected socket", events(c))
d.send(b"x")
say("poll with data", events(c, IN, 1000))
say("poll with data, both", events(c))
c.recv(1)
say("poll without data", events(c))
d.shutdown(socket.SHUT_WR)
say("poll at the end of the stream", events(c, IN, 1000))
c.shutdown(socket.SHUT_WR)
say("poll after both ends", events(c, IN, 100))
for x in (s, c, d):
    x.close()
c, d = tcp_pair()
reset(d, c)
say("poll after a reset", events(c, IN, 1000))
c.close()
c = socket.socket()
c.setblocking(False)
say("connect_ex without a listener", c.connect_ex((HERE, free_port())))
say("poll of a refused connection", events(c, OUT, 1000))
c.close()
u = socket.socket(type=DG)
say("poll of a datagram socket", events(u))
u.close()
say("plain keeps numbers", plain((1, True)))
done()
