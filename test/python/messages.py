# run: limit=60
# Texts of exceptions, where the code alone would be misleading.
import socket
import time

from check import check, number, raised, raises, sections, summary, true
from pairs import tcp_pair, settle
from where import HOST

# accept() without listen().
for prepare in (lambda s: None, lambda s: s.bind((HOST, 0))):
    s = socket.socket()
    prepare(s)
    e = raised(s.accept)
    check("accept without listen is EINVAL", number(e), 22)
    true("accept without listen: the text names listen", "does not listen" in str(e), str(e))
    s.close()

# EPIPE is not always caused by the socket's own program.
c = socket.socket()
e = raised(c.send, (b"x",))
if number(e) == 32:
    true("send before connect does not claim that this end closed", "not connected" in str(e), str(e))
true("send before connect names the call", str(e).find("send") >= 0, str(e))
c.close()
a, b = tcp_pair()
a.settimeout(10)
b.close()
start = time.ticks_ms()
e = None
while e is None and time.ticks_diff(time.ticks_ms(), start) < 10000:
    e = raised(a.send, (b"x",))
    time.sleep_ms(5)
    if e is not None and number(e) == 104:  # the first send reports the reset, the next one EPIPE
        e = raised(a.send, (b"x",))
true("send to a closed peer does not claim that this end closed", number(e) != 32 or "not connected, or no longer" in str(e), str(e))
a.close()
a, b = tcp_pair()
a.shutdown(socket.SHUT_WR)
e = raised(a.send, (b"x",))
check("send after shutdown is EPIPE", number(e), 32)
true("send after shutdown: the text names the end of writing", "not open for writing" in str(e), str(e))
a.close()
b.close()


# Invalid host names: each call refuses them with a text, before any resolver is asked.
def on(kind, name, *more):
    def call(host):
        with socket.socket(socket.AF_INET, kind) as s:
            s.settimeout(0 if more and more[0] == 0 else 5)
            return getattr(s, name)(*((b"x", (host, 80)) if name == "sendto" else ((host, 80),)))
    return call


CALLS = [
    ("connect", on(socket.SOCK_STREAM, "connect")), ("non-blocking connect", on(socket.SOCK_STREAM, "connect", 0)),
    ("connect_ex", on(socket.SOCK_STREAM, "connect_ex")), ("bind", on(socket.SOCK_STREAM, "bind")), ("sendto", on(socket.SOCK_DGRAM, "sendto")),
    ("getaddrinfo", lambda host: socket.getaddrinfo(host, 80)), ("gethostbyname", lambda host: socket.gethostbyname(host)),
    ("create_connection", lambda host: socket.create_connection((host, 80), 5)),
    ("create_connection from", lambda host: socket.create_connection((HOST, 80), 5, (host, 0))),
    ("create_server", lambda host: socket.create_server((host, 0))), ("getnameinfo", lambda host: socket.getnameinfo((host, 80), 0)),
]
if hasattr(socket, "dialer"):
    CALLS += [("dialer", lambda host: socket.dialer(host, 80)), ("resolver", lambda host: socket.resolver(host, 80))]
if hasattr(socket, "SOL_TLS"):
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC).close()
        CALLS.append(("TLS connect", lambda host: socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC).connect((host, 80))))
    except OSError:
        pass
for label, call in CALLS:
    for host in ("b\u00fccher.example", "caf\u00e9", b"\xff.example", "\u4e2d\u6587.localhost"):
        e = raised(call, (host,))
        true("{} of a host beyond ASCII: gaierror".format(label), isinstance(e, socket.gaierror), e)
        true("{} of a non-ASCII host: the text names xn--".format(label), "xn--" in str(e), str(e))
    for host in ("127.0.0.1\n", "127.0.0.1 ", "a b", "a\tb\x01", "\x7f"):
        e = raised(call, (host,))
        true("{} of a host with spaces or control characters: gaierror".format(label), isinstance(e, socket.gaierror), e)
        true("{} of a host with spaces or control characters: one line, in words".format(label), "host name" in str(e) and "\n" not in str(e), str(e))
    for host in ("a..b", ".", "a" * 64 + ".example", "a." * 130):
        e = raised(call, (host,))
        true("{} of a name with a bad label, or too long: gaierror".format(label), isinstance(e, socket.gaierror), e)
    e = raised(call, ("a\0b",))
    true("{} of a host with a NUL: an error".format(label), isinstance(e, (ValueError, OSError)), e)

if CALLS[-1][0] == "TLS connect":
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC)
    for host in ("b\u00fccher.example", b"\xff", "a b", "a\n"):
        e = raised(s.setsockopt, (socket.SOL_TLS, socket.TLS_HOSTNAME, host))
        true("TLS_HOSTNAME that is no name: TLSError that names xn--", isinstance(e, socket.TLSError) and "xn--" in str(e) and number(e) != 0, e)
    s.close()


def localhost():
    # localhost is this host, without a lookup and therefore without a wait.
    l = socket.create_server(("localhost", 0))
    port = l.getsockname()[1]
    check("create_server takes localhost", l.getsockname()[0], "127.0.0.1")
    for name in ("localhost", "LocalHost.", "any.thing.localhost"):
        c = socket.socket()
        c.setblocking(False)
        e = raised(c.connect, ((name, port),))
        true("non-blocking connect to {} starts".format(name), e is None or number(e) == 115, e)
        c.settimeout(10)
        l.settimeout(10)
        s, _ = l.accept()
        s.send(b"hello")
        check("and gets there", c.recv(10), b"hello")
        c.close()
        s.close()
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        u.setblocking(False)
        u.bind((name, 0))
        check("non-blocking bind to {}".format(name), u.getsockname()[0], "127.0.0.1")
        check("non-blocking sendto {}".format(name), u.sendto(b"x", (name, u.getsockname()[1])), 1)
        u.close()
        check("gethostbyname of {}".format(name), socket.gethostbyname(name), "127.0.0.1")
        check("AI_CANONNAME of {}".format(name), socket.getaddrinfo(name, 80, socket.AF_INET, socket.SOCK_STREAM, 0, socket.AI_CANONNAME)[0][3], name)
        raises("AI_NUMERICHOST refuses {}".format(name), socket.gaierror, socket.getaddrinfo, name, 80, 0, 0, 0, socket.AI_NUMERICHOST)
        c = socket.create_connection((name, port), 10)
        check("create_connection to {}".format(name), c.getpeername()[1], port)
        c.close()
        l.accept()[0].close()
    l.close()


def another_name():
    c = socket.socket()
    c.setblocking(False)
    raises("another name would have to be waited for", 11, c.connect, ("some.example", 80))
    c.close()


sections(localhost, another_name)
summary()
