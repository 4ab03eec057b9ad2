# The measured servers: an echo server and an HTTP server. The same program runs on aiosocket, on MicroPython's asyncio with its built-in
# socket, and on CPython's asyncio.
#
#   server.py usocket|builtin|cpython echo|http
#
# It prints its port. The echo server answers a line `?` with the number of bytes allocated on its heap.
import asyncio
import gc
import sys

kind, what = sys.argv[1:3]
if kind == "usocket":
    import aiosocket as net
else:
    net = asyncio

PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world\n"


async def echo(reader, writer):
    while True:
        line = await reader.readline()
        if not line:
            break
        if line == b"?\n":
            gc.collect()
            line = b"%d\n" % (gc.mem_alloc() if kind != "cpython" else 0)
        writer.write(line)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def http(reader, writer):
    while True:
        line = await reader.readline()
        if not line:
            break
        while line not in (b"\r\n", b"\n", b""):
            line = await reader.readline()
        writer.write(PAGE)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


def guard(handler):
    async def guarded(reader, writer):
        try:
            await handler(reader, writer)
        except OSError:
            writer.close()

    return guarded


async def main():
    # The built-in socket has no getsockname, so the port is given.
    port = int(sys.argv[3])
    server = await net.start_server(guard(echo if what == "echo" else http), "127.0.0.1", port, backlog=1024)
    print("ready")
    if kind == "cpython":
        sys.stdout.flush()
    while server:
        await asyncio.sleep(3600)


asyncio.run(main())
