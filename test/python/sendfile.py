# run: net=lo limit=60 heap=4m
# sendfile with a timeout, and with files that fail, return nothing or return invalid counts.
import io
import time

import socket

from check import check, number, raised, raises, sections, spawn, summary, true
from pairs import close, drain, full_pair, narrow_pair, tcp_pair
from where import MUCH


PATTERN = bytes(range(256)) * 20


class Endless:
    # An endless file; its byte at n is n modulo 256.
    at = 0

    def seek(self, position):
        self.at = position

    def tell(self):
        return self.at

    def readinto(self, buf):
        start = self.at % 256
        buf[:] = PATTERN[start : start + len(buf)]
        self.at += len(buf)
        return len(buf)


def received(s, at):
    # Receive up to the end of the stream; returns the count, and True if the bytes are those of Endless from `at` on.
    n, right = 0, True
    while True:
        piece = s.recv(4096)
        if not piece:
            return n, right
        start = (at + n) % 256
        right = right and piece == PATTERN[start : start + len(piece)]
        n += len(piece)


def late():
    for count in (None, MUCH):
        a, b = narrow_pair()
        a.settimeout(0.3)
        f = Endless()
        start = time.ticks_ms()
        e = raised(a.sendfile, (f, 100, count))
        took = time.ticks_diff(time.ticks_ms(), start)
        label = "late, count {}: ".format(count)
        check(label + "timeout", (type(e), number(e)), (socket.timeout, 110))
        true(label + "not early", took >= 300, took)
        true(label + "the text has the count", "{} {}bytes sent".format(e.sent, "of {} ".format(count) if count else "") in str(e), str(e))
        check(label + "the file is behind it", f.tell(), 100 + e.sent)
        a.close()
        check(label + "the peer has as much", received(b, 100), (e.sent, True))
        b.close()
    a, b = full_pair()
    a.settimeout(0.01)
    f = io.BytesIO(b"x" * 100)
    e = raised(a.sendfile, (f,))
    check("timeout before the first byte", (number(e), e.sent, f.tell()), (110, 0, 0))
    close(a, b)


class Stuck(Endless):
    def seek(self, position):
        if self.at != 0:
            raise ValueError("seek")


def late_with_a_file_that_cannot_go_back():
    a, b = narrow_pair()
    a.settimeout(0.1)
    e = raised(a.sendfile, (Stuck(),))
    check("late, and the file does not go back: the timeout", (type(e), number(e)), (socket.timeout, 110))
    a.close()
    check("and the exception has the number of bytes sent", received(b, 0), (e.sent if isinstance(e, socket.timeout) else None, True))
    b.close()


def many_times():
    # A file that is read in pieces is sent as a whole, with one deadline for all of it.
    data = bytes((i * 11) & 255 for i in range(300000))
    for fits in (None, 299999, 1):
        a, b = narrow_pair()
        a.settimeout(20)
        b.settimeout(20)
        t = spawn(drain, b)
        check("sendfile of {}".format(fits), a.sendfile(io.BytesIO(data), 0, fits), fits or 300000)
        a.close()
        check("sendfile of {}, whole".format(fits), t(20), [data[:fits] if fits else data])
        b.close()


class Source:
    def __init__(self, gives):
        self.gives = list(gives)

    def readinto(self, buf):
        n = self.gives.pop(0)
        if isinstance(n, Exception):
            raise n
        if isinstance(n, int) and 0 < n <= len(buf):
            buf[:n] = b"s" * n
        return n


class Seekable(Source):
    at = None

    def seek(self, position):
        self.at = position


def sources():
    a, b = tcp_pair()
    a.settimeout(5)
    b.settimeout(5)
    check("a source without seek", (a.sendfile(Source((3, 2, 0))), b.read(5)), (5, b"sssss"))
    check("None is the end", (a.sendfile(Source((3, None))), b.read(3)), (3, b"sss"))
    raises("an offset without seek", TypeError, a.sendfile, Source((1, 0)), 5)
    raises("no file at all", TypeError, a.sendfile, None)
    raises("more than the buffer holds", ValueError, a.sendfile, Source((10**6,)))
    raises("fewer than none", ValueError, a.sendfile, Source((-1,)))
    raises("no number", TypeError, a.sendfile, Source(("x",)))
    f = Seekable((4, ValueError("broken"), 0))
    raises("an exception of the file", ValueError, a.sendfile, f, 10)
    check("the file's position is after the last byte sent", (f.at, b.read(4)), (14, b"ssss"))
    c, d = tcp_pair()
    d.send(b"through")
    d.close()
    check("from a socket", (a.sendfile(c), b.read(7)), (7, b"through"))
    close(a, b, c)


class Ring:
    # A file of what its own sendfile has sent, so that the socket always takes the next part at once; it ends after a second.
    def __init__(self, s):
        self.s = s
        self.start = time.ticks_ms()

    def readinto(self, buf):
        return self.s.recv_into(buf) if time.ticks_diff(time.ticks_ms(), self.start) < 1000 else 0


def late_although_nothing_waits():
    a, b = tcp_pair()
    b.settimeout(10)
    a.send(b"round " * 40)
    a.settimeout(0.2)
    start = time.ticks_ms()
    e = raised(a.sendfile, (Ring(b),))
    took = time.ticks_diff(time.ticks_ms(), start)
    check("late although nothing waits", (type(e), number(e)), (socket.timeout, 110))
    true("not early", took >= 200, took)
    true("with the count", e is not None and e.sent > 0, e)
    close(a, b)


sections(late, late_although_nothing_waits, late_with_a_file_that_cannot_go_back, many_times, sources)
summary()
