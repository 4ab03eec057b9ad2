# run: net=veth limit=60 heap=16m
# Edge cases that a review found: whole datagrams, reset after data, order of bytes put back, numbers beyond 32 bits, and others.
import os
import socket
import time

try:
    from collections import namedtuple
except ImportError:
    from ucollections import namedtuple

from check import SYSTEM, check, number, raised, raises, sections, since, spawn, summary, ticks, true, waiting
from pairs import C, close, full_pair, reset, settle, tcp_pair, timeval, udp_pair
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
    a.settimeout(1)
    found = ([], [], [])  # one list per thread: without a GIL a shared list would break

    def take(sizes):
        while True:
            e = raised(lambda: sizes.append(len(a.recv(65536))))
            if e is not None:
                return number(e)

    threads = [spawn(take, sizes) for sizes in found]
    start = ticks()
    while sum([len(sizes) for sizes in found]) < 300 and since(start) < 20000:
        raised(b.send, (b"x" * 10,))  # a stack without a free buffer refuses it
        raised(b.send, (b"y" * min(6000, DATAGRAM),))
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


def the_system_s_own_timeout_of_streams():
    # SO_RCVTIMEO must not look like the end of the stream, and received bytes must stay for the next call.
    for text in False, True:
        a, b = tcp_pair()
        s = a.makefile("r") if text else a
        rest = "d\n" if text else b"d\n"
        calls = ("read", (4,)), ("readline", ()), ("read", ()), ("readinto", (bytearray(4),))
        a.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval(a, 50000))
        for name, args in calls:
            raises_one_of("SO_RCVTIMEO ends {} of nothing, text {}".format(name, text), (11, 110), getattr(s, name), *args)
        b.send(b"abc")
        settle(a)
        for name, args in calls:
            raises_one_of("SO_RCVTIMEO ends {} of a part, text {}".format(name, text), (11, 110), getattr(s, name), *args)
        a.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval(a, 0))
        b.send(b"d\n")
        check("after SO_RCVTIMEO nothing is lost, text {}".format(text), s.readline(), ("abc" if text else b"abc") + rest)
        close(s, a, b)
    a, b = tcp_pair()
    f = a.makefile("r")
    a.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval(a, 50000))
    b.send(b"l1\nl2")
    settle(a)
    lines = []
    raises_one_of("SO_RCVTIMEO ends no iteration", (11, 110), lambda: [lines.append(line) for line in f])
    check("and the lines before it are whole", lines, ["l1\n"])
    b.close()
    check("a part of a line waits for the end", f.readline(), "l2")
    close(f, a)
    a, b = full_pair()
    if raised(a.setsockopt, (socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval(a, 50000))) is None:
        raises_one_of("SO_SNDTIMEO ends write", (11, 110), a.write, bytes(100000))
    close(a, b)


def raises_one_of(label, numbers, fn, *args):
    got = []
    e = raised(lambda: got.append(fn(*args)))
    true(label, isinstance(e, OSError) and number(e) in numbers, got or e)


def names_that_are_no_utf8():
    if not hasattr(socket, "AF_UNIX"):
        return
    here = b"/dev/shm/usocket-edges-%d" % id(check)
    s, c = (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2))
    s.bind(here)
    made = [here.decode()]
    for end in (b"\xf7", b"\xff", b"\xc3", b"\x80", b"\xc3\xa9"):
        name = here + end
        c.bind(name)
        made.append(name if end != b"\xc3\xa9" else name.decode())
        c.sendto(b"x", here)
        settle(s)
        check("a name that ends in {}: bytes, or a str of UTF-8".format(end), s.recvfrom(9)[1], made[-1])
        check("the same of getsockname", c.getsockname(), made[-1])
        raises("connect to the name of a datagram's sender, as it came", 91, socket.socket(socket.AF_UNIX).connect, made[-1])
        repr(c).encode().decode()
        true("repr of it is text", ("?'" in repr(c)) == (type(made[-1]) is bytes), repr(c))
        for call in (lambda: socket.socket(socket.AF_UNIX).connect(name + b"-absent"), lambda: socket.socket(socket.AF_UNIX).bind(here + b"-no/" + end)):
            e = raises("an error with such a name has its number", 2, call)
            true("and words that are text", str(e).encode().decode() == str(e) and "edges" in str(e), str(e))
        c.close()
        c = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    check("a str for a name ends where it should", os.stat(s.getsockname())[0] & 0o170000, 0o140000)
    close(s, c)
    for name in made:
        os.remove(name)


