# A sensor that sends readings over DTLS with a pre-shared key, and repeats each until it is confirmed.
import binascii
import time

import usocket as socket

HOST = "192.168.1.2"
PORT = 5684
IDENTITY = "sensor-3"
KEY = binascii.unhexlify("00112233445566778899aabbccddeeff")
PERIOD = 60  # seconds between two readings
ROUNDS = 0  # 0: without end


def connect():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_SEC)
    try:
        s.setsockopt(socket.SOL_TLS, socket.TLS_PSK, KEY)
        s.setsockopt(socket.SOL_TLS, socket.TLS_PSK_IDENTITY, IDENTITY)
        s.settimeout(15)
        s.connect((HOST, PORT))
    except OSError:
        s.close()
        raise
    return s


def report(s: socket.socket, number: int, value: float):
    # Send a reading; the gateway confirms it with its number.
    for wait in (1, 2, 4):
        s.settimeout(wait)
        s.send("%d %.1f" % (number, value))
        try:
            answer = s.recv(100)
            while answer and answer != b"%d" % number:  # a late answer to an earlier one
                answer = s.recv(100)
            if answer:
                return
            break  # b"": the gateway has ended the session
        except socket.timeout:
            pass
    raise OSError(110, "the gateway does not confirm")


s, number = None, 0
while not ROUNDS or number < ROUNDS:
    number += 1
    try:
        s = s or connect()
        report(s, number, 21.5)
        print("reading", number, "confirmed")
    except OSError as e:
        print("reading %d lost: %s" % (number, e))
        if s:
            s.close()
        s = None  # a new handshake next time: the gateway may have been started anew
    time.sleep(PERIOD)
