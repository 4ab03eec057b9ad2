#!/usr/bin/env python3
"""A first look at an image: the network card, both directions of TCP, UDP, names, errors and Ctrl-C. modlwip has all of it as well.

usage: test/board/smoke.py IMAGE
"""

import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))

import board as boards
import nameserver
from board import ADDRESS, HERE

FORWARDED = 8000
RECORDS = {"here.test": [HERE]}


def serve(handle, kind=socket.SOCK_STREAM):
    """A server on a port of its own, one connection after the other. @return the port"""
    s = socket.socket(socket.AF_INET, kind)
    s.bind(("127.0.0.1", 0))

    def run():
        if kind == socket.SOCK_DGRAM:
            while True:
                data, peer = s.recvfrom(2000)
                s.sendto(handle(data), peer)
        s.listen(8)
        while True:
            c, _ = s.accept()
            with c:
                handle(c)

    threading.Thread(target=run, daemon=True).start()
    return s.getsockname()[1]


def echo(c):
    while data := c.recv(4096):
        c.sendall(data)


def counted(c):
    """Count what comes, up to its end, and tell the number."""
    total = 0
    while data := c.recv(65536):
        total += len(data)
    c.sendall(b"%d" % total)


def down(c):
    c.recv(10)
    c.sendall(bytes(range(250)) * 1200)


def mute(c):
    c.recv(1)


def check(name, got, want):
    print(f"{'ok  ' if got == want else 'FAIL'} {name}" + ("" if got == want else f": {got!r}, not {want!r}"), flush=True)
    return got == want


CONNECT = """
import socket
s = socket.socket()
s.connect(socket.getaddrinfo({host!r}, {port})[0][-1])
"""


def main():
    name = sys.argv[1]
    boards.inside()
    nameserver.start(53, RECORDS, nameserver.NXDOMAIN, 0, 60)
    ports = {f.__name__: serve(f) for f in (echo, counted, down, mute)}
    udp = serve(bytes.upper, socket.SOCK_DGRAM)
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    results = []

    def expect(what, got, want):
        results.append(check(what, got, want))

    with boards.Board(boards.image(name), forward={FORWARDED: 80}) as b:
        def connect(port, host=HERE):
            return CONNECT.format(host=host, port=port)

        expect("DHCP", b.online(dns=HERE), (ADDRESS, "255.255.255.0", HERE, HERE))
        expect("the date is right", abs(int(b.do("import time; print(time.time())")) - time.time()) < 60, True)
        expect("random bytes differ", len(set(b.do("import os\nfor i in range(20): print(os.urandom(16))").split("\n"))), 21)
        expect("TCP echo", b.do(connect(ports["echo"]) + "s.write(b'hello'); print(s.read(5)); s.close()"), "b'hello'\n")
        expect("a name", b.do(connect(ports["echo"], "here.test") + "s.write(b'name!'); print(s.read(5)); s.close()"), "b'name!'\n")
        expect("300 KB down", b.do(connect(ports["down"]) + """
s.write(b'go')
n = 0
right = True
while data := s.recv(1000):
    for x in range(0, len(data), 97):
        right = right and data[x] == (n + x) % 250
    n += len(data)
print(n, right)
s.close()
""", 60), "300000 True\n")
        out = b.do(connect(ports["counted"]) + """
data = bytes(1000)
for i in range(200):
    s.write(data)
print('sent')
s.close()
""", 60)
        expect("200 KB up", out, "sent\n")
        expect("UDP", b.do(f"""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b'datagram', ({HERE!r}, {udp}))
print(s.recvfrom(100)[0])
s.close()
"""), "b'DATAGRAM'\n")
        expect("refused", b.do(f"""
import socket
s = socket.socket()
try:
    s.connect(({HERE!r}, {closed.getsockname()[1]}))
    print('connected')
except OSError as e:
    print(e.errno in (104, 111))
s.close()
"""), "True\n")
        expect("timeout", b.do(connect(ports["mute"]) + """
import time
s.settimeout(0.5)
t = time.ticks_ms()
try:
    s.recv(1)
except OSError as e:
    print(e.errno == 110, 500 <= time.ticks_diff(time.ticks_ms(), t))
s.close()
"""), "True True\n")
        b.start("""
import socket
l = socket.socket()
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind(('0.0.0.0', 80))
l.listen(2)
print('listening')
c, a = l.accept()
print(c.recv(100))
c.send(b'from the board')
c.close()
l.close()
""")
        b.until(b"listening", boards.slow.Limit(10))
        with socket.create_connection(("127.0.0.1", FORWARDED)) as c:
            c.sendall(b"to the board")
            expect("accept: the answer", c.recv(100), b"from the board")
        expect("accept: the request", b.finish(10), ("\nb'to the board'\n", ""))
        expect("loopback", b.do("""
import socket
l = socket.socket()
l.bind(('127.0.0.1', 81))
l.listen(1)
s = socket.socket()
s.connect(('127.0.0.1', 81))
c, a = l.accept()
for i in range(50):
    s.send(b'x' * 64)
    c.send(c.recv(64))
    assert s.recv(64) == b'x' * 64
print('50')
s.close(); c.close(); l.close()
"""), "50\n")
        b.start(connect(ports["mute"]) + "print('waiting')\ns.recv(1)")
        b.until(b"waiting", boards.slow.Limit(10))
        b.interrupt()
        expect("Ctrl-C in recv", "KeyboardInterrupt" in b.finish(10)[1], True)
        b.restart()
        expect("a soft reset", b.do("print(6 * 7)"), "42\n")
        expect("a file", (b.put("a.txt", b"kept"), b.do("print(open('a.txt').read())"))[1], "kept\n")
        b.start("import machine; machine.reset()")
        limit = boards.slow.Limit(10)
        expect("machine.reset ends the emulation", boards.slow.wait(b.child, limit), 0)
    print(f"{results.count(True)} passed, {results.count(False)} failed, 0 skipped")
    sys.exit(results.count(False) != 0)


if __name__ == "__main__":
    main()
