"""Small peers, written from the standards, for protocols without a program in Debian's packages of the tests.

Each serves in threads of this process and keeps what it has seen, for the checks. A peer that meets something that its standard does not
allow adds it to `wrong`.

SPDX-License-Identifier: MIT
"""

import base64
import errno
import hashlib
import os
import socket
import ssl
import struct
import threading
import time

import slow
from recipe import Wrong

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SECONDS = 60  # for one step of a peer, scaled to the machine


def within(condition, what):
    """Wait until a condition holds."""
    end = time.monotonic() + SECONDS * slow.factor()
    while not condition():
        if time.monotonic() > end:
            raise Wrong(f"not within {SECONDS * slow.factor():.0f} s: {what}; {slow.advice(slow.factor())}")
        time.sleep(0.02)


def half_close(s):
    """Send nothing more. The other side may have reset the connection already."""
    try:
        s.shutdown(socket.SHUT_WR)
    except OSError as e:
        if e.errno != errno.ENOTCONN:
            raise


class Peer:
    """A TCP server with a thread for each connection: serve(connection, file)."""

    def __init__(self, bench, serve, context=None, port=0):
        self.serve, self.context, self.wrong = serve, context, []
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        bench.started(self)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                conn = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._one, args=(conn,), daemon=True).start()

    def _one(self, conn):
        try:
            conn.settimeout(SECONDS * slow.factor())
            if self.context:
                conn = self.context.wrap_socket(conn, server_side=True)
            with conn, conn.makefile("rb") as file:
                self.serve(conn, file)
        except AssertionError as e:
            self.wrong.append(str(e))
        except (OSError, EOFError, ValueError, struct.error) as e:
            self.ended = e

    def stop(self):
        """Shut down first: a close alone leaves the thread in accept, and the port open."""
        if self.listener.fileno() >= 0:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()


class Datagrams:
    """A UDP server: answer(data, address) returns the datagrams to send back."""

    def __init__(self, bench, answer, port=0, address="127.0.0.1"):
        self.answer, self.wrong, self.seen, self.stopped = answer, [], [], False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, port))
        self.port = self.socket.getsockname()[1]
        bench.started(self)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                data, address = self.socket.recvfrom(65535)
                if self.stopped:
                    return
                self.seen.append(data)
                for reply in self.answer(data, address):
                    self.socket.sendto(reply, address)
            except AssertionError as e:
                self.wrong.append(str(e))
            except OSError:
                return

    def stop(self):
        self.stopped = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", self.socket.getsockname())
        self.socket.close()


def tls(bench, server=True, alpn=None, clients=False):
    """A context of Python's ssl with the certificates of the bench."""
    if not server:
        context = ssl.create_default_context(cafile=bench.path("ca.pem"))
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(bench.path("server.pem"), bench.path("server.key"))
    if alpn:
        context.set_alpn_protocols(alpn)
    if clients:
        context.load_verify_locations(bench.path("ca.pem"))
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def exactly(file, size):
    data = file.read(size)
    if len(data) < size:
        raise EOFError("the end of the stream")
    return data


# ---- MQTT 3.1.1 ---------------------------------------------------------------------------------------------------------


class Mqtt:
    """An MQTT client that the tests use beside the program: subscribe, publish, wait for a message."""

    def __init__(self, port, name=b"tester"):
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS * slow.factor())
        self.file = self.socket.makefile("rb")
        self.send(0x10, b"\x00\x04MQTT\x04\x02\x00\x00" + self.text(name))
        if self.receive() != (0x20, b"\x00\x00"):
            raise Wrong("mosquitto refuses the tests' client")

    @staticmethod
    def text(data):
        return struct.pack(">H", len(data)) + data

    def send(self, kind, body):
        size, head = len(body), b""
        while True:
            head += bytes([size & 127 | (128 if size > 127 else 0)])
            size >>= 7
            if not size:
                break
        self.socket.sendall(bytes([kind]) + head + body)

    def receive(self):
        kind, size, shift = exactly(self.file, 1)[0], 0, 0
        while True:
            byte = exactly(self.file, 1)[0]
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return kind, exactly(self.file, size)

    def subscribe(self, topic):
        self.send(0x82, b"\x00\x01" + self.text(topic) + b"\x00")
        self.receive()

    def publish(self, topic, message):
        self.send(0x30, self.text(topic) + message)

    def message(self):
        kind, body = self.receive()
        size = struct.unpack_from(">H", body)[0]
        return body[2 : 2 + size], body[2 + size :]

    def close(self):
        self.file.close()
        self.socket.close()


