# run: limit=60 heap=16m
# Any mixture of receiving calls, timeouts, modes and segments returns the stream byte for byte; so does any mixture of sending
# calls, including the counts in exceptions. The random numbers are a fixed sequence, so that a failure can be repeated.
import select
import socket
import time

from check import check, env, fail, number, ok, sections, spawn, summary
from pairs import buffer_size, close, tcp_pair

ROUNDS = 60 if env("TEST_LONG") else 20
SIZE = 60000


class Dice:
    def __init__(self, seed):
        self.x = seed

    def __call__(self, n):
        self.x = (self.x * 1103515245 + 12345) & 0x7FFFFFFF
        return (self.x >> 8) % n


def text(dice, n):
    # Lines of all lengths.
    out = bytearray()
    while len(out) < n:
        out.extend(bytes([97 + dice(26)]) * dice((10, 80, 700)[dice(3)]))
        out.extend(b"\n")
    return bytes(out[:n])


def sender(s, data, dice, stop):
    at = 0
    while at < len(data) and not stop:
        n = 1 + dice(1 + dice(3000))
        s.sendall(data[at : at + n])
        at += n
        if dice(4) == 0:
            time.sleep(0.0005 * dice(6))
    s.shutdown(socket.SHUT_WR)


def take(s, dice, f):
    # Make one random receiving call; returns bytes, b"" at the end, None if there were none yet.
    kind = dice(9)
    n = 1 + dice(1 + dice(2000))
    if kind == 0:
        return s.recv(n)
    if kind == 1:
        return s.recvfrom(n)[0]
    if kind == 2:
        return s.read(n)
    if kind == 3:
        return s.readline()
    if kind == 4:
        return s.readline(n)
    if kind == 5:
        head = s.recv(n, socket.MSG_PEEK)
        got = s.recv(len(head)) if head else b""
        return got if got == head else b"peek lied"
    buf = bytearray(n)
    if kind == 6:
        got = s.readinto(buf)
    elif kind == 7:
        got = s.recv_into(buf)
    else:
        got = s.recvfrom_into(buf)[0]
    return None if got is None else bytes(buf[:got])


def receiving():
    for round in range(ROUNDS):
        dice = Dice(round + 1)
        data = text(dice, SIZE)
        a, b = tcp_pair()
        stop = []
        t = spawn(sender, a, data, Dice(round + 1000), stop)
        at, wrong, polls = 0, None, select.poll()
        polls.register(b, select.POLLIN)
        while True:
            b.settimeout((None, 0, 0.0005, 0.002, 0.01, 5)[dice(6)])
            if dice(20) == 0:
                if polls.poll(2000) == []:
                    wrong = "poll finds nothing to read at {} of {}".format(at, SIZE)
                    break
            try:
                got = take(b, dice, None)
            except OSError as e:
                if number(e) not in (11, 110):
                    wrong = repr(e)
                    break
                got = None
            if got is None:
                continue
            if got == b"":
                break
            if data[at : at + len(got)] != got:
                wrong = "at {}: {!r} in place of {!r}".format(at, got[:20], data[at : at + 20])
                break
            at += len(got)
        stop.append(1)
        if wrong is None and at != SIZE:
            wrong = "ended at {} of {}".format(at, SIZE)
        close(b)
        try:
            t(10)
        except OSError:
            pass
        a.close()
        if wrong is not None:
            fail("round {} of random receiving".format(round), wrong)
            return
    ok("{} rounds of random receiving calls give {} bytes each, in order".format(ROUNDS, SIZE))


def receiver(s, dice):
    got = []
    while True:
        piece = s.recv(1 + dice(4000))
        if not piece:
            return b"".join(got)
        got.append(piece)
        if dice(3) == 0:
            time.sleep(0.0005 * dice(8))


def sending():
    for round in range(ROUNDS):
        dice = Dice(round + 77)
        data = text(dice, SIZE * 4)
        a, b = tcp_pair()
        buffer_size(a, "SO_SNDBUF", 16384)
        buffer_size(b, "SO_RCVBUF", 32768)
        t = spawn(receiver, b, Dice(round + 3000))
        at = 0
        while at < len(data):
            a.settimeout((None, 0, 0.0005, 0.002, 0.01, 5)[dice(6)])
            piece = data[at : at + 1 + dice(1 + dice(60000))]
            kind = dice(4)
            try:
                if kind == 0:
                    at += a.send(piece)
                elif kind == 1:
                    n = a.write(piece)
                    at += n or 0
                elif kind == 2:
                    n = a.write(data, at, len(piece))
                    at += n or 0
                elif a.gettimeout() != 0:
                    a.sendall(piece)
                    at += len(piece)
            except OSError as e:
                if number(e) not in (11, 110):
                    raise
                at += getattr(e, "sent", 0)
        a.close()
        got = t(30)
        b.close()
        if got is None or got[0] != data:
            check("round {} of random sending".format(round), got and len(got[0]), len(data))
            fail("round {} of random sending".format(round), "the bytes differ")
            return
    ok("{} rounds of random sending calls give {} bytes each, in order".format(ROUNDS, SIZE * 4))


sections(receiving, sending)
summary()
