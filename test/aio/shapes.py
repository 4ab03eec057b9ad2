# run: limit=60 heap=32m
# The call shapes of HTTP and WebSocket clients for MicroPython: open_connection(host, port, ssl=...) alone; awrite, readline,
# readexactly, read(n), aclose on the reader; a class method that waits; one session after another.
import asyncio
import aiosocket

from check import check, skip, summary, true
from ends import cases, caught, content, port_of, same
from tlsdata import CERT, KEY
from where import HOST

asyncio.open_connection = aiosocket.open_connection
BODY = content(0, 70000)


async def serve(reader, writer):
    async with writer:
        while True:
            line = await reader.readline()
            if not line:
                return
            headers = {}
            while True:
                h = await reader.readline()
                if h == b"\r\n":
                    break
                k, _, v = h.decode().partition(":")
                headers[k.lower()] = v.strip()
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            path = line.split()[1]
            if path == b"/chunked":
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for at in range(0, len(BODY), 9973):
                    piece = BODY[at : at + 9973]
                    writer.write(b"%x\r\n" % len(piece) + piece + b"\r\n")
                    await writer.drain()
                writer.write(b"0\r\n\r\n")
            elif path == b"/moved":
                writer.write(b"HTTP/1.1 302 Found\r\nLocation: /length\r\nContent-Length: 0\r\n\r\n")
            elif path == b"/ws":
                writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")
                await frames(reader, writer)
                return
            else:
                body = body or BODY
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()


async def frames(reader, writer):
    while True:
        head = await reader.readexactly(2)
        n = head[1] & 0x7F
        if n == 126:
            n = int.from_bytes(await reader.readexactly(2), "big")
        mask = await reader.readexactly(4)
        data = bytes([b ^ mask[i & 3] for i, b in enumerate(await reader.readexactly(n))])
        writer.write(head[:1] + (bytes([n]) if n < 126 else b"\x7e" + n.to_bytes(2, "big")) + data)
        await writer.drain()
        if head[0] & 15 == 8:
            return


class Answer:
    def __init__(self, reader):
        self.reader = reader
        self.headers = {}

    async def head(self):
        self.status = int((await self.reader.readline()).split(None, 2)[1])
        while True:
            line = await self.reader.readline()
            if not line or line == b"\r\n":
                return self
            k, v = line.split(b":", 1)
            self.headers[k.decode().lower()] = v.strip()

    async def read(self):
        if self.headers.get("transfer-encoding") != b"chunked":
            return await self.reader.readexactly(int(self.headers["content-length"]))
        data = b""
        while True:
            n = int((await self.reader.readline()).split(b";")[0], 16)
            left = n
            while left:
                piece = await self.reader.read(left)
                if not piece:
                    return data
                data += piece
                left -= len(piece)
            if await self.reader.readexactly(2) != b"\r\n" or n == 0:
                return data


class Session:
    ssl = None

    async def __aenter__(self):
        return self

    async def __aexit__(self, *args):
        return await asyncio.sleep(0)

    async def request(self, method, port, path, data=b""):
        self.reader, self.writer = await asyncio.open_connection(HOST, port, ssl=self.ssl)
        query = "%s %s HTTP/1.1\r\nHost: %s:%d\r\n%s\r\n" % (method, path, HOST, port, "Content-Length: %d\r\n" % len(data) if data else "")
        await self.writer.awrite(query.encode("latin-1") + data)
        return await Answer(self.reader).head()


async def get(port, path, expected, ssl=None):
    async with Session() as session:
        session.ssl = ssl
        answer = await session.request("GET", port, path)
        same(path, await answer.read(), expected)
        await answer.reader.aclose()


async def http():
    server, port = await port_of(serve)
    await get(port, "/length", BODY)
    await get(port, "/chunked", BODY)
    session = Session()
    answer = await session.request("GET", port, "/moved")
    check("a redirection", (answer.status, answer.headers["location"], await answer.read()), (302, b"/length", b""))
    await answer.reader.aclose()
    answer = await session.request("POST", port, "/back", BODY)
    same("a long request", await answer.read(), BODY)
    await answer.reader.aclose()
    await asyncio.gather(*[get(port, "/chunked", BODY) for _ in range(20)])
    server.close()
    await server.wait_closed()
    true("a closed server is refused", isinstance(await caught(get(port, "/length", BODY)), OSError))


async def https():
    try:
        import tls
    except ImportError:
        skip("https", "no tls in this build")
        return
    ours, theirs = tls.SSLContext(tls.PROTOCOL_TLS_SERVER), tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    ours.load_cert_chain(CERT, KEY)
    theirs.verify_mode = tls.CERT_NONE
    server, port = await port_of(serve, ssl=ours)
    await get(port, "/length", BODY, theirs)
    await asyncio.gather(*[get(port, "/chunked", BODY, theirs) for _ in range(4)])
    server.close()
    await server.wait_closed()


async def websocket():
    server, port = await port_of(serve)
    session = Session()
    answer = await session.request("GET", port, "/ws")
    check("switching", answer.status, 101)
    reader, writer = session.reader, session.writer

    async def send(opcode, data):
        n = len(data)
        frame = bytes([0x80 | opcode, 0x80 | n]) if n < 126 else bytes([0x80 | opcode, 0xFE]) + n.to_bytes(2, "big")
        mask = b"\x11\x22\x33\x44"
        writer.write(frame + mask + bytes([b ^ mask[i & 3] for i, b in enumerate(data)]))
        await writer.drain()

    async def receive():
        head = await reader.readexactly(2)
        n = head[1] & 0x7F
        if n == 126:
            n = int.from_bytes(await reader.readexactly(2), "big")
        return head[0] & 15, await reader.readexactly(n)

    for n in (0, 1, 125, 126, 5000):
        await send(2, content(n, n))
        opcode, data = await receive()
        check("a frame of %d" % n, opcode, 2)
        same("its content", data, content(n, n))
    await send(8, b"")
    check("the close frame", await receive(), (8, b""))
    check("and the end", await reader.read(1), b"")
    await reader.aclose()
    server.close()
    await server.wait_closed()


cases(http, https, websocket)
summary()
