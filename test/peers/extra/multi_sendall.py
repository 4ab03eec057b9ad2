# sendall() sends everything to a slow reader, blocking and within a timeout.

import socket
import time

PORT = 8000
SIZE = 300000


def pattern(start, n):
    block = bytes((i * 7 + i // 256) & 0xFF for i in range(4096))
    out = bytearray()
    while len(out) < n + 4096:
        out += block
    start %= 4096
    return out[start : start + n]


def receive(conn, pause):
    got = 0
    good = True
    while got < SIZE:
        data = conn.recv(20000)
        if not data:
            break
        good = good and data == pattern(got, len(data))
        got += len(data)
        if pause and got < SIZE // 4:
            time.sleep(pause)
    print(got, good)


# Server
def instance0():
    multitest.globals(IP=multitest.get_network_ip())
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    s.bind(socket.getaddrinfo("0.0.0.0", PORT)[0][-1])
    s.listen(1)
    multitest.next()
    for pause in (0.01, 0.02):
        conn, _ = s.accept()
        receive(conn, pause)
        conn.sendall(b"thanks")
        conn.close()
    s.close()


# Client
def instance1():
    multitest.next()
    for timeout in (None, 8):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        s.settimeout(timeout)
        s.connect(socket.getaddrinfo(IP, PORT)[0][-1])
        print(s.sendall(pattern(0, SIZE)))
        print(s.recv(100))
        s.close()
