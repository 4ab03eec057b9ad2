# Connections for the scripts beside this file: an aiosocket stream at one end and a plain socket at the other.
import asyncio
import gc
import sys

import aiosocket

from check import check, collect, fail, number, true
from pairs import narrow_pair, tcp_pair
from squeeze import fill, release  # noqa: F401
from where import HOST


def streams():
    # Two connected streams.
    a, b = tcp_pair()
    a.setblocking(False)
    b.setblocking(False)
    return aiosocket.Stream(a), aiosocket.Stream(b)


def stream():
    # A stream, with a blocking socket at its other end.
    a, b = tcp_pair()
    a.setblocking(False)
    b.settimeout(10)
    return aiosocket.Stream(a), b


def narrow():
    # As stream(), on a connection with small buffers.
    a, b = narrow_pair()
    a.setblocking(False)
    b.settimeout(10)
    return aiosocket.Stream(a), b


async def port_of(handler, **options):
    # Start a server; returns it and its port.
    server = await aiosocket.start_server(handler, HOST, 0, **options)
    return server, server.sockets[0].getsockname()[1]


async def caught(aw):
    # The exception that awaiting raises, or None.
    try:
        await aw
    except Exception as e:
        return e
    return None


async def everything(far, most=None, keep=None):
    # Receive up to the end of the stream, or `most` bytes, while other tasks run; appends to the list `keep` and returns the count.
    far.setblocking(False)
    got = 0
    while most is None or got < most:
        try:
            data = far.recv(65536)
            if not data:
                break
            got += len(data)
            if keep is not None:
                keep.append(data)
        except OSError as e:
            if number(e) != 11:
                raise
        await asyncio.sleep(0)
    return got


async def soon(condition, seconds=60):
    for _ in range(seconds * 100):
        if condition():
            return True
        await asyncio.sleep(0.01)
    return bool(condition())


def content(start, n):
    # Bytes that depend on their position, so that misplaced data is noticed.
    return bytes([((start + i) * 7 + (start + i) // 251) & 0xFF for i in range(n)])


def cases(*functions):
    # Run each as a program of its own; afterwards no task and no wait may remain.
    for f in functions:
        try:
            aiosocket.run(bounded(f))
        except Exception as e:
            fail("%s runs to its end" % f.__name__, repr(e))
            sys.print_exception(e)
        q = asyncio.core._io_queue
        true("%s leaves nothing waiting" % f.__name__, not q.waits and not q.known and not asyncio.core._task_queue.peek())
        collect()


async def bounded(f):
    try:
        await aiosocket.wait_for(f(), 60)
    except asyncio.TimeoutError:
        fail(f.__name__, "did not end within a minute")


def same(label, got, expected):
    # As check(), for large values: prints only the first difference.
    if got == expected:
        return check(label, True, True)
    at = 0
    while at < min(len(got), len(expected)) and got[at] == expected[at]:
        at += 1
    return fail(label, "%d bytes, expected %d; differs from %d on" % (len(got), len(expected), at))
