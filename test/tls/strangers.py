"""The strangers that the tests talk to: CPython's ssl, raw sockets, and what stands between them.

SPDX-License-Identifier: MIT
"""
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
    """Something that listens, a thread for each connection; `log` has what became of each, in order of their ends."""

    def __init__(self, handle):
        self.handle, self.log = handle, []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.count = 0
        self.threads = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            self.count += 1
            conn.settimeout(10)
            thread = threading.Thread(target=self.one, args=(conn, self.count - 1), daemon=True)
            self.threads.append(thread)
            thread.start()

    def one(self, conn, number):
        try:
            self.log.append(self.handle(conn, number))
        except (OSError, ValueError) as error:
            self.log.append(error)
        finally:
            conn.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for thread in self.threads:
            thread.join(10)


def echo(ctx, tail=b""):
    """TLS, and back what comes, until the client says goodbye; then `tail`."""

    def handle(conn, _):
        with ctx.wrap_socket(conn, server_side=True) as tls:
            facts = {"version": tls.version(), "alpn": tls.selected_alpn_protocol(), "reused": tls.session_reused,
                     "cert": bool(tls.getpeercert(True))}
            while data := tls.recv(65536):
                tls.sendall(data)
            if tail:
                tls.sendall(tail)
            facts["goodbye"] = True
            try:
                tls.unwrap()
            except OSError:
                pass
            return facts

    return Server(handle)


class Spoiler:
    """Stands before a server. spoil(number) gives what to do with the bytes that come from it: a function of them and their
    position, that returns what to send on, or None to cut the connection there."""

    def __init__(self, port, spoil):
        self.port_behind, self.spoil = port, spoil
        self.server = Server(self.handle)
        self.port = self.server.port

    def handle(self, conn, number):
        behind = socket.create_connection(("127.0.0.1", self.port_behind))
        behind.settimeout(10)
        change = self.spoil(number)

        def upstream():
            try:
                while data := conn.recv(65536):
                    behind.sendall(data)
                behind.shutdown(socket.SHUT_WR)
            except OSError:
                pass

        thread = threading.Thread(target=upstream, daemon=True)
        thread.start()
        position = 0
        try:
            while data := behind.recv(65536):
                out, go_on = change(data, position)
                position += len(data)
                if out:
                    conn.sendall(out)
                if not go_on:
                    break
            conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        behind.close()
        conn.close()
        thread.join(5)
        return position

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


def small_pieces(size):
    """A bounded ring: bytes pass so many at a time."""
    def handle(conn, data):
        for at in range(0, len(data), size):
            conn.sendall(data[at:at + size])
    return handle
