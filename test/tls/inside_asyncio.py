# TLS sockets under asyncio's own streams, in MicroPython: both ends are ours. Prints as inside.py does.
import asyncio, errno, sys
import usocket as socket
from ends import HOST, TLS, check, error, make_client, make_listener, readable


async def streams():
    Stream = asyncio.StreamWriter
    l, at = make_listener()
    l.setblocking(False)
    seen = []

    async def serve(s):
        stream = Stream(s)
        while True:
            line = await stream.readline()
            if not line:
                break
            stream.write(b"<" + line)
            await stream.drain()
        stream.close()
        await stream.wait_closed()

    async def accepting(n):
        tasks = []
        for _ in range(n):
            while not readable(l):
                await asyncio.sleep_ms(2)
            s, _ = l.accept()
            s.setblocking(False)
            tasks.append(asyncio.create_task(serve(s)))
        for t in tasks:
            await t

    async def client(i):
        c = make_client(0)
        try:
            c.connect(at)
        except OSError as e:
            if e.args[0] != errno.EINPROGRESS:
                raise
        stream = Stream(c)
        for k in range(5):
            stream.write(b"%d.%d\n" % (i, k))
            await stream.drain()
            line = await stream.readline()
            seen.append(line == b"<%d.%d\n" % (i, k))
        stream.close()
        await stream.wait_closed()
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep_ms(1)
    ticker = asyncio.create_task(tick())
    silent = socket.socket()
    silent.connect(at)
    server = asyncio.create_task(accepting(5))
    await asyncio.gather(*[client(i) for i in range(4)])
    ticker.cancel()
    silent.close()
    server.cancel()
    check("asyncio streams, beside a client that stalls", len(seen) == 20 and all(seen) and ticks > 5, (len(seen), ticks))
    l.close()


async def failures():
    # asyncio's streams raise what the socket raises, words and all.
    for name, words in (("other.test", "not other.test"), (HOST, "without a goodbye")):
        l, at = make_listener()
        c = make_client(0)
        c.setsockopt(TLS, socket.TLS_HOSTNAME, name)
        error(c.connect, at)
        s, _ = l.accept()
        s.setblocking(False)
        told = []

        async def ask():
            stream = asyncio.StreamWriter(c)
            try:
                stream.write(b"hello\n")
                await stream.drain()
                await stream.readline()
            except OSError as e:
                told.append(e)

        async def cut():
            try:
                await asyncio.StreamReader(s).readline()
                socket.socket(fileno=s.detach()).close()
            except OSError:
                pass
        await asyncio.gather(ask(), cut())
        e = told and told[0]
        check("asyncio: " + words, isinstance(e, socket.TLSError) and words in str(e) and e.args[0] < 0, repr(e))
        c.close()
        s.close()
        l.close()


for part in (streams, failures):
    try:
        asyncio.run(part())
    except Exception as e:
        check(part.__name__, False, repr(e))
        sys.print_exception(e)
print("end")
