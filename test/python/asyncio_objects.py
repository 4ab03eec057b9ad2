# run: net=veth limit=60 heap=16m
# usocket.poller under MicroPython's asyncio, in place of its own, and usocket.resolver and usocket.dialer as awaitables.
import asyncio
import gc
import socket

from check import check, number, raised, sections, since, summary, ticks
from pairs import close, tcp_pair
from where import HOST, NAME, SILENT

ST = socket.SOCK_STREAM


def awaited(o):  # used as `await awaited(o)`
    try:
        while True:
            try:
                return o.result()
            except OSError as e:
                if number(e) != 11:
                    raise
            yield asyncio.core._io_queue.queue_read(o)
    finally:
        o.close()


def poller_of_the_loop():
    # Replaces asyncio's own poller.
    async def echo(reader, writer):
        while True:
            line = await reader.readline()
            if not line:
                break
            writer.write(line)
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def client(port, n):
        reader, writer = await asyncio.open_connection(HOST, port)
        good = 0
        for k in range(10):
            writer.write(b"%d %d\n" % (n, k))
            await writer.drain()
            good += await reader.readline() == b"%d %d\n" % (n, k)
        writer.close()
        await writer.wait_closed()
        return good

    async def main():
        asyncio.core._io_queue.poller = socket.poller()
        s = socket.socket()
        s.bind((HOST, 0))
        port = s.getsockname()[1]
        s.close()
        server = await asyncio.start_server(echo, HOST, port)
        results = await asyncio.gather(*[client(port, n) for n in range(5)])
        server.close()
        await server.wait_closed()
        return results

    check("five clients of an echo server", asyncio.run(main()), [10] * 5)
    asyncio.new_event_loop()

    async def closes(a):
        asyncio.core._io_queue.poller = socket.poller()

        async def waits():
            try:
                return await asyncio.StreamReader(a).read(1)
            except OSError as e:
                return number(e)

        task = asyncio.create_task(waits())
        await asyncio.sleep(0.05)
        a.close()
        return await asyncio.wait_for(task, 5)

    a, b = tcp_pair()
    a.setblocking(False)
    check("closed under a task that reads", asyncio.run(closes(a)), 9)
    b.close()
    asyncio.new_event_loop()

    async def cancels(a, b):
        asyncio.core._io_queue.poller = socket.poller()
        reader = asyncio.StreamReader(a)
        for _ in range(3):
            try:
                await asyncio.wait_for(reader.readexactly(4), 0.03)
            except asyncio.TimeoutError:
                pass
        b.send(b"last")
        return await asyncio.wait_for(asyncio.StreamReader(a).read(4), 5)

    a, b = tcp_pair()
    a.setblocking(False)
    check("cancelled waits, then a read", asyncio.run(cancels(a, b)), b"last")
    close(a, b)
    asyncio.new_event_loop()
    gc.collect()


def lookups_and_connects():
    async def ticking(gaps, stop):
        last = ticks()
        while not stop:
            await asyncio.sleep_ms(5)
            gaps.append(since(last))
            last = ticks()

    async def main(port, own):
        if own:
            asyncio.core._io_queue.poller = socket.poller()
        gaps, stop = [], []
        t = asyncio.create_task(ticking(gaps, stop))
        got = [len(await awaited(socket.resolver(NAME, 80, type=ST))) > 0]
        c = await awaited(socket.dialer(NAME, port, timeout=10))
        got.append(c.getpeername()[1] == port)
        c.close()
        try:
            await awaited(socket.dialer(SILENT[0], SILENT[1], timeout=0.2))
        except socket.timeout:
            got.append("timeout")
        d = socket.dialer(SILENT[0], SILENT[1], timeout=20)
        try:
            await asyncio.wait_for(awaited(d), 0.1)
        except asyncio.TimeoutError:
            got.append("cancelled")
        got.append(number(raised(d.result)))
        stop.append(1)
        await t
        return got, len(gaps) >= 3

    s = socket.create_server((HOST, 0))
    for own in (False, True):
        check(
            "awaited, by {}".format("poller" if own else "select.poll"), asyncio.run(main(s.getsockname()[1], own)),
            ([True, True, "timeout", "cancelled", 9], True),
        )
        asyncio.new_event_loop()
        gc.collect()
    s.close()


sections(poller_of_the_loop, lookups_and_connects)
summary()
