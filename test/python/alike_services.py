# run: net=lo
# Names of services, canonical names.
import socket

from alike import attempt, done, plain, say


def refused(label, fn, *args):
    # Describe a lookup error; CPython's has no number.
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
for name in ("a b", "\u00e4"):
    say("getfqdn of an invalid name, {}".format(name.encode()), socket.getfqdn(name) == name)
say("getfqdn", socket.getfqdn() == socket.getfqdn(""))
say("NI_MAXHOST, NI_MAXSERV", (socket.NI_MAXHOST, socket.NI_MAXSERV))
say("herror", issubclass(socket.herror, OSError))
done()
