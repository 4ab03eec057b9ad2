# The flooded end of flood.py's connections, in MicroPython. The output has the form of inside.py's.
import errno, json, select, sys, time, _thread
import usocket as socket
from ends import SLOW, check, error, make_client, make_listener

_thread.stack_size(256 * 1024)
PORTS = json.loads(sys.argv[3])
WHAT = sys.argv[4]
LIMIT = 200  # milliseconds; the timeout of a call
LATE = 100 * SLOW
RAW = sorted(kind for kind in PORTS if kind != "dial" and kind[-3:-1] != "1.")
ENDS = (9, errno.EAGAIN, errno.ETIMEDOUT)


class Control:
    "A control thread that sleeps during a call and measures the delay of its wake-ups."

    def __init__(self):
        self.on, self.late, self.ended = True, 0, False
        _thread.start_new_thread(self.run, ())

    def run(self):
        while self.on:
            t = time.ticks_ms()
            time.sleep(0.01)
            self.late = max(self.late, time.ticks_diff(time.ticks_ms(), t) - 10)
        self.ended = True

    def stop(self):
        self.on = False
        while not self.ended:
            time.sleep(0.002)
        return self.late


def flooded(kind, serving):
    "A socket with a flood at its other end; with `serving` it is the server of the handshake."
    if not serving:
        c = make_client(5)
        if kind in RAW:
            c.settimeout(0)
            error(c.connect, ("127.0.0.1", PORTS[kind]))
        else:
            c.connect(("127.0.0.1", PORTS[kind]))
        return c
    l, at = make_listener()
    d = socket.socket()
    d.connect(("127.0.0.1", PORTS["dial"]))
    d.send(b"%s %d" % (kind.encode(), at[1]))
    l.settimeout(20)
    s, _ = l.accept()
    l.close()
    d.close()
    return s


def poller(s, ms):
    p = socket.poller()
    try:
        p.register(s, select.POLLIN)
        return p.poll(ms)
    finally:
        p.close()


def poll(s, ms):
    p = select.poll()
    p.register(s, select.POLLIN)
    return p.poll(ms)


BIG = bytearray(8000000)
# name: (the call, its limit in milliseconds)
CALLS = {
    "recv": (lambda s: s.recv(100), LIMIT),
    "read": (lambda s: s.read(len(BIG)), LIMIT),
    "readinto": (lambda s: s.readinto(BIG), LIMIT),
    "readline": (lambda s: s.readline(), LIMIT),
    "recv with MSG_WAITALL": (lambda s: s.recv_into(BIG, len(BIG), socket.MSG_WAITALL), LIMIT),
    "read of a file": (lambda s: s.makefile("rb").read(len(BIG)), LIMIT),
    "readline of a file": (lambda s: s.makefile("rb").readline(), LIMIT),
    "readline of text": (lambda s: s.makefile("r").readline(), LIMIT),
    "send": (lambda s: s.send(b"x"), LIMIT),
    "do_handshake": (lambda s: s.do_handshake(), LIMIT),
    "poll": (lambda s: poll(s, LIMIT), LIMIT),
    "poller": (lambda s: poller(s, LIMIT), LIMIT),
    "poll that does not wait": (lambda s: poll(s, 0), 0),
    "shutdown": (lambda s: s.shutdown(socket.SHUT_WR), LIMIT),
    "close": (lambda s: s.close(), LIMIT),
}
AT_ONCE = ("recv", "read", "send", "do_handshake", "readline")


def once(kind, serving, call, how):
    "Returns the delay of the call, the problem with its result, and the delay of the control thread."
    s = flooded(kind, serving)
    limit = CALLS[call][1]
    closed = []

    def close():
        time.sleep(LIMIT / 1000)
        closed.append(time.ticks_ms())
        s.close()

    time.sleep(0.01)  # until the flood has arrived
    s.settimeout(20 if how == "close" else 0 if how == "non-blocking" else LIMIT / 1000)
    control = Control()
    t = time.ticks_ms()
    if how == "close":
        _thread.start_new_thread(close, ())
    r = error(CALLS[call][0], s)
    now = time.ticks_ms()
    took = time.ticks_diff(now, t)
    wrong = None
    if isinstance(r, socket.TLSError):
        if not r.errno or len(str(r)) < 5:
            wrong = r
    elif isinstance(r, OSError):
        if isinstance(r, socket.timeout) and (how != "deadline" or took < limit):
            wrong = r, took
        elif not isinstance(r, socket.timeout) and r.errno not in ENDS + (errno.EPIPE if hasattr(errno, "EPIPE") else 32, 104, 107):
            wrong = r
    elif isinstance(r, Exception) and not isinstance(r, UnicodeError):
        wrong = r
    late = took - (0 if how == "non-blocking" else limit)
    if how == "close" and closed:
        late = time.ticks_diff(now, closed[0])
    controlled = control.stop()
    error(s.settimeout, 0)
    while how == "close" and not closed:
        time.sleep(0.002)
    s.close()
    return late, wrong, controlled


