"""Servers on usocket behind nginx, which forwards requests to them (proxy_pass).

One thread (or task) serves; the main one sends requests through nginx.
"""

import _thread
import asyncio
import socket
import tls

from check import ADDRESS, CONFIG, OWN, digest, run, same

with open(CONFIG["large_path"], "rb") as f:
    LARGE = f.read()


def through_nginx(path, data=b""):
    "the body of our server's response, through nginx"
    s = socket.create_connection((ADDRESS, CONFIG["http"]), 20)
    with s:
        s.sendall(b"POST %s HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % (path, len(data)))
        s.sendall(data)
        fp = s.makefile("rb")
        status = fp.readline()
        assert b" 200 " in status, status
        while fp.readline() != b"\r\n":
            pass
        body = fp.read()
        fp.close()
    return body


def head(stream):
    "the request line and the length of the body"
    first, size = stream.readline(), 0
    while True:
        line = stream.readline()
        if line in (b"\r\n", b""):
            return first, size
        if line.lower().startswith(b"content-length:"):
            size = int(line.split(b":")[1])


def listener(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(socket.getaddrinfo("0.0.0.0", port)[0][-1])
    s.listen(5)
    return s


def in_a_thread(answer, times, ask, asker=ADDRESS):
    s = listener(CONFIG["backend"])
    problems, finished = [], _thread.allocate_lock()
    finished.acquire()

    def serve():
        try:
            for _ in range(times):
                conn, addr = s.accept()
                same(addr[0], asker)
                answer(conn)
        except BaseException as e:
            problems.append(e)
        finished.release()

    _thread.start_new_thread(serve, ())
    try:
        ask()
        finished.acquire()
    finally:
        s.close()
    if problems:
        raise problems[0]


def with_stream_calls():
    def answer(conn):
        first, size = head(conn)
        data = conn.read(size)
        conn.write("HTTP/1.0 200 OK\r\n\r\n")
        conn.write(data)
        conn.write(data, 3)
        conn.close()

    def ask():
        for data in (b"abcdef", b"xyz", LARGE):
            same(through_nginx("/backend/", data), data + data[:3])

    in_a_thread(answer, 3, ask)


def with_socket_calls():
    def answer(conn):
        request = b""
        while b"\r\n\r\n" not in request:
            request += conn.recv(1000)
        top, body = request.split(b"\r\n\r\n", 1)
        size = [int(l.split(b":")[1]) for l in top.lower().split(b"\r\n") if l.startswith(b"content-length")]
        while size and len(body) < size[0]:
            body += conn.recv(4096)
        conn.send(b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n")
        conn.sendall(body)
        conn.shutdown(socket.SHUT_WR)
        conn.close()

    def ask():
        for data in (b"short", LARGE[:100000]):
            same(through_nginx("/backend/", data), data)

    in_a_thread(answer, 2, ask)


def with_a_file():
    def answer(conn):
        f = conn.makefile("rb")
        first, size = head(f)
        same(f.read(size), b"question")
        f.close()
        out = conn.makefile("wb")
        out.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(LARGE))
        out.write(LARGE)
        out.flush()
        out.close()
        conn.close()

    def ask():
        same(digest(through_nginx("/backend/", b"question")), CONFIG["large_sha"])

    in_a_thread(answer, 1, ask)


def page_server():
    """A minimal web server that never closes its makefile("rwb", 0) file.

    close() of the socket still ends the page at once, and the client waits for that.
    """
    kept = []

    def answer(conn):
        kept.append(conn.makefile("rwb", 0))
        while True:
            line = kept[-1].readline()
            if not line or line == b"\r\n":
                break
        conn.send("HTTP/1.0 200 OK\r\nContent-type: text/html\r\n\r\n")
        conn.send("<html>page</html>")
        conn.close()

    def ask():
        s = socket.create_connection((OWN, CONFIG["backend"]), 5)
        s.write(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        try:
            page = s.read()
        finally:
            s.close()
        same(page.split(b"\r\n\r\n")[1], b"<html>page</html>")

    for _ in range(2):
        in_a_thread(answer, 1, ask, OWN)
    for f in kept:
        f.close()


def server_context():
    ctx = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    with open(CONFIG["cert"], "rb") as cert, open(CONFIG["key"], "rb") as key:
        ctx.load_cert_chain(cert.read(), key.read())
    return ctx


def with_tls():
    "the accepted socket under MicroPython's tls, nginx the TLS client"
    ctx = server_context()

    def answer(conn):
        conn = ctx.wrap_socket(conn, server_side=True)
        first, size = head(conn)
        data = conn.read(size)
        conn.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data))
        conn.write(data)
        conn.close()

    def ask():
        for data in (b"secret", LARGE):
            same(through_nginx("/tls-backend/", data), data)

    in_a_thread(answer, 2, ask)


def with_asyncio():
    asyncio_server("/backend/", None)


def with_asyncio_and_tls():
    asyncio_server("/tls-backend/", server_context())


def asyncio_server(path, ctx):
    count = 0

    async def serve(reader, writer):
        nonlocal count
        size = 0
        while True:
            line = await reader.readline()
            if line == b"\r\n":
                break
            if line.lower().startswith(b"content-length:"):
                size = int(line.split(b":")[1])
        data = await reader.readexactly(size)
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data))
        writer.write(data)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        count += 1

    async def ask(data):
        reader, writer = await asyncio.open_connection(ADDRESS, CONFIG["http"])
        writer.write(b"POST %s HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % (path, len(data)))
        writer.write(data)
        await writer.drain()
        answer = await reader.read(-1)
        writer.close()
        await writer.wait_closed()
        top, body = answer.split(b"\r\n\r\n", 1)
        assert b" 200 " in top, top
        same(body, data)

    async def main():
        server = await asyncio.start_server(serve, "0.0.0.0", CONFIG["backend"], ssl=ctx)
        async with server:
            await ask(LARGE)
            await asyncio.gather(*(ask(b"request %d" % i) for i in range(20)))

    asyncio.run(main())
    same(count, 21)


def meter():
    "a bandwidth meter: both ends in this program, many calls of each kind"
    got = bytearray()

    def answer(conn):
        buf = bytearray(20000)
        while True:
            n = conn.recv_into(buf)
            if not n:
                break
            got.extend(buf[:n])
        conn.close()

    def ask():
        s = socket.socket()
        s.connect(socket.getaddrinfo(OWN, CONFIG["backend"])[0][-1])
        for i in range(0, len(LARGE), 16384):
            s.sendall(LARGE[i : i + 16384])
        s.close()

    in_a_thread(answer, 1, ask, OWN)
    same(digest(got), CONFIG["large_sha"])


run(with_stream_calls, with_socket_calls, with_a_file, page_server, with_tls, with_asyncio,
    with_asyncio_and_tls, meter)
