# run: limit=60
# create_connection and create_server with TLS: `ssl` is True or a dict of options, and is never silently ignored.
import socket

from check import check, descriptors, number, raised, settles, since, skip, spawn, summary, ticks, true
from tlsdata import CERT, KEY
from where import HOST

THREADS = True
try:
    import _thread
except ImportError:
    THREADS = False


def has_tls():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC).close()
        return True
    except OSError as e:
        check("TLS that is not there", number(e), 93)
        return False


TLS = has_tls()


def arguments():
    s = socket.create_server((HOST, 0), ssl=None)
    with socket.create_connection(s.getsockname(), 5, ssl=False) as c:
        plain = (s.proto != socket.IPPROTO_SEC, c.proto != socket.IPPROTO_SEC)
        check("None and False are plain", plain, (True, True))
    for ssl in ("ca.pem", b"ca.pem", "", 0.5, [], 1):
        e = raised(lambda: socket.create_connection(s.getsockname(), 5, ssl=ssl))
        true("create_connection(ssl=%r) is refused in words" % (ssl,), isinstance(e, TypeError) and "ssl" in str(e), e)
        e = raised(lambda: socket.create_server((HOST, 0), ssl=ssl))
        true("create_server(ssl=%r) is refused in words" % (ssl,), isinstance(e, TypeError) and "ssl" in str(e), e)
    s.settimeout(0)
    s.accept()[0].close()
    check("none of them has connected", number(raised(s.accept)), 11)
    for ssl in (True, {}):
        e = raised(lambda: socket.create_server((HOST, 0), ssl=ssl))
        if TLS:
            true("a server without a certificate: ssl=%r" % (ssl,), isinstance(e, ValueError) and "TLS_OWN_CERT and TLS_OWN_KEY, or TLS_PSK" in str(e), e)
        else:
            check("a server, without TLS", number(e), 93)
        if not TLS:
            check("a client, without TLS", number(raised(lambda: socket.create_connection(s.getsockname(), 5, ssl=ssl))), 93)
    s.close()


def made(**more):
    options = {socket.TLS_OWN_CERT: CERT, socket.TLS_OWN_KEY: KEY}
    return socket.create_server((HOST, 0), ssl=options, **more)


def connections():
    server = made(backlog=3)
    check("a listener of TLS", (server.proto, server.getsockname()[0]), (socket.IPPROTO_SEC, HOST))

    def serve():
        try:
            conn, _ = server.accept()
            conn.settimeout(20)
            conn.sendall(conn.readline().upper())
            conn.close()
        except OSError:
            conn.close()

    t = spawn(serve)
    c = socket.create_connection(server.getsockname(), 20, ssl={socket.TLS_PEER_VERIFY: 0, socket.TLS_ALPN_LIST: b"x"})
    check("a connection, with its handshake", (c.proto, c.gettimeout(), c.getsockopt(socket.SOL_TLS, socket.TLS_VERSION_USED) >= 0x303), (socket.IPPROTO_SEC, 20.0, True))
    c.write(b"hello\n")
    check("talks", c.readline(), b"HELLO\n")
    c.close()
    t(20)
    start = descriptors()
    for label, ssl in (("True", True), ("an authority", {socket.TLS_CA_CERT: CERT})):
        t = spawn(serve)
        e = raised(lambda: socket.create_connection(server.getsockname(), 20, ssl=ssl))
        true("ssl=%s verifies the server, and its name" % label, isinstance(e, socket.TLSError), e)
        true("the error names the call and the peer", "create_connection %s:%d: " % server.getsockname() in str(e), e)
        t(20)
    refused(server)
    server.close()
    settles(start - 1, 3)
    check("no descriptor is left", descriptors(), start - 1)


def refused(server):
    # Options are refused in the name of the call, before a name is looked up and before anything is sent.
    server.settimeout(0)
    older, newer = socket.TLS_1_2, max(socket.TLS_1_2, getattr(socket, "TLS_1_3", 0))
    cases = [
        ({socket.TLS_CA_CERT: b"nothing"}, socket.TLSError, "TLS_CA_CERT: no certificate"),
        ({"cert": CERT}, TypeError, "ssl must be"),
        ({socket.TLS_PEER_VERIFY: 1.5}, TypeError, "not float"),
        ({socket.TLS_OWN_CERT: CERT}, socket.TLSError, "TLS_OWN_KEY"),
        ({socket.TLS_OWN_KEY: KEY}, socket.TLSError, "TLS_OWN_CERT"),
        ({socket.TLS_PSK: b"x" * 16}, socket.TLSError, "TLS_PSK_IDENTITY"),
        ({9999: 1}, OSError, "option 9999"),
    ]
    if newer > older:
        cases.append(({socket.TLS_MIN_VERSION: newer, socket.TLS_MAX_VERSION: older}, socket.TLSError, "TLS_MIN_VERSION is above"))
    for ssl, kind, words in cases:
        for address in (server.getsockname(), ("no-such-name.invalid", 1)):
            e = raised(lambda: socket.create_connection(address, 20, ssl=ssl))
            true("create_connection refuses: %s" % words, isinstance(e, kind) and words in str(e), e)
            true("in its own name", not isinstance(e, OSError) or "create_connection: " in str(e), e)
        full = {socket.TLS_OWN_CERT: CERT, socket.TLS_OWN_KEY: KEY}
        full.update(ssl)
        if words[:8] != "TLS_OWN_":
            e = raised(lambda: socket.create_server((HOST, 0), ssl=full))
            true("create_server refuses: %s" % words, isinstance(e, kind) and words in str(e), e)
            true("in its own name, too", not isinstance(e, OSError) or "create_server: " in str(e), e)
    e = raised(lambda: socket.create_server((HOST, 0), ssl={socket.TLS_PEER_VERIFY: 0}))
    true("create_server refuses to be a server without a certificate or PSK", isinstance(e, socket.TLSError) and "TLS_OWN_CERT and TLS_OWN_KEY, or TLS_PSK" in str(e), e)
    check("none of them has connected", number(raised(server.accept)), 11)


def silent():
    s = socket.create_server((HOST, 0))
    start = ticks()
    e = raised(lambda: socket.create_connection(s.getsockname(), 0.3, ssl={socket.TLS_PEER_VERIFY: 0}))
    true("the timeout is that of the handshake, too", isinstance(e, socket.timeout) and number(e) == 110 and since(start) >= 300, (e, since(start)))
    s.close()


arguments()
if TLS:
    silent()
    if THREADS:
        connections()
    else:
        skip("connections", "no threads")
summary()
