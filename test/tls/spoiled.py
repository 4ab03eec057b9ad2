"""Connections that are spoiled on the way: cut at each byte of the handshake, each byte of it flipped, passed in small pieces.

SPDX-License-Identifier: MIT
"""
import socket

import certs
import strangers


def length(suite, port, options):
    """How many bytes the server sends for a handshake."""
    total = []

    def spoil(_):
        def look(data, position):
            total.append(len(data))
            return data, True
        return look
    with strangers.Spoiler(port, spoil) as way:
        r = suite.client(port=way.port, options=options, mode="timeout")
    assert r.get("version"), r
    return sum(total)


def sweep(suite, what, change, version, options, mode, port, positions, alright):
    with strangers.Spoiler(port, lambda number: change(positions[number])) as way:
        results = suite.client(port=way.port, options=options, mode=mode, times=len(positions), limit=240, bytes=40, timeout=0.5)
    suite.check(f"{what}, {version:#x}, {mode}: all {len(positions)} ended", len(results) == len(positions), f"{len(results)}: {results[-1:]}")
    wrong = [(p, r) for p, r in zip(positions, results) if not alright(r)]
    suite.check(f"{what}, {version:#x}, {mode}", not wrong, f"{len(wrong)} of them, the first at byte {wrong and wrong[0]}")


def told(r):
    return r.get("type") == "TLSError" or (r.get("type") in ("OSError", "timeout") and r.get("number") in (104, 32, 110))


def run(suite):
    for version in (0x303, 0x304):
        ctx = strangers.server_context(suite.maker, "ec", versions=(version, version))
        options = suite.trust()
        with strangers.echo(ctx) as server:
            n = length(suite, server.port, options)
            for mode, step in (("timeout", 1 if suite.long else 4), ("nonblocking", 7)):
                sweep(suite, "cut", strangers.cut_at, version, options, mode, server.port, list(range(0, n - 60, step)), told)
        # A flipped byte may have the client wait for more: so the server's end comes soon.
        with strangers.echo(ctx) as server:
            for mode, step in (("timeout", 1 if suite.long else 9), ("nonblocking", 23)):
                sweep(suite, "flipped", flip_then_end(n), version, options, mode, server.port, list(range(0, n - 120, step)), told)
        pieces(suite, version, options, ctx)


def flip_then_end(_):
    """Flip a byte, and close once the server is silent: a length that grew is waited for in vain."""
    def flip_at(position):
        inner = strangers.flip_at(position)

        def change(data, at):
            out, _ = inner(data, at)
            return out, True
        return change
    return flip_at


def pieces(suite, version, options, ctx):
    for size in (1, 2, 3, 5, 17, 100):
        def one(conn, _, size=size):
            behind = socket.create_connection(("127.0.0.1", server.port))
            behind.settimeout(10)
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            import threading

            def pump(a, b):
                try:
                    while data := a.recv(65536):
                        for at in range(0, len(data), size):
                            b.sendall(data[at:at + size])
                    b.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
            thread = threading.Thread(target=pump, args=(conn, behind), daemon=True)
            thread.start()
            pump(behind, conn)
            thread.join(5)
            behind.close()
        with strangers.echo(ctx) as server, strangers.Server(one) as way:
            results = suite.client(port=way.port, runs=[{"mode": m} for m in ("timeout", "nonblocking")], options=options, bytes=3000)
        for r in results:
            suite.check(f"pieces of {size}, {version:#x}", r.get("same"), str(r))
