"""openssl's s_server and s_client in all combinations: version x key x ALPN x client certificate, each new and resumed; PSK; Ed25519.

SPDX-License-Identifier: MIT
"""
import contextlib
import itertools
import os
import re
import select
import subprocess
import tempfile
import threading
import time

import certs
import slow

NAMES = {0x303: "TLSv1.2", 0x304: "TLSv1.3"}
FLAGS = {0x303: "-tls1_2", 0x304: "-tls1_3"}
CELLS = list(itertools.product((0x303, 0x304), ("ec", "rsa", "p384"), (False, True), (False, True)))
SECRET = "000102030405060708090a0b0c0d0e0f"
PSK = [["PSK", "".join(chr(i) for i in range(16))], ["PSK_IDENTITY", "device-7"]]


def answer_when_read(child, output, words, over):
    """Make s_server send a line for each of `words`, in order, as soon as it has printed it. A client that waits for the line still exists
    when s_server reads; otherwise its datagrams would be undeliverable, and that error would hide earlier data."""
    for one in words:
        while one not in os.pread(output.fileno(), 1 << 20, 0):
            if over.wait(0.02):
                return
        with contextlib.suppress(OSError):  # s_server has ended: the client notices
            child.stdin.write(b"answer\n")
            child.stdin.flush()


def start_server(address, *flags, output):
    """Start s_server on a free port of the address, its standard output in the file `output`; returns the process and the port, which
    s_server prints when it listens."""
    child = subprocess.Popen(["openssl", "s_server", "-accept", f"{address}:0", *flags], stdin=subprocess.PIPE, stdout=output,
                             stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60 * slow.factor()
    while not (listens := re.search(rb"^ACCEPT .*:(\d+)\n", os.pread(output.fileno(), 4096, 0), re.M)):
        if child.poll() is not None or time.monotonic() > end:
            child.kill()
            child.communicate()
            raise RuntimeError("openssl s_server does not come up")
        time.sleep(0.01)
    return child, int(listens.group(1))


@contextlib.contextmanager
def s_server(*flags, output=None, answer=b"", words=()):
    """Start s_server and return its port. It sends `answer` to the first client, or "answer" for each of `words` that it has read."""
    with tempfile.TemporaryFile() as unread:
        output = output or unread
        child, port = start_server("127.0.0.1", *flags, output=output)
        over = threading.Event()
        answering = threading.Thread(target=answer_when_read, args=(child, output, words, over), daemon=True)
        answering.start()
        try:
            child.stdin.write(answer)
            child.stdin.flush()
            yield port
        finally:
            over.set()
            answering.join()
            child.kill()
            child.communicate()


def s_client(port, flags, data=b"hello there\n", until=None):
    """Everything that s_client prints until the data is echoed, or until it prints `until`, which no certificate may contain by chance."""
    until = until or data
    child = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-no_ign_eof", *flags,
                              *(["-nbio"] if "-dtls1_2" in flags else [])],  # a duplicated record would block it there
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    out = b""
    try:
        child.stdin.write(data)
        child.stdin.flush()
        end = time.monotonic() + 10 * slow.factor()
        while until not in out and select.select([child.stdout], [], [], max(0, end - time.monotonic()))[0]:
            part = os.read(child.stdout.fileno(), 4096)
            if not part:
                break
            out += part
        child.stdin.close()
        child.wait(5 * slow.factor())
    except (OSError, subprocess.TimeoutExpired):
        child.kill()
        child.wait()
    child.stdout.close()
    return out.decode(errors="replace")


def own(suite, name):
    return [["OWN_CERT", suite.file(name + ".chain")], ["OWN_KEY", suite.file(name + ".key")]]


def shown(suite, name):
    """The same for openssl."""
    return ["-cert", suite.maker.path(name + ".pem"), "-key", suite.maker.path(name + ".key"), "-cert_chain", suite.maker.path(name + ".chain")]


