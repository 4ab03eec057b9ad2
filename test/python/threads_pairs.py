# run: limit=120 heap=32m
# Every method of every object runs in one thread, and every method of the same object in another at the same time. No call crashes, hangs or
# leaks a descriptor, and only documented exceptions occur. A method that is missing from the tables below is a failure.
import gc
import socket
import time
import _thread

from check import check, collect, env, fail, number, ok, sections, since, skip, summary, ticks, true
from pairs import C, tcp_pair, udp_pair
from tls_pair import has_tls, tls_client, tls_listener, tls_pair
from where import FAIR, HOST, NAME, STACK

TICK = 0.002  # seconds; the timeout of a call
ROUNDS = 2
LATE = 20000 * float(env("TEST_SLOW") or 1)  # ms; upper limit of one pair, longer than any wait
IN, OUT = 1, 4
given = []  # descriptors of detach()
made = []  # files and sockets that calls have returned
lock = _thread.allocate_lock()  # of the lists: without a GIL two threads that append at once leave an item without a value


def gives(s):
    fd = s.detach()
    if fd >= 0:
        add(given, fd)


def add(list, item):
    with lock:
        list.append(item)


def keeps(what):
    add(made, what)


def accepts(s):
    add(made, s.accept()[0])


def handles(s):
    s.setsockopt(socket.SOL_SOCKET, 20, lambda s: None)


def no_handler(s):
    s.setsockopt(socket.SOL_SOCKET, 20, None)


def tls_option(s):
    s.setsockopt(socket.SOL_TLS, socket.TLS_HOSTNAME, "localhost")


def within(s):
    with s:
        pass


class Source:
    # A file for sendfile.
    def __init__(self):
        self.left = 3

    def read(self, n=-1):
        self.left -= 1
        return b"x" * 10 if self.left > 0 else b""

    def readinto(self, buf):
        self.left -= 1
        n = min(10, len(buf)) if self.left > 0 else 0
        buf[:n] = b"x" * n
        return n


SOCKET = {
    "accept": accepts, "bind": lambda s: s.bind((HOST, 0)), "close": lambda s: s.close(), "connect": lambda s: s.connect(there[0]),
    "connect_ex": lambda s: s.connect_ex(there[0]), "detach": gives, "do_handshake": lambda s: s.do_handshake(), "fileno": lambda s: s.fileno(),
    "getblocking": lambda s: s.getblocking(), "getpeername": lambda s: s.getpeername(), "getsockname": lambda s: s.getsockname(),
    "getsockopt": lambda s: s.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE), "gettimeout": lambda s: s.gettimeout(),
    "listen": lambda s: s.listen(2), "makefile": lambda s: keeps(s.makefile("rwb")), "read": lambda s: s.read(10),
    "readinto": lambda s: s.readinto(bytearray(10)), "readline": lambda s: s.readline(), "recv": lambda s: s.recv(10),
    "recv_into": lambda s: s.recv_into(bytearray(10)), "recvfrom": lambda s: s.recvfrom(10),
    "recvfrom_into": lambda s: s.recvfrom_into(bytearray(10)), "send": lambda s: s.send(b"line\n"), "sendall": lambda s: s.sendall(b"line\n"),
    "sendto": lambda s: s.sendto(b"line\n", there[0]), "setblocking": lambda s: s.setblocking(False),
    "setsockopt": lambda s: s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), "settimeout": lambda s: s.settimeout(TICK),
    "shutdown": lambda s: s.shutdown(2), "write": lambda s: s.write(b"line\n"), "__enter__": within,
    "dup": lambda s: keeps(s.dup()), "sendfile": lambda s: s.sendfile(Source()), "get_inheritable": lambda s: s.get_inheritable(),
    "set_inheritable": lambda s: s.set_inheritable(False), "version": lambda s: s.version(), "cipher": lambda s: s.cipher(),
    "getpeercert": lambda s: s.getpeercert(True), "selected_alpn_protocol": lambda s: s.selected_alpn_protocol(),
    "pending": lambda s: s.pending(), "unwrap": lambda s: keeps(s.unwrap()),
}  # fmt: skip
MORE = {
    "a handler": handles, "no handler": no_handler, "repr": lambda s: repr(s), "an option of TLS": tls_option, "the collector": lambda s: gc.collect(),
    "a half shutdown": lambda s: s.shutdown(1), "peek": lambda s: s.recv(5, C.MSG_PEEK),
}  # fmt: skip
ATTRIBUTES = ("family", "type", "proto", "timeout")
FILE = {
    "close": lambda f: f.close(), "fileno": lambda f: f.fileno(), "flush": lambda f: f.flush(), "read": lambda f: f.read(10),
    "readinto": lambda f: f.readinto(bytearray(10)), "readline": lambda f: f.readline(), "readlines": lambda f: f.readlines(),
    "setblocking": lambda f: f.setblocking(False), "write": lambda f: f.write(b"line\n"), "__enter__": within,
    "readable": lambda f: f.readable(), "writable": lambda f: f.writable(), "seekable": lambda f: f.seekable(),
}  # fmt: skip
FILE_MORE = {"iteration": lambda f: [x for x in f], "repr": lambda f: repr(f)}
POLLER = {
    "close": lambda p: p.close(), "ipoll": lambda p: [m for o, m in p.ipoll(2)], "modify": lambda p: p.modify(objects[0], IN),
    "poll": lambda p: p.poll(2), "register": lambda p: p.register(objects[1], IN | OUT), "unregister": lambda p: p.unregister(objects[1]),
}  # fmt: skip
POLLER_MORE = {
    "register another": lambda p: p.register(objects[0], OUT), "unregister another": lambda p: p.unregister(objects[0]),
    "data": lambda p: objects[2].send(b"x"), "one-shot": lambda p: [m for o, m in p.ipoll(0, 1)], "poll(0)": lambda p: p.poll(0),
}  # fmt: skip
WAITER = {"close": lambda r: r.close(), "result": lambda r: keeps(r.result()), "__enter__": within}
there = [None]  # the address of a listener
objects = []  # registered with the poller: two sockets, and the peer of the first

