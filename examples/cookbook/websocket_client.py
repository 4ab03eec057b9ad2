# A websocket client (RFC 6455) over TLS: sends one text and prints the texts that come back.
import binascii
import hashlib
import os
import struct

import usocket as socket

HOST = "example.org"
PORT = 443
PATH = "/"
SSL = True  # verified by the system's CAs; {socket.TLS_CA_CERT: ...} for other CAs, None for ws:// without TLS
TIMEOUT = 30  # seconds without a frame
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def send(s: socket.socket, kind: int, data: bytes):
    # Send one frame; a client has to mask it with four random bytes.
    size = bytes([0x80 | len(data)]) if len(data) < 126 else struct.pack(">BH", 0x80 | 126, len(data))
    mask = os.urandom(4)
    s.sendall(bytes([0x80 | kind]) + size + mask + bytes(data[i] ^ mask[i & 3] for i in range(len(data))))


def receive(s: socket.socket):
    kind, size = s.read(2)
    if size >= 126:
        size = int.from_bytes(s.read(2 if size == 126 else 8), "big")
    data = s.read(size)
    if len(data) < size:
        raise ValueError("a frame cut short")
    return kind & 15, data


def connect():
    s = socket.create_connection((HOST, PORT), TIMEOUT, ssl=SSL)
    key = binascii.b2a_base64(os.urandom(16)).strip()
    s.sendall("GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" % (PATH, HOST))
    s.sendall(b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n\r\n")
    proof = binascii.b2a_base64(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).strip()
    line, proven = s.readline(), False
    while line.strip():
        name, _, value = line.partition(b":")
        proven = proven or name.lower() == b"sec-websocket-accept" and value.strip() == proof
        line = s.readline()
    if not proven:
        s.close()
        raise ValueError("the server does not speak websocket")
    return s


try:
    with connect() as s:
        send(s, TEXT, b"hello")
        kind = None
        while kind != CLOSE:
            kind, data = receive(s)
            if kind == TEXT:
                print("received", data)
            elif kind in (PING, CLOSE):
                send(s, PONG if kind == PING else CLOSE, data)
        print("closed")
except (OSError, ValueError) as e:  # no connection; a server that does not keep to the protocol
    print("failed:", e)
