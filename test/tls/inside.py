# Behaviour of TLS sockets in MicroPython, with usocket at both ends. Prints `ok LABEL` or `FAIL LABEL: reason`, and `end` last.
import sys, time, errno, gc, io, os, _thread
import usocket as socket
from ends import CHAIN, HOST, KEY, ROOT, SLOW, TLS, check, error, fds, in_range, in_time, is_error, make_client, make_listener, pair, read, readable, spin, waiting, writable

_thread.stack_size(256 * 1024)


def basics():
    for version in (socket.TLS_1_2, socket.TLS_1_3):
        c, s = pair(MAX_VERSION=version)
        name = " 1.2" if version == socket.TLS_1_2 else " 1.3"
        check("version" + name, c.getsockopt(TLS, socket.TLS_VERSION_USED) == version)
        c.send(b"one\ntwo\nthree")
        check("readline" + name, s.readline() == b"one\n" and s.readline() == b"two\n")
        check("decrypted bytes poll readable" + name, readable(s) and s.recv(2) == b"th" and readable(s))
        check("peek" + name, s.recv(2, socket.MSG_PEEK) == b"re" and s.recv(10) == b"ree")
        check("nothing there, not readable" + name, not readable(s, 20))
        s.settimeout(0)
        check("nothing there, EAGAIN" + name, is_error(error(s.recv, 10), errno.EAGAIN) and s.read(10) is None)
        s.settimeout(0.1)
        t = time.ticks_ms()
        e = error(s.recv, 10)
        check("timeout" + name, isinstance(e, socket.timeout) and in_range(t, 100, 3000), e)
        c.send(b"abc")
        s.settimeout(0.2)
        e = error(s.read, 10)
        check("the timeout of a read loses nothing" + name, isinstance(e, socket.timeout) and s.recv(10) == b"abc", e)
        f = c.makefile("rb")
        s.sendall(b"line 1\nline 2\n")
        check("makefile" + name, f.readline() == b"line 1\n" and f.readline() == b"line 2\n")
        f.close()
        f = c.makefile("r", encoding="utf-8")
        s.sendall(b"line 1\r\nline 2\r\n\xff\n")
        check("makefile of text" + name, f.readline() == "line 1\n" and f.readline() == "line 2\n")
        e = error(f.readline)
        check("makefile of text that is none" + name, isinstance(e, UnicodeError) and "UTF-8" in str(e) and f.readinto(bytearray(2)) == 2, repr(e))
        f.close()
        s.settimeout(5)
        c.settimeout(5)
        data = bytes(b & 255 for b in range(30000))
        f = io.BytesIO(data)
        check("sendfile" + name, c.sendfile(f, 10, 10000) == 10000 and f.tell() == 10010 and s.read(10000) == data[10:10010])
        check("no duplicate of a TLS socket" + name, is_error(error(c.dup), 95))
        c.shutdown(socket.SHUT_WR)
        check("half closed: read to its end" + name, s.read() == b"" and s.recv(5) == b"")
        check("half closed: nothing more to send" + name, is_error(error(c.send, b"x"), 32))
        s.sendall(b"still here")
        s.close()
        check("half closed: still readable" + name, c.read() == b"still here")
        c.close()
        check("closed" + name, is_error(error(c.recv, 1), 9) and c.fileno() == -1)


def cut():
    for version in (socket.TLS_1_2, socket.TLS_1_3):
        c, s = pair(MAX_VERSION=version)
        s.sendall(b"half")
        fd = s.detach()
        socket.socket(fileno=fd).close()
        check("cut: received bytes are returned", c.recv(4) == b"half")
        e = error(c.recv, 4)
        check("cut without close_notify", isinstance(e, socket.TLSError) and "close_notify" in str(e) and e.args[0] < 0, repr(e))
        e = error(c.read)
        check("cut, and it stays so", isinstance(e, socket.TLSError), repr(e))
        c.close()


def refused():
    # A poll that reports a failed connect leaves the error to SO_ERROR, which returns it once, or to the next call.
    l = socket.socket()
    l.bind(("127.0.0.1", 0))
    at = l.getsockname()
    l.close()
    for label, why in (("SO_ERROR", lambda c: c.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)), ("do_handshake", lambda c: error(c.do_handshake).errno),
                       ("send", lambda c: error(c.send, b"x").errno), ("recv", lambda c: error(c.recv, 1).errno)):
        c = make_client()
        c.setblocking(False)
        e = error(c.connect, at)
        if is_error(e, errno.EINPROGRESS):
            check("a refused connect polls, " + label, writable(c, 2000))
            check("and SO_ERROR has the reason, " + label, why(c) == 111)
        else:
            check("a refused connect raises, " + label, is_error(e, 111), e)
        c.close()


