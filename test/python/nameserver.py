# A name server of a few records, for what a real one would not do: answers late, or never, or in a certain order.
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
    # Serves {name: [address]} at 127.0.0.1 from now on, a thread for each question. unknown: the code for other names; slow:
    # seconds for names that begin so; what begins with silent gets no answer. What begins with late6, mute6 or fail6 is answered
    # late, never or with SERVFAIL for IPv6 alone; with 4, for IPv4.
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
