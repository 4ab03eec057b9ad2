# run: limit=60 heap=16m
# Each call of a stream: its result, the bytes that stay buffered, and its behaviour at the end of the stream.
import asyncio
import aiosocket
import io
import socket
from array import array

from check import check, number, raised, since, summary, ticks, true
from ends import cases, caught, content, everything, narrow, port_of, same, soon, stream, streams
from where import HOST


async def reading():
    s, far = stream()
    far.sendall(b"one\ntwo\nthree four five")
    check("readline", await s.readline(), b"one\n")
    check("read(n) of buffered bytes", await s.read(2), b"tw")
    check("readexactly over it", await s.readexactly(4), b"o\nth")
    check("readuntil", await s.readuntil(b"ee"), b"ree")
    check("readuntil of more than one byte", await s.readuntil(b" fo"), b" fo")
    buf = bytearray(3)
    check("readinto", (await s.readinto(buf), bytes(buf)), (3, b"ur "))
    check("readinto nothing", await s.readinto(bytearray(0)), 0)
    check("read(0)", await s.read(0), b"")
    check("read(n) returns the available bytes", await s.read(100), b"five")
    far.sendall(b"more")
    far.close()
    check("not at the end yet", s.at_eof(), False)
    check("read() to the end", await s.read(), b"more")
    check("at the end", s.at_eof(), True)
    check("read at the end", (await s.read(), await s.read(5), await s.readline()), (b"", b"", b""))
    check("readinto at the end", await s.readinto(bytearray(5)), 0)
    e = await caught(s.readexactly(1))
    true("readexactly at the end", isinstance(e, EOFError) and e.partial == b"", e)
    e = await caught(s.readuntil(b"x"))
    true("readuntil at the end", isinstance(e, aiosocket.IncompleteReadError) and e.partial == b"", e)
    s.close()
    await s.wait_closed()
    e = await caught(s.read(1))
    check("reading a closed stream", number(e), 9)
    check("writing there", number(raised(s.write, (b"x",))), 9)
    s.close()
    await s.wait_closed()


async def in_pieces():
    s, far = stream()

    async def pieces(*parts):
        for part in parts:
            await asyncio.sleep(0.02)
            far.sendall(part)

    for label, call, parts, expected in (
        ("readline in pieces", lambda: s.readline(), (b"a", b"b", b"c\n"), b"abc\n"),
        ("readexactly in pieces", lambda: s.readexactly(5), (b"12", b"3", b"45"), b"12345"),
        ("a separator cut in two", lambda: s.readuntil(b"\r\n\r\n"), (b"x\r\n", b"\r", b"\n"), b"x\r\n\r\n"),
        ("a separator that only began", lambda: s.readuntil(b"--+"), (b"x--", b"-", b"+"), b"x---+"),
    ):
        task = asyncio.create_task(pieces(*parts))
        check(label, await call(), expected)
        await task
    task = asyncio.create_task(pieces(b"12", b"3"))
    check("some of it first", await s.readexactly(1), b"1")
    await task
    far.sendall(b"4\n")
    far.close()
    e = await caught(s.readexactly(9))
    true("readexactly: the exception has the partial data", isinstance(e, EOFError) and e.partial == b"234\n" and e.expected == 9, e)
    s.close()


async def lines():
    s, far = stream()
    far.sendall(b"a\nbb\n\nlast")
    far.close()
    got = []
    async for line in s:
        got.append(line)
    check("async for", got, [b"a\n", b"bb\n", b"\n", b"last"])
    s.close()
    s, far = stream()
    s.limit = 20
    far.sendall(b"x" * 19 + b"\n" + b"y" * 20 + b"\n" + b"z" * 5000 + b"\n")
    check("a line as long as the limit", await s.readline(), b"x" * 19 + b"\n")
    e = await caught(s.readline())
    true("a longer one", isinstance(e, aiosocket.LimitOverrunError) and isinstance(e, ValueError), e)
    s.limit = 30
    e = await caught(s.readuntil())
    true("and so for readuntil, where the bytes stay", isinstance(e, aiosocket.LimitOverrunError), e)
    s.limit = None
    check("no limit", len(await s.readline()), 5001)
    s.close()
    far.close()


