# A TCP server: takes one connection, prints what it receives and answers it.
#
#   tcp_server.py [HOST [PORT]]

import sys
import usocket

host = sys.argv[1] if len(sys.argv) > 1 else "0.0.0.0"
port = int(sys.argv[2]) if len(sys.argv) > 2 else 6001

s = usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM)  # create a STREAM (TCP) socket
s.setsockopt(usocket.SOL_SOCKET, usocket.SO_REUSEADDR, 1)
s.bind((host, port))
s.listen(5)
s.setblocking(True)
print("listening on", s.getsockname())

sock, addr = s.accept()
print("accepted a connection from", addr)

data = sock.recv(100)
print("received", data)

sock.sendall(b"hello, " + data + b"\n")
sock.close()
s.close()
print("closed")
