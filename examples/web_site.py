# Connects to a web site and prints its front page.
#
#   web_site.py [HOST [PORT]]

import sys
import usocket as socket

host = sys.argv[1] if len(sys.argv) > 1 else "www.micropython.org"
port = int(sys.argv[2]) if len(sys.argv) > 2 else 80

s = socket.socket()
s.settimeout(10)  # seconds, for each call
s.connect(socket.getaddrinfo(host, port)[0][-1])  # the address of the first result
print("connected to", s.getpeername())

s.write("GET / HTTP/1.0\r\nHost: " + host + "\r\n\r\n")

print("status", s.readline())
while True:
    line = s.readline()
    if line in (b"\r\n", b""):  # an empty line ends the headers
        break
    print("header", line)

page = s.read()  # read() returns everything up to the end of the stream
print("page of", len(page), "bytes:")
print(page.decode())

s.close()
print("closed")
