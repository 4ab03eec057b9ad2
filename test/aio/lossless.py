# run: heap=600k limit=400
# The heap is exhausted at each allocation of a stream's calls: only k blocks are free, k = 0, 1, 2 ... until the call succeeds, either from
# the start of the call or from the moment when bytes were received or sent. No received byte is lost, and the sent bytes have no gap.
import asyncio
import gc
import io
import select

import aiosocket
import usocket

from check import check, collect, fail, ok, summary
from ends import caught, content, fill, release
from pairs import narrow_pair, tcp_pair

STEPS = list(range(0, 20)) + list(range(20, 160, 12)) + list(range(160, 1000, 80))
EXPECTED = (MemoryError, OSError)  # its tuple of arguments takes memory as well
used = [False]
room = [None]  # the buffer of read_into()
tight = [None]  # free blocks after bytes were received or sent


def now():
    # Exhausts the heap.
    k, tight[0] = tight[0], None
    if k is not None:
        fill(k)


class Tight(usocket.socket):
    # A socket that exhausts the heap after a call.
    def recv(self, n):
        got = super().recv(n)
        now()
        return got

    def recv_into(self, buf):
        got = super().recv_into(buf)
        now()
        return got

    def write(self, buf):
        sent = super().write(buf)
        now()
        return sent


class Decrypting(io.IOBase):
    # Has the interface of a TLS object of MicroPython's `tls`: it reads, writes and is pollable, but is no socket.
    def __init__(self, s):
        self.s = s
        self.p = select.poll()
        self.p.register(s)

    def ioctl(self, request, arg):
        if request == 3:
            self.p.modify(self.s, arg)
            for _, mask in self.p.ipoll(0):
                return mask
            return 0
        return -1

    def readinto(self, buf):
        try:
            got = self.s.recv_into(buf)
        except OSError as e:
            if e.errno == 11:
                return None
            raise
        now()
        return got

    def read(self, n):
        try:
            got = self.s.recv(n)
        except OSError as e:
            if e.errno == 11:
                return None
            raise
        now()
        return got

    def write(self, buf):
        sent = self.s.write(buf)
        now()
        return sent

    def setblocking(self, flag):
        self.s.setblocking(flag)

    def getsockname(self):
        return self.s.getsockname()

    def close(self):
        self.s.close()


def pair(kind, narrow=False):
    a, b = narrow_pair() if narrow else tcp_pair()
    s = Tight(usocket.AF_INET, usocket.SOCK_STREAM, 0, a.detach()) if kind != "wrapped" else Decrypting(a)
    s.setblocking(False)
    b.settimeout(10)
    stream = aiosocket.Stream(s, {"socket": s.s if kind == "wrapped" else s})
    return stream, b


async def squeezed(k, early, call):
    # Return the call's result and the exception that it raises without memory.
    result = failed = None
    if early:
        fill(k)
    else:
        tight[0] = k
    try:
        result = await call()
    except EXPECTED as e:
        failed = e
    release()
    tight[0] = None
    return result, failed


DATA = b"line of one\n" + content(0, 900).replace(b"\n", b"-") + b"\n" + content(7, 5000).replace(b"\n", b"-") + b"\nlast"


async def feed(far, pieces):
    for piece in pieces:
        far.sendall(piece)
        await asyncio.sleep(0.002)
    far.close()


async def read_into(s, n):
    # Returns the count; the caller copies the bytes when there is memory again.
    room[0] = bytearray(n)
    return await s.readinto(room[0])


READS = (
    ("read(5)", lambda s: s.read(5)), ("read(5000)", lambda s: s.read(5000)), ("read()", lambda s: s.read()), ("readline()", lambda s: s.readline()),
    ("readuntil()", lambda s: s.readuntil(b"ne\n")), ("readexactly(10)", lambda s: s.readexactly(10)), ("readexactly(3000)", lambda s: s.readexactly(3000)),
    ("readinto(5)", lambda s: read_into(s, 5)), ("readinto(600)", lambda s: read_into(s, 600)),
)


async def reading(kind, early, warm, name, call):
    # With `warm` the stream has read before and has bytes buffered.
    label = "%s, %s, %s, %s" % (name, kind, "memory is short" if early else "memory ends when bytes come", "bytes read ahead" if warm else "the first bytes")
    tried = 0
    for k in STEPS:
        s, far = pair(kind)
        got = b""
        if warm:
            far.sendall(b"warm u")
            got = await s.read(4)
        pieces = (DATA[:3], DATA[3:700], DATA[700:])
        feeder = asyncio.create_task(feed(far, pieces))
        await asyncio.sleep(0.001)
        gc.collect()
        result, e = await squeezed(k, early, lambda: call(s))
        if isinstance(result, int):
            result = bytes(memoryview(room[0])[:result])
        if result:
            got += result
        if e is not None and not isinstance(e, MemoryError) and e.errno not in (12, 105):
            return fail(label, "with %d free blocks: %r" % (k, e))
        await feeder
        whole = (b"warm u" if warm else b"") + DATA
        try:
            got += await aiosocket.wait_for(s.read(), 10)
        except Exception as x:
            return fail(label, "with %d free blocks: it cannot be read any more: %r" % (k, x))
        s.close()
        if got != whole:
            at = [i for i in range(min(len(got), len(whole))) if got[i] != whole[i]]
            return fail(label, "with %d free blocks: a hole: %d bytes for %d, differs from %s" % (k, len(got), len(whole), at[:1]))
        if e is None and (early or k > 300):
            break
        tried += e is not None
    if e is not None:
        return fail(label, "does not succeed with %d free blocks: %r" % (k, e))
    ok("%s: %d ways of running out of memory" % (label, tried))


