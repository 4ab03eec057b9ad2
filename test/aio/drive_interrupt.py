# run: net=dns limit=120
# Ctrl-C at any point of a program leaves no descriptor, worker or task.
import time

import nameserver
from drive import SLOW, Script, check, repeat

nameserver.start(53, {"here.test": ["127.0.0.1"], "slow.test": ["127.0.0.1"]}, nameserver.NXDOMAIN, slow=30, ttl=0)

HEAD = """
import asyncio, aiosocket, gc, socket, time
from check import *
from ends import caught, content
core = asyncio.core

async def echo(r, w):
    async with w:
        async for line in r:
            w.write(line)
            await w.drain()

async def pause():
    await asyncio.sleep(0.01)

# Streams that no task closes. The program closes them: a conservative collector may keep some.
mine = []

def program(body):
    # The descriptors of the loop itself and of the first wait are there before.
    aiosocket.run(pause())
    collect()
    before, threads = descriptors(), tasks()
    try:
        aiosocket.run(body())
        fail("the interrupt", "did not come")
    except KeyboardInterrupt:
        ok("KeyboardInterrupt")
    q = core._io_queue
    check("tasks and waits left", (q.waits, len(q.known), core._task_queue.peek()), (0, 0, None))
    if threads is not None:
        true("threads are as before", in_time(lambda: tasks() <= threads), (threads, tasks()))
    for w in mine:
        w.close()
    async def again():
        server = await aiosocket.start_server(echo, "127.0.0.1", 0)
        r, w = await aiosocket.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
        w.write(b"again\\n")
        got = await r.readline()
        w.close()
        server.close()
        return got
    check("the next program runs", aiosocket.run(again()), b"again\\n")
    true("descriptors are as before", settles(before, 5), (before, descriptors()))
    summary()

def in_time(condition):
    for _ in range(500):
        if condition():
            return True
        time.sleep(0.02)
    return condition()
"""

IDLE = """
async def body():
    server = await aiosocket.start_server(echo, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    clients = []
    for _ in range(5):
        clients.append(await aiosocket.open_connection(*address))
    d = await aiosocket.open_datagram(("127.0.0.1", 0))
    mine.extend([w for r, w in clients] + [d])
    waiting = [asyncio.create_task(r.readline()) for r, w in clients] + [asyncio.create_task(d.recv(10))]
    print("ready")
    await asyncio.sleep(60)
program(body)
"""

BUSY = """
async def body():
    server = await aiosocket.start_server(echo, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    async def client():
        r, w = await aiosocket.open_connection(*address)
        mine.append(w)
        while True:
            w.write(b"x" * 3000 + b"\\n")
            await w.drain()
            await r.readline()
    asyncio.create_task(client())
    asyncio.create_task(client())
    async def connects():
        while True:
            r, w = await aiosocket.open_connection(*address)
            async with w:
                w.write(b"hello\\n")
                await r.readline()
    asyncio.create_task(connects())
    print("ready")
    await asyncio.sleep(60)
program(body)
"""

NETWORK = """
async def body():
    todo = [caught(aiosocket.getaddrinfo("silent%d.test" % i, 80)) for i in range(6)]
    todo += [caught(aiosocket.getaddrinfo("slow.test", 80)) for i in range(3)]
    todo += [caught(aiosocket.open_connection("192.0.2.1", 80)) for i in range(6)]
    todo += [caught(aiosocket.open_connection("silent.test", 80)) for i in range(3)]
    for aw in todo:
        asyncio.create_task(aw)
    await asyncio.sleep(0.3)
    print("ready")
    await asyncio.sleep(60)
program(body)
"""


def interrupted(label, source, after):
    script = Script(HEAD + source)
    at, _ = script.wait_for("ready", 30)
    if not check("%s: is under way" % label, at is not None, script.seen[-5:]):
        script.finish(0)
        return
    time.sleep(after)
    start = time.monotonic()
    script.interrupt()
    status, lines = script.finish(40)
    expected = repeat(label, lines)
    check("%s: ends, within 30 s" % label, status == expected and "end" in lines and time.monotonic() - start < 30 * SLOW, (status, lines[-8:]))


interrupted("idle", IDLE, 0.1)
for n in range(8):
    interrupted("busy, %d" % n, BUSY, 0.05 + 0.0137 * n)
interrupted("lookups and connects", NETWORK, 0.1)
print("end")
