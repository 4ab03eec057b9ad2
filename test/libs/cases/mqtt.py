"""The calls of an MQTT client: write(buf, length), and read(1) that may return None."""

import socket
import struct
import tls

from check import CONFIG, HOST, raises, run, same

PORT, TLS_PORT = CONFIG["mqtt"], CONFIG["mqtts"]


class Client:
    def __init__(self, name, port=PORT, timeout=None, ctx=None, clean=True):
        self.name, self.port, self.timeout = name, port, timeout
        self.ctx, self.clean = ctx, clean
        self.inbox = []
        self.packet = 0
        self.sock = None

    def _length(self, n):
        out = bytearray()
        while n > 127:
            out.append(n & 127 | 128)
            n >>= 7
        out.append(n)
        return out

    def _string(self, s):
        self.sock.write(struct.pack("!H", len(s)))
        self.sock.write(s)

    def _remaining(self):
        n = shift = 0
        while True:
            b = self.sock.read(1)[0]
            n |= (b & 127) << shift
            if not b & 128:
                return n
            shift += 7

    def connect(self):
        self.sock = socket.socket()
        self.sock.settimeout(self.timeout)
        addr = socket.getaddrinfo(HOST, self.port)[0][-1]
        self.sock.connect(addr)
        if self.ctx:
            self.sock = self.ctx.wrap_socket(self.sock, server_hostname=HOST)
        head = bytearray(b"\x10\0\0\0\0\0")
        size = self._length(10 + 2 + len(self.name))
        head[1 : 1 + len(size)] = size
        self.sock.write(head, 1 + len(size))
        self.sock.write(bytearray(b"\x00\x04MQTT\x04" + (b"\x02" if self.clean else b"\x00") + b"\x00\x3c"))
        self._string(self.name)
        answer = self.sock.read(4)
        same(answer[:2], b"\x20\x02", "CONNACK")
        same(answer[3], 0, "return code")
        return answer[2] & 1

    def close(self):
        self.sock.close()

    def disconnect(self):
        self.sock.write(b"\xe0\0")
        self.sock.close()

    def ping(self):
        self.sock.write(b"\xc0\0")

    def publish(self, topic, message, retain=False, qos=0):
        head = bytearray(b"\x30\0\0\0\0")
        head[0] |= qos << 1 | int(retain)
        size = self._length(2 + len(topic) + len(message) + (2 if qos else 0))
        head[1 : 1 + len(size)] = size
        self.sock.write(head, 1 + len(size))
        self._string(topic)
        if qos:
            self.packet += 1
            number = bytearray(2)
            struct.pack_into("!H", number, 0, self.packet)
            self.sock.write(number, 2)
        self.sock.write(message)
        if qos:
            while True:
                kind = self.wait()
                if kind == 0x40:
                    same(self.sock.read(1), b"\x02")
                    same(self.sock.read(2), bytes(number), "PUBACK")
                    return

    def subscribe(self, topic, qos=0):
        self.packet += 1
        head = bytearray(b"\x82\0\0\0")
        struct.pack_into("!BH", head, 1, 2 + 2 + len(topic) + 1, self.packet)
        self.sock.write(head)
        self._string(topic)
        self.sock.write(qos.to_bytes(1, "little"))
        while True:
            if self.wait() == 0x90:
                same(self.sock.read(4)[1:3], bytes(head[2:4]), "SUBACK")
                return

    def wait(self):
        """One packet: the type when it is an answer, None after a message or when idle."""
        first = self.sock.read(1)
        self.sock.setblocking(True)
        if first is None:
            return None
        if first == b"":
            raise OSError(-1)
        if first == b"\xd0":
            same(self.sock.read(1)[0], 0)
            return 0xD0
        kind = first[0]
        if kind & 0xF0 != 0x30:
            return kind
        size = self._remaining()
        topic = self.sock.read(int.from_bytes(self.sock.read(2), "big"))
        size -= 2 + len(topic)
        if kind & 6:
            number = self.sock.read(2)
            size -= 2
        message = self.sock.read(size)
        same(len(message), size, "full length")
        self.inbox.append((topic, message))
        if kind & 6 == 2:
            self.sock.write(b"\x40\x02" + number)
        return None

    def check(self):
        self.sock.setblocking(False)
        return self.wait()


