# A random program: calls of the module with random arguments, closes, collections, threads and scheduled functions at random
# moments. `program.py SEED STEPS` prints each call before it is made; run.py watches it. Its last line is `end`.
#
# No call may wait for long: timeouts are at most TICK, and arguments that mean "for ever" are never chosen. A call fails if it takes
# longer than LATE, raises an exception outside ALLOWED, or raises an OSError without a number.
import gc
import io
import micropython
import select
import sys
import time
import _thread

import usocket

from calls import FILE, INTS, MODULE, POLLER, SIZES, SOCKET, TEXTS, WAITER, Chance
from check import at_most, descriptors, env
from tlsdata import CERT, KEY
from where import HOST, STACK

SEED, STEPS = int(sys.argv[1]), int(sys.argv[2])
THREADS = SEED // 3 % 4  # in addition to the main thread
TICK = 0.03  # seconds
LATE = int(30000 * float(env("TEST_SLOW") or 1))  # milliseconds
ALLOWED = (OSError, ValueError, TypeError, OverflowError, MemoryError, RuntimeError, StopIteration)
NO_STREAM = ("stream operation not supported",)  # MicroPython's error for an object that is no stream
POOL = 14  # objects that exist at once
TLS = hasattr(usocket, "TLS_CA_CERT")

wrong = []
lock = _thread.allocate_lock()
pool = []  # protected by the lock
busy = []  # one entry for each running thread
names = [n for n in dir(usocket) if n[0].isupper() and isinstance(getattr(usocket, n), int)]
numbers = [getattr(usocket, n) for n in names]
levels = [getattr(usocket, n) for n in names if n.startswith(("SOL_", "IPPROTO_"))]
options = [getattr(usocket, n) for n in names if n.startswith(("SO_", "TCP_", "IP_", "IPV6_", "TLS_"))]


def say(*words):
    # Each line is one system call, because the lines of two threads would mix.
    try:
        sys.stdout.write(" ".join(words) + "\n")
    except MemoryError:
        pass


# ---- Arguments ----------------------------------------------------------------------------------------------------------

class Odd(io.IOBase):
    # A Python stream; each of its methods also performs a random action.
    def __init__(self, chance):
        self.chance = chance

    def ioctl(self, request, argument):
        act(self.chance)
        return self.chance.one((0, 1, 4, 5, -1, 16, 32, 2**31))

    def readinto(self, buf):
        act(self.chance)
        return self.chance.below(len(buf) + 1)

    def write(self, buf):
        act(self.chance)
        return self.chance.below(len(buf) + 1)


class Sub(usocket.socket):
    pass


class Never(usocket.socket):
    def __init__(self):
        pass


def data(c):
    kind, size = c.below(6), c.one(SIZES)
    if kind == 0:
        return bytearray(size)
    if kind == 1:
        return memoryview(bytearray(size + 10))[c.below(5):]
    if kind == 2:
        return c.one(TEXTS)
    if kind == 3:
        return b"one\ntwo\n\nthree" * c.below(20)
    return bytes(size)


def buffer(c):
    if c.below(3):
        return bytearray(c.one(SIZES))
    return memoryview(bytearray(c.one(SIZES) + 3))[c.below(3):]


def known(c):
    # The address of one of the program's sockets.
    x = pick(c)
    try:
        return x.getpeername() if c.below(4) == 0 else x.getsockname()
    except Exception:
        return (HOST, 9)


def address(c):
    kind = c.below(12)
    if kind < 7:
        return known(c)
    if kind == 7:
        return (c.one((HOST, "localhost", "", "::1")), c.one((0, 1, 9, 65535)))
    if kind == 8:
        return (c.one((HOST, "::1", "::", "ff02::1")), 0, c.one(INTS), c.one(INTS))
    if kind == 9:
        return [c.one(TEXTS), c.one(INTS)]
    if kind == 10:
        return bytes((2, 0, 0, 9, 127, 0, 0, 1)) + bytes(c.one((0, 8, 20)))
    return anything(c)


