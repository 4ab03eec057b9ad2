# run: limit=60 heap=64m
# A timeout within write or sendall: the exception has the exact number of bytes that the peer will receive.
import socket
import time

from check import check, number, raised, sections, spawn, summary, true
from pairs import close, drain, fill, narrow_pair
from where import MUCH

SIZE = MUCH * 2 // 5


def pattern(n):
    unit = b"".join((b"%07d," % i for i in range(1024)))
    return (unit * (n // len(unit) + 1))[:n]


DATA = pattern(SIZE)


def words(e):
    return len(e.args) > 1 and isinstance(e.args[1], str) and str(e.sent) in e.args[1]


def judged(label, e):
    true(label + ": class timeout", isinstance(e, socket.timeout), e)
    true(label + ": errno", number(e) == 110 and e.args[0] == 110, e)
    true(label + ": sent is an int", type(getattr(e, "sent", None)) is int, e)
    true(label + ": words hold the number", words(e), e.args)


def peer_does_not_read():
    for name in ("write", "sendall"):
        a, b = narrow_pair()
        a.settimeout(0.2)
        e = raised(getattr(a, name), (DATA,))
        judged("U23: {} to a peer that does not read".format(name), e)
        true(name + ": some bytes were sent, not all", 0 < e.sent < SIZE, e.sent)
        a.close()
        got = drain(b)
        check("S2: {}: sent is what the peer receives".format(name), len(got), e.sent)
        true(name + ": and they are the first", got == DATA[: e.sent])
        b.close()


def nothing_fits():
    for name in ("write", "sendall"):
        a, b = narrow_pair()
        filled = fill(a)
        a.settimeout(0.05)
        e = raised(getattr(a, name), (b"not a byte of this",))
        judged(name + " into a full buffer", e)
        check(name + " into a full buffer: none was sent", e.sent, 0)
        a.close()
        check(name + " into a full buffer: the peer got none", len(drain(b)), filled)
        b.close()


def slow_reader(s, total, stop):
    got = []
    while not stop:
        s.settimeout(0.05)
        try:
            piece = s.recv(min(20000, SIZE // 40))  # all of it takes longer than the writer waits
        except OSError:
            continue
        if not piece:
            break
        got.append(piece)
        time.sleep(0.02)
    s.settimeout(None)
    got.append(drain(s))
    return b"".join(got)


def peer_reads_slowly():
    for name in ("write", "sendall"):
        a, b = narrow_pair()
        stop = []
        t = spawn(slow_reader, b, SIZE, stop)
        a.settimeout(0.2)
        e = raised(getattr(a, name), (DATA,))
        judged(name + " to a slow reader", e)
        stop.append(1)
        a.settimeout(20)
        rest = memoryview(DATA)[e.sent :]
        raised(a.sendall, (rest,))
        a.close()
        got = t(20)
        true("S2: {}: the rest sent from e.sent on makes the data whole".format(name), got is not None and got[0] == DATA)
        b.close()


def forms_of_write():
    for label, args, start in (("write(buf, n)", (DATA, SIZE - 5), 0), ("write(buf, off, n)", (DATA, 3, SIZE - 3), 3)):
        a, b = narrow_pair()
        a.settimeout(0.1)
        e = raised(a.write, args)
        judged(label, e)
        a.close()
        got = drain(b)
        true(label + ": sent counts from the offset", got == DATA[start : start + e.sent], (len(got), e.sent))
        b.close()


def ended_by_the_peer():
    for name in ("write", "sendall"):
        a, b = narrow_pair()

        def leave():
            time.sleep(0.1)
            b.close()

        t = spawn(leave)
        a.settimeout(5)
        e = raised(getattr(a, name), (DATA,))
        true(name + " to a peer that leaves: reset or broken pipe", isinstance(e, OSError) and number(e) in (104, 32), e)
        t()
        a.close()


sections(peer_does_not_read, nothing_fits, peer_reads_slowly, forms_of_write, ended_by_the_peer)
summary()
