# run: net=veth limit=60 heap=16m
# Edges that a review found: whole datagrams, reset after data, order of what is put back, numbers beyond 32 bits, and others.
import socket
import time

from check import check, number, raised, raises, sections, since, spawn, summary, ticks, true
from pairs import C, close, reset, settle, tcp_pair, timeval, udp_pair
from where import DATAGRAM, HOST, HOST6, OUTWARD, SILENT


def whole_datagrams():
    a, b = udp_pair()
    a.settimeout(2)
    for size in [n for n in (10, 255, 256, 257, 3000, 4096, 4097, 9000, 60000) if n <= DATAGRAM]:
        data = bytes([48 + size % 10]) * (size - 1) + b"\n"
        for label, call in (
            ("read(65536)", lambda: a.read(65536)), ("read()", lambda: a.read()), ("read(n)", lambda: a.read(size)), ("recv(65536)", lambda: a.recv(65536)),
            ("recvfrom(10**9)", lambda: a.recvfrom(10**9)[0]), ("readline()", lambda: a.readline()), ("makefile", lambda: through_file(a)),
        ):  # fmt: skip
            b.send(data)
            got = call()
            true("{} of a datagram of {}".format(label, size), got == data, got and len(got))
    close(a, b)


def through_file(s):
    f = s.makefile("rb")
    try:
        return f.read(65536)
    finally:
        f.close()


def lines_in_a_datagram():
    a, b = udp_pair()
    a.settimeout(1)
    b.send(b"a\nb\nc\nd\n")
    check("the lines of a datagram, in order", (a.readline(), a.readline(3), a.recv(100)), (b"a\n", b"b\n", b"c\nd\n"))
    b.send(b"one\ntwo\n")
    b.send(b"three\n")
    check("and across datagrams", [a.readline() for _ in range(3)], [b"one\n", b"two\n", b"three\n"])
    close(a, b)


def datagrams_and_threads():
    a, b = udp_pair()
    a.settimeout(0.5)
    found = ([], [], [])  # a list for each: without a GIL, one that threads share would break

    def take(sizes):
        while True:
            e = raised(lambda: sizes.append(len(a.recv(65536))))
            if e is not None:
                return number(e)

    threads = [spawn(take, sizes) for sizes in found]
    for _ in range(300):
        b.send(b"x" * 10)
        b.send(b"y" * min(6000, DATAGRAM))
        time.sleep(0.0005)
    check("the threads end at their deadline", [t(10) for t in threads], [[110]] * 3)
    sizes = found[0] + found[1] + found[2]
    true("three receivers: no datagram is cut", len(sizes) > 100 and all((n in (10, min(6000, DATAGRAM)) for n in sizes)), sizes[:20])
    close(a, b)


def the_system_s_own_timeout():
    for size in (100, 65536):
        a, b = tcp_pair()
        a.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval(a, 200000))
        t = spawn(lambda: raised(a.recv, (size,)))
        got = t(4)
        true("SO_RCVTIMEO ends recv({})".format(size), got is not None and isinstance(got[0], OSError) and number(got[0]) in (11, 110), got)
        close(a, b)


def reset_after_data():
    a, b = tcp_pair()
    b.settimeout(3)
    a.send(b"hello")

    def later():
        time.sleep(0.1)
        reset(a, b)

    t = spawn(later)
    got = []
    e = raised(lambda: got.append(b.recv(100, C.MSG_WAITALL)))
    t()
    if e is None:
        check("WAITALL gives what came before a reset", got, [b"hello"])
        raises("and the reset is told by the next call", 104, b.recv, 100)
    else:
        check("WAITALL tells of the reset", number(e), 104)
    b.close()


def linger_of_zero():
    a, b = tcp_pair()
    b.settimeout(3)
    raises_nothing = raised(a.setsockopt, (socket.SOL_SOCKET, C.SO_LINGER, b"\1\0\0\0\0\0\0\0"))
    a.close()
    e = raised(b.recv, (1,))
    check("SO_LINGER of zero: close is a reset", (raises_nothing, e and number(e)), (None, 104))
    b.close()


def beyond_32_bits():
    big = 1 << 32
    for label, call, args in (
        ("family", socket.socket, (big + 2,)), ("type", socket.socket, (2, big + 1)), ("proto", socket.socket, (2, 1, big)),
        ("getaddrinfo family", socket.getaddrinfo, (HOST, 80, big + 2)), ("if_indextoname", socket.if_indextoname, (big + 1,)),
    ):  # fmt: skip
        e = raised(call, args)
        true("2**32 and more as {}".format(label), isinstance(e, (OverflowError, OSError)), e)
    s = socket.socket()
    e = raised(lambda: socket.socket(fileno=big + s.fileno()))
    true("2**32 and more as fileno", isinstance(e, (OverflowError, OSError, TypeError)), e)
    level, option = socket.SOL_SOCKET, socket.SO_REUSEADDR
    for label, args in (("level", (big + level, option, 1)), ("option", (level, big + option, 1)), ("value", (level, option, big))):
        e = raised(s.setsockopt, args)
        true("2**32 and more as an option's {}".format(label), isinstance(e, (OverflowError, TypeError, OSError)), e)
    check("and the option is as it was", s.getsockopt(level, option), 0)
    e = raised(s.shutdown, (big,))
    true("2**32 as shutdown's argument", isinstance(e, OverflowError), e)
    s.close()


