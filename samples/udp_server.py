# A UDP server that sends one datagram back in capitals. Run it from the board's msh prompt: python udp_server.py

import usocket

ADDRESS = ("0.0.0.0", 6002)  # every interface of the board

s = usocket.socket(usocket.AF_INET, usocket.SOCK_DGRAM)
s.bind(ADDRESS)
print("waiting on", s.getsockname())

data, addr = s.recvfrom(1500)  # Ctrl-C interrupts the wait
print("received", data, "from", addr)
s.sendto(data.upper(), addr)
s.close()
