"""Clients of the modules `ssl` and `ussl` of lib/ssl: good certificates, those that must be refused, and each error's words."""

import asyncio
import errno
import select
import socket

import ssl
import usocket_ssl
import ussl

from check import CONFIG, HOST, descriptors, digest, run, same

PORT = CONFIG["https"]
ROOT = CONFIG["folder"] + "/root.pem"
REFUSED = CONFIG["refused"]
REQUEST = b"GET /%s HTTP/1.0\r\nHost: localhost\r\n\r\n"


def plain(port=PORT, timeout=20):
    s = socket.socket()
    s.settimeout(timeout)
    s.connect(socket.getaddrinfo(HOST, port)[0][-1])
    return s


def context(**options):
    return ssl.create_default_context(cafile=ROOT, **options)


def raised(kind, words, function, *args, **options):
    """function raises exactly this class, with these words."""
    try:
        result = function(*args, **options)
    except Exception as e:
        if type(e) is not kind or words not in str(e):
            raise AssertionError("%r, want %s: %s" % (e, kind.__name__, words))
        return e
    raise AssertionError("returned %r, want %s: %s" % (result, kind.__name__, words))


def fetch(s, path="large.bin", sum="large_sha"):
    s.write(REQUEST % path)
    while s.readline() != b"\r\n":
        pass
    same(digest(s.read()), CONFIG[sum])
    s.close()


def one_module():
    same(ssl.SSLContext is ussl.SSLContext is usocket_ssl.SSLContext, True)
    assert issubclass(ssl.SSLError, OSError)
    assert issubclass(ssl.SSLCertVerificationError, ssl.SSLError)


def verified():
    fetch(context().wrap_socket(plain(), server_hostname=HOST))
    with open(CONFIG["ca"], "rb") as f:  # DER
        fetch(ssl.wrap_socket(plain(), cadata=f.read(), server_hostname=HOST))


def verified_with_the_systems_CAs():
    "SSL_CERT_FILE names the root"
    fetch(ssl.wrap_socket(plain(), server_hostname=HOST))
    fetch(ssl.create_default_context().wrap_socket(plain(), server_hostname=HOST))
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ctx.load_default_certs()
    fetch(ctx.wrap_socket(plain(), server_hostname=HOST))


def as_MicroPython_loads_CAs():
    with open(CONFIG["ca"], "rb") as f:
        data = f.read()
    for args, options in (((data,), {}), ((None, data), {}), ((), {"cadata": data}), ((ROOT,), {}), ((), {"cafile": ROOT})):
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ctx.load_verify_locations(*args, **options)
        ctx.wrap_socket(plain(), server_hostname=HOST).close()


def refused():
    for kind, one in REFUSED.items():
        before = descriptors()
        s = plain(one["https"])
        e = raised(ssl.SSLCertVerificationError, one["words"], context().wrap_socket, s, server_hostname=HOST)
        same(e.errno, socket.ETLS_CERTIFICATE, kind)
        assert one["words"] in e.verify_message
        same(s.fileno(), -1)
        raised(ssl.SSLCertVerificationError, one["words"], ssl.wrap_socket, plain(one["https"]), server_hostname=HOST)
        same(descriptors() - before, set(), kind)


def refused_name():
    raised(ssl.SSLCertVerificationError, "the certificate is for %s, not 127.0.0.1" % HOST, context().wrap_socket, plain(), server_hostname="127.0.0.1")


def refused_later():
    "without a handshake in wrap_socket each call raises it, recv and send with the class of this module"
    for kind, one in REFUSED.items():
        for call, args, cls in (("recv", (1,), ssl.SSLCertVerificationError), ("send", (b"x",), ssl.SSLCertVerificationError),
                                ("recv_into", (bytearray(1),), ssl.SSLCertVerificationError), ("do_handshake", (), ssl.SSLCertVerificationError),
                                ("read", (1,), ssl.SSLError), ("write", (b"x",), ssl.SSLError), ("readline", (), ssl.SSLError)):
            s = context().wrap_socket(plain(one["https"]), server_hostname=HOST, do_handshake_on_connect=False)
            same(raised(cls, one["words"], getattr(s, call), *args).errno, socket.ETLS_CERTIFICATE, call)
            s.close()


