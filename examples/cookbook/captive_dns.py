# The name server of a captive portal: gives every name the address of this device.
import struct

import usocket as socket

ADDRESS = "192.168.4.1"  # of this device in the network of its own access point
PORT = 53
TTL = 10  # seconds; short, so that nobody keeps the answer in another network
A, IN = 1, 1


def answer(query: bytes):
    # Return the answer to a query, or None if it is not one with one question.
    number, flags, questions = struct.unpack_from(">HHH", query)
    if flags & 0xF800 or questions != 1:  # an answer, or another operation
        return None
    at = 12
    while query[at]:  # the labels of the name
        at += 1 + query[at]
    kind, family = struct.unpack_from(">HH", query, at + 1)
    known = kind == A and family == IN  # for other types, such as AAAA, the name has no records
    head = struct.pack(">HHHHHH", number, 0x8480 | flags & 0x0100, 1, known, 0, 0)
    record = b"\xc0\x0c" + struct.pack(">HHIH", A, IN, TTL, 4) + socket.inet_aton(ADDRESS) if known else b""
    return head + query[12 : at + 5] + record


s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((ADDRESS, PORT))  # answers have to come from the address that was asked
print("answering at", ADDRESS)
while True:
    query, peer = s.recvfrom(512)
    try:
        data = answer(query)
        if data:
            s.sendto(data, peer)
    except (OSError, ValueError, IndexError):  # no route back; not a query
        pass
