# Checks for scripts that run under MicroPython and CPython. Every check prints one line that run.py counts:
#   ok LABEL   |   FAIL LABEL: got X, expected Y   |   skip LABEL: reason
#   LOST LABEL: why   a failure that may be an oversight of the collector: run.py asks a fresh interpreter
# A script ends with summary(), which also checks that no descriptor is left.
import gc
import os
import sys
import time

from control import SLOW, env, in_time  # noqa: F401
from where import STACK, STALE

try:
    import _thread
except ImportError:
    _thread = None

try:
    import _stack  # test builds on another stack count its open sockets
except ImportError:
    _stack = None

ETIMEDOUT = 110
_lock = _thread.allocate_lock() if _thread else None
_failed = [0]
_exact = getattr(sys, "implementation", None) and sys.implementation.name == "cpython"  # the collector misses nothing


def _listed():
    # Every count is one too high, because it includes the descriptor of the listing itself.
    return len(os.listdir("/proc/self/fd"))


def _taken():
    # Without either, count the sockets that can still be opened, as a negative number.
    import socket

    held = []
    try:
        while True:
            held.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    except OSError:
        n = -len(held)
    for s in held:
        s.close()
    return n


# Count open sockets, or all descriptors; only differences are meaningful. SYSTEM is True if a socket's number is a system descriptor.
SYSTEM = False
descriptors = _taken
if _stack:
    descriptors = _stack.sockets
else:
    try:
        if _listed():  # a board without /proc may list nothing
            descriptors, SYSTEM = _listed, True
    except (OSError, AttributeError):
        pass
FIRST = 3 if SYSTEM else 0  # lowest possible number of a socket


def descriptors_left(start):
    # The excess of descriptors over `start`. The worker of an abandoned lookup may keep a file open for a moment longer.
    for _ in range(300):
        if descriptors() == start:
            break
        time.sleep(0.01)
    return descriptors() - start


if hasattr(OSError(1), "errno"):

    def number(e):
        # The errno of an exception; None if it has none, or there is no exception.
        return getattr(e, "errno", None)

else:  # MicroPython before 1.16

    def number(e):
        return e.args[0] if isinstance(e, OSError) and e.args else None


# Not 0 in an interpreter that is asked again. Its objects lie in other blocks and its sections run in threads, because a stale word of the
# main thread that the compiler or the script's own frame left is there in each run.
_AGAIN = int(env("TEST_AGAIN") or 0)
if _AGAIN:
    gc.collect()
    _blocks = [bytes(size) for size in (16, 48, 80, 112, 144) for _ in range(40 * _AGAIN)]


def tasks():
    return len(os.listdir("/proc/self/task"))


def ticks():
    # Milliseconds, of a monotonic clock where there is one.
    if hasattr(time, "ticks_ms"):
        return time.ticks_ms()
    return int(time.monotonic() * 1000)


def since(start):
    if hasattr(time, "ticks_diff"):
        return time.ticks_diff(time.ticks_ms(), start)
    return ticks() - start


def emit(line):
    if _lock:
        _lock.acquire()
    try:
        print(line)  # a board may lack sys.stdout
        if _exact:
            sys.stdout.flush()
    finally:
        if _lock:
            _lock.release()


def ok(label):
    emit("ok " + label)


def fail(label, why):
    _failed[0] += 1
    emit("FAIL {}: {}".format(label, why))


def skip(label, reason):
    emit("skip {}: {}".format(label, reason))


def true(label, value, note=None):
    if value:
        ok(label)
    else:
        fail(label, "not true" if note is None else "not true ({!r})".format(note))
    return value


def check(label, got, expected):
    if type(got) is type(expected) and got == expected:
        ok(label)
        return True
    g, e = repr(got), repr(expected)
    if len(g) > 300:
        g = g[:300] + "..."
    if len(e) > 300:
        e = e[:300] + "..."
    fail(label, "got {}, expected {}".format(g, e))
    return False


def raised(fn, args=(), kw={}):
    # The exception that fn raises, or None.
    try:
        fn(*args, **kw)
    except Exception as e:
        return e
    return None


def raises(label, expected, fn, *args, **kw):
    # `expected` is the errno of an OSError or an exception class. Returns the exception.
    e = raised(fn, args, kw)
    if e is None:
        fail(label, "nothing was raised, expected {!r}".format(expected))
    elif isinstance(expected, int):
        if isinstance(e, OSError) and type(number(e)) is int and number(e) == expected:
            ok(label)
        else:
            fail(label, "got {!r}, expected errno {}".format(e, expected))
    elif isinstance(e, expected):
        ok(label)
    else:
        fail(label, "got {!r}, expected {!r}".format(e, expected))
    return e


def timed(label, fn, args, earliest, latest, expected=None):
    # Check that fn(*args) raises the module's timeout with errno 110 (or `expected`), not before `earliest` ms and not after `latest` ms.
    # The lower bound is exact; the upper one is scaled to the machine, and compared with the control.
    start = ticks()
    e = raised(fn, args)
    took = since(start)
    if expected is None:
        good = isinstance(e, OSError) and number(e) == ETIMEDOUT and type(e).__name__ == "timeout"
    elif isinstance(expected, int):
        good = isinstance(e, OSError) and number(e) == expected
    else:
        good = isinstance(e, expected)
    if not good:
        fail(label, "got {!r} after {} ms".format(e, took))
    elif took < earliest or not in_time(took - earliest, latest - earliest):
        fail(label, "took {} ms, expected {}..{}".format(took, earliest, latest))
    else:
        ok(label)
    return e


