# run: limit=60 heap=16m
# The event loop: asyncio's own streams and primitives beside aiosocket's, the end of a program, the cost of waits.
import asyncio
import socket
import sys

core = asyncio.core


async def before_the_import():
    # Tasks that wait in asyncio's own queue continue when aiosocket replaces it.
    # The helpers count descriptors when they are imported, so aiosocket must be imported before them.
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    a = socket.socket()
    a.connect(listener.getsockname())
    b, _ = listener.accept()
    listener.close()
    a.setblocking(False)
    b.setblocking(False)
    task = asyncio.create_task(asyncio.StreamReader(b).readline())
    other = asyncio.create_task(asyncio.StreamReader(a).readline())
    await asyncio.sleep(0.01)
    import aiosocket

    a.send(b"taken over\n")
    got = await asyncio.wait_for(task, 5)
    other.cancel()
    try:
        await other
        cancelled = False
    except asyncio.CancelledError:
        cancelled = True
    a.close()
    b.close()
    return got, cancelled, "aiosocket" in sys.modules


first = asyncio.run(before_the_import())

import aiosocket
from check import SYSTEM, check, collect, descriptors, fail, in_time, number, raised, since, skip, summary, ticks, true
from ends import cases, caught, port_of, soon, stream, streams
from pairs import tcp_pair, udp_pair
from where import HOST, STALE

check("a waiting task is taken over; another cancelled", first[:2], (b"taken over\n", True))


async def busy_for(ms):
    start = ticks()
    while since(start) < ms:
        pass


async def who_sleeps_has_a_turn():
    # Many tasks woken by one poll, or by deadlines that pass together, do not delay a task with a sleep that ends meanwhile.
    longest = 0  # number of these tasks that ran during one sleep of 5 ms
    turns = 0
    done = False

    async def tick():
        nonlocal longest
        while not done:
            before = turns
            await asyncio.sleep(0.005)
            longest = max(longest, turns - before)

    async def work(r):
        nonlocal turns
        try:
            await r.read(10)
        except OSError:
            pass
        turns += 1
        await busy_for(8)

    async def crowd(label, timeout, begin):
        nonlocal longest, done
        done = False
        pairs = [stream() for _ in range(30)]
        for r, _ in pairs:
            r.settimeout(timeout)
        workers = [asyncio.create_task(work(r)) for r, _ in pairs]
        ticking = asyncio.create_task(tick())
        await asyncio.sleep(0.05)
        longest = 0
        for _, s in pairs:
            begin(s)
        for task in workers:
            await task
        done = True
        await ticking
        true("%s: a task that sleeps has its turn before half of the crowd has" % label, 0 < longest < 15, longest)
        for r, s in pairs:
            r.close()
            s.close()

    await crowd("woken together", None, lambda s: s.send(b"x"))
    await crowd("late together", 0.3, lambda s: None)


async def beside_asyncios_streams():
    async def upper(r, w):
        while True:
            line = await r.readline()
            if not line:
                break
            w.write(line.upper())
            await w.drain()
        w.close()
        await w.wait_closed()

    server, port = await port_of(upper)

    async def theirs():
        r, w = await asyncio.open_connection(HOST, port)
        got = []
        for i in range(20):
            w.write(b"line %d\n" % i)
            await w.drain()
            got.append(await r.readline())
        w.close()
        await w.wait_closed()
        return got == [b"LINE %d\n" % i for i in range(20)]

    check("asyncio's streams on aiosocket's queue", await asyncio.gather(*[theirs() for _ in range(5)]), [True] * 5)
    a, b = tcp_pair()
    a.setblocking(False)
    r = asyncio.StreamReader(a)
    e = await caught(asyncio.wait_for(r.read(5), 0.05))
    true("asyncio.wait_for on its stream", isinstance(e, asyncio.TimeoutError), e)
    b.send(b"x")
    check("and it reads afterwards", await r.read(5), b"x")
    a.close()
    b.close()
    server.close()
    await server.wait_closed()


async def primitives():
    event, flag, lock = asyncio.Event(), asyncio.ThreadSafeFlag(), asyncio.Lock()
    s, far = stream()
    order = []

    async def waiter():
        await event.wait()
        order.append("event")
        flag.set()

    async def flagged():
        await flag.wait()
        order.append("flag")
        far.send(b"go\n")

    async def locked():
        async with lock:
            order.append((await s.readline()).decode())

    tasks = [asyncio.create_task(f()) for f in (waiter, flagged, locked)]
    await asyncio.sleep(0)
    event.set()
    await asyncio.gather(*tasks)
    check("events, flags and locks", order, ["event", "flag", "go\n"])
    s.close()
    far.close()


