# run: limit=60 heap=16m
# usocket.poller has select.poll's interface and must report the same events.
import gc
import select
import socket
import sys
import time

from check import SYSTEM, check, collect, descriptors, in_time, raised, raises, sections, since, skip, spawn, summary, ticks, true
from pairs import close, settle, tcp_pair, udp_pair
from where import HOST, MANY

MAXSIZE = getattr(sys, "maxsize", 2**31 - 1)

IN, OUT, ERR, HUP, NVAL = select.POLLIN, select.POLLOUT, select.POLLERR, select.POLLHUP, 32


def reported(p, timeout=1000):
    # Returns {id: mask} and checks that every object is reported once.
    got = p.poll(timeout)
    masks = {id(o): m for o, m in got}
    return masks if len(masks) == len(got) else got


def the_interface():
    p = socket.poller()
    a, b = tcp_pair()
    start = ticks()
    check("nothing registered, nothing ready", p.poll(30), [])
    true("never early", since(start) >= 30)
    check("register returns None", p.register(a, IN), None)
    start = ticks()
    check("nothing to read", p.poll(50), [])
    true("never early with a socket", since(start) >= 50)
    check("poll(0) does not wait", p.poll(0), [])
    p.register(a)
    check("register again changes the mask: in and out", reported(p), {id(a): OUT})
    p.modify(a, IN)
    check("modify changes it", p.poll(0), [])
    b.send(b"x")
    check("data", reported(p), {id(a): IN})
    check("level-triggered: reported again", reported(p), {id(a): IN})
    check("and again, without a wait", reported(p, 0), {id(a): IN})
    p.modify(a, IN | OUT)
    check("both", reported(p), {id(a): IN | OUT})
    a.recv(1)
    check("read, no more", reported(p), {id(a): OUT})
    check("ipoll gives pairs", [(o is a, m) for o, m in p.ipoll(0)], [(True, OUT)])
    check("ipoll, one-shot", [m for o, m in p.ipoll(0, 1)], [OUT])
    check("one-shot: silent until modify", [m for o, m in p.ipoll(0)], [])
    p.modify(a, OUT)
    check("after modify it is reported again", reported(p, 0), {id(a): OUT})
    check("unregister returns None", p.unregister(a), None)
    check("unregistered, silent", p.poll(0), [])
    check("unregister of an unregistered object", p.unregister(a), None)
    raises("modify of an unregistered object", 2, p.modify, a, IN)
    raises("no stream", (OSError, TypeError), p.register, object(), IN)
    raises("a negative number", ValueError, p.register, -1, IN)
    check("register(None timeout) is for ever, None means that", p.register(a, OUT), None)
    check("poll(None) with something ready", [m for o, m in p.poll(None)], [OUT])
    check("poll() with something ready", [m for o, m in p.poll()], [OUT])
    check("poll(-1) with something ready", [m for o, m in p.poll(-1)], [OUT])
    p.register(a, IN)
    p.unregister(a)
    b.send(b"x")
    settle(a)
    start = ticks()
    check("only the unregistered object is ready", p.poll(40), [])
    true("never early with that", since(start) >= 40, since(start))
    a.recv(1)
    p.register(a, IN)
    for ms in (MAXSIZE // 1000 + 1, MAXSIZE // 2 + 1, MAXSIZE):  # more microseconds than the clock can count
        start = ticks()
        late = spawn(lambda: (time.sleep_ms(60), b.send(b"x")))
        check("poll({}) waits".format(ms), reported(p, ms), {id(a): IN})
        true("until something comes", since(start) >= 50, since(start))
        late(5)
        a.recv(1)
    p.close()
    p.close()
    raises("closed: poll", 9, p.poll, 0)
    raises("closed: register", 9, p.register, a)
    close(a, b)


def as_select_poll_has_it():
    # Both pollers watch the same objects, in every state.
    a, b = tcp_pair()
    fresh = socket.socket()
    listener = socket.create_server((HOST, 0))
    u, v = udp_pair()
    p, q = socket.poller(), select.poll()
    for o in (a, b, fresh, listener, u, v):
        p.register(o, IN | OUT)
        q.register(o, IN | OUT)

    def alike(label):
        check(label, reported(p, 0), {id(o): m for o, m in q.poll(0)})

    alike("at first")
    a.send(b"abc")
    u.send(b"datagram")
    time.sleep(0.05)
    alike("with data")
    client = socket.create_connection(listener.getsockname())
    time.sleep(0.05)
    alike("with a connection that waits")
    b.recv(1)
    v.recv(10)
    alike("some of it read")
    a.shutdown(socket.SHUT_WR)
    time.sleep(0.05)
    alike("one half closed")
    b.shutdown(socket.SHUT_WR)
    time.sleep(0.05)
    alike("both halves closed")
    for o in (a, b, fresh, listener, u, v):
        p.modify(o, OUT)
        q.modify(o, OUT)
    alike("only out is asked for")
    close(a, b, fresh, listener, u, v, client)
    for o in (a, b, fresh, listener, u, v):
        p.modify(o, IN)
        q.unregister(o)
    check("all closed", reported(p, 0), {id(o): NVAL for o in (a, b, fresh, listener, u, v)})
    p.close()


def closed_sockets():
    p = socket.poller()
    a, b = tcp_pair()
    p.register(a, IN)
    check("open and silent", p.poll(0), [])
    a.close()
    check("closed while registered", reported(p), {id(a): NVAL})
    check("reported until it is unregistered", reported(p), {id(a): NVAL})
    c, d = tcp_pair()
    p.register(c, IN)
    p.register(d, IN)
    d.send(b"x")
    time.sleep(0.02)
    check("its number in use by another: each has its own", reported(p), {id(a): NVAL, id(c): IN})
    p.unregister(a)
    check("without it", reported(p), {id(c): IN})
    c.recv(1)
    p.unregister(d)
    joined = spawn(lambda: (time.sleep(0.1), c.close()))
    start = ticks()
    got = reported(p, 5000)
    true("closed by another thread during the wait", got.get(id(c)) == NVAL, got)
    true("and seen soon", in_time(since(start), 4000))
    joined()
    close(b, d)
    p.close()


def urgent_data():
    # A byte of urgent data alone is nothing to read: it ends no wait. The stacks for boards have none.
    p = socket.poller()
    a, b = tcp_pair()
    p.register(a, IN)
    if SYSTEM:
        b.send(b"!", 1)
    start = ticks()
    check("nothing to read", p.poll(50), [])
    true("never early", since(start) >= 50)
    b.send(b"x")
    check("data behind it", reported(p), {id(a): IN})
    if SYSTEM:
        b.send(b"?", 1)
    b.send(b"y")
    got = b""
    while len(got) < 2 and reported(p) == {id(a): IN}:
        got += a.recv(100)
    check("the stream goes on behind the next one", got, b"xy")
    check("nothing is left", p.poll(50), [])
    p.unregister(a)
    b.send(b"1")
    start = ticks()
    check("unregistered, with data", p.poll(50), [])
    b.send(b"2")
    check("and with more", p.poll(50), [])
    true("never early either", since(start) >= 100)
    p.register(a, IN)
    check("registered again", reported(p), {id(a): IN})
    p.close()
    close(a, b)


def left_in_the_middle():
    # Events that an iteration does not reach are reported by the next one, and also after an exception.
    p = socket.poller()
    a, b = tcp_pair()
    p.register(a, OUT)
    p.register(b, OUT)
    for _ in range(3):
        for o, m in p.ipoll(0):
            break
    check("an iteration that is left", reported(p, 0), {id(a): OUT, id(b): OUT})

    def stumble():
        for o, m in p.ipoll(0):
            raise ValueError

    for _ in range(3):
        raised(stumble)
    check("by an exception", reported(p, 0), {id(a): OUT, id(b): OUT})
    p.close()
    close(a, b)


def number_reused_in_the_middle():
    # During an iteration, an event of a closed socket is not reported for a new socket with the same number.
    p = socket.poller()
    pairs = [tcp_pair() for _ in range(4)]
    for a, b in pairs:
        b.send(b"x")
        p.register(a, IN)
    time.sleep(0.05)
    fresh = None
    seen = []
    for o, m in p.ipoll(0):
        seen.append(o)
        if fresh is None:
            for a, b in pairs:
                if a is not o:
                    p.unregister(a)
                    a.close()
            fresh = [tcp_pair() for _ in range(3)]
            for a, b in fresh:
                p.register(a, IN)
                p.register(b, IN)
    check("only the first is reported", len(seen), 1)
    for a, b in pairs + fresh:
        close(a, b)
    p.close()


def kept_bytes():
    # Bytes that a call has put back make the socket readable.
    for order in ("registered before", "registered after"):
        a, b = tcp_pair()
        p = socket.poller()
        b.settimeout(0.03)
        if order == "registered before":
            p.register(b, IN)
            check("nothing yet", p.poll(0), [])
        a.send(b"kept")
        raised(b.read, (10,))
        if order == "registered after":
            p.register(b, IN)
        check("kept bytes, " + order, reported(p), {id(b): IN})
        check("still, " + order, reported(p), {id(b): IN})
        check("part of them read, " + order, b.recv(2), b"ke")
        check("the others count, " + order, reported(p), {id(b): IN})
        check("all read, " + order, b.recv(2), b"pt")
        check("nothing left, " + order, p.poll(0), [])
        a.send(b"new")
        check("new bytes, " + order, reported(p), {id(b): IN})
        p.unregister(b)
        close(a, b)
        p.close()


def closed_lookups():
    # Other sockets reuse its number; their bytes must not be reported for it.
    p = socket.poller()
    q = socket.resolver("nosuch.invalid", 80)
    p.register(q, IN)
    reported(p)
    q.close()
    check("a resolver that is closed", reported(p), {id(q): NVAL})
    pairs = [udp_pair() for _ in range(3)]
    for a, b in pairs:
        a.send(b"x")
        b.send(b"y")
    true("all of them are readable", all(settle(s) for pair in pairs for s in pair))
    check("its number reused", reported(p), {id(q): NVAL})
    p.unregister(q)
    check("and unregistered", p.poll(0), [])
    p.close()
    close(*[s for pair in pairs for s in pair])


def streams_that_are_not_ours():
    import io

    class Ready(io.IOBase):
        mask = 0

        def ioctl(self, request, arg):
            return self.mask & arg if request == 3 else -1

    p = socket.poller()
    r, s = Ready(), Ready()
    a, b = tcp_pair()
    for o in (r, s, b):
        p.register(o, IN)
    start = ticks()
    check("none ready", p.poll(30), [])
    true("never early with such streams", since(start) >= 30)
    s.mask = IN
    check("one of them ready", reported(p), {id(s): IN})
    a.send(b"x")
    time.sleep(0.02)
    check("beside a socket", reported(p), {id(s): IN, id(b): IN})
    p.unregister(r)
    check("the first taken away", reported(p), {id(s): IN, id(b): IN})
    p.modify(s, OUT)
    check("modify", reported(p), {id(b): IN})
    check("one-shot", len([1 for o, m in p.ipoll(0, 1)]), 1)
    close(a, b)
    p.close()


class Sub(socket.socket):
    pass


def subclasses_and_files():
    s = Sub()
    s.bind((HOST, 0))
    s.listen(1)
    p = socket.poller()
    p.register(s, IN)
    c = socket.create_connection(s.getsockname())
    check("an instance of a subclass", reported(p), {id(s): IN})
    d, _ = s.accept()
    f = d.makefile("rb")
    p.register(f, IN)
    check("a file: nothing", p.poll(0), [])
    c.send(b"one\ntwo\n")
    check("a file: readable", reported(p), {id(f): IN})
    f.readline()
    check("a file: buffered bytes count", reported(p), {id(f): IN})
    f.readline()
    check("a file: read", p.poll(0), [])
    close(s, c, d, f)
    p.close()


def numbers():
    if not SYSTEM:
        skip("numbers", "this stack's sockets are no descriptors of the system")
        return
    p = socket.poller()
    a, b = tcp_pair()
    fd = b.fileno()
    p.register(fd, IN)
    check("a number: nothing", p.poll(0), [])
    a.send(b"x")
    check("a number: readable", p.poll(1000), [(fd, IN)])
    p.register(b, IN)
    check("and the socket that it is of", sorted(m for o, m in p.poll(0)), [IN, IN])
    raises("another object, and the number again", 17, lambda: (p.unregister(fd), p.unregister(b), p.register(b, IN), p.register(fd, IN)))
    p.unregister(b)
    p.register(fd, IN)
    check("the number alone", p.poll(0), [(fd, IN)])
    b.close()
    check("closed after an event", p.poll(0), [(fd, NVAL)])
    p.unregister(fd)
    p.register(fd, IN)
    check("registered when closed", p.poll(0), [(fd, NVAL)])
    p.unregister(fd)
    check("unregistered", p.poll(0), [])
    with open("/tmp/poller.txt", "w") as f:
        p.register(f, OUT)
        check("a file of the system is always ready", reported(p), {id(f): OUT})
        p.unregister(f)
    a.close()
    p.close()


def many():
    # One poll reports all ready objects, for any number of them and any order of register and unregister.
    n = 150 if SYSTEM else MANY // 2
    p = socket.poller()
    pairs = [udp_pair() for _ in range(n)]
    for a, b in pairs:
        p.register(b, IN)
    check("none", p.poll(0), [])
    for a, b in pairs:
        a.send(b"x")
    time.sleep(0.05)
    check("all of {}".format(n), reported(p, 0), {id(b): IN for a, b in pairs})
    check("all again", sorted(m for o, m in p.ipoll(0)), [IN] * n)
    for a, b in pairs[::2]:
        p.unregister(b)
    check("half of them", reported(p, 0), {id(b): IN for a, b in pairs[1::2]})
    for o, m in p.ipoll(0):  # in the way asyncio does it
        o.recv(1)
        p.unregister(o)
    check("none left", p.poll(0), [])
    for a, b in pairs:
        p.register(b, IN)
    check("the others", reported(p, 0), {id(b): IN for a, b in pairs[::2]})
    for a, b in pairs:
        close(a, b)
    p.close()


def unreachable():
    # An unreachable poller is collected with its descriptor, and so are the sockets registered with it.
    def inner():
        p = socket.poller()
        a, b = tcp_pair()
        p.register(a, IN)
        p.poll(0)

    before = descriptors()
    for _ in range(5):
        inner()
    collect()
    collect()
    true("collected", descriptors() <= before + 3, (before, descriptors()))


sections(
    the_interface, as_select_poll_has_it, closed_sockets, urgent_data, left_in_the_middle, number_reused_in_the_middle, closed_lookups, kept_bytes,
    streams_that_are_not_ours, subclasses_and_files, numbers, many, unreachable,
)
summary()
