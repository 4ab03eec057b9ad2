# run: limit=90 heap=32m
# A wrong argument raises in the call that received it, with a message that names it; the object stays usable.
import asyncio
import aiosocket
import io

from check import check, number, raised, summary, true
from ends import cases, caught, content, everything, narrow, port_of, stream
from where import HOST

NAN = float("nan")


def refused(label, e, kind, *words):
    # The exception's type must match exactly: a subclass such as gaierror does not.
    true("%s is refused" % label, type(e) is kind and all(word in str(e) for word in words), e)


async def wrong_data():
    s, far = stream()
    for bad in ([1, 2], (1, 2), range(3), [], None, 5, {}):
        kind = type(bad).__name__
        refused("write(%s)" % kind, raised(s.write, (bad,)), TypeError, "data must be", "not " + kind)
        refused("writelines([%s])" % kind, raised(s.writelines, ([bad],)), TypeError, "data must be")
        refused("awrite(%s)" % kind, await caught(s.awrite(bad)), TypeError, "data must be")
        check("after write(%s), drain()" % kind, await caught(s.drain()), None)
        check("and the next write", raised(s.write, (b"good",)), None)
        check("and it is received", far.recv(10), b"good")
    s.close()
    far.close()
    s, far = narrow()
    s.write(bytes(1000000))
    s.limit = None
    refused("write(list) while others wait", raised(s.write, ([1, 2],)), TypeError, "data must be")
    s.write(b"good")
    task = asyncio.create_task(s.wait_closed())
    got = []
    await everything(far, keep=got)
    true("the bytes written before and after are complete", b"".join(got) == bytes(1000000) + b"good")
    await task
    far.close()


async def numbers_of_seconds():
    s, far = stream()
    d = await aiosocket.open_datagram((HOST, 0))
    server, port = await port_of(lambda r, w: None)
    server.close()
    await server.wait_closed()

    async def set_timeout(of, seconds):
        of.settimeout(seconds)

    for label, name, call in (
        ("Stream.settimeout", "timeout", lambda t: set_timeout(s, t)),
        ("Datagram.settimeout", "timeout", lambda t: set_timeout(d, t)),
        ("open_connection timeout=", "timeout", lambda t: aiosocket.open_connection(HOST, port, timeout=t)),
        ("open_connection happy_eyeballs_delay=", "happy_eyeballs_delay", lambda t: aiosocket.open_connection(HOST, port, happy_eyeballs_delay=t)),
        ("open_connection ssl_handshake_timeout=", "ssl_handshake_timeout",
         lambda t: aiosocket.open_connection(HOST, port, ssl=Wraps(), ssl_handshake_timeout=t)),
        ("start_server timeout=", "timeout", lambda t: aiosocket.start_server(print, HOST, 0, timeout=t)),
        ("start_server ssl_handshake_timeout=", "ssl_handshake_timeout",
         lambda t: aiosocket.start_server(print, HOST, 0, ssl=Wraps(), ssl_handshake_timeout=t)),
        ("open_datagram timeout=", "timeout", lambda t: aiosocket.open_datagram((HOST, 0), timeout=t)),
        ("getaddrinfo timeout=", "timeout", lambda t: aiosocket.getaddrinfo(HOST, port, timeout=t)),
    ):
        refused(label + " a str", await caught(call("x")), TypeError, name + " must be a number", "not str")
        refused(label + " a list", await caught(call([])), TypeError, name + " must be a number", "not list")
        refused(label + " -1", await caught(call(-1)), ValueError, name + " must not be negative")
        refused(label + " NaN", await caught(call(NAN)), ValueError, name + " must not be negative or NaN")
        refused(label + " infinity", await caught(call(float("inf"))), OverflowError, name + " too large")
    refused("wait_for(a str)", await caught(aiosocket.wait_for(asyncio.sleep(0), "x")), TypeError, "timeout must be a number", "not str")
    check("wait_for(-1) runs the awaitable once", await caught(aiosocket.wait_for(asyncio.sleep(0), -1)), None)
    check("a timeout that was refused is not kept", (s.timeout, d.timeout), (None, None))
    s.close()
    d.close()
    far.close()


class Wraps:
    # A substitute for a context of tls; it never wraps anything.
    def wrap_socket(self, s, **options):
        raise ValueError("wrapped")


async def limits():
    server, port = await port_of(lambda r, w: None)
    for label, call in (
        ("open_connection", lambda n: aiosocket.open_connection(HOST, port, limit=n)),
        ("start_server", lambda n: aiosocket.start_server(print, HOST, 0, limit=n)),
    ):
        for bad in ("x", 1.5, [1]):
            refused("%s limit=%r" % (label, bad), await caught(call(bad)), TypeError, "limit must be an int", "not " + type(bad).__name__)
        for bad in (0, -1):
            refused("%s limit=%d" % (label, bad), await caught(call(bad)), ValueError, "limit must be 1 or more")
    r, _ = await aiosocket.open_connection(HOST, port, limit=None)
    check("no limit", r.limit, None)
    r.close()
    server.close()
    await server.wait_closed()
    for bad in (5, [], "x"):
        e = await caught(aiosocket.start_server(bad, HOST, 0))
        refused("start_server(%r, ...)" % (bad,), e, TypeError, "cb must be callable", type(bad).__name__)
    async with (await aiosocket.start_server(None, HOST, 0)) as server:
        check("None is accepted, as by asyncio", server.is_serving(), True)


