# run: limit=60
# No byte is lost: the bytes received before a timeout inside read, readinto or readline are returned by the next receiving call of
# any kind, and poll reports them.
import select
import socket
import time

from check import SYSTEM, check, number, raised, sections, skip, spawn, summary, timed, true
from pairs import C, close, full_pair, settle, tcp_pair

WAIT = 0.06


def read_10(s):
    return s.read(10)


def read_all(s):
    return s.read()


def readinto_10(s):
    return s.readinto(bytearray(10))


def readinto_10_of_20(s):
    return s.readinto(bytearray(20), 10)


def readline(s):
    return s.readline()


def readline_10(s):
    return s.readline(10)


INTERRUPTED = (read_10, read_all, readinto_10, readinto_10_of_20, readline, readline_10)


def into(s):
    buf = bytearray(3)
    n = s.recv_into(buf)
    return bytes(buf[:n])


def from_into(s):
    buf = bytearray(3)
    n, _ = s.recvfrom_into(buf)
    return bytes(buf[:n])


def stream_into(s):
    buf = bytearray(3)
    n = s.readinto(buf)
    return bytes(buf[:n])


def through_file(s):
    f = s.makefile("rb")
    try:
        return f.read(3)
    finally:
        f.close()


NEXT = (
    ("recv", lambda s: s.recv(3)),
    ("recvfrom", lambda s: s.recvfrom(3)[0]),
    ("recv_into", into),
    ("recvfrom_into", from_into),
    ("read", lambda s: s.read(3)),
    ("readinto", stream_into),
    ("readline(3)", lambda s: s.readline(3)),
    ("makefile", through_file),
    ("recv DONTWAIT", lambda s: s.recv(3, socket.MSG_DONTWAIT)),
    ("recv WAITALL", lambda s: s.recv(3, C.MSG_WAITALL)),
)


def every_reader_then_every_call():
    for first in INTERRUPTED:
        for name, second in NEXT:
            a, b = tcp_pair()
            b.settimeout(WAIT)
            a.send(b"abc")
            e = raised(first, (b,))
            kind = isinstance(e, OSError) and number(e) == 110
            b.settimeout(2)
            got = []
            e2 = raised(lambda: got.append(second(b)))
            label = "S1: {} times out, then {} returns what was kept".format(first.__name__, name)
            check(label, (kind, got, e2), (True, [b"abc"], None))
            close(a, b)


def kept_and_new_in_order():
    for first in INTERRUPTED:
        a, b = tcp_pair()
        b.settimeout(WAIT)
        a.send(b"abc")
        timed(first.__name__ + " times out", first, (b,), 59, 4000)
        a.send(b"def")
        time.sleep(0.02)
        timed(first.__name__ + " times out again", first, (b,), 59, 4000)
        a.send(b"ghij\n")
        b.settimeout(2)
        check("kept twice, then the rest, in order, after " + first.__name__, b.read(11), b"abcdefghij\n")
        close(a, b)


def kept_in_pieces():
    a, b = tcp_pair()
    b.settimeout(WAIT)
    a.send(b"0123456789")
    time.sleep(0.02)
    raised(b.read, (100,))
    check("a part of the kept bytes", b.recv(2), b"01")
    check("peeked", b.recv(3, socket.MSG_PEEK), b"234")
    check("peeked again", b.recv(3, socket.MSG_PEEK), b"234")
    check("another piece", b.read(3), b"234")
    check("recv(0) consumes none", b.recv(0), b"")
    check("the rest of it", b.recv(100), b"56789")
    timed("then nothing", b.recv, (1,), 59, 4000)
    close(a, b)


def kept_at_the_end_of_the_stream():
    for first in INTERRUPTED:
        a, b = tcp_pair()
        b.settimeout(WAIT)
        a.send(b"abc")
        raised(first, (b,))
        a.close()
        b.settimeout(2)
        check("kept, then the end of the stream, after " + first.__name__, (b.read(), b.read()), (b"abc", b""))
        b.close()


