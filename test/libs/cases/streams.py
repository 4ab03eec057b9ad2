"""The calls of asyncio programs and of an HTTP client on top of asyncio streams."""

import asyncio
import tls

from check import ADDRESS, CONFIG, HOST, digest, run, same


def context():
    ctx = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    ctx.verify_mode = tls.CERT_REQUIRED
    with open(CONFIG["ca"], "rb") as f:
        ctx.load_verify_locations(f.read())
    return ctx


async def ask(path, port, ctx, version="1.0", connection=None):
    reader, writer = connection or await asyncio.open_connection(HOST, port, ssl=ctx)
    writer.write(b"GET /%s HTTP/%s\r\n" % (path, version))
    writer.write("Host: localhost\r\n\r\n".encode())
    await writer.drain()
    status = (await reader.readline()).split(None, 2)[1]
    headers = {}
    while True:
        line = await reader.readline()
        if line == b"\r\n":
            return reader, writer, int(status), headers
        key, value = line.split(b":", 1)
        headers[key.lower()] = value.strip()


async def close(writer):
    writer.close()
    await writer.wait_closed()


async def to_the_end(port, ctx):
    reader, writer, status, headers = await ask("large.bin", port, ctx)
    body = await reader.read(-1)
    await close(writer)
    same(digest(body), CONFIG["large_sha"])


async def exactly(port, ctx):
    reader, writer, status, headers = await ask("large.bin", port, ctx, "1.1")
    size = int(headers[b"content-length"])
    body = await reader.readexactly(size)
    same(digest(body), CONFIG["large_sha"])
    r, w, status, headers = await ask("small.txt", port, ctx, "1.1", (reader, writer))
    same(await r.readexactly(20), b"the quick brown fox\n")
    await close(writer)


async def into(port, ctx):
    reader, writer, status, headers = await ask("large.bin", port, ctx)
    body = bytearray()
    buf = memoryview(bytearray(1000))
    while True:
        n = await reader.readinto(buf)
        if n is None:
            continue
        if not n:
            break
        body += buf[:n]
    await close(writer)
    same(digest(body), CONFIG["large_sha"])


async def by_line(port, ctx):
    reader, writer, status, headers = await ask("lines.txt", port, ctx)
    for i in range(CONFIG["lines"]):
        same(await reader.readline(), b"line %d\n" % i)
    same(await reader.readline(), b"")
    await close(writer)


async def many_at_once(port, ctx):
    await asyncio.gather(*(to_the_end(port, ctx) for _ in range(10)))


async def old_names(port, ctx):
    "awrite and aclose, which old HTTP clients still call"
    reader, writer = await asyncio.open_connection(ADDRESS, port)
    await writer.awrite("GET /small.txt HTTP/1.0\r\n\r\n")
    while await reader.readline() != b"\r\n":
        pass
    same(await reader.read(), b"the quick brown fox\n")
    await writer.aclose()


async def upload(port, ctx):
    with open(CONFIG["large_path"], "rb") as f:
        data = f.read()
    reader, writer = await asyncio.open_connection(HOST, port, ssl=ctx)
    writer.write(b"PUT /upload/async%d.bin HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % (port, len(data)))
    view = memoryview(data)
    for i in range(0, len(data), 50000):
        writer.write(view[i : i + 50000])
        await writer.drain()
    status = await reader.readline()
    assert status.split()[1] in (b"201", b"204"), status
    await reader.read(-1)
    await close(writer)
    reader, writer, status, headers = await ask("upload/async%d.bin" % port, CONFIG["http"], None)
    same(digest(await reader.read(-1)), CONFIG["large_sha"])
    await close(writer)


def plain_to_the_end():
    asyncio.run(to_the_end(CONFIG["http"], None))


def plain_exactly():
    asyncio.run(exactly(CONFIG["http"], None))


def plain_into():
    asyncio.run(into(CONFIG["http"], None))


def plain_by_line():
    asyncio.run(by_line(CONFIG["http"], None))


def plain_many_at_once():
    asyncio.run(many_at_once(CONFIG["http"], None))


def plain_old_names():
    asyncio.run(old_names(CONFIG["http"], None))


def plain_upload():
    asyncio.run(upload(CONFIG["http"], None))


def tls_to_the_end():
    asyncio.run(to_the_end(CONFIG["https"], context()))


def tls_exactly():
    asyncio.run(exactly(CONFIG["https"], context()))


def tls_into():
    asyncio.run(into(CONFIG["https"], context()))


def tls_by_line():
    asyncio.run(by_line(CONFIG["https"], context()))


def tls_many_at_once():
    asyncio.run(many_at_once(CONFIG["https"], context()))


def tls_upload():
    asyncio.run(upload(CONFIG["https"], context()))


def refused():
    async def main():
        reader, writer = await asyncio.open_connection(ADDRESS, CONFIG["closed"])
        try:
            await reader.read(1)
        finally:
            await close(writer)

    try:
        asyncio.run(main())
    except OSError as e:
        same(e.errno, 111)
        return
    raise AssertionError("connected")


def waiting_can_be_cut_short():
    async def main():
        reader, writer = await asyncio.open_connection(ADDRESS, CONFIG["silent"])
        try:
            await asyncio.wait_for(reader.read(1), 0.2)
        except asyncio.TimeoutError:
            return True
        finally:
            await close(writer)
            writer.s.close()  # twice is harmless

    assert asyncio.run(main())


run(plain_to_the_end, plain_exactly, plain_into, plain_by_line, plain_many_at_once, plain_upload,
    plain_old_names, tls_to_the_end, tls_exactly, tls_into, tls_by_line, tls_many_at_once, tls_upload, refused,
    waiting_can_be_cut_short)