def collect():
    # A conservative collector may find stale pointers on the stack: overwrite them with frames and collect more than once.
    def deep(n):
        return [n] if n == 0 else deep(n - 1)

    for _ in range(3):
        deep(20)
        gc.collect()


def settles(n, seconds):
    # Wait until the descriptor count is n; threads and abandoned lookups may take a moment to end.
    end = ticks()
    while True:
        collect()
        if descriptors() == n:
            return True
        if since(end) > max(seconds, 20) * 1000 * SLOW:
            return False
        time.sleep(0.05)


def at_most(n, seconds):
    # As settles(), but fewer are accepted: a collection may have closed descriptors that were counted at the start.
    end = ticks()
    n += STALE
    while descriptors() > n and since(end) <= seconds * 1000 * SLOW:
        collect()
        time.sleep(0.02)
    return descriptors() <= n


def aside(fn, seconds=30):
    # Call fn in a thread of its own, so that no stale word of a live stack keeps what fn loses from a conservative collector. Returns fn's result.
    if not _thread:
        return fn()
    result = spawn(fn)(seconds)
    time.sleep(0.05)  # until the thread's stack is freed
    return result[0]


def collected(label, good, why):
    # Check a result that depends on the collection of a lost object. A conservative collector may find a stale pointer to it; for that run.py asks
    # a fresh interpreter again.
    if good or _exact:
        true(label, good, why)
    else:
        _failed[0] += 1
        emit("LOST {}: {}".format(label, why))


def lost_are_closed(label, start):
    # Check that lost sockets are closed: not more than `start` descriptors are open.
    collected(label, at_most(start, 2), "{} descriptors too many".format(descriptors() - start))


class NoThreads(Exception):
    pass


def run(section):
    # Run one function of checks; an exception counts as a failed check and does not end the script.
    try:
        aside(section, 600) if _AGAIN else section()
    except NoThreads:
        skip(section.__name__, "there are no threads")
    except Exception as e:
        fail("{} runs to its end".format(getattr(section, "__name__", "section")), repr(e))
        if hasattr(sys, "print_exception"):
            sys.print_exception(e)
        else:
            import traceback

            traceback.print_exc()


def sections(*functions):
    for f in functions:
        run(f)
        collect()


# True under an emulator of another processor.
EMULATED = bool(env("TEST_EMULATED"))


def storms():
    # True if threads may collect continuously: an emulator may lose the signals by which the collector stops other threads.
    if EMULATED:
        skip("a storm of collections", "under qemu-user a program without sockets stalls as well: test/foreign/storm.py")
        return False
    return True


def storm(stop):
    # Collect until `stop` is not empty, and return the number of collections; for spawn(). The pause lets other threads get the
    # collector's lock, which is not fair.
    n = 0
    while not stop:
        gc.collect()
        time.sleep(0.0005)
        n += 1
    return n


def spawn(fn, *args):
    # Start a thread that can be joined: t = spawn(f). t(seconds) returns [result] or raises f's exception; it returns None while f runs.
    if not _thread:
        raise NoThreads()
    box = [None]  # without a GIL an element is stored at once; append() makes the list longer first

    def body():
        try:
            box[0] = fn(*args), None
        except BaseException as e:
            box[0] = None, e

    if STACK:
        _thread.stack_size(STACK)
    _thread.start_new_thread(body, ())

    def join(seconds=5):
        start = ticks()
        while box[0] is None:
            if not seconds or since(start) > max(seconds, 30) * 1000 * SLOW:
                return None
            time.sleep(0.005)
        result, e = box[0]
        if e is not None:
            raise e
        return [result]

    return join


def _asleep():
    # The module is loaded for threads alone: a board without them has no room for it.
    if not _thread:
        raise NoThreads()
    import asleep

    return asleep


def waiting(fn, *args):
    # As spawn(), but returns when fn waits, or has ended.
    return _asleep().waiting(spawn, fn, args)


def caller_waits(pause):
    # Returns a function for another thread, which returns when the present thread waits.
    asleep = _asleep()
    caller = asleep.this_thread()
    return lambda: asleep.until_asleep(caller, pause)


def summary(grace=2, overseen=0):
    # `overseen` is the number of deliberately lost sockets that a conservative collector may miss.
    settles(_start, grace)
    left = descriptors()
    why = "{} at the end, {} at the start{}".format(left, _start, " {}".format(os.listdir("/proc/self/fd")) if SYSTEM else "")
    if left < _start:
        fail("no descriptor left", why)
    else:
        collected("no descriptor left", left <= _start + overseen, why)
    emit("end")
    if _failed[0]:
        sys.exit(1)


def warm():
    # The module's first wait may open a descriptor for the whole process; it does not count as the script's.
    import socket

    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(0.001)
    try:
        s.recv(1)
    except OSError:
        pass
    s.close()


warm()
_start = descriptors()
