# run: limit=60 net=lo heap=64m
# Defects of MicroPython's ports/unix/modsocket.c, U1 to U23 (U13 and U14 are in defects_memory.py). A sentence describes each defect before its test.
import os
import socket
import time

from check import EMULATED, SYSTEM, aside, check, collect, descriptors, in_time, lost_are_closed, number, raised, raises, sections, since, skip, spawn, storm, storms, summary, ticks, timed, true
from pairs import close, crowd, drain, full_pair, narrow_pair, tcp_pair, udp_pair
from where import HOST, INTERFACE, MANY, MUCH

LATE = 4000


def u1():
    # accept() from an AF_UNIX peer with a long path returned bytes of the C stack.
    if not hasattr(socket, "AF_UNIX"):
        skip("U1: AF_UNIX", "this stack has none")
        return
    path = "/dev/shm/" + "p" * 80 + str(time.ticks_us())
    path = path[:107]
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.bind(b"\0usocket-u1-" + str(time.ticks_us()).encode())
    s.listen()
    c = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    c.bind(path)
    c.connect(s.getsockname())
    d, peer = s.accept()
    check("U1: accept gives the peer's long path and not a byte more", peer, path)
    check("U1: so does getpeername", d.getpeername(), path)
    close(s, c, d)
    os.remove(path)


def u2():
    # close() kept the number: a second close closed another socket that had reused it.
    listener = socket.create_server((HOST, 0))
    s = socket.socket()
    fd = s.fileno()
    s.close()
    a = socket.create_connection(listener.getsockname())
    b, _ = listener.accept()
    listener.close()
    true("U2: the number is reused", fd in (a.fileno(), b.fileno()))
    s.close()
    s.close()
    check("U2: fileno after close", s.fileno(), -1)
    a.send(b"safe")
    check("U2: the reused descriptor lives through close() of the old socket", b.recv(5), b"safe")
    del s
    collect()
    a.send(b"safe")
    check("U2: and through its collection", b.recv(5), b"safe")
    close(a, b)


def u3():
    # There was no finaliser: unreachable sockets leaked their descriptors.
    start = descriptors()

    def lose():
        for _ in range(MANY):
            socket.socket()

    aside(lose)
    lost_are_closed("U3: twenty lost sockets are closed", start)


def u4():
    # recv, recvfrom, send and sendto raised EAGAIN after a timeout; other calls raised ETIMEDOUT.
    a, b = tcp_pair()
    u, v = udp_pair()
    for s, calls in ((b, (("recv", (1,)), ("recvfrom", (1,)), ("read", (1,)), ("readline", ()))), (u, (("recv", (1,)), ("recvfrom", (1,))))):
        s.settimeout(0.02)
        for name, args in calls:
            timed("U4: {} raises ETIMEDOUT".format(name), getattr(s, name), args, 20, 20 + LATE)
    c, d = full_pair()
    c.settimeout(0.02)
    for name in ("send", "sendall", "write"):
        timed("U4: {} raises ETIMEDOUT".format(name), getattr(c, name), (b"x",), 20, 20 + LATE)
    close(a, b, c, d, u, v)


def u5():
    # Each EINTR restarted the timeout: another thread's collections turned 0.5 s into 3.5 s.
    if not storms():
        return
    stop = []
    t = spawn(storm, stop)
    a, b = tcp_pair()
    b.settimeout(0.3)
    timed("U5: recv in a storm of collections", b.recv, (1,), 300, 300 + LATE)
    timed("U5: read in a storm of collections", b.read, (1,), 300, 300 + LATE)
    s = socket.create_server((HOST, 0))
    s.settimeout(0.3)
    timed("U5: accept in a storm of collections", s.accept, (), 300, 300 + LATE)
    stop.append(1)
    t()
    close(a, b, s)


def u6():
    # connect() started again after EINTR, and a later timeout was EALREADY. (A silent host is in threads.py.)
    if not storms():
        return
    stop = []
    t = spawn(storm, stop)
    s, clients, e, took = crowd(0.3)
    true("U6: connect times out as ETIMEDOUT, and in time, in a storm of collections", e is not None and number(e) == 110 and 300 <= took and in_time(took - 300, LATE), (e, took))
    stop.append(1)
    t()
    close(s, *clients)


