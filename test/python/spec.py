# run: limit=40 heap=64m
# The documented behaviour of the module, sentence by sentence. The labels quote the documentation.
import socket
import time
import usocket

from check import FIRST, aside, check, collect, descriptors, in_time, lost_are_closed, number, raised, raises, sections, since, spawn, summary, ticks, timed, true
from pairs import C, close, crowd, drain, narrow_pair, settle, tcp_pair, udp_pair
from where import HOST, MUCH, NAME


def the_module():
    check("import usocket and import socket give the same module", usocket.socket is socket.socket and usocket.getaddrinfo is socket.getaddrinfo, True)
    for name in ("AF_INET", "AF_INET6", "SOCK_STREAM", "SOCK_DGRAM", "IPPROTO_UDP", "IPPROTO_TCP", "IPPROTO_SEC"):
        true("socket." + name, isinstance(getattr(usocket, name, None), int))
    check("AF_INET and AF_INET6 differ", usocket.AF_INET != usocket.AF_INET6, True)
    check("SOCK_STREAM and SOCK_DGRAM differ", usocket.SOCK_STREAM != usocket.SOCK_DGRAM, True)
    check("IPPROTO_TCP", usocket.IPPROTO_TCP, 6)
    check("IPPROTO_UDP", usocket.IPPROTO_UDP, 17)
    names = dir(usocket)
    true("socket.SOL_*: socket option levels", len([n for n in names if n.startswith("SOL_")]) >= 2 and "SOL_SOCKET" in names)
    true("socket.SO_*: socket options", len([n for n in names if n.startswith("SO_")]) >= 10 and "SO_REUSEADDR" in names)
    check("IPPROTO_SEC: special protocol value to create SSL-compatible socket", usocket.IPPROTO_SEC, 256)
    got = []
    e = raised(lambda: got.append(usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM, usocket.IPPROTO_SEC)))
    if e is None:
        check("R4: a socket of IPPROTO_SEC has that proto", got[0].proto, 256)
        got[0].close()
    else:
        check("R4: IPPROTO_SEC without TLS is EPROTONOSUPPORT and never a plain socket", number(e), 93)


def constructor_and_getaddrinfo():
    s = usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM, usocket.IPPROTO_TCP)
    check("socket(family, type, proto): creates a socket of these", (s.family, s.type, s.proto), (2, 1, 6))
    s.close()
    found = usocket.getaddrinfo(HOST, 8080)
    true("getaddrinfo: a list", isinstance(found, list) and found, found)
    true("getaddrinfo: of 5-tuples", all((isinstance(x, tuple) and len(x) == 5 for x in found)), found)
    family, kind, proto, name, address = found[0]
    check("getaddrinfo: (family, type, proto, canonname, sockaddr)", (family, kind, proto, name, address), (2, 1, 6, "", (HOST, 8080)))


def close_():
    a, b = tcp_pair()
    a.send(b"queued")
    a.close()
    for name, args in (("send", (b"x",)), ("recv", (1,)), ("getsockname", ()), ("read", (1,)), ("write", (b"x",))):
        raises("close: all functions fail afterwards: " + name, 9, getattr(a, name), *args)
    check("close: the far end receives no more data, after the queued data are flushed", (b.recv(10), b.recv(10)), (b"queued", b""))
    b.close()
    start = descriptors()

    def lose():
        usocket.socket()

    aside(lambda: [lose() for _ in range(10)])
    lost_are_closed("close: sockets are closed when they are garbage-collected", start)
    with usocket.socket() as s:
        true("close: a with statement around them", s.fileno() >= FIRST)
    check("close: with closes", s.fileno(), -1)