EXPECTED = (OSError, ValueError, RuntimeError)
ENOENT = 2


# ---- Two threads ----------------------------------------------------------------------------------------------------

job = []  # (object, call) of the second thread
done = []
stop = []
wrong = []


def attempt(o, label, call):
    for _ in range(ROUNDS):
        try:
            call(o)
        except EXPECTED as e:
            if isinstance(e, OSError) and (type(number(e)) is not int or number(e) == 0):
                add(wrong, (label, repr(e)))
        except Exception as e:
            add(wrong, (label, repr(e)))


def second():
    while not stop:
        if job:
            with lock:
                o, label, call = job.pop()
            attempt(o, label, call)
            o = None
            add(done, 1)
        else:
            time.sleep(0.0002)
    add(done, 1)


def together(o, a, b, calls):
    start = ticks()
    add(job, (o, b, calls[b]))
    attempt(o, a, calls[a])
    while not done:
        if since(start) > 4 * LATE:
            fail("{} and {} end".format(a, b), "one hangs")
            summary()
            raise SystemExit
        time.sleep(0.0001)
    done.clear()
    if since(start) > LATE:
        add(wrong, (a, b, "took {} ms".format(since(start))))


def close_all(list):
    for x in list:
        if isinstance(x, int):
            x = socket.socket(fileno=x)
        if hasattr(x, "close"):
            x.close()
    list.clear()


def take_connections():
    # Accept the connections that fill the listener's backlog.
    try:
        while True:
            listener.accept()[0].close()
    except OSError:
        pass


def unknown(o, table, others=()):
    return [n for n in dir(o) if n not in table and n not in others and (n[:2] != "__" or n == "__enter__")]


def every_pair(label, make, is_whole, calls, table, others=()):
    # make() returns the object and the objects to close after it.
    o, rest = make()
    check(label + ": the table has every method", unknown(o, table, others), [])
    names = sorted(n for n in calls if n in MORE or n in FILE_MORE or n in POLLER_MORE or hasattr(o, n))
    n = 0
    for i, a in enumerate(names):
        for b in names[i:]:
            if not is_whole(o):
                close_all([o])
                close_all(rest)
                o, rest = make()
            together(o, a, b, calls)
            close_all(given)
            close_all(made)
            take_connections()
            n += 1
    close_all([o])
    close_all(rest)
    check("{}: {} pairs of methods at once".format(label, n), wrong, [])
    wrong.clear()


