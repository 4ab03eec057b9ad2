# The kernel's side of connections with data checked to the byte.
import socket
import threading

import link
from link import content


def sizes(seed, most):
    while True:
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        yield 1 + (seed >> 8) % most


def push(s, start, size, most):
    for n in sizes(start, most):
        if size <= 0:
            break
        n = min(n, size)
        s.sendall(content(start, n))
        start, size = start + n, size - n
    s.shutdown(socket.SHUT_WR)


def pull(s, start, most):
    """Receive to the end of the stream. Returns the number of bytes and the position of the first wrong one, or -1."""
    got, wrong = 0, -1
    for n in sizes(start + 1, most):
        piece = s.recv(n)
        if not piece:
            return got, wrong
        if wrong < 0 and piece != content(start + got, len(piece)):
            wrong = got
        got += len(piece)


def exchange(s, out, size, most, back):
    t = threading.Thread(target=push, args=(s, out, size, most), daemon=True)
    t.start()
    result = pull(s, back, most)
    t.join(link.LIMIT)
    return result


listeners = {}


def listen(kind):
    s, port = link.any_port(kind)
    listeners[port] = s
    return port


def serve(port, how, out, size, most, back):
    """Serve one connection. With how="both" it sends and receives at once, with "echo first" it reads to the end before it answers.
    Returns the peer and the received data."""
    s, peer = listeners[port].accept()
    s.settimeout(link.LIMIT)
    with s:
        if how == "both":
            return peer, exchange(s, out, size, most, back)
        result = pull(s, back, most)
        push(s, out, size, most)
        return peer, result


def client(kind, port, how, out, size, most, back):
    with link.dialled(kind, port) as s:
        name, peer = s.getsockname(), s.getpeername()
        if how == "both":
            return name, peer, exchange(s, out, size, most, back)
        push(s, out, size, most)
        return name, peer, pull(s, back, most)


def lines(port, count):
    s, _ = listeners[port].accept()
    with s, s.makefile("rwb") as f:
        for n in range(count):
            f.write(b"%d " % n + content(n, n % 200).replace(b"\n", b"_") + b"\n")
            if n % 7 == 0:
                f.flush()
        f.flush()
        return [f.readline() for _ in range(3)]

