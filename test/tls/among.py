# Certificates, options, sessions and DTLS with both ends in one program, as needed where the program contains the stack (lwIP). The output
# has the form of inside.py's. The directory of certificates also has table.json: names of bad certificates and the texts of their errors.
import errno, json, sys, time
import usocket as socket
from ends import HOST, ROOT, TLS, check, error, read

NOT_SHOWN = ("client-only", "sign-only", "huge")
GOING_ON = (errno.EAGAIN, errno.EINPROGRESS, errno.ENOTCONN)


def make(kind, **options):
    s = socket.socket(socket.AF_INET, kind, socket.IPPROTO_SEC)
    for name, value in options.items():
        s.setsockopt(TLS, getattr(socket, "TLS_" + name), value)
    return s


def own(name):
    return {"OWN_CERT": read(name + ".chain"), "OWN_KEY": read(name + ".key")}


def get(s, name):
    return s.getsockopt(TLS, getattr(socket, "TLS_" + name))


def listen(kind=socket.SOCK_STREAM, **options):
    l = make(kind, **(options or own("ec")))
    l.bind(("127.0.0.1", 0))
    l.listen(4)
    l.settimeout(0)
    return l


def step(call):
    "True once it is done; raises a real error."
    try:
        return call() or True
    except OSError as e:
        if e.args[0] in GOING_ON:
            return False
        raise


def meet(l, kind=socket.SOCK_STREAM, **options):
    "Connect a client to the listener; returns (client or its exception, server's connection or its exception)."
    c = make(kind, **dict({"CA_CERT": ROOT, "HOSTNAME": HOST}, **options))
    c.settimeout(0)
    result, server, opened, there = None, None, False, False
    end = time.ticks_add(time.ticks_ms(), 15000)
    try:
        step(lambda: c.connect(l.getsockname()))
    except OSError as e:
        return e, None
    while result is None or server is None:
        if time.ticks_diff(time.ticks_ms(), end) > 0:
            return OSError(0, "no end"), server
        if not opened:
            try:
                opened = step(c.do_handshake)
                result = result or (c if opened else None)
            except OSError as e:
                result, opened = e, True
                c.close()  # at once and not by a collection: a small stack may have no other socket for the server
        if server is None:
            try:
                if there is False:
                    there = step(l.accept)
                    there = there and there[0]
                    if there:
                        there.settimeout(0)
                if there and step(there.do_handshake):
                    server = there
            except OSError as e:
                server = e
                if there:
                    there.close()
                    there = None
        if isinstance(result, OSError) and kind == socket.SOCK_DGRAM:
            break  # a DTLS server need not notice
        time.sleep_ms(1)
    for s in (c, there):
        if s and s.fileno() >= 0:
            s.settimeout(5)
    return result, server


def close(*ends):
    for s in ends:
        if isinstance(s, socket.socket):
            s.close()


def both(c, s):
    return isinstance(c, socket.socket) and isinstance(s, socket.socket)


def certificates():
    with open(sys.argv[1] + "/table.json") as f:
        table = json.load(f)
    for name in sorted(table):
        for version in (socket.TLS_1_2, socket.TLS_1_3):
            l = error(lambda: listen(**own(name)))
            if isinstance(l, Exception):
                check("%s: a server that shows it" % name, isinstance(l, socket.TLSError), repr(l))  # refused already by the listener
                break
            more = {"CA_CERT": ROOT + read("middle.crl")} if name == "revoked" else {}
            c, s = meet(l, MIN_VERSION=version, MAX_VERSION=version, **more)
            # The server refuses to present a certificate that is not valid for servers or that is longer than it can send.
            by_itself = name in NOT_SHOWN and isinstance(s, socket.TLSError)
            check("%s is refused, %x" % (name, version), isinstance(c, socket.TLSError) and (by_itself or table[name] in str(c)), (c, s))
            close(l, c, s)
    for name in ("rsa", "p384", "wildcard"):
        l = listen(**own(name))
        c, s = meet(l)
        check("%s is good" % name, both(c, s), (c, s))
        close(l, c, s)
    l = listen(**own("expired"))
    c, s = meet(l, PEER_VERIFY=0)
    check("expired, but not looked at", both(c, s), (c, s))
    close(l, c, s)


