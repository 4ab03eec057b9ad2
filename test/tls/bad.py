"""The table of bad certificates and bad servers, similar to badssl.com: each is refused with the right text, in each mode and both
versions. CPython's verdict is compared.

SPDX-License-Identifier: MIT
"""
import os
import socket
import ssl

import certs
import strangers

# certificate: (text of usocket's error, text of CPython's error, or "accepted" with the reason in a comment)
TABLE = {
    "expired": ("the certificate expired on 20", "expired"),
    "future": ("is not valid before 20", "not yet valid"),
    "wrong-host": ("is for other.example.test, not host.example.test", "Hostname mismatch"),
    "wildcard-deep": ("is for *.test, not host.example.test", "Hostname mismatch"),
    "wildcard-part": ("is for h*.example.test, not host.example.test", "Hostname mismatch"),
    "wildcard-above": ("is for *.host.example.test, not host.example.test", "Hostname mismatch"),
    "self-signed": ("self-signed, and not trusted", "self-signed"),
    "by-unknown": ("unknown authority: CN=Unknown Root", "unable to get local issuer"),
    "no-middle": ("unknown authority: CN=middle", "unable to get local issuer"),
    "client-only": ("extendedKeyUsage", "unsuitable certificate purpose"),
    "sign-only": ("keyUsage", "unsuitable certificate purpose"),
    "by-no-ca": ("signed by a certificate that is no authority: CN=no-ca", "invalid CA certificate"),
    "by-too-deep": ("more authorities than the path length allows: CN=last", "path length constraint exceeded"),
    "by-narrow": ("is for host.example.test, outside of the nameConstraints of CN=narrow", "permitted subtree violation"),
    "common-name": ("is for no host", "accepted"),  # openssl still uses commonName if there is no other name
    "other-address": ("is for 192.0.2.7, not", "Hostname mismatch"),
    "rsa1024": ("too weak", "key too weak"),
    "by-weak": ("too weak", "key too weak"),
    "slow": ("the certificate has an RSA key with an exponent of more than 33 bits", "accepted"),  # openssl's check takes long
    "by-slow": ("an authority's certificate has an RSA key with an exponent of more than 33 bits; signed by", "accepted"),
    "sha1": ("weak hash", "digest algorithm too weak"),
    "nul": ("not host.example.test", "Hostname mismatch"),
    "by-expired": ("of middle-expired expired on 20", "expired"),
    "forged": ("the signature does not fit the key of the authority of this name: CN=middle", "certificate signature failure"),
    "revoked": ("has been revoked", "certificate revoked"),
    "long": ("the chain of certificates is too long", "accepted"),  # 13 CA certificates
    "huge": ("longer than this build accepts", "accepted"),  # longer than a record: a hundred copies of a certificate that fits
}
MODES = ("blocking", "timeout", "nonblocking")


def cpython(suite, port, oldest=None, newest=None, crl=False):
    """The verdict of CPython's defaults."""
    ctx = ssl.create_default_context(cafile=suite.maker.path("root.pem"))
    if oldest:
        ctx.minimum_version = oldest
    if newest:
        ctx.maximum_version = newest
    if crl:
        ctx.load_verify_locations(suite.maker.path("middle.crl"))
        ctx.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return verdict(ctx, port, certs.HOST)


def verdict(ctx, port, host):
    try:
        with ctx.wrap_socket(socket.create_connection(("127.0.0.1", port), 5), server_hostname=host) as tls:
            tls.settimeout(1)
            try:
                tls.recv(1)
            except TimeoutError:
                pass
            return "accepted"
    except ssl.SSLCertVerificationError as error:
        return error.verify_message if "mismatch" not in str(error) else "Hostname mismatch"
    except OSError as error:
        return getattr(error, "reason", None) or str(error)


def refused(r, words):
    """True if usocket refused it, not an alert of the peer: all certificates then share one number."""
    return r.get("type") == "TLSError" and words in r.get("text", "")


def words_of(r):
    return r.get("text", str(r)).partition(": ")[2] or str(r)


def in_each_mode(suite, name, port, options, alright):
    """Run the client in every mode and check each result."""
    results = suite.client(runs=[{"mode": mode, "port": port, "options": options, "bytes": 40} for mode in MODES])
    for mode, r in zip(MODES, results):
        suite.check(f"{name}, {mode}", alright(r), str(r))
    return results


