# run: heap=512k net=lo limit=60
# read() to the end of a stream on a heap with little more room than the data need, in one piece or in two.
import gc
import socket
import time

from check import check, collect, collected, spawn, summary
from pairs import close, tcp_pair
from where import HOST

DATA = bytes(range(256)) * 800


def fill(room):
    # Takes the heap but for `room` bytes in one piece and pieces of less than 1 KB. Returns what holds it, or None if the collector has
    # overlooked the piece, because a stale word points to it.
    try:
        hole = bytearray(room)
    except MemoryError:
        return None
    held = []
    size = gc.mem_free()
    while size >= 1024:
        try:
            held.append(bytearray(size))
        except MemoryError:
            size //= 2
    gc.collect()
    free = gc.mem_free()
    hole = None
    gc.collect()
    if gc.mem_free() - free >= room:
        return held
    held.clear()
    return None


def reads(label, room, make):
    # The data arrive in small parts, so that the reader cannot know how much there is.
    a, b = tcp_pair()
    b.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 24000)
    a.settimeout(20)
    b.settimeout(20)
    reader = make(b)
    start = []

    def send():
        while not start:
            time.sleep_ms(1)
        a.sendall(DATA)
        a.shutdown(socket.SHUT_WR)

    ended = spawn(send)
    collect()
    for _ in range(10):
        held = fill(room)
        if held is not None:
            break
    start.append(1)
    try:
        got = reader.read()
    except MemoryError as e:
        got = e
    there = held is not None
    if there:
        held.clear()
    if got != DATA:
        reader.read() if isinstance(got, bytes) else drain(b)
    ended(20)
    close(a, b)
    if there:
        check(label, got == DATA or got, True)
    else:
        collected(label, False, "the collector keeps the room")


def drain(sock):
    while sock.recv(4096):
        pass


for room in (len(DATA) + 2048, 230000, 250000):
    reads("read() with %d bytes in one piece" % room, room, lambda s: s)
    reads("read() of a file with %d bytes in one piece" % room, room, lambda s: s.makefile("rb"))
summary()
