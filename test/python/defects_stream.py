# run: limit=60 net=lo heap=24m
# Defects that every stream-based socket inherits from py/stream.c and related code, S1 to S7 in the order of the list, and defects of
# other ports. A sentence describes each defect before its test.
import select
import socket
import time

from check import check, in_time, number, raised, raises, sections, skip, spawn, summary, true
from pairs import C, close, drain, narrow_pair, raw_address, settle, tcp_pair, udp_pair
from where import BOTH, HOST, HOST6, MUCH, NAME


def s1():
    # A timeout inside read or readline dropped the bytes already received. (stream_kept.py tests every pair of calls.)
    for name, args in (("readline", ()), ("read", (100,)), ("read", ()), ("readinto", (bytearray(100),))):
        a, b = tcp_pair()
        b.settimeout(0.05)
        a.send(b"7 bytes")
        e = raised(getattr(b, name), args)
        true("S1: {}{} times out".format(name, len(args)), isinstance(e, socket.timeout), e)
        a.send(b" and more\n")
        b.settimeout(2)
        check("S1: {}{}: and the next call has all bytes".format(name, len(args)), b.readline(), b"7 bytes and more\n")
        close(a, b)


def s2():
    # A timeout inside write lost the number of bytes already sent.
    a, b = narrow_pair()
    a.settimeout(0.1)
    e = raised(a.write, (bytes(MUCH // 4),))
    true("S2: write times out", isinstance(e, socket.timeout), e)
    n = getattr(e, "sent", None)
    a.close()
    check("S2: the exception's number is what arrived", len(drain(b)), n)
    true("S2: the words have it too", str(n) in e.args[1], e.args)
    b.close()


def s3():
    # readline received one byte at a time; read(-2) was a MemoryError; a non-blocking read without data returned b'' in place of None.
    a, b = tcp_pair()
    a.send(b"all\n")
    settle(b)
    b.settimeout(0.1)
    e = raised(b.read, (-2,))
    true("S3: read(-2) reads to the end or is refused", isinstance(e, (ValueError, socket.timeout)), e)
    b.settimeout(2)
    check("S3: and loses nothing", b.readline(), b"all\n")
    b.setblocking(False)
    for name, args in (("read", (1,)), ("read", ()), ("readline", ()), ("readinto", (bytearray(1),))):
        check("S3: non-blocking {}{} without data is None".format(name, len(args)), getattr(b, name)(*args), None)
    a.close()
    settle(b)
    for name, args, want in (("read", (1,), b""), ("read", (), b""), ("readline", (), b""), ("readinto", (bytearray(1),), 0)):
        check("S3: and {}{} at the end is empty".format(name, len(args)), getattr(b, name)(*args), want)
    b.close()


class Sub(socket.socket):
    pass


def s4():
    # Stream calls on an instance of a Python subclass used the wrong memory. (events.py tests more.)
    s = socket.create_server((HOST, 0))
    c = Sub()
    c.connect(s.getsockname())
    d, _ = s.accept()
    p = select.poll()
    p.register(c, select.POLLIN | select.POLLOUT)
    found = p.poll(0)
    true("S4: poll of a subclass instance", len(found) == 1 and found[0][0] is c and found[0][1] == select.POLLOUT, found)
    d.send(b"line\n1234567")
    check("S4: readline", c.readline(), b"line\n")
    buf = bytearray(3)
    check("S4: read, readinto", (c.read(4), c.readinto(buf), bytes(buf)), (b"1234", 3, b"567"))
    check("S4: write", (c.write(b"w"), d.recv(5)), (1, b"w"))
    close(s, c, d)


def s5():
    # A subclass of OSError printed only its arguments; errno must work for all of them, and the text must be present.
    s = socket.socket(type=socket.SOCK_DGRAM)
    s.settimeout(0.01)
    e = raised(s.recv, (1,))
    check("S5: timeout has an errno", number(e), 110)
    true("S5: and words", len(str(e)) > 4, str(e))
    check("S5: an except clause for OSError catches it", isinstance(e, OSError), True)
    s.close()
    e = raised(socket.getaddrinfo, ("no such", 1, 0, 0, 0, socket.AI_NUMERICHOST))
    true("S5: gaierror has an errno and words", number(e) == socket.EAI_NONAME and "no such" in str(e), str(e))
    e = raised(socket.socket().getpeername)
    true("S5: a plain one too", number(e) == 107 and len(str(e)) > 4, str(e))


def s6():
    # MicroPython's tls closed without close_notify. This test checks the module's part: a tls object over its socket closes it cleanly.
    try:
        import tls
    except ImportError:
        skip("S6: tls over our sockets", "this interpreter has no tls module")
        check("S6: a plain close ends the stream cleanly", plain_end(), b"")
        return
    from tlsdata import CERT, KEY

    server, client = tls.SSLContext(tls.PROTOCOL_TLS_SERVER), tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    server.load_cert_chain(CERT, KEY)
    client.verify_mode = tls.CERT_NONE
    a, b = tcp_pair()

    def serve():
        w = server.wrap_socket(b, server_side=True)
        got = w.read(5)
        w.close()
        return got

    t = spawn(serve)
    w = client.wrap_socket(a, server_hostname="localhost")
    w.write(b"hello")
    check("S6: data through tls", t(5), [b"hello"])
    w.close()
    check("S6: closing the wrapper closes our sockets", (a.fileno(), b.fileno()), (-1, -1))
    close(a, b)


def plain_end():
    a, b = tcp_pair()
    a.close()
    try:
        return b.recv(1)
    finally:
        b.close()


def s7():
    # The documented `s.connect(getaddrinfo(host, port)[0][-1])` failed where the resolver lists an IPv6 address first. (Here
    # /etc/hosts lists ::1 first; drive_lookup.py has its own resolver.)
    for host in (NAME, BOTH):
        found = socket.getaddrinfo(host, 80)
        check("S7: {}: entry 0 is IPv4 and a stream".format(host), found[0][:2], (2, 1))
        s = socket.create_server((HOST, 0))
        c = socket.socket()
        c.connect(socket.getaddrinfo(host, s.getsockname()[1])[0][-1])
        check("S7: {}: the example connects".format(host), c.getpeername(), s.getsockname())
        close(s, c)


def growing():
    # read() grew its buffer by 256 bytes at a time.
    a, b = tcp_pair()
    t = spawn(lambda: (a.sendall(bytes(MUCH * 3 // 20)), a.close()))
    start = time.ticks_ms()
    n = len(b.read())
    true("S3: read() of much", n == MUCH * 3 // 20 and in_time(time.ticks_diff(time.ticks_ms(), start), 10000), n)
    t(10)
    b.close()


def in_other_ports():
    # esp32: SO_BINDTODEVICE copied any length over a short name.
    s = socket.socket(type=socket.SOCK_DGRAM)
    raises("an interface's name of 1000 bytes", OSError, s.setsockopt, socket.SOL_SOCKET, C.SO_BINDTODEVICE, b"x" * 1000)
    s.close()
    # zephyr: accept() returned None as the address, recvfrom() an invalid port; it returned 4-tuples that its calls refused.
    s = socket.create_server((HOST6, 0), family=socket.AF_INET6)
    c = socket.socket(socket.AF_INET6)
    check("a 4-tuple that was returned is taken", c.connect(s.getsockname()), None)
    d, peer = s.accept()
    check("accept's address", peer, c.getsockname())
    close(s, c, d)
    # modlwip: recvfrom on an accepted TCP socket returned an unset address; a backlog of 256 became 0.
    s = socket.socket()
    s.bind((HOST, 0))
    s.listen(256)
    c = socket.create_connection(s.getsockname(), 2)
    d, _ = s.accept()
    c.send(b"x")
    check("recvfrom on an accepted socket", d.recvfrom(1), (b"x", c.getsockname()))
    close(s, c, d)
    # cc3200: sendall was send, a non-blocking recv without data returned b'', read() was read1.
    a, b = tcp_pair()
    b.setblocking(False)
    raises("non-blocking recv of nothing is no b''", 11, b.recv, 1)
    # CircuitPython: recv_into at the end of a non-blocking stream raised ENOTCONN; settimeout(0) and connect raised ETIMEDOUT.
    a.close()
    settle(b)
    check("recv_into at the end of a non-blocking stream", b.recv_into(bytearray(5)), 0)
    b.close()
    s = socket.create_server((HOST, 0))
    c = socket.socket()
    c.settimeout(0)
    raises("settimeout(0) and connect", 115, c.connect, s.getsockname())
    close(s, c)


def contract_beyond_cpython():
    # Intended differences from CPython.
    s = socket.socket()
    check("a list as an address", s.bind([HOST, 0]), None)
    s.listen()
    c = socket.socket()
    check("a list to connect to", c.connect(list(s.getsockname())), None)
    d, _ = s.accept()
    check("sendall(str)", c.sendall("caf\u00e9"), None)
    check("is UTF-8", d.recv(10), b"caf\xc3\xa9")
    check("connect_ex that times out is ETIMEDOUT", silent_connect_ex(), 110)
    close(c, d, s)
    raw = raw_address(HOST, 0)
    for kind in (bytes, bytearray, memoryview):
        s = socket.socket()
        check("a raw sockaddr as {}".format(kind.__name__), s.bind(kind(raw)), None)
        check("is bound to the given address", s.getsockname()[0], HOST)
        s.close()
    u, v = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_DGRAM)
    v.bind((HOST, 0))
    check("sendto a list", u.sendto(b"x", list(v.getsockname())), 1)
    port = v.getsockname()[1]
    check("sendto a raw sockaddr", u.sendto(b"y", raw_address(HOST, port)), 1)
    check("both arrive", (v.recv(5), v.recv(5)), (b"x", b"y"))
    close(u, v)
    check("four parts on an IPv4 socket", four_parts(), True)
    for call, args in ((socket.if_nametoindex, ("nope9",)), (socket.if_nametoindex, ("",)), (socket.if_nametoindex, ("x" * 100,)), (socket.if_indextoname, (9999,))):
        e = raised(call, args)
        true("errno is an int: {}{}".format(call.__name__ if hasattr(call, "__name__") else "if", args), isinstance(e, OSError) and type(number(e)) is int and number(e) > 0, e)
    s = socket.socket()
    for size in (-1, 100000):
        e = raised(s.getsockopt, (socket.SOL_SOCKET, socket.SO_TYPE, size))
        true("errno is an int: getsockopt of {} bytes".format(size), isinstance(e, ValueError) or (isinstance(e, OSError) and type(number(e)) is int), e)
    e = raised(s.setsockopt, (socket.SOL_SOCKET, C.SO_RCVBUF, 1 << 40))
    true("an option value beyond 32 bits", isinstance(e, (OverflowError, TypeError, OSError)), e)
    s.close()
    if hasattr(socket, "AF_UNIX"):
        x = socket.socket(socket.AF_UNIX)
        e = raised(x.bind, ("/dev/shm/" + "x" * 200,))
        true("errno is an int: a path too long", isinstance(e, (OSError, ValueError)) and (isinstance(e, ValueError) or type(number(e)) is int), e)
        x.close()
    e = raised(socket.getaddrinfo, (HOST, 1.5))
    true("a port of 1.5", isinstance(e, (TypeError, OSError)), e)
    for port in (65536, -1):
        e = raised(socket.getaddrinfo, (HOST, port))
        true("getaddrinfo of port {}".format(port), isinstance(e, (OverflowError, socket.gaierror)), e)
    u, v = udp_pair()
    u.setblocking(False)
    check("a datagram socket's read of nothing is None", u.read(5), None)
    close(u, v)


def four_parts():
    s = socket.socket()
    e = raised(s.bind, ((HOST, 0, 0, 0),))
    s.close()
    return e is None or isinstance(e, TypeError)


def silent_connect_ex():
    s = socket.socket()
    s.bind((HOST, 0))
    s.listen(0)
    held, code = [], 0
    for _ in range(8):
        c = socket.socket()
        c.settimeout(0.2)
        held.append(c)
        code = c.connect_ex(s.getsockname())
        if code != 0:
            break
    close(s, *held)
    return code


sections(s1, s2, s3, s4, s5, s6, s7, growing, in_other_ports, contract_beyond_cpython)
summary()
