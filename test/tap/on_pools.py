import gc
import os

import micropython
import select
import socket
import _stack
from far import *

NO_ROOM = (12, 23, 24, 105)  # ENOMEM, ENFILE, EMFILE, ENOBUFS
TINY = os.getenv("POOLS") == "tiny"
WAITING = ("SYS_TIMEOUT", "ARP_QUEUE", "ND6_QUEUE")  # these change without the program


def used():
    return {name: counts[0] for name, counts in _stack.pools().items() if name not in WAITING}


def grown(base, ignore=()):
    # Pool entries in use beyond the base, after some time to settle.
    start = ticks()
    while True:
        gc.collect()
        now = used()
        more = {name: n - base[name] for name, n in now.items() if n > base[name] and name not in ignore}
        if not more or since(start) > 5000:
            return more
        time.sleep(0.05)


def ran_empty(names, before):
    # True if an allocation from one of these pools has failed since then.
    now = failures()
    return [name for name in names if name in now and now[name] > before[name]]


def failures():
    return {name: counts[2] for name, counts in _stack.pools().items()}


def clear(e):
    return isinstance(e, OSError) and e.errno in NO_ROOM and len(e.args) > 1


def until_full(make):
    got = []
    while len(got) < 1000:
        try:
            got.append(make())
        except OSError as e:
            return got, e
    return got, None


def sockets():
    for family, type in ((2, ST), (2, DG), (10, ST), (10, DG)):
        t = "sockets of family {}, type {}: ".format(family, type)
        base, open_before, counts = used(), _stack.sockets(), []
        for _ in range(3):
            got, e = until_full(lambda: socket.socket(family, type))
            true(t + "a clear error", clear(e), e)
            counts.append(len(got))
            got.pop().close()
            s = socket.socket(family, type)
            s.close()
            close(*got)
        true(t + "as many each time", counts[0] == counts[1] == counts[2] > 2, counts)
        check(t + "all are given back", (grown(base), _stack.sockets()), ({}, open_before))
    # A collection of unreachable sockets frees entries: one that the shortage starts, since no other runs.
    gc.disable()
    for type in (ST, DG):
        t = "lost sockets of type {}: ".format(type)
        got, e = until_full(lambda: socket.socket(2, type))
        check(t + "ENFILE, since the others are in use", e and e.errno, 23)
        most = len(got)
        got = None
        before = failures()
        for _ in range(3 * most):
            socket.socket(2, type)
        ok(t + "collected when there is no room")
        true(t + "there was none", ran_empty(["NETCONN", "TCP_PCB", "UDP_PCB"], before), failures())
        gc.collect()
    gc.enable()


def connections():
    for kind in ("4", "6"):
        t = "connections, IPv{}: ".format(kind)
        base = used()
        n, port = kernel.listen(kind, 500)
        counts = []
        for _ in range(2):
            got, e = until_full(lambda: dial(kind, port))
            true(t + "a clear error", clear(e), e)
            counts.append(len(got))
            fars = [kernel.accept(n) for _ in got]
            for i, far in enumerate(fars):
                kernel.send(far, b"queued %d" % i)
            good = 0
            for i, s in enumerate(got):
                s.send(b"sent %d" % i)
                good += s.recv(100) == b"queued %d" % i
            check(t + "those that are there work", good, len(got))
            good = sum([kernel.receive(far, 100) == b"sent %d" % i for i, far in enumerate(fars)])
            check(t + "in both directions", good, len(got))
            # One connection closes, another connects.
            kernel.close(fars.pop())
            s = got.pop()
            check(t + "the end of one", s.recv(1), b"")
            s.close()
            s = dial(kind, port)
            far = kernel.accept(n)
            s.send(b"room again")
            check(t + "room for one again", kernel.receive(far, 100), b"room again")
            kernel.close(far)
            s.recv(1)
            s.close()
            for far in fars:
                kernel.close(far)
            for s in got:
                s.recv(1)
                s.close()
        check(t + "as many each time", counts[0], counts[1])
        kernel.close(n)
        check(t + "all is given back", grown(base), {})


