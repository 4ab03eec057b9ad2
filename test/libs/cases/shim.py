"""A Python subclass of socket, as packages that wrap the module define it."""

import asyncio
import select
import tls
import usocket as _socket
from usocket import *

from check import CONFIG, HOST, digest, run, same


class Socket(_socket.socket):
    "records the calls, and accepts addresses with host names"

    def __init__(self, *args):
        super().__init__(*args)
        self.calls = []

    def connect(self, address):
        self.calls.append("connect")
        return super().connect(address)

    def bind(self, address):
        self.calls.append("bind")
        return super().bind(address)

    def accept(self):
        self.calls.append("accept")
        return super().accept()

    def sendto(self, data, address):
        self.calls.append("sendto")
        return super().sendto(data, address)


def ask(s, host=HOST):
    s.write("GET /large.bin HTTP/1.0\r\nHost: %s\r\n\r\n" % host)
    assert s.readline().startswith(b"HTTP/1.1 200"), "status"
    while s.readline() != b"\r\n":
        pass


def plain():
    s = Socket(AF_INET, SOCK_STREAM)
    assert isinstance(s, _socket.socket)
    s.connect((HOST, CONFIG["http"]))
    ask(s)
    same(digest(s.read()), CONFIG["large_sha"])
    same(s.calls, ["connect"])
    s.close()


def under_poll():
    s = Socket()
    s.connect(getaddrinfo(HOST, CONFIG["http"])[0][-1])
    poll = select.poll()
    poll.register(s, select.POLLIN)
    same(poll.poll(0), [])
    s.write(b"GET /small.txt HTTP/1.0\r\n\r\n")
    ready = poll.poll(5000)
    same(len(ready), 1)
    assert ready[0][0] is s and ready[0][1] & select.POLLIN
    assert s.read().endswith(b"the quick brown fox\n")
    s.close()


def under_tls():
    s = Socket()
    s.connect(getaddrinfo(HOST, CONFIG["https"])[0][-1])
    ctx = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    ctx.verify_mode = tls.CERT_NONE
    wrapped = ctx.wrap_socket(s, server_hostname=HOST)
    ask(wrapped)
    same(digest(wrapped.read()), CONFIG["large_sha"])
    wrapped.close()
    s.close()


def under_asyncio():
    async def main():
        s = Socket()
        s.connect((HOST, CONFIG["http"]))
        s.setblocking(False)
        stream = asyncio.StreamReader(s)
        stream.write(b"GET /large.bin HTTP/1.0\r\n\r\n")
        await stream.drain()
        while await stream.readline() != b"\r\n":
            pass
        body = await stream.read(-1)
        stream.close()
        await stream.wait_closed()
        return digest(body)

    same(asyncio.run(main()), CONFIG["large_sha"])


def both_sides():
    a = Socket()
    a.bind(("127.0.0.1", 0))
    a.listen(1)
    b = Socket()
    b.connect(a.getsockname())
    c, addr = a.accept()
    same(addr, b.getsockname())
    c.send(b"hello")
    same(b.recv(10), b"hello")
    same(a.calls, ["bind", "accept"])
    u = Socket(AF_INET, SOCK_DGRAM)
    u.bind(("127.0.0.1", 0))
    v = Socket(AF_INET, SOCK_DGRAM)
    same(v.sendto(b"datagram", u.getsockname()), 8)
    same(u.recv(100), b"datagram")
    for s in (a, b, c, u, v):
        s.close()


run(plain, under_poll, under_tls, under_asyncio, both_sides)
