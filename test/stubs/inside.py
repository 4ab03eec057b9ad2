# Runs in the interpreter under test: prints the names and the refusals of the module as lines of Python.
import usocket

KEYWORDS = {}  # replaced by run.py: {function: ([required], [all])}
COUNTS = {}  # replaced by run.py: {function: (least, most)}

a = usocket.socket()
objects = {"socket": a, "timeout": usocket.timeout(1), "gaierror": usocket.gaierror(1), "TLSError": usocket.TLSError(1)}
for name, make in (("resolver", lambda: usocket.resolver("127.0.0.1", 80)), ("dialer", lambda: usocket.dialer("127.0.0.1", 1)), ("poller", lambda: usocket.poller())):
    if hasattr(usocket, name):
        objects[name] = make()
if hasattr(a, "makefile"):
    objects["_SocketFile"] = a.makefile("rb")
if "poller" in objects:
    objects["_Ready"] = objects["poller"].ipoll(0)


def numbers():
    for name in dir(usocket):
        value = getattr(usocket, name)
        yield name, value if isinstance(value, (int, bool)) else None


def find(name):
    thing, _, method = name.partition(".")
    if not method:
        return getattr(usocket, thing, None)
    return getattr(objects.get(thing), method, None)


def refusal(f, *args, **kw):
    try:
        f(*args, **kw)
    except TypeError as e:
        return str(e)
    except Exception as e:
        return type(e).__name__
    return "no exception"


print(repr(("module", dict(numbers()))))
for cls, obj in objects.items():
    print(repr(("class", cls, dir(obj))))
wrong = object()
for name, (least, most) in COUNTS.items():
    f = find(name)
    if f is not None:
        print(repr(("count", name, refusal(f, *[wrong] * (most + 1)), refusal(f, *[wrong] * (least - 1)) if least else None)))
for name, (required, every) in KEYWORDS.items():
    f = find(name)
    if f is not None:
        unknown = {key: wrong for key in required}
        unknown["nosuch"] = wrong
        print(repr(("keywords", name, refusal(f, **{key: wrong for key in every}), refusal(f, **unknown))))
