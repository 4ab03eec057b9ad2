"""Connections that a proxy disturbs: cut at each byte of the handshake, with each byte flipped, or forwarded in small pieces, in both
directions.

SPDX-License-Identifier: MIT
"""
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor

import certs
import strangers

MODES = ("blocking", "timeout", "nonblocking")
SILENCE = 0.4  # seconds; a larger length field makes an end wait for missing bytes until the proxy cuts the connection


def told(r):
    return r.get("type") == "TLSError" or (r.get("type") in ("OSError", "timeout") and r.get("number") in (104, 32, 110))


def measured(change):
    """A function that changes nothing and records the number of bytes."""
    counts = []

    def look(data, position):
        counts.append(len(data))
        return change(data, position)
    return counts, lambda _: look


def from_server(suite, what, change, version, mode, length, step):
    """Run usocket's client and return its result with that of CPython's server."""
    options = suite.trust()
    with strangers.echo(strangers.server_context(suite.maker, "ec", versions=(version, version))) as server:
        positions = range(0, length(suite, server.port, options), step)
        with strangers.Spoiler(server.port, lambda number: change(positions[number]), timeout=SILENCE) as way:
            results = suite.client(port=way.port, options=options, mode=mode, times=len(positions), limit=900, bytes=40, timeout=5)
    verdict(suite, f"{what} from the server, {version:#x}, {mode}", positions, results)


def from_client(suite, what, change, version, mode, step):
    """Run usocket's server and return its result with that of CPython's client."""
    ctx = ssl.create_default_context(cafile=suite.maker.path("root.pem"))
    ctx.minimum_version = ctx.maximum_version = strangers.VERSIONS[version]
    options = [["OWN_CERT", suite.file("ec.chain")], ["OWN_KEY", suite.file("ec.key")]]

    def connect(port):
        try:
            with ctx.wrap_socket(socket.create_connection(("127.0.0.1", port), 5), server_hostname=certs.HOST) as tls:
                tls.recv(1)
        except OSError:
            pass
    port, child = suite.server(options=options, connections=1)
    counts, look = measured(lambda data, _: (data, True))
    with strangers.Spoiler(port, look, upstream=True, timeout=SILENCE) as way:
        connect(way.port)
    suite.results(child)
    positions = range(0, sum(counts), step)
    port, child = suite.server(options=options, connections=len(positions), mode=mode)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(child.stdout), daemon=True)
    reader.start()
    with strangers.Spoiler(port, lambda number: change(positions[number]), upstream=True, timeout=SILENCE) as way:
        for _ in positions:
            connect(way.port)
    reader.join(20)
    child.kill()
    child.wait()
    verdict(suite, f"{what} from the client, {version:#x}, {mode}", positions, suite.lines("".join(lines)))


def verdict(suite, name, positions, results):
    suite.check(f"{name}: all {len(positions)} ended", len(results) == len(positions), f"{len(results)}: {results[-1:]}")
    wrong = [(p, r) for p, r in zip(positions, results) if not told(r)]
    suite.check(name, not wrong, f"{len(wrong)} of them, the first at byte {wrong and wrong[0]}")
    suite.say(f"  {name}: {len(positions)} positions")


def server_length(suite, port, options):
    """The number of bytes that the server sends for a handshake, with session tickets, without close_notify."""
    counts, look = measured(lambda data, _: (data, True))
    with strangers.Spoiler(port, look) as way:
        r = suite.client(port=way.port, options=options, mode="timeout")
    assert r.get("version"), r
    return sum(counts) - 60


def sweeps(suite):
    for version in (0x303, 0x304):
        for mode in MODES:
            few = 1 if suite.long else 5 if mode == "timeout" else 17
            yield from_server, "cut", strangers.cut_at, version, mode, server_length, few
            yield from_server, "flipped", strangers.flip_at, version, mode, server_length, few + (few > 1)
            yield from_client, "cut", strangers.cut_at, version, mode, few
            yield from_client, "flipped", strangers.flip_at, version, mode, few + (few > 1)


def pieces(suite, version, size):
    ctx = strangers.server_context(suite.maker, "ec", versions=(version, version))

    def one(conn, _):
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with socket.create_connection(("127.0.0.1", server.port)) as behind:
            behind.settimeout(10)
            thread = threading.Thread(target=pump, args=(conn, behind), daemon=True)
            thread.start()
            pump(behind, conn)
            thread.join(5)

    def pump(a, b):
        try:
            while data := a.recv(65536):
                for at in range(0, len(data), size):
                    b.sendall(data[at:at + size])
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    with strangers.echo(ctx) as server, strangers.Server(one) as way:
        results = suite.client(port=way.port, runs=[{"mode": m} for m in MODES], options=suite.trust(), bytes=3000)
    for mode, r in zip(MODES, results):
        suite.check(f"pieces of {size}, {version:#x}, {mode}", r.get("same"), str(r))


def run(suite):
    with ThreadPoolExecutor(6) as pool:  # they mostly wait
        jobs = [pool.submit(sweep, suite, *rest) for sweep, *rest in sweeps(suite)]
        jobs += [pool.submit(pieces, suite, version, size) for version in (0x303, 0x304) for size in (1, 2, 3, 5, 17, 100)]
        for job in jobs:
            job.result()
