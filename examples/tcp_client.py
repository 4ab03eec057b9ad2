# A TCP client that sends one word to tcp_server.py and prints the answer.
#
#   tcp_client.py [HOST [PORT]]

import sys
import usocket

host = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1"
port = int(sys.argv[2]) if len(sys.argv) > 2 else 6001

s = usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM)
s.settimeout(10)  # seconds, for each call below; one that takes longer raises usocket.timeout
s.connect((host, port))
print("connected to", s.getpeername())

print("sent", s.send("micropython"), "bytes")  # a str is sent as UTF-8
print("received", s.readline())  # bytes, with the newline; b"" at the end of the stream

s.close()
print("closed")
