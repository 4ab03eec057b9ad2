# Publishes by MQTT through port 443, as AWS IoT offers it: ALPN tells the server the protocol, a certificate the device.
import struct

import usocket as socket

HOST = "example-ats.iot.eu-central-1.amazonaws.com"
PORT = 443
ALPN = "x-amzn-mqtt-ca"
CA_FILE = "AmazonRootCA1.pem"
CERT_FILE = "device.pem"
KEY_FILE = "device.key"
NAME = "device-7"
TOPIC = "device-7/temperature"


def read(name: str):
    with open(name, "rb") as f:
        return f.read()


def text(s: str):
    return struct.pack(">H", len(s)) + s.encode()


def exchange(s: socket.socket, kind: int, body: bytes, expected: bytes):
    # Send a packet of up to 127 bytes; the answer has 4.
    s.sendall(bytes([kind, len(body)]) + body)
    answer = s.read(4)
    if answer != expected:
        raise ValueError("unexpected answer %r" % answer)


options = {socket.TLS_CA_CERT: read(CA_FILE), socket.TLS_OWN_CERT: read(CERT_FILE), socket.TLS_OWN_KEY: read(KEY_FILE),
           socket.TLS_ALPN_LIST: [ALPN]}
try:
    with socket.create_connection((HOST, PORT), 10, ssl=options) as s:
        if s.selected_alpn_protocol() != ALPN:  # a server without ALPN ignores the list
            raise ValueError("the server does not know " + ALPN)
        exchange(s, 0x10, text("MQTT") + b"\x04\x02\x00\x3c" + text(NAME), b"\x20\x02\x00\x00")
        exchange(s, 0x32, text(TOPIC) + b"\x00\x01" + b'{"celsius": 21.5}', b"\x40\x02\x00\x01")  # QoS 1: confirmed
        s.sendall(b"\xe0\x00")
        print("published")
except (OSError, ValueError) as e:
    print("failed:", e)
