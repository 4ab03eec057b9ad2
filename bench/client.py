# Makes one measurement with one Python: CPython, MicroPython's built-in socket, or usocket.
#
#   client.py CONTENDER OPERATION PORT COUNT TIMEOUT     prints nanoseconds for COUNT operations
#
# The loops are the same for all three and equal those of raw.c line by line; the functions at the top
# choose the differences between the modules before a loop starts. CONTENDER is cpython, builtin
# or usocket; TIMEOUT is in seconds, 0 = none. The operation "none" only checks that the module exists.

import os
import sys

from common import method, since, start

contender, operation, port, count, limit = sys.argv[1:6]
port = int(port)
count = int(count)
limit = float(limit)

if contender == "usocket":
    import usocket as socket
else:
    import socket

# usocket always has this name, the built-in module never.
if contender != "cpython" and hasattr(socket, "timeout") != (contender == "usocket"):
    raise ImportError("this interpreter has not the %s module" % contender)

if operation == "none":
    sys.exit(0)

SMALL = 64
LARGE = 65536
WARM_UP = 200

def address():
    host = os.getenv("PEER") or "127.0.0.1"
    # The built-in module does not accept tuples as addresses.
    if contender == "builtin":
        return socket.getaddrinfo(host, port)[0][-1]
    return (host, port)


def open_socket():
    if operation == "udp":
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    else:
        s = socket.socket()
        s.connect(address())
        # The built-in module lacks both names; these are IPPROTO_TCP and TCP_NODELAY on Linux.
        s.setsockopt(6, 1, 1)
    if limit:
        s.settimeout(limit)
    return s


def ping_pong(s, n):
    send, recv, data = s.send, s.recv, b"x" * SMALL
    for _ in range(n):
        send(data)
        recv(SMALL)


def udp(s, n):
    sendto, recvfrom, data, peer = s.sendto, s.recvfrom, b"x" * SMALL, address()
    for _ in range(n):
        sendto(data, peer)
        recvfrom(SMALL)


def send_large(s, n):
    send, data = s.send, b"x" * LARGE
    left = n * LARGE
    while left > 0:
        left -= send(data)


def sendall(s, n):
    sendall, data = method(s, "sendall", "write"), b"x" * LARGE
    for _ in range(n):
        sendall(data)


def recv_large(s, n):
    recv = s.recv
    left = n * LARGE
    while left > 0:
        left -= len(recv(LARGE))


def recv_into(s, n):
    recv_into, buffer = method(s, "recv_into", "readinto"), bytearray(LARGE)
    left = n * LARGE
    while left > 0:
        left -= recv_into(buffer)


def readinto(s, n):
    readinto, buffer = s.readinto, bytearray(LARGE)
    left = n * LARGE
    while left > 0:
        left -= readinto(buffer)


def readline(s, n):
    readline = s.readline
    for _ in range(n):
        readline()


def connect(_s, n):
    new, to = socket.socket, address()
    for _ in range(n):
        s = new()
        s.connect(to)
        s.close()


OPERATIONS = {
    "ping-pong": ping_pong,
    "udp": udp,
    "send": send_large,
    "sendall": sendall,
    "recv": recv_large,
    "recv_into": recv_into,
    "readinto": readinto,
    "readline": readline,
    "makefile": readline,
    "connect": connect,
}

run = OPERATIONS[operation]
s = None if operation == "connect" else open_socket()
stream = s
if operation == "makefile" or (operation == "readinto" and contender == "cpython"):
    stream = s.makefile("rb")
run(stream, WARM_UP)
t = start()
run(stream, count)
print(since(t))
