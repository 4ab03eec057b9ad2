# TCP server: takes one connection and prints what it receives. At the board's prompt: python tcp_server.py

import usocket

ADDRESS = ("0.0.0.0", 6001)  # on every interface of the board

s = usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM)  # create a STREAM (TCP) socket
s.setsockopt(usocket.SOL_SOCKET, usocket.SO_REUSEADDR, 1)
s.bind(ADDRESS)
s.listen(5)
s.setblocking(True)
print("listening on", s.getsockname())

sock, addr = s.accept()  # Ctrl-C ends the wait
print("connection from", addr)
sock.settimeout(30)
print("received", sock.recv(10))
sock.close()
s.close()