def errors_that_only_texts_name():
    if not hasattr(socket, "AF_UNIX"):
        return
    here = "/dev/shm/usocket-edges-%d" % id(check)
    open(here, "w").close()
    e = raises("bind below a file", 20, socket.socket(socket.AF_UNIX).bind, here + "/name")
    check("its words begin with the name of the error", str(e.args[1]).split(":")[0], "ENOTDIR")
    os.remove(here)


def tls_names_that_are_no_utf8():
    if hasattr(socket, "SOL_TLS") and raised(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC).close()) is None:
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC)
        for option in ("TLS_ALPN_LIST", "TLS_PSK_IDENTITY"):
            if raised(s.setsockopt, (socket.SOL_TLS, getattr(socket, option), b"\xfe\xff")) is None:
                check(option + " that is no UTF-8: bytes", s.getsockopt(socket.SOL_TLS, getattr(socket, option)), b"\xfe\xff")
        s.close()


def nuls():
    # A NUL does not end a text.
    a, b = tcp_pair()
    for label, call, args, kw in (
        ("if_nametoindex", socket.if_nametoindex, ("lo\0x",), {}), ("getservbyname", socket.getservbyname, ("http", "tcp\0x"), {}),
        ("getservbyname's service", socket.getservbyname, ("http\0x",), {}), ("getservbyport", socket.getservbyport, (80, "tcp\0x"), {}),
        ("makefile's newline", a.makefile, ("r",), {"newline": "\n\0x"}), ("makefile's encoding", a.makefile, ("r",), {"encoding": "utf-8\0"}),
        ("inet_pton", socket.inet_pton, (socket.AF_INET, "1.2.3.4\0"), {}), ("inet_aton", socket.inet_aton, ("1.2.3.4\0",), {}),
        ("getaddrinfo's host", socket.getaddrinfo, ("127.0.0.1\0", 80), {}),
    ):  # fmt: skip
        e = raised(call, args, kw)
        true("a NUL in " + label, isinstance(e, ValueError) and "NUL" in str(e), repr(e))
    if hasattr(socket, "AF_UNIX"):
        s = socket.socket(socket.AF_UNIX)
        e = raised(s.bind, ("/dev/shm/usocket-edges\0x",))
        true("a NUL in a path", isinstance(e, ValueError) and "NUL" in str(e), repr(e))
        s.close()
    close(a, b)


def ports_as_text():
    # A stack's resolver may truncate a number or accept a sign.
    for text in ("4294967376", "99999999999", "99999999999999999999999", "65536", "-1", "-4294967216", "+80", " 80"):
        e = raised(socket.getaddrinfo, (HOST, text))
        true("port {!r} is no service".format(text), isinstance(e, socket.gaierror) and number(e) == C.EAI_SERVICE, repr(e))
    check("port '00080'", socket.getaddrinfo(HOST, "00080")[0][4][1], 80)


class Pair(tuple):
    pass


class Listed(list):
    pass


class Bare(tuple):
    def __init__(self, *args):
        pass


def tuples_of_other_classes():
    s = socket.create_server((HOST, 0))
    port = s.getsockname()[1]
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for address in (namedtuple("Address", ("host", "port"))(HOST, port), Pair((HOST, port)), Listed([HOST, port])):
        label = " of a " + type(address).__name__
        c = socket.socket()
        check("connect" + label, c.connect(address), None)
        d = socket.create_connection(address)
        check("create_connection" + label, d.getpeername(), (HOST, port))
        check("getnameinfo" + label, socket.getnameinfo(address, 3), (HOST, str(port)))
        check("sendto" + label, u.sendto(b"x", address), 1)
        close(c, d)
    c = socket.socket()
    raises("a tuple that its class has left empty", TypeError, c.connect, Bare())
    close(c, s, u)


