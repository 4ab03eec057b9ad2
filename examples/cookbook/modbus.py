# Reads and writes registers of a device over Modbus TCP, and connects again after a failure.
import struct
import time

import usocket as socket

HOST = "192.168.1.20"
PORT = 502
UNIT = 1
PERIOD = 2  # seconds between two readings
ROUNDS = 0  # 0: without end
TIMEOUT = 2

number = 0  # of the last request


def call(s: socket.socket, function: int, data: bytes):
    # Send a request and return the data of its answer. ValueError: the device refuses it.
    global number
    number = number + 1 & 0xFFFF
    s.sendall(struct.pack(">HHHBB", number, 0, 2 + len(data), UNIT, function) + data)
    got, body = None, b""
    while got != number:  # the answer to an earlier request, which was late, is skipped
        head = s.read(7)
        got, protocol, size, _ = struct.unpack(">HHHB", head) if len(head) == 7 else (0, 0, 0, 0)
        body = s.read(size - 1) if 2 < size < 255 else b""
        if protocol or not body or len(body) < size - 1:
            raise OSError(104, "the device has closed the connection, or this is not Modbus")
    if body[0] != function:
        raise ValueError("the device refuses: code %d" % body[1])
    return body[1:]


s, rounds = None, 0
while not ROUNDS or rounds < ROUNDS:
    rounds += 1
    try:
        s = s or socket.create_connection((HOST, PORT), TIMEOUT)
        data = call(s, 3, struct.pack(">HH", 0, 4))  # read 4 holding registers from number 0 on
        values = struct.unpack(">4H", data[1:])
        print("registers", values)
        call(s, 6, struct.pack(">HH", 10, values[0]))  # write register 10
    except ValueError as e:  # no such register, a value that is not allowed: the connection is in order
        print(e)
    except OSError as e:
        print("failed:", e)
        if s:
            s.close()
        s = None
    time.sleep(PERIOD)
