#!/usr/bin/env python3
"""Compare aiosocket with MicroPython's asyncio on its built-in socket and with CPython's asyncio, over loopback.

usage: bench/aio/run.py [--quick] [--only echo|http|freeze]

echo: 64-byte messages per second with 1, 100, 1,000 and 10,000 connections, of which at most 100 are active; memory per
connection; CPU time when all are idle. http: requests per second (wrk). freeze: the longest delay of a task (meter.py).
Results: build/bench/aio.txt. Figures of different runs are not comparable; within a run the contenders take turns in each round.
"""

import argparse
import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
OUT = os.path.join(ROOT, "build", "bench")
CONTENDERS = {
    "usocket": ("aiosocket", [os.path.join(ROOT, "build/unix/micropython")]),
    "builtin": ("built-in", [os.path.join(ROOT, "build/ab/micropython")]),
    "cpython": ("CPython", [sys.executable]),
}
# MicroPython's heap: room for 10,000 connections of the echo server. Its allocations pass through the whole of it, so that each one of
# a large heap misses the processor's cache; up to 1,000 connections of the HTTP server take less.
HEAP = {"echo": "128m", "http": "8m"}
SIZES = (1, 100, 1000, 10000)
ACTIVE = 100


class Server:
    """The server of one contender, in a process of its own."""

    def __init__(self, kind, what):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        interpreter = CONTENDERS[kind][1] + (["-X", "heapsize=" + HEAP[what]] if kind != "cpython" else [])
        command = [*interpreter, os.path.join(HERE, "server.py"), kind, what, str(self.port)]
        self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if self.child.stdout.readline() != "ready\n":
            raise SystemExit(f"{kind}: the server does not start")

    def busy(self):
        """Seconds of CPU time used so far."""
        with open(f"/proc/{self.child.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self):
        with open(f"/proc/{self.child.pid}/statm") as f:
            return int(f.read().split()[1]) * resource.getpagesize()

    def stop(self):
        self.child.kill()
        self.child.wait()


class Load:
    """The load generator, load.c."""

    def __init__(self, port):
        program = os.path.join(OUT, "load")
        source = os.path.join(HERE, "load.c")
        if not os.path.exists(program) or os.path.getmtime(program) < os.path.getmtime(source):
            subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-o", program, source], check=True)
        self.child = subprocess.Popen([program, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def do(self, *words):
        self.child.stdin.write(" ".join(map(str, words)) + "\n")
        self.child.stdin.flush()
        answer = self.child.stdout.readline().split()
        if not answer:
            raise SystemExit("the load ended")
        return [float(word) for word in answer]

    def stop(self):
        self.child.stdin.close()
        self.child.wait()


def echo(kind, sizes, ms):
    """{size: {measure: value}} of one server, with a growing number of connections."""
    server = Server(kind, "echo")
    load = Load(server.port)
    rows = {}
    try:
        load.do("open", 1)
        heap, resident = load.do("ask")[0], server.resident()
        for size in sizes:
            seconds = load.do("open", size)[0]
            row = {"connect": seconds}
            time.sleep(0.5)  # until the server has accepted the last of them and its handler waits
            bytes_ = load.do("ask")[0] - heap if kind != "cpython" else server.resident() - resident
            row["bytes"] = bytes_ / (size - 1) if size > 1 else None
            before, start = server.busy(), time.monotonic()
            time.sleep(ms / 1000)
            row["idle"] = 100 * (server.busy() - before) / (time.monotonic() - start)
            load.do("pass", min(size, ACTIVE), ms // 4)  # warm-up
            row["rate"], row["median"], row["p99"] = load.do("pass", min(size, ACTIVE), ms)
            rows[size] = row
            say(f"{kind}: {size} connections: {row['rate']:.0f} messages/s")
    finally:
        load.stop()
        server.stop()
    return rows


def http(kind, connections, seconds):
    """Requests per second, and the 99th percentile of their durations in ms."""
    server = Server(kind, "http")
    try:
        done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", f"http://127.0.0.1:{server.port}/"],
                              capture_output=True, text=True, check=True)
    finally:
        server.stop()
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))
    late = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout)
    errors = re.search(r"Socket errors: (.*)", done.stdout)
    say(f"{kind}: {connections} connections: {rate:.0f} requests/s")
    return rate, float(late.group(1)) * {"us": 0.001, "ms": 1, "s": 1000}[late.group(2)], errors and errors.group(1)


