# run: limit=120
# The pools of a small board, 5 pcbs for TCP: nothing is lost, nothing stays stuck.
import gc
import socket
import time

import _stack
from check import check, ok, raised, summary, true

PCBS = 5
REACHED = 10000
ENFILE, EMFILE, ENOBUFS, ECONNRESET = 23, 24, 105, 104


def number(e):
    return e.errno if isinstance(e, OSError) else e


def used(name="TCP_PCB"):
    return _stack.pools()[name][0]


def listener(backlog=1):
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(backlog)
    return s, s.getsockname()


def pair(l, address):
    c = socket.socket()
    c.settimeout(10)
    c.connect(address)
    s, _ = l.accept()
    s.settimeout(10)
    return c, s


def connects_and_closes():
    l, address = listener()
    c, s = pair(l, address)
    c.close()
    s.close()
    before = _stack.sockets()
    for n in range(REACHED):
        c = socket.socket()
        c.settimeout(20)
        c.connect(address)
        s, peer = l.accept()
        if peer != c.getsockname():
            break
        if n % 3 == 0:
            c.send(b"x")
        if n % 2:
            c, s = s, c
        c.close()
        s.close()
    check("connects and closes in a row", n + 1, REACHED)
    check("sockets are given back", _stack.sockets(), before)
    l.close()


def closing_gives_way():
    l, address = listener()
    c1, s1 = pair(l, address)
    time.sleep(0.6)  # two of lwIP's slow ticks, by which it knows the older one
    c2, s2 = pair(l, address)
    c1.close()
    time.sleep(0.6)
    c2.close()
    check("closed, and their peers are open", (s1.recv(1), s2.recv(1)), (b"", b""))
    new = [socket.socket()]
    check("all pcbs are in use", used(), PCBS)
    new.append(socket.socket())  # takes the pcb of c1, which is the oldest that closes
    ok("a connection that closes gives way to a new one")
    time.sleep(0.05)
    check("its peer is reset", number(raised(s1.send, (b"x",))), ECONNRESET)
    check("the other one's is not", raised(s2.recv, (1,)), None)
    for s in new + [s1, s2, l]:
        s.close()


def full():
    held = []
    e = None
    try:
        for _ in range(PCBS + 3):
            held.append(socket.socket())
    except OSError as error:
        e = error
    true("no socket is left: a clear error", e is not None and e.errno in (ENFILE, EMFILE, ENOBUFS), e)
    check("as many as there are pcbs", len(held), PCBS)
    for s in held:
        s.close()
    held = s = None
    check("all are given back", used(), 0)


def lose():
    for _ in range(PCBS):
        socket.socket()


def lost():
    for _ in range(20):
        lose()
    ok("lost sockets are collected when there is no pcb")
    gc.collect()


def before_accept():
    l, address = listener(3)
    c = socket.socket()
    c.connect(address)
    c.send(b"early")
    c.close()
    time.sleep(0.05)
    s, _ = l.accept()
    check("data and end before accept", s.read(), b"early")
    s.close()
    l.close()


def backlog():
    l, address = listener(1)
    first, second = socket.socket(), socket.socket()
    first.connect(address)
    second.settimeout(0.3)
    check("a full backlog leaves the next one waiting", number(raised(second.connect, (address,))), 110)
    s, _ = l.accept()
    second.close()
    s.send(b"x")
    check("the one in it is served", first.recv(1), b"x")
    for x in (first, s, l):
        x.close()


for test in (full, lost, before_accept, backlog, closing_gives_way, connects_and_closes):
    test()
summary()
