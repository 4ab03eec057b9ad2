# Presents a client certificate to a server that requires one (mutual TLS).
import usocket as socket

HOST = "api.example.org"
PORT = 443
CA_FILE = "ca.pem"  # the CA of the server
CERT_FILE = "client.pem"  # the certificate of this device, with its intermediates
KEY_FILE = "client.key"


def read(name: str):
    with open(name, "rb") as f:
        return f.read()


options = {socket.TLS_CA_CERT: read(CA_FILE), socket.TLS_OWN_CERT: read(CERT_FILE), socket.TLS_OWN_KEY: read(KEY_FILE)}
try:
    with socket.create_connection((HOST, PORT), 10, ssl=options) as s:
        s.sendall("GET / HTTP/1.0\r\nHost: %s\r\n\r\n" % HOST)
        print(s.readline())
        while s.readline() not in (b"\r\n", b""):
            pass
        print(s.read())
except OSError as e:  # in TLS 1.3 the server's refusal arrives with the first read
    print("failed:", e)
