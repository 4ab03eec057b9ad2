# run: limit=60 heap=4m
# Without memory for a deadline or for unsent bytes a call fails; then no task waits and no further byte is sent.
import asyncio
import gc
import socket

import aiosocket
from aiosocket import waiting

from check import check, in_time, number, raised, since, summary, ticks, true
from ends import cases, caught, narrow, port_of, stream
from where import HOST

Timer = waiting.Timer
to_fail = 0


def failing(owner):
    global to_fail
    if to_fail:
        to_fail -= 1
        raise MemoryError("for a deadline")
    return Timer(owner)


async def no_alarm():
    global to_fail
    waiting.Timer = failing
    try:
        for name in ("readline", "read", "readexactly", "drain"):
            s, far = narrow()
            s.settimeout(5)
            if name == "drain":
                s.write(bytes(500000))
            to_fail = 1
            e = await caught(getattr(s, name)(*((1,) if name in ("read", "readexactly") else ())))
            true("%s: no memory for its deadline" % name, isinstance(e, MemoryError), e)
            check("%s: no task waits" % name, (s._reader, s._writers or None), (None, None))
            start = ticks()
            await asyncio.sleep(0.1)
            true("%s: the task sleeps as long as it means to" % name, 100 <= since(start) and in_time(since(start), 2000), since(start))
            if name != "drain":
                far.sendall(b"1")
                check("%s: the next call is served" % name, await s.read(1), b"1")
            s.abort()
            far.close()
    finally:
        waiting.Timer = Timer


async def no_alarm_in_a_server():
    # The handler's task fails and its connection closes; other connections continue.
    global to_fail
    seen = []

    async def serve(r, w):
        global to_fail
        to_fail = 1
        await r.readline()

    asyncio.get_event_loop().set_exception_handler(lambda loop, context: seen.append(context["exception"]))
    waiting.Timer = failing
    try:
        server, port = await port_of(serve, timeout=5)
        for _ in range(3):
            s = socket.socket()
            s.connect((HOST, port))
            s.setblocking(False)
            r = aiosocket.Stream(s)
            check("the connection ends", await aiosocket.wait_for(r.read(1), 5), b"")
            r.close()
        await asyncio.sleep(0.05)
        check("each with its own error", [type(e) for e in seen], [MemoryError] * 3)
        server.close()
        await server.wait_closed()
    finally:
        waiting.Timer = Timer
        asyncio.get_event_loop().set_exception_handler(None)


async def no_room_for_the_rest():
    s, far = narrow()
    big = bytes(1500000)
    gap = bytearray(1000000)
    hog = []
    try:
        while True:
            hog.append(bytearray(100000))
    except MemoryError:
        pass
    try:
        while True:
            hog.append(bytearray(2000))
    except MemoryError:
        pass
    gap = None
    gc.collect()  # less memory is free than the unsent bytes need
    e = raised(s.write, (big,))
    true("no memory for what could not be sent", isinstance(e, MemoryError), e)
    hog.clear()  # a stale word that keeps the list must not keep its items
    big = None
    gc.collect()
    e = raised(s.write, (b"behind",))
    true("after a partial send no later write is accepted", isinstance(e, MemoryError), e)
    e = await caught(s.wait_closed())
    true("and wait_closed raises it", isinstance(e, MemoryError), e)
    far.close()


cases(no_alarm, no_alarm_in_a_server, no_room_for_the_rest)
summary()