# ---- Websockets, RFC 6455 -----------------------------------------------------------------------------------------------


def ws_frame(kind, data, mask=b"", last=0x80):
    size = len(data)
    marked = 0x80 if mask else 0
    head = bytes([marked | size]) if size < 126 else struct.pack(">BH", marked | 126, size) if size < 65536 else struct.pack(">BQ", marked | 127, size)
    return bytes([last | kind]) + head + mask + (bytes(x ^ mask[i % 4] for i, x in enumerate(data)) if mask else data)


def ws_receive(file, masked):
    kind, size = exactly(file, 2)
    assert kind & 0x80, "a fragment"
    assert bool(size & 0x80) == masked, "the mask of a frame is missing, or there is one where none may be"
    size &= 127
    if size == 126:
        size = struct.unpack(">H", exactly(file, 2))[0]
        assert size > 125, "a size in more bytes than it needs"
    elif size == 127:
        size = struct.unpack(">Q", exactly(file, 8))[0]
    mask = exactly(file, 4) if masked else b""
    data = exactly(file, size)
    return kind & 15, bytes(x ^ mask[i % 4] for i, x in enumerate(data)) if masked else data, mask


def ws_accept(conn, file):
    """The server's side of the opening handshake."""
    request, headers = file.readline(), {}
    while (line := file.readline().strip()):
        name, _, value = line.partition(b":")
        headers[name.strip().lower()] = value.strip()
    assert request.startswith(b"GET ") and request.endswith(b" HTTP/1.1\r\n"), f"the request is {request}"
    assert headers[b"upgrade"].lower() == b"websocket" and headers[b"connection"].lower() == b"upgrade" and b"host" in headers, str(headers)
    assert headers[b"sec-websocket-version"] == b"13", str(headers)
    key = headers[b"sec-websocket-key"]
    assert len(base64.b64decode(key, validate=True)) == 16, f"the key is {key}"
    return b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + proof(key) + b"\r\n\r\n"


def proof(key):
    return base64.b64encode(hashlib.sha1(key + GUID).digest())


class WebSocket:
    """A client."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS * slow.factor())
        self.file = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16))
        self.socket.sendall(b"GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
                            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n\r\n")
        head = b"".join(iter(self.file.readline, b"\r\n"))
        if not head.startswith(b"HTTP/1.1 101 ") or b"Sec-WebSocket-Accept: " + proof(key) + b"\r\n" not in head:
            raise Wrong(f"no websocket's server: {head}")

    def send(self, kind, data, last=0x80):
        self.socket.sendall(ws_frame(kind, data, os.urandom(4), last))

    def receive(self):
        return ws_receive(self.file, masked=False)[:2]

    def ended(self):
        return self.file.read(1) == b""

    def close(self):
        self.file.close()
        self.socket.close()


# ---- WebREPL: MicroPython's protocol over a websocket -------------------------------------------------------------------


def webrepl(password, files, refuses=()):
    """serve() of a board's WebREPL: a password, then files; `files` maps names to what was written."""
    def serve(conn, file):
        conn.sendall(ws_accept(conn, file))
        conn.sendall(ws_frame(1, b"Password: "))
        typed = b""
        while not typed.endswith(b"\r"):
            kind, data, _ = ws_receive(file, masked=True)
            assert kind == 1, "the password is no text"
            typed += data
        if typed[:-1] != password:
            conn.sendall(ws_frame(1, b"\r\nAccess denied\r\n") + ws_frame(8, b""))
            return
        conn.sendall(ws_frame(1, b"\r\nWebREPL connected\r\n") + ws_frame(1, b">>> "))
        head = b""
        while len(head) < 82:
            kind, data, _ = ws_receive(file, masked=True)
            assert kind == 2, "the request is not binary"
            head += data
        sign, operation, flags, offset, size, length, name = struct.unpack("<2sBBQIH64s", head)
        assert (sign, operation, flags, offset) == (b"WA", 1, 0, 0), str(head)
        name = name[:length].decode()
        if name in refuses:
            conn.sendall(ws_frame(2, b"WB\x05\x00"))
            return
        conn.sendall(ws_frame(2, b"WB\x00\x00"))
        got = b""
        while len(got) < size:
            kind, data, _ = ws_receive(file, masked=True)
            assert kind == 2, "the file is not binary"
            got += data
        files[name] = got
        conn.sendall(ws_frame(2, b"WB\x00\x00"))
        file.read()
    return serve


# ---- NTP, RFC 5905 ------------------------------------------------------------------------------------------------------


