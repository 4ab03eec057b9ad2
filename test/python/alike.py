# Helpers of scripts that must print the same under CPython and the module: run.py compares each line `label: value`.
import socket

from check import FIRST, descriptors, number, settles  # noqa: F401
from pairs import free_port, settle, tcp_pair, udp_pair  # noqa: F401
from where import HOST, HOST6

_seen = set()
_start = descriptors()


def kind(e):
    # Describe an exception in a form common to both interpreters. CPython's timeout has no errno and is recognised by its class,
    # which CPython also uses for the system's own ETIMEDOUT.
    if isinstance(e, socket.timeout) or (isinstance(e, OSError) and number(e) == 110):
        return "timeout"
    if isinstance(e, socket.gaierror):
        return "gaierror {}".format(number(e))
    if isinstance(e, OSError):
        return "OSError {}".format(number(e))
    return type(e).__name__


def say(label, value):
    assert label not in _seen, "label used twice: " + label
    _seen.add(label)
    print("{}: {}".format(label, repr(value).replace(HOST, "127.0.0.1").replace(HOST6, "::1")))


def attempt(label, fn, *args, **kw):
    # Print the result or the exception of one call.
    value = None
    try:
        value = fn(*args, **kw)
        shown = plain(value)
    except Exception as e:
        shown = "raises " + kind(e)
    say(label, shown)
    return value


def plain(v):
    # Remove justified differences from a value: enum members become numbers, a socket the word "socket", ephemeral ports 0.
    if isinstance(v, socket.socket):
        return "socket"
    if isinstance(v, bool) or v is None:
        return v
    if isinstance(v, int):
        return int(v)
    if isinstance(v, tuple):
        return tuple(plain(x) for x in v)
    if isinstance(v, list):
        return [plain(x) for x in v]
    if isinstance(v, (bytearray, memoryview)):
        return bytes(v)
    return v


def noport(a):
    # An address without its ephemeral port.
    if isinstance(a, tuple) and len(a) in (2, 4):
        return (a[0], "port" if a[1] else 0) + tuple(a[2:])
    return a


def done():
    settles(_start, 3)
    say("descriptors left", descriptors() - _start)
    print("end")
