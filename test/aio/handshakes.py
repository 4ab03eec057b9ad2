# run: limit=120 heap=32m
# A server's handshakes have a time limit, and its handler runs after them: a silent, slow or refused client starts no handler and keeps
# no descriptor beyond the limit. The argument `ssl` is checked in the call that receives it, not at the first connection.
import asyncio
import aiosocket
import socket
import usocket

from check import SYSTEM, check, descriptors, number, raised, since, skip, summary, ticks, true
from ends import cases, caught, port_of, soon
from tlsdata import CERT, KEY
from where import HOST

try:
    import tls
except ImportError:
    tls = None
OWN = aiosocket.secure.own_tls()
LIMIT = 4  # seconds; a good client's handshake ends within them on any machine


def ours(**more):
    options = {usocket.TLS_OWN_CERT: CERT, usocket.TLS_OWN_KEY: KEY}
    if more.get("verify"):
        options.update({usocket.TLS_PEER_VERIFY: 2, usocket.TLS_CA_CERT: CERT})
    return options


def client(**more):
    options = {usocket.TLS_PEER_VERIFY: 0}  # CERT contains no host name
    if more.get("own"):
        options.update({usocket.TLS_OWN_CERT: CERT, usocket.TLS_OWN_KEY: KEY})
    return options


def context(server, **more):
    c = tls.SSLContext(tls.PROTOCOL_TLS_SERVER if server else tls.PROTOCOL_TLS_CLIENT)
    if server or more.get("own"):
        c.load_cert_chain(CERT, KEY)
    if not server or more.get("verify"):
        c.load_verify_locations(CERT)
    if more.get("verify"):
        c.verify_mode = tls.CERT_REQUIRED
    return c


def connected(port):
    s = socket.socket()
    s.settimeout(5)
    s.connect((HOST, port))
    return s


class Counted:
    # A handler that counts its runs and the errors that end them.
    def __init__(self):
        self.begun = 0
        self.ends = []

    async def __call__(self, r, w):
        self.begun += 1
        try:
            async with w:
                w.write(b"welcome\n")
                await w.drain()
                async for line in r:
                    w.write(line)
                    await w.drain()
        except Exception as e:
            self.ends.append(number(e))

    def serve(self, **options):
        async def handler(r, w):
            await self(r, w)

        return port_of(handler, **options)


async def greeted(port, ssl, line=b"hello\n", **more):
    r, w = await aiosocket.open_connection(HOST, port, ssl=ssl, server_hostname="localhost", timeout=20, **more)
    try:
        got = await r.readline()
        w.write(line)
        await w.drain()
        return got + await r.readline()
    finally:
        w.close()


async def ended(s, server=None):
    # Wait until the far end has closed; False if it does not.
    s.setblocking(False)

    def over():
        try:
            return s.recv(1000) == b""
        except OSError as e:
            return number(e) != 11

    return await soon(over, 10)


async def limit(name, server_side, client_side, early=False):
    # With `early` the handler runs before the handshake.
    handler = Counted()
    server, port = await handler.serve(ssl=server_side, ssl_handshake_timeout=LIMIT)
    start, before = ticks(), descriptors()
    silent = connected(port)
    slow = connected(port)
    slow.send(b"\x16\x03\x01\x00")  # the first bytes of a ClientHello
    check(name + ": a client beside silent ones is served", await greeted(port, client_side), b"welcome\nhello\n")
    true(name + ": a silent client is let go", await ended(silent) and since(start) >= 1000 * LIMIT, since(start))
    true(name + ": so is one that stops within its ClientHello", await ended(slow))
    check(name + ": connections of the handler", handler.begun, 3 if early else 1)
    if early:
        true(name + ": the handlers get the error", await soon(lambda: handler.ends.count(110) == 2), handler.ends)
    else:
        check(name + ": they are counted", (server.refused, number(server.refusal)), (2, 110))
    silent.close()
    slow.close()
    garbage = connected(port)
    garbage.send(b"GET / HTTP/1.0\r\n\r\n")
    true(name + ": plain text is let go", await ended(garbage))
    garbage.close()
    e = await caught(greeted(port, True))
    true(name + ": a client without CA certificates refuses", isinstance(e, (OSError, ValueError)), e)
    gone = connected(port)
    gone.close()
    check(name + ": and the next is served", await greeted(port, client_side), b"welcome\nhello\n")
    check(name + ": runs of the handler", handler.begun >= 5 if early else handler.begun == 2, True)
    if SYSTEM:
        true(name + ": no descriptor is kept", await soon(lambda: descriptors() <= before), (before, descriptors()))
    server.close()
    await server.wait_closed()


