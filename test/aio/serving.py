# run: limit=60 heap=16m files=100
# A listener survives every error; the behaviour of one client does not affect the others.
import asyncio
import aiosocket
import select
import socket

from check import SYSTEM, check, in_time, number, raised, since, summary, ticks, true
from ends import cases, caught, port_of, soon
from where import HOST


async def echo(r, w):
    async with w:
        async for line in r:
            w.write(line)
            await w.drain()


async def ask(port, line=b"hello\n", timeout=10):
    r, w = await aiosocket.open_connection(HOST, port, timeout=timeout)
    async with w:
        w.write(line)
        await w.drain()
        return await r.readline()


def connected(port):
    # A plain socket; the kernel completes its connection before any accept.
    s = socket.socket()
    s.settimeout(5)
    s.connect((HOST, port))
    return s


async def out_of_descriptors():
    server, port = await port_of(echo)
    one = connected(port)
    one.send(b"before\n")
    await soon(lambda: readable(one))
    check("a client before", one.recv(20), b"before\n")
    waiting = [connected(port) for _ in range(5)]
    hog = []
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        try:
            while len(hog) < 1000:
                hog.append(socket.socket(socket.AF_INET, kind))
        except OSError as e:
            check("no descriptor is left", number(e) in (12, 23, 24), True)
    if SYSTEM:  # on other stacks accept may find no connection instead of failing
        true("the listener finds none, and pauses", await soon(lambda: server.pauses >= 2), server.pauses)
    start = ticks()
    one.send(b"during\n")
    await soon(lambda: readable(one))
    check("others are served meanwhile", one.recv(20), b"during\n")
    check("the rest is not accepted", [readable(s) for s in waiting], [False] * 5)
    for s in hog:
        s.close()
    for n, s in enumerate(waiting):
        s.send(b"%d\n" % n)
    true("and continues when some are free again", await soon(lambda: all(readable(s) for s in waiting)))
    check("all are served", [s.recv(20) for s in waiting], [b"%d\n" % n for n in range(5)])
    check("new ones, too", await ask(port), b"hello\n")
    for s in waiting + [one]:
        s.close()
    server.close()
    await server.wait_closed()


def readable(s):
    p = select.poll()
    p.register(s, select.POLLIN)
    return bool(p.poll(0))


async def forgotten_sockets():
    # Descriptors of unreachable sockets are freed by a collection.
    server, port = await port_of(echo)

    def forget():
        for _ in range(300):
            try:
                raised(socket.socket)
            except OSError:
                pass

    forget()
    check("a client after hundreds of forgotten sockets", await ask(port), b"hello\n")
    server.close()
    await server.wait_closed()


async def gone_before_accept():
    server, port = await port_of(echo)
    for _ in range(5):
        s = socket.socket()
        s.connect((HOST, port))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        s.close()
    check("clients that reset before they are accepted", await ask(port), b"hello\n")
    server.close()
    await server.wait_closed()


async def handlers_fail():
    told = []
    loop = asyncio.get_event_loop()
    loop.set_exception_handler(lambda loop, context: told.append(context["exception"]))

    async def handler(r, w):
        line = await r.readline()
        if line == b"bad\n":
            raise KeyError("bad")
        w.write(line)
        await w.drain()
        w.close()

    server, port = await port_of(handler)
    s = connected(port)
    s.send(b"bad\n")
    true("a handler that fails closes its connection", await soon(lambda: readable(s)))
    check("with nothing in it", s.recv(10), b"")
    s.close()
    true("its exception is reported", await soon(lambda: len(told) == 1) and isinstance(told[0], KeyError), told)
    check("and the next client is served", await ask(port), b"hello\n")
    server.close()
    await server.wait_closed()
    loop.set_exception_handler(None)

    def plain(r, w):
        w.write(b"plain\n")
        w.close()

    server, port = await port_of(plain)
    check("a handler that is no coroutine", await ask(port), b"plain\n")
    server.close()
    await server.wait_closed()


async def slow_clients():
    served = [0]

    async def handler(r, w):
        async with w:
            while True:
                try:
                    line = await r.readline()
                except OSError as e:
                    w.write(b"late\n" if number(e) == 110 else b"?\n")
                    return
                if line in (b"\r\n", b""):
                    break
            served[0] += 1
            w.write(b"page\n")

    server, port = await port_of(handler, timeout=1)
    slow = [connected(port) for _ in range(30)]
    for s in slow:
        s.send(b"GET / HT")  # an incomplete request
    start = ticks()
    for _ in range(20):
        check("a client among slow ones", await ask(port, b"GET / HTTP/1.0\r\n\r\n"), b"page\n")
    true("does not wait for them", served[0] == 20 and in_time(since(start), 10000), since(start))
    true("which have their own deadlines", await soon(lambda: all(readable(s) for s in slow), 10))
    check("and get the error", [s.recv(20) for s in slow], [b"late\n"] * 30)
    for s in slow:
        s.close()
    server.close()
    await server.wait_closed()


