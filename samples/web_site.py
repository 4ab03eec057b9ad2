# Connects to a web site and prints its headers. Run it from the board's msh prompt: python web_site.py

import usocket as socket

HOST, PORT = "www.micropython.org", 80

s = socket.socket()
s.settimeout(10)  # seconds, for each call
s.connect(socket.getaddrinfo(HOST, PORT)[0][-1])  # the address of the first result
s.write("GET / HTTP/1.0\r\nHost: " + HOST + "\r\n\r\n")
while True:
    line = s.readline()
    if line in (b"\r\n", b""):  # an empty line ends the headers
        break
    print(line.decode().strip())
print("a page of", len(s.read()), "bytes")  # read() returns everything up to the end of the stream
s.close()