async def timers_among_traffic():
    # Busy connections delay neither sleeping tasks nor new connections.
    a, b = streams()
    over = []

    async def ping(x):
        while not over:
            x.write(b"x" * 100)
            await x.drain()
            await x.read(4096)

    busy = [asyncio.create_task(ping(x)) for x in (a, b)]
    late = 0
    for _ in range(20):
        start = ticks()
        await asyncio.sleep(0.01)
        late = max(late, since(start) - 10)
    c, d = streams()
    c.write(b"new\n")
    check("a new one among busy ones", await asyncio.wait_for(d.readline(), 10), b"new\n")
    true("sleeping tasks wake in time", late < 4000, late)
    over.append(1)
    for task in busy:
        task.cancel()
    await asyncio.sleep(0)

    async def pour():
        n = 0
        while not over[1:]:
            n += 1
            await c.drain()  # has nothing to wait for
        return n

    task = asyncio.create_task(pour())
    await asyncio.sleep(0.02)
    over.append(2)
    true("a tight loop over drain() lets others run", await task > 16)
    for s in (a, b, c, d):
        s.close()


async def one_socket_two_tasks():
    # One task waits to read and another to write on one socket, in both directions where the stack's loopback supports it.
    a, b = streams()
    size = 300000
    back = size if SYSTEM else 5

    async def pour(x, size):
        x.write(bytes(size))
        await x.drain()

    async def take(x, size):
        n = 0
        while n < size:
            n += len(await x.read(10000))
        return n

    got = await asyncio.wait_for(asyncio.gather(take(a, back), pour(a, size), pour(b, back), take(b, size)), 30)
    check("reading and writing at once", got, [back, None, None, size])
    a.close()
    b.close()


async def forgotten():
    # The collector finds unreachable streams, regardless of their last call.
    held = []

    async def handler(r, w):
        if await r.readline() == b"keep\n":
            held.append(w)

    server, port = await port_of(handler)
    collect()
    before = descriptors()

    async def one(n):
        r, w = await aiosocket.open_connection(HOST, port)
        w.write(b"forget\n")
        if n % 3 == 1:
            await caught(asyncio.wait_for(r.read(1), 0.02))
        elif n % 3 == 2:
            r.settimeout(0.02)
            await caught(r.read(1))

    for n in range(12):
        await one(n)
    await asyncio.sleep(0.05)
    true("forgotten streams, at both ends, are closed", await soon(lambda: collect() or descriptors() <= before + STALE + 2), (before, descriptors()))
    r, w = await aiosocket.open_connection(HOST, port)
    w.write(b"keep\n")
    await soon(lambda: held)
    held[0].write(b"kept\n")
    check("one that is kept is not", await r.readline(), b"kept\n")
    held[0].close()
    w.close()
    server.close()
    await server.wait_closed()


async def limits():
    async def quick():
        return 5

    check("wait_for: a result", await aiosocket.wait_for(quick(), 1), 5)
    check("wait_for without a limit", await aiosocket.wait_for(quick(), None), 5)
    start = ticks()
    e = await caught(aiosocket.wait_for(forever(), 0.1))
    true("wait_for: the time passes", isinstance(e, asyncio.TimeoutError) and since(start) >= 100, (e, since(start)))
    e = await caught(aiosocket.wait_for(fails(), 1))
    true("wait_for: an exception", isinstance(e, KeyError), e)
    task = asyncio.create_task(forever())
    e = await caught(aiosocket.wait_for(task, 0.05))
    true("wait_for of a task cancels it", isinstance(e, asyncio.TimeoutError) and task.done(), e)
    task = asyncio.create_task(aiosocket.wait_for(forever(), 10))
    await asyncio.sleep(0.01)
    task.cancel()
    try:
        await task
        check("wait_for is cancelled", False, True)
    except asyncio.CancelledError:
        check("wait_for is cancelled", True, True)


async def limits_and_cancellation():
    # A task cancelled at its deadline is cancelled; of two limits that pass together neither is lost.
    async def patient():
        for _ in range(60):
            try:
                await aiosocket.wait_for(asyncio.Event().wait(), 0.05)
            except asyncio.TimeoutError:
                pass
        return "never cancelled"

    task = asyncio.create_task(patient())
    await asyncio.sleep(0.01)
    await busy_for(60)
    task.cancel()
    try:
        check("a cancellation behind a limit that has passed", await task, "cancelled")
    except asyncio.CancelledError:
        true("a cancellation behind a limit that has passed", True)
    start = ticks()
    e = await caught(aiosocket.wait_for(patient(), 0.05))
    true("a limit within a limit of the same length", isinstance(e, asyncio.TimeoutError) and 50 <= since(start) and in_time(since(start), 2500), (e, since(start)))
    for timeout in (0, -0.5, -1):
        e = await caught(aiosocket.wait_for(asyncio.Event().wait(), timeout))
        true("a limit of %r s has passed" % timeout, isinstance(e, asyncio.TimeoutError), e)