async def backlog():
    counts = []
    for n in (2, 6):
        server, port = await port_of(echo, backlog=n)
        clients = []
        p = select.poll()
        for _ in range(12):  # no task accepts while this loop runs
            s = socket.socket()
            s.setblocking(False)
            raised(s.connect, ((HOST, port),))
            clients.append(s)
            p.register(s, select.POLLOUT)
        counts.append(len([1 for _, ev in p.poll(100) if ev & select.POLLOUT and not ev & (select.POLLERR | select.POLLHUP)]))
        for s in clients:
            p.unregister(s)
            s.close()
        server.close()
        await server.wait_closed()
    # Linux accepts one more than the backlog.
    true("a backlog is honoured: of 12 clients, connected before anybody accepts", counts in ([2, 6], [3, 7]), counts)


async def closing():
    server, port = await port_of(echo)
    r, w = await aiosocket.open_connection(HOST, port)
    w.write(b"one\n")
    check("a connection", await r.readline(), b"one\n")
    server.close()
    await server.wait_closed()
    check("a closed server", (server.is_serving(), server.sockets), (False, []))
    w.write(b"two\n")
    check("its connections stay", await r.readline(), b"two\n")
    e = await caught(aiosocket.open_connection(HOST, port, timeout=5))
    check("but accepts no more", number(e), 111)
    server.close()
    w.close()
    server, port = await port_of(echo)
    task = asyncio.create_task(server.serve_forever())
    check("serve_forever", await ask(port), b"hello\n")
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
    await asyncio.sleep(0.05)
    check("closes when it is cancelled", server.sockets, [])
    s = socket.socket()
    s.bind((HOST, 0))
    port = s.getsockname()[1]
    server = await aiosocket.start_server(echo, sock=s)
    check("a socket of one's own", await ask(port), b"hello\n")
    e = await caught(aiosocket.start_server(echo, HOST, port, reuse_address=False))
    check("an address in use", number(e), 98)
    server.close()
    await server.wait_closed()


async def cancelled_start():
    # A cancellation at any point leaves no socket and no task.
    core = asyncio.core
    for turns in range(4):
        await asyncio.sleep(0)
        task = asyncio.create_task(aiosocket.start_server(echo, HOST, 0))
        for _ in range(turns):
            await asyncio.sleep(0)
        cancelled = task.cancel()
        try:
            server = await task
            server.close()
            await server.wait_closed()
        except asyncio.CancelledError:
            true("start_server was cancelled after %d turns" % turns, cancelled)
        await asyncio.sleep(0.02)
        check("no listener is left after %d turns" % turns, (core._io_queue.waits, len(core._io_queue.known)), (0, 0))


async def closed_by_another():
    # The program closes the listening socket without the server.
    server, port = await port_of(echo)
    check("a client before that", await ask(port), b"hello\n")
    server.sockets[0].close()
    true("it serves no more", await soon(lambda: not server.is_serving()))
    await aiosocket.wait_for(server.wait_closed(), 5)
    check("and its task has ended", server.sockets, [])


class NoMemoryForTLS:
    def __init__(self, error):
        self.error = error

    def wrap_socket(self, s, **options):
        raise self.error


async def connection_fails():
    # A connection fails before its handler starts, and there is no exception handler: the default one prints it.
    for error in (OSError(12, "no memory for TLS"), ValueError("a bad certificate"), MemoryError("no memory")):
        server, port = await port_of(echo, ssl=NoMemoryForTLS(error))
        for _ in range(2):
            c = connected(port)
            true("a connection that fails is closed: %r" % error, await soon(lambda: readable(c)) and c.recv(1) == b"")
            c.close()
        true("and nothing more: %r" % error, server.is_serving())
        server.close()
        await server.wait_closed()

    def bad_handler(loop, context):
        raise KeyError("the handler's own")

    asyncio.get_event_loop().set_exception_handler(bad_handler)
    server, port = await port_of(echo, ssl=NoMemoryForTLS(ValueError("a bad certificate")))
    c = connected(port)
    true("a handler of exceptions that fails, too", await soon(lambda: readable(c)) and server.is_serving())
    c.close()
    server.close()
    await server.wait_closed()
    asyncio.get_event_loop().set_exception_handler(None)


async def no_host():
    server = await aiosocket.start_server(echo, None, 0)
    ports = [s.getsockname()[1] for s in server.sockets]
    true("no host: every family, one port", len(set(ports)) == 1 and ports, ports)
    check("reached", await ask(ports[0]), b"hello\n")
    server.close()
    await server.wait_closed()


cases(out_of_descriptors, forgotten_sockets, gone_before_accept, handlers_fail, slow_clients, backlog, closing, cancelled_start, closed_by_another, connection_fails, no_host)
summary()