def u7():
    # settimeout accepted negative numbers, failed with EDOM at 0.9999999, made tiny values non-blocking, and gave inf and NaN arbitrary values.
    s = socket.socket(type=socket.SOCK_DGRAM)
    raises("U7: -1", ValueError, s.settimeout, -1)
    raises("U7: NaN", ValueError, s.settimeout, float("nan"))
    check("U7: 0.9999999", s.settimeout(0.9999999), None)
    timed("U7: 0.9999999 waits", s.recv, (1,), 999, 1000 + LATE)
    s.settimeout(1e-9)
    timed("U7: 1e-9 is no 0", s.recv, (1,), 0, LATE)
    e = raised(s.settimeout, (float("inf"),))
    true("U7: infinity is refused or waits", e is None or isinstance(e, (OverflowError, ValueError)), e)
    s.close()


def u8():
    # setblocking(True) left an older timeout in force.
    a, b = tcp_pair()
    b.settimeout(0.1)
    b.setblocking(True)
    check("U8: no timeout", b.gettimeout(), None)

    def later():
        time.sleep(0.3)
        a.send(b"x")

    t = spawn(later)
    check("U8: waits longer than the older timeout", b.recv(1), b"x")
    t()
    close(a, b)


def u9():
    # Numbers were not checked: recv(1.5) tried to allocate 1.9 GB.
    a, b = tcp_pair()
    for name, args in (
        ("recv", (1.5,)), ("recv", ("1",)), ("recv", (None,)), ("recvfrom", (1.5,)), ("listen", ("1",)), ("listen", (1.5,)), ("setsockopt", (1.0, 2, 1)),
        ("setsockopt", (1, "2", 1)), ("send", (b"x", "0")), ("recv", (1, 1.5)), ("sendto", (b"x", 1.5, (HOST, 9))), ("shutdown", (1.0,)),
    ):  # fmt: skip
        raises("U9: {}{}".format(name, args), TypeError, getattr(b, name), *args)
    for args in ((None,), ("2",), (2.0,), (2, None), (2, 1, 0.0)):
        raises("U9: socket{}".format(args), TypeError, socket.socket, *args)
    raises("U9: recv(-1)", ValueError, b.recv, -1)
    e = raised(b.recv, (1 << 80,))
    true("U9: recv(2**80)", isinstance(e, (OverflowError, ValueError, TypeError)), e)
    close(a, b)


def u10():
    # setsockopt(..., True) was a TypeError.
    s = socket.socket()
    for value in (True, False):
        check("U10: {}".format(value), s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, value), None)
        check("U10: {} is set".format(value), s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), int(value))
    s.close()


def u11():
    # A failed getaddrinfo carried a string where the number should be.
    e = raises("U11: a gaierror", socket.gaierror, socket.getaddrinfo, "not numeric", 80, 0, 0, 0, socket.AI_NUMERICHOST)
    true("U11: errno is a negative int", type(number(e)) is int and number(e) == socket.EAI_NONAME and e.args[0] == number(e), e.args)
    true("U11: the words name the host", "not numeric" in str(e), str(e))


def u12():
    # A port was truncated to 16 bits: 65616 became 80.
    s = socket.socket()
    for port in (65536, 65616, -1, 1 << 40):
        raises("U12: bind to port {}".format(port), OverflowError, s.bind, (HOST, port))
        raises("U12: connect to port {}".format(port), OverflowError, s.connect, (HOST, port))
    s.close()
    e = raised(socket.getaddrinfo, (HOST, 65616))
    true("U12: getaddrinfo of port 65616", isinstance(e, (OverflowError, socket.gaierror)), e)


def u15():
    # inet_ntop did not check its buffer's length: it read past the end.
    for family, raw in ((2, b""), (2, b"\1"), (2, b"\1\2\3"), (2, bytes(5)), (10, b""), (10, b"\0"), (10, bytes(15)), (10, bytes(17))):
        raises("U15: inet_ntop({}, {} bytes)".format(family, len(raw)), ValueError, socket.inet_ntop, family, raw)
    s = socket.socket()
    for raw in (b"", b"\2", b"\2\0", b"\2\0\0", b"\2\0\0\x50\x7f\0\0", b"\x0a\0\0\x50" + bytes(10), b"\xff" * 3, b"\xff" * 200):
        e = raised(s.connect, (raw,))
        true("U15: connect to a raw address of {} bytes is refused".format(len(raw)), isinstance(e, (OSError, ValueError, TypeError)), e)
    s.close()


def u16():
    # scope_id was byte-swapped: 1 became 16777216.
    lo = socket.if_nametoindex(INTERFACE)
    found = socket.getaddrinfo("fe80::1%" + INTERFACE, 80, 0, 1)[0][4]
    check("U16: the scope is the interface's index", found, ("fe80::1", 80, 0, lo))
    check("U16: by number too", socket.getaddrinfo("fe80::1%%%d" % lo, 80, 0, 1)[0][4], ("fe80::1", 80, 0, lo))
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    raises("U16: a scope given as 16777216 is not taken for 1", OSError, s.bind, ("fe80::1", 0, 0, 16777216))
    s.close()


