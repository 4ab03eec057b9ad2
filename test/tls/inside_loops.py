# TLS sockets in event loops: usocket.poller and asyncio's own streams, with usocket at both ends. The output has the form of inside.py's.
import _thread, asyncio, errno, select, sys, time
import usocket as socket
from ends import HOST, ROOT, SLOW, TLS, check, error, make_client, make_listener, pair, readable


def pollers():
    def switches():
        with open("/proc/self/status") as f:
            return sum(int(line.split()[1]) for line in f if "ctxt_switches" in line)
    IN, OUT = select.POLLIN, select.POLLOUT

    def told(p, ms=2000):
        return [(o, e) for o, e in p.poll(ms)]
    for version in (socket.TLS_1_2, socket.TLS_1_3):
        name = " 1.2" if version == socket.TLS_1_2 else " 1.3"
        # The poller alone completes the handshake.
        l, at = make_listener()
        c = make_client(0, MAX_VERSION=version)
        error(c.connect, at)
        s, _ = l.accept()
        s.settimeout(0)
        p = socket.poller()
        p.register(c, OUT)
        p.register(s, OUT)
        done = set()
        for _ in range(50):
            for o, e in told(p):
                done.add(o is c)
                p.modify(o, 0)
            if len(done) == 2:
                break
        check("poller: handshake" + name, len(done) == 2 and c.do_handshake() is None and s.do_handshake() is None, done)
        p.modify(s, IN)
        error(c.recv, 1)  # reads the session tickets
        check("poller: nothing there" + name, told(p, 0) == [])
        before, t = switches(), time.ticks_ms()
        check("poller: still nothing" + name, told(p, 400) == [] and time.ticks_diff(time.ticks_ms(), t) >= 400)
        if sys.argv[2] == "-":
            check("poller: idle, it is asked no more" + name, switches() - before < 100, switches() - before)
        else:
            print("skip poller: idle, it is asked no more%s: %s" % (name, "a wait looks at the stack every 2 ms here" if sys.argv[2] == "lwip-raw" else
                                                                    "there are no sets on this stack, each socket is asked in turn"))
        c.send(b"abcdef")
        check("poller: readable" + name, told(p) == [(s, IN)])
        check("poller: decrypted bytes" + name, s.recv(2) == b"ab" and told(p, 0) == [(s, IN)] and s.recv(9) == b"cdef")
        check("poller: nothing left" + name, told(p, 0) == [])
        c.send(b"12345678")
        while s.read(1) is None:  # reads without a poll
            pass
        check("poller: decrypted behind its back" + name, told(p, 0) == [(s, IN)] and s.recv(9) == b"2345678")
        check("poller: nothing left again" + name, told(p, 0) == [])
        _thread.start_new_thread(lambda: (time.sleep_ms(10), c.send(b"late")), ())
        waits, got = [], []
        while not got:  # the call processes a record first and may find the data in its next iteration
            t = time.ticks_ms()
            got = told(p, 40)
            waits.append(time.ticks_diff(time.ticks_ms(), t))
        check("poller: a short wait with a record in it" + name, got == [(s, IN)] and all([w >= 40 for w in waits[:-1]]) and s.recv(9) == b"late", waits)
        p.modify(s, IN | OUT)
        check("poller: writable" + name, told(p) == [(s, OUT)])
        sent = 0
        last = time.ticks_ms()
        while time.ticks_diff(time.ticks_ms(), last) < 400:  # a stack's first probe of a zero window may find room once more
            r = s.write(b"x" * 30000)
            if r is None:
                time.sleep(0.03)
            else:
                sent, last = sent + r, time.ticks_ms()
        check("poller: full" + name, told(p, 0) == [])
        got = 0
        c.settimeout(1)
        while got < sent:
            got += len(c.recv(65536))
            told(p, 0)  # sends the pending rest
        # The last byte of a partially sent record is counted when it is offered again.
        check("poller: room again" + name, 0 <= got - sent <= 1 and told(p) == [(s, OUT)], (got, sent))
        p.modify(s, IN)
        p.unregister(c)
        c.close()
        check("poller: the end" + name, told(p)[0][1] & IN and s.recv(1) == b"")
        s.close()
        check("poller: closed" + name, told(p)[0][1] & 0x20)
        p.unregister(s)
        l.close()
        # A socket that is registered for other events and then again.
        c, s = pair(MAX_VERSION=version)
        p.register(s, OUT)
        p.modify(s, IN)
        c.send(b"x")
        check("poller: and again alone" + name, told(p) == [(s, IN)])
        p.close()
        c.close()
        s.close()


