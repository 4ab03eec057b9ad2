# The freeze meter: a task ticks every 5 ms while lookups, connects and handshakes run that take long or never end.
#
#   freeze.py usocket|builtin|cpython LOOKUPS CONNECTS HANDSHAKES REFUSED LATE STALLED [WAIT]
#
# The last three are ports: REFUSED has no listener, LATE accepts connections after a delay, STALLED never answers a TLS handshake. For each
# phase it prints the longest time between two ticks in ms, the number of gaps over 20 ms, and the operations that succeeded and failed.
import asyncio
import sys

kind = sys.argv[1]
lookups, connects, handshakes, refused, late, stalled = map(int, sys.argv[2:8])
WAIT = float(sys.argv[8]) if len(sys.argv) > 8 else 3.0  # seconds for each operation

if kind == "cpython":
    import time

    def ticks():
        return time.monotonic_ns() // 1000

    def diff(a, b):
        return a - b

    import ssl as tls

    def context():
        c = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        c.check_hostname = False
        c.verify_mode = tls.CERT_NONE
        return c

else:
    from time import ticks_diff as diff
    from time import ticks_us as ticks

    import tls

    def context():
        c = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        c.verify_mode = tls.CERT_NONE
        return c


if kind == "usocket":
    import aiosocket as net

    look_up = net.getaddrinfo
else:
    net = asyncio
    import socket

    if kind == "builtin":

        async def look_up(host, port):  # the only lookup it has; it blocks the loop
            return socket.getaddrinfo(host, port)

    else:

        async def look_up(host, port):
            return await asyncio.get_running_loop().getaddrinfo(host, port)


class Meter:
    def __init__(self):
        self.longest = self.over = 0
        self.stopped = False

    async def tick(self):
        last = ticks()
        while not self.stopped:
            await asyncio.sleep(0.005)
            now = ticks()
            gap = diff(now, last)
            last = now
            if gap > self.longest:
                self.longest = gap
            if gap > 20000:
                self.over += 1


async def attempt(aw, counts):
    try:
        await asyncio.wait_for(aw, WAIT)
        counts[0] += 1
    except (OSError, asyncio.TimeoutError):
        counts[1] += 1


async def connect(host, port):
    r, w = await net.open_connection(host, port)
    w.close()
    await w.wait_closed()


async def shake_hands(port, ctx):
    r, w = await net.open_connection("127.0.0.1", port, ssl=ctx, server_hostname="name.test")
    try:
        w.write(b"hello\n")
        await w.drain()
        await r.read(1)
    finally:
        w.close()


def of_lookups():
    return [look_up("%s%d.test" % (("slow", "silent", "unknown")[i % 3], i), 80) for i in range(lookups)]


def of_connects():
    where = (("127.0.0.1", refused), ("192.0.2.1", 80), ("127.0.0.1", late))
    return [connect(*where[i % 3]) for i in range(connects)]


def of_handshakes():
    ctx = context()
    return [shake_hands(stalled, ctx) for _ in range(handshakes)]


def of_all():
    return of_lookups() + of_connects() + of_handshakes()


async def phase(name, make):
    meter, counts = Meter(), [0, 0]
    ticking = asyncio.create_task(meter.tick())
    await asyncio.sleep(0.05)
    start = ticks()
    tasks = [asyncio.create_task(attempt(aw, counts)) for aw in make()]
    for task in tasks:
        await task
    if not tasks:
        await asyncio.sleep(1)
    took = diff(ticks(), start)
    meter.stopped = True
    await ticking
    print("%s %.1f %d %d %d %.1f" % (name, meter.longest / 1000, meter.over, counts[0], counts[1], took / 1e6))


async def main():
    await phase("idle", lambda: [])
    if lookups:
        await phase("lookups", of_lookups)
    if connects:
        await phase("connects", of_connects)
    if handshakes:
        await phase("handshakes", of_handshakes)
    if lookups and connects and handshakes:
        await phase("all", of_all)
    print("end")


asyncio.run(main())
