"""Requirements of TLS on both ends, checked by a hand-made peer, openssl and CPython's ssl: offered suites and extensions, the alert that ends a
connection, lengths of records. Based on the scripts of tlsfuzzer that failed once.

SPDX-License-Identifier: MIT
"""
import contextlib
import os
import re
import socket
import ssl
import struct

import certs
from openssl import PSK, SECRET, own, s_client, s_server, shown

ALERT, HANDSHAKE = 21, 22
X25519, P256, FFDHE2048 = 0x1d, 0x17, 0x100


def block(data, size):
    return len(data).to_bytes(size, "big") + data


def extension(number, data):
    return struct.pack(">H", number) + block(data, 2)


def words(*numbers):
    return b"".join(struct.pack(">H", n) for n in numbers)


def hello(suites, extensions=None, version=0x303):
    """A record with a ClientHello; extensions=None omits the extensions block."""
    body = struct.pack(">H", version) + bytes(range(32)) + block(bytes(32), 1) + block(words(*suites), 2) + b"\1\0"
    if extensions is not None:
        body += block(b"".join(extensions), 2)
    message = b"\1" + block(body, 3)
    return b"\x16\3\1" + block(message, 2)


def hello_1_3(groups, shares, modes=None):
    more = [extension(45, block(bytes(modes), 1))] if modes else []
    return hello([0x1301, 0x1302, 0x1303], [extension(43, block(words(0x304), 1)), extension(10, block(words(*groups), 2)),
                 extension(13, block(words(0x403, 0x804, 0x401), 2)),
                 extension(51, block(b"".join(struct.pack(">H", g) + block(s, 2) for g, s in shares), 2)), *more])


def records(data):
    """(type, content) of each complete record."""
    at, found = 0, []
    while at + 5 <= len(data):
        kind, length = data[at], int.from_bytes(data[at + 3:at + 5], "big")
        found.append((kind, data[at + 5:at + 5 + length]))
        at += 5 + length
    return found


def read_all(s):
    data = b""
    with contextlib.suppress(OSError):
        while part := s.recv(65536):
            data += part
    return data


def answer_to(suite, data, options):
    """The records that usocket's server answers to these bytes, and the server's own result."""
    port, child = suite.server(options=options)
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        s.settimeout(20)
        s.sendall(data)
        got = records(read_all(s))
    return got, suite.results(child)[-1]


def alerts(got):
    return [content[1] for kind, content in got if kind == ALERT and len(content) == 2]


# ---- Offers ----------------------------------------------------------------------------------------------------------------


def parse_hello(data):
    """Parse a ClientHello into its suites and its extensions by number."""
    body = data[9:]
    at = 34
    at += 1 + body[at]
    n = int.from_bytes(body[at:at + 2], "big")
    suites = [int.from_bytes(body[i:i + 2], "big") for i in range(at + 2, at + 2 + n, 2)]
    at += 2 + n
    at += 1 + body[at]
    found, at = {}, at + 2
    while at < len(body):
        number, n = struct.unpack(">HH", body[at:at + 4])
        found[number] = body[at + 4:at + 4 + n]
        at += 4 + n
    return suites, found


def first_hello(suite, options):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        child = suite.start(role="client", port=listener.getsockname()[1], options=options, mode="timeout")
        conn, _ = listener.accept()
        with conn:
            conn.settimeout(20)
            data = conn.recv(5, socket.MSG_WAITALL)
            data += conn.recv(int.from_bytes(data[3:], "big"), socket.MSG_WAITALL)
        suite.results(child)
    return parse_hello(data)


CBC = {0xc009, 0xc00a, 0xc013, 0xc014, 0xc023, 0xc024, 0xc027, 0xc028, 0xc035, 0xc036, 0xc037, 0xc038}
FINE = {0x1301, 0x1302, 0x1303, 0x1304, 0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9, 0xccac, 0xc0ac, 0xc0ad, 0xff, 0x5600}