worst = {}


def measure(kind, serving, call, how):
    label = "%s, %s, in a flood of %s, as a %s" % (call, how, kind, "server" if serving else "client")
    said = []
    for _ in range(3):  # repeated, because the machine may be slow once
        late, wrong, controlled = once(kind, serving, call, how)
        said.append((late, controlled))
        if wrong is not None:
            check(label, False, repr(wrong))
            return
        if late <= LATE + 2 * controlled:
            worst[how] = max(worst.get(how, 0), late)
            check(label, True)
            return
        if late > 1000 * SLOW + 2 * controlled:
            break
    check(label, False, "late by, and the control by: %r ms" % said)


def calls():
    begun = ("recv", "send", "do_handshake", "poll", "poller", "poll that does not wait", "read of a file", "readline", "shutdown", "close")
    for kind in RAW:
        for serving in (False, True):
            for call in begun:
                measure(kind, serving, call, "deadline")
            for call in AT_ONCE:
                measure(kind, serving, call, "non-blocking")
            measure(kind, serving, "recv", "close")
            measure(kind, serving, "do_handshake", "close")
    for kind in ("data 1.2", "data 1.3"):
        for call in CALLS:
            measure(kind, False, call, "deadline")
        for call in AT_ONCE:
            measure(kind, False, call, "non-blocking")
        for call in ("read", "readline", "recv with MSG_WAITALL"):
            measure(kind, False, call, "close")
    for call in ("recv", "readline", "poll", "close"):
        measure("tickets 1.3", False, call, "deadline")
    measure("tickets 1.3", False, "recv", "non-blocking")
    measure("tickets 1.3", False, "recv", "close")
    if len(sys.argv) > 5:
        print("worst", worst)


def interrupt(name):
    call, _, role = name.partition(", ")
    if name == "control":
        print("waiting")
        try:
            while True:
                time.sleep(0.01)
        except KeyboardInterrupt:
            pass
    elif role:
        # The connection to such a peer ends soon; another one is made.
        work = CALLS[call][0]
        print("waiting")
        try:
            while True:
                s = flooded("warnings", role == "server")
                s.settimeout(20)
                error(work, s)
                s.close()
        except KeyboardInterrupt:
            pass
    else:
        call, version = call.split()
        s = flooded("data " + version, False)
        s.settimeout(20)
        print("waiting")
        try:
            CALLS[call][0](s)
            print("it returned")
            return
        except KeyboardInterrupt:
            pass
    print("heard")


def task(kind):
    import asyncio
    import aiosocket

    longest = 0

    async def tick():
        nonlocal longest
        end = time.ticks_add(time.ticks_ms(), 700)
        t = time.ticks_ms()
        while time.ticks_diff(end, t) > 0:
            await asyncio.sleep_ms(5)
            now = time.ticks_ms()
            longest = max(longest, time.ticks_diff(now, t) - 5)
            t = now

    async def receive(s):
        stream = aiosocket.Stream(s)
        try:
            while await stream.read(100):
                pass
        except OSError:
            pass

    async def main():
        ticking = asyncio.create_task(tick())
        await asyncio.sleep_ms(20)
        if kind:
            s = flooded(kind, kind in RAW)
            s.setblocking(False)
            asyncio.create_task(receive(s))
        await ticking

    asyncio.run(main())
    print(longest)


if WHAT == "calls":
    calls()
    print("end")
elif WHAT == "control":
    task("")
else:
    what, _, rest = WHAT.partition(" ")
    interrupt(rest) if what == "interrupt" else task(rest)
