# run: limit=60 long=tiny seeds=6
# Random calls with random deadlines on connections with an irregularly sending peer: no byte is lost or duplicated. Also with several
# threads at once.
import os
import random
import socket
import threading
import time

import link
import streams

seed = int(os.environ.get("TAP_SEED", "1"))


def chance():
    return seed


def push(s, start, size, rng):
    end = start + size
    while start < end:
        n = min(end - start, rng.choice((1, 3, 100, 1459, 1460, 1461, 4000)))
        s.sendall(link.content(start, n))
        start += n
        if rng.random() < 0.15:
            time.sleep(rng.random() * 0.02)
    s.shutdown(socket.SHUT_WR)


def talk(s, out, size, back, number):
    """Send and receive at once. Returns the number of received bytes and the position of the first wrong one, or -1."""
    rng = random.Random(seed * 1000 + number)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, rng.randint(0, 1))
    if rng.random() < 0.5:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    t = threading.Thread(target=push, args=(s, out, size, rng), daemon=True)
    t.start()
    result = streams.pull(s, back, 3000)
    t.join(link.LIMIT)
    return result


def listen(kind):
    return streams.listen(kind)


def serve(port, out, size, back, number):
    s, _ = streams.listeners[port].accept()
    with s:
        s.settimeout(link.LIMIT)
        return talk(s, out, size, back, number)


def client(kind, port, out, size, back, number):
    with link.dialled(kind, port) as s:
        return talk(s, out, size, back, number)


def echoes(port, n):
    """Serve n connections at once."""
    def one(s):
        with s:
            s.settimeout(link.LIMIT)
            for piece in iter(lambda: s.recv(5000), b""):
                s.sendall(piece)

    threads = []
    for _ in range(n):
        threads.append(threading.Thread(target=one, args=(streams.listeners[port].accept()[0],), daemon=True))
        threads[-1].start()
    for t in threads:
        t.join(link.LIMIT)
    return n


def clients(kind, port, n):
    """Make n connections at once; returns the number that got their own bytes back."""
    good = []

    def one(i):
        with link.dialled(kind, port) as s:
            s.sendall(link.content(i, 3000))
            s.shutdown(socket.SHUT_WR)
            got = b"".join(iter(lambda: s.recv(5000), b""))
            good.append(got == link.content(i, 3000))

    threads = [threading.Thread(target=one, args=(i,), daemon=True) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(link.LIMIT)
    return sum(good)


def hold(port):
    """Accept a connection and keep it without sending."""
    s, _ = streams.listeners[port].accept()
    held.append(s)


held = []
link.run("on_random.py", globals(), 55)
