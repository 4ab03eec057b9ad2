# run: limit=90 heap=16m
# Several users of one socket: two streams, as programs for MicroPython make them; asyncio's own streams; a file, a duplicate, a poller.
# The wait of one user continues when another starts, ends, is cancelled or closes.
import asyncio
import aiosocket
import select
import socket

from check import check, env, number, since, skip, summary, ticks, true
from ends import cases, caught, everything, soon
from pairs import narrow_pair

MUCH = 1000000
# Over lwIP's loopback interface both windows must not close at once (full-loopback in docs/stacks.md), so each way carries less than one.
LONGER = 3 if (env("TEST_STACK") or "").startswith("lwip") else 100


def shared(make_reader=aiosocket.StreamReader, make_writer=lambda s: aiosocket.StreamWriter(s, {})):
    # A reader and a writer of one socket, and the socket at the far end.
    a, b = narrow_pair()
    a.setblocking(False)
    b.settimeout(10)
    r, w = make_reader(a), make_writer(a)
    if hasattr(w, "limit"):
        w.limit = None
    return r, w, b


async def in_time(task, seconds=5):
    # The result or exception of a task, or "never woken".
    if not await soon(task.done, seconds):
        task.cancel()
        return "never woken"
    return await task


async def waits(aw):
    task = asyncio.create_task(caught_or(aw))
    await asyncio.sleep(0.02)
    return task


async def caught_or(aw):
    try:
        return await aw
    except Exception as e:
        return e


async def reader_and_writer(label, r, w, far, reader_first):
    if reader_first:
        reading = await waits(r.readline())
    w.write(bytes(MUCH))
    draining = await waits(w.drain())
    if not reader_first:
        reading = await waits(r.readline())
    far.sendall(b"line\n")
    check(label + ": the reader is woken while the writer drains", await in_time(reading), b"line\n")
    true("and the writer still drains", not draining.done())
    reading = await waits(r.readline())
    taken = await everything(far, MUCH)
    check("until all bytes are sent", (taken, await in_time(draining)), (MUCH, None))
    far.sendall(b"more\n")
    check("the reader that has waited since then is woken", await in_time(reading), b"more\n")
    far.sendall(b"again\n")
    check("and again", await in_time(await waits(r.readline())), b"again\n")
    far.close()
    r.s.close()


async def two_streams():
    for reader_first in (True, False):
        await reader_and_writer("two streams of one socket", *shared(), reader_first)
    for reader_first in (True, False):
        r, w, far = shared(make_writer=lambda s: None)
        await reader_and_writer("two tasks and one stream", r, unlimited(r), far, reader_first)


def unlimited(s):
    s.limit = None
    return s


async def beside_asyncios_own():
    from asyncio.stream import Stream

    for reader_first in (True, False):
        await reader_and_writer("asyncio's writer", *shared(make_writer=Stream), reader_first)
        await reader_and_writer("asyncio's reader", *shared(make_reader=Stream), reader_first)
        await reader_and_writer("both asyncio's", *shared(Stream, Stream), reader_first)


async def three_streams():
    r, w, far = shared()
    third = unlimited(aiosocket.Stream(r.s))
    reading = await waits(r.readline())
    w.write(bytes(MUCH))
    first, second = await waits(w.drain()), await waits(w.drain())
    third_waits = await waits(writable(third))
    first.cancel()
    await asyncio.sleep(0.01)
    far.sendall(b"line\n")
    check("three streams: the reader", await in_time(reading), b"line\n")
    true("the writer that was not cancelled still drains", not second.done())
    taken = await everything(far, MUCH)
    check("all are woken", (taken, await in_time(second), await in_time(third_waits)), (MUCH, None, "writable"))
    r.s.close()
    far.close()


async def writable(s):
    await wait_writable(s)
    return "writable"


def wait_writable(s):
    yield s._writable()


async def cancelled():
    r, w, far = shared()
    reading = await waits(r.readline())
    w.write(bytes(MUCH))
    draining = await waits(w.drain())
    draining.cancel()
    await asyncio.sleep(0.01)
    far.sendall(b"line\n")
    check("the writer is cancelled: the reader is woken", await in_time(reading), b"line\n")
    reading = await waits(r.readline())
    draining = await waits(w.drain())
    reading.cancel()
    await asyncio.sleep(0.01)
    taken = await everything(far, MUCH)
    check("the reader is cancelled: the writer is woken", (taken, await in_time(draining)), (MUCH, None))
    far.sendall(b"next\n")
    check("and the next reader", await in_time(await waits(r.readline())), b"next\n")
    w.write(bytes(MUCH))
    draining = await waits(w.drain())
    r.settimeout(0.2)
    start = ticks()
    e = await in_time(await waits(r.readline()))
    true("the reader's deadline passes", number(e) == 110 and since(start) >= 200, e)
    true("and the writer drains", not draining.done())
    taken = await everything(far, MUCH)
    check("to its end", (taken, await in_time(draining)), (MUCH, None))
    r.s.close()
    far.close()