def close_notify_first():
    # The peer sent close_notify and closed; a failed write must not prevent reading it.
    for version in (socket.TLS_1_2, socket.TLS_1_3):
        c, s = pair(MAX_VERSION=version)
        s.send(b"last words")
        check("its last words", c.recv(20) == b"last words")
        s.close()
        e = None
        for _ in range(100):
            e = error(c.send, b"x")
            if isinstance(e, OSError):
                break
            time.sleep(0.01)
        check("writing to a closed peer fails", isinstance(e, OSError) and e.errno in (32, 104), repr(e))
        check("its close_notify is still read", c.recv(5) == b"", None)
        c.close()


def stalls():
    # A silent client blocks neither accept nor another client.
    l, at = make_listener()
    l.settimeout(5)
    silent = socket.socket()
    silent.connect(at)
    t = time.ticks_ms()
    s1, _ = l.accept()
    check("accept does not wait for the handshake", in_range(t, 0, 1000))
    s1.settimeout(0.2)
    t = time.ticks_ms()
    e = error(s1.recv, 1)
    check("the handshake keeps the deadline", isinstance(e, socket.timeout) and time.ticks_diff(time.ticks_ms(), t) >= 200, repr(e))
    s1.settimeout(0)
    check("and does not wait", is_error(error(s1.recv, 1), errno.EAGAIN) and not readable(s1) and not writable(s1))
    t = time.ticks_ms()
    s1.close()
    check("close in a handshake", in_range(t, 0, 1000))
    silent.close()
    # A silent server.
    plain = socket.socket()
    plain.bind(("127.0.0.1", 0))
    plain.listen(2)
    c = make_client(0.3)
    t = time.ticks_ms()
    e = error(c.connect, plain.getsockname())
    took = time.ticks_diff(time.ticks_ms(), t)
    check("connect: one deadline covers the handshake", isinstance(e, socket.timeout) and 300 <= took and in_time(took, 3000), repr(e))
    c.close()
    c = make_client(0)
    e = error(c.connect, plain.getsockname())
    check("connect, non-blocking", is_error(e, errno.EINPROGRESS))
    check("in the handshake, not writable", not writable(c, 50) and not readable(c))
    check("in the handshake, EAGAIN", is_error(error(c.send, b"x"), errno.EAGAIN) and c.write(b"x") is None)
    c.close()
    # The peer does not read: sending stops at the deadline, and closing does not hang.
    c, s = pair(narrow=True)
    c.settimeout(0.3)
    t = time.ticks_ms()
    e = error(c.sendall, b"x" * 20000000)
    check("sendall: deadline", isinstance(e, socket.timeout) and 0 < e.sent < 20000000, repr(e))
    sent = e.sent
    c.settimeout(None)
    t = time.ticks_ms()
    _thread.start_new_thread(drain, (s, sent))
    while not drained:
        c.settimeout(0)
        error(c.recv, 1)  # any call sends the pending rest
        time.sleep(0.01)
    # The last byte of a partially sent record is counted only when it is sent.
    check("sendall: exactly the counted bytes were sent", 0 <= drained[0] - sent <= 1, (drained, sent))
    c.close()
    c, s = pair(narrow=True)
    c.settimeout(0.2)
    error(c.sendall, b"x" * 20000000)
    t = time.ticks_ms()
    c.close()
    check("close, with a peer that does not read", in_range(t, 0, 3000))
    s.close()
    l.close()
    plain.close()


drained = []


def drain(s, n):
    got = 0
    s.settimeout(2)
    try:
        while got < n:
            got += len(s.recv(65536))
        s.settimeout(0.3)
        got += len(s.recv(65536))
    except OSError:
        pass
    drained.append(got)
    s.close()


