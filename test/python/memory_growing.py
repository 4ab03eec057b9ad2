# run: heap=512k net=lo limit=60
# read() to the end of a stream on a heap with little more room than the data need, in one piece or in two.
import gc
import socket
import struct
import time

from check import check, collect, spawn, summary
from pairs import close, tcp_pair
from where import HOST

DATA = bytes(range(256)) * 800
WORD = struct.calcsize("P")


def fill(room):
    # Takes the heap but for `room` bytes in one piece and pieces of less than 1 KB. The pieces are lists, because clear() frees their memory
    # at once; the collector could overlook an object to which a stale word points.
    hole = [None] * (room // WORD + 8)
    held = []
    size = gc.mem_free()
    while size >= 1024:
        try:
            held.append([None] * (size // WORD))
        except MemoryError:
            size //= 2
    hole.clear()
    return held


def reads(room, make):
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
    held = fill(room)
    start.append(1)
    try:
        got = reader.read()
    except MemoryError as e:
        got = e
    for piece in held:
        piece.clear()
    if got != DATA:
        reader.read() if isinstance(got, bytes) else drain(b)
    ended(20)
    close(a, b)
    return got == DATA or got


def drain(sock):
    while sock.recv(4096):
        pass


for room in (len(DATA) + 2048, 230000, 250000):
    check("read() with %d bytes in one piece" % room, reads(room, lambda s: s), True)
    check("read() of a file with %d bytes in one piece" % room, reads(room, lambda s: s.makefile("rb")), True)
summary()
