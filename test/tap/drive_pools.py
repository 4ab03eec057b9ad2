# run: limit=100 pools=large,tiny only
# Exhausted pools of lwIP: calls fail with a clear error, existing data is not lost, and everything is usable again afterwards.
import threading
import time

import link
import names
import streams
import udp
from kept import *  # noqa: what the script calls
from kept import dial, keep, kept


def dial_many(kind, port, most, timeout):
    """Connect until a connect fails; each connection sends its number. Returns their descriptors."""
    made = []
    for n in range(most):
        end, far = dial_from(kind, port, timeout)
        if end != "connected":
            break
        try:
            kept[far].sendall(b"%04d" % n)
        except ConnectionResetError:  # connected, then reset at once because the stack has no room
            break
        made.append(far)
    return made


def answer_many(port, n):
    """A server that closes first, for n connections in a row."""
    s = kept[port]
    for _ in range(n):
        c, _ = s.accept()
        with c:
            c.settimeout(link.LIMIT)
            c.sendall(c.recv(100))
    return n


def ask_many(kind, port, n):
    """A client that closes first, for n connections in a row; returns the number of answers."""
    good = 0
    for i in range(n):
        with link.dialled(kind, port) as c:
            c.sendall(b"%05d" % i)
            good += c.recv(100) == b"%05d" % i
    return good


def echo_many(port, n):
    """A server that waits for the peer to close, for n connections in a row; returns the number that were closed."""
    good = 0
    for _ in range(n):
        c, _ = kept[port].accept()
        with c:
            c.settimeout(link.LIMIT)
            c.sendall(c.recv(100))
            good += c.recv(1) == b""
    return good


def ask_and_wait(kind, port, n):
    """A client that waits for the peer to close."""
    good = 0
    for i in range(n):
        with link.dialled(kind, port) as c:
            c.sendall(b"%05d" % i)
            good += c.recv(100) == b"%05d" % i and c.recv(1) == b""
    return good


def pour(numbers, size):
    """Send on several connections at once, one thread each, until everything is sent; returns the total of bytes."""
    def one(n):
        try:
            kept[n].sendall(link.content(n, size))
            sent.append(size)
        except OSError:
            pass

    sent = []
    threads = [threading.Thread(target=one, args=(n,), daemon=True) for n in numbers]
    for t in threads:
        t.start()
    for t in threads:
        t.join(link.LIMIT)
    return sum(sent)


def cpu():
    """Seconds of CPU time that the script has used."""
    with open("/proc/%d/stat" % far.child.pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


server = names.start()
functions = dict(vars(streams), **vars(udp))
functions.update(globals())
functions["open_port"], functions["flood"] = udp.open_port, udp.flood
far = link.Far("on_pools.py", functions, ("-X", "heapsize=32m"))
far.run(95)
server.kill()
link.say("end")
link.os._exit(0)
