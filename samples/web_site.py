# Connects to a web site and prints its headers. At the board's prompt: python web_site.py

import usocket as socket

HOST, PORT = "www.micropython.org", 80

s = socket.socket()
s.settimeout(10)
s.connect(socket.getaddrinfo(HOST, PORT)[0][-1])
s.write("GET / HTTP/1.0\r\nHost: " + HOST + "\r\n\r\n")
while True:
    line = s.readline()
    if line in (b"\r\n", b""):  # an empty line ends the headers
        break
    print(line.decode().strip())
print("a page of", len(s.read()), "bytes")  # to the end of the stream
s.close()
