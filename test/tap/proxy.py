#!/usr/bin/env python3
"""Forwards frames between tap0 of the stack under test and tap1 of the kernel; drops, duplicates and delays them on request.

    proxy.py SEED      lines on standard input: drop=P twice=P late=P (probabilities of a frame's fate), or `count`

Of each 1/P frames a random one is dropped, so some are lost even if there are few. A late frame is sent after up to five others, or
after 20 ms. ARP and neighbour discovery are not affected unless drop is 1, because the test is about TCP, not about address
resolution. Each line is answered with one line.
"""

import fcntl
import os
import random
import select
import socket
import struct
import sys
import time

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 2, 0x1000
SOL_PACKET, PACKET_IGNORE_OUTGOING, PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC = 263, 23, 1, 1


def tap(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


def packets(name):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    s.bind((name, 0))
    index = socket.if_nametoindex(name)
    s.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, struct.pack("iHH8s", index, PACKET_MR_PROMISC, 0, b""))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    s.setblocking(False)
    return s


class Way:
    """The frames of one direction."""

    def __init__(self, write, fate, rng):
        self.write, self.fate, self.rng = write, fate, rng
        self.held = []  # [number of frames to send first, time limit, frame]
        self.passed = self.dropped = 0
        self.left = self.victim = 0  # rest of a block of 1/P frames, and its frame to drop

    def drops(self):
        if self.fate["drop"] in (0, 1):
            return self.fate["drop"] == 1
        if self.left == 0:
            self.left = round(1 / self.fate["drop"])
            self.victim = self.rng.randrange(self.left)
        self.left -= 1
        return self.left == self.victim

    def deliver(self, frame):
        try:
            self.write(frame)
        except OSError:
            self.dropped += 1  # the other end is full or down
        for h in self.held:
            h[0] -= 1

    def frame(self, frame):
        spared = frame[12:14] == b"\x08\x06" or frame[12:14] == b"\x86\xdd" and frame[20] == 58
        if self.fate["drop"] == 1 or not spared and self.drops():
            self.dropped += 1
            return
        self.passed += 1
        if not spared and self.rng.random() < self.fate["late"]:
            self.held.append([self.rng.randint(1, 5), time.monotonic() + 0.02, frame])
            return
        self.deliver(frame)
        if not spared and self.rng.random() < self.fate["twice"]:
            self.deliver(frame)
        self.release()

    def release(self):
        now = time.monotonic()
        ready = [h for h in self.held if h[0] <= 0 or h[1] <= now]
        self.held = [h for h in self.held if h[0] > 0 and h[1] > now]
        for h in ready:
            self.deliver(h[2])


def main():
    rng = random.Random(int(sys.argv[1]))
    fate = {"drop": 0.0, "twice": 0.0, "late": 0.0}
    kernel, stack = tap("tap1"), packets("tap0")
    ways = {stack.fileno(): Way(lambda f: os.write(kernel, f), fate, rng), kernel: Way(stack.send, fate, rng)}
    poll = select.poll()
    for fd in (*ways, 0):
        poll.register(fd, select.POLLIN)
    print("ready", flush=True)
    while True:
        for fd, _ in poll.poll(10 if any(w.held for w in ways.values()) else 1000):
            if fd == 0:
                line = sys.stdin.buffer.raw.readline().decode()
                if not line:
                    return
                for word in line.split():
                    name, _, value = word.partition("=")
                    if name in fate:
                        fate[name] = float(value)
                print(*("%d/%d" % (w.passed, w.dropped) for w in ways.values()), flush=True)
                continue
            for _ in range(64):
                try:
                    frame = os.read(kernel, 65536) if fd == kernel else stack.recv(65536)
                except (BlockingIOError, OSError):
                    break
                ways[fd].frame(frame)
        for w in ways.values():
            w.release()


if __name__ == "__main__":
    main()