def anything(c):
    kind = c.below(16)
    if kind < 4:
        return c.one(INTS)
    if kind < 6:
        return c.one(TEXTS)
    if kind == 6:
        return data(c)
    if kind == 7:
        return c.one((0.0, 0.001, -1.0, float("nan"), float("inf"), 1e300))
    if kind == 8:
        return c.one((None, True, False, (), [], {}, object, len, Odd(c)))
    if kind == 9:
        return tuple(c.one(INTS) for _ in range(c.below(6)))
    if kind == 10:
        return [c.one(TEXTS) for _ in range(c.below(3))]
    if kind == 11:
        return (c.one(TEXTS), c.one(INTS))
    if kind == 12:
        return pick(c)
    if kind == 13:
        return buffer(c)
    return c.one(numbers)


def seconds(c):
    # None, infinity and large numbers are never chosen, because they wait.
    if c.below(6):
        return c.one((0, 0.0, 1e-9, 0.001, TICK / 2, TICK))
    return c.one((-1, -0.001, float("nan"), "1", b"", (), object, -(2**70)))


def option_value(c):
    kind = c.below(8)
    if kind < 3:
        return c.one((0, 1, 2, 5, 100, 4096, -1, 771, 772))
    if kind == 3:
        return bytes(c.one((0, 1, 4, 8, 12, 16, 20)))
    if kind == 4:
        return c.one((CERT, KEY, CERT[:50], CERT + KEY, CERT + b"\n", b""))
    if kind == 5:
        return c.one((handler, [b"h2"], ["a,b"], "localhost", "TLS-AES-128-GCM-SHA256", None))
    return anything(c)


def handler(s):
    say("  handler")
    act(Chance(SEED + 77, "h"))


KINDS = {
    "a": address, "d": data, "w": buffer, "v": anything, "t": seconds, "o": lambda c: c.one(options) if c.below(4) else c.below(300),
    "l": lambda c: c.one(levels) if c.below(8) else c.below(300), "x": option_value, "n": lambda c: c.one(SIZES) if c.below(5) else c.one(INTS),
    "f": lambda c: 0 if c.below(2) else c.one(numbers), "m": lambda c: c.below(60), "e": lambda c: c.below(32), "h": lambda c: c.one(TEXTS),
    "p": lambda c: c.one((0, 1, 9, 80, "80", "http", None, 65536)), "F": lambda c: c.one((2, 2, 2, 10, 1, 0, 99)), "T": lambda c: c.one((1, 1, 2, 3, 0, 99)),
    "P": lambda c: c.one((0, 0, 6, 17, 256, 999)), "b": lambda c: c.one((0, 1, 2, 8192, -1, None)), "M": lambda c: c.one(("r", "rb", "w", "wb", "rw", "rwb", "a", "")),
    "0": lambda c: c.one((False, 0, "", None, [])), "q": lambda c: pick(c),
}  # fmt: skip
FIXED = "tm0"  # kinds that are never replaced by another value, which might wait

def methods(x):
    if isinstance(x, usocket.socket):
        return SOCKET
    if hasattr(x, "ipoll"):
        return POLLER
    if hasattr(x, "result"):
        return WAITER
    return FILE


# ---- The objects --------------------------------------------------------------------------------------------------------


def locked(c):
    # The lock is held only briefly. A scheduled function may run in the thread that holds it, and therefore gives up.
    for _ in range(1 if c.depth else 200):
        if lock.acquire(0):
            return True
        time.sleep(0.001)
    return False


def pick(c):
    if not locked(c):
        return None
    x = pool[c.below(len(pool))] if pool else None
    lock.release()
    return x


def put(c, x):
    if isinstance(x, (tuple, list)):
        for y in x:
            put(c, y)
    elif isinstance(x, usocket.socket) or hasattr(x, "result") or hasattr(x, "ipoll") or hasattr(x, "readline"):
        if not locked(c):
            return
        if len(pool) >= POOL:
            pool.pop(c.below(len(pool)))  # left to the collector
        pool.append(x)
        lock.release()


def drop(c):
    if locked(c):
        x = pool.pop(c.below(len(pool))) if pool else None
        lock.release()
        return x