class Gives:
    # readinto() always returns the same count and writes nothing.
    def __init__(self, n):
        self.n = n

    def readinto(self, buf):
        return self.n


class Seeks(Gives):
    def seek(self, offset):
        raise OSError(29)


async def bad_files():
    s, far = stream()
    for label, file, kind, words in (
        ("more than there is room for", Gives(4097), ValueError, "readinto() returned more than there is room for"),
        ("far more", Gives(1000000), ValueError, "readinto() returned more than there is room for"),
        ("less than nothing", Gives(-1), ValueError, "readinto()"),
        ("a str", Gives("x"), TypeError, "readinto()"),
        ("no file", 5, TypeError, "readinto"),
    ):
        refused("sendfile of what gives %s" % label, await caught(s.sendfile(file)), kind, words)
    e = await caught(s.sendfile(Gives(11), 0, 10))
    refused("sendfile of what gives more than is left", e, ValueError, "readinto() returned more than there is room for")
    refused("an offset in what cannot seek", await caught(s.sendfile(Gives(0), 1)), TypeError, "an offset needs a file with seek")
    check("what fails to seek", number(await caught(s.sendfile(Seeks(1), 1))), 29)
    for name, arguments in (("offset", ("x",)), ("offset", (1.5,)), ("offset", (None,)), ("count", (0, "x")), ("count", (0, 1.5))):
        refused("sendfile%r" % (arguments,), await caught(s.sendfile(io.BytesIO(b"abc"), *arguments)), TypeError, name + " must be an int")
    for name, arguments in (("offset", (-1,)), ("count", (0, 0)), ("count", (0, -1))):
        refused("sendfile%r" % (arguments,), await caught(s.sendfile(io.BytesIO(b"abc"), *arguments)), ValueError, name)
    check("of None, as of 0", (await s.sendfile(Gives(None)), await s.sendfile(Gives(0))), (0, 0))
    s.write(b"good")
    s.write_eof()
    check("and none of their bytes has been sent", far.read(), b"good")
    check("nothing is sent after write_eof()", number(await caught(s.sendfile(Gives(0)))), 9)
    s.close()
    check("nor after close()", number(await caught(s.sendfile(Gives(0)))), 9)
    far.close()


class Unlike(io.BytesIO):
    # The second readinto() returns more than the size of the buffer.
    times = 0

    def readinto(self, buf):
        self.times += 1
        n = super().readinto(buf)
        return n if self.times == 1 else len(buf) + 1


async def where_files_stand():
    # sendfile() starts at the offset regardless of the file's position, and leaves the position after the last byte sent, as socket.sendfile().
    data = content(5, 10000)
    a, far = stream()
    b, other = stream()
    b.s.settimeout(5)
    for label, position, arguments in (("0 unless told otherwise", 5, ()), ("the offset", 5, (7000,)), ("it, with a count", 9000, (20, 30))):
        file = io.BytesIO(data)
        file.seek(position)
        sent = await a.sendfile(file, *arguments)
        place = file.tell()
        file.seek(position)
        check("sent from %s" % label, (sent, place), (b.s.sendfile(file, *arguments), file.tell()))
        got = far.read(sent)
        check("these bytes", got == other.read(sent) and got == data[place - sent : place], True)
    file = Unlike(data)
    true("a file that fails", isinstance(await caught(a.sendfile(file, 100)), ValueError))
    check("the position is after the last byte sent", file.tell(), 100 + 4096)
    for s in (a, b, far, other):
        s.close()


class SeeksOnce(io.BytesIO):
    sought = False

    def seek(self, *where):
        if self.sought:
            raise ValueError("seek")
        self.sought = True
        return super().seek(*where)


async def late_files():
    # The exception's `sent` counts the bytes that the stream accepted: exactly these are sent.
    s, far = narrow()
    data = content(9, 3000) * 500
    file = io.BytesIO(data)
    s.settimeout(0.2)
    s.write(b"head ")
    e = await caught(s.sendfile(file, 7))
    true("sendfile's timeout names sendfile", number(e) == 110 and "sendfile" in str(e) and str(e).endswith(": timed out; %d bytes sent" % e.sent), e)
    check("and `sent` is the file's position", file.tell(), 7 + e.sent)
    first = 7 + e.sent
    e = await caught(s.sendfile(file, first, 1200000))
    check("the next counts its own bytes", (number(e), file.tell()), (110, first + e.sent))
    first += e.sent
    s.settimeout(None)
    got = []
    task = asyncio.create_task(everything(far, keep=got))
    check("another goes on from there", await s.sendfile(file, first), len(data) - first)
    await s.wait_closed()
    await task
    true("no byte is missing or repeated", b"".join(got) == b"head " + data[7:])
    far.close()
    s, far = narrow()
    s.settimeout(0.1)
    e = await caught(s.sendfile(SeeksOnce(bytes(300000))))
    check("a failing seek does not replace the timeout", number(e), 110)
    s.abort()
    far.close()
    s, far = stream()
    s.settimeout(0.1)
    task = asyncio.create_task(everything(far))
    e = await caught(s.sendfile(Gives(1000)))
    true("an endless file to a peer that reads everything times out as well", number(e) == 110 and "sendfile" in str(e), e)
    s.settimeout(None)
    await s.wait_closed()
    check("and exactly the counted bytes are received", await task, e.sent)
    far.close()


cases(wrong_data, numbers_of_seconds, limits, bad_files, where_files_stand, late_files)
summary()