def both_ways(c, s):
    # Two threads on each end: one sends, one receives.
    n = 600000
    got = {}

    def send(x, name):
        data = bytes(1000)
        for _ in range(n // 1000):
            x.sendall(data)
        got[name] = True

    def receive(x, name):
        count = 0
        while count < n:
            count += len(x.recv(20000))
        got[name] = count
    for x in (c, s):
        x.settimeout(30)
    for f, x, name in ((send, c, "c out"), (receive, c, "c in"), (send, s, "s out"), (receive, s, "s in")):
        _thread.start_new_thread(f, (x, name))
    for _ in range(3000):
        if len(got) == 4:
            break
        time.sleep(0.01)
    check("two threads on each end", got.get("c in") == n and got.get("s in") == n, got)


def threads():
    c, s = pair()
    if sys.argv[2].startswith("lwip"):
        print("skip two threads on each end: over lwIP's loopback, two shut windows answer each other for ever, with plain sockets, too (full-loopback in docs/stacks.md)")
    else:
        both_ways(c, s)
    # close() ends the wait of another thread.
    ends = []

    def wait():
        ends.append(error(c.recv, 1))
    waiting(wait)
    c.close()
    for _ in range(300):
        if ends:
            break
        time.sleep(0.01)
    check("close ends the wait of another thread", ends and is_error(ends[0], 9), ends)
    s.close()


def options():
    c = make_client()
    bad = ((socket.TLS_CA_CERT, b"rubbish", "TLS_CA_CERT"), (socket.TLS_OWN_KEY, b"-----BEGIN EC PRIVATE KEY-----\nAAAA", "TLS_OWN_KEY"),
           (socket.TLS_OWN_CERT, b"", "TLS_OWN_CERT"), (socket.TLS_MIN_VERSION, 0x302, "TLS_MIN_VERSION"),
           (socket.TLS_PEER_VERIFY, 3, "TLS_PEER_VERIFY"), (socket.TLS_MAX_FRAGMENT, 1000, "TLS_MAX_FRAGMENT"),
           (socket.TLS_CIPHERSUITE_LIST, "TLS_NO_SUCH_SUITE", "TLS_NO_SUCH_SUITE"), (socket.TLS_PSK, bytes(100), "TLS_PSK"),
           (socket.TLS_SESSION_CACHE, 7, "TLS_SESSION_CACHE"))
    for name, value, word in bad:
        e = error(c.setsockopt, TLS, name, value)
        check("a bad " + word, isinstance(e, socket.TLSError) and word in str(e) and e.args[0] < 0, repr(e))
    check("no such option", is_error(error(c.setsockopt, TLS, 999, 1), 92))
    c.setsockopt(TLS, socket.TLS_OWN_CERT, read("client-ec.chain"))
    e = error(c.setsockopt, TLS, socket.TLS_OWN_KEY, KEY)
    check("a key of another certificate", isinstance(e, socket.TLSError) and "TLS_OWN_KEY" in str(e), repr(e))
    c.setsockopt(TLS, socket.TLS_OWN_KEY, read("client-ec.key"))
    check("secrets do not come out", is_error(error(c.getsockopt, TLS, socket.TLS_OWN_KEY), 13))
    c.setsockopt(TLS, socket.TLS_PSK, b"0123456789abcdef")
    check("nor does a PSK", is_error(error(c.getsockopt, TLS, socket.TLS_PSK), 13))
    c.setsockopt(TLS, socket.TLS_PSK, b"")
    c.setsockopt(TLS, socket.TLS_ALPN_LIST, ["a", "b"])
    c.setsockopt(TLS, socket.TLS_CIPHERSUITE_LIST, "TLS_AES_128_GCM_SHA256:TLS-ECDHE-RSA-WITH-AES-128-GCM-SHA256")
    c.setsockopt(TLS, socket.TLS_MIN_VERSION, socket.TLS_1_3)
    get = lambda name: c.getsockopt(TLS, getattr(socket, "TLS_" + name))
    check("gets", get("ALPN_LIST") == "a,b" and get("HOSTNAME") == HOST and get("MIN_VERSION") == socket.TLS_1_3
          and get("PEER_VERIFY") == 2 and get("MAX_FRAGMENT") == 16384 and get("SESSION_CACHE") == 0
          and get("CIPHERSUITE_LIST") == "TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
          and len(get("CA_CERT")) > 200 and len(get("OWN_CERT")) > 400, get("CIPHERSUITE_LIST"))
    check("not connected yet", is_error(error(get, "VERSION_USED"), 107))
    check("send before connect", is_error(error(c.send, b"x"), 107))
    c.close()
    plain = socket.socket()
    check("a plain socket has none", isinstance(error(plain.setsockopt, TLS, socket.TLS_HOSTNAME, "x"), OSError))
    check("and no handshake", is_error(error(plain.do_handshake), 92))
    plain.close()
    check("no raw sockets", is_error(error(socket.socket, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_SEC), 93))
    c, s = pair()
    check("an option after the handshake", is_error(error(c.setsockopt, TLS, socket.TLS_HOSTNAME, "x"), 106))
    check("fileno and repr", c.fileno() >= 0 and "proto=256" in repr(c))
    check("connected already", is_error(error(c.connect, ("127.0.0.1", 1)), 106))
    check("number and name", c.getsockopt(TLS, socket.TLS_CIPHERSUITE_USED) in (0x1301, 0x1302, 0x1303)
          and c.getsockopt(TLS, socket.TLS_CIPHERSUITE_USED, 60).startswith(b"TLS_"))
    c.close()
    s.close()
    l, at = make_listener()
    c = socket.socket()
    c.connect(at)
    s, _ = l.accept()
    check("a listener's options, with a connection", is_error(error(l.setsockopt, TLS, socket.TLS_PEER_VERIFY, 2), 16))
    for x in (l, c, s):
        x.close()


def kept():
    # Bytes received before a timeout are returned first by the next call of any kind.
    c, s = pair()
    plain = bytes(b for b in range(256) if b != 10) * 100  # contains no newline
    for label, late in (("read", lambda: c.read(50000)), ("readinto", lambda: c.readinto(bytearray(50000))), ("readline", lambda: c.readline()),
                        ("read to the end", lambda: c.read())):
        s.sendall(plain)
        c.settimeout(0.2)
        t = time.ticks_ms()
        e = error(late)
        took = time.ticks_diff(time.ticks_ms(), t)
        check("%s times out in time" % label, isinstance(e, socket.timeout) and 200 <= took and in_time(took, 5000), (repr(e)[:80], took))
        check("after the timeout of %s the socket is readable" % label, readable(c))
        c.settimeout(5)
        first = c.recv(7)
        buf = bytearray(1000)
        n = c.readinto(buf)
        rest = c.read(len(plain) - len(first) - n)
        check("the timeout of %s loses nothing" % label, first + bytes(buf[:n]) + rest == plain)
        check("and repeats nothing after %s" % label, not readable(c, 20))
    f = c.makefile("rb")
    c.settimeout(5)  # Nagle's algorithm may wait for an acknowledgement, which lwIP delays by a quarter of a second
    s.send(b"one\ntw")
    check("a file's line", f.readline() == b"one\n")
    c.settimeout(0.2)
    e = error(f.readline)
    check("a file's line that is incomplete at the timeout", isinstance(e, socket.timeout), repr(e))
    c.settimeout(5)
    s.send(b"o\n")
    check("a file's line, once it has come", f.readline() == b"two\n")
    c.close()
    check("a file outlives its socket", (s.send(b"three\n"), f.readline())[1] == b"three\n")
    f.close()
    s.close()
    # The timeout of a write has the number of bytes sent, and exactly these were sent.
    c, s = pair(narrow=True)
    c.settimeout(0.2)
    e = error(c.write, bytes(20000000))
    check("the timeout of a write has the count", isinstance(e, socket.timeout) and 0 < e.sent < 20000000, repr(e))
    c.close()
    s.close()


def starttls():
    l = socket.socket()
    l.bind(("127.0.0.1", 0))
    l.listen(1)
    plain = socket.socket()
    plain.connect(l.getsockname())
    conn, _ = l.accept()
    plain.send(b"STARTTLS\n")
    check("in the clear first", conn.recv(20) == b"STARTTLS\n")
    c = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC, plain.detach())
    c.setsockopt(TLS, socket.TLS_CA_CERT, ROOT)
    c.setsockopt(TLS, socket.TLS_HOSTNAME, HOST)
    c.settimeout(0)
    import tls
    ctx = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    ctx.load_cert_chain(CHAIN, KEY)
    conn.setblocking(False)
    there = ctx.wrap_socket(conn, server_side=True, do_handshake_on_connect=False)
    said = None
    t = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), t) < 20000 * SLOW:
        error(c.do_handshake)
        r = there.read(5)
        if r:
            said = r
            break
        try:
            c.send(b"hello")
        except OSError:
            time.sleep_ms(1)
    check("TLS on a connection that was plain, MicroPython's tls at the other end", said == b"hello", said)
    c.close()
    l.close()


