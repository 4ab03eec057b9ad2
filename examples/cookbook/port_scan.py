# Finds the open TCP ports of a host: several connects at once, without threads.
import select
import time

import usocket as socket

HOST = "192.168.1.1"
PORTS = range(1, 1025)
AT_ONCE = 4  # sockets; a board has few
TIMEOUT = 1.0  # seconds for each port
RESULTS = {0: "open", 111: "closed"}  # 111: ECONNREFUSED


def count(result: str, port: int):
    counts[result] = counts.get(result, 0) + 1
    if result == "open":
        print("open:", port)


def begin(address: tuple[str, int]):
    # Start to connect; poll tells when the attempt has ended.
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setblocking(False)
    error = s.connect_ex(address)
    if error == 115:  # EINPROGRESS
        poll.register(s, select.POLLOUT)
        running[s] = address[1], time.ticks_add(time.ticks_ms(), int(TIMEOUT * 1000))
    else:
        s.close()
        count(RESULTS.get(error, "unreachable"), address[1])


def finish(s: socket.socket, result: str):
    poll.unregister(s)
    s.close()
    count(result, running.pop(s)[0])


poll, left = select.poll(), list(PORTS)
running: dict[socket.socket, tuple[int, int]] = {}
counts: dict[str, int] = {}
try:
    host = socket.getaddrinfo(HOST, 0, socket.AF_INET, socket.SOCK_STREAM)[0][-1][0]  # a non-blocking connect needs an address
    while left or running:
        while left and len(running) < AT_ONCE:
            begin((host, left.pop(0)))
        for s, _ in poll.poll(50):
            finish(s, RESULTS.get(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "unreachable"))
        for s in [s for s in running if time.ticks_diff(running[s][1], time.ticks_ms()) < 0]:
            finish(s, "silent")
    print(counts)
except OSError as e:
    print("failed:", e)
