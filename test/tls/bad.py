"""The table of bad certificates and bad servers, in the manner of badssl.com: each refused, in the right words, in each mode, in both
versions. CPython's verdict stands beside ours.

SPDX-License-Identifier: MIT
"""
import socket
import ssl

import certs
import strangers

# name of the certificate: our words, CPython's words (None: it lets it pass, for a reason told)
TABLE = {
    "expired": ("expired on 20", "expired"),
    "future": ("not valid before 20", "not yet valid"),
    "wrong-host": ("is for other.example.test, not host.example.test", "Hostname mismatch"),
    "wildcard-deep": ("is for *.test, not host.example.test", "Hostname mismatch"),
    "wildcard-part": ("is for h*.example.test, not host.example.test", "Hostname mismatch"),
    "self-signed": ("signed by itself", "self-signed"),
    "by-unknown": ("unknown authority: CN=Unknown Root", "unable to get local issuer"),
    "no-middle": ("unknown authority: CN=middle", "unable to get local issuer"),
    "client-only": ("extendedKeyUsage", "unsuitable certificate purpose"),
    "sign-only": ("keyUsage", "unsuitable certificate purpose"),
    "by-no-ca": ("unknown authority: CN=no-ca", "invalid CA certificate"),
    "common-name": ("is for no host", "accepted"),  # openssl still takes a commonName where there is no other name
    "other-address": ("is for 192.0.2.7, not", "Hostname mismatch"),
    "rsa1024": ("too weak", None),
    "sha1": ("weak hash", None),
    "nul": ("not host.example.test", "Hostname mismatch"),
    "by-expired": ("of middle-expired expired on 20", "expired"),
}
MODES = ("blocking", "timeout", "nonblocking")


def cpython(suite, port):
    ctx = ssl.create_default_context(cafile=suite.maker.path("root.pem"))
    try:
        with ctx.wrap_socket(socket.create_connection(("127.0.0.1", port), 5), server_hostname=certs.HOST):
            return "accepted"
    except ssl.SSLCertVerificationError as error:
        return error.verify_message if "mismatch" not in str(error) else "Hostname mismatch"
    except OSError as error:
        return str(error)


def refused(r, words):
    return r.get("type") == "TLSError" and words in r.get("text", "")


def certificates(suite):
    for name, (words, theirs) in TABLE.items():
        for version in (0x303, 0x304):
            with strangers.echo(strangers.server_context(suite.maker, name, versions=(version, version))) as server:
                results = suite.client(runs=[{"mode": mode, "port": server.port, "options": suite.trust()} for mode in MODES])
                verdict = cpython(suite, server.port)
            for mode, r in zip(MODES, results):
                by_itself = name == "sign-only" and version == 0x303 and "handshake_failure" in r.get("text", "")  # openssl won't use it
                suite.check(f"{name}, {version:#x}, {mode}", refused(r, words) or by_itself, str(r))
            if version == 0x304:
                suite.say(f"  {name}: {results[0].get('text', results[0])} | CPython: {verdict}")
                if theirs is not None:
                    suite.check(f"{name}: CPython", theirs in verdict, verdict)


