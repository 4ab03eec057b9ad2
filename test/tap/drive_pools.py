# run: limit=100 build=lwip,lwip-tiny only
# lwIP's pools run empty: a clear error, nothing that was there is lost, and everything is usable again afterwards.
import threading
import time

import link
import names
import streams
import udp
from kept import *  # noqa: what the script calls
from kept import dial, keep, kept


def dial_many(kind, port, most, timeout):
    """Connects until one fails; each sends its number. The descriptors of those that came up."""
    made = []
    for n in range(most):
        end, far = dial_from(kind, port, timeout)
        if end != "connected":
            break
        try:
            kept[far].sendall(b"%04d" % n)
        except ConnectionResetError:  # it has come up, and was told at once that there is no room
            break
        made.append(far)
    return made


def answer_many(port, n):
    """A server that closes first, n times in a row."""
    s = kept[port]
    for _ in range(n):
        c, _ = s.accept()
        with c:
            c.settimeout(link.LIMIT)
            c.sendall(c.recv(100))
    return n


def ask_many(kind, port, n):
    """A client that closes first, n times in a row. How many got their answer."""
    good = 0
    for i in range(n):
        with link.dialled(kind, port) as c:
            c.sendall(b"%05d" % i)
            good += c.recv(100) == b"%05d" % i
    return good


def echo_many(port, n):
    """A server that waits for the other to close, n times in a row. How many did."""
    good = 0
    for _ in range(n):
        c, _ = kept[port].accept()
        with c:
            c.settimeout(link.LIMIT)
            c.sendall(c.recv(100))
            good += c.recv(1) == b""
    return good


def ask_and_wait(kind, port, n):
    """A client that waits for the other to close."""
    good = 0
    for i in range(n):
        with link.dialled(kind, port) as c:
            c.sendall(b"%05d" % i)
            good += c.recv(100) == b"%05d" % i and c.recv(1) == b""
    return good


def pour(numbers, size):
    """Sends to several at once, threads and all; they end when everything is gone. How many bytes went in all."""
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
    """Seconds of processor time that the script has used."""
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
