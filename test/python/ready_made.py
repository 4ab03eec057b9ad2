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
            true("a server without a certificate: ssl=%r" % (ssl,), isinstance(e, ValueError) and "TLS_OWN_CERT" in str(e), e)
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
        t(20)
    e = raised(lambda: socket.create_connection(server.getsockname(), 20, ssl={socket.TLS_CA_CERT: b"nothing"}))
    true("an option that is wrong", isinstance(e, (OSError, ValueError)), e)
    e = raised(lambda: socket.create_connection(server.getsockname(), 20, ssl={"cert": CERT}))
    true("a key that is none", isinstance(e, TypeError), e)
    server.close()
    settles(start - 1, 3)
    check("no descriptor is left", descriptors(), start - 1)


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