def the_default_timeout():
    socket.setdefaulttimeout(1.5)
    import usocket

    check("importing usocket forgets no default timeout", (socket.getdefaulttimeout(), usocket.getdefaulttimeout()), (1.5, 1.5))
    socket.setdefaulttimeout(None)


def connecting():
    s = socket.create_server((HOST6, 0), family=socket.AF_INET6)
    c = socket.create_connection((HOST6, s.getsockname()[1]), 3, source_address=("", 0))
    check("create_connection to IPv6 from ('', 0)", c.getpeername(), s.getsockname())
    close(c, s)
    e = raised(socket.create_connection, (SILENT, 0))
    true("create_connection with timeout 0 does not wait", isinstance(e, OSError) and number(e) == 115, e)
    raises("gethostbyname(None)", TypeError, socket.gethostbyname, None)


def scopes():
    raises("a scope that is none", OSError, socket.getaddrinfo, "fe80::1%nope9", 80)
    v0 = socket.if_nametoindex(OUTWARD)
    r = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    r.bind(("::", 0))
    for text in ("ff02::1%" + OUTWARD, "ff02::1%{}".format(v0)):
        c = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        check("connect to " + text[:8], c.connect((text, r.getsockname()[1])), None)
        check("the scope comes back as a number: " + text[:8], c.getpeername()[3], v0)
        c.close()
    r.close()


def a_handler_and_kept_bytes():
    a, b = tcp_pair()
    heard = []
    b.settimeout(0.05)
    a.send(b"abc")
    raised(b.read, (10,))
    b.setsockopt(socket.SOL_SOCKET, 20, lambda s: heard.append(s.recv(10)))
    start = ticks()
    while not heard and since(start) < 2000:
        time.sleep(0.01)
    check("the handler is called for bytes that were kept", heard, [b"abc"])
    b.setsockopt(socket.SOL_SOCKET, 20, None)
    close(a, b)


def flags_and_large_sizes():
    a, b = tcp_pair()
    a.send(b"small")
    settle(b)
    check("recv(10**9, MSG_PEEK)", b.recv(10**9, socket.MSG_PEEK), b"small")
    check("recv(10**9, MSG_DONTWAIT)", b.recv(10**9, socket.MSG_DONTWAIT), b"small")
    close(a, b)


def detach_and_a_reader():
    a, b = tcp_pair()
    f = a.makefile("rb")
    t = spawn(lambda: raised(f.read, (5,)))
    time.sleep(0.1)
    fd = a.detach()
    got = t(3)
    true("detach ends a file's wait on the same connection", got is not None and isinstance(got[0], OSError), got)
    f.close()
    socket.socket(fileno=fd).close()
    b.close()


def short_buffers_of_a_file():
    # After a deadline the file's buffer is as large as before: one system call for many lines (seen by the time it takes).
    a, b = tcp_pair()
    b.settimeout(0.05)
    f = b.makefile("rb")
    a.send(b"partial")
    raised(f.readline)
    a.sendall(b" line\n" + b"l\n" * 2000)
    b.settimeout(3)
    check("a file goes on after its deadline", f.readline(), b"partial line\n")
    true("with all its lines", all((f.readline() == b"l\n" for _ in range(2000))))
    f.close()
    close(a, b)


sections(
    whole_datagrams, lines_in_a_datagram, datagrams_and_threads, the_system_s_own_timeout, reset_after_data, linger_of_zero, beyond_32_bits, the_default_timeout,
    connecting, scopes, a_handler_and_kept_bytes, flags_and_large_sizes, detach_and_a_reader, short_buffers_of_a_file,
)  # fmt: skip
# None is no value, whatever its length: an error, or an option that has none; never a read from nowhere.
for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
    s = socket.socket(socket.AF_INET, kind)
    for level in (0, socket.SOL_SOCKET, 6, 17, 41, 255, 282, 0xfff):
        for name in list(range(-1, 60)) + [0x80, 0x1001, 0x1002, 0x1003, 0x1004, 0x1005, 0x1006, 0x1007, 0x1008, 0x100b]:
            for length in 0, 1, 4, 8, 16, 64, 2147483647:
                raised(s.setsockopt, (level, name, None, length))
    raises("setsockopt of None with a length", (OSError,), s.setsockopt, socket.SOL_SOCKET, socket.SO_REUSEADDR, None, 4)
    s.close()
summary()
