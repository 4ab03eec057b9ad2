# A UDP client that sends a datagram and waits for the answer. Run it from the board's msh prompt: python udp_client.py

import usocket

ADDRESS = ("192.168.10.110", 6002)  # a computer in the same network

s = usocket.socket(usocket.AF_INET, usocket.SOCK_DGRAM)
s.settimeout(5)  # seconds; a datagram or its answer may be lost
try:
    s.sendto("rt-thread", ADDRESS)
    data, addr = s.recvfrom(1500)  # a longer datagram would be cut to 1500 bytes
    print("received", data, "from", addr)
except usocket.timeout:
    print("no answer")
s.close()