def our_client(suite):
    for version, key, alpn, ask in CELLS:
        name = f"our client, openssl s_server, {NAMES[version]}, {key}, ALPN {alpn}, client certificate {ask}"
        flags = [*shown(suite, key), "-www", FLAGS[version]] + (["-alpn", "h2,http/1.1"] if alpn else [])
        flags += ["-Verify", "3", "-verify_return_error", "-CAfile", suite.maker.path("root.pem")] if ask else []
        options = suite.trust(["SESSION_CACHE", 1]) + ([["ALPN_LIST", "http/1.1"]] if alpn else []) + (own(suite, "client-rsa") if ask else [])
        with s_server(*flags) as port:
            results = suite.client(port=port, options=options, mode="timeout", times=2, say="GET / HTTP/1.0\r\n\r\n")
            for what, r in zip(("new", "resumed"), results):
                page = r.get("rest", "")
                first = "New, " if what == "new" else "Reused, "
                ok = (f"{first}{NAMES[version]}, Cipher is" in page and r.get("alpn") == ("http/1.1" if alpn else "")
                      and ("Client certificate\n" in page) == ask and r.get("version") == version)
                suite.check(f"{name}, {what}", ok, f"{r} {page[-1500:]}")
            if ask:
                r = suite.client(port=port, options=suite.trust(), mode="timeout", say="GET / HTTP/1.0\r\n\r\n")
                suite.check(f"{name}: none shown", r.get("type") == "TLSError" and "refused by the peer" in r.get("text", ""), str(r))


def our_server(suite):
    root = ["-CAfile", suite.maker.path("root.pem"), "-verify_return_error", "-servername", certs.HOST, "-verify_hostname", certs.HOST]
    for version, key, alpn, ask in CELLS:
        name = f"openssl s_client, our server, {NAMES[version]}, {key}, ALPN {alpn}, client certificate {ask}"
        options = own(suite, key) + [["SESSION_CACHE", 1]] + ([["ALPN_LIST", "h2,http/1.1"]] if alpn else [])
        options += [["PEER_VERIFY", 2], ["CA_CERT", suite.file("root.pem")]] if ask else []
        flags = [*root, FLAGS[version]] + (["-alpn", "http/1.1"] if alpn else []) + (shown(suite, "client-ec") if ask else [])
        session = os.path.join(suite.scratch, "session.pem")
        port, child = suite.server(options=options, connections=2)
        outs = [s_client(port, [*flags, "-sess_out", session]), s_client(port, [*flags, "-sess_in", session])]
        results = suite.results(child)
        for what, out, r in zip(("new", "resumed"), outs, results + [{}, {}]):
            first = "New, " if what == "new" else "Reused, "
            ok = (f"{first}{NAMES[version]}, Cipher is" in out and "hello there" in out and "Verify return code: 0 (ok)" in out
                  and ("ALPN protocol: http/1.1" in out) == alpn and r.get("version") == version and r.get("alpn") == ("http/1.1" if alpn else ""))
            suite.check(f"{name}, {what}", ok, f"{out[-1500:]} {r}")
        suite.check(f"{name}: seen from here", len(results) == 2 and (results[0].get("cert", 0) > 0) == ask, str(results))


def long_chain(suite):
    """A handshake message longer than usocket's first buffer, in records of several lengths."""
    chain = os.path.join(suite.scratch, "long-chain.pem")
    with open(chain, "w") as file:
        file.write(suite.maker.read("middle.pem") * 14)
    for version in (0x303, 0x304):
        for record in (512, 2048, 4096, 4500, 8000, 16384):
            flags = ["-cert", suite.maker.path("ec.pem"), "-key", suite.maker.path("ec.key"), "-cert_chain", chain, "-max_send_frag", str(record),
                     "-www", FLAGS[version]]
            with s_server(*flags) as port:
                r = suite.client(port=port, options=suite.trust(), mode="timeout", say="GET / HTTP/1.0\r\n\r\n")
                suite.check(f"a long chain, {NAMES[version]}, records of {record} bytes", r.get("version") == version and "Cipher is" in r.get("rest", ""), str(r)[-500:])