def offers(suite):
    for name, options in (("a client", suite.trust()), ("a client with a PSK", PSK)):
        suites, found = first_hello(suite, options)
        suites = [s for s in suites if s != 0xff]  # TLS_EMPTY_RENEGOTIATION_INFO_SCSV
        suite.check(f"{name} offers ephemeral suites of AES and ChaCha20 alone: no DHE, short tag, ARIA, Camellia or plain PSK",
                    not set(suites) - FINE - CBC, [hex(s) for s in suites])
        order = [s in CBC for s in suites]
        suite.check(f"{name} offers CBC last", order == sorted(order) and any(order), [hex(s) for s in suites])
        suite.check(f"{name} offers psk_dhe_ke alone, not psk_ke", found.get(45) == b"\1\1", found.get(45))
        suite.check(f"{name} asks for no record size limit, which mbedTLS would not keep", 28 not in found, found.get(28))
    suites, found = first_hello(suite, PSK + [["CIPHERSUITE_LIST", "TLS_PSK_WITH_AES_128_CCM_8,TLS_AES_128_GCM_SHA256"]])
    suite.check("plain PSK is offered where its suite is named, psk_ke with it",
                0xc0a8 in suites and 0 in found.get(45, b""), f"{[hex(s) for s in suites]} {found.get(45)}")


def plain_psk(suite):
    flags = ["-tls1_2", "-cipher", "PSK-AES128-GCM-SHA256", "-psk", SECRET, "-psk_identity", "device-7"]
    for name, more, works in (("by default", [], False), ("where it is named", [["CIPHERSUITE_LIST", "TLS_PSK_WITH_AES_128_GCM_SHA256"]], True)):
        port, child = suite.server(options=PSK + more)
        out = s_client(port, flags)
        suite.results(child)
        suite.check(f"plain PSK in TLS 1.2, our server, {name}: {'taken' if works else 'refused'}", ("hello there" in out) == works, out[-600:])
        with s_server("-nocert", "-psk", SECRET, "-psk_identity", "device-7", "-rev", "-tls1_2", "-cipher", "PSK-AES128-GCM-SHA256") as port:
            r = suite.client(port=port, options=PSK + more, mode="timeout")
            suite.check(f"plain PSK in TLS 1.2, our client, {name}: {'taken' if works else 'refused'}", (r.get("version") == 0x303) == works, str(r))


# ---- Alerts ----------------------------------------------------------------------------------------------------------------


def refusals(suite):
    options = own(suite, "ec")
    bad_point = b"\4" + bytes([1]) * 64
    for name, data, wanted in (
            ("a record of no kind", b"\x63\3\1\0\4abcd", {10}),
            ("a record that is too long", b"\x16\3\1\xff\xff" + bytes(100), {22}),
            ("a version of no TLS", b"\x16\7\1\0\4abcd", {70}),
            ("application data for a hello", b"\x17\3\3\0\4abcd", {10}),
            ("a hello cut short", b"\x16\3\1\0\6\1\0\0\2\3\3", {50}),
            ("no suite in common", hello([0x1305], [extension(43, block(words(0x304), 1))]), {40}),
            ("no suite of TLS 1.2 in common", hello([0x0005], [extension(10, block(words(P256), 2))]), {40}),
            ("a key share that is no point of its curve", hello_1_3([P256], [(P256, bad_point)]), {47}),
            ("a key share of zeros on X25519", hello_1_3([X25519], [(X25519, bytes(32))]), {47}),
            ("a key share of a wrong length", hello_1_3([P256], [(P256, b"\4abc")]), {47, 50}),
            ("no group in common", hello_1_3([FFDHE2048], [(FFDHE2048, bytes([9]) * 256)]), {40, 47}),
            ("an old version alone", hello([0xc02b], [extension(10, block(words(P256), 2))], version=0x301), {70})):
        got, r = answer_to(suite, data, options)
        said = alerts(got)
        suite.check(f"one alert, and the right one, for {name}", len(said) == 1 and said[0] in wanted, f"{said}, {got[:3]} {r}")
    # Without extensions there is no curve: a suite that needs none is chosen, others are refused as having nothing in common.
    bare = hello([0xa8])
    got, r = answer_to(suite, bare, PSK + [["CIPHERSUITE_LIST", "TLS_PSK_WITH_AES_128_GCM_SHA256,TLS_AES_128_GCM_SHA256"]])
    suite.check("a hello of TLS 1.2 without extensions is taken where 1.3 is on", got and got[0][0] == HANDSHAKE and got[0][1][:1] == b"\2", f"{got} {r}")