def bind_listen_accept():
    s = usocket.socket()
    check("bind(address)", s.bind((HOST, 0)), None)
    raises("bind: the socket must not be bound already", 22, s.bind, (HOST, 0))
    check("listen([backlog]): without it, a default", s.listen(), None)
    s.close()
    for backlog in (-1, -5, 0):
        s = usocket.socket()
        s.bind((HOST, 0))
        check("R16: listen({}): less than 0 counts as 0".format(backlog), s.listen(backlog), None)
        c = usocket.create_connection(s.getsockname(), 2)
        d, _ = s.accept()
        c.send(b"in")
        check("listen({}): and a connection comes in".format(backlog), d.recv(5), b"in")
        close(s, c, d)
    s, clients, e, _ = crowd(0.3, 1)
    true("listen(1): beyond it the system refuses new connections", e is not None and len(clients) > 1, len(clients))
    close(s, *clients)
    s = usocket.socket()
    raises("accept: the socket must be listening", 22, s.accept)
    s.bind((HOST, 0))
    s.listen(5)
    c = usocket.socket()
    check("connect(address): to a remote socket at address", c.connect(s.getsockname()), None)
    result = s.accept()
    true("accept: the return value is (conn, address)", isinstance(result, tuple) and len(result) == 2, result)
    conn, address = result
    true("accept: conn is a new socket to send and receive on", isinstance(conn, usocket.socket) and conn is not s)
    check("accept: address is the one bound at the other end", address, c.getsockname())
    check("connect: getpeername is that address", c.getpeername(), s.getsockname())
    close(s, c, conn)