def tcp(c, secure):
    proto = usocket.IPPROTO_SEC if secure else 0
    listener = usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM, proto)
    kind = c.one((usocket.socket, usocket.socket, Sub))
    client = kind(usocket.AF_INET, usocket.SOCK_STREAM, proto)
    if secure:
        listener.setsockopt(usocket.SOL_TLS, usocket.TLS_OWN_CERT, CERT)
        listener.setsockopt(usocket.SOL_TLS, usocket.TLS_OWN_KEY, KEY)
        client.setsockopt(usocket.SOL_TLS, usocket.TLS_CA_CERT, CERT)
        client.setsockopt(usocket.SOL_TLS, usocket.TLS_HOSTNAME, "localhost")
        client.setsockopt(usocket.SOL_TLS, usocket.TLS_MAX_VERSION, c.one((771, 772)))
        client.setsockopt(usocket.SOL_TLS, usocket.TLS_SESSION_CACHE, c.below(2))
    listener.bind((HOST, 0))
    listener.listen(3)
    listener.settimeout(TICK)
    client.settimeout(0)
    try:
        client.connect(listener.getsockname())
    except OSError as e:
        if e.errno not in (11, 115):
            raise
    server = listener.accept()[0]
    server.settimeout(0)
    if secure and c.below(4):  # otherwise later calls do the handshake
        for _ in range(200):
            left = 0
            for s in (client, server):
                try:
                    s.do_handshake()
                except OSError as e:
                    if e.errno not in (11, 107, 115):
                        raise
                    left += 1
            if not left:
                break
            time.sleep(0.001)
    client.settimeout(TICK)
    server.settimeout(TICK)
    return client, server, listener


def udp(c):
    a, b = usocket.socket(usocket.AF_INET, usocket.SOCK_DGRAM), usocket.socket(usocket.AF_INET, usocket.SOCK_DGRAM)
    a.bind((HOST, 0))
    b.bind((HOST, 0))
    a.connect(b.getsockname())
    b.connect(a.getsockname())
    return a, b


def fresh(c):
    kind = c.below(10)
    if kind < 3:
        return tcp(c, False)
    if kind < 6:
        return tcp(c, TLS)
    if kind == 6:
        return udp(c)
    if kind == 7:
        return usocket.poller() if hasattr(usocket, "poller") else None
    if kind == 8:
        return Never() if c.below(4) == 0 else Sub()
    s = pick(c)
    return s.makefile(c.one(("r", "rb", "rwb", "w"))) if isinstance(s, usocket.socket) else None


# ---- Calls --------------------------------------------------------------------------------------------------------------


def short(x):
    if isinstance(x, (bytes, bytearray, memoryview, str)) and len(x) > 24:
        return "<%s of %d>" % (type(x).__name__, len(x))
    if isinstance(x, usocket.socket):
        return "<socket %d>" % x.fileno() if type(x) is not Never else "<Never>"
    return repr(x)[:60]


def call(c, what, function, arguments):
    # Make a call and judge its outcome. Returns its result, or None.
    c.step += 1
    try:
        say(c.name, str(c.step), "  " * c.depth + what + "(" + ", ".join(short(a) for a in arguments) + ")")
    except MemoryError:
        say(c.name, str(c.step), "(no memory for the words)")
    start = time.ticks_ms()
    result = problem = None
    try:
        result = function(*arguments)
    except ALLOWED as e:
        if isinstance(e, OSError) and (not e.args or type(e.args[0]) is not int or e.args[0] == 0) and e.args != NO_STREAM:
            problem = "raised an OSError without a number: %r" % (e,)
    except Exception as e:
        problem = "raised %r" % (e,)
    took = time.ticks_diff(time.ticks_ms(), start)
    if problem is None and took > LATE:
        problem = "took %d ms" % took
    if problem:
        wrong.append(1)
        say("FAIL", c.name, str(c.step), what, problem)
    return result


def single(words):
    # detach() must not be called while another thread uses the socket.
    return THREADS == 0 or not words.startswith("detach")


def spec(c, words):
    # A method name and its arguments, usually of the right kinds.
    name, _, kinds = words.partition(" ")
    arguments = []
    for k in kinds:
        arguments.append(anything(c) if k not in FIXED and c.below(9) == 0 else KINDS[k](c))
    if c.below(20) == 0 and kinds and kinds[-1] not in FIXED:
        arguments.pop()
    if c.below(40) == 0 and "t" not in kinds and name not in ("poll", "ipoll"):
        arguments.append(anything(c))
    return name, arguments