def say(words):
    print(words, file=sys.stderr, flush=True)


def middle(values):
    return statistics.median(values)


def echo_tables(rounds, sizes):
    """Format the medians over the rounds."""
    lines = []
    for name, title, form in (
        ("rate", f"messages of 64 B in a second, at most {ACTIVE} connections active", "%.0f"),
        ("median", "median time of one, microseconds", "%.0f"),
        ("p99", "99th percentile, microseconds", "%.0f"),
        ("bytes", "bytes for a connection (MicroPython: of its heap; CPython: resident)", "%.0f"),
        ("idle", "processor when all are idle, per cent", "%.1f"),
        ("connect", "seconds to connect those that are new", "%.2f"),
    ):
        lines += ["", title, "%-14s" % "connections" + "".join("%12s" % CONTENDERS[kind][0] for kind in CONTENDERS)]
        for size in sizes:
            values = [[r[kind][size][name] for r in rounds if r[kind][size][name] is not None] for kind in CONTENDERS]
            if all(values):
                lines.append("%-14d" % size + "".join("%12s" % (form % middle(v)) for v in values))
    return lines


def http_table(rounds, connections):
    lines = ["", "HTTP requests in a second (wrk), and the 99th percentile of their times in ms"]
    lines.append("%-14s" % "connections" + "".join("%20s" % CONTENDERS[kind][0] for kind in CONTENDERS))
    for c in connections:
        cells = []
        for kind in CONTENDERS:
            rate, late = (middle([r[kind][c][i] for r in rounds]) for i in (0, 1))
            failed = any(r[kind][c][2] for r in rounds)
            cells.append("%20s" % ("%.0f / %.1f%s" % (rate, late, " (errors)" if failed else "")))
        lines.append("%-14d" % c + "".join(cells))
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short round: does it run at all")
    parser.add_argument("--only", choices=("echo", "http", "freeze"))
    given = parser.parse_args()
    os.makedirs(OUT, exist_ok=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 12000
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, hard) if hard != resource.RLIM_INFINITY else most, hard))
    sizes = tuple(size for size in SIZES if hard == resource.RLIM_INFINITY or size + 100 <= hard)
    rounds, ms, seconds = (1, 400, 1) if given.quick else (3, 2000, 4)
    lines = []
    if given.only in (None, "echo"):
        if sizes != SIZES:
            lines.append(f"this system gives a process {hard} descriptors: no more connections than {sizes[-1]}")
        lines += echo_tables([{kind: echo(kind, sizes, ms) for kind in CONTENDERS} for _ in range(rounds)], sizes)
    if given.only in (None, "http"):
        if shutil.which("wrk"):
            all_rounds = [{kind: {c: http(kind, c, seconds) for c in (10, 100, 1000)} for kind in CONTENDERS} for _ in range(rounds)]
            lines += http_table(all_rounds, (10, 100, 1000))
        else:
            lines.append("no HTTP: wrk is not installed")
    if given.only in (None, "freeze"):
        count = ["--count", "6"] if given.quick else []
        done = subprocess.run([sys.executable, "-B", os.path.join(HERE, "meter.py"), *count], capture_output=True, text=True)
        lines += ["", "the longest time between two ticks of a task that sleeps 5 ms", done.stdout.rstrip()]
        if done.returncode:
            lines.append(done.stderr)
    text = "\n".join(lines).strip() + "\n"
    print(text, end="")
    with open(os.path.join(OUT, "aio.txt"), "w") as f:
        f.write(text)


if __name__ == "__main__":
    main()