async def much():
    size = 400000
    a, b = streams()
    data = content(0, 1000) * (size // 1000)

    async def give():
        a.write(data)
        await a.drain()
        a.close()
        await a.wait_closed()

    task = asyncio.create_task(give())
    same("readexactly of much", await b.readexactly(size - 10), data[:-10])
    same("and the rest", await b.read(), data[-10:])
    await task
    b.close()
    a, b = streams()
    task = asyncio.create_task(give())
    got = bytearray(size)
    mv, n = memoryview(got), 0
    while n < size:
        n += await b.readinto(mv[n : n + 7001])
    same("readinto of much", got, data)
    await task
    b.close()
    a, b = streams()
    a.limit = None
    task = asyncio.create_task(give())
    b.limit = None
    same("a long line", await b.readline(), data[: data.find(b"\n") + 1])
    same("read() of the rest", await b.read(), data[data.find(b"\n") + 1 :])
    await task
    b.close()


async def writing():
    s, far = stream()
    s.write(b"bytes ")
    s.write("text ")
    s.write(bytearray(b"array "))
    s.write(memoryview(b"view "))
    s.writelines([b"a", b"b"])
    s.write(b"")
    await s.drain()
    await s.awrite(b"-awrite-", 1, 6)
    s.write_eof()
    check("all kinds", far.read(30), b"bytes text array view abawrite")
    check("write_eof", far.recv(100), b"")
    check("nothing is written after it", number(raised(s.write, (b"x",))), 9)
    far.sendall(b"and back")
    check("but read", await s.read(8), b"and back")
    s.close()
    far.close()


def late(name, far):
    # The text of a call that was late; it names a peer that has an address.
    address = far.getsockname()
    return name + ("" if isinstance(address, (str, bytes)) else (" [%s]:%d" if ":" in address[0] else " %s:%d") % address[:2]) + ": timed out"


async def waits_for_room():
    s, far = narrow()
    s.write(bytes(1000000))  # more than the connection's buffers hold
    check("one write of any size", number(raised(s.write, (b"x",))), 105)
    s.settimeout(0.2)
    start = ticks()
    e = await caught(s.drain())
    took = since(start)
    true("drain waits until its deadline", isinstance(e, socket.timeout) and number(e) == 110 and took >= 200, (e, took))
    e = s.limit = None
    for name, call in (("drain", lambda: s.drain()), ("awrite", lambda: s.awrite(b""))):
        check("the timeout of %s names it" % name, (await caught(call())).args[1], late(name, far))
    s.limit = aiosocket.stream.LIMIT
    s.settimeout(None)
    task = asyncio.create_task(everything(far, 1000001))
    await s.drain()
    s.write(b"y")
    s.write_eof()
    got = await task
    far.settimeout(10)
    check("then all bytes are sent, followed by the end", (got, far.recv(10)), (1000001, b""))
    s.close()
    far.close()


async def goes_out_by_itself():
    s, far = narrow()
    s.write(bytes(1000000))
    s.write_eof()
    s.close()  # without drain() or wait_closed()
    check("close() waits for the written bytes", (s.is_closing(), s.s.fileno() >= 0), (True, True))
    check("which are sent, followed by the end", await everything(far), 1000000)
    true("and the socket is closed", await soon(lambda: s.s.fileno() < 0))
    far.close()
    s, far = narrow()
    s.settimeout(0.3)
    s.write(bytes(1000000))
    s.close()
    e = await caught(s.wait_closed())
    check("a peer that does not read is left", (number(e), s.s.fileno()), (110, -1))
    far.close()
    await keeps_the_cause()
    s, far = narrow()
    s.write(bytes(1000000))
    s.abort()
    check("abort does not wait", s.s.fileno(), -1)
    far.close()


async def keeps_the_cause():
    # The first error of a stream stays for all later calls.
    for label, before in (("close", lambda s: s.close()), ("close and write_eof", lambda s: (s.close(), s.write_eof()))):
        s, far = narrow()
        s.settimeout(0.1)
        s.write(bytes(1000000))
        before(s)
        check("%s: the peer does not read" % label, (await caught(s.wait_closed())).args, (110, late("close", far)))
        s.write_eof()
        check("%s: write_eof() changes nothing" % label, (await caught(s.wait_closed())).args, (110, late("close", far)))
        far.close()
    s, far = narrow()
    s.write(bytes(1000000))
    s.abort()
    s.write_eof()
    check("aborted", number(await caught(s.wait_closed())), 103)
    far.close()
    s, far = narrow()
    s.write(bytes(1000000))
    far.close()  # close with unread bytes sends a reset
    first = await caught(s.drain())
    s.write_eof()
    true("a reset", isinstance(first, OSError), first)
    true("is what the later calls raise, too", await caught(s.drain()) is first and await caught(s.wait_closed()) is first)


async def contexts():
    a, b = streams()
    async with a:
        a.write(b"bye")
        check("extra: the socket", a.get_extra_info("socket") is a.s, True)
        check("extra: names", a.get_extra_info("sockname"), b.get_extra_info("peername"))
        check("extra: unknown", (a.get_extra_info("nonsense"), a.get_extra_info("nonsense", 5)), (None, 5))
    check("async with closes", a.s.fileno(), -1)
    check("after sending", await b.read(), b"bye")
    try:
        async with b:
            raise KeyError("mine")
    except KeyError:
        pass
    check("and when something is raised", b.s.fileno(), -1)
    async with (await aiosocket.start_server(lambda r, w: None, HOST, 0)) as server:
        check("a server, too", server.is_serving(), True)
        fds = [s.fileno() for s in server.sockets]
        true("is listening", fds[0] >= 0, fds)
    check("and is closed", server.sockets, [])


async def deadlines():
    s, far = stream()
    s.settimeout(0.15)
    far.sendall(b"par")
    for label, call in (
        ("readline", lambda: s.readline()), ("readexactly", lambda: s.readexactly(8)), ("readuntil", lambda: s.readuntil(b"!")),
        ("read to the end", lambda: s.read()),
    ):
        start = ticks()
        e = await caught(call())
        took = since(start)
        true("%s obeys the timeout" % label, isinstance(e, socket.timeout) and number(e) == 110 and took >= 150, (e, took))
        check("and the message names the call", e.args[1], late(label.split()[0], far))
    check("the received bytes stay buffered", await s.read(10), b"par")
    for label, call in (("read", lambda: s.read(5)), ("read of much", lambda: s.read(5000)), ("readinto", lambda: s.readinto(bytearray(5))),
                        ("readline of which nothing has come", lambda: s.readline())):
        start = ticks()
        e = await caught(call())
        true("%s obeys it" % label, number(e) == 110 and since(start) >= 150, e)
        check("and the message names the call", e.args[1], late(label.split()[0], far))
    # The deadline limits the whole call, even if bytes keep arriving.
    async def trickle():
        for _ in range(20):
            far.sendall(b".")
            await asyncio.sleep(0.05)

    task = asyncio.create_task(trickle())
    start = ticks()
    e = await caught(s.readexactly(100))
    took = since(start)
    true("of the whole call", number(e) == 110 and 150 <= took, (e, took))
    await task
    s.settimeout(5)
    check("and nothing is lost", await s.readexactly(20), b"." * 20)
    s.settimeout(None)
    for bad in (-1, float("nan")):
        true("settimeout(%r)" % bad, isinstance(raised(s.settimeout, (bad,)), ValueError))
    for n in (-1, -5):
        true("readexactly(%d)" % n, isinstance(await caught(s.readexactly(n)), ValueError))
    true("readuntil of nothing", isinstance(await caught(s.readuntil(b"")), ValueError))
    s.close()
    far.close()


async def close_wakes():
    s, far = stream()
    task = asyncio.create_task(caught(s.readline()))
    await asyncio.sleep(0.02)
    e = await caught(s.read(1))
    true("one reader at a time", isinstance(e, RuntimeError), e)
    s.close()
    check("close() wakes the reader", number(await task), 9)
    far.close()


async def another_reader():
    # While one task waits for the rest of its line, another must not read its bytes.
    s, far = stream()
    far.sendall(b"part")
    task = asyncio.create_task(s.readuntil(b"\n"))
    await asyncio.sleep(0.05)
    for name, call in (("read", lambda: s.read(100)), ("readexactly", lambda: s.readexactly(2)), ("readinto", lambda: s.readinto(bytearray(2))),
                       ("readline", s.readline), ("read to the end", s.read)):
        e = await caught(call())
        true("%s while another task reads" % name, isinstance(e, RuntimeError), e)
    far.sendall(b"ial\nnext")
    check("which gets all of its line", await task, b"partial\n")
    check("and the next is for the next", await s.read(100), b"next")
    s.close()
    far.close()


async def exact_limit():
    # No line is longer than the limit, alone or followed by more bytes.
    for behind in (b"", b"z"):
        s, far = stream()
        s.limit = 10
        far.sendall(b"x" * 9 + b"\n" + behind)
        check("a line as long as the limit, %d behind" % len(behind), await s.readline(), b"x" * 9 + b"\n")
        check("the bytes after it", await s.read(1) if behind else b"", behind)
        far.sendall(b"x" * 10 + b"\n" + behind)
        e = await caught(s.readuntil())
        true("a line that is longer, %d behind" % len(behind), isinstance(e, aiosocket.LimitOverrunError), e)
        check("the count of bytes without a separator", e.consumed, 10)
        check("and nothing is lost", await s.read(100), b"x" * 10 + b"\n" + behind)
        s.close()
        far.close()


async def over_the_limit():
    # readline() discards a line beyond the limit, as asyncio does, so a loop that continues after the error ends.
    async def lines(s):
        got = []
        for _ in range(20):
            try:
                line = await s.readline()
            except ValueError:
                got.append("longer")
                continue
            if not line:
                break
            got.append(line)
        return got

    for label, limit, sent, expected in (
        ("a longer line that is whole is dropped", 10, b"x" * 30 + b"\nnext\n", ["longer", b"next\n"]),
        ("of one byte too many", 10, b"x" * 10 + b"\nnext\n", ["longer", b"next\n"]),
        ("two in a row, between others", 10, b"one\n" + b"x" * 30 + b"\n" + b"y" * 20 + b"\nnext\n", [b"one\n", "longer", "longer", b"next\n"]),
        ("the last thing before the end", 10, b"one\n" + b"x" * 30, [b"one\n", "longer"]),
        ("the last line", 10, b"one\n" + b"x" * 30 + b"\n", [b"one\n", "longer"]),
    ):
        s, far = stream()
        s.limit = limit
        far.sendall(sent)
        far.close()
        check("readline() beyond the limit: " + label, await lines(s), expected)
        s.close()
    s, far = stream()
    s.limit = 10
    far.sendall(b"x" * 12)
    e = await caught(s.readline())
    true("readline() beyond the limit: a line that has no end yet", isinstance(e, ValueError), e)
    far.sendall(b"yz\nnext\n")
    check("its received part is discarded, later bytes are not", await lines_of(s, 2), [b"yz\n", b"next\n"])
    far.sendall(b"a--b--c----------d--")
    s.limit = 6
    check("readuntil of two bytes", (await s.readuntil(b"--"), await s.readuntil(b"--")), (b"a--", b"b--"))
    e = await caught(s.readuntil(b"--d--"))
    true("beyond the limit: the bytes stay", isinstance(e, aiosocket.LimitOverrunError), e)
    check("and are read by what the error counts", await s.readexactly(e.consumed), b"c--------")
    check("with what follows", await s.read(100), b"--d--")
    far.sendall(b"x" * 12)
    e = await caught(s.readuntil(b"--"))
    check("no separator yet: of two bytes one may be its first", (e.consumed, await s.readexactly(12)), (11, b"x" * 12))
    s.close()
    far.close()


async def lines_of(s, n):
    got = []
    for _ in range(n):
        got.append(await s.readline())
    return got


async def sends_files():
    # sendfile() reads blocks of a fixed size and lets other tasks run.
    data = content(3, 300000)
    s, far = narrow()
    turns = [0]

    async def tick():
        while True:
            turns[0] += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(tick())
    got = []
    taker = asyncio.create_task(everything(far, keep=got))
    file = io.BytesIO(data)
    s.write(b"head ")
    check("sendfile: the count", await s.sendfile(file), len(data))
    check("from an offset", (await s.sendfile(file, 299990), file.tell()), (10, 300000))
    check("and no more than that", (await s.sendfile(file, 5, 9000), file.tell()), (9000, 9005))
    check("of nothing", await s.sendfile(io.BytesIO(b"")), 0)
    for bad in (0, -1):
        true("a count of %d" % bad, isinstance(await caught(s.sendfile(file, 0, bad)), ValueError))
    s.write(b" tail")
    await s.wait_closed()
    await taker
    same("what has been sent, in order", b"".join(got), b"head " + data + data[299990:] + data[5:9005] + b" tail")
    true("others have run meanwhile", turns[0] > 10, turns[0])
    task.cancel()
    far.close()
    s, far = narrow()
    s.settimeout(0.2)
    start = ticks()
    e = await caught(s.sendfile(io.BytesIO(bytes(3000000))))
    took = since(start)
    true("a peer that does not read: the timeout is that of the whole call", number(e) == 110 and took >= 200, (e, took))
    s.abort()
    far.close()


async def wide_items():
    # write() counts bytes, for any item size of a buffer.
    values = array("H", range(300))
    for label, buf in (("an array", values), ("a view of one", memoryview(values)), ("a view of bytes", memoryview(bytes(values)))):
        s, far = stream()
        s.write(buf)
        await aiosocket.wait_for(s.drain(), 5)
        await aiosocket.wait_for(s.wait_closed(), 5)
        check("%s is sent as bytes" % label, far.recv(1000), bytes(values))
        far.close()
    s, far = narrow()
    s.limit = None
    long = array("I", range(100000))
    s.write(long)
    await asyncio.sleep(0)
    task = asyncio.create_task(s.wait_closed())
    got = []
    await everything(far, keep=got)
    same("a long one, of which a part goes at a time", b"".join(got), bytes(long))
    await task
    far.close()


async def many_waits():
    # Deadlines that never pass cost one entry in the queue, not one per call.
    a, b = streams()
    a.settimeout(30)
    b.settimeout(30)
    for _ in range(300):
        a.write(b"x\n")
        await a.drain()
        await b.readline()
    before = length(asyncio.core._task_queue)
    true("deadlines are moved, not piled up", before <= 3, before)
    a.close()
    b.close()
    check("and go with their streams", length(asyncio.core._task_queue), 1)  # the entry of this program


def length(queue):
    held = []
    while queue.peek():
        t = queue.pop()
        held.append((t, t.ph_key))
    for t, key in held:
        queue.push(t, key)
    return len(held)


cases(reading, in_pieces, lines, much, writing, waits_for_room, goes_out_by_itself, contexts, deadlines, close_wakes, another_reader, exact_limit, over_the_limit, sends_files, wide_items, many_waits)
summary()
