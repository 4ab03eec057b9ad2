# A UDP server that waits for one datagram, prints it and sends it back in capitals.
#
#   udp_server.py [HOST [PORT]]

import sys
import usocket

host = sys.argv[1] if len(sys.argv) > 1 else "0.0.0.0"
port = int(sys.argv[2]) if len(sys.argv) > 2 else 6002

s = usocket.socket(usocket.AF_INET, usocket.SOCK_DGRAM)
s.bind((host, port))
print("waiting on", s.getsockname())

data, addr = s.recvfrom(1500)  # a longer datagram would be cut to 1500 bytes
print("received", data, "from", addr)

s.sendto(data.upper(), addr)
s.close()
print("closed")
