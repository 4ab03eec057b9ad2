# A TCP server that accepts one connection, prints the data it receives and answers.
#
#   tcp_server.py [HOST [PORT]]

import sys
import usocket

host = sys.argv[1] if len(sys.argv) > 1 else "0.0.0.0"
port = int(sys.argv[2]) if len(sys.argv) > 2 else 6001

s = usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM)  # SOCK_STREAM: TCP
s.setsockopt(usocket.SOL_SOCKET, usocket.SO_REUSEADDR, 1)  # allows a restart while old connections are in TIME_WAIT
s.bind((host, port))
s.listen(5)  # at most 5 clients queue until accept takes them
s.setblocking(True)  # accept waits without a limit; Ctrl-C interrupts it
print("listening on", s.getsockname())

sock, addr = s.accept()
print("accepted a connection from", addr)

data = sock.recv(100)  # waits for at least one byte and returns at most 100
print("received", data)

sock.sendall(b"hello, " + data + b"\n")  # unlike send, it sends every byte
sock.close()
s.close()
print("closed")
