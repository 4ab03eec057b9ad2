# Helpers of on_*.py, for MicroPython on the stack under test: access to the kernel's side of the link; see link.py.
import hashlib
import os
import sys
import time

import socket

from check import *  # noqa: the scripts' vocabulary, as in test/python

KERNEL4, KERNEL6, KERNEL_LOCAL = "192.0.2.1", "2001:db8::1", "fe80::1"
STACK4, STACK6, STACK_LOCAL = "192.0.2.2", "2001:db8::2", "fe80::ff:fe00:2"
ST, DG = socket.SOCK_STREAM, socket.SOCK_DGRAM
LWIP = os.getenv("FAR") != "veth"  # False if this end is the kernel as well
LWIP_SOCKETS = LWIP and os.getenv("STACK") == "lwip"  # False without lwIP's own sockets
KINDS = ("4", "6", "local")
LATE = 4000  # milliseconds by which a deadline may be late, for in_time()

BLOCK = 65521
_base = b"".join([hashlib.sha256(b"%d" % i).digest() for i in range(2048)])[:BLOCK]


def content(start, size):
    at = start % BLOCK
    if at + size <= BLOCK:
        return _base[at : at + size]
    return b"".join([_base[at:]] + [_base] * ((size - BLOCK + at) // BLOCK) + [_base[: (size - BLOCK + at) % BLOCK]])


class Kernel:
    # kernel.NAME(...) runs the driver's function NAME and returns what it returns.
    number = 0

    def __getattr__(self, name):
        def call(*arguments):
            self.number += 1
            emit("? " + repr((self.number, name, arguments)))
            if name.startswith("begin_"):
                return self.number
            while True:
                line = sys.stdin.readline()
                if not line:
                    raise SystemExit("the driver is gone")
                number, good, result = eval(line)
                if number == self.number:
                    break
            if not good:
                raise RuntimeError(result)
            return result

        return call


kernel = Kernel()


def family(kind):
    return socket.AF_INET if kind == "4" else socket.AF_INET6


def own_index():
    # The index of the link's interface: the first that is not a loopback.
    for number, name in socket.if_nameindex():
        if not name.startswith("lo"):
            return number


def kernel_address(kind, port):
    if kind == "4":
        return (KERNEL4, port)
    return (KERNEL6, port) if kind == "6" else (KERNEL_LOCAL, port, 0, own_index())


def host(kind, far=True):
    if kind == "4":
        return KERNEL4 if far else STACK4
    if kind == "6":
        return KERNEL6 if far else STACK6
    return KERNEL_LOCAL if far else STACK_LOCAL


def dial(kind, port, timeout=30):
    s = socket.socket(family(kind), ST)
    s.settimeout(timeout)
    s.connect(kernel_address(kind, port))
    return s


def listener(kind="4", backlog=None, timeout=30):
    s = socket.socket(family(kind), ST)
    s.settimeout(timeout)
    s.bind(("", 0))
    s.listen() if backlog is None else s.listen(backlog)
    return s, s.getsockname()[1]


def datagrams(kind="4", timeout=10):
    s = socket.socket(family(kind), DG)
    s.settimeout(timeout)
    s.bind(("", 0))
    return s, s.getsockname()[1]


def close(*sockets):
    for s in sockets:
        s.close()


def finish():
    emit("end")
