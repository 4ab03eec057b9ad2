# run: limit=60 heap=16m
# Scheduled functions run while a call waits, and may change the objects of the call: its buffer, its file, its poller.
import gc
import io
import micropython
import socket
import time

from check import caller_waits, check, in_time, number, raised, sections, since, spawn, summary, ticks, true
from pairs import close, narrow_pair, tcp_pair


def meanwhile(function, *more):
    # Schedule `function` once the caller waits, then, after it has run, call each of `more`.
    ran, until_it_waits = [], caller_waits(0.1)

    def run(x):
        function(x)
        ran.append(1)

    def later():
        until_it_waits()
        micropython.schedule(run, 0)
        while not ran:
            time.sleep(0.005)
        for f in more:
            until_it_waits()
            f()

    return spawn(later)


def grown(buf):
    # Move the buffer and reuse its old memory.
    def grow(_):
        buf.extend(bytes(5000))
        gc.collect()
        kept.append([bytes(50) for _ in range(500)])
        kept.append([bytes(5000) for _ in range(old // 5000)])

    kept, old = [], len(buf)
    return grow


def filled_while_it_moves():
    for name, call in (
        ("recv_into", lambda s, buf: s.recv_into(buf, 64)), ("recv_into with flags", lambda s, buf: s.recv_into(buf, 64, socket.MSG_PEEK)), ("readinto", lambda s, buf: s.readinto(buf, 64)),
        ("a file's readinto", lambda s, buf: s.makefile("rb").readinto(buf, 64)),
        ("an unbuffered file's readinto", lambda s, buf: s.makefile("rb", 0).readinto(buf, 64)),
    ):
        a, b = tcp_pair()
        b.settimeout(10)
        buf = bytearray(64)
        done = meanwhile(grown(buf), lambda: a.sendall(b"X" * 30), lambda: a.sendall(b"X" * 34 if "recv_into" not in name else b""))
        n = call(b, buf)
        done(10)
        if "recv_into" in name:
            check(name + ": a buffer that moves", (n, buf[:30]), (30, b"X" * 30))
        else:
            check(name + ": a buffer that moves", (n, buf[:64]), (64, b"X" * 64))
        true(name + ": it has moved", len(buf) == 5064, len(buf))
        close(a, b)


def sent_while_it_moves():
    for name in ("sendall", "write"):
        a, b = narrow_pair()
        a.settimeout(20)
        size = 100000
        buf = bytearray(b"A" * size)
        got = []

        def read():
            while sum(len(x) for x in got) < size:
                got.append(b.recv(65536))

        done = meanwhile(grown(buf), read)
        r = getattr(a, name)(buf)
        done(20)
        check(name + ": a buffer that moves", (r, sum(x.count(b"A") for x in got), sum(len(x) for x in got)), (None if name == "sendall" else size, size, size))
        close(a, b)


def shorter():
    # The bytes arrive after the buffer was cut, before it, and on both sides of it.
    for name, call, opened in (
        ("recv_into", lambda f, buf: f.recv_into(buf), lambda b: b), ("readinto", lambda f, buf: f.readinto(buf), lambda b: b),
        ("a file's readinto", lambda f, buf: f.readinto(buf), lambda b: b.makefile("rb")),
        ("an unbuffered file's readinto", lambda f, buf: f.readinto(buf), lambda b: b.makefile("rb", 0)),
    ):
        for before, after in ((b"", b"kept"), (b"kept", b""), (b"ke", b"pt")):
            if before and name == "recv_into":
                continue  # it has returned by then
            label = "{}, {} B before".format(name, len(before))
            a, b = tcp_pair()
            b.settimeout(10 if after else 5)  # with a GIL another thread may cut it: nothing then ends the wait
            f = opened(b)
            buf = bytearray(64)

            def cut(_):
                buf[:] = b"ab"
                gc.collect()

            a.sendall(before)
            done = meanwhile(cut, lambda: a.sendall(after))
            e = raised(call, (f, buf))
            done(10)
            true(label + ": a buffer that is shorter now", isinstance(e, RuntimeError), e)
            check(label + ": it is left alone", buf, bytearray(b"ab"))
            check(label + ": the received bytes are kept", f.read(4), b"kept")
            f.close()
            close(a, b)


def changed_meanwhile():
    # A scheduled function changes the received bytes; a call that then fails puts the received ones back.
    for name, opened in (("readinto", lambda b: b), ("a file's readinto", lambda b: b.makefile("rb"))):
        a, b = tcp_pair()
        b.settimeout(0.5)
        f = opened(b)
        buf = bytearray(64)

        def change(_):
            buf[:] = b"changed" + bytes(57)

        a.sendall(b"first ")
        done = meanwhile(change, lambda: a.sendall(b"second"))
        e = raised(f.readinto, (buf,))
        done(10)
        true(name + " of bytes that are changed has its timeout", isinstance(e, socket.timeout), e)
        check(name + ": the received bytes are kept", f.read(12), b"first second")
        f.close()
        close(a, b)


def one_reader_of_a_file():
    for name, call in (("readline", lambda f: f.readline()), ("read", lambda f: f.read(12)), ("readinto", lambda f: f.readinto(bytearray(12)))):
        a, b = tcp_pair()
        b.settimeout(10)
        f = b.makefile("rb")
        nested = []
        done = meanwhile(lambda _: nested.append(raised(getattr(f, "readline"))), lambda: a.sendall(b"abcdefghijk\nxy\n"))
        r = call(f)
        done(10)
        true(name + ": a read within it", len(nested) == 1 and isinstance(nested[0], RuntimeError), nested)
        check(name + ": gets its own bytes", r, 12 if name == "readinto" else b"abcdefghijk\n")
        check(name + ": and the next line is the next's", f.readline(), b"xy\n")
        f.close()
        close(a, b)


def lines_are_kept():
    # One deadline limits all lines; after a timeout the received ones are returned by the next call.
    for mode in ("rb", "r"):
        a, b = tcp_pair()
        b.settimeout(0.5)
        f = b.makefile(mode)
        want = (lambda x: x) if mode == "rb" else (lambda x: x.decode())

        def send():
            for n in range(10):
                a.sendall(b"line %d\n" % n)
                time.sleep(0.2)

        done = spawn(send)
        start = ticks()
        e = raised(f.readlines)
        took = since(start)
        true("readlines has one timeout, " + mode, isinstance(e, socket.timeout) and 500 <= took and in_time(took, 4000), (e, took))
        done(10)
        a.close()
        b.settimeout(5)
        check("and loses no line, " + mode, f.readlines(), [want(b"line %d\n" % n) for n in range(10)])
        f.close()
        b.close()


def poller_changed():
    class Closer(io.IOBase):
        def __init__(self, act):
            self.act = act

        def ioctl(self, request, arg):
            if request != 3:
                return -22
            self.act()
            return 0

    p = socket.poller()
    p.register(Closer(p.close), 1)
    e = raised(p.poll, (100,))
    check("a poller closed by a polled object", number(e), 9)
    p = socket.poller()
    others = [Closer(lambda: None) for _ in range(3)]

    def drop():
        for o in others:
            p.unregister(o)
        del others[:]
        p.unregister(first)

    first = Closer(drop)
    p.register(first, 1)
    for o in others:
        p.register(o, 1)
    check("a poller emptied by a polled object", raised(p.poll, (50,)), None)
    p.close()


sections(filled_while_it_moves, sent_while_it_moves, shorter, changed_meanwhile, one_reader_of_a_file, lines_are_kept, poller_changed)
summary()
