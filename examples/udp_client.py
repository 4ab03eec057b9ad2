# A UDP client that sends a datagram to udp_server.py and prints the answer.
#
#   udp_client.py [HOST [PORT]]

import sys
import usocket

host = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1"
port = int(sys.argv[2]) if len(sys.argv) > 2 else 6002

s = usocket.socket(usocket.AF_INET, usocket.SOCK_DGRAM)
s.settimeout(10)  # seconds; a datagram or its answer may be lost

print("sent", s.sendto("rt-thread", (host, port)), "bytes")
data, addr = s.recvfrom(1500)  # a longer datagram would be cut to 1500 bytes
print("received", data, "from", addr)

s.close()
print("closed")
