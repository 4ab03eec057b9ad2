"""DTLS 1.2: openssl's s_server and s_client in all combinations, bad certificates, and a path that drops, duplicates, reorders and
corrupts datagrams.

SPDX-License-Identifier: MIT
"""
import itertools
import os
import socket
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

import bad
import certs
import openssl

CELLS = list(itertools.product(("ec", "rsa", "p384"), (False, True), (False, True)))
DTLS = "-dtls1_2"


def our_client(suite):
    for key, alpn, ask in CELLS:
        name = f"DTLS, our client, openssl s_server, {key}, ALPN {alpn}, client certificate {ask}"
        flags = [*openssl.shown(suite, key), DTLS] + (["-alpn", "coap,mqtt"] if alpn else [])
        flags += ["-Verify", "3", "-verify_return_error", "-CAfile", suite.maker.path("root.pem")] if ask else []
        options = suite.trust(["SESSION_CACHE", 1]) + ([["ALPN_LIST", "mqtt"]] if alpn else [])
        options += openssl.own(suite, "client-rsa") if ask else []
        with tempfile.TemporaryFile() as output:
            with openssl.s_server(*flags, output=output, words=(b"first words", b"last words")) as port:
                runs = [{"mode": "timeout", "say": "first words\n"}, {"mode": "nonblocking", "say": "last words\n"}]
                results = suite.client(port=port, options=options, dtls=True, runs=runs)
            output.seek(0)
            out = output.read().decode(errors="replace")
        for what, said, r in zip(("new", "resumed"), ("first words", "last words"), results + [{}, {}]):
            ok = (r.get("version") == 0x303 and r.get("rest") == "answer\n" and said in out and r.get("alpn") == ("mqtt" if alpn else "")
                  and out.count("Reused session-id") == 1)
            suite.check(f"{name}, {what}", ok, f"{r} {out[-3000:]}")


def our_server(suite):
    root = ["-CAfile", suite.maker.path("root.pem"), "-verify_return_error", "-verify_hostname", certs.HOST, DTLS]
    for key, alpn, ask in CELLS:
        name = f"DTLS, openssl s_client, our server, {key}, ALPN {alpn}, client certificate {ask}"
        options = openssl.own(suite, key) + [["SESSION_CACHE", 1]] + ([["ALPN_LIST", "coap,mqtt"]] if alpn else [])
        options += [["PEER_VERIFY", 2], ["CA_CERT", suite.file("root.pem")]] if ask else []
        flags = root + (["-alpn", "mqtt"] if alpn else []) + (openssl.shown(suite, "client-ec") if ask else [])
        session = os.path.join(suite.scratch, "dtls-session.pem")
        port, child = suite.server(options=options, connections=2, dtls=True)
        outs = [openssl.s_client(port, [*flags, "-sess_out", session]), openssl.s_client(port, [*flags, "-sess_in", session])]
        results = suite.results(child)
        for what, out, r in zip(("new", "resumed"), outs, results + [{}, {}]):
            ok = (("New, " if what == "new" else "Reused, ") in out and "hello there" in out and "Verify return code: 0 (ok)" in out
                  and ("ALPN protocol: mqtt" in out) == alpn and r.get("version") == 0x303)
            suite.check(f"{name}, {what}", ok, f"{out[-1200:]} {r}")
        suite.check(f"{name}: seen from here", len(results) == 2 and (results[0].get("cert", 0) > 0) == ask, str(results))


def psk(suite):
    plain = [["CIPHERSUITE_LIST", "TLS_PSK_WITH_AES_128_GCM_SHA256"]]
    for cipher, more in (("ECDHE-PSK-CHACHA20-POLY1305", []), ("PSK-AES128-GCM-SHA256", plain)):
        flags = [DTLS, "-cipher", cipher, "-psk", openssl.SECRET, "-psk_identity", "device-7"]
        with openssl.s_server("-nocert", *flags, answer=b"answer\n") as port:
            r = suite.client(port=port, options=openssl.PSK + more, mode="timeout", dtls=True, say="hello\n")
            suite.check(f"DTLS, PSK, our client, {cipher}", r.get("rest") == "answer\n" and r.get("cert") == 0, str(r))
            r = suite.client(port=port, options=[["PSK", "0123456789abcdef"], openssl.PSK[1]] + more, mode="timeout", dtls=True, timeout=2)
            suite.check(f"DTLS, PSK, wrong secret, {cipher}", r.get("type") in ("TLSError", "timeout"), str(r))
        port, child = suite.server(options=openssl.PSK + more, dtls=True)
        out = openssl.s_client(port, flags)
        r = suite.results(child)
        suite.check(f"DTLS, PSK, our server, {cipher}", "hello there" in out and r and r[-1].get("version") == 0x303, f"{out[-800:]} {r}")


