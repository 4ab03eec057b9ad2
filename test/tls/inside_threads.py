# Two threads use one TLS socket: a record, an end or a failure that one of them reads from the transport reaches the other as well.
# The output has the form of inside.py's.
import _thread, select, sys, time
import usocket as socket
from ends import check, error, is_error, pair, waiting

_thread.stack_size(256 * 1024)
DEADLINE = 60  # seconds; a call that misses an event read by the other one lasts this long


def both(label, first, second, act, good):
    "Run each call in a thread of its own, then `act` at the peer: both must end soon and with a valid result."
    c, s = pair()
    c.settimeout(DEADLINE)
    ended = []

    def run(n, call):
        t = time.ticks_ms()
        r = error(call, c)
        ended.append((n, r, time.ticks_diff(time.ticks_ms(), t)))

    for n, call in enumerate((first, second)):
        waiting(run, n, call)
    kept = act(s)
    while len(ended) < 2:
        time.sleep(0.005)
    results = [r for _, r, _ in sorted(ended, key=lambda e: e[0])]
    check(label, good(*results) and all(took < DEADLINE * 500 for _, _, took in ended), repr(ended))
    c.close()
    s.close()
    return kept


def ready(c):
    p = select.poll()
    p.register(c, select.POLLIN)
    return p.poll(DEADLINE * 1000)[0][1]


def forge(s):
    raw = socket.socket(fileno=s.detach())
    raw.send(b"\x17\3\3\0\x20" + bytes(32))
    return raw


def close_notify(s):
    s.settimeout(0)
    error(s.unwrap)


def parts(*sizes):
    return lambda *results: sorted(len(r) for r in results) == sorted(sizes)


def failed(*results):
    return all(isinstance(r, socket.TLSError) for r in results)


some = lambda c: c.recv(10)
peek = lambda c: c.recv(10, socket.MSG_PEEK)
both("recv and recv, one record", some, some, lambda s: s.send(b"x" * 100), parts(10, 10))
both("recv and readinto, one record", some, lambda c: c.read(20), lambda s: s.send(b"x" * 100), parts(10, 20))
both("recv and peek, one record", some, peek, lambda s: s.send(b"x" * 100), parts(10, 10))
both("recv and poll, one record", some, ready, lambda s: s.send(b"x" * 100), lambda r, e: len(r) == 10 and e & select.POLLIN)
both("recv and recv, close_notify", some, some, close_notify, parts(0, 0))
both("recv and unwrap, close_notify", some, lambda c: c.unwrap(), close_notify, lambda r, u: (r == b"" or is_error(r, 9)) and not isinstance(u, OSError))
both("recv and recv, a forged record", some, some, forge, failed).close()
both("recv and readline, a forged record", some, lambda c: c.readline(), forge, failed).close()
print("end")
