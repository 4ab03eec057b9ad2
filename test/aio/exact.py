# run: limit=90 heap=32m
# Several writers of one stream, cancellation at every await, peers that reset after every byte: the data is exact to the byte.
import asyncio
import aiosocket
import socket

from check import check, collect, descriptors, fail, number, settles, summary, true
from ends import cases, caught, content, narrow, port_of, same, soon, stream, streams
from pairs import LINGER_RESETS, reset
from where import HOST

core = asyncio.core


def stepped(coro, k, seen):
    # Run coro and cancel its task at the k-th wait. seen[0] counts the waits.
    thrown = None
    while True:
        try:
            if thrown is None:
                coro.send(None)
            else:
                thrown, e = None, thrown
                coro.throw(e)
        except StopIteration as e:
            return e.value
        seen[0] += 1
        if seen[0] == k:
            core.create_task(cancel(core.cur_task))
        try:
            yield
        except BaseException as e:
            thrown = e


async def cancel(task):
    task.cancel()


async def cancelled_at(k, coro):
    # Return (True if there was a k-th wait, the result of coro).
    seen = [0]
    task = asyncio.create_task(stepped(coro, k, seen))
    try:
        result = await task
    except asyncio.CancelledError:
        return True, None
    except asyncio.TimeoutError:  # raised by the program itself
        result = None
    return seen[0] >= k, result


# ---- Writers --------------------------------------------------------------------------------------------------------


def sizes(seed):
    while True:
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        yield 1 + (seed >> 8) % 3000


def records(writer, n):
    size = sizes(writer)
    return [b"%d %d " % (writer, i) + content(writer, next(size)).replace(b"\n", b"-") + b"\n" for i in range(n)]


async def take(far, got, most):
    # Receive everything at the far end.
    far.settimeout(0)
    while True:
        try:
            piece = far.recv(most)
            if not piece:
                return
            got.extend(piece)
        except OSError as e:
            if number(e) != 11:
                raise
        await asyncio.sleep(0)


async def writers(unlucky):
    # Eight tasks write to one stream at once; some are cancelled while they drain.
    s, far = narrow()
    written = [[] for _ in range(8)]

    async def one(n):
        for record in records(n, 60):
            s.write(record)
            written[n].append(record)
            await s.drain()

    tasks = [asyncio.create_task(one(n)) for n in range(8)]
    got = bytearray()

    taker = asyncio.create_task(take(far, got, 5000))
    for n in unlucky:
        await asyncio.sleep(0.005)
        tasks[n].cancel()
    for n, task in enumerate(tasks):
        try:
            await task
        except asyncio.CancelledError:
            pass
    s.close()
    await s.wait_closed()
    await taker
    far.close()
    lines = bytes(got).split(b"\n")
    check("every record is whole", (lines.pop(), len(lines)), (b"", sum(len(w) for w in written)))
    for n in range(8):
        mine = [line + b"\n" for line in lines if line.startswith(b"%d " % n)]
        true("those of writer %d are in order" % n, mine == written[n], (len(mine), len(written[n])))
    if not unlucky:
        check("all of them", [len(w) for w in written], [60] * 8)


async def all_write():
    await writers(())


async def some_are_cancelled():
    await writers((1, 4, 6))


# ---- Cancellation ---------------------------------------------------------------------------------------------------


async def reader_cancelled():
    data = b"".join(b"line %d\n" % i for i in range(12)) + content(0, 9000) + b"tail"
    parts = [data[:3], data[3:20], data[20:61], data[61:62], data[62:5000], data[5000:5001], data[5001:]]

    async def feed(far):
        for part in parts:
            far.sendall(part)
            await asyncio.sleep(0)
            await asyncio.sleep(0.001)
        far.close()

    async def program(s, got):
        for call in (
            s.readline, s.readline, lambda: s.readexactly(30), lambda: s.readuntil(b"e 7\n"), lambda: s.read(5), lambda: s.read(5000),
            lambda: s.readexactly(3000), lambda: into(s), lambda: s.read(),
        ):
            got.extend(await call())

    async def into(s):
        buf = bytearray(700)
        n = await s.readinto(buf)
        return buf[:n]

    k = whole = 0
    while True:
        k += 1
        s, far = stream()
        got = bytearray()
        feeder = asyncio.create_task(feed(far))
        again, _ = await cancelled_at(k, program(s, got))
        got.extend(await s.read())
        await feeder
        s.close()
        if got == data:
            whole += 1
        else:
            same("cancelled at wait %d" % k, bytes(got), data)
        if not again or k > 100:
            break
    true("reading, cancelled at each of %d waits, is exact" % k, whole == k and k >= 5, (whole, k))


async def writer_cancelled():
    pieces = [content(i, 20000) for i in range(12)]

    async def program(s, put):
        for piece in pieces:
            s.write(piece)
            put.extend(piece)
            await s.drain()

    k = whole = 0
    while True:
        k += 1
        s, far = narrow()
        put, got = bytearray(), bytearray()
        taker = asyncio.create_task(take(far, got, 7000))
        again, _ = await cancelled_at(k, program(s, put))
        s.close()
        await s.wait_closed()
        await taker
        far.close()
        if got == put:
            whole += 1
        else:
            same("cancelled at wait %d" % k, bytes(got), bytes(put))
        if not again or k > 200:
            break
    true("writing, cancelled at each of %d waits, is exact" % k, whole == k and k >= 3, (whole, k))


