#!/usr/bin/env python3
"""Compare usocket with raw C, CPython and MicroPython's built-in socket in one run over loopback.

Each round measures each row with each contender in turn, so that a slow moment of the
machine affects all of them. Results: build/bench/results.txt, .md, .svg and .json.
--write records them in bench/speed.json, and writes the READMEs' charts and tables (tools/readmes.py).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time

import chart
import heap
import measure
import report
import speed
from rows import APART, BUILTIN, CONTENDERS, CPYTHON, RAW, ROWS, TOGETHER, USOCKET

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds to measure (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.2, help="length of one measurement (default %(default)s)")
    parser.add_argument("--rows", help="comma-separated: " + " ".join(row.name for row in ROWS))
    parser.add_argument("--quick", action="store_true", help="2 rounds of 0.05 s: does it run at all")
    parser.add_argument("--json", action="store_true", help="print the results as JSON instead of the table")
    parser.add_argument("--write", action="store_true", help="write bench/speed.json, the charts and the READMEs")
    parser.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    parser.add_argument("--usocket", default=os.path.join(ROOT, "build/unix/micropython"), metavar="PATH",
                        help="an interpreter whose usocket is ours")
    parser.add_argument("--builtin", default=os.path.join(ROOT, "build/ab/micropython"), metavar="PATH",
                        help="an interpreter whose socket is MicroPython's own")
    parser.add_argument("--out", default=os.path.join(ROOT, "build/bench"), metavar="DIR")
    given = parser.parse_args()
    if given.quick:
        given.rounds, given.seconds = 2, 0.05
    names = [row.name for row in ROWS]
    wanted = given.rows.split(",") if given.rows else names
    for name in wanted:
        if name not in names:
            parser.error("no row %r; there are: %s" % (name, " ".join(names)))
    if given.write and (given.quick or given.rows):
        parser.error("--write records a whole run: no --quick, no --rows")
    given.rows = [row for row in ROWS if row.name in wanted]
    return given


def say(words, end="\n"):
    print(words, end=end, file=sys.stderr, flush=True)


def compile_c(out, name, *flags, library=None):
    source, program = os.path.join(HERE, name + ".c"), os.path.join(out, name)
    newest = max(os.path.getmtime(path) for path in (source, library) if path)
    if not os.path.exists(program) or os.path.getmtime(program) < newest:
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-Wall", "-Wextra", *flags, "-o", program, source, *([library] if library else []),
                        "-pthread"], check=True)
    return program


def compile_tls(out):
    """Build raw_tls with the same mbedTLS as the interpreters."""
    include = os.path.join(os.path.abspath(os.environ.get("MBEDTLS_TREE") or os.path.join(ROOT, "build", "mbedtls-3.6.6")), "include")
    return compile_c(out, "raw_tls", '-DMBEDTLS_USER_CONFIG_FILE="mbedtls_user.h"', "-I" + os.path.join(ROOT, "port", "posix"), "-isystem",
                     include, library=os.path.join(ROOT, "build", "mbedtls", "libmbedcrypto.a"))


def certificates(out):
    """Make a CA and a server certificate; returns their directory."""
    place = os.path.join(out, "tls")
    os.makedirs(place, exist_ok=True)
    new = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30".split()
    for words in (["-subj", "/CN=bench", "-addext", "keyUsage=critical,keyCertSign", "-keyout", "ca.key", "-out", "ca.pem"],
                  ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE",
                   "-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "server.key", "-out", "server.pem"]):
        subprocess.run(new + words, cwd=place, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run("openssl x509 -in ca.pem -outform der -out ca.der".split(), cwd=place, check=True)
    return place


def unfit(command):
    """The reason for which a contender cannot take part, or None."""
    if not os.access(command[0], os.X_OK):
        return "there is no %s (run make)" % command[0]
    result = subprocess.run(command + ["none", "0", "0", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return result.stdout.decode(errors="replace").strip().splitlines()[-1] if result.returncode else None


class Bench:
    def __init__(self, given):
        self.given = given
        os.makedirs(given.out, exist_ok=True)
        self.peer = compile_c(given.out, "peer")
        self.commands = self.contenders(given, "client.py", compile_c(given.out, "raw"))
        self.tls_commands = {}
        if any(row.tls for row in given.rows):
            os.environ["BENCH_TLS"] = certificates(given.out)
            self.tls_commands = self.contenders(given, "client_tls.py", compile_tls(given.out))
        cpus = sorted(os.sched_getaffinity(0))
        self.cpus = {TOGETHER: ({cpus[-1]}, {cpus[-1]})}
        if len(cpus) > 1:
            self.cpus[APART] = ({cpus[-1]}, {cpus[0]})
        else:
            say("one CPU only: no row is measured apart")
        self.failures = {}

    def contenders(self, given, script, raw):
        """The command of each contender."""
        client = os.path.join(HERE, script)
        commands = {RAW: [raw], CPYTHON: [sys.executable, client, CPYTHON]}
        for name, path in ((BUILTIN, given.builtin), (USOCKET, given.usocket)):
            commands[name] = [path, client, name]
            reason = unfit(commands[name])
            if reason:
                del commands[name]
                say("%s is left out of %s: %s" % (CONTENDERS[name], script, reason))
        return commands

    def heap(self):
        """The heap of a connection, if TLS rows were requested."""
        if not self.tls_commands:
            return {}
        shim = os.path.abspath(compile_c(self.given.out, "heap", "-shared", "-fPIC"))
        return heap.figures(self.tls_commands, self.start_peer, shim)

    def of(self, row):
        return self.tls_commands if row.tls else self.commands

    def start_peer(self, role, delay=0):
        return measure.Peer(os.path.join(HERE, "peer_tls.py") if role.startswith("tls") else self.peer, role, delay)

    def attempt(self, key, action):
        """The result of action(), or None if this contender has failed in this row."""
        if key in self.failures:
            return None
        try:
            return action()
        except (measure.Failure, subprocess.TimeoutExpired) as e:
            self.failures[key] = str(e)
            say("\n%s: %s" % ("/".join(key), e))
            return None

    def run(self):
        plan = []
        for row in self.given.rows:
            layouts = [layout for layout in row.layouts if layout in self.cpus] or [TOGETHER]
            for layout in layouts:
                for contender in self.of(row):
                    if contender not in row.absent:
                        plan.append((row, layout, contender))
        peers = {role: self.start_peer(role) for role in {row.role for row in self.given.rows}}
        try:
            series = self.rounds(plan, peers)
        finally:
            for peer in peers.values():
                peer.stop()
        calls = self.syscalls(plan, series)
        return self.collect(plan, series, calls)

    def rounds(self, plan, peers):
        def command(row, contender):
            return lambda n: self.of(row)[contender] + row.arguments(peers[row.role].port, n)

        counts, series = {}, {}
        steps, done = len(plan) * (self.given.rounds + 1), 0
        for turn in range(self.given.rounds + 1):
            # Each round starts with another contender.
            for i in range(len(plan)):
                step = plan[i]
                row, layout, contender = step
                key = (row.name, layout, contender)
                client_cpus, peer_cpus = self.cpus[layout]
                peers[row.role].move(peer_cpus)
                done += 1
                what = "calibrating" if turn == 0 else "round %d of %d" % (turn, self.given.rounds)
                if sys.stderr.isatty():
                    say("\r%3d %%  %-16s %-40s" % (100 * done // steps, what, "/".join(key)), end="")
                elif done % len(plan) == 1:
                    say("%3d %%  %s" % (100 * done // steps, what))
                if turn == 0:
                    counts[key] = self.attempt(key, lambda: measure.calibrate(
                        command(row, contender), client_cpus, self.given.seconds))
                    series[key] = measure.Series()
                else:
                    self.attempt(key, lambda: series[key].add(
                        command(row, contender), client_cpus, max(2, counts[key])))
            plan = rotate(plan)
        if sys.stderr.isatty():
            say("")
        return series

    def syscalls(self, plan, series):
        if not shutil.which("strace"):
            say("no strace: system calls are not counted")
            return {}
        say("counting system calls")
        calls = {}
        for row, layout, contender in plan:
            key = (row.name, row.layouts[0], contender)
            if (row.name, contender) in calls or key in self.failures:
                continue
            # A delayed echo takes a millisecond; the other operations are fast, and a larger count makes small shares visible.
            count = 200 if row.role.endswith(("echo", "udp")) else int(1e4 / series[key].figures()["median"])
            count = min(max(count, 200), 10000)
            peer = self.start_peer(row.role, 1000)
            try:
                calls[row.name, contender] = self.attempt(key, lambda: measure.syscalls(
                    lambda n: self.of(row)[contender] + row.arguments(peer.port, n), count))
            finally:
                peer.stop()
        return calls

    def collect(self, plan, series, calls):
        results = []
        for row in self.given.rows:
            for layout in dict.fromkeys(layout for r, layout, _ in plan if r is row):
                cells, failed = {}, {}
                for contender in self.of(row):
                    key = (row.name, layout, contender)
                    if key in self.failures:
                        failed[contender] = self.failures[key]
                    elif contender not in row.absent:
                        cells[contender] = series[key].figures()
                        cells[contender]["syscalls"] = calls.get((row.name, contender))
                results.append({"row": row.name, "title": row.title, "layout": layout, "cells": cells,
                                "failed": failed, "targets": report.judge(row, cells)})
        report.judge_resumed(results)
        return results


def rotate(plan):
    """The plan rotated by one: in each row and layout the second contender becomes the first."""
    groups = {}
    for step in plan:
        groups.setdefault((step[0].name, step[1]), []).append(step)
    return [step for group in groups.values() for step in group[1:] + group[:1]]


def main():
    given = options()
    began = time.monotonic()
    bench = Bench(given)
    results = bench.run()
    memory = bench.heap()
    head = speed.about(given.rounds, given.seconds)
    about = {**head, "seconds": given.seconds, "took": round(time.monotonic() - began),
             "contenders": [CONTENDERS[name] for name in bench.commands]}
    base = os.path.join(given.out, "results")
    for end, words in ((".json", json.dumps({"about": about, "results": results, "heap": memory}, indent=1)),
                       (".txt", report.text(about, results, memory)), (".md", report.markdown(about, results, memory)),
                       (".svg", chart.svg(given.rounds, results))):
        with open(base + end, "w") as file:
            file.write(words + "\n")
    print(open(base + (".json" if given.json else ".txt")).read())
    say("%s: .txt .md .svg .json" % base)
    if given.write and not bench.failures:
        speed.write(head, results)
        sys.path.append(os.path.join(ROOT, "tools"))
        import readmes
        readmes.write()
    missed = any(not target["met"] for result in results for target in result["targets"])
    return 1 if bench.failures or (given.check and missed) else 0


if __name__ == "__main__":
    sys.exit(main())