# ---- Objects under test ----------------------------------------------------------------------------------------------

def merged(a, b):
    c = dict(a)
    c.update(b)
    return c


def with_peer(pair):
    def make():
        a, b = pair()
        a.settimeout(TICK)
        b.settimeout(TICK)
        try:
            b.sendall(b"one line\nand the next\nand ")
        except OSError:
            pass
        return a, [b]

    return make


def of_one(new):
    def make():
        s = new()
        s.settimeout(TICK)
        return s, []

    return make


def is_open(s):
    try:
        s.getpeername()
        return s.fileno() >= 0
    except OSError:
        return False


def is_fresh(s):
    # True if the socket is open but not connected; a listening socket stays in use.
    return s.fileno() >= 0 and not is_open(s)


def file_of(pair, *args):
    def make():
        a, b = pair()
        a.settimeout(TICK)
        b.settimeout(TICK)
        b.sendall(b"one line\nand the next\nand ")
        return a.makefile(*args), [a, b]

    return make


def is_file_open(f):
    try:
        return f.fileno() >= 0
    except ValueError:
        return False


SOCKETS = merged(SOCKET, MORE)


def plain():
    every_pair("TCP", with_peer(tcp_pair), is_open, SOCKETS, SOCKET, ATTRIBUTES)
    every_pair("UDP", with_peer(udp_pair), is_open, SOCKETS, SOCKET, ATTRIBUTES)
    every_pair("a fresh socket", of_one(socket.socket), is_fresh, SOCKETS, SOCKET, ATTRIBUTES)
    every_pair("a listener", of_one(lambda: socket.create_server((HOST, 0))), lambda s: s.fileno() >= 0, SOCKETS, SOCKET, ATTRIBUTES)


def secure():
    if not has_tls():
        skip("TLS", "not in this build")
        return
    every_pair("TLS", with_peer(tls_pair), is_open, SOCKETS, SOCKET, ATTRIBUTES)
    every_pair("a fresh socket of TLS", of_one(tls_client), is_fresh, SOCKETS, SOCKET, ATTRIBUTES)
    every_pair("a listener of TLS", of_one(tls_listener), lambda s: s.fileno() >= 0, SOCKETS, SOCKET, ATTRIBUTES)
    every_pair("a file over TLS", file_of(tls_pair, "rwb"), is_file_open, merged(FILE, FILE_MORE), FILE, ATTRIBUTES)


def files():
    for args in (("rwb",), ("rwb", 0), ("r",), ("rw", 3)):
        every_pair("a file {}".format(args), file_of(tcp_pair, *args), is_file_open, merged(FILE, FILE_MORE), FILE, ATTRIBUTES)


def pollers():
    if not hasattr(socket, "poller"):
        skip("poller", "not in this build")
        return

    def make():
        close_all(objects)
        p = socket.poller()
        a, b = tcp_pair()
        u, v = udp_pair()
        b.settimeout(TICK)
        objects.extend((a, u, b, v))
        p.register(a, IN)
        p.register(u, IN)
        return p, []

    def is_whole(p):
        try:
            p.poll(0)
            p.register(objects[0], IN)
            p.register(objects[1], IN)
            objects[0].settimeout(0)
            objects[0].recv(1000)
        except OSError as e:
            return number(e) == 11
        return True

    every_pair("poller", make, is_whole, merged(POLLER, POLLER_MORE), POLLER)
    close_all(objects)


def waiters():
    for name, new in (("resolver", lambda: socket.resolver(NAME, 80)), ("dialer", lambda: socket.dialer(there[0][0], there[0][1]))):
        if hasattr(socket, name):
            every_pair(name, lambda: (new(), []), lambda o: False, WAITER, WAITER)
        else:
            skip(name, "not in this build")