async def nothing_left():
    # A cancellation at any wait leaves no descriptor open.
    async def echo(r, w):
        try:
            async with w:
                async for line in r:
                    w.write(line)
                    await w.drain()
        except OSError:
            pass  # a cancelled client resets its connection

    server, port = await port_of(echo)

    async def client():
        r, w = await aiosocket.open_connection(HOST, port)
        async with w:
            w.write(b"hello\n")
            await w.drain()
            await r.readline()

    async def lookup():
        await aiosocket.getaddrinfo("localhost", 80)

    async def serve():
        async with (await aiosocket.start_server(echo, HOST, 0)) as other:
            r, w = await aiosocket.open_connection(HOST, other.sockets[0].getsockname()[1])
            async with w:
                await r.read(1)

    async def datagrams():
        a = await aiosocket.open_datagram((HOST, 0))
        try:
            async with (await aiosocket.open_datagram(remote_addr=a.get_extra_info("sockname"))) as b:
                await b.send(b"x")
                await a.recv(10)
                await a.recv(10)
        finally:
            a.close()

    async def closing():
        s, far = narrow()
        try:
            async with s:
                s.write(bytes(300000))
        finally:
            far.close()
            s.abort()

    collect()
    for label, program in (
        ("a client", client), ("a lookup", lookup), ("a server", serve), ("datagrams", datagrams), ("wait_closed", closing),
    ):
        await asyncio.sleep(0.02)
        collect()
        before, k = descriptors(), 0
        while True:
            k += 1
            again, _ = await cancelled_at(k, aiosocket.wait_for(program(), 0.2))
            if not again or k > 30:
                break
        await soon(lambda: descriptors() <= before, 2)
        check("%s, cancelled at each of %s waits, leaves no descriptor" % (label, "its"), descriptors() - before, 0)
    server.close()
    await server.wait_closed()


async def timeouts_and_results():
    # wait_for returns a result that arrives at the deadline; it is never lost.
    s, far = stream()
    total = 300
    sent = got = late = 0

    async def give():
        nonlocal sent
        while sent < total:
            far.sendall(b"%03d\n" % sent)
            sent += 1
            await asyncio.sleep_ms(1 + sent % 4)

    task = asyncio.create_task(give())
    while got < total:
        try:
            line = await aiosocket.wait_for(s.readline(), 0.002)
        except asyncio.TimeoutError:
            late += 1
            continue
        if line != b"%03d\n" % got:
            fail("a line that came as the time passed", "got %r, expected number %d" % (line, got))
            break
        got += 1
    await task
    true("lines and time limits of the same size: all %d lines, some limits passed" % total, got == total and late > 0, (got, late))
    s.close()
    far.close()


# ---- Resets ---------------------------------------------------------------------------------------------------------


async def reset_after_each_byte():
    data = b"ab\ncd\n" + content(0, 40)
    good = ends = 0
    for n in range(len(data) + 1):
        s, far = stream()
        if n:
            far.sendall(data[:n])
        reset(far, s.s)
        got, e = bytearray(), None
        try:
            while True:
                if len(got) < 6:
                    piece = await s.readline()
                elif len(got) < 20:
                    piece = await s.readexactly(3)
                else:
                    piece = await s.read(7)
                if not piece:
                    break
                got.extend(piece)
        except EOFError as caught_:
            e = caught_
            got.extend(e.partial)
        except OSError as caught_:
            e = caught_
            try:
                got.extend(await s.read())  # the bytes received before the reset
            except OSError:
                pass
        if got == data[:n]:
            good += 1
        else:
            same("reset after %d bytes" % n, bytes(got), data[:n])
        if number(e) == 104:
            ends += 1
        s.close()
    check("reset after each byte: the received bytes are exact", good, len(data) + 1)
    check("and each reader gets the error", ends, len(data) + 1)


async def reset_while_writing():
    data = content(0, 60000)
    told = 0
    points = (0, 1, 2, 100, 1000, 4096, 10000, 30000, 59999)
    for n in points:
        s, far = narrow()
        got = bytearray()

        async def take():
            while len(got) < n:
                got.extend(far.recv(n - len(got)))
                await asyncio.sleep(0)
            far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            far.close()

        task = asyncio.create_task(take())
        e = None
        try:
            for _ in range(100):
                s.write(data)
                await s.drain()
                await asyncio.sleep(0.001)
        except OSError as caught_:
            e = caught_
        await task
        if got != (data * 2)[:n]:
            same("the first %d bytes" % n, bytes(got), data[:n])
        told += number(e) in (32, 104)
        true("a writer whose peer resets after %d bytes: %d" % (n, number(e) or 0), number(e) in (32, 104), e)
        e = await caught(s.drain())
        true("and it stays broken", number(e) in (32, 104), e)
        s.close()
        try:
            await s.wait_closed()
        except OSError:
            pass
        check("and closes", s.s.fileno(), -1)


programs = [all_write, some_are_cancelled, reader_cancelled, writer_cancelled, nothing_left, timeouts_and_results, reset_after_each_byte]
if LINGER_RESETS:
    programs.append(reset_while_writing)
cases(*programs)
summary()
