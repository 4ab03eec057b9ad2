"""Servers of the module `ssl` of lib/ssl, with clients of the same module: streams, datagrams, client certificates."""

import _thread
import asyncio
import socket

import ssl

from check import CONFIG, HOST, Skip, raises, run, same

FOLDER = CONFIG["folder"]
OWN = FOLDER + "/leaf.pem", FOLDER + "/leaf.key"
CLIENT = FOLDER + "/client.pem", FOLDER + "/client.key"
UNKNOWN = FOLDER + "/unknown.pem", FOLDER + "/unknown.key"


def content(path):
    with open(path, "rb") as f:
        return f.read()


def server_context(protocol=ssl.PROTOCOL_TLS_SERVER, own=OWN):
    ctx = ssl.SSLContext(protocol)
    ctx.load_cert_chain(*own)
    return ctx


def client_context(own=None, protocol=ssl.PROTOCOL_TLS_CLIENT):
    ctx = ssl.SSLContext(protocol)
    ctx.load_verify_locations(FOLDER + "/root.pem")
    if own:
        ctx.load_cert_chain(*own)
    return ctx


def listener(kind=socket.SOCK_STREAM):
    s = socket.socket(socket.AF_INET, kind)
    s.settimeout(20)
    s.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        s.listen()
    return s


class Thread:
    "runs a function; result() is what it returned, or the exception that it raised"

    def __init__(self, function, *args):
        self.lock = _thread.allocate_lock()
        self.lock.acquire()
        _thread.start_new_thread(self.run, (function, args))

    def run(self, function, args):
        try:
            self.value = function(*args)
        except Exception as e:
            self.value = e
        self.lock.release()

    def result(self):
        self.lock.acquire()
        return self.value


def echo(conn):
    with conn:
        while True:
            line = conn.readline()
            if not line:
                return conn.version()
            conn.sendall(line.upper())


def accepted(listening, wrap):
    s = listening.accept()[0]
    s.settimeout(20)
    return echo(wrap(s))


def connected(listening, kind=socket.SOCK_STREAM):
    s = socket.socket(socket.AF_INET, kind)
    s.settimeout(20)
    s.connect(listening.getsockname())
    return s


def lines(s):
    for n in range(20):
        line = b"line %d\n" % n
        same(s.write(line), len(line))
        same(s.readline(), line.upper())
    s.close()


def pair(server, client, **options):
    "one connection; returns what the server's thread did"
    with listener() as listening:
        thread = Thread(accepted, listening, lambda s: server.wrap_socket(s, server_side=True))
        raw = connected(listening)
        try:
            lines(client.wrap_socket(raw, server_hostname=HOST, **options))
        finally:
            result = thread.result()
    return result


def accepted_sockets():
    same(pair(server_context(), client_context()), "TLSv1.3")


def the_function():
    def wrap(s):
        return ssl.wrap_socket(s, server_side=True, key=content(OWN[1]), cert=content(OWN[0]))

    with listener() as listening:
        thread = Thread(accepted, listening, wrap)
        lines(ssl.wrap_socket(connected(listening), cadata=content(FOLDER + "/root.der"), server_hostname=HOST))
        same(thread.result(), "TLSv1.3")


def content_of_certificates():
    "PEM and DER, as paths, bytes and text"
    for cert, key in (OWN, (content(OWN[0]), content(OWN[1])), (content(OWN[0]).decode(), content(OWN[1]).decode()),
                      (content(CONFIG["cert"]), content(CONFIG["key"]))):
        same(pair(server_context(own=(cert, key)), client_context()), "TLSv1.3")
    both = FOLDER + "/both.pem"
    with open(both, "wb") as f:
        f.write(content(OWN[1]) + content(OWN[0]))
    same(pair(server_context(own=(both,)), client_context()), "TLSv1.3")


def wrapped_listener():
    "accept returns TLS sockets, as in CPython"
    listening = server_context().wrap_socket(listener(), server_side=True)
    thread = Thread(accepted, listening, lambda s: s)
    lines(client_context().wrap_socket(connected(listening), server_hostname=HOST))
    same(thread.result(), "TLSv1.3")
    listening.close()


def versions():
    for name, version in (("TLSv1.2", ssl.TLSVersion.TLSv1_2), ("TLSv1.3", ssl.TLSVersion.TLSv1_3)):
        for limited in (0, 1):
            both = server_context(), client_context()
            both[limited].minimum_version = both[limited].maximum_version = version
            same((both[limited].minimum_version, both[limited].maximum_version), (version, version))
            same(pair(*both), name)


def alpn():
    server, client = server_context(), client_context()
    server.set_alpn_protocols(["http/1.1"])
    client.set_alpn_protocols(["h2", "http/1.1"])
    with listener() as listening:
        thread = Thread(accepted, listening, lambda s: server.wrap_socket(s, server_side=True))
        s = client.wrap_socket(connected(listening), server_hostname=HOST)
        same(s.selected_alpn_protocol(), "http/1.1")
        lines(s)
        thread.result()


