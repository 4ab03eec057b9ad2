# Features of an interpreter built only for TCP clients, and names that it must lack. run.py beside this file is
# the other end; its ports come as arguments: echo, silent (accepts, never sends), closed.
import gc
import os
import socket
import sys
import time
import usocket

ECHO, SILENT, CLOSED = [("127.0.0.1", int(port)) for port in sys.argv[1:4]]
failed = [0]


def check(label, got, expected):
    good = type(got) is type(expected) and got == expected
    failed[0] += not good
    print("ok " + label if good else "FAIL {}: got {!r}, expected {!r}".format(label, got, expected))


def raises(label, expected, fn, *args):
    try:
        got = fn(*args)
    except OSError as e:
        got = e.errno
    except Exception as e:
        got = type(e)
    check(label, got, expected)


def connected(to=ECHO):
    s = socket.socket()
    s.settimeout(10)
    s.connect(to)
    return s


def names():
    for name in (
        "create_server", "getaddrinfo", "gethostbyname", "getnameinfo", "create_connection", "gethostname", "if_nameindex",
        "SOMAXCONN", "SO_ACCEPTCONN", "SOCK_DGRAM", "SOCK_RAW", "IPPROTO_UDP", "IP_ADD_MEMBERSHIP", "IP_MULTICAST_TTL", "SO_BROADCAST",
        "AF_INET6", "AF_UNIX", "IPV6_V6ONLY", "EAI_NONAME", "AI_PASSIVE",
    ):  # fmt: skip
        check("no socket." + name, hasattr(socket, name), False)
    for name in ("listen", "accept", "sendto", "recvfrom", "recvfrom_into"):
        check("no method " + name, hasattr(socket.socket, name), False)
        raises("AttributeError: " + name, AttributeError, getattr, socket.socket(), name)
    for name in ("AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "SOL_SOCKET", "SO_KEEPALIVE", "TCP_NODELAY", "timeout", "gaierror", "error"):
        check("socket." + name, hasattr(socket, name), True)
    for name in ("bind", "connect", "send", "sendall", "recv", "recv_into", "read", "readinto", "readline", "write", "close",
                 "settimeout", "setblocking", "setsockopt", "getsockname", "shutdown", "makefile"):  # fmt: skip
        check("method " + name, hasattr(socket.socket, name), True)
    check("one module", usocket is socket, True)
    check("has_ipv6", socket.has_ipv6, False)


def refusals():
    raises("a datagram socket", 94, socket.socket, socket.AF_INET, 2)
    raises("a raw socket", 94, socket.socket, socket.AF_INET, 3)
    raises("a socket of IPv6", 97, socket.socket, 10)
    raises("TLS, which is not there", 93, socket.socket, socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC)
    s = socket.socket()
    raises("a name instead of an address", -2, s.connect, ("localhost", 80))
    raises("a port without a listener", 111, s.connect, CLOSED)
    s.close()
    raises("connect when closed", 9, s.connect, ECHO)
    raises("recv when closed", 9, s.recv, 1)
    s.close()
    s = socket.socket()
    raises("recv before connect", 107, s.recv, 1)
    s.close()


def files(s):
    for mode in ("r", "w", "rw", ""):
        raises("no text, mode %r" % mode, ValueError, s.makefile, mode)
    raises("a mode that does not exist", ValueError, s.makefile, "rbx")
    try:
        s.makefile("r")
    except ValueError as e:
        check("the words", str(e), "text mode is not in this build: use 'rb' or 'wb'")
    s.write(b"\xff \xc3\xa4\r\nb\r\xffend\n2\n3\n")
    f = s.makefile()
    check("the default mode is 'rb'", f.readline(), b"\xff \xc3\xa4\r\n")
    check("read counts bytes, and keeps them as they are", f.read(3), b"b\r\xff")
    check("so does readline", [f.readline(2), f.readline()], [b"en", b"d\n"])
    room = bytearray(2)
    check("readinto", (f.readinto(room), bytes(room)), (2, b"2\n"))
    check("iteration", next(f), b"3\n")
    raises("writing to it", 95, f.write, b"x")
    f.close()
    s.write(b"\xe2\x82\xac\r\n")
    f = s.makefile("rb", 0, encoding="latin-1", errors="ignore", newline="x")
    check("encoding, errors and newline are ignored", [f.read(2), f.readline()], [b"\xe2\x82", b"\xac\r\n"])
    f.close()


def data():
    s = connected()
    check("peer", s.getpeername(), ECHO)
    check("send", s.send(b"hello\n"), 6)
    check("readline", s.readline(), b"hello\n")
    s.sendall(b"0123456789" * 5000)
    check("read", s.read(50000), b"0123456789" * 5000)
    s.write(b"line 1\nline 2\nrest")
    check("two lines", [s.readline(), s.readline()], [b"line 1\n", b"line 2\n"])
    check("recv", s.recv(4), b"rest")
    s.send(b"abc")
    room = bytearray(8)
    check("recv_into", (s.recv_into(room), bytes(room[:3])), (3, b"abc"))
    f = s.makefile("rwb")
    f.write(b"through a file\n")
    check("makefile", f.readline(), b"through a file\n")
    f.close()
    files(s)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    check("TCP_NODELAY", s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0, True)
    s.shutdown(socket.SHUT_WR)
    check("the end of the stream", s.read(), b"")
    s.close()


def source_address():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    own = s.getsockname()
    s.connect(ECHO)
    check("the source address stays", s.getsockname(), own)
    s.close()


def timeouts():
    s = connected(SILENT)
    s.settimeout(0.3)
    for name, args in (("recv", (1,)), ("read", (1,)), ("readline", ())):
        start = time.ticks_ms()
        raises("timeout of " + name, 110, getattr(s, name), *args)
        took = time.ticks_diff(time.ticks_ms(), start)
        check("%s: never early, no hang" % name, 300 <= took < 60000, True)
    s.setblocking(False)
    raises("non-blocking recv", 11, s.recv, 1)
    check("non-blocking read", s.read(1), None)
    s.close()
    s = socket.socket()
    s.setblocking(False)
    raises("non-blocking connect", 115, s.connect, ECHO)
    import select

    p = select.poll()
    p.register(s, select.POLLOUT)
    check("poll reports the connection", [event for _, event in p.poll(5000)], [select.POLLOUT])
    s.send(b"x")
    p.modify(s, select.POLLIN)
    check("and when there are data", [event for _, event in p.poll(5000)], [select.POLLIN])
    check("which are these", s.recv(10), b"x")
    s.close()


def many():
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for i in range(200):
        s = connected()
        s.send(b"%d\n" % i)
        if s.readline() != b"%d\n" % i:
            check("connection %d" % i, False, True)
        s.close()
    check("two hundred connections, no descriptor left", len(os.listdir("/proc/self/fd")), before)


for section in (names, refusals, data, source_address, timeouts, many):
    try:
        section()
    except Exception as e:
        failed[0] += 1
        print("FAIL %s runs to its end: %r" % (section.__name__, e))
print("end")
sys.exit(failed[0] != 0)
