# run: limit=90 heap=16m
# A wrong argument is refused by the call that it is given to, in words that name it; and what it was given to goes on as before.
import asyncio
import aiosocket

from check import check, raised, summary, true
from ends import cases, caught, everything, narrow, port_of, stream
from where import HOST

NAN = float("nan")


def refused(label, e, kind, *words):
    # The kind is exact: a subclass, such as a gaierror, is another matter.
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
        check("which comes", far.recv(10), b"good")
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
    true("what was written before and after is whole", b"".join(got) == bytes(1000000) + b"good")
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
    check("wait_for(-1) gives what is there a turn", await caught(aiosocket.wait_for(asyncio.sleep(0), -1)), None)
    check("a timeout that was refused is not kept", (s.timeout, d.timeout), (None, None))
    s.close()
    d.close()
    far.close()


class Wraps:
    # It stands in for a context of tls; nothing comes to be wrapped.
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
        check("None is taken, as by asyncio", server.is_serving(), True)


cases(wrong_data, numbers_of_seconds, limits)
summary()
