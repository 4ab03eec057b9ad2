"""Ports for servers that are told a number: below those that the kernel gives to bind(0) and connect(), so that no other program of the
tests gets one between its choice and the start of the server.
"""

import random
import socket
import time

import slow

given = set()


def lowest_given():
    """The lowest port that the kernel chooses by itself."""
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
            return int(file.read().split()[0])
    except (OSError, ValueError, IndexError):
        return 32768


def free(address="127.0.0.1"):
    """A port of the address that is free for TCP and UDP, never given twice."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    last = max(lowest_given(), 12000)
    for _ in range(1000):
        port = random.randrange(10000, last)
        if port in given:
            continue
        with socket.socket(family, socket.SOCK_STREAM) as s, socket.socket(family, socket.SOCK_DGRAM) as u:
            try:
                s.bind((address, port))
                u.bind((address, port))
            except OSError:
                continue
        given.add(port)
        return port
    raise OSError(f"no free port at {address}")


def wait_for(address, port, alive):
    """Wait until a server accepts at the port. OSError if alive() says that it has ended, or after a minute of a quiet machine."""
    end = time.monotonic() + 60 * slow.factor()
    while True:
        try:
            return socket.create_connection((address, port), 1).close()
        except OSError:
            if not alive() or time.monotonic() > end:
                raise
        time.sleep(0.05)
