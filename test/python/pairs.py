# Connected pairs and short waits, for scripts of both kinds.
import select
import time

import socket

from check import EMULATED, number, raised, since, ticks
from where import HOST, LINGER_RESETS, NODELAY, PROBE, SIN_LEN


def tcp_pair(family=socket.AF_INET, host=HOST):
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.bind((host, 0))
    listener.listen(5)
    client = socket.socket(family, socket.SOCK_STREAM)
    client.connect(listener.getsockname())
    server, _ = listener.accept()
    listener.close()
    if NODELAY:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client, server


def udp_pair(family=socket.AF_INET, host=HOST):
    a = socket.socket(family, socket.SOCK_DGRAM)
    b = socket.socket(family, socket.SOCK_DGRAM)
    a.bind((host, 0))
    b.bind((host, 0))
    a.connect(b.getsockname())
    b.connect(a.getsockname())
    return a, b


class _Constants:
    # The module's constants; a constant that a stack lacks becomes a number that is no option and no flag.
    def __getattr__(self, name):
        return getattr(socket, name, 0 if name.startswith("MSG_") else 0x7F7F)


C = _Constants()


def buffer_size(s, name, size):
    # Only where the stack supports it.
    try:
        s.setsockopt(socket.SOL_SOCKET, getattr(C, name), size)
    except OSError as e:
        if number(e) != 92:
            raise


def reset(s, peer):
    # Close s so that its peer receives a reset.
    if LINGER_RESETS:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    else:
        peer.send(b"unread")
        settle(s)
    s.close()


def timeval(s, microseconds):
    # A little-endian struct timeval of the socket's stack, for less than a second.
    size = len(s.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16)) // 2
    return bytes(size) + microseconds.to_bytes(size, "little")


def raw_address(host, port):
    # A struct sockaddr_in of this stack.
    return (bytes((16, 2)) if SIN_LEN else bytes((2, 0))) + port.to_bytes(2, "big") + socket.inet_aton(host) + bytes(8)


def free_port():
    # A port of HOST without a listener; below those that a stack chooses by itself, so that no other program gets it by bind(0).
    port = 10000 + ticks() % 20000
    while True:
        s = socket.socket()
        port += 1
        e = raised(s.bind, ((HOST, port),))
        s.close()
        if e is None:
            return port


def settle(s, ms=2000):
    # Wait until s is readable.
    p = select.poll()
    p.register(s, select.POLLIN)
    return bool(p.poll(ms))


def crowd(seconds, backlog=0):
    # Connect to a listener until its backlog is full; returns the listener, the clients, and the exception and the milliseconds of the last.
    s = socket.socket()
    s.bind((HOST, 0))
    s.listen(backlog)
    clients, e, took = [], None, 0
    for _ in range(8):
        c = socket.socket()
        c.settimeout(seconds)
        clients.append(c)
        start = ticks()
        e = raised(c.connect, (s.getsockname(),))
        took = since(start)
        if e is not None:
            break
    return s, clients, e, took


def narrow_pair():
    # A connection with small buffers of a fixed size, so that no buffer grows later and accepts more bytes.
    listener = socket.socket()
    buffer_size(listener, "SO_RCVBUF", 16384)
    listener.bind((HOST, 0))
    listener.listen(1)
    a = socket.socket()
    buffer_size(a, "SO_SNDBUF", 16384)
    a.connect(listener.getsockname())
    b, _ = listener.accept()
    listener.close()
    return a, b


def full_pair():
    # A connection on which the first socket cannot send another byte.
    a, b = narrow_pair()
    fill(a)
    a.setblocking(True)
    return a, b


def push(s, size):
    # Send until the stack accepts no more; returns the number of bytes.
    total = 0
    try:
        while True:
            total += s.send(bytes(size))
    except OSError as e:
        if number(e) != 11:
            raise
    return total


def fill(s):
    # Send until the connection accepts no more; returns the number of bytes. Goes on for longer than a stack waits with its first probe of
    # a window that is zero or too small (Linux: 200 ms; lwIP: 1500 ms): the receiver then merges segments, or the sender splits one, and
    # there is room again.
    s.setblocking(False)
    total, last = 0, ticks()
    while since(last) < (800 if EMULATED else PROBE):
        n = push(s, 100000) + push(s, 1000) + push(s, 1)
        if n:
            total, last = total + n, ticks()
        time.sleep(0.03)
    return total


def drain(s):
    # Everything up to the end of the stream.
    pieces = []
    while True:
        piece = s.recv(65536)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


def close(*sockets):
    for s in sockets:
        s.close()
