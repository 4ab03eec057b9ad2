"""Peers for the tests: CPython's ssl, raw sockets, and proxies between two ends.

SPDX-License-Identifier: MIT
"""
import contextlib
import socket
import ssl
import threading

VERSIONS = {0x303: ssl.TLSVersion.TLSv1_2, 0x304: ssl.TLSVersion.TLSv1_3}


def server_context(maker, cert, *, versions=(0x303, 0x304), alpn=None, ask=False, ciphers="ALL:@SECLEVEL=0"):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.set_ciphers(ciphers)
    ctx.load_cert_chain(maker.path(cert + ".chain"), maker.path(cert + ".key"))
    ctx.minimum_version, ctx.maximum_version = (VERSIONS.get(v, v) for v in versions)
    if alpn:
        ctx.set_alpn_protocols(alpn)
    if ask:
        ctx.verify_mode = ssl.CERT_REQUIRED
        ctx.load_verify_locations(maker.path("root.pem"))
    return ctx


class Server:
    """A listener with one thread per connection; `log` has their results, in the order of their ends."""

    def __init__(self, handle):
        self.handle, self.log = handle, []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.count = 0
        self.threads, self.open = [], set()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            self.count += 1
            conn.settimeout(10)
            self.open.add(conn)
            thread = threading.Thread(target=self.one, args=(conn, self.count - 1), daemon=True)
            self.threads.append(thread)
            thread.start()

    def one(self, conn, number):
        try:
            self.log.append(self.handle(conn, number))
        except (OSError, ValueError) as error:
            self.log.append(error)
        finally:
            self.open.discard(conn)
            conn.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for conn in list(self.open):
            with contextlib.suppress(OSError):
                conn.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(10)


def echo(ctx, tail=b""):
    """A TLS server that echoes until the client's close_notify, then sends `tail`."""

    def handle(conn, _):
        with ctx.wrap_socket(conn, server_side=True) as tls:
            facts = {"version": tls.version(), "alpn": tls.selected_alpn_protocol(), "reused": tls.session_reused,
                     "cert": bool(tls.getpeercert(True))}
            while data := tls.recv(65536):
                tls.sendall(data)
            if tail:
                tls.sendall(tail)
            facts["close_notify"] = True
            try:
                tls.unwrap()
            except OSError:
                pass
            return facts

    return Server(handle)


class Spoiler:
    """A proxy in front of a server. spoil(number) returns a function for the bytes from the server, or with upstream=True for those to
    it; called with the bytes and their position it returns the bytes to forward, and False to cut the connection there.
    The proxy also cuts the connection after `timeout` seconds without a byte."""

    def __init__(self, port, spoil, upstream=False, timeout=10):
        self.port_behind, self.spoil, self.upstream, self.timeout = port, spoil, upstream, timeout
        self.server = Server(self.handle)
        self.port = self.server.port

    def handle(self, conn, number):
        with socket.create_connection(("127.0.0.1", self.port_behind)) as behind:
            behind.settimeout(self.timeout)
            conn.settimeout(self.timeout)
            change = self.spoil(number)
            both = conn, behind
            spoiled, other = (both if self.upstream else both[::-1]), (both[::-1] if self.upstream else both)
            thread = threading.Thread(target=self.pump, args=(*other, None, both), daemon=True)
            thread.start()
            self.pump(*spoiled, change, both)
            thread.join(5)

    def pump(self, source, to, change, both):
        position = 0
        go_on = True
        try:
            while go_on and (data := source.recv(65536)):
                out = data
                if change:
                    out, go_on = change(data, position)
                    position += len(data)
                if out:
                    to.sendall(out)
            if go_on:
                to.shutdown(socket.SHUT_WR)
                return
        except OSError:
            pass
        for s in both:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.__exit__()


def cut_at(n):
    def change(data, position):
        return data[: max(0, n - position)], position + len(data) < n
    return change


def flip_at(n):
    def change(data, position):
        if position <= n < position + len(data):
            data = bytearray(data)
            data[n - position] ^= 0x40
        return bytes(data), True
    return change
