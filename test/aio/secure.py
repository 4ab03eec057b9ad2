# run: limit=60 heap=32m
# Streams over TLS objects of MicroPython's `tls`: the same calls and the same data, one record at a time.
import asyncio
import aiosocket
import usocket

from check import SYSTEM, check, number, skip, summary, true
from ends import cases, caught, content, port_of, same, soon
from tlsdata import CERT, KEY
from where import HOST

try:
    import tls
except ImportError:
    tls = None


def contexts():
    server = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(CERT, KEY)
    client = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(CERT)
    return server, client


async def echo(r, w):
    async with w:
        async for line in r:
            w.write(line.upper())
            await w.drain()


async def lines():
    server_side, client_side = contexts()
    server, port = await port_of(echo, ssl=server_side)

    async def one(n):
        r, w = await aiosocket.open_connection(HOST, port, ssl=client_side, server_hostname="localhost", timeout=20)
        good = True
        for i in range(10):
            w.write(b"client %d line %d\n" % (n, i))
            await w.drain()
            good = good and await r.readline() == b"CLIENT %d LINE %d\n" % (n, i)
        check("client %d: names below TLS" % n, w.get_extra_info("peername"), (HOST, port))
        w.close()
        await w.wait_closed()
        return good

    check("four clients at once", await asyncio.gather(*[one(n) for n in range(4)]), [True] * 4)
    server.close()
    await server.wait_closed()