async def limits():
    if OWN:
        await limit("own TLS", ours(), client())
    else:
        skip("own TLS", "this build has none")
    if tls:
        await limit("a context", context(True), context(False), True)
        await limit("a context that asks for certificates", context(True, verify=True), context(False, own=True))


async def default():
    check("the limit when none is given", aiosocket.secure.HANDSHAKE, 60)
    for name, side in (("own TLS", OWN and ours()), ("a context", tls and context(True))):
        if not side:
            continue
        server, port = await port_of(lambda r, w: None, ssl=side)
        check(name + ": a server has it", server._handshake_seconds, 60)
        server.close()
        await server.wait_closed()
        server, port = await port_of(silent_handler, ssl=side, timeout=0.3)
        start = ticks()
        s = connected(port)
        true(name + ": a shorter timeout counts, too", await ended(s) and since(start) >= 300, since(start))
        s.close()
        server.close()
        await server.wait_closed()
    aiosocket.secure.HANDSHAKE = 0.3
    try:
        for name, side in (("own TLS", OWN and ours()), ("a context", tls and context(True))):
            if side:
                server, port = await port_of(silent_handler, ssl=side)
                s = connected(port)
                true(name + ": it ends a silent connection by default", await ended(s))
                s.close()
                server.close()
                await server.wait_closed()
        quiet, port = await port_of(silent_handler)
        for name, side in (("own TLS", OWN and client()), ("True", True), ("a context", tls and context(False))):
            if side:
                start = ticks()
                e = await caught(first_line(port, side))
                true(name + ": a client's handshake has the same limit", number(e) == 110 and since(start) >= 300, (e, since(start)))
        quiet.close()
        await quiet.wait_closed()
    finally:
        aiosocket.secure.HANDSHAKE = 60


async def first_line(port, ssl):
    r, w = await aiosocket.open_connection(HOST, port, ssl=ssl, server_hostname="localhost")
    try:
        await r.readline()
    finally:
        w.abort()


async def late_words():
    # After the handshake its limit is gone: an idle connection stays open.
    async def handler(r, w):
        await asyncio.sleep(LIMIT + 0.5)
        async with w:
            w.write(b"late\n")
            await w.drain()
            await r.readline()

    async def one(name, server_side, client_side):
        server, port = await port_of(handler, ssl=server_side, ssl_handshake_timeout=LIMIT)
        r, w = await aiosocket.open_connection(HOST, port, ssl=client_side, server_hostname="localhost", ssl_handshake_timeout=LIMIT)
        check(name + ": data after the limit", await aiosocket.wait_for(caught_or(r.readline()), 30), b"late\n")
        w.close()
        server.close()
        await server.wait_closed()

    kinds = [("own TLS", ours(), client())] if OWN else []
    if tls:
        kinds.append(("a context that asks for certificates", context(True, verify=True), context(False, own=True)))
    await asyncio.gather(*[one(*kind) for kind in kinds])


async def caught_or(aw):
    try:
        return await aw
    except OSError as e:
        return e


async def silent_handler(r, w):
    async with w:
        try:
            await r.read()
        except OSError:
            pass


async def authenticated():
    if not OWN:
        return skip("client certificates", "this build has no TLS of its own")
    handler = Counted()
    server, port = await handler.serve(ssl=ours(verify=True))
    e = await caught(greeted(port, client()))
    true("a client without a certificate is refused", isinstance(e, OSError), e)
    true("and counted", await soon(lambda: server.refused == 1), server.refusal)
    check("the handler has not run", handler.begun, 0)
    check("a client with one is served", await greeted(port, client(own=True)), b"welcome\nhello\n")
    check("by the handler", handler.begun, 1)
    server.close()
    await server.wait_closed()


async def many():
    # Stalled handshakes delay neither good ones nor the end of the program.
    if not OWN:
        return skip("many", "this build has no TLS of its own")
    handler = Counted()
    server, port = await handler.serve(ssl=ours())
    stalled = [connected(port) for _ in range(20)]
    for s in stalled[::2]:
        s.send(b"\x16\x03\x01")
    got = await asyncio.gather(*[greeted(port, client(), b"%d\n" % n) for n in range(4)])
    check("clients among stalled ones", got, [b"welcome\n%d\n" % n for n in range(4)])
    check("connections of the handler", handler.begun, 4)
    server.close()
    await server.wait_closed()
    for s in stalled:
        s.close()
    true("the stalled end", await soon(lambda: server.refused == 20), server.refused)