def client_certificates(suite):
    options = own(suite, "ec") + [["PEER_VERIFY", 2], ["CA_CERT", suite.file("root.pem")]]
    for version in ("-tls1_2", "-tls1_3"):
        for what, flags, wanted in (("an unknown authority", shown(suite, "by-unknown"), (48,)),
                                    ("no certificate", [], (116,) if version == "-tls1_3" else (40,))):
            port, child = suite.server(options=options)
            out = s_client(port, [version, *flags])
            r = suite.results(child)[-1]
            number = re.search(r"SSL alert number (\d+)", out)
            suite.check(f"a server's alert for a client with {what} can be read, {version}",
                        number and int(number[1]) in wanted and r.get("type") == "TLSError", f"{out[-900:]} {r}")


def key_update(suite):
    port, child = suite.server(options=own(suite, "ec"))
    out = s_client(port, ["-tls1_3"], data=b"K\n", until=b"alert number 10")
    r = suite.results(child)[-1]
    suite.check("KeyUpdate ends the connection in words of its own, with one alert", "KeyUpdate" in r.get("text", "") and "alert number 10" in out, f"{r} {out[-600:]}")


# ---- Records ---------------------------------------------------------------------------------------------------------------


class Bio:
    """CPython's ssl over a socket; keeps every received record."""

    def __init__(self, port, suite, version):
        context = ssl.create_default_context(cafile=suite.maker.path("root.pem"))
        context.minimum_version = context.maximum_version = version
        self.came, self.leaves, self.seen = ssl.MemoryBIO(), ssl.MemoryBIO(), b""
        self.tls = context.wrap_bio(self.came, self.leaves, server_hostname=certs.HOST)
        self.sock = socket.create_connection(("127.0.0.1", port), 20)

    def do(self, call, *args):
        while True:
            try:
                r = call(*args)
                self.sock.sendall(self.leaves.read())
                return r
            except ssl.SSLWantReadError:
                self.sock.sendall(self.leaves.read())
                part = self.sock.recv(65536)
                self.seen += part
                if part:
                    self.came.write(part)
                else:
                    self.came.write_eof()


