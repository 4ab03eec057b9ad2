# Runs on the board, for bench/board.py, which puts the names of the wanted rows in front. Prints `row instructions` lines.
#
# Each row is a loop over sockets that are connected within the board; its cost is the difference of two runs of different length,
# divided by the difference. A row whose function returns a number counts the ticks of a part of the loop.

import board
import gc
import select
import socket
import time

TICK = 40  # instructions
FEW = 20
HOST = "127.0.0.1"
busy = board.busy

listener = socket.socket()
listener.bind((HOST, 80))
listener.listen(2)


def pair():
    a = socket.socket()
    a.connect((HOST, 80))
    b, _ = listener.accept()
    for s in a, b:
        s.setsockopt(6, socket.TCP_NODELAY, 1)
        s.settimeout(5)
    return a, b


# The holes of the heap are filled: their places and sizes differ between images, and a search for room passes them.
kept = [[None] for _ in range(2000)]
data, line, buf = b"x" * 64, b"x" * 63 + b"\n", bytearray(64)
block, room = b"x" * 1000, bytearray(1000)
a, b = pair()


def elapsed(start):
    return (busy() - start) & 0x3FFFFFFF


def stamps(n, busy=busy):
    ticks = 0
    for _ in range(n):
        start = busy()
        ticks += (busy() - start) & 0x3FFFFFFF
    return ticks


# Names are found before the loops: MicroPython looks them up in a cache of few places, and which ones share a place changes with the
# numbers of all names of the image.
def settimeout(n):
    settimeout = a.settimeout
    for _ in range(n):
        settimeout(5)


def recv(n):
    send, recv, block = a.send, b.recv, data
    for _ in range(n):
        send(block)
        recv(64)


def readinto(n):
    send, readinto, block, room = a.send, b.readinto, data, buf
    for _ in range(n):
        send(block)
        readinto(room)


def readline(n):
    send, readline, block = a.send, b.readline, line
    for _ in range(n):
        send(block)
        readline()


def recvfrom(n):
    u, v = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    v.bind((HOST, 90))
    sendto, recvfrom, block, to_v = u.sendto, v.recvfrom, data, (HOST, 90)
    for _ in range(n):
        sendto(block, to_v)
        recvfrom(64)
    u.close()
    v.close()


new = socket.socket


def connect(n, new=new, connect=new.connect, close=new.close, busy=busy, to=(HOST, 80)):
    ticks = 0
    for _ in range(n):
        start = busy()
        s = new()
        connect(s, to)
        close(s)
        ticks += (busy() - start) & 0x3FFFFFFF
        close(listener.accept()[0])
    return ticks


def accept(n, accept=listener.accept, busy=busy):
    ticks = 0
    for _ in range(n):
        s = socket.socket()
        s.connect((HOST, 80))
        start = busy()
        c, _ = accept()
        ticks += (busy() - start) & 0x3FFFFFFF
        s.close()
        c.close()
    return ticks


def polled(n, sockets):
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(sockets)]
    poll = select.poll()
    for s in sockets:
        poll.register(s, select.POLLIN)
    s.bind((HOST, 91))
    sockets[0].sendto(data, (HOST, 91))
    poll = poll.poll
    start = busy()
    for _ in range(n):
        poll(1000)
    ticks = elapsed(start)
    for s in sockets:
        s.close()
    return ticks


def poll1(n):
    a.send(data)
    poll = select.poll()
    poll.register(b, select.POLLIN)
    poll = poll.poll
    start = busy()
    for _ in range(n):
        poll(1000)
    ticks = elapsed(start)
    b.recv(64)
    return ticks


def poll16(n):
    return polled(n, 16)


def bulk(n, sending, write=a.write, readinto=b.readinto, block=block, room=room, busy=busy):
    ticks = 0
    for _ in range(n):
        start = busy()
        write(block)
        middle = busy()
        readinto(room)
        ticks += (middle - start if sending else busy() - middle) & 0x3FFFFFFF
    return ticks


def bulk_out(n):
    return bulk(n, True)


def bulk_in(n):
    return bulk(n, False)


# The heap has room for all rounds of a row: no collection falls into one row rather than another.
def measure(row, many):
    gc.collect()
    gc.disable()
    row(FEW)
    costs = []
    for n in FEW, many:
        gc.collect()
        start = busy()
        ticks = row(n)
        costs.append(elapsed(start) if ticks is None else ticks)
    gc.enable()
    return (costs[1] - costs[0]) * TICK / (many - FEW)


pause = measure(stamps, 220)
board.stack(True)

for name in ROWS:
    if name == "idle":
        a.settimeout(1)
        start, began = busy(), time.ticks_ms()
        try:
            a.recv(1)
            raise RuntimeError("data came")
        except OSError:
            pass
        cost = elapsed(start) * TICK
        if time.ticks_diff(time.ticks_ms(), began) < 1000:
            raise RuntimeError("the second was short")
        a.settimeout(5)
    else:
        row = globals()[name]
        cost = measure(row, 120 if name in ("connect", "accept") else 220)
        if name in ("connect", "accept", "bulk_out", "bulk_in"):
            cost -= pause
        if name.startswith("bulk"):
            cost *= 200
    print(name, round(cost))
print("stack", board.stack())
board.exit(0)
