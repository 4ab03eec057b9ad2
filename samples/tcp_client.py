# A TCP client that sends one word. Run it from the board's msh prompt: python tcp_client.py

import usocket

ADDRESS = ("192.168.10.110", 6000)  # a computer in the same network that runs `nc -l 6000`

s = usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM)
s.settimeout(10)  # seconds, for each call; one that takes longer raises usocket.timeout
s.connect(ADDRESS)
print("connected to", s.getpeername())
print("sent", s.send("micropython"), "bytes")  # a str is sent as UTF-8
s.close()
