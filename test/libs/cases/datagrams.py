"""The calls of an NTP client, and of a bandwidth meter's UDP side."""

import select
import socket
import struct
import time

from check import ADDRESS, CONFIG, HOST, raises, run, same


def ntp_time(port):
    query = bytearray(48)
    query[0] = 0x1B
    addr = socket.getaddrinfo(HOST, port)[0][-1]  # the result was made for a stream socket
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        s.settimeout(1)
        same(s.sendto(query, addr), 48)
        answer = s.recv(48)
    finally:
        s.close()
    same(len(answer), 48)
    return answer


def ntp():
    answer = ntp_time(CONFIG["ntp"])
    same(answer[:40], bytes(range(40)))
    same(struct.unpack("!I", answer[40:44])[0], CONFIG["ntp_seconds"])


def ntp_without_an_answer():
    start = time.ticks_ms()
    raises((110,), ntp_time, CONFIG["ntp_mute"])
    waited = time.ticks_diff(time.ticks_ms(), start)
    assert waited >= 1000, waited


def ntp_without_a_server():
    raises((110, 111), ntp_time, CONFIG["closed"])


def numbered_datagrams():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    addr = socket.getaddrinfo(ADDRESS, CONFIG["udp_echo"])[0][-1]
    poll = select.poll()
    poll.register(s, select.POLLIN)
    same(poll.poll(0), [])
    buf = bytearray(1400)
    for i in range(50):
        struct.pack_into("!I", buf, 0, i)
        same(s.sendto(buf, addr), 1400)
        ready = poll.poll(5000)
        same(len(ready), 1)
        assert ready[0][0] == s and ready[0][1] == select.POLLIN
        data, peer = s.recvfrom(2000)
        same(data, bytes(buf))
        same(peer, addr)
    s.close()


def datagrams_into_a_buffer():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.connect(socket.getaddrinfo(ADDRESS, CONFIG["udp_echo"])[0][-1])
    buf = bytearray(100)
    for call in (s.recv_into, s.readinto):
        s.send(b"datagram")
        view = memoryview(buf)[:8]
        same(call(view), 8)
        same(bytes(view), b"datagram")
    s.send(b"")
    same(s.recv(10), b"")
    s.send(b"after an empty one")
    same(s.recv(100), b"after an empty one")
    s.close()


def numbers_to_text():
    "as DNS packet code treats received bytes"
    same(socket.inet_ntop(socket.AF_INET, b"\x7f\0\0\x01"), "127.0.0.1")
    same(socket.inet_ntop(socket.AF_INET6, bytes(15) + b"\x01"), "::1")
    same(socket.inet_pton(socket.AF_INET, "192.0.2.7"), b"\xc0\0\x02\x07")


run(ntp, ntp_without_an_answer, ntp_without_a_server, numbered_datagrams, datagrams_into_a_buffer,
    numbers_to_text)
