# A TCP server that accepts one connection and prints the data it receives.
# Run it from the board's msh prompt: python tcp_server.py

import usocket

ADDRESS = ("0.0.0.0", 6001)  # every interface of the board

s = usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM)  # SOCK_STREAM: TCP
s.setsockopt(usocket.SOL_SOCKET, usocket.SO_REUSEADDR, 1)  # allows a restart while old connections are in TIME_WAIT
s.bind(ADDRESS)
s.listen(5)  # at most 5 clients queue until accept takes them
s.setblocking(True)  # accept waits without a limit
print("listening on", s.getsockname())

sock, addr = s.accept()  # Ctrl-C interrupts the wait
print("connection from", addr)
sock.settimeout(30)  # seconds
print("received", sock.recv(10))  # at most 10 bytes; b"" if the client has closed the connection
sock.close()
s.close()
