# Connected pairs and small waits, for scripts of both kinds.
import select
import time

import socket


def tcp_pair(family=socket.AF_INET, host="127.0.0.1"):
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.bind((host, 0))
    listener.listen(5)
    client = socket.socket(family, socket.SOCK_STREAM)
    client.connect(listener.getsockname())
    server, _ = listener.accept()
    listener.close()
    return client, server


def udp_pair(family=socket.AF_INET, host="127.0.0.1"):
    a = socket.socket(family, socket.SOCK_DGRAM)
    b = socket.socket(family, socket.SOCK_DGRAM)
    a.bind((host, 0))
    b.bind((host, 0))
    a.connect(b.getsockname())
    b.connect(a.getsockname())
    return a, b


def free_port():
    # A port of 127.0.0.1 where nobody listens.
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
    s.close()
    return port


def settle(s, ms=2000):
    # Waits until s is readable.
    p = select.poll()
    p.register(s, select.POLLIN)
    return bool(p.poll(ms))


def full_pair():
    # Connected, and the first takes no byte more. Buffers of a fixed size, so that nothing grows later and lets bytes through.
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    a = socket.socket()
    a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
    a.connect(listener.getsockname())
    b, _ = listener.accept()
    listener.close()
    fill(a)
    a.setblocking(True)
    return a, b


def fill(s):
    # Sends until the connection takes no more: twice nothing, the receiver's window having had time to open.
    s.setblocking(False)
    refused, total = 0, 0
    while refused < 3:
        n = None
        for size in (100000, 1000, 1):
            n = s.write(bytes(size))
            while n is not None:
                total += n
                n = s.write(bytes(size))
        n = s.write(b"x")
        if n is None:
            refused += 1
            time.sleep(0.03)
        else:
            total += n
            refused = 0
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
