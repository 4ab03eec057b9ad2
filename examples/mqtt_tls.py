# Publishes to an MQTT broker over TLS, and receives what it has published. Both ends prove who they are: the broker's certificate
# is verified, and the broker gets ours.
#
#   mqtt_tls.py HOST PORT CA_FILE CERT_FILE KEY_FILE

import struct
import sys
import usocket as socket

host, port, ca, cert, key = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5]
TOPIC, MESSAGE = b"usocket/example", b"hello over TLS"


def read(name):
    with open(name, "rb") as f:
        return f.read()


def text(b):
    return struct.pack(">H", len(b)) + b


def send(kind, body):  # bodies of up to 127 bytes
    s.sendall(bytes((kind, len(body))) + body)


def receive():
    head = s.read(2)
    if len(head) < 2:
        raise OSError(0, "the broker has left")
    return head[0], s.read(head[1])


s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC)
s.settimeout(10)
s.setsockopt(socket.SOL_TLS, socket.TLS_CA_CERT, read(ca))  # who vouches for the broker
s.setsockopt(socket.SOL_TLS, socket.TLS_OWN_CERT, read(cert))  # who we are
s.setsockopt(socket.SOL_TLS, socket.TLS_OWN_KEY, read(key))
s.connect((host, port))
print("connected with", s.getsockopt(socket.SOL_TLS, socket.TLS_CIPHERSUITE_USED, 60).decode())

send(0x10, text(b"MQTT") + b"\x04\x02\x00\x3c" + text(b"usocket-example"))  # CONNECT: 3.1.1, a clean session, 60 s
print("CONNACK", receive()[1] == b"\x00\x00")

send(0x82, b"\x00\x01" + text(TOPIC) + b"\x00")  # SUBSCRIBE, at most once
print("SUBACK", receive() == (0x90, b"\x00\x01\x00"))

send(0x30, text(TOPIC) + MESSAGE)  # PUBLISH
kind, body = receive()
print("received", kind == 0x30 and body[2 + len(TOPIC) :])

send(0xE0, b"")  # DISCONNECT
s.close()
print("closed")
