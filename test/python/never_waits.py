# run: limit=60 heap=32m
# The collector never waits, neither to send close_notify nor for a lingering close. close() waits, and other threads run meanwhile.
import gc
import socket
import time

from check import aside, collect, fail, in_time, ok, sections, since, skip, spawn, summary, ticks, true, waiting
from pairs import C, close, fill, full_pair, tcp_pair
from tls_pair import has_tls, tls_pair

SOON = 900  # ms; each forbidden wait takes a second or more, every time


def lingering(s, seconds):
    try:
        s.setsockopt(socket.SOL_SOCKET, C.SO_LINGER, b"\1\0\0\0" + bytes([seconds, 0, 0, 0]))
        return True
    except OSError:
        return False


def lost(make, n):
    # Call make() n times; each result is the peer of a socket that has become unreachable.
    return aside(lambda: [make() for _ in range(n)])


def quick(label, once):
    # Check that one of several runs takes less than any run with the forbidden wait.
    took = []
    while len(took) < 5 and (not took or took[-1] >= SOON):
        took.append(once())
    true(label, took[-1] < SOON, took)


def collected(label, make):
    def once():
        peers = lost(make, 3)
        start = ticks()
        collect()
        took = since(start)
        close(*peers)
        return took

    quick(label + ": the collector does not wait", once)


def full_tls():
    c, s = tls_pair()
    fill(c)
    return s


def full_tls_blocking():
    c, s = tls_pair()
    fill(c)
    c.settimeout(None)
    return s


def full_tls_of_a_file():
    c, s = tls_pair()
    fill(c)
    c.settimeout(30)
    f = c.makefile("rwb")
    c.close()
    f.flush()
    return s


def full_linger():
    a, b = full_pair()
    lingering(a, 5)
    return b


def full_linger_of_a_file():
    a, b = full_pair()
    lingering(a, 5)
    f = a.makefile("rwb")
    a.close()
    f.flush()
    return b


def by_the_collector():
    if has_tls():
        collected("TLS sockets with peers that never read", full_tls)
        collected("blocking ones", full_tls_blocking)
        collected("files of such", full_tls_of_a_file)
    else:
        skip("TLS", "not in this build")
    a, b = tcp_pair()
    has_linger = lingering(a, 5)
    close(a, b)
    if has_linger:
        collected("sockets that linger", full_linger)
        collected("files of sockets that linger", full_linger_of_a_file)
    else:
        skip("SO_LINGER", "the stack has none")


def what_is_sent_arrives():
    # Data that the collector does not wait for is still sent.
    def leave():
        a, b = tcp_pair()
        lingering(a, 5)
        a.sendall(b"tail")
        return b

    b = lost(leave, 1)[0]
    collect()
    b.settimeout(5)
    true("what a lost socket that lingers had sent arrives", b.read(4) == b"tail")
    b.close()
    if has_tls():

        def leave_tls():
            c, s = tls_pair()
            c.sendall(b"tail")
            return s

        s = lost(leave_tls, 1)[0]
        collect()
        s.settimeout(5)
        true("so it does on TLS, with close_notify", s.read() == b"tail")
        s.close()


def without_blocking():
    c, s = tls_pair()
    fill(c)
    c.settimeout(0)
    start = ticks()
    c.close()
    took = since(start)
    s.close()
    return took


def under_a_call():
    c, s = tls_pair()
    fill(c)
    c.settimeout(None)
    t = waiting(lambda: c.send(b"x"))
    start = ticks()
    c.close()
    took = since(start)
    try:
        t(10)
        fail("the call ends", "it returned")
    except OSError:
        ok("the call ends")
    s.close()
    return took


def by_close():
    # Another thread runs while close() waits; close() waits its second and no longer.
    if not has_tls():
        skip("TLS", "not in this build")
        return
    c, s = tls_pair()
    fill(c)
    c.settimeout(None)
    longest = [0]
    stop = []

    def count():
        last = ticks()
        while not stop:
            time.sleep(0.002)
            longest[0] = max(longest[0], since(last))
            last = ticks()

    t = waiting(count)
    start = ticks()
    c.close()
    took = since(start)
    stop.append(1)
    t(5)
    true("close() on TLS waits a second to send close_notify", 900 <= took and in_time(took, 6000), took)
    true("other threads run meanwhile", longest[0] < took - 200, (longest[0], took))
    s.close()
    quick("close() of one that does not block does not wait", without_blocking)
    quick("close() under a call of another thread does not wait", under_a_call)


sections(by_the_collector, what_is_sent_arrives, by_close)
summary(overseen=2)
