# Fetches a page over https and prints it. The server's certificate is verified: its chain, its dates, its name.
#
#   https_get.py [HOST [PORT [PATH [CA_FILE]]]]      CA_FILE: whom to trust, instead of the system's authorities

import sys
import usocket as socket

host = sys.argv[1] if len(sys.argv) > 1 else "micropython.org"
port = int(sys.argv[2]) if len(sys.argv) > 2 else 443
path = sys.argv[3] if len(sys.argv) > 3 else "/"

s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC)
s.settimeout(10)  # connect has to look up, connect and shake hands within it
if len(sys.argv) > 4:
    with open(sys.argv[4], "rb") as f:
        s.setsockopt(socket.SOL_TLS, socket.TLS_CA_CERT, f.read())
s.connect((host, port))  # the name, so that the certificate can be compared with it
print("connected with", s.getsockopt(socket.SOL_TLS, socket.TLS_CIPHERSUITE_USED, 60).decode())

s.write("GET " + path + " HTTP/1.0\r\nHost: " + host + "\r\n\r\n")

print("status", s.readline())
while True:
    line = s.readline()
    if line in (b"\r\n", b""):  # an empty line ends the headers
        break
    print("header", line)

page = s.read()  # to the end; an attacker who cuts the stream raises TLSError here
print("page of", len(page), "bytes:")
print(page.decode())

s.close()
print("closed")
