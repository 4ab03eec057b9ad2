# run: limit=60 heap=16m
# One poller in several threads and in nested calls; numbers that are no descriptors or were closed.
import os
import select
import socket
import time

from check import SYSTEM, check, number, raised, raises, sections, since, skip, spawn, summary, ticks, true, waiting
from pairs import C, close, tcp_pair

IN, OUT, NVAL = select.POLLIN, select.POLLOUT, 32


def both_are_told():
    for name in ("poll", "ipoll"):
        for n in (2, 4):
            p = socket.poller()
            a, b = tcp_pair()
            p.register(b, IN)
            waits = [waiting(lambda: [m for o, m in getattr(p, name)(5000)]) for _ in range(n)]
            a.send(b"x")
            check("{} threads in {}() of one poller all get a socket's event".format(n, name), [t(10) for t in waits], [[[IN]]] * n)
            check("no event is reported twice: {}, {}".format(name, n), [m for o, m in p.poll(0)], [IN])
            p.close()
            close(a, b)


def told_to_each_for_long():
    # Threads wait repeatedly while events arrive, are read and disappear.
    p = socket.poller()
    pairs = [tcp_pair() for _ in range(8)]
    for a, b in pairs:
        b.setblocking(False)
        p.register(b, IN)
    end = ticks()
    counts = [0] * 3

    def serve(k):
        while since(end) < 1500:
            for o, m in p.poll(50) if k else p.ipoll(50):
                data = raised(lambda: o.recv(100))
                if data is not None and number(data) != 11:
                    raise data
                counts[k] += data is None

    threads = [spawn(serve, k) for k in range(3)]
    sent = 0
    while since(end) < 1200:
        for a, b in pairs:
            a.send(b"x")
            sent += 1
        time.sleep(0.005)
    done = [t(20) for t in threads]
    check("three threads in one poller, with sockets that come and go", done, [[None]] * 3)
    left = sorted(id(b) for a, b in pairs if raised(b.recv, (100, C.MSG_PEEK)) is None)
    check("the remaining events are reported", sorted(id(o) for o, m in p.poll(0)), left)
    true("they had some", sum(counts) > 0, counts)
    p.close()
    for a, b in pairs:
        close(a, b)


def one_within_another():
    p = socket.poller()
    pairs = [tcp_pair() for _ in range(6)]
    for a, b in pairs:
        p.register(b, IN)
        a.send(b"x")
    time.sleep(0.05)
    outer, inner, within = [], [], []
    for o, m in p.ipoll(0):
        outer.append(id(o))
        inner.append(len(p.poll(0)))
        within.append(sum(1 for _ in p.ipoll(0)))
    everyone = sorted(id(b) for a, b in pairs)
    check("poll() inside ipoll() loses no event", sorted(outer), everyone)
    check("and gets every event itself", inner, [6] * 6)
    check("ipoll() inside ipoll() too", within, [6] * 6)
    p.close()
    for a, b in pairs:
        close(a, b)


def closed_meanwhile():
    for ms in (1500, -1):
        for n in (1, 3):
            p = socket.poller()
            a, b = tcp_pair()
            p.register(b, IN)
            waits = [waiting(lambda: raised(p.poll, (ms,))) for _ in range(n)]
            start = ticks()
            p.close()
            got = [t(5) for t in waits]
            check("close() ends poll({}) in {} other threads with EBADF".format(ms, n), [g and number(g[0]) for g in got], [9] * n)
            true("soon", since(start) < 1300, since(start))
            raises("closed", 9, p.poll, 0)
            p.close()
            close(a, b)


def changed_meanwhile():
    # register, modify, unregister while another thread waits.
    p = socket.poller()
    a, b = tcp_pair()
    wait = waiting(lambda: [m for o, m in p.poll(5000)])
    p.register(b, IN)
    a.send(b"x")
    check("registered during the wait of another thread", wait(5), [[IN]])
    p.unregister(b)
    check("the available byte is read", b.recv(1), b"x")
    wait = spawn(lambda: p.poll(300))
    start = ticks()
    time.sleep(0.05)
    p.register(b, IN)
    p.unregister(b)
    a.send(b"x")  # later, because the wait may check at any moment
    check("unregistered during it: no event", wait(5), [[]])
    true("and not early", since(start) >= 300, since(start))
    p.close()
    close(a, b)


def numbers_that_go():
    if not SYSTEM:
        skip("numbers", "this stack's sockets are no descriptors of the system")
        return
    p = socket.poller()
    f = open("/tmp/poller_shared.txt", "w")
    fd = f.fileno()
    p.register(fd, OUT)
    check("the number of a file is ready", p.poll(0), [(fd, OUT)])
    f.close()
    check("closed, it is POLLNVAL", p.poll(0), [(fd, NVAL)])
    check("until it is unregistered", p.poll(100), [(fd, NVAL)])
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if s.fileno() == fd:
        check("a socket that gets the number is polled", p.poll(100), [(fd, OUT)])
    s.close()
    check("and POLLNVAL again when that is closed", p.poll(100), [(fd, NVAL)])
    p.unregister(fd)
    f = open("/tmp/poller_shared.txt", "w")
    p.register(f, OUT)
    check("a file object is ready", [m for o, m in p.poll(0)], [OUT])
    f.close()
    check("closed, the file object is POLLNVAL", [m for o, m in p.poll(0)], [NVAL])
    p.unregister(f)
    a, b = tcp_pair()
    fd = b.fileno()
    p.register(fd, IN)
    check("the number of a silent socket", p.poll(0), [])
    b.close()
    check("closed without an earlier event: POLLNVAL", p.poll(1000), [(fd, NVAL)])
    p.unregister(fd)
    a.close()
    p.close()
    os.remove("/tmp/poller_shared.txt")


def numbers_that_never_were():
    if not SYSTEM:
        skip("numbers", "this stack's sockets are no descriptors of the system")
        return
    import gc

    p = socket.poller()
    before = gc.mem_alloc()
    for n in (178956970, 178956971, 357913941, 2**27, 2**28 - 1, 2**30, 2**31 - 1, 100000):
        raises("a large number that is no descriptor: {}".format(n), 9, p.register, n)
    gc.collect()
    true("they took no memory", gc.mem_alloc() < before + 20000, (before, gc.mem_alloc()))
    check("nothing is registered", p.poll(0), [])
    raises("beyond an int", OverflowError, p.register, 2**40)
    p.close()


sections(
    both_are_told, told_to_each_for_long, one_within_another, closed_meanwhile, changed_meanwhile, numbers_that_go, numbers_that_never_were,
)
summary()