def addresses_of_four():
    s = socket.create_server((HOST6, 0), family=socket.AF_INET6)
    at = s.getsockname()
    c = socket.create_connection(at, 3)
    check("create_connection takes what getsockname gives", c.getpeername(), at)
    c.close()
    for tail in (("junk",), (0, object())):
        raises("create_connection looks at each part", TypeError, socket.create_connection, at[:2] + tail)
    for address in (at[:1], at + (0,)):
        e = raises("an address of {}".format(len(address)), TypeError, socket.create_connection, address)
        true("and words for it", "address must be (host, port" in str(e), str(e))
    e = raises("a flow is not asked for in vain", ValueError, socket.create_connection, at[:2] + (1,))
    true("which the words tell", "flowinfo" in str(e), str(e))
    raises("nor the scope of a name", ValueError, socket.create_connection, ("localhost", at[1], 0, 1))
    e = raised(socket.create_connection, (("fe80::1", at[1], 0, 7777), 0))
    true("a scope is part of the address", isinstance(e, OSError) and "%7777" in str(e) or number(e) == 115, e)
    s.close()


def failures_without_a_socket():
    s = socket.socket()
    s.setblocking(False)
    check("connect_ex that would have to wait for a lookup", s.connect_ex(("nosuch.example", 9)), 11)
    s.close()
    raises("connect_ex of an invalid name", socket.gaierror, socket.socket().connect_ex, ("a b", 9))
    for name in ("a b", "\u00e4", "x" * 300, "a.." + "b", b"a b"):
        check("getfqdn of an invalid name: {}".format(name[:9]), socket.getfqdn(name), name)
    raises("getfqdn of no text", TypeError, socket.getfqdn, 5)
    for flags in (1 << 30, 0x40, -1):
        e = raises("getnameinfo with flags {}".format(flags), socket.gaierror, socket.getnameinfo, (HOST, 80), flags)
        check("which are bad", number(e), C.EAI_BADFLAGS)


def urgent_data():
    if not SYSTEM or not hasattr(socket, "MSG_OOB"):  # the other stacks have no out-of-band data
        return
    a, b = tcp_pair()
    b.settimeout(0.05)
    a.send(b"ab")
    raises("a read that keeps bytes", 110, b.read, 4)
    b.settimeout(5)
    a.send(b"!", socket.MSG_OOB)
    got = []
    start = ticks()
    while not got and since(start) < 5000:
        raised(lambda: got.append(b.recv(1, socket.MSG_OOB)))
        time.sleep(0.01)
    check("the urgent byte does not wait behind bytes that were kept", got, [b"!"])
    check("and they come", b.recv(9), b"ab")
    start = ticks()
    raises("there is no second one", 22, b.recv, 1, socket.MSG_OOB)
    true("which is not waited for", since(start) < 4000, since(start))
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
        check("WAITALL returns the bytes before a reset", got, [b"hello"])
        raises("and the next call raises the reset", 104, b.recv, 100)
    else:
        check("WAITALL raises the reset", number(e), 104)
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
    t = waiting(lambda: raised(f.read, (5,)))
    fd = a.detach()
    got = t(3)
    true("detach ends a file's wait on the same connection", got is not None and isinstance(got[0], OSError), got)
    f.close()
    socket.socket(fileno=fd).close()
    b.close()


def short_buffers_of_a_file():
    # After a timeout the file's buffer keeps its size: one system call for many lines (measured by time).
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
    whole_datagrams, lines_in_a_datagram, datagrams_and_threads, the_system_s_own_timeout, the_system_s_own_timeout_of_streams, reset_after_data,
    linger_of_zero, beyond_32_bits, the_default_timeout, connecting, scopes, a_handler_and_kept_bytes, flags_and_large_sizes, detach_and_a_reader,
    short_buffers_of_a_file, names_that_are_no_utf8, errors_that_only_texts_name, tls_names_that_are_no_utf8, nuls, ports_as_text, tuples_of_other_classes, addresses_of_four,
    failures_without_a_socket, urgent_data,
)  # fmt: skip
# None is no option value at any length: the call raises, or the option has no value; memory is never read through a null pointer.
for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
    s = socket.socket(socket.AF_INET, kind)
    for level in (0, socket.SOL_SOCKET, 6, 17, 41, 255, 282, 0xfff):
        for name in list(range(-1, 60)) + [0x80, 0x1001, 0x1002, 0x1003, 0x1004, 0x1005, 0x1006, 0x1007, 0x1008, 0x100b]:
            for length in 0, 1, 4, 8, 16, 64, 2147483647:
                raised(s.setsockopt, (level, name, None, length))
    raises("setsockopt of None with a length", (OSError,), s.setsockopt, socket.SOL_SOCKET, socket.SO_REUSEADDR, None, 4)
    s.close()
summary()
