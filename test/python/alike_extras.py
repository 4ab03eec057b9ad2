# run: net=lo
# sendfile, dup, inheritance, names of services.
import io
import os
import socket

from alike import attempt, done, plain, say, settle, tcp_pair

SIZE = 20000
DATA = bytes((i * 7) & 255 for i in range(SIZE))
PATH = "/tmp/alike_extras.{}".format(socket.gethostname())


def taken(s, n):
    got = b""
    while len(got) < n:
        piece = s.recv(n - len(got))
        if not piece:
            break
        got += piece
    return got


def sent(label, make, *args, **kw):
    # What sendfile returns, where the file is then, whether the bytes are those.
    a, b = tcp_pair()
    a.settimeout(10)
    b.settimeout(10)
    f = make()
    attempt(label, a.sendfile, f, *args, **kw)
    if args != (SIZE,):  # nothing is sent: CPython does not move
        say(label + ", position", f.tell())
    a.close()
    got = taken(b, SIZE)
    offset = args[0] if args else kw.get("offset", 0)
    say(label + ", bytes", (len(got), got == DATA[offset : offset + len(got)]))
    f.close()
    b.close()


with open(PATH, "wb") as f:
    f.write(DATA)
for kind, make in (("file", lambda: open(PATH, "rb")), ("BytesIO", lambda: io.BytesIO(DATA))):
    sent(kind, make)
    sent(kind + ", offset", make, 1000)
    sent(kind + ", offset and count", make, 1000, 5000)
    sent(kind + ", keywords", make, offset=3, count=1)
    sent(kind + ", count beyond the end", make, 19000, 5000)
    sent(kind + ", offset at the end", make, SIZE)
    sent(kind + ", count of a buffer", make, 0, 8192)
    sent(kind + ", count 0", make, 0, 0)
    sent(kind + ", negative count", make, 0, -1)
    sent(kind + ", count that is no number", make, 0, "x")
a, b = tcp_pair()
f = open(PATH, "rb")
a.setblocking(False)
attempt("sendfile, non-blocking", a.sendfile, f)
a.settimeout(5)
attempt("sendfile without a file", a.sendfile)
a.shutdown(socket.SHUT_WR)
attempt("sendfile, closed for writing", a.sendfile, f)
a.close()
b.close()
u = socket.socket(type=socket.SOCK_DGRAM)
attempt("sendfile of datagrams", u.sendfile, f)
u.close()
f.close()
os.remove(PATH)

a, b = tcp_pair()
a.settimeout(2.5)
c = a.dup()
say("dup", (int(c.family), int(c.type), c.gettimeout(), c.fileno() != a.fileno(), c.getpeername() == a.getpeername()))
a.close()
attempt("dup sends on", c.send, b"on")
settle(b)
attempt("dup, heard", b.recv, 10)
c.close()
settle(b)
attempt("dup, the end", b.recv, 10)
attempt("dup of a closed socket", c.dup)

attempt("inheritable", b.get_inheritable)
attempt("set_inheritable", b.set_inheritable, True)
attempt("inheritable then", b.get_inheritable)
c = b.dup()
attempt("a duplicate is not", c.get_inheritable)
attempt("set_inheritable back", b.set_inheritable, False)
attempt("inheritable at last", b.get_inheritable)
c.close()
b.close()
attempt("inheritable, closed", b.get_inheritable)
attempt("set_inheritable, closed", b.set_inheritable, True)


def refused(label, fn, *args):
    # An error of the lookup; CPython's has no number.
    try:
        say(label, plain(fn(*args)))
    except OSError:
        say(label, "OSError")
    except Exception as e:
        say(label, type(e).__name__)


for args in (("http",), ("http", "tcp"), ("domain", "udp"), ("domain",), ("nosuchservice",), ("http", "nope"), ("80",), ("",), (5,)):
    refused("getservbyname{}".format(args), socket.getservbyname, *args)
for args in ((80,), (80, "tcp"), (53, "udp"), (53,), (48999,), (80, "nope"), (-1,), (65536,), ("x",)):
    refused("getservbyport{}".format(args), socket.getservbyport, *args)
attempt("gethostbyname_ex of an address", socket.gethostbyname_ex, "127.0.0.1")
name, aliases, addresses = socket.gethostbyname_ex("localhost")
say("gethostbyname_ex", (name, set(addresses) == {"127.0.0.1"}))
refused("gethostbyname_ex of no name", socket.gethostbyname_ex, "nosuch.invalid")
attempt("gethostbyname_ex None", socket.gethostbyname_ex, None)
attempt("getfqdn of an address", socket.getfqdn, "127.0.0.1")
attempt("getfqdn of no name", socket.getfqdn, "nosuch.invalid")
attempt("getfqdn of localhost", socket.getfqdn, "localhost")
say("getfqdn", socket.getfqdn() == socket.getfqdn(""))
say("NI_MAXHOST, NI_MAXSERV", (socket.NI_MAXHOST, socket.NI_MAXSERV))
say("herror", issubclass(socket.herror, OSError))
done()
