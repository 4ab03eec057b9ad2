"""Slow and stalled peers for the freeze meter. Must run in namespaces of its own (test/python/netns.sh dns)."""

import os
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "test", "python"))
import nameserver  # noqa: E402


def full_listener(seconds):
    """A port with a full backlog, emptied after `seconds`; never if that is None."""
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(0)
    held = [socket.create_connection(s.getsockname())]

    def accept():
        time.sleep(seconds)
        while True:
            held.append(s.accept()[0])

    if seconds is not None:
        threading.Thread(target=accept, daemon=True).start()
    return s


def silent_listener():
    """A port that accepts connections and never sends."""
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(200)
    held = []

    def accept():
        while True:
            held.append(s.accept()[0])

    threading.Thread(target=accept, daemon=True).start()
    return s


def slow_resolver():
    """Make the resolver wait 5 s for an answer. Allowed only if resolv.conf belongs to this mount namespace."""
    with open("/etc/resolv.conf", "r+") as f:
        if f.read() != "nameserver 127.0.0.1\noptions timeout:2 attempts:1\n":
            sys.exit("this must run under test/python/netns.sh dns")
        f.seek(0)
        f.write("nameserver 127.0.0.1\noptions timeout:5 attempts:1\n")


class Places:
    def __init__(self):
        slow_resolver()
        # Names that begin with "slow" are answered after 2 s, with "silent" never; others are unknown, at once.
        nameserver.start(53, {"slow%d.test" % i: ["127.0.0.1"] for i in range(200)}, nameserver.SERVFAIL, slow=2, ttl=0)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.refused = s.getsockname()[1]
        self.silent = silent_listener()

    def measure(self, interp, kind, lookups, connects, handshakes, wait, limit):
        """Returns {phase: (longest gap in ms, gaps over 20 ms, good, bad, seconds)}, and the output if the program failed."""
        late = full_listener(1.0)
        command = [interp] + (["-X", "heapsize=32m"] if kind != "cpython" else [])
        command += [os.path.join(HERE, "freeze.py"), kind, lookups, connects, handshakes]
        command += [self.refused, late.getsockname()[1], self.silent.getsockname()[1], wait]
        try:
            done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, timeout=limit)
            output = done.stdout
        except subprocess.TimeoutExpired as e:
            output = (e.stdout or b"").decode(errors="replace") + "\nkilled after %s s" % limit
        late.close()
        rows = {}
        for line in output.splitlines():
            words = line.split()
            if len(words) == 6 and words[0] in ("idle", "lookups", "connects", "handshakes", "all"):
                rows[words[0]] = (float(words[1]), *map(int, words[2:5]), float(words[5]))
        return rows, None if "end" in output.splitlines() else output
