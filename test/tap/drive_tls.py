# run: limit=60 only
# TLS and DTLS across the link: CPython's ssl and openssl at the kernel's end, as servers and as clients.
import contextlib
import ssl
import threading

import link
import secure
from secure import MAKER

VERSIONS = {0x303: ssl.TLSVersion.TLSv1_2, 0x304: ssl.TLSVersion.TLSv1_3}
open_servers = {}


def limit(ctx, version):
    ctx.minimum_version = ctx.maximum_version = VERSIONS[version]
    ctx.set_alpn_protocols(["h2"])


def echo(tls):
    """Echo until close_notify."""
    while data := tls.recv(65536):
        tls.sendall(data)
    with contextlib.suppress(OSError):
        tls.unwrap()


def server(version, key, ask, connections):
    """Start CPython's TLS server; returns its port. seen() returns the properties of each connection."""
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.set_ciphers("ALL:@SECLEVEL=0")
    ctx.load_cert_chain(MAKER.path(key + ".chain"), MAKER.path(key + ".key"))
    limit(ctx, version)
    if ask:
        ctx.verify_mode = ssl.CERT_REQUIRED
        ctx.load_verify_locations(MAKER.path("root.pem"))
    listener, port = link.any_port()
    facts = []

    def serve():
        for _ in range(connections):
            conn, _ = listener.accept()
            conn.settimeout(20)
            try:
                with ctx.wrap_socket(conn, server_side=True) as tls:
                    fact = tls.version(), tls.selected_alpn_protocol(), tls.session_reused, bool(tls.getpeercert(True))
                    echo(tls)
                    facts.append(fact)
            except OSError as e:
                facts.append(getattr(e, "reason", None) or str(e))
        listener.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    open_servers[port] = thread, facts
    return port


def seen(port):
    thread, facts = open_servers.pop(port)
    thread.join(link.LIMIT)
    return facts


def client(port, version, ask, times, size):
    """Connect CPython's client several times, each with the previous session; returns the properties of each connection."""
    ctx = ssl.create_default_context(cafile=MAKER.path("root.pem"))
    limit(ctx, version)
    if ask:
        ctx.load_cert_chain(MAKER.path("client-ec.chain"), MAKER.path("client-ec.key"))
    session, facts = None, []
    for _ in range(times):
        with ctx.wrap_socket(link.dialled("4", port), server_hostname=secure.HOST, session=session) as tls:
            data, got = link.content(0, size), b""
            for at in range(0, size, 10000):
                tls.sendall(data[at : at + 10000])
                while len(got) < min(size, at + 10000) and (more := tls.recv(65536)):
                    got += more
            session = tls.session
            facts.append((tls.version(), tls.selected_alpn_protocol(), tls.session_reused, got == data))
            with contextlib.suppress(OSError):
                tls.unwrap()
    return facts


def silent():
    listener, port = link.any_port()
    open_servers[port] = listener
    return port


functions = {f.__name__: f for f in (server, seen, client, silent)}
link.run("on_tls.py", dict(functions, **secure.functions), 50, arguments=(secure.DIRECTORY,))
