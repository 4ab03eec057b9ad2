# A name server with a few records. Unlike a real one it can answer late, never, or in a given order.
import socket
import struct
import threading
import time

SERVFAIL, NXDOMAIN = 2, 3


def question(packet):
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1 : at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    kind = struct.unpack(">H", packet[at + 1 : at + 3])[0]
    return ".".join(labels).lower(), kind, packet[12 : at + 5]


def answer(packet, records, unknown, slow, ttl):
    name, kind, asked = question(packet)
    if name.startswith("silent"):
        return None
    family = "6" if kind == 28 else "4"
    if name.startswith("slow") or name.startswith("late" + family):
        time.sleep(slow)
    if name.startswith("mute" + family):
        return None
    if name.startswith("fail" + family):
        return packet[:2] + struct.pack(">HHHHH", 0x8180 | SERVFAIL, 1, 0, 0, 0) + asked
    if name not in records:
        return packet[:2] + struct.pack(">HHHHH", 0x8180 | unknown, 1, 0, 0, 0) + asked
    found = [a for a in records[name] if (":" in a) == (kind == 28)]
    reply = packet[:2] + struct.pack(">HHHHH", 0x8180, 1, len(found), 0, 0) + asked
    for a in found:
        raw = socket.inet_pton(socket.AF_INET6 if ":" in a else socket.AF_INET, a)
        reply += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, ttl, len(raw)) + raw
    return reply


def start(port, records, unknown, slow, ttl):
    # Serve {name: [address]} on 127.0.0.1 from now on, with one thread per query. `unknown` is the code for other names; names that begin
    # with "slow" are answered after `slow` seconds, with "silent" never. Names that begin with late6, mute6 or fail6 are answered late,
    # never or with SERVFAIL for IPv6 only; with 4 in place of 6, for IPv4 only.
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", port))

    def one(packet, peer):
        reply = answer(packet, records, unknown, slow, ttl)
        if reply:
            s.sendto(reply, peer)

    def serve():
        while True:
            packet, peer = s.recvfrom(2000)
            threading.Thread(target=one, args=(packet, peer), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