def accepted_with_CERT_NONE():
    for one in REFUSED.values():
        fetch(ssl.wrap_socket(plain(one["https"]), cert_reqs=ssl.CERT_NONE))
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ctx.verify_mode = ssl.CERT_NONE
        fetch(ctx.wrap_socket(plain(one["https"]), server_hostname=HOST))
        ctx = ssl.create_default_context()
        ctx.check_hostname = False
        ctx.verify_mode = ssl.CERT_NONE
        fetch(ctx.wrap_socket(plain(one["https"])))


def refused_arguments():
    "the socket stays open and plain"
    s = plain(CONFIG["http"])
    name = "ssl: without a name no certificate can be verified: pass server_hostname, or CERT_NONE to accept any certificate"
    raised(ValueError, name, ssl.wrap_socket, s)
    raised(ValueError, name, ssl.wrap_socket, s, server_hostname="")
    raised(ValueError, name, context().wrap_socket, s)
    ctx = context()
    ctx.check_hostname = False
    raised(ValueError, "CERT_REQUIRED includes the name", ctx.wrap_socket, s, server_hostname=HOST)
    raised(ValueError, "a server needs a context of PROTOCOL_TLS_SERVER", context().wrap_socket, s, server_side=True)
    raised(ValueError, "a server needs a certificate and a key", ssl.wrap_socket, s, server_side=True)
    raised(ValueError, "cert and key come together", ssl.wrap_socket, s, cert=b"x")
    raised(TypeError, "a socket of usocket is required, not bytes", context().wrap_socket, b"", server_hostname=HOST)
    raised(ValueError, "PROTOCOL_DTLS_* is for datagram sockets", ssl.SSLContext(ssl.PROTOCOL_DTLS_CLIENT).wrap_socket, s, server_hostname=HOST)
    raised(ssl.SSLError, "TLS_CA_CERT: no certificate in it", ssl.wrap_socket, s, server_hostname=HOST, cadata="no certificate")
    s.setblocking(False)
    raised(ValueError, "a non-blocking socket needs do_handshake_on_connect=False", context().wrap_socket, s, server_hostname=HOST)
    s.setblocking(True)
    fetch(s)
    s = context().wrap_socket(plain(), server_hostname=HOST)
    raised(ValueError, "this socket speaks TLS already", context().wrap_socket, s, server_hostname=HOST)
    s.close()
    same(raised(OSError, "the socket is closed", context().wrap_socket, s, server_hostname=HOST).errno, errno.EBADF)


def refused_bytes_left():
    a, b = socket.socketpair()
    a.settimeout(0.05)
    b.send(b"half a line")
    raised(socket.timeout, "", a.readline)
    raised(ValueError, "received data have to be read before wrap_socket", ssl.wrap_socket, a, server_hostname=HOST)
    same(a.read(11), b"half a line")
    a.close()
    b.close()


def refused_settings():
    ctx = context()
    raised(ValueError, "no such protocol: 17", ssl.SSLContext, 17)
    raised(TypeError, "", ssl.SSLContext)
    raised(ssl.SSLError, "TLS_CA_CERT: no certificate in it", ctx.load_verify_locations, cadata=b"none")
    raised(TypeError, "cafile or cadata is required", ctx.load_verify_locations)
    raised(ValueError, "capath is not available", ctx.load_verify_locations, capath="/etc/ssl/certs")
    raised(ValueError, "trusted only if no others are loaded", ctx.load_default_certs)
    raised(OSError, "ENOENT", ctx.load_verify_locations, "/no/such/file")
    raised(ssl.SSLError, "the key is not that of the certificate", ctx.load_cert_chain, CONFIG["folder"] + "/leaf.pem", CONFIG["folder"] + "/client.key")
    raised(ssl.SSLError, "TLS_OWN_KEY", ctx.load_cert_chain, CONFIG["folder"] + "/leaf.pem")
    raised(ValueError, "an encrypted key", ctx.load_cert_chain, CONFIG["folder"] + "/leaf.pem", CONFIG["folder"] + "/leaf.key", "secret")
    raised(ssl.SSLError, "no suite RC4", ctx.set_ciphers, "RC4")
    raised(ValueError, "", ctx.set_alpn_protocols, [""])
    for name in ("verify_callback", "sni_callback", "options", "verify_flags", "ecdsa_sign_callback"):
        raised(ValueError, "SSLContext.%s is not available" % name, setattr, ctx, name, 1)
    for mode in (3, -1, None):
        raised(ValueError, "verify_mode must be", setattr, ctx, "verify_mode", mode)
    raised(ValueError, "a server has CERT_NONE or CERT_REQUIRED", setattr, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), "verify_mode", ssl.CERT_OPTIONAL)
    raised(ssl.SSLError, "TLS_MAX_VERSION", setattr, ctx, "maximum_version", ssl.TLSVersion.TLSv1_1)
    fetch(ctx.wrap_socket(plain(), server_hostname=HOST))  # nothing of it has stayed