async def closed():
    r, w, far = shared()
    reading = await waits(r.readline())
    w.close()
    check("the writer's close() wakes the reader", number(await in_time(reading)), 9)
    far.close()
    r, w, far = shared()
    w.write(bytes(MUCH))
    reading, draining = await waits(r.readline()), await waits(w.drain())
    r.close()
    check("the reader's close() wakes the writer", number(await in_time(draining)), 9)
    check("and its own", number(await in_time(reading)), 9)
    w.close()
    far.close()
    r, w, far = shared()
    w.write(bytes(MUCH))
    reading = await waits(r.readline())
    w.abort()
    check("so does abort()", number(await in_time(reading)), 9)
    far.close()
    r, w, far = shared()
    w.write(bytes(MUCH))
    reading = await waits(r.readline())
    w.close()  # takes effect when all bytes are sent
    far.sendall(b"line\n")
    check("while close() still sends, the reader is served", await in_time(reading), b"line\n")
    reading = await waits(r.readline())
    check("all is sent", await everything(far, MUCH), MUCH)
    check("and then the reader wakes", number(await in_time(reading)), 9)
    far.close()
    r, w, far = shared()
    reading = await waits(r.readline())
    far.close()
    check("the peer closes", await in_time(reading), b"")
    w.close()


async def two_readers():
    r, w, far = shared()
    reading = await waits(r.readline())
    for label, other in (("of another stream", w), ("of the same", r)):
        for name, call in (("read", lambda: other.read(1)), ("readline", other.readline), ("readexactly", lambda: other.readexactly(1)),
                           ("readinto", lambda: other.readinto(bytearray(1)))):
            e = await in_time(await waits(call()))
            true("a second reader %s: %s is refused in words" % (label, name), isinstance(e, RuntimeError) and e.args, e)
    far.sendall(b"line\n")
    check("and the first is served", await in_time(reading), b"line\n")
    far.sendall(b"next\n")
    check("later another stream may read", await in_time(await waits(w.readline())), b"next\n")
    far.sendall(b"third\n")
    check("and the first again", await in_time(await waits(r.readline())), b"third\n")
    w.close()
    far.close()


async def other_holders():
    # The program's own poller, a duplicate and a file of the same socket.
    for label, poller in (("select.poll", select.poll), ("usocket.poller", getattr(socket, "poller", None))):
        if poller is None:
            skip(label, "this build has none")
            continue
        r, w, far = shared()
        p = poller()
        p.register(r.s, select.POLLIN)
        reading = await waits(r.readline())
        far.sendall(b"line\n")
        check("%s beside a stream: it gets the event" % label, [mask for _, mask in p.poll(5000)], [select.POLLIN])
        check("and the reader is served", await in_time(reading), b"line\n")
        reading = await waits(r.readline())
        p.unregister(r.s)
        far.sendall(b"more\n")
        check("also when the poller has let go", await in_time(reading), b"more\n")
        w.close()
        far.close()
    r, w, far = shared()
    try:
        twin = socket.fromfd(r.s.fileno(), socket.AF_INET, socket.SOCK_STREAM)
    except (AttributeError, OSError):
        skip("a duplicate", "this stack has none")
    else:
        twin.setblocking(False)
        await reader_and_writer("a duplicate of the socket", r, unlimited(aiosocket.Stream(twin)), far, True)
        twin.close()
    r, w, far = shared()
    file = r.s.makefile("rwb")
    reading = await waits(r.readline())
    w.write(bytes(MUCH))
    draining = await waits(w.drain())
    p = select.poll()
    p.register(file, select.POLLIN)
    far.sendall(b"line\n")
    check("a file of the socket: it gets the event", [mask for _, mask in p.poll(5000)], [select.POLLIN])
    check("and the reader is served", await in_time(reading), b"line\n")
    on_file = await waits(queue_read(file))
    far.sendall(b"more\n")
    check("a task waits for the file", await in_time(on_file), "readable")
    check("and the file reads", file.readline(), b"more\n")
    taken = await everything(far, MUCH)
    check("the writer is woken", (taken, await in_time(draining)), (MUCH, None))
    file.close()
    r.s.close()
    far.close()


async def queue_read(s):
    await wait_queue(s)
    return "readable"


def wait_queue(s):
    yield asyncio.core._io_queue.queue_read(s)


async def busy_both_ways():
    # Echo with several tasks for each direction; none may stall.
    a, b = narrow_pair()
    a.setblocking(False)
    b.setblocking(False)
    r, w = aiosocket.StreamReader(a), aiosocket.StreamWriter(a, {})
    far_r, far_w = aiosocket.StreamReader(b), aiosocket.StreamWriter(b, {})

    async def echo():
        async for line in far_r:
            far_w.write(line)
            await far_w.drain()
        far_w.write_eof()

    async def write(n):
        for i in range(50):
            w.write(b"%d %d " % (n, i) + b"x" * (i * LONGER) + b"\n")
            await w.drain()

    async def read():
        n = 0
        while n < 150:
            n += bool((await r.readline()).endswith(b"\n"))
        return n

    task = asyncio.create_task(echo())
    reading = asyncio.create_task(read())
    await asyncio.gather(*[write(n) for n in range(3)])
    check("150 lines there and back through two streams at each end", await in_time(reading, 30), 150)
    w.close()
    check("the end", await in_time(task), None)
    b.close()


cases(two_streams, beside_asyncios_own, three_streams, cancelled, closed, two_readers, other_holders, busy_both_ways)
summary()
