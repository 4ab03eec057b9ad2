# A gateway that receives readings over DTLS from several sensors (dtls_sensor.py) and confirms each.
import binascii
import select
import time

import usocket as socket

HOST = "192.168.1.2"  # one address, so that answers come from it
PORT = 5684
IDENTITY = "sensor-3"
KEY = binascii.unhexlify("00112233445566778899aabbccddeeff")
IDLE = 300  # seconds after which a silent sensor is forgotten
MOST = 8  # sensors at once

listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_SEC)
listener.setsockopt(socket.SOL_TLS, socket.TLS_PSK, KEY)
listener.setsockopt(socket.SOL_TLS, socket.TLS_PSK_IDENTITY, IDENTITY)
listener.bind((HOST, PORT))
listener.listen(MOST)
listener.setblocking(False)
poll = select.poll()
poll.register(listener, select.POLLIN)
# Maps each sensor's socket to its address and the time of its last datagram.
last: dict[socket.socket, tuple[tuple[str, int], int]] = {}


def forget(s: socket.socket, why: object):
    print("%s:%d: %s" % (last.pop(s)[0] + (why,)))
    poll.unregister(s)
    s.close()


def receive(s: socket.socket):
    data = s.recv(200)
    if not data:
        return forget(s, "closed")
    last[s] = last[s][0], time.ticks_ms()
    number, _, value = data.decode().partition(" ")
    print("reading", number, value)
    s.send(number)


print("waiting at port", PORT)
while True:
    for s, _ in poll.poll(1000):
        try:
            if s is not listener:
                receive(s)
                continue
            conn, address = listener.accept()
            if len(last) == MOST:
                conn.close()
                continue
            conn.setblocking(False)  # poll drives the handshake
            last[conn] = address, time.ticks_ms()
            poll.register(conn, select.POLLIN)
        except (OSError, ValueError) as e:
            if s is not listener and not (isinstance(e, OSError) and e.errno == 11):  # EAGAIN: no whole datagram yet
                forget(s, e)
    for s in [s for s in last if time.ticks_diff(time.ticks_ms(), last[s][1]) > IDLE * 1000]:
        forget(s, "silent")
