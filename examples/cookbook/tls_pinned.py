# Connects to a server over TLS and accepts only the certificates that are listed here.
import binascii
import hashlib

import usocket as socket

HOST = "device.example.org"
PORT = 443
CA_FILE = "ca.pem"
# SHA-256 of the certificates (DER): the present one, and the next, so that the server can change.
PINS = ("0000000000000000000000000000000000000000000000000000000000000000",)


def connect():
    with open(CA_FILE, "rb") as f:
        s = socket.create_connection((HOST, PORT), 10, ssl={socket.TLS_CA_CERT: f.read()})
    pin = binascii.hexlify(hashlib.sha256(s.getpeercert(True)).digest()).decode()
    if pin not in PINS:  # checked before the first byte of data is sent
        s.close()
        raise OSError(13, "the certificate is not pinned: " + pin)
    return s


try:
    with connect() as s:
        s.sendall("GET / HTTP/1.0\r\nHost: %s\r\n\r\n" % HOST)
        print(s.readline())
except OSError as e:
    print("refused:", e)
