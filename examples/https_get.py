# Fetches a page over HTTPS and prints it. The server's certificate is verified: chain, validity dates and host name.
#
#   https_get.py [HOST [PORT [PATH [CA_FILE]]]]
#
# CA_FILE holds the CA certificates to trust in place of the system's.

import sys
import usocket as socket

host = sys.argv[1] if len(sys.argv) > 1 else "micropython.org"
port = int(sys.argv[2]) if len(sys.argv) > 2 else 443
path = sys.argv[3] if len(sys.argv) > 3 else "/"

s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC)  # IPPROTO_SEC: TLS over TCP
s.settimeout(10)  # seconds, for each call; connect's include the lookup and the TLS handshake
if len(sys.argv) > 4:
    with open(sys.argv[4], "rb") as f:
        s.setsockopt(socket.SOL_TLS, socket.TLS_CA_CERT, f.read())
s.connect((host, port))  # a host name, not an address: the certificate must be valid for this name
print("connected with", s.getsockopt(socket.SOL_TLS, socket.TLS_CIPHERSUITE_USED, 60).decode())

s.write("GET " + path + " HTTP/1.0\r\nHost: " + host + "\r\n\r\n")

print("status", s.readline())
while True:
    line = s.readline()
    if line in (b"\r\n", b""):  # an empty line ends the headers
        break
    print("header", line)

page = s.read()  # up to close_notify; a connection that ends without it raises TLSError, so no truncated page passes
print("page of", len(page), "bytes:")
print(page.decode())

s.close()
print("closed")