def send_and_receive():
    s = usocket.socket()
    raises("send: the socket must be connected", 32, s.send, b"x")
    s.close()
    a, b = tcp_pair()
    check("send(bytes): returns the number of bytes sent", a.send(b"micropython"), 11)
    check("recv(bufsize): the return value is a bytes object", b.recv(100), b"micropython")
    a.send(b"0123456789")
    check("recv: bufsize is the most to be received", b.recv(4), b"0123")
    b.recv(10)
    data = bytes(MUCH * 3 // 20)
    t = spawn(drain, b)
    check("sendall: tries to send all data, chunk by chunk", a.sendall(data), None)
    a.close()
    check("sendall: all of it arrives", t(20) and len(t(20)[0]), len(data))
    b.close()
    a, b = narrow_pair()
    a.setblocking(False)
    sizes = [a.send(bytes(MUCH // 5))]
    true("send: may be short", 0 < sizes[0] < MUCH // 5, sizes)
    close(a, b)
    u, v = usocket.socket(usocket.AF_INET, usocket.SOCK_DGRAM), usocket.socket(usocket.AF_INET, usocket.SOCK_DGRAM)
    v.bind((HOST, 0))
    u.bind((HOST, 0))
    check("sendto(bytes, address): not connected, the destination is address", u.sendto(b"datagram", v.getsockname()), 8)
    result = v.recvfrom(100)
    check("recvfrom(bufsize): (bytes, address)", result, (b"datagram", u.getsockname()))
    close(u, v)
    a, b = tcp_pair()
    a.send(b"x")
    check("recvfrom on a stream: address is the peer", b.recvfrom(5), (b"x", a.getsockname()))
    close(a, b)


def options():
    s = usocket.socket()
    check("setsockopt(level, optname, value): an integer", s.setsockopt(usocket.SOL_SOCKET, usocket.SO_REUSEADDR, 1), None)
    check("setsockopt: it is set", s.getsockopt(usocket.SOL_SOCKET, usocket.SO_REUSEADDR), 1)
    check("setsockopt: a bytes-like object", s.setsockopt(usocket.SOL_SOCKET, usocket.SO_KEEPALIVE, b"\1\0\0\0"), None)
    true("setsockopt: that is set too", s.getsockopt(usocket.SOL_SOCKET, usocket.SO_KEEPALIVE, 4) != bytes(4))
    check("setsockopt: a structure", raised(s.setsockopt, (usocket.SOL_SOCKET, C.SO_LINGER, b"\1\0\0\0\3\0\0\0")), None)
    s.close()


def timeouts():
    a, b = tcp_pair()
    for value in (0.2, 0.05):
        b.settimeout(value)
        timed("settimeout({}): later operations raise timeout once it has passed".format(value), b.recv, (1,), int(value * 1000), int(value * 1000) + 4000)
    b.settimeout(0)
    start = ticks()
    raises("settimeout(0): non-blocking mode", 11, b.recv, 1)
    true("settimeout(0): does not wait", in_time(since(start), 1500))
    b.settimeout(None)

    def later(s=a):
        time.sleep(0.15)
        s.send(b"late")

    t = spawn(later)
    check("settimeout(None): blocking mode", b.recv(10), b"late")
    t()
    check("setblocking(False)", b.setblocking(False), None)
    raises("setblocking: flag false, non-blocking", 11, b.recv, 1)
    check("setblocking(False) is settimeout(0)", b.gettimeout(), 0.0)
    check("setblocking(True)", b.setblocking(True), None)
    check("setblocking(True) is settimeout(None)", b.gettimeout(), None)
    t = spawn(later)
    check("setblocking: flag true, blocking", b.recv(10), b"late")
    t()
    close(a, b)


def stream_calls():
    a, b = tcp_pair()
    a.send(b"0123456789")
    check("read(size): up to size bytes, a bytes object", b.read(4), b"0123")
    check("read(size): more", b.read(6), b"456789")

    def in_pieces():
        for piece in (b"ab", b"cd", b"ef"):
            time.sleep(0.02)
            a.send(piece)

    t = spawn(in_pieces)
    check("read(size): no short reads", b.read(6), b"abcdef")
    t()

    def and_close():
        in_pieces()
        a.close()

    start = ticks()
    t = spawn(and_close)
    check("read(): all data until EOF", b.read(), b"abcdef")
    true("read(): does not return until the socket is closed", since(start) >= 50, since(start))
    t()
    b.close()
    a, b = tcp_pair()
    b.setblocking(False)
    a.send(b"less")
    settle(b)
    check("read: with a non-blocking socket less data is returned", b.read(100), b"less")
    b.setblocking(True)
    buf = bytearray(8)
    a.send(b"abcdefghij")
    check("readinto(buf): at most len(buf) bytes, returns the number", (b.readinto(buf), bytes(buf)), (8, b"abcdefgh"))
    check("readinto(buf, nbytes): at most that many", (b.readinto(buf, 2), bytes(buf)), (2, b"ijcdefgh"))

    def again():
        for piece in (b"1234", b"5678"):
            time.sleep(0.02)
            a.send(piece)

    t = spawn(again)
    check("readinto: no short reads", (b.readinto(buf), bytes(buf)), (8, b"12345678"))
    t()
    a.send(b"a line\nanother\n")
    check("readline(): a line, ending in a newline", b.readline(), b"a line\n")
    check("readline(): the next one", b.readline(), b"another\n")
    check("write(buf): the number of bytes written", a.write(b"written"), 7)
    check("write: they arrive", b.read(7), b"written")
    t = spawn(b.read, MUCH // 5)
    check("write: tries to write all data, no short writes", a.write(bytes(MUCH // 5)), MUCH // 5)
    t(20)
    close(a, b)
    a, b = narrow_pair()
    a.setblocking(False)
    n = a.write(bytes(MUCH))
    true("write: on a non-blocking socket the value is less than the length", type(n) is int and 0 < n < MUCH, n)
    close(a, b)


def examples():
    ready = []

    def server():
        s = usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM)
        s.bind((HOST, 0))
        s.listen(5)
        s.setblocking(True)
        ready.append(s.getsockname()[1])
        sock, addr = s.accept()
        got = sock.recv(10)
        sock.close()
        s.close()
        return got

    t = spawn(server)
    while not ready:
        time.sleep(0.01)
    s = usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM)
    s.connect((HOST, ready[0]))
    check("TCP client example: s.send('micropython') gives 11", s.send("micropython"), 11)
    s.close()
    check("TCP server example: sock.recv(10)", t(5), [b"micropytho"])
    listener = usocket.create_server((HOST, 0))
    s = socket.socket()
    s.connect(socket.getaddrinfo(NAME, listener.getsockname()[1])[0][-1])
    check("connect to a web site example", s.getpeername(), listener.getsockname())
    close(s, listener)


def udp():
    u, v = udp_pair()
    u.write(b"by write")
    check("stream calls on datagrams: read consumes one", v.read(100), b"by write")
    close(u, v)
    collect()


sections(
    the_module, constructor_and_getaddrinfo, close_, bind_listen_accept, send_and_receive, options, timeouts, stream_calls, examples, udp,
)  # fmt: skip
summary()