def several_names():
    "the certificate with the name that the client asks for, or the first"
    server = server_context()
    server.load_cert_chain(FOLDER + "/other.pem", FOLDER + "/other.key")
    for name in (HOST, "other.example.test"):
        with listener() as listening:
            thread = Thread(accepted, listening, lambda s: server.wrap_socket(s, server_side=True))
            lines(client_context().wrap_socket(connected(listening), server_hostname=name))
            same(thread.result(), "TLSv1.3", name)


def requires_a_certificate():
    server = server_context()
    server.verify_mode = ssl.CERT_REQUIRED
    with listener() as s:
        try:
            server.wrap_socket(s, server_side=True)
        except ValueError as e:
            assert "no CA for the clients' certificates" in str(e), e
        else:
            raise AssertionError("a server without a CA")
    server.load_verify_locations(FOLDER + "/root.pem")
    same(pair(server, client_context(CLIENT)), "TLSv1.3")
    for own, words, kind in ((None, "certificate", ssl.SSLError), (UNKNOWN, "unknown authority", ssl.SSLCertVerificationError)):
        with listener() as listening:
            thread = Thread(accepted, listening, lambda s: server.wrap_socket(s, server_side=True))
            s = client_context(own).wrap_socket(connected(listening), server_hostname=HOST)
            raises((socket.ETLS_ALERT,), s.read, 1)
            s.close()
            e = thread.result()
            assert isinstance(e, kind) and words in str(e), repr(e)


def datagrams():
    if not hasattr(ssl, "PROTOCOL_DTLS_CLIENT"):
        raise Skip("this build has no DTLS")
    ctx = server_context(ssl.PROTOCOL_DTLS_SERVER)
    server = ctx.wrap_socket(listener(socket.SOCK_DGRAM), server_side=True)
    server.listen()

    def serve():
        conn, _ = server.accept()
        conn.settimeout(20)
        for _ in range(4):
            conn.send(conn.recv(100).upper())
        conn.close()

    for hostname, late in ((HOST, False), (HOST, True)):
        thread = Thread(serve)
        client = client_context(protocol=ssl.PROTOCOL_DTLS_CLIENT)
        if late:
            s = client.wrap_socket(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), server_hostname=hostname)
            s.settimeout(20)
            s.connect(server.getsockname())
        else:
            s = client.wrap_socket(connected(server, socket.SOCK_DGRAM), server_hostname=hostname)
        for n in range(4):
            s.send(b"datagram %d" % n)
            same(s.recv(100), b"DATAGRAM %d" % n)
        s.close()
        same(thread.result(), None)
    server.close()
    with listener(socket.SOCK_DGRAM) as a:
        a.connect(("127.0.0.1", 9))
        try:
            ctx.wrap_socket(a, server_side=True)
        except ValueError as e:
            assert "a DTLS server wraps its bound socket before a connect; then listen() and accept()" in str(e), e
        else:
            raise AssertionError("a DTLS server of a connected socket")


def start_tls():
    "the plain lines before wrap_socket, and after unwrap"
    server, client = server_context(), client_context()

    def serve(listening):
        s = listening.accept()[0]
        s.settimeout(20)
        same(s.readline(), b"STARTTLS\n")
        s.write(b"go\n")
        s = server.wrap_socket(s, server_side=True)
        same(s.readline(), b"secret\n")
        s.write(b"SECRET\n")
        with s.unwrap() as s:
            return s.readline()

    with listener() as listening:
        thread = Thread(serve, listening)
        s = connected(listening)
        s.write(b"STARTTLS\n")
        same(s.readline(), b"go\n")
        s = client.wrap_socket(s, server_hostname=HOST)
        s.write(b"secret\n")
        same(s.readline(), b"SECRET\n")
        with s.unwrap() as s:
            s.write(b"in clear\n")
        same(thread.result(), b"in clear\n")


def cut():
    "a connection that ends without close_notify is no end of the stream"
    server, client = server_context(), client_context()

    def serve(listening):
        s = server.wrap_socket(listening.accept()[0], server_side=True)
        s.write(b"part")
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, s.detach()).close()

    for call, kind in ((lambda s: s.recv(10), ssl.SSLEOFError), (lambda s: s.read(), ssl.SSLError)):
        with listener() as listening:
            thread = Thread(serve, listening)
            s = client.wrap_socket(connected(listening), server_hostname=HOST)
            same(s.read(4), b"part")
            e = raises((socket.ETLS_TRUNCATED,), call, s)
            same(type(e), kind)
            s.close()
            thread.result()


def with_asyncio():
    async def serve(reader, writer):
        while True:
            line = await reader.readline()
            if not line:
                break
            writer.write(line.upper())
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def ask(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client_context(), server_hostname=HOST)
        for n in range(10):
            line = b"line %d\n" % n
            writer.write(line)
            await writer.drain()
            same(await reader.readline(), line.upper())
        writer.close()
        await writer.wait_closed()

    async def main():
        port = CONFIG["backend"]
        server = await asyncio.start_server(serve, "127.0.0.1", port, ssl=server_context())
        await asyncio.gather(*[ask(port) for _ in range(4)])
        await asyncio.sleep_ms(50)
        server.close()
        await server.wait_closed()

    asyncio.run(main())


run(accepted_sockets, the_function, content_of_certificates, wrapped_listener, versions, alpn, several_names, requires_a_certificate, datagrams,
    start_tls, cut, with_asyncio)
