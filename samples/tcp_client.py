# TCP client: sends a word. At the board's prompt: python tcp_client.py

import usocket

ADDRESS = ("192.168.10.110", 6000)  # a computer beside the board, where for example `nc -l 6000` runs

s = usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM)
s.settimeout(10)  # seconds, for each call
s.connect(ADDRESS)
print("connected to", s.getpeername())
print("sent", s.send("micropython"), "bytes")
s.close()
