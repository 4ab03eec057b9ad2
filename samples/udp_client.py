# UDP client: sends a datagram and waits for the answer. At the board's prompt: python udp_client.py

import usocket

ADDRESS = ("192.168.10.110", 6002)  # a computer beside the board

s = usocket.socket(usocket.AF_INET, usocket.SOCK_DGRAM)
s.settimeout(5)  # UDP promises nothing
try:
    s.sendto("rt-thread", ADDRESS)
    data, addr = s.recvfrom(1500)
    print("received", data, "from", addr)
except usocket.timeout:
    print("no answer")
s.close()