def certificates(suite):
    """Certificates that are refused over TCP are refused over UDP."""
    for name in ("expired", "wrong-host", "self-signed", "by-unknown", "no-middle", "client-only", "common-name", "rsa1024", "sha1", "forged"):
        flags = openssl.shown(suite, name)[:4] + (["-cert_chain", suite.maker.path("middle.pem")] if name not in (
            "self-signed", "by-unknown", "no-middle") else [])
        with openssl.s_server(*flags, DTLS, "-cipher", "ALL:@SECLEVEL=0") as port:
            results = suite.client(port=port, options=suite.trust(), dtls=True, runs=[{"mode": mode} for mode in bad.MODES])
        for mode, r in zip(bad.MODES, results):
            suite.check(f"DTLS, {name}, {mode}", bad.refused(r, bad.TABLE[name][0]), str(r))


class Way:
    """Forward datagrams between a client and a server; change(number, from_client, datagram) returns the datagrams to forward in place of one."""

    def __init__(self, port, change):
        self.near, self.far = (socket.socket(type=socket.SOCK_DGRAM) for _ in range(2))
        self.near.bind(("127.0.0.1", 0))
        self.far.connect(("127.0.0.1", port))
        self.port, self.change, self.client = self.near.getsockname()[1], change, None
        self.counts, self.closing = [0, 0], False
        self.threads = [threading.Thread(target=self.pass_on, args=(from_client,), daemon=True) for from_client in (True, False)]
        for thread in self.threads:
            thread.start()

    def pass_on(self, from_client):
        while True:
            try:
                data, peer = (self.near if from_client else self.far).recvfrom(65536)
            except OSError:
                data = None  # refused: the peer has closed
            if self.closing:
                return
            if not data:
                continue
            if from_client:
                self.client = peer
            number = self.counts[from_client]
            self.counts[from_client] += 1
            for out in self.change(number, from_client, data):
                try:
                    if from_client:
                        self.far.send(out)
                    else:
                        self.near.sendto(out, self.client)
                except OSError:
                    pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closing = True
        with socket.socket(type=socket.SOCK_DGRAM) as s:
            s.sendto(b"end", ("127.0.0.1", self.port))
        self.far.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(2)
        self.near.close()
        self.far.close()


def losing(which, side):
    return lambda number, from_client, data: [] if number == which and from_client == side else [data]


def doubling(number, from_client, data):
    return [data, data]


def swapping():
    held = {}

    def change(number, from_client, data):
        if number % 2 == 0 and number < 6:
            held[from_client] = data
            return []
        return [data] + ([held.pop(from_client)] if from_client in held else [])
    return change


def spoiling(which, side, at):
    def change(number, from_client, data):
        if number == which and from_client == side:
            data = bytearray(data)
            data[at % len(data)] ^= 0x40
        return [bytes(data)]
    return change


def on_the_way(suite, name, change, strict=True):
    """usocket at both ends. On every path the received datagrams equal the sent ones, and they arrive in the end unless one was corrupted."""
    options = openssl.own(suite, "ec")
    port, child = suite.server(options=options, dtls=True, timeout=30 if strict else 8)
    with Way(port, change) as way:
        r = suite.client(port=way.port, options=suite.trust(), dtls=True, mode="timeout", timeout=20, bytes=900, limit=60)
    child.kill()
    child.communicate()
    suite.check(name, r.get("same") is True or not strict and (r.get("type") in ("TLSError", "timeout", "OSError") or r.get("same", 0) is None),
                str(r))


def way(suite):
    jobs = [("doubled", doubling, True), ("swapped", swapping(), True)]
    jobs += [(f"the {n}. of the {'client' if side else 'server'} lost", losing(n, side), n < 3) for n in range(5) for side in (True, False)]
    every = range(0, 100, 1 if suite.long else 43)
    jobs += [(f"the {n}. of the {'client' if side else 'server'}, byte {at} flipped", spoiling(n, side, at), False)
             for n in range(4 if suite.long else 2) for side in (True, False) for at in every]
    with ThreadPoolExecutor(16) as pool:  # each waits for retransmissions
        for job in [pool.submit(on_the_way, suite, "DTLS, " + name, change, strict) for name, change, strict in jobs]:
            job.result()


def run(suite):
    for part in (our_client, our_server, psk, certificates, way):
        part(suite)
