"""CPython's ssl as client and as server: version x key x ALPN x client certificate x resumption x mode; server names, suites.

SPDX-License-Identifier: MIT
"""
import itertools
import os
import socket
import ssl
import subprocess

import certs
import slow
import strangers

NAMES = {0x303: "TLSv1.2", 0x304: "TLSv1.3"}


def limited(version):
    return [["MIN_VERSION", version], ["MAX_VERSION", version]]


def our_client(suite):
    """usocket's client against CPython's server."""
    for version, key, alpn, ask in itertools.product((0x303, 0x304), ("ec", "rsa", "p384"), (None, ["h2", "http/1.1"]), (False, True)):
        name = f"our client, CPython's server, {NAMES[version]}, {key}, ALPN {alpn}, client certificate {ask}"
        ctx = strangers.server_context(suite.maker, key, versions=(version, version), alpn=alpn, ask=ask)
        options = suite.trust()
        if alpn:
            options.append(["ALPN_LIST", ["http/1.1", "h2"]])
        if ask:
            options += [["OWN_CERT", suite.file("client-rsa.chain")], ["OWN_KEY", suite.file("client-rsa.key")]]
        with strangers.echo(ctx) as server:
            runs = [{"mode": mode, "port": server.port, "options": options, "bytes": 100000} for mode in ("blocking", "timeout", "nonblocking")]
            runs.append({"mode": "timeout", "port": server.port, "bytes": 100, "times": 3, "options": options + [["SESSION_CACHE", 1]]})
            results = suite.client(runs=runs)
        for mode, r in zip(("blocking", "timeout", "nonblocking", "first", "again", "again"), results):
            ok = r.get("version") == version and r.get("same") and r.get("alpn") == ("h2" if alpn else "") and r.get("cert", 0) > 100
            suite.check(f"{name}, {mode}", ok, f"{r} {server.log}")
        facts = [f if isinstance(f, dict) else {} for f in server.log]
        suite.check(f"{name}: seen from there", len(facts) == 6 and all(
            f.get("version") == NAMES[version] and f.get("cert") == ask and f.get("close_notify") for f in facts), str(server.log))
        # The list is in the order in which the server's threads ended.
        suite.check(f"{name}: resumed", sorted(f.get("reused", False) for f in facts) == [False] * 4 + [True] * 2, str(server.log))


def our_server(suite):
    """CPython's client against usocket's server."""
    for version, key, alpn, ask in itertools.product((0x303, 0x304), ("ec", "rsa"), (False, True), (False, True)):
        name = f"CPython's client, our server, {NAMES[version]}, {key}, ALPN {alpn}, client certificate {ask}"
        options = [["OWN_CERT", suite.file(key + ".chain")], ["OWN_KEY", suite.file(key + ".key")], ["SESSION_CACHE", 1]]
        if alpn:
            options.append(["ALPN_LIST", "h2,http/1.1"])
        if ask:
            options += [["PEER_VERIFY", 2], ["CA_CERT", suite.file("root.pem")]]
        port, child = suite.server(options=options, connections=3)
        ctx = ssl.create_default_context(cafile=suite.maker.path("root.pem"))
        ctx.minimum_version = ctx.maximum_version = strangers.VERSIONS[version]
        if alpn:
            ctx.set_alpn_protocols(["h2"])
        if ask:
            ctx.load_cert_chain(suite.maker.path("client-ec.chain"), suite.maker.path("client-ec.key"))
        session, seen = None, []
        try:
            for i in range(3):
                with ctx.wrap_socket(socket.create_connection(("127.0.0.1", port), 5), server_hostname=certs.HOST, session=session) as tls:
                    data = os.urandom(50000 if i == 0 else 500)
                    back = b""
                    tls.sendall(data[:25000])
                    while len(back) < len(data[:25000]):
                        back += tls.recv(65536)
                    session = tls.session
                    seen.append((tls.version(), tls.selected_alpn_protocol(), tls.session_reused, back == data[:25000]))
                    tls.unwrap()
        except OSError as error:
            seen.append(repr(error))
        results = suite.results(child)
        want = [(NAMES[version], "h2" if alpn else None, i > 0, True) for i in range(3)]
        suite.check(name, seen == want, f"{seen} {results}")
        suite.check(name + ": seen from here", len(results) == 3 and all(
            r.get("version") == version and (r.get("cert", 0) > 0) == ask for r in results), str(results))


def refused_clients(suite):
    """A server that requires a client certificate, and clients with none or with a bad one."""
    for version, cert in itertools.product((0x303, 0x304), (None, "by-unknown", "expired")):
        options = [["OWN_CERT", suite.file("ec.chain")], ["OWN_KEY", suite.file("ec.key")], ["PEER_VERIFY", 2], ["CA_CERT", suite.file("root.pem")]]
        port, child = suite.server(options=options)
        ctx = ssl.create_default_context(cafile=suite.maker.path("root.pem"))
        ctx.minimum_version = ctx.maximum_version = strangers.VERSIONS[version]
        if cert:
            ctx.load_cert_chain(suite.maker.path(cert + ".chain"), suite.maker.path(cert + ".key"))
        said = None
        try:
            with ctx.wrap_socket(socket.create_connection(("127.0.0.1", port), 5), server_hostname=certs.HOST) as tls:
                tls.sendall(b"x")
                said = tls.recv(10)
        except OSError as error:
            said = error
        r = suite.results(child)
        words = {None: "no certificate", "by-unknown": "unknown", "expired": "expired"}[cert]
        suite.check(f"client's certificate {cert}, {NAMES[version]}", isinstance(said, OSError) and r and r[-1].get("type") == "TLSError"
                    and words in r[-1]["text"], f"{said!r} {r}")


