# run: limit=60
# Polling and scheduling: setsockopt(SOL_SOCKET, 20, handler), subclass instances, select, MicroPython's tls. (asyncio_streams.py tests asyncio.)
import select
import socket
import time

from check import SYSTEM, aside, check, descriptors, lost_are_closed, raised, raises, sections, skip, spawn, summary, true
from pairs import close, settle, tcp_pair, udp_pair
from where import HOST, MANY

HANDLER = 20


def pump(until, seconds=2):
    # Let scheduled functions run.
    end = time.ticks_add(time.ticks_ms(), int(seconds * 1000))
    while not until() and time.ticks_diff(end, time.ticks_ms()) > 0:
        time.sleep_ms(5)
    return bool(until())


def handler_on_a_listener():
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(socket.getaddrinfo(HOST, 0)[0][4])
    s.listen(1)
    called = []

    def on_accept(listener):
        called.append(listener)
        conn, addr = listener.accept()
        called.append((conn, addr))

    check("setting the handler", s.setsockopt(socket.SOL_SOCKET, HANDLER, on_accept), None)
    time.sleep(0.05)
    check("without a client the handler is not called", called, [])
    c = socket.create_connection(s.getsockname())
    true("the handler is called when a connection waits", pump(lambda: len(called) >= 2))
    true("with the listener itself", called and called[0] is s)
    c.send(b"x")
    check("and the connection it accepted works", len(called) >= 2 and called[1][0].recv(1), b"x")
    c2 = socket.create_connection(s.getsockname())
    true("and again for the next one", pump(lambda: len(called) >= 4))
    check("None removes it", s.setsockopt(socket.SOL_SOCKET, HANDLER, None), None)
    c3 = socket.create_connection(s.getsockname())
    time.sleep(0.15)
    check("not called any more", len(called), 4)
    d, _ = s.accept()
    close(s, c, c2, c3, d)
    for x in called:
        if isinstance(x, tuple):
            x[0].close()
    called.clear()


def handler_on_data():
    a, b = tcp_pair()
    heard = []

    def on_data(s):
        heard.append(s.recv(100))

    b.setsockopt(socket.SOL_SOCKET, HANDLER, on_data)
    time.sleep(0.03)
    check("no data, no call", heard, [])
    a.send(b"one")
    true("called when data waits", pump(lambda: heard))
    check("and it reads the data", heard, [b"one"])
    a.send(b"two")
    true("called again", pump(lambda: len(heard) == 2))
    b.setsockopt(socket.SOL_SOCKET, HANDLER, None)
    a.send(b"three")
    time.sleep(0.1)
    check("None removes it from a data socket", heard, [b"one", b"two"])
    check("the data is there for the next call", b.recv(100), b"three")
    b.setsockopt(socket.SOL_SOCKET, HANDLER, on_data)
    a.close()
    true("called at the end of the stream", pump(lambda: len(heard) >= 3))
    check("which reads as b''", heard[2:3], [b""])
    b.close()
    time.sleep(0.05)
    u, v = udp_pair()
    v.setsockopt(socket.SOL_SOCKET, HANDLER, on_data)
    u.send(b"gram")
    true("called for a datagram", pump(lambda: b"gram" in heard))
    v.setsockopt(socket.SOL_SOCKET, HANDLER, None)
    close(u, v)
    a, b = tcp_pair()
    b.setsockopt(socket.SOL_SOCKET, HANDLER, on_data)
    b.close()
    a.close()
    time.sleep(0.05)
    n = len(heard)
    time.sleep(0.05)
    check("closing ends it", len(heard), n)


def a_handler_does_not_keep_a_lost_socket_running():
    start = descriptors()

    def lose():
        a, b = tcp_pair()
        b.setsockopt(socket.SOL_SOCKET, HANDLER, lambda s: None)
        b.setsockopt(socket.SOL_SOCKET, HANDLER, None)
        close(a)

    aside(lose)
    lost_are_closed("a lost socket with a removed handler is collected", start)


class Sub(socket.socket):
    def __init__(self, *args):
        super().__init__(*args)
        self.tag = "sub"
        self.more = [1, 2, 3]


