import os
import random

import socket
from far import *

TINY = os.getenv("POOLS") == "tiny"
EAGAIN, ETIMEDOUT = 11, 110
SIZE = 60013
random.seed(kernel.chance())
choice, below = random.choice, random.randint


class Talk:
    # One connection with known data in both directions.
    def __init__(self, s, out, back):
        self.s, self.out, self.back = s, out, back
        self.sent = self.got = 0
        self.ended = False
        self.wrong = None
        self.buf = bytearray(5000)
        self.seen = {}

    def take(self, call, data):
        want = content(self.back + self.got, len(data))
        if data != want and self.wrong is None:
            self.wrong = (call, self.got, len(data))
        self.got += len(data)

    def receive(self, timeout):
        call = choice(("recv", "recv", "recv_into", "read", "readinto", "readline", "recvfrom", "peek"))
        s, n = self.s, choice((1, 2, 100, 1460, 1461, 5000))
        if call == "recv":
            data = s.recv(n)
        elif call == "recv_into":
            data = bytes(self.buf[: s.recv_into(self.buf, n)])
        elif call == "recvfrom":
            data = s.recvfrom(n)[0]
        elif call == "peek":
            data = s.recv(n, socket.MSG_PEEK)
            if data != content(self.back + self.got, len(data)) and self.wrong is None:
                self.wrong = (call, self.got, len(data))
            return
        elif call == "readinto":
            n = s.readinto(memoryview(self.buf)[:n])
            data = None if n is None else bytes(self.buf[:n])
        elif call == "readline":
            data = s.readline()
        else:
            data = s.read(n)
            if data and timeout != 0 and len(data) < n and self.got + len(data) < SIZE and self.wrong is None:
                self.wrong = ("read is short", n, len(data))
        self.seen[call] = self.seen.get(call, 0) + 1
        if data == b"":
            self.ended = True
        elif data is not None:
            self.take(call, data)

    def send(self, timeout):
        data = content(self.out + self.sent, min(SIZE - self.sent, choice((1, 100, 1459, 1461, 4000, 9000))))
        call = choice(("send", "write", "sendall"))
        if call == "send":
            self.sent += self.s.send(data)
        elif call == "write" or timeout == 0:
            self.sent += self.s.write(data) or 0
        else:
            self.s.sendall(data)
            self.sent += len(data)
        if self.sent == SIZE:
            self.s.shutdown(socket.SHUT_WR)

    def run(self):
        start = ticks()
        late = 0
        while (not self.ended or self.sent < SIZE) and since(start) < 30000 and self.wrong is None:
            timeout = choice((None, 0, 0.0005, 0.003, 0.02))
            self.s.settimeout(timeout)
            began = ticks()
            try:
                if self.sent < SIZE and (self.ended or below(0, 2) == 0):
                    self.send(timeout)
                elif not self.ended:
                    self.receive(timeout)
            except OSError as e:
                if e.errno == ETIMEDOUT and timeout:
                    self.sent += e.sent
                    if self.sent == SIZE:
                        self.s.shutdown(socket.SHUT_WR)
                elif e.errno != EAGAIN or timeout != 0:
                    self.wrong = repr(e)
            if timeout is not None:
                late = max(late, since(began) - int(timeout * 1000))
        return self.got, self.ended, self.sent, self.wrong, in_time(late, LATE)


def conversations(rounds):
    for n in range(rounds):
        kind = KINDS[n % 3]
        t = "conversation {}, IPv{}: ".format(n, kind)
        out, back = below(0, 60000), below(0, 60000)
        if n % 2:
            port = kernel.listen(kind)
            far = kernel.begin_serve(port, back, SIZE, out, n)
            s = dial(kind, port)
        else:
            l, port = listener(kind)
            far = kernel.begin_client(kind, port, back, SIZE, out, n)
            s, _ = l.accept()
            l.close()
        talk = Talk(s, out, back)
        check(t + "ours", talk.run(), (SIZE, True, SIZE, None, True))
        check(t + "theirs", kernel.end(far), (SIZE, -1))
        s.close()


def together():
    many = 2 if TINY else 12
    port = kernel.listen("4")
    far = kernel.begin_echoes(port, many)

    def one(i):
        s = dial("4", port)
        data = content(i * 100, 20011)
        sender = spawn(lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)))
        good = s.read() == data
        sender(20)
        s.close()
        return good

    threads = [spawn(one, i) for i in range(many)]
    check("threads that connect and talk at once", [t(30) for t in threads], [[True]] * many)
    check("and their other ends", kernel.end(far), many)
    # Two threads accept from one listener.
    l, port = listener("6", 16)
    l.settimeout(3)
    many = 2 if TINY else 20

    def serve():
        served = 0
        while True:
            try:
                s, _ = l.accept()
            except OSError:
                return served
            s.settimeout(20)
            s.sendall(s.read())
            s.close()
            served += 1

    threads = [spawn(serve) for _ in range(2)]
    check("two threads at one listener: every client has its answer", kernel.clients("6", port, many), many)
    check("each is served once", sum([t(10)[0] for t in threads]), many)
    l.close()


def closed():
    # close() in another thread ends calls that wait for the other end of the link.
    port = kernel.listen("4")
    far = kernel.begin_hold(port)
    s = dial("4", port, None)
    t = spawn(raised, s.recv, (1,))
    time.sleep(0.1)
    s.close()
    true("close ends a recv", isinstance(t(3)[0], OSError))
    kernel.end(far)
    l, _ = listener("4", None, None)
    t = spawn(raised, l.accept)
    time.sleep(0.1)
    l.close()
    true("close ends an accept", isinstance(t(3)[0], OSError))
    c = socket.socket()
    t = spawn(raised, c.connect, (("198.51.100.7", 80),))
    time.sleep(0.1)
    c.close()
    true("close ends a connect", isinstance(t(3)[0], OSError))
    far = kernel.begin_hold(port)
    s = dial("4", port, None)
    t = spawn(raised, s.sendall, (content(0, 3000000),))
    time.sleep(0.3)
    s.close()
    true("close ends a sendall", isinstance(t(3)[0], OSError))
    kernel.end(far)


run(lambda: conversations(12))
run(together)
run(closed)
finish()
