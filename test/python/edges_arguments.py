# run: net=lo limit=120 heap=2m
# Extreme values as every argument of every function and method of the module: no call crashes, hangs or allocates an unchecked size.
# Each call returns a value or raises one of the exceptions below. A name without a row here is a failure.
import sys

import socket

from check import FIRST, check, collect, fail, ok, run, since, summary, ticks
from pairs import close, free_port, tcp_pair
from where import HOST, SELF_CHECKED

MAXSIZE = getattr(sys, "maxsize", 2**31 - 1)

GOOD = (TypeError, ValueError, OverflowError, OSError)  # plus MemoryError where a size was requested
SIZES = ("recv", "recvfrom", "read", "readline", "makefile")  # these calls allocate the requested size
NUMBERS = [
    0, 1, -1, MAXSIZE, -MAXSIZE - 1, 2**31 - 1, 2**31, -(2**31), 2**32, 2**63, 2**64, -(2**64), True, None,
    float("nan"), float("inf"), float("-inf"), 1e300, -0.0, 0.5,
]  # fmt: skip
BUFFERS = [b"", bytearray(0), memoryview(b""), memoryview(bytearray(4))[4:], "", "x", b"x\0y", bytes(70000), memoryview(bytearray(3))]
OTHERS = [(), [], (None,), ("", 0, 0, 0, 0), {}, object(), int, ValueError("x"), lambda *a: None]
try:
    from array import array

    BUFFERS += [array("b"), array("I", [1])]
except ImportError:
    pass
VALUES = NUMBERS + BUFFERS + OTHERS
QUICK = 0.001
CLOSED = free_port()
ADDRESSES = (
    [(v, 80) for v in VALUES if v != "x"] + [(HOST, v) for v in VALUES] + [(HOST, 80, v) for v in NUMBERS] + [("::1", 80, 0, v) for v in NUMBERS]
    + [bytes(n) for n in range(40)] + [bytes((2, 0)) + bytes(n) for n in range(40)] + [bytes((10, 0)) + bytes(n) for n in range(40)]
    + [bytes((1, 0)) + b"x" * n for n in (0, 1, 107, 108, 109, 200)]
)  # fmt: skip


class Limited:
    # Counts calls and their outcomes.
    def __init__(self):
        self.calls = 0
        self.wrong = []

    def call(self, name, fn, args, kw={}):
        self.calls += 1
        try:
            value = fn(*args, **kw)
        except GOOD as e:
            str(e)
            return None
        except MemoryError as e:
            if name not in SIZES:
                self.wrong.append((name, args, kw, repr(e)))
            return None
        except Exception as e:
            self.wrong.append((name, args, kw, repr(e)))
            return None
        if not isinstance(value, Exception):  # its text would be long: it contains the large buffer
            repr(value)
        for v in value if isinstance(value, tuple) else (value,):
            if hasattr(v, "close") and name not in ("__enter__", "ipoll"):  # these return the object itself
                v.close()
        return value

    def each(self, name, fn, good, values=VALUES, keywords=(), renew=None):
        # Try each value in each position with valid others, the same value in all positions, no arguments, and one argument too many.
        for i in range(len(good)):
            for v in values:
                self.call(name, fn, good[:i] + (v,) + good[i + 1 :])
                if renew:
                    fn = renew()
        for v in values:
            self.call(name, fn, (v,) * len(good))
            for key in keywords:
                self.call(name, fn, good, {key: v})
            if renew:
                fn = renew()
        self.call(name, fn, ())
        self.call(name, fn, good + (None,) * 8)
        self.call(name, fn, good, {"bogus": 1})

    def report(self, label, missing):
        for w in self.wrong[:5]:
            fail(label, "{}: {!r:.200} {!r:.200}: {}".format(*w))
        check("{}: every name has a row".format(label), missing, [])
        ok("{}: values and exceptions, {} calls".format(label, self.calls))


def quiet():
    socket.setdefaulttimeout(0)


# ---- The module's functions -------------------------------------------------------------------------------------------