def listening():
    base = used()
    l, port = listener("4", 200, 2)
    for round in range(2):
        t = "listening, round {}: ".format(round)
        made = kernel.dial_many("4", port, 200, 1.0)
        heard, errors = [], []
        l.settimeout(1)
        while len(errors) < 5:
            try:
                s, peer = l.accept()
            except OSError as e:
                if e.errno == 110:
                    break
                errors.append(e)
                continue
            s.settimeout(2)
            try:
                heard.append(int(s.recv(4)))
            except OSError as e:
                errors.append(e)
            s.close()
        check(t + "those that were accepted, in order", heard, sorted(heard))
        told = 0  # every other connection has received an error
        for i, far in enumerate(made):
            kernel.shorten(far, 3)
            how = kernel.receive_all(far)[2]
            told += how in ("end", 104)
            kernel.close(far)
        check(t + "each one is accepted or gets an error", told, len(made))
        # A slow machine has dialled fewer within the second.
        least = min(1 if TINY else 30, len(made))
        true(t + "most are accepted", least and len(heard) >= least, (len(heard), len(made)))
        true(t + "errors of accept are clear", all(e.errno in NO_ROOM + (103, 104) for e in errors), errors)
        l.settimeout(10)
        far = kernel.dial("4", port)
        kernel.send(far, b"next")
        s, _ = l.accept()
        check(t + "accept goes on", s.recv(10), b"next")
        kernel.close(far)
        s.recv(1)
        s.close()
    # Without room for the socket that accept would return.
    far = kernel.dial("4", port)
    kernel.send(far, b"patience")
    time.sleep(0.2)
    got, e = until_full(lambda: socket.socket(type=DG))
    l.settimeout(1)
    s = None
    try:
        s, _ = l.accept()
    except OSError as e:
        true("accept without room: a clear error", clear(e) or e.errno == 110, e)
    close(*got)
    l.settimeout(5)
    if s is None:
        s, _ = l.accept()
    check("nothing is lost by it", s.recv(10), b"patience")
    kernel.close(far)
    s.recv(1)
    close(s, l)
    check("listening: all is given back", grown(base, ("TCP_PCB",)), {})


def gather(sockets, fars, size, seconds):
    # Read from all connections and compare. Returns the number of bytes of each, -1 after a wrong byte.
    p = select.poll()
    came = [0] * len(sockets)
    for s in sockets:
        s.setblocking(False)
        p.register(s, select.POLLIN)
    start = ticks()
    while min(came) < size and since(start) < seconds * 1000 and -1 not in came:
        for s, _ in p.poll(500):
            i = sockets.index(s)
            piece = s.recv(5000)
            came[i] = came[i] + len(piece) if piece == content(fars[i] + came[i], len(piece)) else -1
            if came[i] == size:
                p.unregister(s)
    for s in sockets:
        s.settimeout(10)
    return came


def unread():
    # More data arrives than fits; in the end all of it is read.
    base = used()
    before = failures()
    count, size = (2, 60000) if TINY else (24, 120000)
    n, port = kernel.listen("4", 200)
    got = [dial("4", port) for _ in range(count)]
    fars = [kernel.accept(n) for _ in got]
    pouring = kernel.begin_pour(fars, size)
    u, own = datagrams("4", 1)
    kernel.flood(kernel.open_port("4"), "4", own, 400, 1000)
    time.sleep(0.5)
    true("it did not fit", ran_empty(("PBUF_POOL", "NETBUF"), before), _stack.pools())
    came = gather(got, fars, size, 40)
    check("the data that was not read for long is complete", [n for n in came if n != size], [])
    check("and all of it was sent", kernel.end(pouring), count * size)
    kept = 0
    try:
        while True:
            kept += len(u.recv(2000)) == 1000
    except OSError as e:
        check("datagrams beside it: then the deadline", e.errno, 110)
    for far in fars:
        kernel.close(far)
    for s in got:
        s.recv(1)
    close(u, *got)
    kernel.close(n)
    check("unread: all is given back", grown(base, ("TCP_PCB",)), {})


def unsent():
    # Without room to send: the deadline or a clear error, an exact count, no spinning; then all of it arrives once.
    base = used()
    count = 2 if TINY else 40
    n, port = kernel.listen("4", 200)
    kernel.small_buffer(n)
    got = [dial("4", port) for _ in range(count)]
    fars = [kernel.accept(n) for _ in got]
    sent, odd, empty = [], [], failures()
    before = kernel.cpu()
    start = ticks()
    for s in got:
        s.settimeout(0.1)
        try:
            s.sendall(content(0, 500000))
            odd.append("all went")
        except OSError as e:
            if type(e).__name__ != "timeout":
                odd.append(repr(e))
            sent.append(getattr(e, "sent", None))
    check("sending without room: the deadline, each time", odd, [])
    true("each sendall keeps to its deadline", in_time(since(start), count * 100 + 2 * LATE), since(start))
    took = kernel.cpu() - before
    if not TINY:  # its heap holds everything that its few connections may send
        true("there was no room indeed", ran_empty(("HEAP", "TCP_SEG", "PBUF"), empty), _stack.pools())
    true("and waits rather than spins", took < 0.5 * since(start) / 1000 + 0.3, (took, since(start)))
    ends = [kernel.begin_receive_all(far) for far in fars]
    for s in got:
        s.settimeout(20)
        s.shutdown(socket.SHUT_WR)
    check("all sent bytes arrive, once", [kernel.end(t) for t in ends], [(n, True, "end") for n in sent])
    for far in fars:
        kernel.close(far)
    for s in got:
        s.recv(1)
    close(*got)
    kernel.close(n)
    check("unsent: all is given back", grown(base, ("TCP_PCB",)), {})