def modes():
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    same((ctx.verify_mode, ctx.check_hostname), (ssl.CERT_REQUIRED, True))
    ctx.verify_mode = ssl.CERT_NONE
    same((ctx.verify_mode, ctx.check_hostname), (ssl.CERT_NONE, False))
    ctx.verify_mode = ssl.CERT_REQUIRED
    same((ctx.verify_mode, ctx.check_hostname), (ssl.CERT_REQUIRED, True))
    ctx.verify_mode = ssl.CERT_NONE
    ctx.check_hostname = True
    same(ctx.verify_mode, ssl.CERT_REQUIRED)
    ctx.verify_mode = ssl.CERT_OPTIONAL  # for a client the same as CERT_REQUIRED, as in CPython
    raised(ssl.SSLCertVerificationError, "not other", ctx.wrap_socket, plain(), server_hostname="other")
    same(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).verify_mode, ssl.CERT_NONE)


def versions_and_ciphers():
    "versions of both kinds are in ssl_servers.py: an older nginx has no TLS 1.3"
    ctx = context()
    same((ctx.minimum_version, ctx.maximum_version), (ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.MAXIMUM_SUPPORTED))
    ctx.minimum_version = ssl.TLSVersion.TLSv1
    same(ctx.minimum_version, ssl.TLSVersion.TLSv1_2)
    ctx.maximum_version = ssl.TLSVersion.TLSv1_2
    for suites in ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]):
        ctx.set_ciphers(suites)
        s = ctx.wrap_socket(plain(), server_hostname=HOST)
        same(s.cipher(), ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLSv1.2", 128))
        fetch(s)


def alpn():
    ctx = context()
    ctx.set_alpn_protocols(["http/1.1"])
    s = ctx.wrap_socket(plain(), server_hostname=HOST)
    same(s.selected_alpn_protocol(), "http/1.1")
    s.close()


def the_same_connection():
    "the options, the timeout and the address are those of the plain socket, which is closed"
    s = plain(timeout=7)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    before = (s.fileno(), s.getsockname(), s.getpeername())
    wrapped = context().wrap_socket(s, server_hostname=HOST)
    same((wrapped.fileno(), wrapped.getsockname(), wrapped.getpeername()), before)
    same((wrapped.gettimeout(), wrapped.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)), (7, 1))
    same((s.fileno(), isinstance(wrapped, ssl.SSLSocket), isinstance(wrapped, socket.socket)), (-1, True, True))
    s.close()  # closing both, as programs do
    fetch(wrapped)


def timeout():
    s = plain(CONFIG["silent"], 0.3)
    raised(socket.timeout, "", context().wrap_socket, s, server_hostname=HOST)
    same(s.fileno(), -1)
    s = ssl.wrap_socket(plain(CONFIG["silent"], 0.3), server_hostname=HOST, do_handshake=False)
    raised(socket.timeout, "", s.readline)
    s.close()


def no_tls_at_the_peer():
    raised(ssl.SSLError, "", context().wrap_socket, plain(CONFIG["http"]), server_hostname=HOST)


def wrapped_before_the_connect():
    "as CPython's programs do"
    s = context().wrap_socket(socket.socket(), server_hostname=HOST)
    s.settimeout(20)
    s.connect((HOST, PORT))
    fetch(s)
    one = REFUSED["other"]
    s = context().wrap_socket(socket.socket(), server_hostname=HOST)
    s.settimeout(20)
    raised(ssl.SSLError, one["words"], s.connect, (HOST, one["https"]))
    s.close()


def ready(s, events, limit=20000):
    poll = select.poll()
    poll.register(s, events)
    return bool(poll.poll(limit))


def non_blocking():
    s = plain()
    s.setblocking(False)
    s = context().wrap_socket(s, server_hostname=HOST, do_handshake_on_connect=False)
    raised(ssl.SSLWantReadError, "", s.recv, 1)
    raised(ssl.SSLWantReadError, "", s.recv_into, bytearray(1))
    while True:
        try:
            s.do_handshake()
            break
        except ssl.SSLWantWriteError as e:
            same(e.errno, errno.EAGAIN)
            assert ready(s, select.POLLOUT)
    same(s.send(REQUEST % "large.bin"), len(REQUEST) + 7)
    got = bytearray()
    while True:
        try:
            part = s.recv(5000)
        except ssl.SSLWantReadError:
            assert ready(s, select.POLLIN)
            continue
        if not part:
            break
        got += part
    same(digest(got[got.index(b"\r\n\r\n") + 4 :]), CONFIG["large_sha"])
    s.close()


