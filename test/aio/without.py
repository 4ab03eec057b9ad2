# run: net=veth limit=60 heap=16m
# A build of usocket without resolver, dialer and poller: addresses are tried in turn, select.poll is used, and lookups block.
import asyncio
import aiosocket
import select

import usocket

ABSENT = ("resolver", "dialer", "poller")


class Less:
    def __getattr__(self, name):
        if name in ABSENT:
            raise AttributeError(name)
        return getattr(usocket, name)


aiosocket.dial.usocket = aiosocket.waiting.usocket = Less()
asyncio.new_event_loop()

from check import check, number, since, summary, ticks, true
from ends import cases, caught, content, port_of, same
from where import HOST, NAME, SILENT


async def echo(r, w):
    async with w:
        async for line in r:
            w.write(line)
            await w.drain()


async def connections():
    check("the poller", type(asyncio.core._io_queue.poller), type(select.poll()))
    server, port = await port_of(echo)

    async def ask(host):
        r, w = await aiosocket.open_connection(host, port, timeout=10)
        async with w:
            data = content(0, 50000).replace(b"\n", b"-") + b"\n"
            w.write(data)
            await w.drain()
            return await r.readline() == data

    check("clients of an echo server", await asyncio.gather(*[ask(HOST) for _ in range(5)]), [True] * 5)
    check("by name", await ask(NAME), True)
    check("a lookup", (await aiosocket.getaddrinfo(HOST, 80))[0][4], (HOST, 80))
    server.close()
    await server.wait_closed()
    e = await caught(aiosocket.open_connection(NAME, port, timeout=10))
    check("refused", number(e), 111)


async def silent_peer():
    turns = [0]

    async def tick():
        while True:
            turns[0] += 1
            await asyncio.sleep(0.01)

    task = asyncio.create_task(tick())
    start = ticks()
    e = await caught(aiosocket.open_connection(*SILENT, timeout=0.3))
    true("a deadline", number(e) == 110 and isinstance(e, usocket.timeout) and since(start) >= 300, (e, since(start)))
    true("others run meanwhile", turns[0] >= 5, turns)
    waiting = asyncio.create_task(aiosocket.open_connection(*SILENT))
    await asyncio.sleep(0.05)
    waiting.cancel()
    try:
        await waiting
    except asyncio.CancelledError:
        pass
    task.cancel()


async def datagrams():
    async with (await aiosocket.open_datagram((HOST, 0))) as a:
        async with (await aiosocket.open_datagram(remote_addr=a.get_extra_info("sockname"))) as b:
            await b.send(b"x")
            check("a datagram", await a.recv(10), b"x")


cases(connections, silent_peer, datagrams)
summary()