FUNCTIONS = {
    "getaddrinfo": ((HOST, 80, 0, 0, 0, 0), ("family", "type", "proto", "flags")),
    "getnameinfo": (((HOST, 80), 3), ()),
    "gethostbyname": ((HOST,), ()),
    "gethostbyname_ex": ((HOST,), ()),
    "getfqdn": ((HOST,), ()),
    "getservbyname": (("http", "tcp"), ()),
    "getservbyport": ((80, "tcp"), ()),
    "gethostname": ((), ()),
    "create_connection": (((HOST, CLOSED), 0, None), ("happy_eyeballs_delay",)),
    "create_server": (((HOST, 0),), ("family", "backlog", "reuse_port", "dualstack_ipv6")),
    "socketpair": ((1, 1, 0), ()),
    "fromfd": ((2**31 - 1, 2, 1, 0), ()),
    "inet_pton": ((2, HOST), ()),
    "inet_ntop": ((2, b"\x7f\0\0\1"), ()),
    "inet_aton": ((HOST,), ()),
    "inet_ntoa": ((b"\x7f\0\0\1",), ()),
    "htons": ((1,), ()),
    "ntohs": ((1,), ()),
    "htonl": ((1,), ()),
    "ntohl": ((1,), ()),
    "if_nametoindex": (("lo",), ()),
    "if_indextoname": ((1,), ()),
    "if_nameindex": ((), ()),
    "getdefaulttimeout": ((), ()),
    "resolver": ((HOST, 80, 0, 0, 0, 0), ("family",)),
    "dialer": ((HOST, CLOSED, QUICK, None), ("family", "proto", "flags", "happy_eyeballs_delay")),
    "poller": ((), ()),
    "socket": ((2, 1, 0), ()),
    "SocketType": ((2, 2, 0), ()),
    "__init__": ((), ()),
    "setdefaulttimeout": ((0,), ()),
    "error": (("words",), ()),
    "timeout": ((110, "words", 3), ()),
    "gaierror": ((-2, "words"), ()),
    "herror": ((-2, "words"), ()),
    "TLSError": ((-1, "words"), ()),
}
NOT_CALLED = ("_GLOBAL_DEFAULT_TIMEOUT", "__class__", "__dict__")
ADDRESSED = ("getnameinfo", "create_connection", "create_server")


def the_module():
    t, missing = Limited(), []
    for name in dir(socket):
        value = getattr(socket, name)
        if name in NOT_CALLED or not callable(value):
            if name not in NOT_CALLED and not isinstance(value, (int, str, bool, dict)):
                missing.append(name)
            continue
        if name not in FUNCTIONS:
            missing.append(name)
            continue
        quiet()
        good, keywords = FUNCTIONS[name]
        t.each(name, value, good, keywords=keywords, renew=lambda: (quiet(), value)[1])
        quiet()
        if name in ADDRESSED:
            for a in ADDRESSES:
                t.call(name, value, (a,) + good[1:])
    for v in VALUES:
        if FIRST != 0 or v not in (0, 1, True, False, -0.0):  # elsewhere the number may be a socket of this script
            t.call("socket", socket.socket, (), {"fileno": v})
        for key in ("family", "type", "proto"):
            t.call("socket", socket.socket, (), {key: v})
    socket.setdefaulttimeout(None)
    collect()
    t.report("the module", missing)


# ---- Objects ----------------------------------------------------------------------------------------------------------


class Kept:
    # An object that is created again after a call has closed it.
    def __init__(self, make):
        self.make = make
        self.made = ()

    def method(self, name):
        if not self.made or self.made[0].fileno() < 0:
            self.end()
            self.made = self.make()
        s = self.made[-1] if hasattr(self.made[-1], "settimeout") else self.made[0]
        s.settimeout(QUICK if name == "sendfile" else 0)
        return getattr(self.made[0], name)

    def end(self):
        close(*self.made)
        self.made = ()


def stream():
    a, b = tcp_pair()
    return a, b, a


def datagram():
    return (socket.socket(type=socket.SOCK_DGRAM),)


def fresh():
    return (socket.socket(),)


