# Types that depend on arguments. pyright checks this file in its strict mode; nothing runs it.
from array import array
from typing import Any, Literal, assert_type

import aiosocket
import socket
import usocket

s = usocket.socket()
assert_type(s.getsockname(), tuple[str, int])
assert_type(usocket.socket(usocket.AF_INET6).getsockname(), tuple[str, int, int, int])
assert_type(usocket.socket(usocket.AF_UNIX).getpeername(), str | bytes)
assert_type(usocket.socket(fileno=3).getsockname(), Any)
assert_type(s.accept()[0].accept()[1], tuple[str, int])
assert_type(s.recvfrom(1), tuple[bytes, tuple[str, int]])
assert_type(s.recvfrom_into(bytearray(1)), tuple[int, tuple[str, int]])
assert_type(s.dup().unwrap().getsockname(), tuple[str, int])
assert_type(usocket.create_server(("", 0)).getsockname(), tuple[str, int])
assert_type(usocket.create_server(("", 0), family=usocket.AF_INET6, dualstack_ipv6=True).accept()[1], tuple[str, int, int, int])
assert_type(usocket.create_connection(("localhost", 80)).getpeername(), Any)
assert_type(usocket.socketpair(usocket.AF_UNIX)[0].getsockname(), str | bytes)
assert_type(usocket.fromfd(3, usocket.AF_INET, usocket.SOCK_DGRAM).getsockname(), tuple[str, int])
assert_type(usocket.getaddrinfo("localhost", 80, usocket.AF_INET)[0][4], tuple[str, int])
assert_type(usocket.getaddrinfo("localhost", 80, usocket.AF_INET6)[0][4], tuple[str, int, int, int])
assert_type(usocket.resolver("localhost", 80).result()[0][0], int)

# recv never returns None; the stream calls return it of a non-blocking socket, and no check for it is asked for.
assert_type(s.recv(1), bytes)
assert_type(s.read(1), bytes | Any)
assert_type(s.readinto(array("B", [0])), int | Any)
assert_type(s.write("text", 1, 2), int | Any)

assert_type(s.makefile().readline(), str | Any)
assert_type(s.makefile("rw", encoding="utf-8").readlines(), list[str])
assert_type(s.makefile("rb").read(), bytes | Any)
assert_type([line for line in s.makefile("rwb", 0)], list[bytes])

assert_type(s.getsockopt(usocket.SOL_SOCKET, usocket.SO_ERROR), int)
assert_type(s.getsockopt(usocket.SOL_SOCKET, usocket.SO_LINGER, 8), bytes)
assert_type(s.getsockopt(usocket.SOL_TLS, usocket.TLS_ALPN_USED), str)
assert_type(s.getsockopt(usocket.SOL_TLS, usocket.TLS_VERSION_USED), int)
assert_type(s.getsockopt(usocket.SOL_TLS, usocket.TLS_PEER_CERT), bytes)
assert_type(s.getsockopt(usocket.SOL_TLS, usocket.TLS_CIPHERSUITE_USED, 60), bytes)
s.setsockopt(usocket.SOL_TLS, usocket.TLS_ALPN_LIST, ["h2", "http/1.1"])
s.setsockopt(usocket.SOL_TLS, usocket.TLS_CA_CERT, None)
s.setsockopt(usocket.SOL_SOCKET, usocket.SO_BINDTODEVICE, "eth0")
s.setsockopt(usocket.SOL_SOCKET, usocket.SO_REUSEADDR, True)
s.setsockopt(usocket.SOL_SOCKET, usocket.SO_LINGER, None, 8)

assert_type(s.getpeercert(True), bytes | Any)
assert_type(s.cipher(), tuple[str, Literal["TLSv1.2", "TLSv1.3"], int] | Any)
assert_type(s.getpeercert(), dict[str, Any] | None)
assert_type(s.version(), Literal["TLSv1.2", "TLSv1.3"] | None)

# Every form of an address and of data.
s.connect(("localhost", 80))
s.connect((b"localhost", 80, 0, 2))
s.connect(["localhost", 80])
s.connect(bytes(16))
usocket.socket(usocket.AF_UNIX).connect("/tmp/path")
for data in ("text", b"bytes", bytearray(1), memoryview(b"view"), array("H", [1])):
    s.sendall(data)
s.sendto(b"data", 0, ("localhost", 80))


def accepted(listener: usocket.socket):
    # Without its parameter, the type stands for a socket of any family.
    listener.accept()[0].sendto(b"data", "/tmp/path")


accepted(s)
accepted(usocket.socket(usocket.AF_INET6))
s.setsockopt(usocket.SOL_SOCKET, 20, accepted)
s.setsockopt(usocket.SOL_SOCKET, 20, None)


class Counted(usocket.socket):
    count = 0


with Counted() as c:
    assert_type(c, Counted)

p = usocket.poller()
p.register(s)
p.register(s.makefile("rb"), 1)
p.register(usocket.dialer("localhost", 80, timeout=None), 1)
assert_type([mask for _, mask in p.ipoll(10)], list[int])

try:
    s.sendall(b"data")
except usocket.timeout as e:
    assert_type(e.sent, int)
    assert_type(e.errno, int)
except usocket.TLSError as e:
    assert_type(e.strerror, str)
except (usocket.gaierror, usocket.herror, usocket.error):
    pass

# Numbers that are the same on every system are constants; those of the stack are ints.
assert_type(usocket.AF_INET, Literal[2])
assert_type(usocket.TLS_1_3, Literal[772])
assert_type(usocket.SO_REUSEADDR, int)
assert_type(socket.socket().recv(1), bytes)


async def streams():
    reader, writer = await aiosocket.open_connection("localhost", 80, ssl={usocket.TLS_PEER_VERIFY: 0}, timeout=5)
    assert_type(await reader.readline(), bytes)
    assert_type(await aiosocket.wait_for(reader.readexactly(1), 0.5), bytes)
    assert_type([line async for line in reader], list[bytes])
    writer.write("text")
    task = aiosocket.create_task(writer.drain())
    await aiosocket.wait_for_ms(task, 500)
    assert_type(reader.get_extra_info("other"), None)
    await aiosocket.sleep_ms(1)


def plain(reader: aiosocket.Stream, writer: aiosocket.Stream):
    writer.close()


async def served():
    async with await aiosocket.start_server(plain, "127.0.0.1", 0) as server:
        assert_type(server.sockets[0].proto, int)
        assert_type(server.refusal, Exception | None)
    async with await aiosocket.open_datagram(("127.0.0.1", 0)) as d:
        assert_type((await d.recvfrom(10))[0], bytes)


aiosocket.run(served())
aiosocket.run(streams())
