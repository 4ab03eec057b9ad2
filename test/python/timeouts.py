# run: net=veth limit=60 heap=64m
# Every call has one deadline for the whole call: never early, late only by the scheduler's delay.
import socket
import time

from check import check, in_time, number, raised, raises, sections, since, spawn, summary, ticks, timed, true, waiting
from pairs import close, drain, free_port, full_pair, narrow_pair, tcp_pair, udp_pair
from where import HOST, MUCH, SILENT

SLACK = 4000


def listener():
    s = socket.socket()
    s.bind((HOST, 0))
    s.listen()
    return s


def every_call():
    for seconds in (0.01, 0.05, 0.25):
        ms = int(seconds * 1000)
        a, b = full_pair()
        u, v = udp_pair()
        s = listener()
        for x in (a, b, u, v, s):
            x.settimeout(seconds)
        drainless = ((a, "send", (b"x",)), (a, "sendall", (b"x",)), (a, "write", (b"x",)))
        c, d = tcp_pair()
        c.settimeout(seconds)
        for x, name, args in drainless + (
            (c, "recv", (1,)), (c, "recvfrom", (1,)), (c, "recv_into", (bytearray(1),)), (c, "recvfrom_into", (bytearray(1),)), (c, "read", (1,)),
            (c, "read", ()), (c, "readinto", (bytearray(1),)), (c, "readline", ()), (s, "accept", ()), (u, "recv", (1,)), (u, "recvfrom", (1,)),
            (u, "recv_into", (bytearray(1),)), (u, "recvfrom_into", (bytearray(1),)), (u, "read", (1,)), (u, "readinto", (bytearray(1),)),
        ):  # fmt: skip
            kind = "udp" if x is u else "tcp"
            timed("U4: {} {}{} in {} ms".format(kind, name, len(args), ms), getattr(x, name), args, ms, ms + SLACK)
        n = socket.socket()
        n.settimeout(seconds)
        timed("connect to silence in {} ms".format(ms), n.connect, (SILENT,), ms, ms + SLACK)
        timed("create_connection to silence in {} ms".format(ms), socket.create_connection, (SILENT, seconds), ms, ms + SLACK)
        f = c.makefile("rb")
        timed("makefile readline in {} ms".format(ms), f.readline, (), ms, ms + SLACK)
        f.close()
        close(a, b, u, v, s, c, d, n)


def one_deadline_for_many_parts():
    def trickle(s, stop):
        while not stop:
            s.send(b"x")
            time.sleep(0.04)

    for name, args in (("read", (1000,)), ("read", ()), ("readline", ()), ("readinto", (bytearray(1000),))):
        a, b = tcp_pair()
        stop = []
        t = spawn(trickle, a, stop)
        b.settimeout(0.3)
        timed("R11: bytes that trickle in do not lengthen the deadline of {}{}".format(name, len(args)), getattr(b, name), args, 300, 300 + SLACK)
        stop.append(1)
        t()
        close(a, b)

    def sip(s, stop):
        s.settimeout(0.05)
        while not stop:
            raised(s.recv, (20000,))
            time.sleep(0.02)

    for name in ("write", "sendall"):
        a, b = narrow_pair()
        stop = []
        t = spawn(sip, b, stop)
        a.settimeout(0.3)
        timed("bytes that trickle out do not lengthen the deadline of " + name, getattr(a, name), (bytes(MUCH),), 300, 300 + SLACK)
        stop.append(1)
        t()
        close(a, b)


def not_before():
    u, v = udp_pair()
    for seconds in (0.001, 0.0101, 0.1, 0.9999999):
        u.settimeout(seconds)
        start = time.ticks_us()
        e = raised(u.recv, (1,))
        took = time.ticks_diff(time.ticks_us(), start)
        name = "U7: " if seconds == 0.9999999 else ""
        true("{}settimeout({}) waits that long".format(name, seconds), isinstance(e, socket.timeout) and took >= int(seconds * 1e6) - 1, (e, took))
    for seconds in (1e-9, 1e-7, 4e-7, 1e-6, 1e-4):
        u.settimeout(seconds)
        true("U7: settimeout({}) is no 0".format(seconds), u.gettimeout() is not None and u.gettimeout() > 0 and u.getblocking(), u.gettimeout())
        timed("U7: settimeout({}) times out and does not say EAGAIN".format(seconds), u.recv, (1,), 0, SLACK)
    close(u, v)