def until(client, n):
    while len(client.inbox) < n:
        client.wait()
    return client.inbox


def pair(**options):
    a, b = Client(b"first", **options), Client(b"second", **options)
    a.connect()
    b.connect()
    return a, b


def exchange(**options):
    a, b = pair(**options)
    a.subscribe(b"news/#")
    b.publish(b"news/one", b"hello")
    b.publish(b"news/two", "gr\u00fc\u00df".encode(), qos=1)
    b.publish(b"news/none", b"")
    same(until(a, 3), [(b"news/one", b"hello"), (b"news/two", b"gr\xc3\xbc\xc3\x9f"),
                       (b"news/none", b"")])
    large = bytes(i * 31 & 255 for i in range(150000))
    b.publish(b"news/large", large, qos=1)
    same(until(a, 4)[3], (b"news/large", large))
    a.disconnect()
    b.disconnect()


def publish_and_receive():
    exchange()


def with_a_timeout():
    exchange(timeout=10)


def idle_is_none():
    a, b = pair()
    a.subscribe(b"idle")
    for _ in range(3):
        same(a.check(), None)
    same(a.inbox, [])
    a.sock.setblocking(False)
    same(a.sock.read(1), None)  # no byte yet, which is not the end of the stream
    a.sock.setblocking(True)
    b.publish(b"idle", b"now", qos=1)
    same(until(a, 1), [(b"idle", b"now")])
    a.disconnect()
    b.disconnect()


def ping():
    a = Client(b"pinger")
    a.connect()
    a.ping()
    same(a.wait(), 0xD0)
    a.disconnect()


def read_times_out():
    a = Client(b"quiet", timeout=0.3)
    a.connect()
    raises((110,), a.sock.read, 1)
    a.ping()  # the connection still works
    same(a.wait(), 0xD0)
    a.disconnect()


def retained_and_many():
    a, b = pair()
    b.publish(b"kept", b"for later", retain=True, qos=1)
    a.subscribe(b"kept")
    same(until(a, 1), [(b"kept", b"for later")])
    b.publish(b"kept", b"", retain=True, qos=1)
    until(a, 2)
    a.subscribe(b"many")
    for i in range(200):
        b.publish(b"many", b"%d" % i)
    same(until(a, 202)[2:], [(b"many", b"%d" % i) for i in range(200)])
    a.disconnect()
    b.disconnect()


def reconnects_after_a_kick():
    "the broker drops a client when another of the same name connects"
    a = Client(b"robust", clean=False)
    a.connect()
    a.subscribe(b"robust/x", 1)
    thief = Client(b"robust", clean=False)
    thief.connect()
    for attempt in range(3):
        try:
            a.wait()
        except OSError:  # the end of the stream or a reset: the client reconnects after both
            a.close()
            thief.disconnect()
            same(a.connect(), 1, "session present")
            break
    else:
        raise AssertionError("the kick was not noticed")
    b = Client(b"writer")
    b.connect()
    b.publish(b"robust/x", b"still subscribed", qos=1)
    same(until(a, 1), [(b"robust/x", b"still subscribed")])
    a.disconnect()
    b.disconnect()


def broker_not_there():
    raises((111,), dead.connect)
    dead.close()


dead = Client(b"dead", port=CONFIG["closed"])


def context():
    ctx = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    ctx.verify_mode = tls.CERT_REQUIRED
    with open(CONFIG["ca"], "rb") as f:
        ctx.load_verify_locations(f.read())
    return ctx


def over_tls():
    exchange(port=TLS_PORT, ctx=context())


def idle_over_tls():
    a = Client(b"tls-idle", port=TLS_PORT, ctx=context())
    a.connect()
    same(a.check(), None)
    a.ping()
    same(a.wait(), 0xD0)
    a.disconnect()


run(publish_and_receive, with_a_timeout, idle_is_none, ping, read_times_out, retained_and_many,
    reconnects_after_a_kick, broker_not_there, over_tls, idle_over_tls)