def resending():
    # An unanswered ClientHello is sent again while the program waits in the poller (RFC 6347: after a second).
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 0))
    silent.settimeout(0)
    c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_SEC)
    c.setsockopt(TLS, socket.TLS_CA_CERT, ROOT)
    c.setsockopt(TLS, socket.TLS_HOSTNAME, HOST)
    c.settimeout(0)
    error(c.connect, silent.getsockname())
    p = socket.poller()
    p.register(c, select.POLLOUT)
    hellos = []
    start = time.ticks_ms()
    while len(hellos) < 2 and time.ticks_diff(time.ticks_ms(), start) < 30000 * SLOW:
        p.poll(300)
        e = error(lambda: hellos.append(silent.recv(2000)))
    check("poller: a hello is sent again", len(hellos) == 2 and time.ticks_diff(time.ticks_ms(), start) >= 900, (len(hellos), e))
    c.close()
    silent.close()


async def streams():
    Stream = asyncio.StreamWriter
    l, at = make_listener()
    l.setblocking(False)
    seen = []

    async def serve(s):
        stream = Stream(s)
        while True:
            line = await stream.readline()
            if not line:
                break
            stream.write(b"<" + line)
            await stream.drain()
        stream.close()
        await stream.wait_closed()

    async def accepting(n):
        tasks = []
        for _ in range(n):
            while not readable(l):
                await asyncio.sleep_ms(2)
            s, _ = l.accept()
            s.setblocking(False)
            tasks.append(asyncio.create_task(serve(s)))
        for t in tasks:
            await t

    async def client(i):
        c = make_client(0)
        try:
            c.connect(at)
        except OSError as e:
            if e.args[0] != errno.EINPROGRESS:
                raise
        stream = Stream(c)
        for k in range(5):
            stream.write(b"%d.%d\n" % (i, k))
            await stream.drain()
            line = await stream.readline()
            seen.append(line == b"<%d.%d\n" % (i, k))
        stream.close()
        await stream.wait_closed()
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep_ms(1)
    ticker = asyncio.create_task(tick())
    silent = socket.socket()
    silent.connect(at)
    server = asyncio.create_task(accepting(5))
    await asyncio.gather(*[client(i) for i in range(4)])
    ticker.cancel()
    silent.close()
    server.cancel()
    check("asyncio streams, beside a client that stalls", len(seen) == 20 and all(seen) and ticks > 5, (len(seen), ticks))
    l.close()


async def failures():
    # asyncio's streams raise the socket's exception with its text.
    for name, words in (("other.test", "not other.test"), (HOST, "without close_notify")):
        l, at = make_listener()
        c = make_client(0)
        c.setsockopt(TLS, socket.TLS_HOSTNAME, name)
        error(c.connect, at)
        s, _ = l.accept()
        s.setblocking(False)
        told = []

        async def ask():
            stream = asyncio.StreamWriter(c)
            try:
                stream.write(b"hello\n")
                await stream.drain()
                await stream.readline()
            except OSError as e:
                told.append(e)

        async def cut():
            try:
                await asyncio.StreamReader(s).readline()
                socket.socket(fileno=s.detach()).close()
            except OSError:
                pass
        await asyncio.gather(ask(), cut())
        e = told and told[0]
        check("asyncio: " + words, isinstance(e, socket.TLSError) and words in str(e) and e.args[0] < 0, repr(e))
        c.close()
        s.close()
        l.close()


for part in (pollers, resending, streams, failures):
    try:
        made = part()
        if made:
            asyncio.run(made)
    except Exception as e:
        check(part.__name__, False, repr(e))
        sys.print_exception(e)
print("end")