def clients():
    l = listen(PEER_VERIFY=2, CA_CERT=ROOT, **own("ec"))
    for name, good in (("client-ec", True), ("client-rsa", True), ("self-signed", False), (None, False)):
        for version in (socket.TLS_1_2, socket.TLS_1_3):
            c, s = meet(l, MAX_VERSION=version, **(own(name) if name else {}))
            label = "a client with %s, %x" % (name or "no certificate", version)
            if good:
                check(label, both(c, s) and len(get(s, "PEER_CERT")) > 100, (c, s))
            else:
                check(label + " is refused", isinstance(s, socket.TLSError), (c, s))
            close(c, s)
    close(l)


def agreements():
    l = listen(ALPN_LIST="h2,http/1.1", **own("ec"))
    for offer, used in (("http/1.1", "http/1.1"), ("h2,http/1.1", "h2"), (None, "")):
        c, s = meet(l, **({"ALPN_LIST": offer} if offer else {}))
        check("ALPN %s" % offer, both(c, s) and get(c, "ALPN_USED") == used == get(s, "ALPN_USED"), (c, s))
        close(c, s)
    c, s = meet(l, ALPN_LIST="mqtt")
    check("ALPN, nothing in common", isinstance(c, socket.TLSError) and "application_protocol" in str(c), repr(c))
    close(c, s, l)
    l = listen(**own("ec"))
    for name, value in own("second").items():
        l.setsockopt(TLS, getattr(socket, "TLS_" + name), value)
    shown = []
    for name in (HOST, "other.example.test", "third.example.test"):
        c, s = meet(l, HOSTNAME=name)
        shown.append(get(c, "PEER_CERT") if both(c, s) else isinstance(c, socket.TLSError))
        close(c, s)
    check("several names, each with its certificate", shown[0] and shown[1] and shown[0] != shown[1] and shown[2] is True, shown)
    close(l)
    l = listen(MAX_VERSION=socket.TLS_1_2, **own("ec"))
    c, s = meet(l, MIN_VERSION=socket.TLS_1_3)
    check("no version in common", isinstance(c, socket.TLSError), repr(c))
    close(c, s, l)
    secret = dict(PSK=bytes(range(16)), PSK_IDENTITY="device-7")
    l = listen(**secret)
    for version in (socket.TLS_1_2, socket.TLS_1_3):
        c, s = meet(l, MAX_VERSION=version, **secret)
        check("PSK, %x" % version, both(c, s) and get(c, "PEER_CERT") == b"", (c, s))
        close(c, s)
        c, s = meet(l, MAX_VERSION=version, PSK=bytes(16), PSK_IDENTITY="device-7")
        check("PSK, another secret, %x" % version, isinstance(c, OSError) and isinstance(s, OSError), (c, s))
        close(c, s)
        c, s = meet(l, MAX_VERSION=version, PSK=bytes(range(16)), PSK_IDENTITY="device-8")
        both_say = "PSK identity is unknown" in str(s) if version == socket.TLS_1_2 else "no PSK (identity, secret)" in str(s) and "TLS_PSK_IDENTITY" in str(c)
        check("PSK, another identity, in words, %x" % version, both_say, (c, s))
        close(c, s)
    close(l)


def sessions():
    # openssl.py checks that sessions are resumed; this test checks the properties of resumed connections.
    for version in (socket.TLS_1_2, socket.TLS_1_3):
        l = listen(SESSION_CACHE=1, **own("ec"))
        shown = []
        for cache in (1, 1, 1, 0):
            c, s = meet(l, SESSION_CACHE=cache, MAX_VERSION=version)
            if not both(c, s):
                check("sessions, %x" % version, False, (c, s))
                break
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            s.send(b"x")  # arrives after the ticket, so the client processes both
            got = error(c.recv, 1)
            check("what follows a ticket, %x" % version, got == b"x", repr(got))
            shown.append(get(c, "PEER_CERT") != b"")
            close(c, s)
        check("a session that is resumed has the peer's certificate, too, %x" % version, shown == [True] * 4, shown)
        close(l)