async def all_reads():
    for name, call in READS:
        for early, warm in ((True, False), (False, False), (False, True)):
            await reading("a socket", early, warm, name, call)
        await reading("wrapped", False, True, name, call)


async def taken(far, got):
    # Receive everything up to the end, in small pieces.
    far.setblocking(False)
    while True:
        try:
            piece = far.recv(4000)
            if not piece:
                return
            got.append(piece)
        except OSError as e:
            if e.errno != 11:
                raise
        await asyncio.sleep(0)


async def writing(kind, early, size):
    # A write that is sent at once or in part, and drained while memory is short. The peer receives all bytes before the failure, without a gap.
    label = "write(%d), %s, %s" % (size, kind, "memory is short" if early else "memory ends when bytes have gone")
    before, data, after = b"before", (content(3, 1000) * (1 + size // 1000))[:size], b"after"
    tried = 0
    for k in STEPS:
        s, far = pair(kind, narrow=True)
        s.write(before)
        gc.collect()

        async def call():
            s.write(data)
            await asyncio.sleep(0)

        _, e = await squeezed(k, early, call)
        if e is not None and not isinstance(e, MemoryError) and e.errno not in (12, 105):
            return fail(label, "with %d free blocks: %r" % (k, e))
        got = []
        taker = asyncio.create_task(taken(far, got))
        broken = None
        try:
            s.write(after)
            await aiosocket.wait_for(s.drain(), 10)
        except EXPECTED as x:
            broken = x
        s.close()
        try:
            await aiosocket.wait_for(s.wait_closed(), 10)
        except EXPECTED:
            pass
        await taker
        got = b"".join(got)
        far.close()
        whole = before + (data if e is None else b"") + after
        if broken is None and got != whole and got != before + data + after:
            return fail(label, "with %d free blocks: a hole: %d bytes for %d" % (k, len(got), len(whole)))
        if broken is not None and not (before + data).startswith(got):
            return fail(label, "with %d free blocks: other bytes: %d" % (k, len(got)))
        if e is None and broken is not None:
            return fail(label, "with %d free blocks: no call reports the end of the stream: %r" % (k, broken))
        tried += e is not None
        if e is None and (early or k > 300):
            break
    ok("%s: %d ways of running out of memory" % (label, tried))


async def draining(kind):
    # The heap is exhausted when the loop sends a part of the buffer, and is free again a little later.
    label = "drain, %s" % kind
    data = content(3, 1000) * 60
    for k in STEPS[::2]:
        s, far = pair(kind, narrow=True)
        s.limit = None
        s.write(data)
        s.write(b"more")
        got = []
        gc.collect()
        taker = asyncio.create_task(later(far, got))
        await asyncio.sleep(0)
        tight[0] = k
        used[0] = False
        e = await caught(s.drain())
        if e is not None:
            await asyncio.sleep(0.05)
        if not (release() or used[0]):
            return fail(label, "with %d free blocks: memory has not ended" % k)
        e = e or await caught(aiosocket.wait_for(s.wait_closed(), 20))
        s.close()
        await taker
        far.close()
        got = b"".join(got)
        exact = got.startswith(data) and got.endswith(b"more") if len(got) == len(data) + 4 else e is not None and data.startswith(got)
        if not exact:
            return fail(label, "with %d free blocks: %d bytes for %d: %r" % (k, len(got), len(data) + 4, e))
        got = None
    ok("%s: nothing is sent twice, nothing is left out" % label)


async def later(far, got):
    got.append(far.recv(20000))
    for _ in range(500):
        await asyncio.sleep(0.01)
        if tight[0] is None:  # the heap has been exhausted
            break
    await asyncio.sleep(0.02)
    used[0] = release()
    await taken(far, got)


async def main():
    asyncio.get_event_loop().set_exception_handler(print)
    await all_reads()
    for kind in ("a socket", "wrapped"):
        for early in (True, False):
            for size in (10, 3000, 50000):
                await writing(kind, early, size)
        await draining(kind)


try:
    aiosocket.run(main())
finally:
    release()
collect()
q = asyncio.core._io_queue
check("nothing waits", (q.waits, len(q.known)), (0, 0))
summary()