def ntp(seconds=None, stratum=2, leap=0, echo=True):
    """answer() of a time server. seconds: since 1970, or None for this system's."""
    def answer(data, _):
        assert len(data) == 48 and data[0] & 7 == 3 and data[0] >> 3 & 7 == 4, f"not a client's request of version 4: {data[:4].hex()}"
        now = (time.time() if seconds is None else seconds) + 2208988800
        stamp = struct.pack(">II", int(now) & 0xFFFFFFFF, int(now % 1 * (1 << 32)))
        yield bytes([leap << 6 | 4 << 3 | 4, stratum, 6, 0xEC]) + bytes(8) + b"TEST" + stamp + (data[40:48] if echo else bytes(8)) + stamp + stamp
    return answer


# ---- Modbus TCP ---------------------------------------------------------------------------------------------------------


def modbus(registers, late=()):
    """serve() of a device with holding registers; late: numbers of transactions that are answered after the next one."""
    def serve(conn, file):
        kept = b""
        while True:
            number, protocol, size, unit = struct.unpack(">HHHB", exactly(file, 7))
            body = exactly(file, size - 1)
            assert protocol == 0 and unit == 1, f"protocol {protocol}, unit {unit}"
            if body[0] == 3:
                first, count = struct.unpack(">HH", body[1:])
                found = [registers.get(first + i) for i in range(count)]
                reply = bytes([0x83, 2]) if None in found else bytes([3, 2 * count]) + struct.pack(f">{count}H", *found)
            elif body[0] == 6:
                register, value = struct.unpack(">HH", body[1:])
                if register in registers:
                    registers[register] = value
                    reply = body
                else:
                    reply = bytes([0x86, 2])
            else:
                reply = bytes([body[0] | 0x80, 1])
            reply = struct.pack(">HHHB", number, 0, len(reply) + 1, unit) + reply
            if number in late:
                kept = reply
            else:
                conn.sendall(kept + reply)
                kept = b""
    return serve


# ---- SMTP with STARTTLS, RFC 5321 and 3207 ------------------------------------------------------------------------------


def smtp(context, mails, offers=True, injected=b""):
    """serve() of a mail server; mails: what was delivered. injected: plain text behind the answer to STARTTLS, as an attacker adds it."""
    def serve(conn, file):
        secure, login, mail = False, None, {}
        conn.sendall(b"220 mail.test ESMTP\r\n")
        while True:
            line = file.readline().decode().rstrip("\r\n")
            word = line.split(" ")[0].split(":")[0].upper()
            if not line:
                return
            if word == "EHLO":
                more = "250-AUTH PLAIN\r\n" if secure else "250-STARTTLS\r\n" if offers else ""
                conn.sendall(f"250-mail.test\r\n250-SIZE 1000000\r\n{more}250 8BITMIME\r\n".encode())
            elif word == "STARTTLS" and offers:
                conn.sendall(b"220 go ahead\r\n" + injected)
                conn = context.wrap_socket(conn, server_side=True)
                file, secure = conn.makefile("rb"), True
            elif word == "AUTH":
                assert secure, "the password is sent in clear"
                login = base64.b64decode(line.split(" ")[2]).decode().split("\0")
                conn.sendall(b"235 welcome\r\n" if login == ["", "device-7", "secret"] else b"535 no\r\n")
            elif word in ("MAIL", "RCPT"):
                assert login, "no login before " + word
                mail[word] = line.partition(":")[2]
                conn.sendall(b"250 ok\r\n")
            elif word == "DATA":
                conn.sendall(b"354 go ahead\r\n")
                mail["text"] = b"".join(iter(file.readline, b".\r\n"))
                mails.append(mail)
                conn.sendall(b"250 delivered\r\n")
            elif word == "QUIT":
                conn.sendall(b"221 bye\r\n")
                if secure:
                    conn.unwrap()
                return
            else:
                conn.sendall(b"502 unknown\r\n")
    return serve


# ---- Between a program and its server -----------------------------------------------------------------------------------


def forward(to, limit=None):
    """serve() that passes bytes on to a port. limit(): of the server's bytes, after which the connection is cut; None: not."""
    def serve(conn, file):
        with socket.create_connection(("127.0.0.1", to), SECONDS) as server:
            left = limit() if limit else None

            def down():
                nonlocal left
                try:
                    while (data := server.recv(4096)):
                        if left is not None:
                            data = data[:left]
                            left -= len(data)
                        conn.sendall(data)
                        if left == 0:
                            break
                    conn.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            threading.Thread(target=down, daemon=True).start()
            while (data := conn.recv(4096)):
                server.sendall(data)
    return serve
