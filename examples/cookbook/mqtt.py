# Stays connected to an MQTT broker over TLS: receives commands on one topic and confirms each on another.
import select
import struct
import time

import usocket as socket

HOST = "broker.example.org"
PORT = 8883
CA_FILE = "ca.pem"  # the private CA that has signed the broker's certificate
NAME = "device-7"
COMMANDS = "home/device-7/set"
STATE = "home/device-7/state"
KEEP_ALIVE = 60  # seconds; the broker drops a client that is silent for 1.5 times as long
LONGEST = 60  # seconds between two attempts, at most


def text(s: str):
    return struct.pack(">H", len(s)) + s.encode()


def send(s: socket.socket, kind: int, body: bytes):
    s.sendall(bytes([kind, len(body)]) + body)  # one byte for the length: up to 127 bytes


def receive(s: socket.socket):
    kind, size, shift, more = s.read(1)[0], 0, 0, 128
    while more & 128:  # seven bits of the length in each byte
        more = s.read(1)[0]
        size, shift = size | (more & 127) << shift, shift + 7
    return kind, s.read(size)


def session():
    global wait
    with open(CA_FILE, "rb") as f:
        trust = {socket.TLS_CA_CERT: f.read()}
    with socket.create_connection((HOST, PORT), 10, ssl=trust) as s:
        send(s, 0x10, text("MQTT") + b"\x04\x02" + struct.pack(">H", KEEP_ALIVE) + text(NAME))
        if receive(s) != (0x20, b"\x00\x00"):
            raise OSError(111, "the broker refuses this client")
        send(s, 0x82, b"\x00\x01" + text(COMMANDS) + b"\x00")
        print("connected")
        wait, asked, poll = 1, False, select.poll()
        poll.register(s, select.POLLIN)
        while True:
            if poll.poll(KEEP_ALIVE * 500):
                kind, body = receive(s)
                asked = False
                if kind & 0xF0 == 0x30:  # a message with QoS 0: its topic, then its text
                    value = body[2 + struct.unpack_from(">H", body)[0] :]
                    print("command", value)
                    send(s, 0x30, text(STATE) + value)
                elif kind == 0x90 and body[2:] == b"\x80":
                    raise OSError(13, "the broker refuses the subscription")
            elif asked:
                raise OSError(110, "the broker does not answer")
            else:
                send(s, 0xC0, b"")  # a ping; the answer is a packet, too
                asked = True


wait = 1
while True:
    try:
        session()
    except (OSError, ValueError, IndexError) as e:  # no route, a certificate of another CA, a lost connection, a packet cut short
        print("not connected: %s; next attempt in %d s" % (e, wait))
    time.sleep(wait)
    wait = min(2 * wait, LONGEST)
