# For scripts that CPython and our module must answer alike: each line is `label: value`, compared by run.py.
import gc
import sys

import socket

from check import FIRST, descriptors, descriptors_left  # noqa: F401
from pairs import free_port, settle, tcp_pair, udp_pair  # noqa: F401

_seen = set()
_start = descriptors()


def kind(e):
    # An exception, in words that both interpreters share. CPython's timeout carries no errno: it is known by its class.
    # The same class there tells of the system's own ETIMEDOUT.
    if isinstance(e, socket.timeout) or (isinstance(e, OSError) and e.errno == 110):
        return "timeout"
    if isinstance(e, socket.gaierror):
        return "gaierror {}".format(e.errno)
    if isinstance(e, OSError):
        return "OSError {}".format(e.errno)
    return type(e).__name__


def say(label, value):
    assert label not in _seen, "label used twice: " + label
    _seen.add(label)
    sys.stdout.write("{}: {!r}\n".format(label, value))


def attempt(label, fn, *args, **kw):
    # The value or the failure of one call.
    value = None
    try:
        value = fn(*args, **kw)
        shown = plain(value)
    except Exception as e:
        shown = "raises " + kind(e)
    say(label, shown)
    return value


def plain(v):
    # Values without what differs for good reason: enum members are numbers, a socket is the word, ephemeral ports are 0.
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
    for _ in range(3):
        gc.collect()
    say("descriptors left", descriptors_left(_start))
    sys.stdout.write("end\n")