def u17():
    # makefile() was a second owner of the descriptor: closing one closed both, and then an unrelated descriptor. (lifetime.py tests more.)
    a, b = tcp_pair()
    f = b.makefile("rb")
    f.close()
    a.send(b"lives")
    check("U17: closing the file leaves the socket", b.recv(10), b"lives")
    f = b.makefile("rwb")
    b.close()
    a.send(b"line\n")
    check("U17: closing the socket leaves the file", f.readline(), b"line\n")
    check("U17: flush", f.flush(), None)
    f.close()
    check("U17: then it is over", a.recv(1), b"")
    a.close()


def u18():
    # readline made one read(2) per byte. (drive_syscalls.py counts them.)
    a, b = tcp_pair()
    line = b"y" * 199 + b"\n"
    t = spawn(lambda: [a.sendall(line * 100) for _ in range(50)])
    start = ticks()
    good = all((b.readline() == line for _ in range(5000)))
    true("U18: five thousand lines of 200 bytes", good and in_time(since(start), 40000 if EMULATED else 8000), since(start))
    t()
    close(a, b)


def u19():
    # Keyword arguments and a fourth positional one were silently ignored.
    s = socket.socket(type=socket.SOCK_DGRAM)
    check("U19: type by keyword", s.type, socket.SOCK_DGRAM)
    s.close()
    s = socket.socket(family=socket.AF_INET6)
    check("U19: family by keyword", s.family, socket.AF_INET6)
    s.close()
    raises("U19: an unknown keyword", TypeError, socket.socket, nonsense=1)
    e = raised(socket.socket, (2, 1, 0, "x"))
    true("U19: a fourth argument is not ignored", isinstance(e, (TypeError, OSError, ValueError)), e)


def u20():
    # Tuples were refused as addresses, and half of the module was missing.
    for name in ("IPPROTO_TCP", "IPPROTO_UDP", "TCP_NODELAY", "SHUT_RDWR", "create_connection", "inet_aton", "timeout", "gaierror", "error"):
        true("U20: " + name, hasattr(socket, name))
    for name in ("sendall", "getsockopt", "getsockname", "getpeername", "shutdown", "connect_ex", "recv_into", "detach", "gettimeout"):
        true("U20: socket." + name, hasattr(socket.socket, name))
    s = socket.socket()
    check("U20: a tuple as an address", s.bind((HOST, 0)), None)
    s.close()


def u21():
    # accept() returned the address as a bytearray, recvfrom() as bytes.
    s = socket.create_server((HOST, 0))
    c = socket.create_connection(s.getsockname())
    d, peer = s.accept()
    u, v = socket.socket(type=2), socket.socket(type=2)
    u.bind((HOST, 0))
    v.sendto(b"x", u.getsockname())
    _, sender = u.recvfrom(1)
    check("U21: one type of address everywhere", [type(x) for x in (peer, sender, c.getsockname(), socket.getaddrinfo(HOST, 1)[0][4])], [tuple] * 4)
    v.sendto(b"y", u.getsockname())
    check("U21: and they compare equal", u.recvfrom(1)[1], sender)
    close(s, c, d, u, v)


def u22():
    # SOCK_CLOEXEC was not set: children inherited every socket.
    if not SYSTEM:
        skip("U22: children", "sockets are not the system's descriptors here")
        return
    s = socket.socket()
    a, b = tcp_pair()
    for name, x in (("a socket", s), ("a client", a), ("an accepted one", b)):
        check("U22: a child does not inherit " + name, os.system("test ! -e /proc/self/fd/{}".format(x.fileno())), 0)
    close(s, a, b)


def u23():
    # sendall() was one send(): a partial transfer raised after a part was sent. (stream_write.py is exact to the byte.)
    a, b = tcp_pair()
    data = bytes(range(256)) * (MUCH // 1000)
    t = spawn(drain, b)
    check("U23: sendall of much", a.sendall(data), None)
    a.close()
    got = t(20)
    true("U23: all of it arrives", got is not None and got[0] == data)
    b.close()
    a, b = narrow_pair()
    a.settimeout(0.1)
    e = raised(a.sendall, (data + data,))
    true("U23: a timeout has the number of bytes sent", isinstance(e, socket.timeout) and type(e.sent) is int, e)
    a.close()
    check("U23: exactly that much", len(drain(b)), e.sent)
    b.close()


sections(u1, u2, u3, u4, u5, u6, u7, u8, u9, u10, u11, u12, u15, u16, u17, u18, u19, u20, u21, u22, u23)
summary()