def verdicts(suite):
    """What is good passes; what is bad does if it is told to; and further ways to be refused."""
    with strangers.echo(strangers.server_context(suite.maker, "wildcard")) as server:
        suite.check("a wildcard at the right level", suite.client(port=server.port, options=suite.trust()).get("cert"))
    with strangers.echo(strangers.server_context(suite.maker, "ec")) as server:
        port = server.port
        ca = ["CA_CERT", suite.file("root.pem")]
        suite.check("an address of the certificate", suite.client(port=port, options=[ca]).get("cert"))
        r = suite.client(port=port, options=[ca], host="127.0.0.2")
        suite.check("an address that is not", r.get("type") in ("TLSError", "OSError"), str(r))
        suite.check("connect's own name", suite.client(port=port, options=[ca], host="localhost").get("cert"))
        r = suite.client(port=port, options=[["HOSTNAME", certs.HOST]])
        suite.check("not of the system's authorities", refused(r, "unknown authority"), str(r))
        suite.check("a name's last dot", suite.client(port=port, options=[ca, ["HOSTNAME", certs.HOST + "."]]).get("cert"))
        suite.check("upper case", suite.client(port=port, options=[ca, ["HOSTNAME", certs.HOST.upper()]]).get("cert"))
        r = suite.client(port=port, options=[["CA_CERT", suite.file("middle.pem")], ["HOSTNAME", certs.HOST]])
        suite.check("an intermediate that is trusted", r.get("cert"), str(r))
    with strangers.echo(strangers.server_context(suite.maker, "wrong-host")) as server:
        r = suite.client(port=server.port, options=[["CA_CERT", suite.file("root.pem")]])
        suite.check("an address, with words of TLS_HOSTNAME", refused(r, "TLS_HOSTNAME"), str(r))
        for level in (0, 1):
            r = suite.client(port=server.port, options=suite.trust(["PEER_VERIFY", level]), bytes=100)
            suite.check(f"PEER_VERIFY {level}", r.get("same"), str(r))
    with strangers.echo(strangers.server_context(suite.maker, "revoked")) as server:
        suite.check("revoked, no list given", suite.client(port=server.port, options=suite.trust()).get("cert"))
        r = suite.client(port=server.port, options=suite.trust(["CA_CERT", suite.file("middle.crl")]))
        suite.check("revoked", refused(r, "revoked"), str(r))
    with strangers.echo(strangers.server_context(suite.maker, "long")) as server:
        r = suite.client(port=server.port, options=suite.trust())
        suite.check("a chain of 13", r.get("type") == "TLSError", str(r))


def servers(suite):
    """Servers that are wrong before any certificate."""
    old = strangers.server_context(suite.maker, "rsa", versions=(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1))
    weak = strangers.server_context(suite.maker, "rsa", versions=(0x303, 0x303), ciphers="eNULL:@SECLEVEL=0")
    plain_rsa = strangers.server_context(suite.maker, "rsa", versions=(0x303, 0x303), ciphers="AES128-SHA:@SECLEVEL=0")
    for name, ctx, options, words in (
            ("TLS 1.0 and 1.1 alone", old, suite.trust(), ("protocol_version", "no version")),
            ("null ciphers alone", weak, suite.trust(), ("handshake_failure", "no cipher suite")),
            ("no forward secrecy", plain_rsa, suite.trust(), ("handshake_failure", "no cipher suite")),
            ("below MIN_VERSION", strangers.server_context(suite.maker, "ec", versions=(0x303, 0x303)), suite.trust(["MIN_VERSION", 0x304]),
             ("protocol_version", "no version")),
            ("above MAX_VERSION", strangers.server_context(suite.maker, "ec", versions=(0x304, 0x304)), suite.trust(["MAX_VERSION", 0x303]),
             ("protocol_version", "no version")),
            ("a certificate asked for", strangers.server_context(suite.maker, "ec", versions=(0x303, 0x303), ask=True), suite.trust(),
             ("handshake_failure", "certificate_required"))):
        with strangers.echo(ctx) as server:
            results = suite.client(runs=[{"mode": mode, "port": server.port, "options": options} for mode in MODES])
        for mode, r in zip(MODES, results):
            suite.check(f"{name}, {mode}", any(refused(r, w) for w in words), str(r))

    def http(conn, _):
        conn.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\nThis is not TLS\n")
        conn.recv(1000)
    with strangers.Server(http) as server:
        results = suite.client(runs=[{"mode": mode, "port": server.port, "options": suite.trust()} for mode in MODES])
    for mode, r in zip(MODES, results):
        suite.check(f"a server that speaks plain HTTP, {mode}", refused(r, "does not speak TLS"), str(r))


def run(suite):
    for part in (certificates, verdicts, servers):
        part(suite)