async def much():
    # Several writers send more than the connection's buffers hold, in both directions where the stack's loopback supports it. mbedTLS
    # needs an unfinished record offered again unchanged, or the record is lost.
    sizes = {"client": 300000, "server": 300000 if SYSTEM else 400}
    server_side, client_side = contexts()
    got = {}

    async def talk(name, r, w):
        w.limit = None

        async def write(part):
            data = content(part, sizes[name] // 4)
            for at in range(0, len(data), 5003):
                w.write(b"%d" % part + len(data[at : at + 5003]).to_bytes(2, "big") + data[at : at + 5003])
                await w.drain()

        tasks = [asyncio.create_task(write(part)) for part in range(4)]
        parts = [bytearray() for _ in range(4)]
        size = sizes["client" if name == "server" else "server"]
        while sum(len(p) for p in parts) < size:
            head = await r.readexactly(3)
            parts[int(head[:1])].extend(await r.readexactly(int.from_bytes(head[1:], "big")))
        for task in tasks:
            await task
        got[name] = parts, size

    async def handler(r, w):
        await talk("server", r, w)
        w.close()
        await w.wait_closed()

    server, port = await port_of(handler, ssl=server_side)
    r, w = await aiosocket.open_connection(HOST, port, ssl=client_side, server_hostname="localhost")
    await talk("client", r, w)
    w.close()
    await w.wait_closed()
    await soon(lambda: "server" in got, 20)
    for name in ("client", "server"):
        for part in range(4):
            same("%s, part %d" % (name, part), bytes(got[name][0][part]), content(part, got[name][1] // 4))
    server.close()
    await server.wait_closed()


async def one_after_the_other():
    # A reader slower than its peer: many writes without drain(), in records that the socket accepts in pieces.
    server_side, client_side = contexts()
    sent = []

    async def handler(r, w):
        w.limit = None
        for i in range(200):
            piece = content(i, 1 + i * 37 % 9000)
            w.write(piece)
            sent.append(piece)
            if i % 7 == 0:
                await asyncio.sleep(0)
        w.close()
        await w.wait_closed()

    server, port = await port_of(handler, ssl=server_side)
    r, w = await aiosocket.open_connection(HOST, port, ssl=client_side, server_hostname="localhost", timeout=20)
    got = bytearray()
    while True:
        piece = await r.read(3000)
        if not piece:
            break
        got.extend(piece)
        if len(got) % 5 == 0:
            await asyncio.sleep(0.001)
    same("writes without drain", bytes(got), b"".join(sent))
    w.close()
    await w.wait_closed()
    server.close()
    await server.wait_closed()


async def trouble():
    server_side, client_side = contexts()
    server, port = await port_of(echo, ssl=server_side)
    r, w = await aiosocket.open_connection(HOST, port, timeout=0.3)
    await asyncio.sleep(0.05)
    check("a silent client does not block others: it waits", number(await caught(r.read(1))), 110)
    r2, w2 = await aiosocket.open_connection(HOST, port, ssl=client_side, server_hostname="localhost", timeout=20)
    w2.write(b"hello\n")
    check("the next one is served", await r2.readline(), b"HELLO\n")
    w.close()
    w2.close()
    await w2.wait_closed()

    r, w = await aiosocket.open_connection(HOST, port, ssl=client_side, server_hostname="other.test", timeout=20)

    async def ask(r, w):
        w.write(b"hello\n")
        await w.drain()
        await r.readline()

    e = await caught(ask(r, w))
    true("a certificate of another name", isinstance(e, (OSError, ValueError)) and number(e) != 110, e)
    w.close()

    async def trust():
        r, w = await aiosocket.open_connection(HOST, port, ssl=True, server_hostname="localhost", timeout=20)
        try:
            await ask(r, w)  # usocket's own TLS has already refused
        finally:
            w.close()

    e = await caught(trust())
    true("ssl=True rejects an unknown certificate", isinstance(e, (OSError, ValueError)) and number(e) != 110, e)
    server.close()
    await server.wait_closed()

    async def silent(r, w):
        await r.read()
        w.close()

    server, port = await port_of(silent)
    r, w = await aiosocket.open_connection(HOST, port, ssl=client_side, server_hostname="localhost", timeout=0.3)
    w.write(b"x")
    check("a handshake that is not answered", number(await caught(r.readline())), 110)
    w.abort()
    server.close()
    await server.wait_closed()


async def own():
    # usocket's own TLS sockets: options in a dict; open_connection awaits the handshake.
    server, port = await port_of(echo, ssl={usocket.TLS_OWN_CERT: CERT, usocket.TLS_OWN_KEY: KEY}, limit=None)
    r, w = await aiosocket.open_connection(HOST, port, ssl={usocket.TLS_PEER_VERIFY: 0}, server_hostname="localhost", timeout=20)
    for i in range(5):
        w.write(b"own %d\n" % i)
        await w.drain()
        check("own TLS: line %d" % i, await r.readline(), b"OWN %d\n" % i)
    data = bytes(range(65, 91)) * 8000
    r.limit = None
    w.write(data + b"\n")
    task = asyncio.create_task(w.drain())
    same("own TLS: a long line", await r.readline(), data + b"\n")
    await task
    w.close()
    await w.wait_closed()
    e = await caught(aiosocket.open_connection(HOST, port, ssl=True, server_hostname="localhost", timeout=20))
    true("own TLS verifies", isinstance(e, usocket.TLSError), e)

    async def silent(r, w):
        async with w:
            await r.read()

    stuck, stuck_port = await port_of(silent)
    e = await caught(aiosocket.open_connection(HOST, stuck_port, ssl=True, server_hostname="localhost", timeout=0.3))
    check("own TLS: a handshake that is not answered", number(e), 110)
    for options, words in (({usocket.TLS_CA_CERT: b"nothing"}, "TLS_CA_CERT"), ({usocket.TLS_MIN_VERSION: 5}, "TLS_MIN_VERSION"), ({9999: 1}, "option 9999")):
        e = await caught(aiosocket.open_connection("no-such-name.invalid", port, ssl=options, timeout=20))
        true("own TLS: an option is refused before the lookup: %s" % words, words in str(e), e)
    for x in (server, stuck):
        x.close()
        await x.wait_closed()


async def own_is_absent():
    # A build without TLS never falls back to plain TCP.
    server, port = await port_of(echo)
    e = await caught(aiosocket.open_connection(HOST, port, ssl={2: b"localhost"}, timeout=20))
    check("own TLS is refused in a build without it", number(e), 93)
    server.close()
    await server.wait_closed()


programs = []
asyncio.get_event_loop().set_exception_handler(lambda loop, context: None)  # silences the handlers of clients that refuse the certificate
if tls is None:
    skip("TLS by tls", "this interpreter has no tls module")
else:
    programs += [lines, much, one_after_the_other, trouble]
programs.append(own if aiosocket.dial.own_tls() else own_is_absent)
cases(*programs)
summary()
