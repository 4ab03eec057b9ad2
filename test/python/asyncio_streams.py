# run: limit=60 heap=16m
# MicroPython's asyncio over usocket: streams, subclass instances, bytes that were put back, the cost of waiting.
import asyncio
import socket

from check import check, raised, sections, since, skip, summary, ticks, true
from pairs import close, tcp_pair
from where import HOST


class Sub(socket.socket):
    pass


def over_a_subclass_instance():
    async def talk():
        s = Sub()
        s.bind((HOST, 0))
        s.listen(1)
        c = Sub()
        c.connect(s.getsockname())
        d, _ = s.accept()
        c.setblocking(False)
        stream = asyncio.StreamReader(c)
        d.send(b"async line\n")
        line = await asyncio.wait_for(stream.readline(), 5)
        close(s, c, d)
        return line

    check("S4: asyncio over a subclass instance", asyncio.run(talk()), b"async line\n")


def asyncio_streams():
    async def echo(reader, writer):
        while True:
            line = await reader.readline()
            if not line:
                break
            writer.write(line.upper())
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def client(port, n):
        reader, writer = await asyncio.open_connection(HOST, port)
        good = True
        for i in range(20):
            message = "client %d line %d\n" % (n, i)
            writer.write(message.encode())
            await writer.drain()
            good = good and await reader.readline() == message.upper().encode()
        big = bytes(range(65, 91)) * 4000 + b"\n"
        writer.write(big)
        await writer.drain()
        good = good and await reader.readexactly(len(big)) == big
        writer.close()
        await writer.wait_closed()
        return good

    async def main():
        port = 0
        s = socket.socket()
        s.bind((HOST, 0))
        port = s.getsockname()[1]
        s.close()
        server = await asyncio.start_server(echo, HOST, port)
        results = await asyncio.gather(*[client(port, n) for n in range(5)])
        server.close()
        await server.wait_closed()
        return results

    check("asyncio: five clients of an echo server", asyncio.run(main()), [True] * 5)
    asyncio.new_event_loop()


def asyncio_and_kept_bytes():
    # asyncio's poll reports bytes that were put back after a timeout.
    async def take(b):
        return await asyncio.wait_for(asyncio.StreamReader(b).read(10), 3)

    a, b = tcp_pair()
    b.settimeout(0.03)
    a.send(b"kept")
    raised(b.read, (10,))
    b.setblocking(False)
    check("asyncio reads what a timed-out read kept", asyncio.run(take(b)), b"kept")
    close(a, b)
    asyncio.new_event_loop()


def a_deadline_takes_nothing():
    # wait_for times out within a line; the next reader gets the whole line, and a second line in the same packet keeps the socket readable.
    async def main(a, b):
        reader = asyncio.StreamReader(b)
        a.send(b"first\nsecond\nhal")
        got = [await asyncio.wait_for(reader.readline(), 3)]
        got.append(await asyncio.wait_for(reader.readline(), 3))
        try:
            await asyncio.wait_for(reader.readexactly(100), 0.1)
        except asyncio.TimeoutError:
            got.append("timeout")
        return got

    a, b = tcp_pair()
    b.setblocking(False)
    check("lines of one packet, then a deadline", asyncio.run(main(a, b)), [b"first\n", b"second\n", "timeout"])
    close(a, b)
    asyncio.new_event_loop()


def both_directions():
    # One task waits to read and another to write on one socket.
    async def main(a, b):
        async def pour():
            writer = asyncio.StreamWriter(b, {})
            writer.write(bytes(300000))
            await writer.drain()
            return "poured"

        async def listen():
            return await asyncio.StreamReader(b).readexactly(5)

        async def other_end():
            await asyncio.sleep(0.1)
            a.send(b"hello")
            reader, n = asyncio.StreamReader(a), 0
            while n < 300000:
                n += len(await reader.read(10000))
            return n

        return await asyncio.wait_for(asyncio.gather(listen(), pour(), other_end()), 20)

    a, b = tcp_pair()
    a.setblocking(False)
    b.setblocking(False)
    check("reader and writer wait on one socket", asyncio.run(main(a, b)), [b"hello", "poured", 300000])
    close(a, b)
    asyncio.new_event_loop()


def cpu():
    # CPU time of this process in hundredths of a second; None where the system does not report it.
    try:
        with open("/proc/self/stat") as f:
            fields = f.read().split(")")[1].split()
            return int(fields[11]) + int(fields[12])
    except OSError:
        return None


def waiting_costs_little():
    async def main(sockets):
        tasks = [asyncio.create_task(asyncio.StreamReader(s).read(1)) for s in sockets]
        await asyncio.sleep(1)
        for t in tasks:
            t.cancel()

    if cpu() is None:
        skip("the cost of waiting", "the CPU time of the process is unknown here")
        return
    pairs = [tcp_pair() for _ in range(4)]
    for a, b in pairs:
        b.setblocking(False)
    before, start = cpu(), ticks()
    asyncio.run(main([b for _, b in pairs]))
    share = (cpu() - before) * 1000 // since(start)
    true("four tasks that wait take less than half of a processor", share < 50, share)
    for a, b in pairs:
        close(a, b)
    asyncio.new_event_loop()


sections(over_a_subclass_instance, asyncio_streams, asyncio_and_kept_bytes, a_deadline_takes_nothing, both_directions, waiting_costs_little)
summary()
