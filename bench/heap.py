"""Measure the heap of one TLS client connection in bytes: the peak during its handshake, the amount when idle, and the peak while 64 KiB
are sent and echoed. Memory shared by all connections (contexts, CA certificates, tables) is not counted."""

import os
import subprocess

import measure
from rows import BUILTIN, CONTENDERS, CPYTHON, RAW, USOCKET

KINDS = ("tls12", "tls13", "tls12-2048")
TITLES = {"tls12": "TLS 1.2", "tls13": "TLS 1.3", "tls12-2048": "TLS 1.2, records of 2 KiB"}
PLACES = ("in the handshake", "idle", "64 KiB out and back")


def figures(commands, start_peer, shim):
    """{kind: {contender: (handshake, idle, transfer)}}; a message in place of the tuple after a failure."""
    found = {}
    for kind in KINDS:
        found[kind] = {}
        for name in (RAW, CPYTHON, BUILTIN, USOCKET):
            if name not in commands or kind.endswith("2048") and name in (CPYTHON, BUILTIN):
                continue
            peer = start_peer(kind[:5] + "-echo")
            try:
                done = subprocess.run(commands[name] + [kind[:5] + "-heap", str(peer.port), kind.partition("-")[2] or "0", "0"],
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=measure.LIMIT,
                                      env=dict(os.environ, LD_PRELOAD=shim, BENCH_HEAP=shim))
                numbers = done.stdout.split()
                found[kind][name] = [int(n) for n in numbers] if len(numbers) == 3 else (done.stderr.strip() or "no figures").splitlines()[-1]
            finally:
                peer.stop()
    return found


def table(found):
    """Format the figures like the tables of report.py."""
    lines = [["heap of a connection, bytes", ""] + [CONTENDERS[name] for name in (RAW, CPYTHON, BUILTIN, USOCKET)]]
    for kind, cells in found.items():
        for at, place in enumerate(PLACES):
            line = [TITLES[kind], place]
            for name in (RAW, CPYTHON, BUILTIN, USOCKET):
                cell = cells.get(name)
                line.append("-" if cell is None else "failed" if isinstance(cell, str) else str(cell[at]))
            lines.append(line)
    return lines
