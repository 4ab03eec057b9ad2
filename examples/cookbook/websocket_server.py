# A websocket server (RFC 6455) that answers each text with the same in capitals.
import binascii
import hashlib
import struct

import aiosocket

HOST = "0.0.0.0"
PORT = 8080
LONGEST = 4000  # bytes of a message
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def frame(kind: int, data: bytes):
    size = bytes([len(data)]) if len(data) < 126 else struct.pack(">BH", 126, len(data))
    return bytes([0x80 | kind]) + size + data


async def receive(reader: aiosocket.Stream):
    # Return (kind, data) of the next frame. A client masks what it sends.
    first, size = await reader.readexactly(2)
    if not first & 0x80 or not size & 0x80:
        raise ValueError("a fragment, or not masked")
    size &= 127
    if size >= 126:
        size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
    if size > LONGEST:
        raise ValueError("too long")
    mask = await reader.readexactly(4)
    data = await reader.readexactly(size)
    return first & 15, bytes(data[i] ^ mask[i & 3] for i in range(size))


async def serve(reader: aiosocket.Stream, writer: aiosocket.Stream):
    key, line, kind = b"", b"more", None
    try:
        async with writer:
            while line.strip():  # the headers of the request
                line = await reader.readline()
                name, _, value = line.partition(b":")
                if name.lower() == b"sec-websocket-key":
                    key = value.strip()
            if not key:  # not a websocket's client
                return
            proof = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
            writer.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
            writer.write(b"Sec-WebSocket-Accept: " + binascii.b2a_base64(proof).strip() + b"\r\n\r\n")
            while kind != CLOSE:
                kind, data = await receive(reader)
                if kind in (PING, CLOSE):
                    writer.write(frame(PONG if kind == PING else CLOSE, data))
                elif kind == TEXT:
                    print("message", data)
                    writer.write(frame(TEXT, data.decode().upper().encode()))
                await writer.drain()
    except (OSError, EOFError, ValueError) as e:  # a timeout, a lost connection, frames that are not in order
        print("ended:", e)


async def main():
    server = await aiosocket.start_server(serve, HOST, PORT, timeout=300)
    print("serving at port", PORT)
    await server.serve_forever()


aiosocket.run(main())