SOCKET = {
    "bind": ((HOST, 0),), "listen": (1,), "accept": (), "connect": ((HOST, CLOSED),), "connect_ex": ((HOST, CLOSED),), "do_handshake": (),
    "send": (b"x", 0), "sendall": (b"x", 0), "sendto": (b"x", 0, (HOST, CLOSED)), "recv": (1, 0), "recvfrom": (1, 0),
    "recv_into": (bytearray(4), 1, 0), "recvfrom_into": (bytearray(4), 1, 0), "read": (1,), "readinto": (bytearray(4), 1), "readline": (1,),
    "write": (b"xyz", 1, 1), "setsockopt": (1, 2, 1), "getsockopt": (1, 2, 4), "settimeout": (0,), "setblocking": (False,), "gettimeout": (), "getblocking": (),
    "close": (), "detach": (), "fileno": (), "shutdown": (1,), "getsockname": (), "getpeername": (), "makefile": ("rb", 64), "sendfile": (None, 0, 1),
    "dup": (), "get_inheritable": (), "set_inheritable": (False,), "__enter__": (), "__exit__": (None, None, None), "__del__": (),
}  # fmt: skip
KEYWORDS = {"makefile": ("mode", "buffering", "encoding", "errors", "newline"), "sendfile": ("offset", "count")}
ATTRIBUTES = ("family", "type", "proto", "timeout", "__class__", "__name__", "__bases__", "__dict__", "__next__")
TLS = ("version", "cipher", "getpeercert", "selected_alpn_protocol", "pending", "unwrap")


def methods(t, name, good, kept):
    if name == "detach":  # the caller owns the detached descriptor
        for v in VALUES:
            t.call(name, kept.method(name), (v,))
        kept.end()
        return
    t.each(name, kept.method(name), good, keywords=KEYWORDS.get(name, ()), renew=lambda: kept.method(name))
    if name in ("bind", "connect", "connect_ex"):
        for a in VALUES + ADDRESSES:
            t.call(name, kept.method(name), (a,))
    if name == "sendto":
        for a in VALUES + ADDRESSES:
            t.call(name, kept.method(name), (b"x", a))


def the_socket():
    t, missing = Limited(), []
    for name in dir(socket.socket):
        if name in ATTRIBUTES:
            continue
        if name not in SOCKET and name not in TLS:
            missing.append(name)
            continue
        good = SOCKET.get(name, (True,))
        kinds = (stream, datagram, fresh) if name not in ("listen",) else (fresh,)
        for make in kinds if name not in ("connect", "connect_ex", "bind") else (datagram,):
            kept = Kept(make)
            methods(t, name, good, kept)
            kept.end()
            collect()
    closed = socket.socket()
    closed.close()
    for name in SOCKET:
        if hasattr(closed, name):
            t.each(name, getattr(closed, name), SOCKET[name], values=VALUES[:6])
    for v in VALUES if SELF_CHECKED else ():  # as self
        for name in ("send", "recv", "close", "fileno"):
            if hasattr(socket.socket, name):
                t.call(name, getattr(socket.socket, name), (v, b""))
    t.report("sockets", missing)


def options():
    # Null pointers with lengths, and buffers of every length, into every option of every level.
    t = Limited()
    for make in (stream, datagram):
        kept = Kept(make)
        for level in (0, 1, 6, 17, 41, 255, 256, 282, 0xFFF, -1):
            for option in list(range(0, 40)) + [64, 65, 66, 69, 71, 73, 74, 75, 255, -1]:
                for args in ((None, 0), (None, 1), (None, 8), (b"",), (bytes(4),), (bytes(16),), (-1,)):
                    t.call("setsockopt", kept.method("setsockopt"), (level, option) + args)
                if hasattr(kept.made[0], "getsockopt"):
                    for args in ((), (1,), (1024,)):
                        t.call("getsockopt", kept.method("getsockopt"), (level, option) + args)
                if level == 255:
                    break
        kept.end()
    t.report("options", [])


FILE = {
    "read": (1,), "readinto": (bytearray(4), 1), "readline": (1,), "readlines": (), "write": (b"xyz", 1, 1), "flush": (), "close": (), "fileno": (),
    "setblocking": (False,), "__enter__": (), "__exit__": (None, None, None), "__del__": (),
}  # fmt: skip