def balance():
    # A thousand short connections, some with certificates, leak nothing.
    key = dict(TLS_PSK=b"0123456789abcdef", TLS_PSK_IDENTITY=b"me", TLS_CIPHERSUITE_LIST="TLS_PSK_WITH_AES_128_GCM_SHA256",
               TLS_MAX_VERSION=socket.TLS_1_2)

    def secret():
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC)
        for name, v in key.items():
            s.setsockopt(TLS, getattr(socket, name), v)
        return s

    def connections(n, listener, client):
        at = listener.getsockname()
        for i in range(n):
            c = client()
            c.settimeout(0)
            error(c.connect, at)
            s, _ = listener.accept()
            s.settimeout(0)
            spin(c, s)
            c.send(b"x")
            while s.read(1) is None:
                pass
            if i % 3:  # the collector closes the others
                s.close()
                c.close()
            if i % 30 == 0:
                gc.collect()

    def resident():
        with open("/proc/self/statm") as f:
            return int(f.read().split()[1]) * 4096

    def measured():
        gc.collect()
        gc.collect()
        return gc.mem_alloc(), resident(), fds()
    shared = secret()
    shared.bind(("127.0.0.1", 0))
    shared.listen(8)
    certified, _ = make_listener(SESSION_CACHE=1)
    connections(200, shared, secret)
    connections(20, certified, lambda: make_client(0, SESSION_CACHE=1))
    for _ in range(4):  # a leak appears in each round, a first use of a heap page or an oversight of the collector only once
        before = measured()
        connections(1000, shared, secret)
        connections(60, certified, lambda: make_client(0, SESSION_CACHE=1))
        after = measured()
        if after[1] - before[1] < 400000 and after[2] == before[2]:
            break
    check("a thousand connections: MicroPython's heap", after[0] - before[0] < 4096, (before, after))
    if os.getenv("ASAN_OPTIONS"):
        print("# the sanitizer keeps what is freed: the process's memory is not looked at")
    else:
        check("a thousand connections: the process", after[1] - before[1] < 400000, (before, after))
    check("a thousand connections: descriptors", after[2] == before[2], (before, after))
    shared.close()
    certified.close()


