# run: heap=400k net=lo limit=200
# Memory runs out within the calls of tasks: the caller gets the exception, no descriptor, thread or task remains, and other tasks continue.
import asyncio
import gc
import socket

import aiosocket
import usocket

from check import SYSTEM, check, collect, descriptors, fail, ok, tasks, summary, true
from ends import fill, port_of, release, soon
from tlsdata import CERT, KEY
from where import HOST, NAME

MOST = 700  # blocks
EXPECTED = (MemoryError, OSError)
TLSError = getattr(usocket, "TLSError", MemoryError)  # raised if a peer without memory closes the connection
STEPS = list(range(0, 40)) + list(range(40, 150, 3)) + list(range(150, MOST, 25))


async def echo(r, w):
    async with w:
        async for line in r:
            w.write(line)
            await w.drain()


async def look_up(port):
    return await aiosocket.getaddrinfo(NAME, port)


async def connect(port):
    r, w = await aiosocket.open_connection(HOST, port, timeout=5)
    w.close()


async def connect_by_name(port):
    r, w = await aiosocket.open_connection(NAME, port, timeout=5)
    w.close()


def check_answer(line):
    if line != b"hello\n":
        raise ValueError if line else OSError(104)  # the other end had no memory for the connection


async def ask(port):
    r, w = await aiosocket.open_connection(HOST, port, timeout=5)
    try:
        w.write(b"hello\n")
        await w.drain()
        check_answer(await r.readline())
    finally:
        w.close()


async def ask_in_time(port):
    await aiosocket.wait_for(ask(port), 20)


async def ask_through_two(port):
    # Two streams of one socket: one reads while the other writes.
    r, _ = await aiosocket.open_connection(HOST, port, timeout=5)
    try:
        w = aiosocket.StreamWriter(r.s, {})
        w.write(b"hello\n")
        await w.drain()
        check_answer(await r.readline())
        w.close()
    finally:
        r.close()


async def ask_by_tls(port):
    # A handshake with both ends in this program.
    options = {usocket.TLS_OWN_CERT: CERT, usocket.TLS_OWN_KEY: KEY}
    async with (await aiosocket.start_server(echo, HOST, 0, ssl=options)) as server:
        port = server.sockets[0].getsockname()[1]
        r, w = await aiosocket.open_connection(HOST, port, ssl={usocket.TLS_PEER_VERIFY: 0}, timeout=5)
        try:
            w.write(b"hello\n")
            await w.drain()
            check_answer(await r.readline())
        finally:
            w.close()


async def serve(port):
    server = await aiosocket.start_server(echo, HOST, 0)
    server.close()
    await server.wait_closed()


async def send_a_datagram(port):
    async with (await aiosocket.open_datagram((HOST, 0))) as d:
        await d.sendto(b"x", d.get_extra_info("sockname"))
        await d.recv(1)


async def squeezed(k, aw):
    # The exception that awaiting raises while k blocks are free, or None.
    fill(k)
    try:
        await aw
    except BaseException as e:
        return e
    finally:
        release()


async def main():
    odd = []

    def tell(loop, context):
        if not isinstance(context["exception"], EXPECTED):
            odd.append(context["exception"])

    asyncio.get_event_loop().set_exception_handler(tell)
    server, port = await port_of(echo)
    programs = [look_up, connect, connect_by_name, ask, ask_in_time, ask_through_two, serve, send_a_datagram]
    if aiosocket.secure.own_tls():
        programs.append(ask_by_tls)
    for what in programs:
        await what(port)
    for what in programs:
        name = what.__name__
        collect()
        await asyncio.sleep(0.01)
        start, threads = descriptors(), tasks() if SYSTEM else 0
        tried, wrong = 0, None
        for k in STEPS:
            e = await squeezed(k, what(port))
            collect()
            if e is not None and not isinstance(e, MemoryError) and not (isinstance(e, OSError) and (e.errno in (9, 12, 104, 105) or isinstance(e, TLSError))):
                wrong = "with %d free blocks: %r" % (k, e)
                break
            try:
                await aiosocket.wait_for(ask(port), 5)
            except Exception as x:
                wrong = "with %d free blocks: the next is not served: %r" % (k, x)
                break
            tried += e is not None
            if e is None:
                break
        if wrong or e is not None:
            fail(name, wrong or "does not succeed with %d free blocks: %r" % (MOST, e))
        else:
            ok("%s: %d ways of running out of memory" % (name, tried))

        def settled():
            gc.collect()
            return descriptors() == start and (not SYSTEM or tasks() <= threads)

        true("%s leaves no descriptor and no thread" % name, await soon(settled), (descriptors() - start, SYSTEM and tasks() - threads))
    check("each failure of a connection is reported with its own exception", odd, [])
    server.close()
    await server.wait_closed()


try:
    aiosocket.run(main())
finally:
    release()
q = asyncio.core._io_queue
check("nothing waits", (q.waits, len(q.known)), (0, 0))
summary()
