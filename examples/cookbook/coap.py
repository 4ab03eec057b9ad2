# Gets a resource by CoAP (RFC 7252): a confirmable request over UDP, repeated until it is answered.
import os

import usocket as socket

HOST = "192.168.1.30"
PORT = 5683
PATH = ("sensors", "temperature")  # each part: up to 12 bytes


def get(s: socket.socket):
    # Return the answer, a whole message.
    number, token, option = os.urandom(2), os.urandom(4), 11  # 11: Uri-Path
    request = b"\x44\x01" + number + token  # version 1, confirmable, a token of 4 bytes; GET
    for part in PATH:
        request += bytes([option << 4 | len(part)]) + part.encode()
        option = 0  # the same option again
    wait = 2 + os.urandom(1)[0] / 255  # seconds; not the same for all clients that start together
    for _ in range(5):
        s.send(request)
        s.settimeout(wait)
        wait *= 2
        try:
            while True:
                answer = s.recv(1200)
                kind = answer[0] & 0x30 if len(answer) >= 4 else None  # 0x00 confirmable, 0x20 acknowledgement, 0x30 reset
                if kind == 0x20 and answer[1:4] == b"\0" + number:
                    s.settimeout(60)  # received; the answer follows in a message of its own
                elif kind == 0x30 and answer[2:4] == number:
                    raise OSError(111, "the server refuses the request")
                elif kind is not None and answer[1] and answer[4:8] == token:
                    if kind == 0x00:
                        s.send(b"\x60\x00" + answer[2:4])  # acknowledged
                    return answer
        except socket.timeout:  # the request or its answer is lost
            pass
    raise OSError(110, "no answer")


def payload(data: bytes):
    # Skip the options of a message and return what follows them.
    at = 4 + (data[0] & 15)
    while at < len(data) and data[at] != 0xFF:
        option, size = data[at] >> 4, data[at] & 15
        at += 1 + max(option - 12, 0)  # numbers and sizes above 12 take one or two bytes more
        if size > 12:
            more = size - 12
            size = int.from_bytes(data[at : at + more], "big") + (13 if more == 1 else 269)
            at += more
        at += size
    return data[at + 1 :]


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    try:
        s.connect((HOST, PORT))
        answer = get(s)
        print("code %d.%02d, %s" % (answer[1] >> 5, answer[1] & 31, payload(answer)))
    except OSError as e:
        print("failed:", e)