def hammer(label, o, calls, meanwhile, seconds=0.7):
    # Three threads make all of the calls in turn, as fast as they can.
    ended = []
    enough = []

    def go(k):
        n = k
        while not enough:
            n += 1
            name = calls[n % len(calls)]
            try:
                name(o)
            except EXPECTED:
                pass
            except Exception as e:
                add(wrong, (label, repr(e)))
                break
        add(ended, 1)

    for k in range(3):
        _thread.start_new_thread(go, (k,))
    start = ticks()
    while since(start) < seconds * 1000:
        try:
            meanwhile()
        except OSError:
            pass
        time.sleep(0.001)
    enough.append(1)
    while len(ended) < 3 and since(start) < 4 * LATE:
        time.sleep(0.001)
    check("three threads in {}, as fast as they can".format(label), (len(ended), wrong), (3, []))
    wrong.clear()


def at_speed():
    if not FAIR:
        skip("at_speed", "a thread that never waits lets no other run here")
        return
    reads = [lambda f: f.readline(), lambda f: f.read(7), lambda f: f.readinto(bytearray(9)), lambda f: f.readline(3)]
    pairs = [("TCP", tcp_pair)] + ([("TLS", tls_pair)] if has_tls() else [])
    for kind, pair in pairs:
        for args in (None, ("rb",), ("r",), ("rb", 0)):
            a, b = pair()
            a.settimeout(0.0005)
            b.settimeout(0.01)
            f = a if args is None else a.makefile(*args)
            hammer("reads of {} {}".format(kind, args), f, reads, lambda: b.send(b"a line\nab\r\nand more\n" * 5))
            close_all([f, a, b])
        a, b = pair()
        a.settimeout(0.0005)
        b.settimeout(0.0005)
        hammer("writes of " + kind, a, [lambda s: s.send(b"x" * 100), lambda s: s.sendall(b"y" * 50), lambda s: s.write(b"z")], lambda: b.read(10000))
        close_all([a, b])
    if hasattr(socket, "poller"):
        p = socket.poller()
        a, b = tcp_pair()
        u, v = udp_pair()
        a.settimeout(0)
        b.settimeout(0)
        objects.extend((a, u, b, v))
        calls = [POLLER[n] for n in ("poll", "ipoll", "register", "unregister", "modify")] + [POLLER_MORE[n] for n in POLLER_MORE]
        hammer("a poller", p, calls, lambda: (b.send(b"x"), a.recv(1000)))
        p.close()
        close_all(objects)
    for name, new in (("resolver", lambda: socket.resolver(NAME, 80)), ("dialer", lambda: socket.dialer(there[0][0], there[0][1]))):
        if hasattr(socket, name):
            box = [new()]

            def anew():
                box[0].close()
                box[0] = new()
                take_connections()

            hammer("a " + name, None, [lambda _: box[0].result(), lambda _: box[0].result(), lambda _: box[0].close()], anew)
            box[0].close()
    take_connections()


def handlers():
    # Threads set and remove handlers while data arrive and the main thread calls the handlers, which take the data.
    def take(s):
        try:
            s.recv(1)
        except OSError:
            pass

    def go(s):
        while not enough:
            s.setsockopt(socket.SOL_SOCKET, 20, take)
            no_handler(s)
        add(ended, 1)

    enough = []
    ended = []
    ends = []
    for _ in range(4):
        a, b = tcp_pair()
        a.settimeout(0)
        b.settimeout(0)
        add(ends, a)
        add(ends, b)
        _thread.start_new_thread(go, (a,))
    start = ticks()
    while since(start) < 1500:
        for b in ends[1::2]:
            try:
                b.send(b"x")
            except OSError:
                pass
    add(enough, 1)
    while len(ended) < 4 and since(start) < 4 * LATE:
        time.sleep(0.001)
    check("handlers are set and removed while they are called", len(ended), 4)
    close_all(ends)


listener = socket.create_server((HOST, 0))
listener.settimeout(0)
there[0] = listener.getsockname()
if STACK:
    _thread.stack_size(STACK)
_thread.start_new_thread(second, ())
sections(plain, secure, files, pollers, waiters, handlers, at_speed)
add(stop, 1)
while not done:
    time.sleep(0.001)
listener.close()
job = o = None
collect()
summary()
