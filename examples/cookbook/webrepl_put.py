# Copies a file to another board through its WebREPL.
import binascii
import os
import struct

import usocket as socket

HOST = "192.168.1.40"
PORT = 8266
PASSWORD = "secret"  # 4 to 9 characters; it is sent in clear
SOURCE = "main.py"
TARGET = "main.py"
TEXT, BINARY = 1, 2


def send(s: socket.socket, kind: int, data: bytes):
    # One websocket frame of up to 125 bytes; a mask of zeros changes nothing.
    s.sendall(bytes([0x80 | kind, 0x80 | len(data)]) + bytes(4) + data)


def receive(s: socket.socket, kind: int):
    # Return the data of the next frame of this kind.
    got, data = None, b""
    while got != kind:
        got, size = s.read(2)
        if size == 126:
            size = struct.unpack(">H", s.read(2))[0]
        got, data = got & 15, s.read(size)
    return data


def until(s: socket.socket, word: bytes):
    # Read what the prompt prints, up to a word.
    printed = b""
    while word not in printed:
        printed += receive(s, TEXT)
        if b"denied" in printed:
            raise OSError(13, "the password is wrong")


def confirmed(s: socket.socket):
    if receive(s, BINARY) != b"WB\0\0":
        raise OSError(5, "the board cannot write the file")


try:
    size = os.stat(SOURCE)[6]
    with socket.create_connection((HOST, PORT), 10) as s, open(SOURCE, "rb") as f:
        s.sendall("GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" % HOST)
        s.sendall(b"Sec-WebSocket-Key: " + binascii.b2a_base64(os.urandom(16)).strip() + b"\r\n\r\n")
        while s.readline().strip():
            pass
        until(s, b"Password: ")
        send(s, TEXT, PASSWORD.encode() + b"\r")
        until(s, b">>> ")
        send(s, BINARY, struct.pack("<2sBBQIH64s", b"WA", 1, 0, 0, size, len(TARGET), TARGET.encode()))  # 1: write a file
        confirmed(s)
        data = f.read(100)
        while data:
            send(s, BINARY, data)
            data = f.read(100)
        confirmed(s)
        print("copied", size, "bytes")
except (OSError, ValueError) as e:  # a lost connection; a stream that ends within a frame
    print("failed:", e)
