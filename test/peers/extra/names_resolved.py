# bind, connect and sendto look up host names; an invalid name is an OSError.

import socket


def attempt(label, function):
    try:
        print(label, function())
    except OSError as e:
        # The number is the resolver's (negative), not the system's.
        print(label, "OSError", isinstance(e.errno, int) and e.errno < 0)


def bind(host):
    s = socket.socket()
    s.bind((host, 31245))
    name = s.getsockname()
    s.close()
    return name


def connect(host):
    s = socket.socket()
    try:
        s.connect((host, 80))
        s.send(b"GET / HTTP/1.0\r\n\r\n")
        return s.recv(8), s.getpeername()[1]
    finally:
        s.close()


def sendto(host):
    a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    b = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    a.bind(("127.0.0.1", 0))
    try:
        n = b.sendto(b"by name", (host, a.getsockname()[1]))
        return n, a.recv(100)
    finally:
        a.close()
        b.close()


attempt("bind 0.0.0.0", lambda: bind("0.0.0.0"))
attempt("bind ''", lambda: bind(""))
attempt("bind localhost", lambda: bind("localhost"))
attempt("connect by name", lambda: connect("micropython.org"))
attempt("sendto by name", lambda: sendto("localhost"))
for label, function in (("bind", bind), ("connect", connect), ("sendto", sendto)):
    attempt(label + " no such name", lambda: function("nonexistent.example.com"))