def certificates(suite):
    suite.say(f"  {'certificate':15} | {'usocket':75} | CPython")
    for name, (words, theirs) in TABLE.items():
        for version in (0x303, 0x304):
            def alright(r):
                by_itself = name == "sign-only" and version == 0x303 and "handshake_failure" in r.get("text", "")  # openssl refuses to use it
                return refused(r, words) or by_itself
            options = suite.trust(*([["CA_CERT", suite.file("middle.crl")]] if name == "revoked" else []))
            with strangers.echo(strangers.server_context(suite.maker, name, versions=(version, version))) as server:
                results = in_each_mode(suite, f"{name}, {version:#x}", server.port, options, alright)
                verdict = cpython(suite, server.port, crl=name == "revoked")
        suite.say(f"  {name:15} | {words_of(results[0]):75} | {verdict}")
        suite.check(f"{name}: CPython", theirs in verdict, verdict)


def verdicts(suite):
    """Good certificates pass, bad ones pass without verification, and further reasons for refusal."""
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
        if suite.stack == "sal":
            suite.skip("SSL_CERT_FILE", "RT-Thread's port has the file's name from menuconfig (USOCKET_TLS_TRUST_FILE)")
        for name, good in () if suite.stack == "sal" else (("root.pem", True), ("unknown-root.pem", False), ("no-such-file.pem", False),
                                                           ("empty.pem", False), ("middle.crl", False), ("", False)):
            suite.maker.write("empty.pem", "\n")
            r = suite.client(port=port, options=[["HOSTNAME", certs.HOST]], environment={"SSL_CERT_FILE": name and suite.maker.path(name)})
            suite.check(f"SSL_CERT_FILE={name}", r.get("cert") if good else r.get("type") == "TLSError", str(r))
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


def servers(suite):
    """Servers that fail before sending a certificate."""
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
            results = in_each_mode(suite, name, server.port, options, lambda r: any(refused(r, w) for w in words))
            verdict = cpython(suite, server.port, oldest=strangers.VERSIONS[0x304] if "MIN" in name else None,
                              newest=strangers.VERSIONS[0x303] if "MAX" in name else None)
        suite.say(f"  {name:35} | {words_of(results[0]):55} | {verdict}")
        suite.check(f"{name}: CPython", verdict != "accepted", verdict)


def answers(suite):
    """Hand-made servers for answers that openssl no longer gives: a client must not accept their first answer."""
    def hello(version, suite_number, tail=b"", downgrade=b""):
        random = os.urandom(32 - len(downgrade)) + downgrade
        body = version.to_bytes(2, "big") + random + b"\0" + suite_number.to_bytes(2, "big") + b"\0" + tail
        message = b"\x02" + len(body).to_bytes(3, "big") + body
        return b"\x16\x03\x03" + len(message).to_bytes(2, "big") + message

    secure = bytes.fromhex("0005ff01000100")
    good = 0xc02b  # TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    old = ["MIN_VERSION", 0x303], ["MAX_VERSION", 0x303]
    not_offered = ("the server's version or cipher suite was not offered",)
    for name, answer, options, words in (
            ("the answer is SSL 3.0", hello(0x300, good, secure), (), ("no version",)),
            ("the answer is TLS 1.0", hello(0x301, good, secure), (), ("no version",)),
            ("the answer is TLS 1.1", hello(0x302, good, secure), (), ("no version",)),
            ("TLS 1.2, below MIN_VERSION", hello(0x303, good, secure), (["MIN_VERSION", 0x304],), not_offered),
            ("TLS 1.2 with the mark of a downgrade", hello(0x303, good, secure, b"DOWNGRD\x01"), (), ("or changed on the way",)),
            ("RC4", hello(0x303, 0xc007, secure), old, not_offered),
            ("export", hello(0x303, 0x0003, secure), old, not_offered),
            ("null", hello(0x303, 0xc006, secure), old, not_offered),
            ("3DES", hello(0x303, 0xc008, secure), old, not_offered),
            ("anonymous", hello(0x303, 0xc018, secure), old, not_offered),
            ("null, in TLS 1.3 too", hello(0x303, 0xc006, secure), (), not_offered),
            ("plain HTTP", b"HTTP/1.0 400 Bad Request\r\n\r\nThis is not TLS\n", (), ("does not speak TLS",)),
            ("plain SMTP", b"220 mail.example.test ESMTP\r\n", (), ("does not speak TLS",)),
            ("nothing", b"", (), ("cut by the peer",))):
        def one(conn, _, answer=answer):
            conn.recv(5000)
            conn.sendall(answer)
            if answer:
                conn.recv(1000)
        with strangers.Server(one) as server:
            results = in_each_mode(suite, name, server.port, suite.trust(*options), lambda r: any(refused(r, w) for w in words))
            verdict = cpython(suite, server.port, oldest=strangers.VERSIONS[0x304] if "MIN" in name else None)
        suite.say(f"  {name:36} | {words_of(results[0]):75} | {verdict}")
        suite.check(f"{name}: CPython", verdict != "accepted", verdict)


def run(suite):
    for part in (certificates, verdicts, servers, answers):
        part(suite)
