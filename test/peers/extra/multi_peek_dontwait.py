# MSG_PEEK leaves the bytes in the buffer; MSG_DONTWAIT returns at once; both on TCP and UDP.

import errno
import socket
import time

PORT = 8000


def nothing_yet(label, receive):
    t = time.time()
    try:
        print(label, receive())
    except OSError as e:
        print(label, e.errno == errno.EAGAIN, time.time() - t < 0.25)


# Server
def instance0():
    multitest.globals(IP=multitest.get_network_ip())
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(socket.getaddrinfo("0.0.0.0", PORT)[0][-1])
    s.listen(1)
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.bind(socket.getaddrinfo("0.0.0.0", PORT)[0][-1])
    multitest.next()

    conn, _ = s.accept()
    nothing_yet("tcp", lambda: conn.recv(10, socket.MSG_DONTWAIT))
    nothing_yet("udp", lambda: u.recvfrom(10, socket.MSG_DONTWAIT))
    conn.send(b"go")

    print(conn.recv(4, socket.MSG_PEEK))
    print(conn.recv(100))
    data, first = u.recvfrom(3, socket.MSG_PEEK)
    print(data)
    data, second = u.recvfrom(100)
    print(data, first == second, hash(first) == hash(second))
    print(u.sendto(b"back", first))
    print(u.recvfrom(100)[0])
    conn.close()
    s.close()
    u.close()


# Client
def instance1():
    multitest.next()
    s = socket.socket()
    s.connect(socket.getaddrinfo(IP, PORT)[0][-1])
    print(s.recv(2))
    s.send(b"abcdef")
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    addr = socket.getaddrinfo(IP, PORT)[0][-1]
    print(u.sendto(b"datagram", addr))
    print(u.recv(100))
    print(u.sendto(b"", addr))
    s.close()
    u.close()
