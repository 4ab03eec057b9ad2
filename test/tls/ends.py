# Both ends of a connection in MicroPython, for inside.py and interrupt.py. The certificates are in the directory sys.argv[1].
import errno, os, select, sys, time
import usocket as socket

sys.path.append(sys.path[0] + "/../python")
import asleep
from control import SLOW, in_time  # noqa

DIR = sys.argv[1] + "/"
HOST = "host.example.test"
TLS = socket.SOL_TLS


def read(name):
    with open(DIR + name, "rb") as f:
        return f.read()


ROOT, CHAIN, KEY = read("root.pem"), read("ec.chain"), read("ec.key")


def check(label, ok, why=""):
    print("ok " + label if ok else "FAIL %s: %s" % (label, why))


def error(call, *args):
    try:
        r = call(*args)
    except Exception as e:
        return e
    return r


def waiting(call, *args):
    "Start a thread, and return when its call waits or has ended."
    import _thread

    asleep.waiting(lambda body: _thread.start_new_thread(body, ()), call, args)


def in_range(start, earliest, latest):
    "True if so many milliseconds have passed: the lower limit is exact, the upper one compared with the control."
    took = time.ticks_diff(time.ticks_ms(), start)
    return earliest <= took and in_time(took, latest)


def is_error(e, number):
    return isinstance(e, OSError) and e.args[0] == number


def small_buffers(s):
    "Set small fixed buffers where the stack supports it, so that no buffer grows later and accepts more bytes."
    for option in (getattr(socket, name) for name in ("SO_SNDBUF", "SO_RCVBUF") if hasattr(socket, name)):  # lwIP's are fixed
        try:
            s.setsockopt(socket.SOL_SOCKET, option, 16384)
        except OSError as e:
            if e.args[0] != 92:
                raise


def make_listener(narrow=False, **more):
    l = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC)
    if narrow:
        small_buffers(l)
    l.setsockopt(TLS, socket.TLS_OWN_CERT, CHAIN)
    l.setsockopt(TLS, socket.TLS_OWN_KEY, KEY)
    for name, v in more.items():
        l.setsockopt(TLS, getattr(socket, "TLS_" + name), v)
    l.bind(("127.0.0.1", 0))
    l.listen(8)
    return l, l.getsockname()


def make_client(timeout=5, narrow=False, **more):
    c = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC)
    if narrow:
        small_buffers(c)
    c.setsockopt(TLS, socket.TLS_CA_CERT, ROOT)
    c.setsockopt(TLS, socket.TLS_HOSTNAME, HOST)
    for name, v in more.items():
        c.setsockopt(TLS, getattr(socket, "TLS_" + name), v)
    c.settimeout(timeout)
    return c


def spin(*socks):
    "Step both ends of a handshake without waiting."
    for _ in range(5000):
        left = 0
        for s in socks:
            try:
                s.do_handshake()
            except OSError as e:
                if e.args[0] not in (errno.EAGAIN, errno.EINPROGRESS, 107):
                    raise
                left += 1
        if not left:
            return
        time.sleep(0.0005)
    raise OSError(0, "no end of the handshake")


def pair(server=None, narrow=False, **client):
    l, at = make_listener(narrow, **(server or {}))
    c = make_client(0, narrow, **client)
    e = error(c.connect, at)
    assert is_error(e, errno.EINPROGRESS), e
    l.settimeout(5)
    s, _ = l.accept()
    s.settimeout(0)
    spin(c, s)
    l.close()
    c.settimeout(5)
    s.settimeout(5)
    return c, s


def readable(s, ms=0):
    p = select.poll()
    p.register(s, select.POLLIN)
    return bool(p.poll(ms))


def writable(s, ms=0):
    p = select.poll()
    p.register(s, select.POLLOUT)
    return bool(p.poll(ms))


def fds():
    return len(os.listdir("/proc/self/fd"))