async def given_socket():
    if not OWN:
        return skip("sock", "this build has no TLS of its own")
    for how in ("set", "given"):
        s = usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM, usocket.IPPROTO_SEC)
        s.bind((HOST, 0))
        if how == "set":
            for option, value in ours().items():
                s.setsockopt(usocket.SOL_TLS, option, value)
        handler = Counted()

        async def call(r, w):
            await handler(r, w)

        server = await aiosocket.start_server(call, sock=s, ssl=ours() if how == "given" else None, ssl_handshake_timeout=LIMIT)
        port = s.getsockname()[1]
        silent = connected(port)
        check("sock of TLS, options %s" % how, await greeted(port, client()), b"welcome\nhello\n")
        true("a silent client", await ended(silent))
        check("is not the handler's", handler.begun, 1)
        silent.close()
        server.close()
        await server.wait_closed()
    for plain in (True, False):
        if plain or tls:
            s = usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM, 0 if plain else usocket.IPPROTO_SEC)
            s.bind((HOST, 0))
            e = await caught(aiosocket.start_server(call, sock=s, ssl=ours() if plain else context(True)))
            true("a sock that does not fit ssl is refused", isinstance(e, ValueError), e)
            s.close()


class Thing:
    pass


async def arguments():
    def handler(r, w):
        w.close()

    bad = [("ca.pem", TypeError), (b"ca.pem", TypeError), ("", TypeError), ([], TypeError), (Thing(), TypeError), (5, TypeError), (0.5, TypeError),
           ({"cert": CERT}, TypeError), ({2: Thing()}, TypeError), ({2: 0.5}, TypeError)]
    servers = [(True, ValueError)]
    if OWN:
        servers += [({}, ValueError), ({usocket.TLS_OWN_CERT: CERT}, ValueError), ({usocket.TLS_OWN_KEY: KEY}, ValueError),
                    ({usocket.TLS_OWN_CERT: b"", usocket.TLS_OWN_KEY: KEY}, ValueError), ({usocket.TLS_PEER_VERIFY: 0}, ValueError)]
    before = descriptors()
    for ssl, kind in bad + servers:
        e = await caught(aiosocket.start_server(handler, HOST, 0, ssl=ssl))
        label = "start_server(ssl=%s)" % repr(ssl)[:40]
        true(label + " is refused at the call, in words", type(e) is kind and "ssl" in str(e.args[0]), repr(e))
    server, port = await port_of(handler)
    for ssl, kind in bad:
        e = await caught(aiosocket.open_connection(HOST, port, ssl=ssl))
        label = "open_connection(ssl=%s)" % repr(ssl)[:40]
        true(label + " is refused at the call, in words", type(e) is kind and "ssl" in str(e.args[0]), repr(e))
    server.close()
    await server.wait_closed()
    for what in (lambda **k: aiosocket.start_server(handler, HOST, 0, **k), lambda **k: aiosocket.open_connection(HOST, port, **k)):
        true("a limit without a handshake", isinstance(await caught(what(ssl_handshake_timeout=5)), ValueError))
        for seconds in (0, -1, float("nan")):
            e = await caught(what(ssl=OWN and ours() or context(True), ssl_handshake_timeout=seconds))
            true("a limit of %r" % seconds, isinstance(e, ValueError), e)
    if OWN:
        for options in ({usocket.TLS_OWN_CERT: b"no certificate", usocket.TLS_OWN_KEY: KEY}, {usocket.TLS_OWN_CERT: CERT, usocket.TLS_OWN_KEY: KEY, 999: 1}):
            e = await caught(aiosocket.start_server(handler, HOST, 0, ssl=options))
            true("what the options hold is looked at, too", isinstance(e, (OSError, ValueError)), e)
    if SYSTEM:
        true("no descriptor is left", await soon(lambda: descriptors() <= before), (before, descriptors()))


asyncio.get_event_loop().set_exception_handler(lambda loop, context: None)
cases(limits, default, late_words, authenticated, many, given_socket, arguments)
summary()
