# Publishes a message to an MQTT broker over TLS and receives it again. Authentication is mutual: this client verifies
# the broker's certificate, and the broker verifies the client's.
#
#   mqtt_tls.py HOST PORT CA_FILE CERT_FILE KEY_FILE

import struct
import sys
import usocket as socket

host, port, ca, cert, key = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5]
TOPIC, MESSAGE = b"usocket/example", b"hello over TLS"


def read(name: str):
    with open(name, "rb") as f:
        return f.read()


def text(b: bytes):
    # MQTT's form of a string: its length in two bytes, then its bytes.
    return struct.pack(">H", len(b)) + b


def send(kind: int, body: bytes):
    # Send a packet. `body` has at most 127 bytes, so its length fits into one byte.
    s.sendall(bytes((kind, len(body))) + body)


def receive():
    # Receive a packet and return (kind, body).
    head = s.read(2)  # waits for exactly 2 bytes; fewer mean the end of the stream
    if len(head) < 2:
        raise OSError(0, "the broker closed the connection")
    return head[0], s.read(head[1])


s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC)
s.settimeout(10)
s.setsockopt(socket.SOL_TLS, socket.TLS_CA_CERT, read(ca))  # the CA that has signed the broker's certificate
s.setsockopt(socket.SOL_TLS, socket.TLS_OWN_CERT, read(cert))  # the client's certificate and its key
s.setsockopt(socket.SOL_TLS, socket.TLS_OWN_KEY, read(key))
s.connect((host, port))
print("connected with", s.getsockopt(socket.SOL_TLS, socket.TLS_CIPHERSUITE_USED, 60).decode())

send(0x10, text(b"MQTT") + b"\x04\x02\x00\x3c" + text(b"usocket-example"))  # CONNECT: MQTT 3.1.1, clean session, keep-alive 60 s
print("CONNACK", receive()[1] == b"\x00\x00")

send(0x82, b"\x00\x01" + text(TOPIC) + b"\x00")  # SUBSCRIBE with QoS 0 (at most once)
print("SUBACK", receive() == (0x90, b"\x00\x01\x00"))

send(0x30, text(TOPIC) + MESSAGE)  # PUBLISH with QoS 0; the broker sends it back, because this client has subscribed to the topic
kind, body = receive()
print("received", kind == 0x30 and body[2 + len(TOPIC) :])

send(0xE0, b"")  # DISCONNECT
s.close()
print("closed")
