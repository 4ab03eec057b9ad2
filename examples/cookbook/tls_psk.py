# A TLS client without certificates: both ends know a secret key.
import binascii

import usocket as socket

HOST = "192.168.1.2"
PORT = 8443
IDENTITY = "device-7"  # tells the server which key to use; it is sent in clear
KEY = binascii.unhexlify("00112233445566778899aabbccddeeff")  # random, and another one for each device

try:
    with socket.create_connection((HOST, PORT), 10, ssl={socket.TLS_PSK: KEY, socket.TLS_PSK_IDENTITY: IDENTITY}) as s:
        print("connected by", s.cipher()[0], "of", s.version())
        s.sendall("temperature 21.5\n")
        print("answer", s.readline())
except OSError as e:  # another key, an unknown identity, or nobody there
    print("failed:", e)