def psk(suite):
    """PSK with both kinds of TLS 1.2 suites; wrong secrets and unknown identities."""
    plain = [["CIPHERSUITE_LIST", "TLS_PSK_WITH_AES_128_GCM_SHA256"]]
    for version, cipher, more in ((0x303, "ECDHE-PSK-CHACHA20-POLY1305", []), (0x303, "PSK-AES128-GCM-SHA256", plain), (0x304, None, [])):
        name = f"{NAMES[version]}, {cipher or 'any suite'}"
        flags = [FLAGS[version]] + (["-cipher", cipher] if cipher else [])
        with s_server("-nocert", "-psk", SECRET, "-psk_identity", "device-7", "-rev", *flags) as port:
            r = suite.client(port=port, options=PSK + more, mode="timeout")
            suite.check(f"PSK, our client, openssl s_server, {name}", r.get("version") == version and r.get("cert") == 0, str(r))
            for what, options in (("wrong secret", [["PSK", "0123456789abcdef"], PSK[1]]), ("wrong name", [PSK[0], ["PSK_IDENTITY", "device-8"]])):
                r = suite.client(port=port, options=options + more, mode="timeout")
                # s_server has only one identity; for another it only warns.
                fine = what == "wrong name" and version == 0x303 and r.get("version") == version
                suite.check(f"PSK, {what}, {name}", fine or r.get("type") == "TLSError", str(r))
        port, child = suite.server(options=PSK + more)
        out = s_client(port, ["-psk", SECRET, "-psk_identity", "device-7", *flags])
        r = suite.results(child)
        suite.check(f"PSK, openssl s_client, our server, {name}", "hello there" in out and r and r[-1].get("version") == version, f"{out[-800:]} {r}")
        for what, secret, identity in (("wrong secret", "00" * 16, "device-7"), ("wrong name", SECRET, "device-8")):
            port, child = suite.server(options=PSK + more)
            out = s_client(port, ["-psk", secret, "-psk_identity", identity, *flags])
            r = suite.results(child)
            suite.check(f"PSK, our server, {what}, {name}", "hello there" not in out and r and r[-1].get("type") == "TLSError", f"{out[-800:]} {r}")


def ed25519(suite):
    """mbedTLS has no Ed25519: the error of each end names it, and a server with a second certificate is reached with that one."""
    for version in (0x303, 0x304):
        with s_server(*shown(suite, "ed25519"), "-www", FLAGS[version]) as port:
            r = suite.client(port=port, options=suite.trust(), mode="timeout")
            suite.check(f"Ed25519 alone, {NAMES[version]}", r.get("type") == "TLSError" and "handshake_failure" in r["text"], str(r))
            suite.say(f"  a server with Ed25519 alone, {NAMES[version]}: {r.get('text')}")
        second = [f for a in shown(suite, "ec") for f in [a.replace("-cert_chain", "-dcert_chain") if a == "-cert_chain" else
                                                          {"-cert": "-dcert", "-key": "-dkey"}.get(a, a)]]
        with s_server(*shown(suite, "ed25519"), *second, "-www", FLAGS[version]) as port:
            r = suite.client(port=port, options=suite.trust(), mode="timeout")
            suite.check(f"Ed25519 and P-256, {NAMES[version]}", r.get("version") == version, str(r))
    r = suite.client(port=1, options=own(suite, "ed25519"))
    suite.check("Ed25519 as our own", r.get("type") == "TLSError" and "TLS_OWN_" in r["text"], str(r))
    suite.say(f"  Ed25519 as our own: {r.get('text')}")


def run(suite):
    for part in (our_client, our_server, long_chain, psk, ed25519):
        part(suite)
