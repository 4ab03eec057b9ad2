# Announces this device to a multicast group and prints the announcements of the others.
import time

import usocket as socket

GROUP = "239.255.7.7"
PORT = 5007
ADDRESS = "192.168.1.7"  # this host's address: its interface sends and receives
NAME = b"device-7"
PERIOD = 5  # seconds between announcements
ROUNDS = 0  # 0: without end

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", PORT))
own = socket.inet_aton(ADDRESS)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, own)  # sends there, whatever the routes are
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)  # no router passes it on
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)  # not to this host itself
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + own)
rounds = 0
while not ROUNDS or rounds < ROUNDS:
    rounds += 1
    try:
        s.sendto(NAME, (GROUP, PORT))
    except OSError as e:  # the interface is down: try again in the next round
        print("not sent:", e)
    end = time.ticks_add(time.ticks_ms(), PERIOD * 1000)
    while True:
        left = time.ticks_diff(end, time.ticks_ms())
        if left <= 0:
            break
        s.settimeout(left / 1000)
        try:
            name, address = s.recvfrom(200)
            print("heard", name, "from", address[0])
        except socket.timeout:
            break
s.setsockopt(socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, socket.inet_aton(GROUP) + own)
s.close()