async def forever():
    while True:
        await asyncio.sleep(100)


async def fails():
    raise KeyError("mine")


async def datagrams():
    a = await aiosocket.open_datagram((HOST, 0))
    here = a.get_extra_info("sockname")
    b = await aiosocket.open_datagram(remote_addr=here, timeout=5)
    await b.send(b"one")
    data, peer = await a.recvfrom(100)
    check("a datagram and its sender", (data, peer[0], peer[1]), (b"one", HOST, b.get_extra_info("sockname")[1]))
    await a.sendto(b"two", peer)
    buf = bytearray(10)
    check("and back", (await b.recv_into(buf), bytes(buf[:3])), (3, b"two"))
    await b.send(b"")
    check("an empty one", (await a.recvfrom(100))[0], b"")
    b.settimeout(0.1)
    start = ticks()
    e = await caught(b.recv(10))
    true("a deadline", number(e) == 110 and isinstance(e, socket.timeout) and since(start) >= 100, e)
    task = asyncio.create_task(caught(a.recv(10)))
    await asyncio.sleep(0.01)
    a.close()
    check("close() wakes", number(await task), 9)
    check("closed", (number(await caught(a.recv(1))), number(await caught(a.sendto(b"", here)))), (9, 9))
    b.close()
    # Neither a flood nor an echo blocks other tasks.
    a = await aiosocket.open_datagram((HOST, 0))
    b = await aiosocket.open_datagram(remote_addr=a.get_extra_info("sockname"))
    turns = [0]

    async def count():
        while True:
            turns[0] += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(count())
    for _ in range(200):
        await b.send(b"x")
    true("a loop over send() lets others run", turns[0] > 0, turns[0])
    task.cancel()
    a.close()
    async with b:
        pass
    check("async with", b.s.fileno(), -1)


async def what_follows_a_receive():
    # A stream that has received all is not looked at again before the poller reports it.
    s, far = stream()
    far.sendall(b"1\n")
    check("a line", await s.readline(), b"1\n")
    task = asyncio.create_task(s.readline())
    await asyncio.sleep(0)
    far.sendall(b"2\n")
    task.cancel()
    await asyncio.sleep(0.02)
    check("one that came as its reader was cancelled", await asyncio.wait_for(s.readline(), 5), b"2\n")
    for n in (511, 512, 513, 4096, 9000):
        line = b"x" * (n - 1) + b"\n"
        far.sendall(line + b"3\n")
        check("a line of %d bytes" % n, (await asyncio.wait_for(s.readline(), 5)) == line, True)
        check("the line behind it", await asyncio.wait_for(s.readline(), 5), b"3\n")
    far.sendall(b"x" * 512)
    check("as much as is asked for", len(await s.read(600)), 512)
    far.sendall(b"4\n")
    check("a line after it", await asyncio.wait_for(s.readline(), 5), b"4\n")
    far.sendall(b"last\n")
    far.close()
    await asyncio.sleep(0.01)
    check("a line and the end together", await s.readline(), b"last\n")
    check("the end", await asyncio.wait_for(s.readline(), 5), b"")
    s.close()


def ends():
    async def quick():
        s, far = stream()
        asyncio.create_task(s.readline())
        asyncio.create_task(forever())
        asyncio.create_task(stubborn())
        await asyncio.sleep(0.01)
        held.append((s, far))
        return "result"

    async def stubborn():
        try:
            await forever()
        finally:
            last.append("word")
            await asyncio.sleep(0.01)
            last.append("done")

    held, last = [], []
    check("run gives the result", aiosocket.run(quick()), "result")
    check("the others have their last word", last, ["word", "done"])
    q = core._io_queue
    check("and none remains", (q.waits, len(q.known), core._task_queue.peek()), (0, 0, None))
    for s, far in held:
        s.close()
        far.close()
    e = raised(aiosocket.run, (fails(),))
    true("run raises what the program raises", isinstance(e, KeyError), e)
    # A stream outlives the event loop in which it was created.
    s, far = stream()

    async def read():
        return await s.readline()

    for n in range(3):
        far.send(b"%d\n" % n)
        check("a stream in loop %d" % n, aiosocket.run(read()), b"%d\n" % n)
    s.close()
    far.close()

    async def stuck():
        await asyncio.Event().wait()

    start = ticks()
    check("a program that nothing can wake ends, as with asyncio", asyncio.run(stuck()), None)
    asyncio.new_event_loop()


cases(who_sleeps_has_a_turn, what_follows_a_receive, forgotten, beside_asyncios_streams, primitives, timers_among_traffic, one_socket_two_tasks, limits, limits_and_cancellation, datagrams)
ends()
summary()
