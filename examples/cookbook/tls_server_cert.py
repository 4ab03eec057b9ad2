# A TLS server that accepts only clients with a certificate of its own CA.
import binascii
import hashlib

import usocket as socket

HOST = "0.0.0.0"
PORT = 8443
CERT_FILE = "server.pem"
KEY_FILE = "server.key"
CA_FILE = "ca.pem"  # the CA that signs the certificates of the clients


def read(name: str):
    with open(name, "rb") as f:
        return f.read()


server = socket.create_server((HOST, PORT), ssl={
    socket.TLS_OWN_CERT: read(CERT_FILE), socket.TLS_OWN_KEY: read(KEY_FILE), socket.TLS_CA_CERT: read(CA_FILE),
    socket.TLS_PEER_VERIFY: 2})  # 2: a client without a good certificate is refused
print("serving at port", PORT)
while True:
    conn, address = server.accept()
    with conn:
        conn.settimeout(10)
        try:
            conn.do_handshake()
            name = binascii.hexlify(hashlib.sha256(conn.getpeercert(True)).digest()).decode()
            print("client", name)  # tells the clients of one CA apart
            conn.sendall(b"hello, " + conn.readline(1000))
        except OSError as e:
            print("%s: %s" % (address[0], e))