def kept_across_modes():
    a, b = tcp_pair()
    b.settimeout(WAIT)
    a.send(b"abc")
    raised(b.readline)
    b.setblocking(False)
    check("kept for a non-blocking read", b.read(10), b"abc")
    check("then None", b.read(10), None)
    b.settimeout(WAIT)
    a.send(b"abc")
    raised(b.read, (10,))
    b.settimeout(None)
    check("kept for a blocking recv", b.recv(10), b"abc")
    close(a, b)


def kept_when_not_blocking():
    a, b = tcp_pair()
    b.setblocking(False)
    a.send(b"half a li")
    settle(b)
    got = b.readline()
    a.send(b"ne\nnext")
    settle(b)
    time.sleep(0.02)
    rest = b.readline()
    check("a non-blocking readline in two pieces", (got or b"") + rest, b"half a line\n")
    check("and what follows", b.recv(100), b"next")
    close(a, b)


def kept_large():
    a, b = tcp_pair()
    b.settimeout(0.3)
    data = bytes(range(256)) * 200
    t = spawn(a.sendall, data)
    e = raised(b.read, (len(data) + 1,))
    true("a large read times out", isinstance(e, socket.timeout), e)
    t()
    b.settimeout(2)
    true("none of 51200 bytes is lost", b.read(len(data)) == data)
    buf = bytearray(len(data) + 1)
    t = spawn(a.sendall, data)
    b.settimeout(0.3)
    e = raised(b.readinto, (buf,))
    true("a large readinto times out", isinstance(e, socket.timeout), e)
    t()
    b.settimeout(2)
    true("none of 51200 bytes is lost by readinto", b.read(len(data)) == data)
    t = spawn(a.sendall, b"x" * 20000)
    b.settimeout(0.3)
    e = raised(b.readline)
    true("a long line times out", isinstance(e, socket.timeout), e)
    t()
    a.send(b"\n")
    true("and is whole in the end", b.readline() == b"x" * 20000 + b"\n")
    close(a, b)


def polled(p):
    return [event for _, event in p.poll(0)]


def poll_stays_truthful():
    IN = select.POLLIN
    for first in INTERRUPTED:
        name = first.__name__
        a, b = tcp_pair()
        b.settimeout(WAIT)
        before, by_number = select.poll(), select.poll()
        before.register(b, IN)
        if SYSTEM:
            by_number.register(b.fileno(), IN)
        a.send(b"abc")
        raised(first, (b,))
        after, after_number = select.poll(), select.poll()
        after.register(b, IN)
        ways = [("object, before", before), ("object, after", after)]
        if SYSTEM:
            after_number.register(b.fileno(), IN)
            ways += [("number, before", by_number), ("number, after", after_number)]
        for way, p in ways:
            check("readable after {} timed out: by {}".format(name, way), polled(p), [IN])
        check("a piece", b.recv(1), b"a")
        for way, p in ways:
            check("still readable after {} and one byte: by {}".format(name, way), polled(p), [IN])
        check("the rest", b.read(2), b"bc")
        for way, p in ways:
            check("not readable any more after {}: by {}".format(name, way), polled(p), [])
        a.send(b"x")
        for way, p in ways:
            check("readable again after {}: by {}".format(name, way), [event for _, event in p.poll(1000)], [IN])
        close(a, b)


def poll_by_number():
    if not SYSTEM:
        skip("poll by number", "the system does not know the stack's numbers")


def poll_for_writing():
    # Bytes put back make the socket readable; they do not affect its writability.
    a, b = full_pair()
    a.settimeout(WAIT)
    b.send(b"abc")
    raised(a.read, (10,))
    p = select.poll()
    p.register(a, select.POLLOUT)
    check("with bytes kept and a full buffer: not writable", polled(p), [])
    check("and readable", (p.modify(a, select.POLLIN), polled(p)), (None, [select.POLLIN]))
    close(a, b)
    a, b = tcp_pair()
    b.settimeout(WAIT)
    a.send(b"abc")
    raised(b.read, (10,))
    p = select.poll()
    p.register(b, select.POLLOUT)
    check("with bytes kept and room: writable", polled(p), [select.POLLOUT])
    close(a, b)