def odd_values():
    s = socket.socket()
    s.settimeout(5)
    for value in (-1, -0.5, -1e-9, float("-inf"), float("nan")):
        raises("U7: settimeout({})".format(value), ValueError, s.settimeout, value)
        check("U7: the refused {} changes nothing".format(value), s.gettimeout(), 5.0)
        raises("setdefaulttimeout({})".format(value), ValueError, socket.setdefaulttimeout, value)
        check("no default after the refused {}".format(value), socket.getdefaulttimeout(), None)
        raises("create_connection, timeout {}".format(value), ValueError, socket.create_connection, (HOST, free_port()), value)
    s.close()
    for value in (1e6, 1e9, 1e10, 3e11, 1e18, 1e30, float("inf")):
        u, v = udp_pair()
        refused = raised(u.settimeout, (value,))
        if refused is not None:
            true("settimeout({}) is refused with a reason".format(value), isinstance(refused, (OverflowError, ValueError)), refused)
        else:

            def later():
                time.sleep(0.05)
                v.send(b"late")

            t = spawn(later)
            got = []
            e = raised(lambda: got.append(u.recv(10)))
            check("settimeout({}) waits long enough".format(value), (e, got), (None, [b"late"]))
            t()
        close(u, v)


def within_the_timeout():
    a, b = tcp_pair()
    b.settimeout(5)

    def later():
        time.sleep(0.1)
        a.send(b"x\n")

    for name, args, want in (("recv", (5,), b"x\n"), ("readline", (), b"x\n"), ("read", (2,), b"x\n"), ("readinto", (bytearray(2),), 2)):
        start = ticks()
        t = spawn(later)
        check(name + " within the deadline", getattr(b, name)(*args), want)
        true(name + " returns when the bytes are there", 90 <= since(start) and in_time(since(start), 90 + SLACK), since(start))
        t()
    close(a, b)


def modes():
    a, b = tcp_pair()
    b.settimeout(0.05)
    b.setblocking(True)
    check("U8: setblocking(True) forgets the timeout", b.gettimeout(), None)

    def later():
        time.sleep(0.3)
        a.send(b"x")

    t = spawn(later)
    check("U8: and recv waits", b.recv(1), b"x")
    t()
    b.settimeout(0.05)
    b.setblocking(False)
    raises("setblocking(False) never waits", 11, b.recv, 1)
    b.settimeout(None)
    t = spawn(later)
    check("settimeout(None) waits", b.recv(1), b"x")
    t()
    close(a, b)
    s = listener()
    s.settimeout(0.3)
    c = socket.socket()
    c.connect(s.getsockname())
    d, _ = s.accept()
    check("the accepted socket does not inherit the listener's timeout", d.gettimeout(), None)
    s.setblocking(False)
    e = socket.socket()
    e.connect(s.getsockname())
    time.sleep(0.05)
    f, _ = s.accept()
    check("nor that it does not wait", f.getblocking(), True)
    close(s, c, d, e, f)


def a_timeout_changed_during_the_wait():
    a, b = tcp_pair()
    b.settimeout(1)
    t = waiting(lambda: raised(b.recv, (1,)))
    b.settimeout(30)
    got = t(10)
    true("the deadline is fixed at the start of the call", got is not None and isinstance(got[0], socket.timeout), got)
    close(a, b)


def connect_that_times_out():
    s = socket.socket()
    s.settimeout(0.1)
    timed("connect times out", s.connect, (SILENT,), 100, 100 + SLACK)
    e = raised(s.connect, (SILENT,))
    true("connecting again: still under way, or waits again", isinstance(e, socket.timeout) or number(e) == 114, e)
    s.close()
    s = socket.socket()
    s.settimeout(0.1)
    check("connect_ex times out", s.connect_ex(SILENT), 110)
    s.close()


def accept_keeps_the_listener():
    s = listener()
    s.settimeout(0.05)
    timed("accept times out", s.accept, (), 50, 50 + SLACK)
    c = socket.socket()
    c.connect(s.getsockname())
    d, _ = s.accept()
    c.send(b"after")
    check("and accepts afterwards", d.recv(10), b"after")
    close(s, c, d)


def drain_is_used():
    a, b = tcp_pair()
    a.send(b"all")
    a.close()
    check("within no deadline at all", drain(b), b"all")
    b.close()


sections(
    every_call, one_deadline_for_many_parts, not_before, odd_values, within_the_timeout, modes, a_timeout_changed_during_the_wait,
    connect_that_times_out, accept_keeps_the_listener, drain_is_used,
)  # fmt: skip
summary()