def whole_records(suite):
    """The server echoes the data in one send."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        port, child = suite.server(options=own(suite, "ec"), chunk=8192)
        bio = Bio(port, suite, version)
        bio.do(bio.tls.do_handshake)
        bio.do(bio.tls.write, b"x" * 8192)
        start, got = len(bio.seen), b""
        while len(got) < 8192:
            got += bio.do(bio.tls.read, 65536)
        lengths = [len(content) for kind, content in records(bio.seen[start:]) if kind == 23]
        tickets = [n for n in lengths if n < 400]
        suite.check(f"8192 bytes in one write are one record, {version.name}",
                    len([n for n in lengths if n >= 8192]) == 1 and len(lengths) == 1 + len(tickets) and not [n for n in tickets if n < 40], lengths)
        bio.sock.close()
        suite.results(child)


def fragments(suite):
    """Handshake messages longer than the negotiated record size."""
    root = ["-CAfile", suite.maker.path("root.pem"), "-verify_return_error", "-servername", certs.HOST]
    for length in (512, 1024, 2048):
        for what, options, flags in (
                ("an RSA certificate", own(suite, "rsa"), []),
                ("a client's certificate asked for", own(suite, "rsa") + [["PEER_VERIFY", 1], ["CA_CERT", suite.file("many.pem")]], [])):
            port, child = suite.server(options=options)
            out = s_client(port, [*root, "-tls1_2", "-maxfraglen", str(length), *flags])
            r = suite.results(child)
            suite.check(f"our server keeps to {length} bytes, {what}", "hello there" in out and r and r[-1].get("version") == 0x303, f"{out[-700:]} {r}")
        with s_server(*shown(suite, "rsa"), "-tls1_2", "-Verify", "3", "-verify_return_error", "-CAfile", suite.maker.path("root.pem"), "-rev") as port:
            r = suite.client(port=port, options=suite.trust(["MAX_FRAGMENT", length]) + own(suite, "client-rsa"), mode="timeout")
            suite.check(f"our client keeps to {length} bytes with an RSA certificate", r.get("version") == 0x303, str(r))


def own_limits(suite):
    """A chain or message that is too long for this end raises an error that says so."""
    long = os.path.join(suite.scratch, "own-long.pem")
    with open(long, "w") as file:
        file.write(suite.maker.read("ec.pem") + suite.maker.read("middle.pem") * 30)
    r = suite.client(port=1, options=[["OWN_CERT", {"file": long}]])
    suite.check("an own chain that is too long is refused when it is set, with the limit",
                r.get("type") == "TLSError" and re.search(r"TLS_OWN_CERT: the chain takes \d+ bytes, and this build sends less than \d+", r["text"]), str(r))
    with s_server(*shown(suite, "ec")) as port:
        r = suite.client(port=port, options=suite.trust(["ALPN_LIST", ",".join("p" * 200 + str(i) for i in range(60))]), mode="timeout")
        suite.check("the error of a ClientHello that is too long names this end", r.get("type") == "TLSError" and "of our own" in r["text"], str(r))


# ---- Sessions --------------------------------------------------------------------------------------------------------------


def sessions(suite):
    """The properties by which a program decides exist in a resumed connection as well."""
    for version, flag in ((0x303, "-tls1_2"), (0x304, "-tls1_3")):
        session = os.path.join(suite.scratch, "conformance-session.pem")
        options = own(suite, "ec") + [["SESSION_CACHE", 1], ["PEER_VERIFY", 2], ["CA_CERT", suite.file("root.pem")]]
        port, child = suite.server(options=options, connections=2)
        for more in (["-sess_out", session], ["-sess_in", session]):
            s_client(port, [flag, *shown(suite, "client-ec"), *more])
        results = suite.results(child)
        suite.check(f"a server has the client's certificate each time, {flag}", len(results) == 2 and all(r.get("cert", 0) > 300 for r in results), str(results))
        with s_server(*shown(suite, "ec"), "-www", flag) as port:
            results = suite.client(port=port, options=suite.trust(["SESSION_CACHE", 1]), mode="timeout", times=2, say="GET / HTTP/1.0\r\n\r\n")
            suite.check(f"a client that has resumed has the server's certificate, {flag}",
                        "Reused" in results[1].get("rest", "") and all(r.get("cert", 0) > 300 for r in results), str([r.get("cert") for r in results]))
            other = [["CA_CERT", suite.file("root.pem")], ["HOSTNAME", certs.OTHER], ["SESSION_CACHE", 1]]
            r = suite.client(runs=[{"options": suite.trust(["SESSION_CACHE", 1])}, {"options": other}], port=port, mode="timeout", say="GET / HTTP/1.0\r\n\r\n")
            suite.check(f"a session of one name does not open another, {flag}", r[0].get("version") == version and r[1].get("type") == "TLSError", str(r))


def run(suite):
    suite.maker.write("many.pem", "".join(suite.maker.read(f"{name}.pem") for name in ("root", "middle", *(f"long{i}" for i in range(12)))))
    for part in (offers, plain_psk, refusals, client_certificates, key_update, whole_records, fragments, own_limits, sessions):
        part(suite)