def datagrams():
    kind = socket.SOCK_DGRAM
    l = listen(kind, SESSION_CACHE=1, ALPN_LIST="coap", **own("ec"))
    for name in ("new", "once more"):
        c, s = meet(l, kind, SESSION_CACHE=1, ALPN_LIST="coap")
        if not both(c, s):
            check("DTLS, " + name, False, (c, s))
            break
        check("DTLS, " + name, get(c, "VERSION_USED") == socket.TLS_1_2 and get(s, "ALPN_USED") == "coap")
        for size in (1, 1000):
            c.send(bytes(size))
            s.send(bytes(size + 1))
            check("DTLS, %d bytes there and back, %s" % (size, name), s.recv(2000) == bytes(size) and c.recv(2000) == bytes(size + 1))
        c.close()
        check("DTLS, the end, " + name, s.recv(10) == b"")
        s.close()
    c1, s1 = meet(l, kind)
    c2, s2 = meet(l, kind)
    if both(c1, s1) and both(c2, s2):
        c1.send(b"one")
        c2.send(b"two")
        check("DTLS, two clients of one listener", s2.recv(10) == b"two" and s1.recv(10) == b"one")
    else:
        check("DTLS, two clients of one listener", False, (c1, s1, c2, s2))
    close(c1, s1, c2, s2, l)
    l = listen(kind, **own("wrong-host"))
    c, s = meet(l, kind)
    check("DTLS, another's certificate", isinstance(c, socket.TLSError) and "not " + HOST in str(c), repr(c))
    close(c, s, l)


def trust():
    # For a system on which the CA file contains only the root.
    l = listen()
    c = make(socket.SOCK_STREAM, HOSTNAME=HOST)
    check("no TLS_CA_CERT given", error(c.getsockopt, TLS, socket.TLS_CA_CERT) == b"")
    c.close()
    c = make(socket.SOCK_STREAM, HOSTNAME=HOST)
    e = error(c.setsockopt, TLS, socket.TLS_CA_CERT, b"")
    check("an empty TLS_CA_CERT is refused", isinstance(e, socket.TLSError) and "TLS_CA_CERT: no certificate in it" in str(e), repr(e))
    c.close()
    c, s = meet(l, CA_CERT=None)
    check("the system's authorities are trusted", both(c, s), (c, s))
    close(c, s)
    c, s = meet(l, CA_CERT=read("unknown-root.pem"))
    check("but not where TLS_CA_CERT gives others", isinstance(c, socket.TLSError) and "unknown authority" in str(c), repr(c))
    close(c, s, l)


def clock():
    # For behaviour.py's run with a clock that was never set.
    for version in (socket.TLS_1_2, socket.TLS_1_3):
        l = listen()
        c, s = meet(l, MAX_VERSION=version)
        check("1970: the error names the clock, %x" % version, isinstance(c, socket.TLSError) and "the clock was never set" in str(c), repr(c))
        check("and no date", "expired" not in str(c) and "valid" not in str(c), repr(c))
        close(c, s)
        c, s = meet(l, MAX_VERSION=version, PEER_VERIFY=0)
        check("1970: a program that does not verify works, %x" % version, both(c, s), (c, s))
        close(c, s, l)


def randomness():
    # For a system without randomness.
    e = error(lambda: listen())
    check("no randomness, no server", isinstance(e, socket.TLSError) and "no randomness" in str(e), repr(e))
    plain = socket.socket()
    plain.bind(("127.0.0.1", 0))
    plain.listen(1)
    c = make(socket.SOCK_STREAM, CA_CERT=ROOT, HOSTNAME=HOST)
    c.settimeout(5)
    e = error(c.connect, plain.getsockname())
    check("no randomness, no client", isinstance(e, socket.TLSError) and "no randomness" in str(e), repr(e))
    close(c, plain)


parts = [globals()[name] for name in sys.argv[3:]] or (certificates, clients, agreements, sessions, datagrams)
for part in parts:
    try:
        part()
    except Exception as e:
        check(part.__name__, False, repr(e))
        sys.print_exception(e)
print("end")
