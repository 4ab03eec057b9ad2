# run: limit=40 long=tiny
# Multicast and broadcast in both directions; joins and leaves as seen on the wire.
import socket
import struct
import time

import link

kept = {}


def receiver(kind, group=None):
    s, port = link.any_port(kind, socket.SOCK_DGRAM)
    if group and kind == "4":
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + socket.inet_aton(link.KERNEL4))
    elif group:
        member = socket.inet_pton(socket.AF_INET6, group) + struct.pack("I", link.index())
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)
    kept[port] = s
    return port


def receive(port, seconds):
    kept[port].settimeout(seconds)
    try:
        data, peer = kept[port].recvfrom(2000)
        return data, peer[:2]
    except socket.timeout:
        return None


def send(kind, group, port, data):
    with socket.socket(link.family(kind), socket.SOCK_DGRAM) as s:
        if kind == "4":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(link.KERNEL4))
            s.sendto(data, (group, port))
        else:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, link.index())
            s.sendto(data, (group, port, 0, link.index()))


def send_limited(port, data):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.NEAR.encode())
        s.sendto(data, ("255.255.255.255", port))


def igmp(frame):
    """(what, group) of an IGMP message from the stack under test, or None."""
    if frame[12:14] != b"\x08\x00" or frame[23] != 2 or frame[26:30] != socket.inet_aton(link.STACK4):
        return None
    body = frame[14 + (frame[14] & 15) * 4 :]
    if body[0] == 0x22:  # IGMPv3: excluding nothing is a join, including nothing is a leave
        what = {4: "join", 2: "join", 3: "leave", 6: "leave"}.get(body[8])
        return what, socket.inet_ntoa(body[12:16])
    return {0x12: "join", 0x16: "join", 0x17: "leave"}.get(body[0]), socket.inet_ntoa(body[4:8])


def mld(frame):
    if frame[12:14] != b"\x86\xdd" or frame[20] != 0 or frame[22:38] != socket.inet_pton(socket.AF_INET6, link.STACK_LOCAL):
        return None
    if frame[54] != 58:
        return None
    body = frame[54 + 8 * (frame[55] + 1) :]
    if body[0] == 143:
        what = {4: "join", 2: "join", 3: "leave", 6: "leave"}.get(body[8])
        return what, socket.inet_ntop(socket.AF_INET6, body[12:28])
    return {131: "join", 132: "leave"}.get(body[0]), socket.inet_ntop(socket.AF_INET6, body[8:24])


watching = {}


def watch():
    s = link.frames()
    watching[s.fileno()] = s
    return s.fileno()


def seen(n, what, group, seconds=4):
    """Wait for that message; returns True if it arrives."""
    s = watching.pop(n)
    end = time.monotonic() + seconds
    others = []
    with s:
        while time.monotonic() < end:
            s.settimeout(max(0.01, end - time.monotonic()))
            try:
                frame = s.recv(2000)
            except socket.timeout:
                break
            found = mld(frame) if ":" in group else igmp(frame)
            if found == (what, group):
                return True
            if found:
                others.append(found)
    return others


def hops(n, port, seconds=2):
    """The TTL or hop limit of the next datagram to this port."""
    end = time.monotonic() + seconds
    with watching.pop(n) as s:
        while time.monotonic() < end:
            frame = s.recv(2000)
            if frame[12:14] == b"\x08\x00" and frame[23] == 17 and struct.unpack(">H", frame[36:38])[0] == port:
                return frame[22]
            if frame[12:14] == b"\x86\xdd" and frame[20] == 17 and struct.unpack(">H", frame[56:58])[0] == port:
                return frame[21]
    return None


link.run("on_multicast.py", globals(), 35)