def the_file():
    if not hasattr(socket.socket, "makefile"):
        return
    t, missing = Limited(), []
    for mode, buffering in (("rwb", -1), ("rw", 3), ("rwb", 0)):

        def make():
            a, b = tcp_pair()
            a.setblocking(False)
            b.send(b"a\nb\xff" * 20)
            return a, b, a

        kept = [()]

        def method(name):
            if kept[0]:
                kept[0][1].setblocking(False)
                try:
                    return getattr(kept[0][0], name) if kept[0][0].fileno() >= 0 else None
                except ValueError:
                    pass
                close(*kept[0])
            a, b, _ = make()
            kept[0] = (a.makefile(mode, buffering), a, b)
            return getattr(kept[0][0], name)

        method("read")
        for name in dir(kept[0][0]):
            if name in ATTRIBUTES:
                continue
            if name not in FILE:
                missing.append(name)
                continue
            t.each(name, method(name), FILE[name], renew=lambda: method(name))
        close(*kept[0])
    t.report("files", missing)


class Source:
    # A file for sendfile; readinto() returns n regardless of the buffer's size.
    def __init__(self, n, grow=0):
        self.n, self.grow = n, grow

    def seek(self, position):
        pass

    def readinto(self, buf):
        n, self.n = self.n, 0
        if self.grow:
            buf.extend(bytes(self.grow))
        return n


def the_source_of_sendfile():
    if not hasattr(socket.socket, "sendfile"):
        return
    t = Limited()
    kept = Kept(stream)
    for v in VALUES:
        t.call("sendfile", kept.method("sendfile"), (Source(v),))
        t.call("sendfile", kept.method("sendfile"), (Source(v, 5000), 0, 3))
    kept.end()
    t.report("the source of sendfile", [])


# ---- Polling ----------------------------------------------------------------------------------------------------------

POLLER = {
    "register": (socket.socket, 1), "modify": (socket.socket, 1), "unregister": (socket.socket,), "poll": (0,), "ipoll": (0, 0), "close": (),
    "__enter__": (), "__exit__": (None, None, None), "__del__": (),
}  # fmt: skip
WAITING = {"result": (), "close": (), "__enter__": (), "__exit__": (None, None, None), "__del__": ()}
LONG = (None, -1, -(2**31), -MAXSIZE - 1, 1, 2**31 - 1, MAXSIZE, True)  # polls that would wait


def the_poller():
    if not hasattr(socket, "poller"):
        return
    t, missing = Limited(), []
    p, (a, b) = socket.poller(), tcp_pair()
    p.register(a, 4)  # ready: no poll waits
    for name in dir(p):
        if name in ATTRIBUTES:
            continue
        if name not in POLLER:
            missing.append(name)
            continue
        if name in ("close", "__exit__", "__del__"):
            continue
        t.each(name, getattr(p, name), tuple(a if v is socket.socket else v for v in POLLER[name]))
        try:
            p.register(a, 4)
        except OSError:
            p.modify(a, 4)
        for n in (5, 178956970, 2**31 - 1):  # numbers that are no descriptors
            t.call(name, getattr(p, name), (n,) if name == "register" else (a,) if name != "poll" else (0,))
        try:
            p.register(a, 4)
        except OSError:
            p.modify(a, 4)
    for name in ("close", "__exit__", "__del__", "poll", "register"):
        if hasattr(p, name):
            t.each(name, getattr(p, name), POLLER[name], values=VALUES[:4])
    close(p, a, b)
    t.report("pollers", missing)


def the_waiting():
    t, missing = Limited(), []
    for kind, make in (("resolver", lambda: socket.resolver(HOST, 80)), ("dialer", lambda: socket.dialer(HOST, CLOSED, 1))):
        if not hasattr(socket, kind):
            continue
        o = make()
        for name in dir(o):
            if name in ATTRIBUTES:
                continue
            if name not in WAITING:
                missing.append(kind + "." + name)
                continue
            t.each(name, getattr(o, name), WAITING[name])
        o.close()
    t.report("resolvers and dialers", missing)


start = ticks()
for section in (the_module, the_socket, options, the_file, the_source_of_sendfile, the_poller, the_waiting):
    run(section)
    socket.setdefaulttimeout(None)
    collect()
ok("after {} ms".format(since(start)))
summary()