def clients_that_refuse(suite):
    """A client that rejects the server's certificate sends an alert; in TLS 1.3 openssl sends it unencrypted where encrypted records are due."""
    options = [["OWN_CERT", suite.file("ec.chain")], ["OWN_KEY", suite.file("ec.key")]]
    for version in (0x303, 0x304):
        port, child = suite.server(options=options)
        ctx = ssl.create_default_context(cafile=suite.maker.path("unknown-root.pem"))
        ctx.minimum_version = ctx.maximum_version = strangers.VERSIONS[version]
        try:
            ctx.wrap_socket(socket.create_connection(("127.0.0.1", port), 5), server_hostname=certs.HOST).close()
            said = "accepted"
        except ssl.SSLCertVerificationError:
            said = "refused"
        except OSError as error:
            said = repr(error)
        r = suite.results(child)
        suite.check(f"a client that refuses us, {NAMES[version]}", said == "refused" and r and r[-1].get("type") == "TLSError"
                    and "refused by the peer: unknown_ca" in r[-1]["text"], f"{said} {r}")


def names(suite):
    """A server with two certificates chooses by the requested server name."""
    options = [["OWN_CERT", suite.file("rsa.chain")], ["OWN_KEY", suite.file("rsa.key")],
               ["OWN_CERT", suite.file("second.chain")], ["OWN_KEY", suite.file("second.key")]]
    for version in (0x303, 0x304):
        port, child = suite.server(options=options, connections=2)
        for host in (certs.HOST, certs.OTHER):
            ctx = ssl.create_default_context(cafile=suite.maker.path("root.pem"))
            ctx.minimum_version = ctx.maximum_version = strangers.VERSIONS[version]
            try:
                with ctx.wrap_socket(socket.create_connection(("127.0.0.1", port), 5), server_hostname=host) as tls:
                    tls.unwrap()
                    said = "fine"
            except OSError as error:
                said = repr(error)
            suite.check(f"the certificate for {host}, {NAMES[version]}", said == "fine", said)
        suite.results(child)


def suites_and_fragments(suite):
    for suite_name, version in (("TLS_AES_128_GCM_SHA256", 0x304), ("TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256", 0x303),
                                ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", 0x303)):
        ctx = strangers.server_context(suite.maker, "ec")
        with strangers.echo(ctx) as server:
            r = suite.client(port=server.port, options=suite.trust(["CIPHERSUITE_LIST", suite_name]), mode="timeout", bytes=100)
        suite.check(f"suite {suite_name}", r.get("version") == version and r.get("same"), str(r))
    for size in (512, 1024, 2048, 4096):
        ctx = strangers.server_context(suite.maker, "ec")
        with strangers.echo(ctx) as server:
            results = suite.client(runs=[{"port": server.port, "options": suite.trust(["MAX_FRAGMENT", size]), "mode": mode, "bytes": 100000}
                                         for mode in ("timeout", "nonblocking")])
        for r in results:
            suite.check(f"fragments of {size}", r.get("version") == 0x303 and r.get("same"), str(r))


BUILT_IN = """
import socket, sys, tls
port, server = int(sys.argv[1]), sys.argv[2] == "server"
s = socket.socket()
if server:
    ctx = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    with open(sys.argv[3], "rb") as cert, open(sys.argv[4], "rb") as key:
        ctx.load_cert_chain(cert.read(), key.read())
    s.bind(("127.0.0.1", port))
    s.listen(1)
    print(s.getsockname()[1])
    s = s.accept()[0]
else:
    ctx = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    ctx.verify_mode = tls.CERT_NONE
    s.connect(("127.0.0.1", port))
s = ctx.wrap_socket(s, server_side=server)
data = b"0123456789abcdef" * 4000
back = s.read(len(data))
if server:
    s.write(back)
s.close()
print("same" if back == data else "differs")
"""


def built_in(suite):
    """MicroPython's own tls, which shares mbedTLS but not usocket's buffers, against CPython's records of 16 KiB."""
    data = b"0123456789abcdef" * 4000
    script = os.path.join(suite.scratch, "built_in.py")
    with open(script, "w") as file:
        file.write(BUILT_IN)
    command = [suite.interp, "-X", "heapsize=4m", script]

    def give(conn, _):
        with ctx.wrap_socket(conn, server_side=True) as tls:
            tls.sendall(data)
            tls.recv(1)
    for version in (0x303, 0x304):
        ctx = strangers.server_context(suite.maker, "ec", versions=(version, version))
        with strangers.Server(give) as server:
            done = subprocess.run(command + [str(server.port), "client"], capture_output=True, text=True, timeout=60 * slow.factor(), check=False)
        suite.check(f"MicroPython's tls, a client, {NAMES[version]}", done.stdout == "same\n", done.stdout + done.stderr)
        ctx = ssl.create_default_context(cafile=suite.maker.path("root.pem"))
        ctx.minimum_version = ctx.maximum_version = strangers.VERSIONS[version]
        files = [suite.maker.path("ec.chain"), suite.maker.path("ec.key")]
        with subprocess.Popen(command + ["0", "server", *files], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
            back = b""
            try:
                port = int(child.stdout.readline())
                with ctx.wrap_socket(socket.create_connection(("127.0.0.1", port), 60), server_hostname=certs.HOST) as tls:
                    tls.sendall(data)
                    while len(back) < len(data) and (more := tls.recv(65536)):
                        back += more
            except (OSError, ValueError) as error:
                back = repr(error)
            said = child.communicate(timeout=60 * slow.factor())[0]
        suite.check(f"MicroPython's tls, a server, {NAMES[version]}", back == data and said.endswith("same\n"), f"{back[:200]!r} {said}")


def run(suite):
    for part in (our_client, our_server, refused_clients, clients_that_refuse, names, suites_and_fragments, built_in):
        part(suite)