def ready_made():
    # create_server and create_connection with ssl: the certificate, its name and the options.
    server = socket.create_server(("127.0.0.1", 0), ssl={socket.TLS_OWN_CERT: CHAIN, socket.TLS_OWN_KEY: KEY})

    def serve():
        try:
            conn, _ = server.accept()
            conn.settimeout(10)
            conn.sendall(conn.recv(10))
            conn.close()
        except OSError:
            conn.close()

    for label, more, good in (("the right name", {socket.TLS_HOSTNAME: HOST}, True), ("another name", {socket.TLS_HOSTNAME: "other.example.test"}, False)):
        _thread.start_new_thread(serve, ())
        options = {socket.TLS_CA_CERT: ROOT}
        options.update(more)
        c = error(lambda: socket.create_connection(server.getsockname(), 10, ssl=options))
        if good:
            c.write(b"hello")
            check("create_connection with ssl: " + label, c.recv(10) == b"hello" and c.proto == socket.IPPROTO_SEC)
            c.close()
        else:
            check("create_connection with ssl: " + label, isinstance(c, socket.TLSError), c)
    server.close()


def lifetime():
    gc.collect()
    before = fds()
    for i in range(20):
        c, s = pair()
        c.send(b"x")
        if i % 2:
            c.close()
        c = s = None
    gc.collect()
    gc.collect()
    check("no descriptor is left", fds() <= before + 2, (before, fds()))
    c, s = pair()
    data = bytes(range(256)) * 400
    _thread.start_new_thread(lambda: s.sendall(data), ())
    gc.collect()
    check("works after a collection", c.read(len(data)) == data)
    c.close()
    s.close()


def run(*parts):
    for part in parts:
        try:
            part()
        except Exception as e:
            check(part.__name__, False, repr(e))
            sys.print_exception(e)


run(basics, cut, refused, close_notify_first, kept, stalls, threads, options, starttls, ready_made, lifetime, balance)
print("end")
