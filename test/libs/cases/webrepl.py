"""The calls of WebREPL: a handler set with option 20, a websocket over a socket.

The client is a thread of this program, with sockets of its own.
"""

import _thread
import gc
import socket
import time

import websocket
from check import CONFIG, run, same

HANDLER = 20
KEY = b"c2l4dGVlbiByYW5kb20geA=="


def answer_key(key):
    import binascii
    import hashlib

    sha = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    return binascii.b2a_base64(sha)[:-1]


def wait(condition, seconds=10):
    "sleep, so that scheduled handlers run, until the condition holds"
    end = time.ticks_add(time.ticks_ms(), int(seconds * 1000))
    while not condition():
        if time.ticks_diff(end, time.ticks_ms()) < 0:
            raise AssertionError("nothing happened")
        time.sleep_ms(5)


def listener(handler):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    ai = socket.getaddrinfo("0.0.0.0", CONFIG["backend"])
    s.bind(ai[0][4])
    s.listen(1)
    s.setsockopt(socket.SOL_SOCKET, HANDLER, handler)
    return s


def client(work, outcome):
    def thread():
        try:
            s = socket.socket()
            s.settimeout(10)
            s.connect(("127.0.0.1", CONFIG["backend"]))
            try:
                outcome.append(work(s))
            finally:
                s.close()
        except BaseException as e:
            outcome.append(e)

    _thread.start_new_thread(thread, ())


def finish(outcome, want):
    wait(lambda: outcome)
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    same(outcome[0], want)


def accept_in_the_handler():
    accepted = []

    def handler(listening):
        conn, addr = listening.accept()
        accepted.append((listening, addr))
        conn.send("welcome")  # both str and bytes are accepted
        conn.send(b"!\n")
        conn.close()

    s = listener(handler)
    for i in range(3):
        outcome = []
        client(lambda c: c.readline(), outcome)
        finish(outcome, b"welcome!\n")
    same(len(accepted), 3)
    assert all(a[0] is s for a in accepted), "the handler gets the listening socket"
    s.close()


def none_removes_it():
    called = []

    def handler(listening):
        called.append(1)
        listening.accept()[0].close()

    s = listener(handler)
    outcome = []
    client(lambda c: c.read(1), outcome)
    finish(outcome, b"")
    s.setsockopt(socket.SOL_SOCKET, HANDLER, None)
    outcome = []
    client(lambda c: c.readline(), outcome)
    time.sleep_ms(200)
    same(len(called), 1, "calls of the handler")
    conn, addr = s.accept()  # the connection is still in the backlog
    conn.send(b"by hand\n")
    conn.close()
    finish(outcome, b"by hand\n")
    s.close()


def whole_session():
    "accept, upgrade by hand, websocket on top, a handler for the data"
    state = {}

    def on_data(conn):
        data = state["ws"].read(100)
        if data:
            state.setdefault("got", b"")
            state["got"] += data
            state["ws"].write(b"you said " + data)

    def on_connection(listening):
        conn, addr = listening.accept()
        lines = conn.makefile("rwb", 0)
        while True:
            line = lines.readline()
            if not line or line == b"\r\n":
                break
            name, _, value = line.partition(b":")
            if name.lower() == b"sec-websocket-key":
                state["key"] = value.strip()
        conn.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  b"Sec-WebSocket-Accept: ")
        conn.send(answer_key(state["key"]))
        conn.send("\r\n\r\n")
        state["conn"] = conn
        state["ws"] = websocket.websocket(conn, True)
        conn.setblocking(False)
        conn.setsockopt(socket.SOL_SOCKET, HANDLER, on_data)

    def talk(c):
        c.write(b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: " + KEY + b"\r\n\r\n")
        seen = []
        while True:
            line = c.readline()
            if line == b"\r\n":
                break
            seen.append(line.strip())
        assert b"Sec-WebSocket-Accept: " + answer_key(KEY) in seen, seen
        for word in (b"one", b"two"):
            mask = b"\x01\x02\x03\x04"
            c.write(b"\x81" + bytes([0x80 | len(word)]) + mask
                    + bytes(b ^ mask[i % 4] for i, b in enumerate(word)))
            frame = c.read(2)
            same(frame[1], 9 + len(word))
            same(c.read(frame[1]), b"you said " + word)
        return b"done"

    s = listener(on_connection)
    outcome = []
    client(talk, outcome)
    finish(outcome, b"done")
    same(state["got"], b"onetwo")
    state["conn"].setsockopt(socket.SOL_SOCKET, HANDLER, None)
    state["ws"].close()
    state["conn"].close()
    s.close()
    gc.collect()  # WebREPL never closes its makefile() file


def websocket_blocking():
    "frames of every length form, over a socket pair"
    a, b = socket.socketpair()
    b.settimeout(10)
    w = websocket.websocket(a, True)
    for n in (1, 125, 126, 1000, 3000):
        payload = bytes(i & 255 for i in range(n))
        same(w.write(payload), n)
        head = b.read(2)
        same(head[0] & 0x8F, 0x82 if head[0] & 0x02 else 0x81)
        size = head[1]
        if size == 126:
            size = int.from_bytes(b.read(2), "big")
        same(b.read(size), payload)
    b.write(b"\x82\x85\0\0\0\0hello")
    same(w.read(5), b"hello")
    w.close()
    a.close()
    b.close()


run(accept_in_the_handler, none_removes_it, whole_session, websocket_blocking)
