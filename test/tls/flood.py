"""Peers that never stop sending, over loopback: every call of inside_flood.py ends in time, or with the TLSError for such a peer.

SPDX-License-Identifier: MIT
"""
import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import slow
from behaviour import HERE, script

HEARD = 0.1  # seconds from Ctrl-C to the end of the call, beyond those of a program that only sleeps
FLOOD = 3  # seconds of one flood: a call that lasts as long as the flood is too late on any machine
WARNING = b"\x15\3\3\0\2\1\x5a"
CIPHER_SPEC = b"\x14\3\3\0\1\1"
RAW = {
    "warnings": WARNING,
    "warnings and change_cipher_spec": WARNING * 5 + CIPHER_SPEC,
    "empty records": b"\x16\3\3\0\0",
    "requests for a hello": b"\x16\3\3\0\4\0\0\0\0",
}
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def pour(sock, chunk):
    """Send chunk() repeatedly until the other end closes or the flood's time is over; then wait for the other end."""
    sock.settimeout(FLOOD)
    end = time.monotonic() + FLOOD
    with contextlib.suppress(OSError):
        while time.monotonic() < end:
            sock.sendall(chunk())
        while sock.recv(65536):
            pass


class Server:
    """CPython's end of a TLS connection in memory: its output is available before it is sent."""

    def __init__(self, suite, version, tickets):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = context.maximum_version = VERSIONS[version]
        context.load_cert_chain(suite.maker.path("ec.chain"), suite.maker.path("ec.key"))
        context.num_tickets = tickets
        self.came, self.leaves = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.came, self.leaves, server_side=True)

    def handshake(self, sock):
        while True:
            try:
                self.tls.do_handshake()
                sock.sendall(self.leaves.read())
                return
            except ssl.SSLWantReadError:
                sock.sendall(self.leaves.read())
                self.came.write(sock.recv(65536))

    def data(self):
        """Many small records."""
        for _ in range(500):
            self.tls.write(b"data")
        return self.leaves.read()


def flood(suite, kind, sock):
    with sock, contextlib.suppress(OSError, ssl.SSLError):
        sock.settimeout(30)
        if kind in RAW:
            many = RAW[kind] * (60000 // len(RAW[kind]))
            pour(sock, lambda: many)
        else:
            what, version = kind.split()
            server = Server(suite, version, 10000 if what == "tickets" else 2)
            server.handshake(sock)
            pour(sock, server.data)


def dial(suite, sock):
    """The script requests a connection with a line `KIND PORT`."""
    with sock, contextlib.suppress(OSError):
        kind, _, port = sock.recv(200).decode().rpartition(" ")
        flood(suite, kind, socket.create_connection(("127.0.0.1", int(port)), 30))


def listener(stack, serve):
    sock = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=32))

    def accept():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(sock.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    stack.callback(sock.shutdown, socket.SHUT_RDWR)
    return sock.getsockname()[1]


def gaps(suite, ports):
    """Measure the longest pause of an aiosocket task beside flooded connections, and of a task in another program at the same time."""

    def start(what):
        return subprocess.Popen([suite.interp, "-X", "heapsize=16m", os.path.join(HERE, "inside_flood.py"), suite.maker.directory, "-", ports, what],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    for kind in ("warnings", "data 1.2", "data 1.3"):
        said = []
        for _ in range(3):  # repeated, because the machine may be slow once
            children = [start("task " + kind), start("control")]
            out = [slow.communicate(child, slow.Limit(30))[0] for child in children]
            try:
                ours, control = (int(text.split()[-1]) for text in out)
            except (ValueError, IndexError):
                said.append([text[-300:] for text in out])
                continue
            said.append(f"{ours} ms, control {control} ms")
            if ours <= 200 * slow.factor() + 3 * control:
                break
        else:
            suite.check(f"a task of aiosocket goes on beside a flood of {kind}", False, said)
            continue
        suite.check(f"a task of aiosocket goes on beside a flood of {kind}", True)
        suite.say(f"aiosocket, beside a flood of {kind}: longest pause {said[-1]}")


def interrupted(suite, ports):
    """Ctrl-C during a flood: the time until the call ends, compared with a program that only sleeps at the same time."""

    def start(call):
        child = subprocess.Popen([suite.interp, "-X", "heapsize=64m", os.path.join(HERE, "inside_flood.py"), suite.maker.directory, "-", ports,
                                  "interrupt " + call], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return child, child.stdout.readline()

    def press(child):
        pressed = time.monotonic()
        child.send_signal(signal.SIGINT)
        out = slow.communicate(child, slow.Limit(30))[0]
        return time.monotonic() - pressed, out

    figures = {}
    for call in ("recv, server", "do_handshake, client", "read 1.2", "read 1.3", "readline 1.3", "poll, server"):
        said = []
        for _ in range(3):  # repeated, because the machine may be slow once
            (child, line), (control, _) = start(call), start("control")
            time.sleep(0.1)
            with ThreadPoolExecutor(2) as pool:
                (took, out), (controlled, _) = pool.map(press, (child, control))
            said.append((round(1000 * took), round(1000 * controlled), line + out[-500:]))
            ended = "heard" in out and took <= HEARD * slow.factor() + 2 * controlled
            if ended or "heard" not in out:
                break
        figures[call] = said[-1][:2]
        suite.check(f"Ctrl-C is heard in a flood, {call}", ended, f"ms, and a program that sleeps: {said}")
    suite.say(f"Ctrl-C in a flood, the end of the program after it: ms, and those of one that sleeps: {figures}")


def run(suite):
    with contextlib.ExitStack() as stack:
        ports = {kind: listener(stack, lambda sock, kind=kind: flood(suite, kind, sock))
                 for kind in [*RAW, "data 1.2", "data 1.3", "tickets 1.3"]}
        ports["dial"] = listener(stack, lambda sock: dial(suite, sock))
        ports = json.dumps(ports)
        script(suite, "inside_flood.py", parts=[ports, "calls"])
        interrupted(suite, ports)
        gaps(suite, ports)