def method(c):
    x = pick(c)
    if x is None:
        return
    words = c.one(methods(x))
    if not single(words):
        return
    name, arguments = spec(c, words)
    try:
        function = getattr(x, name)
    except AttributeError:
        return
    result = call(c, "%s.%s" % (type(x).__name__, name), function, arguments)
    if name == "detach":
        result = adopted(c, result)
    elif name == "ipoll" and result is not None:
        call(c, "list", lambda i: len([0 for _, _ in zip(i, range(50))]), (result,))
        return
    put(c, result)


def adopted(c, fd):
    # Wrap a detached descriptor in a socket again; memory may be short for a moment.
    for _ in range(100 if type(fd) is int and fd >= 0 else 0):
        s = call(c, "socket of detached", lambda n: usocket.socket(fileno=n), (fd,))
        if s is not None:
            return s
        gc.collect()


def function(c):
    name, arguments = spec(c, c.one(MODULE))
    if hasattr(usocket, name):
        put(c, call(c, name, getattr(usocket, name), arguments))
    if name == "setdefaulttimeout":
        usocket.setdefaulttimeout(TICK)


def scheduled(c):
    if c.depth < 2:
        c.depth += 1
        try:
            act(c)
        finally:
            c.depth -= 1


def selected(c):
    # The interpreter's own poll on sockets of the module.
    p = select.poll()
    for _ in range(c.below(4)):
        x = pick(c)
        if x is not None:
            try:
                p.register(x, c.below(16))
            except ALLOWED:
                return  # MicroPython's poll object crashes in poll() after a failed register()
    call(c, "select.poll().poll", p.poll, (c.below(30),))


def act(c):
    # Perform one random action.
    if c.depth > 3:
        return
    c.depth += 1
    try:
        n = c.below(100)
        if n < 62:
            method(c)
        elif n < 74 or not pool:
            put(c, call(c, "fresh", fresh, (c,)))
        elif n < 82:
            function(c)
        elif n < 85:
            x = drop(c)
            if x is not None and hasattr(x, "close"):
                call(c, type(x).__name__ + ".close", x.close, ())
        elif n < 88:
            drop(c)
        elif n < 91:
            call(c, "gc.collect", gc.collect, ())
        elif n < 95:
            selected(c)
        elif n < 98:
            try:
                micropython.schedule(scheduled, Chance(c.below(2**31), c.name + "s"))
            except RuntimeError:  # the scheduler's queue is full
                pass
        else:
            words = c.one(SOCKET)
            name, arguments = spec(c, words)
            if hasattr(usocket.socket, name) and single(words):
                result = call(c, name + " of another", lambda *a: getattr(usocket.socket, name)(*a), [pick(c) if c.below(2) else anything(c)] + arguments)
                put(c, adopted(c, result) if name == "detach" else result)
    except MemoryError:
        pass
    finally:
        c.depth -= 1


def thread(c, steps):
    try:
        for _ in range(steps):
            act(c)
    except Exception as e:
        wrong.append(1)
        say("FAIL", c.name, "thread ends with", repr(e))
        sys.print_exception(e)
    finally:
        busy.pop()


def finish():
    # Close the remaining objects or leave them to the collector; no descriptor may stay open.
    while pool:
        x = pool.pop()
        if c.below(2) and hasattr(x, "close"):
            call(c, type(x).__name__ + ".close", x.close, ())
        x = None
    for _ in range(3):
        gc.collect()


gc.threshold((0, 20000, 200000)[SEED % 3] or -1)
usocket.setdefaulttimeout(TICK)
start = descriptors()
if STACK:
    _thread.stack_size(STACK)
c = Chance(SEED, "T0")
for n in range(THREADS):
    busy.append(n)
    _thread.start_new_thread(thread, (Chance(SEED * 8 + n + 1, "T%d" % (n + 1)), STEPS))
# In every other program the main thread only waits and runs scheduled functions: its stack then has few stale words that would keep
# an object from a conservative collector.
busy.append(9)
if SEED % 2:
    _thread.start_new_thread(thread, (c, STEPS))
    while busy:
        time.sleep(0.005)
else:
    thread(c, STEPS)
    while busy:
        time.sleep(0.005)
finish()
if not at_most(start + (2 if SEED % 2 else 3), 20):
    wrong.append(1)
    say("FAIL descriptors:", str(descriptors() - start), "more than at the start")
    time.sleep(1)  # run.py inspects the descriptors
say("wrong:", str(len(wrong)))
say("end")