def subclasses():
    s = socket.create_server((HOST, 0))
    c = Sub()
    c.connect(s.getsockname())
    d, _ = s.accept()
    p = select.poll()
    p.register(c, select.POLLIN)
    check("S4: a subclass instance polls idle", p.poll(0), [])
    d.send(b"for the subclass\nrest")
    found = p.poll(1000)
    true("S4: and readable, as itself", len(found) == 1 and found[0][0] is c and found[0][1] == select.POLLIN, found)
    check("S4: readline on a subclass instance", c.readline(), b"for the subclass\n")
    check("S4: read", c.read(2), b"re")
    buf = bytearray(2)
    check("S4: readinto", (c.readinto(buf), bytes(buf)), (2, b"st"))
    check("S4: write", c.write(b"written"), 7)
    check("S4: the written bytes", d.recv(10), b"written")
    check("S4: attributes survive", (c.tag, c.more), ("sub", [1, 2, 3]))
    f = c.makefile("rb")
    d.send(b"file\n")
    check("S4: makefile", f.readline(), b"file\n")
    f.close()
    with c:
        pass
    check("S4: with closes it", c.fileno(), -1)
    close(s, d)

    class Override(socket.socket):
        def recv(self, n):
            return b"own:" + super().recv(n)

    c = Override()
    s = socket.create_server((HOST, 0))
    c.connect(s.getsockname())
    d, _ = s.accept()
    d.send(b"x")
    check("S4: an overridden method calls its base", c.recv(1), b"own:x")
    close(c, d, s)


def many_polled():
    pairs = [tcp_pair() for _ in range(MANY)]
    p = select.poll()
    for a, b in pairs:
        p.register(b, select.POLLIN)
    some = [MANY // 6, MANY // 3, MANY - 1]
    for n in some:
        pairs[n][0].send(b"x")
    for n in some:
        settle(pairs[n][1])
    found = [s for s, _ in p.poll(1000)]
    check("poll finds the readable ones", sorted((i for i, (_, b) in enumerate(pairs) if any(x is b for x in found))), some)
    for a, b in pairs:
        close(a, b)


def registering():
    a, b = tcp_pair()
    p = select.poll()
    p.register(a, select.POLLIN | select.POLLOUT)
    check("registered twice", p.register(a, select.POLLOUT), None)
    p.unregister(a)
    check("unregistered", p.poll(0), [])
    if SYSTEM:
        p.register(b.fileno(), select.POLLOUT)
        found = p.poll(0)
        true("poll by number", len(found) == 1 and found[0][1] == select.POLLOUT, found)
    else:
        skip("poll by number", "the system does not know the stack's numbers")
    close(a, b)


def over_tls():
    try:
        import tls
    except ImportError:
        skip("tls over our sockets", "this interpreter has no tls module")
        return
    from tlsdata import CERT, KEY

    server_ctx = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    server_ctx.load_cert_chain(CERT, KEY)
    client_ctx = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    client_ctx.verify_mode = tls.CERT_NONE
    for kind in (socket.socket, Sub):
        s = socket.create_server((HOST, 0))
        c = kind()
        c.connect(s.getsockname())
        d, _ = s.accept()

        def serve(sock):
            wrapped = server_ctx.wrap_socket(sock, server_side=True)
            line = wrapped.readline()
            wrapped.write(b"echo " + line)
            wrapped.close()
            return line

        t = spawn(serve, d)
        wrapped = client_ctx.wrap_socket(c, server_hostname="localhost")
        wrapped.write(b"hello over tls\n")
        check("tls.wrap_socket of a {}: the answer".format(kind.__name__), wrapped.readline(), b"echo hello over tls\n")
        check("tls.wrap_socket of a {}: the server's side".format(kind.__name__), t(5), [b"hello over tls\n"])
        wrapped.close()
        close(c, d, s)


def errors_through_poll():
    c = socket.socket()
    c.setblocking(False)
    s = socket.socket()
    s.bind((HOST, 0))
    raises("connecting to a port without a listener", 115, c.connect, s.getsockname())
    p = select.poll()
    p.register(c, select.POLLOUT)
    found = p.poll(1000)
    true("poll reports the refusal", len(found) == 1 and found[0][1] & select.POLLERR, found)
    check("and SO_ERROR why", c.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), 111)
    close(c, s)


sections(
    handler_on_a_listener, handler_on_data, a_handler_does_not_keep_a_lost_socket_running, subclasses, many_polled, registering, over_tls, errors_through_poll,
)  # fmt: skip
summary()