def stalled():
    """A listener with a full queue, so that a connect is in progress until it accepts; and the sockets that fill it."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    queue = []
    while True:
        s = socket.socket()
        s.setblocking(False)
        try:
            s.connect(listener.getsockname())
        except OSError as e:
            same(e.errno, errno.EINPROGRESS)
        queue.append(s)
        if not ready(s, select.POLLOUT, 50):
            return listener, queue


def connect_in_progress():
    "asyncio wraps sockets that are not connected yet; the handshake begins when they are"
    listener, queue = stalled()
    raw = queue.pop()
    s = context().wrap_socket(raw, server_hostname=HOST, do_handshake_on_connect=False)
    same((s.read(1), s.readline(), s.readinto(bytearray(1)), s.write(b"x")), (None,) * 4)
    raised(ssl.SSLWantWriteError, "the connect is in progress", lambda: s.recv(1))
    raised(ssl.SSLWantWriteError, "the connect is in progress", lambda: s.do_handshake())
    same((ready(s, select.POLLIN | select.POLLOUT, 0), s.fileno(), s.gettimeout()), (False, raw.fileno(), 0.0))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(CONFIG["folder"] + "/leaf.pem", CONFIG["folder"] + "/leaf.key")
    listener.settimeout(20)
    conn = None
    while conn is None:
        c, address = listener.accept()
        if address == raw.getsockname():
            c.setblocking(False)
            conn = server.wrap_socket(c, server_side=True, do_handshake_on_connect=False)
        else:
            c.close()
    done = 0
    while done < 2:
        for end in (s, conn):
            ready(end, select.POLLOUT, 10)
        done = 0
        for end in (s, conn):
            try:
                end.do_handshake()
                done += 1
            except ssl.SSLWantWriteError:
                pass
    same((raw.fileno(), s.write(b"one\n"), ready(conn, select.POLLIN), conn.readline()), (-1, 4, True, b"one\n"))
    same((conn.write(b"two\n"), ready(s, select.POLLIN), s.readline()), (4, True, b"two\n"))
    for one in queue + [s, conn, listener]:
        one.close()
    same(s.fileno(), -1)


def connect_that_fails():
    s = socket.socket()
    s.setblocking(False)
    try:
        s.connect(("127.0.0.1", CONFIG["closed"]))
    except OSError as e:
        same(e.errno, errno.EINPROGRESS)
    s = context().wrap_socket(s, server_hostname=HOST, do_handshake_on_connect=False)
    assert ready(s, select.POLLOUT)
    for call in (lambda: s.write(b"x"), lambda: s.readline(), lambda: s.do_handshake(), lambda: s.recv(1)):
        same(raised(OSError, "connection", call).errno, errno.ECONNREFUSED)
    s.close()


async def ask(port, ssl, **options):
    reader, writer = await asyncio.open_connection(HOST, port, ssl=ssl, **options)
    try:
        writer.write(REQUEST % "large.bin")
        await writer.drain()
        while await reader.readline() != b"\r\n":
            pass
        same(digest(await reader.read()), CONFIG["large_sha"])
    finally:
        writer.close()
        await writer.wait_closed()


def with_asyncio():
    async def all():
        await asyncio.gather(ask(PORT, True), ask(PORT, context()), ask(PORT, context(), server_hostname=HOST))

    asyncio.run(all())
    for one in REFUSED.values():
        raised(ssl.SSLError, one["words"], asyncio.run, ask(one["https"], True))
        raised(ssl.SSLError, one["words"], asyncio.run, ask(one["https"], context()))


run(one_module, verified, verified_with_the_systems_CAs, as_MicroPython_loads_CAs, refused, refused_name, refused_later,
    accepted_with_CERT_NONE, refused_arguments, refused_bytes_left, refused_settings, modes, versions_and_ciphers, alpn,
    the_same_connection, timeout, no_tls_at_the_peer, wrapped_before_the_connect, non_blocking, connect_in_progress,
    connect_that_fails, with_asyncio)