def no_memory():
    # MicroPython runs out of memory in calls that create objects.
    l, port = listener("4", 5, 5)
    base, open_before = used(), _stack.sockets()
    n, far_port = kernel.listen("4")
    s = dial("4", far_port)
    far = kernel.accept(n)
    kernel.send(far, b"x" * 3000)
    time.sleep(0.2)
    f = kernel.dial("4", port)
    errors = []
    accept, recv, make = l.accept, s.recv, socket.socket
    for call, args in ((accept, ()), (recv, (3000,)), (make, ()), (socket.getaddrinfo, ("127.0.0.1", 80))):
        micropython.heap_lock()
        try:
            call(*args)
            error = None
        except MemoryError:
            error = True
        except OSError:
            error = False
        micropython.heap_unlock()
        errors.append(error)
    true("no memory: MemoryError from each call", errors == [True] * 4, errors)
    gc.collect()
    s.settimeout(1)
    kernel.close(far)
    rest = b""
    try:
        rest = s.read()
    except OSError as e:
        fail("recv goes on", e)
    true("recv goes on", len(rest) in (0, 3000), len(rest))
    s.close()
    kernel.close(f)
    kernel.close(n)
    l.settimeout(0.3)
    try:
        c, _ = l.accept()
        c.recv(10)
        c.close()
    except OSError:
        pass
    f = kernel.dial("4", port)
    kernel.send(f, b"next")
    l.settimeout(5)
    c, _ = l.accept()
    check("accept goes on after a MemoryError", c.recv(10), b"next")
    kernel.close(f)
    c.recv(1)
    c.close()
    check("no memory: nothing leaks", (grown(base), _stack.sockets()), ({}, open_before))
    l.close()


def names():
    base = used()
    check("numeric names", len(socket.getaddrinfo("127.0.0.1", 80)) > 0, True)
    for _ in range(50):
        socket.getaddrinfo("localhost", 80)
        raised(socket.getaddrinfo, ("nx.test", 80))
    got = [t(20) for t in [spawn(socket.getaddrinfo, "localhost", n, 2, ST) for n in range(1, 5)]]
    check("four lookups at once", [g[0][0][4][1] for g in got], [1, 2, 3, 4])
    check("names: nothing leaks", grown(base), {})


def thousand():
    n, port = kernel.listen("4", 200)
    base, open_before = used(), _stack.sockets()
    serving = kernel.begin_answer_many(n, 500)
    good = 0
    for i in range(500):
        s = dial("4", port)
        s.send(b"%05d" % i)
        good += s.recv(5) == b"%05d" % i and s.recv(1) == b""
        s.close()
    check("five hundred connections", (good, kernel.end(serving)), (500, 500))
    check("nothing leaks", (grown(base), _stack.sockets()), ({}, open_before))
    kernel.close(n)
    l, port = listener("6")
    asking = kernel.begin_ask_many("6", port, 500)
    for i in range(500):
        s, _ = l.accept()
        s.send(s.recv(5))
        s.recv(1)
        s.close()
    check("five hundred served", kernel.end(asking), 500)
    l.close()
    check("nothing leaks from these", (grown(base), _stack.sockets()), ({}, open_before))
    # This end closes first: connections in TIME_WAIT are reused for new ones.
    n, port = kernel.listen("4", 200)
    serving = kernel.begin_echo_many(n, 300)
    good = 0
    for i in range(300):
        s = dial("4", port)
        s.send(b"%05d" % i)
        good += s.recv(5) == b"%05d" % i
        s.close()
    check("three hundred that we close first", (good, kernel.end(serving)), (300, 300))
    kernel.close(n)
    l, port = listener("4")
    asking = kernel.begin_ask_and_wait("4", port, 300)
    for i in range(300):
        s, _ = l.accept()
        s.send(s.recv(5))
        s.close()
    check("three hundred served that we close first", kernel.end(asking), 300)
    l.close()
    check("nothing but what waits is left", (grown(base, ("TCP_PCB",)), _stack.sockets()), ({}, open_before))


for section in (names, sockets, connections, listening, unread, unsent, no_memory, thousand):
    run(section)
finish()