def poll_after_lines():
    a, b = tcp_pair()
    b.settimeout(1)
    p = select.poll()
    p.register(b.fileno() if SYSTEM else b, select.POLLIN)
    a.send(b"one\ntwo\nthree\n")
    settle(b)
    for n, line in enumerate((b"one\n", b"two\n", b"three\n")):
        check("readable before line %d" % n, polled(p), [select.POLLIN])
        check("line %d" % n, b.readline(), line)
    check("not readable after the last line", polled(p), [])
    close(a, b)


TEXT = "a\u00e4\u20ac\U0001f600\n"  # characters of 1, 2, 3, 4 and 1 bytes


def text_is_not_cut():
    # A text file counts characters and returns whole ones: an incomplete character waits for its rest.
    for label, buffering in (("buffered", None), ("a buffer of 2", 2), ("unbuffered", 0)):
        a, b = tcp_pair()
        b.settimeout(5)
        f = b.makefile("r", buffering)
        a.send((TEXT * 4).encode())
        settle(b)
        check(label + ", read(3)", f.read(3), TEXT[:3])
        check(label + ", read(4): beyond the line", f.read(4), TEXT[3:] + TEXT[:2])
        check(label + ", readline(1)", f.readline(1), TEXT[2])
        check(label + ", readline(2)", f.readline(2), TEXT[3:])
        check(label + ", readline(3)", f.readline(3), TEXT[:3])
        check(label + ", readline(9)", f.readline(9), TEXT[3:])
        check(label + ", readline()", f.readline(), TEXT)
        check(label + ", read(0), readline(0)", (f.read(0), f.readline(0)), ("", ""))
        for name, call in (("read()", f.read), ("read(9)", lambda: f.read(9)), ("readline()", f.readline), ("readline(9)", lambda: f.readline(9))):
            b.setblocking(False)
            got = []
            for byte in TEXT[:4].encode():
                a.send(bytes((byte,)))
                settle(b)
                got.append(call())
            check(label + ", not waiting, " + name, got, [TEXT[0], None, TEXT[1], None, None, TEXT[2], None, None, None, TEXT[3]])
            b.settimeout(WAIT)
            a.send(TEXT.encode()[:2])
            check(label + ", timeout, " + name, number(raised(call)), 110)
            a.send(TEXT.encode()[2:])
            b.settimeout(5)
            check(label + ", in time, " + name, f.read(5), TEXT)
        a.send(TEXT.encode()[:5])
        a.close()
        check(label + ", the end", f.read(2), TEXT[:2])
        true(label + ", the end within a character", isinstance(raised(f.read), UnicodeError))
        close(f, b)


def kept_before_detach():
    # A descriptor takes no kept bytes along, so detach refuses until they are received.
    a, b = tcp_pair()
    b.settimeout(WAIT)
    a.send(b"partial")
    raised(b.readline)
    seen = []
    b.setsockopt(socket.SOL_SOCKET, 20, seen.append)
    for part in (b"par", b"tial"):
        e = raised(b.detach)
        check("detach with kept bytes", (type(e), str(e)), (ValueError, "received data have to be read before detach"))
        check("the socket still has them", b.recv(len(part)), part)
    seen.clear()
    a.send(b"x")
    until = time.ticks_add(time.ticks_ms(), 5000)
    while not seen and time.ticks_diff(until, time.ticks_ms()) > 0:
        time.sleep_ms(5)
    true("the handler of a refused detach stays", seen)
    check("the next bytes", b.recv(10), b"x")
    c = socket.socket(fileno=b.detach())
    a.send(b"more")
    c.settimeout(5)
    check("after them detach gives the connection", c.recv(10), b"more")
    close(a, c)


sections(
    every_reader_then_every_call, kept_and_new_in_order, kept_in_pieces, kept_at_the_end_of_the_stream, kept_across_modes,
    kept_when_not_blocking, kept_large, poll_stays_truthful, poll_by_number, poll_for_writing, poll_after_lines,
    text_is_not_cut, kept_before_detach,
)  # fmt: skip
summary()
