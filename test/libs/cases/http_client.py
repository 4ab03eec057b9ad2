"""The calls of the http.client package: create_connection, makefile, sendall."""

import socket

from check import ADDRESS, CONFIG, HOST, OWN, digest, run, same

SERVER = (HOST, CONFIG["http"])
DEFAULT = getattr(socket, "_GLOBAL_DEFAULT_TIMEOUT", None)


class Connection:
    def __init__(self, timeout=DEFAULT, source_address=None):
        self.sock = socket.create_connection(SERVER, timeout, source_address)

    def ask(self, path, version="1.1", close=False):
        head = "GET /%s HTTP/%s\r\nHost: localhost\r\n" % (path, version)
        if close:
            head += "Connection: close\r\n"
        self.sock.sendall(head.encode() + b"\r\n")
        fp = self.sock.makefile("rb")
        same(fp.readline(65537).split()[1], b"200")
        headers = {}
        while True:
            line = fp.readline(65537)
            if line in (b"\r\n", b"\n", b""):
                break
            key, value = line.split(b":", 1)
            headers[key.lower()] = value.strip()
        return fp, headers

    def close(self):
        self.sock.close()


def get_by_length():
    c = Connection()
    fp, headers = c.ask("large.bin")
    body = fp.read(int(headers[b"content-length"]))
    fp.close()
    c.close()
    same(digest(body), CONFIG["large_sha"])


def several_answers():
    "each response has its own reader; closing it leaves the connection open"
    c = Connection(10)
    for _ in range(4):
        fp, headers = c.ask("small.txt")
        same(fp.read(int(headers[b"content-length"])), b"the quick brown fox\n")
        fp.close()
    c.close()


def reader_outlives_the_connection():
    c = Connection(10)
    fp, headers = c.ask("large.bin", close=True)
    c.close()
    body = fp.read()
    fp.close()
    same(digest(body), CONFIG["large_sha"])


def lines():
    c = Connection(None)
    fp, headers = c.ask("lines.txt", close=True)
    for i in range(CONFIG["lines"]):
        same(fp.readline(), b"line %d\n" % i)
    same(fp.readline(), b"")
    fp.close()
    c.close()


def iteration_and_readinto():
    c = Connection()
    fp, headers = c.ask("lines.txt", close=True)
    buf = bytearray(14)
    same(fp.readinto(buf), 14)
    same(bytes(buf), b"line 0\nline 1\n")
    same(len([line for line in fp]), CONFIG["lines"] - 2)
    fp.close()
    c.close()


def source_address():
    c = Connection(5, (OWN, 0))
    same(c.sock.getsockname()[0], OWN)
    same(c.sock.getpeername()[:2], (ADDRESS, CONFIG["http"]))
    fp, headers = c.ask("small.txt", close=True)
    same(fp.read(), b"the quick brown fox\n")
    fp.close()
    c.sock.shutdown(socket.SHUT_RDWR)
    c.close()


def refused_is_socket_error():
    try:
        socket.create_connection((ADDRESS, CONFIG["closed"]), 2)
    except socket.error as e:
        same(e.errno, 111)
        return
    raise AssertionError("connected")


def timeout_is_socket_timeout():
    c = socket.create_connection((ADDRESS, CONFIG["silent"]), 0.2)
    try:
        c.makefile("rb").readline()
    except socket.timeout as e:
        same(e.errno, 110)
        c.close()
        import gc

        gc.collect()  # collects the unreferenced reader
        return
    raise AssertionError("no timeout")


run(get_by_length, several_answers, reader_outlives_the_connection, lines, iteration_and_readinto,
    source_address, refused_is_socket_error, timeout_is_socket_timeout)
