# run: limit=60
# `import aiosocket as asyncio` provides every name of MicroPython's asyncio, and other users of asyncio are not affected.
import sys

import aiosocket as asyncio
from aiosocket import CancelledError, Event, Lock, create_task, current_task, gather, get_event_loop, new_event_loop, sleep, sleep_ms
from aiosocket import ThreadSafeFlag, TimeoutError, open_connection, run, start_server, wait_for, wait_for_ms

from check import check, number, raised, since, summary, ticks, true
from where import HOST

import asyncio as theirs

# The names of MicroPython 1.21 to 1.26; this interpreter may have more.
NAMES = (
    "CancelledError TimeoutError sleep sleep_ms create_task run run_until_complete Task TaskQueue Loop get_event_loop new_event_loop current_task "
    "wait_for wait_for_ms gather Event ThreadSafeFlag Lock open_connection start_server StreamReader StreamWriter core __version__"
).split()
OURS = {"run", "wait_for", "wait_for_ms", "open_connection", "start_server", "StreamReader", "StreamWriter"}
missing = [name for name in NAMES if not hasattr(asyncio, name)]
check("every name of MicroPython's documentation is there", missing, [])
for name in getattr(theirs, "_attrs", ()):
    getattr(theirs, name)  # asyncio imports them at the first access
missing = [name for name in dir(theirs) if not name.startswith("__") and not hasattr(asyncio, name)]
check("every name of this interpreter's asyncio is there", missing, [])
others = [name for name in NAMES if name not in OURS and getattr(asyncio, name, None) is not getattr(theirs, name)]
check("and is the same thing", others, [])
check("but for those that are better here", [name for name in OURS if getattr(asyncio, name) is getattr(theirs, name)], [])
e = raised(lambda: asyncio.no_such_name)
true("a name that neither has is an AttributeError", isinstance(e, AttributeError), e)
missing = [name for name in ("Stream", "Server", "Datagram", "open_datagram", "getaddrinfo", "IncompleteReadError", "LimitOverrunError")
           if not hasattr(asyncio, name)]
check("aiosocket's own names are there", missing, [])


async def main():
    # Uses each primitive under the name aiosocket.
    loop = asyncio.get_event_loop()
    told = []
    loop.set_exception_handler(lambda loop, context: told.append(context["exception"]))
    event, lock, flag = asyncio.Event(), asyncio.Lock(), asyncio.ThreadSafeFlag()

    async def waiter(n):
        await event.wait()
        async with lock:
            await asyncio.sleep_ms(1)
            return n

    tasks = [asyncio.create_task(waiter(n)) for n in range(3)]
    await asyncio.sleep(0)
    event.set()
    check("gather, Event, Lock, tasks", await asyncio.gather(*tasks), [0, 1, 2])
    flag.set()
    check("ThreadSafeFlag", await asyncio.wait_for(flag.wait(), 5), None)
    for name, call, ms in (("wait_for", lambda: asyncio.wait_for(asyncio.sleep(10), 0.05), 50), ("wait_for_ms", lambda: asyncio.wait_for_ms(asyncio.sleep(10), 50), 50)):
        start = ticks()
        try:
            await call()
            e = None
        except asyncio.TimeoutError as x:
            e = x
        true(name + " ends at its time", e is not None and since(start) >= ms, (e, since(start)))
        check(name + " of no time", (await asyncio.wait_for(waiter(7), None), await asyncio.wait_for_ms(waiter(8), None)), (7, 8))
    check("a result in time", (await asyncio.wait_for(waiter(7), 5), await asyncio.wait_for_ms(waiter(8), 5000)), (7, 8))
    true("current_task", isinstance(asyncio.current_task(), asyncio.Task))
    task = asyncio.create_task(asyncio.Event().wait())
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        check("CancelledError", task.done(), True)

    async def fails():
        raise KeyError("mine")

    asyncio.create_task(fails())
    await asyncio.sleep_ms(10)
    check("the exception handler", [type(e) for e in told], [KeyError])

    async def echo(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(echo, HOST, 0)
    async with server:
        reader, writer = await asyncio.open_connection(HOST, server.sockets[0].getsockname()[1])
        writer.write(b"hello\n")
        await writer.drain()
        check("streams", await reader.readline(), b"hello\n")
        writer.close()
        await writer.wait_closed()
    return "the result"


check("run", asyncio.run(main()), "the result")
check("get_event_loop().run_until_complete", asyncio.get_event_loop().run_until_complete(main()), "the result")
asyncio.new_event_loop()
before = len(dir(asyncio))
for name in NAMES:
    getattr(asyncio, name)
check("a lookup of a name adds nothing to the module", len(dir(asyncio)), before)
summary()
