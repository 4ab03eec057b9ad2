#!/usr/bin/env python3
"""MicroPython's own test-suite, unmodified, against two interpreters.

    test/peers/run.py [--ours PATH] [--stock PATH] [--tree PATH] [--long] [--only RE] [-v]

Runs every test of the suite that touches sockets, select, ssl, tls, websocket
or asyncio streams on the stock interpreter (built-in `socket`) and on ours, and
prints one line per test with both results.  A test that stock passes, ours must
pass; ours must also pass the tests of extra/, written for features that later
releases of MicroPython test.

    PASS     the suite reports a pass, and the expected output shows that it tested something
    vacuous  the suite reports a pass, but nothing was tested (see verdict.py): not a pass
    SKIP     the test itself reports that it does not apply
    FAIL     with the first line that differs

Tests in two parts (multi_net) also run with CPython as the other side, both
ways round.  --long adds the mixed pairs stock/ours, asyncio beyond streams, and
the thread tests.

Each group of tests runs in network namespaces of its own, with substitutes for
the hosts of the Internet that the suite names: see cell.py and standins.py.
Needs root or unprivileged user namespaces, /dev/net/tun, and openssl.

Last line: `N passed, N failed, N skipped`.  A test counts as failed if stock
passes it and ours does not, or if only ours crashes or breaks its namespace; as
skipped if stock does not pass it either, listed with its reason.
"""

import argparse
import glob
import json
import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
import slow
import standins
import tree
from verdict import BROKEN, FAIL, PASS, SKIP, VACUOUS, judge

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
WORK = f"{ROOT}/build/peers"
LIMIT = 60  # seconds for one test, scaled to the machine; the suite's own limit is 30
BATCH = 6   # tests that share a namespace, one after the other
AGAIN = 5  # more failures than this are not repeated

CRASHED = re.compile(r"\w+Sanitizer:|Segmentation fault")  # in the log of a run

# Known reasons of failures in both columns.
KNOWN = {
    r"requested feature is not available": "this build of mbedTLS does not do this",
    r"mbedtls|MBEDTLS|SSL - |X509 - |CIPHERSUITE": "mbedTLS prints its own error texts, MicroPython's copy of it others",
}


def options():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--ours", default=f"{ROOT}/build/unix/micropython")
    p.add_argument("--stock", default=f"{ROOT}/build/ab/micropython")
    p.add_argument("--tree", default=os.environ.get("MICROPYTHON_DIR"),
                   help="MicroPython source tree (default: the one in build/)")
    p.add_argument("--long", action="store_true")
    p.add_argument("--only", default="", help="run only the tests whose name matches")
    p.add_argument("--jobs", type=int, default=max(3, min(6, os.cpu_count() or 2)))
    p.add_argument("-v", action="store_true", help="print the whole log of each failure of ours")
    o = p.parse_args()
    if o.tree is None:
        version = os.environ.get("MICROPYTHON_VERSION", "*")
        found = sorted(glob.glob(f"{ROOT}/build/micropython-{version}/tests"))
        o.tree = os.path.dirname(found[0]) if found else None
    if not o.tree or not os.path.isdir(f"{o.tree}/tests"):
        sys.exit("no MicroPython source tree: run `make` first, or give --tree PATH")
    for path in (o.ours, o.stock):
        if not os.access(path, os.X_OK):
            sys.exit(f"no interpreter at {path}: run `make` first")
    if not os.path.exists("/dev/net/tun"):
        sys.exit("no /dev/net/tun: load the module (modprobe tun), or start the container with it")
    if subprocess.run(["unshare", "-rnmpf", "true"]).returncode:
        sys.exit("no new namespaces here: run as root, or allow unprivileged user namespaces")
    o.ours, o.stock = os.path.abspath(o.ours), os.path.abspath(o.stock)
    return o


def plan(o, copy):
    """List all runs: dicts with column, row label, name, instances, inet."""
    local, inet, multi = tree.select(copy, o.long)
    runs = []

    def add(column, name, instances=(), inet=False, label=None):
        if re.search(o.only, name) and name not in tree.LEFT_OUT:
            runs.append(dict(column=column, name=name, instances=list(instances), inet=inet,
                             row=label or name))

    for column, interp in (("stock", o.stock), ("ours", o.ours)):
        for name in inet:
            add(column, name, inet=True)
        for name in multi:
            add(column, name, (interp, interp))
            if speaks_cpython(f"{copy}/tests/{name}"):
                add(column, name, (interp, "cpython"), label=f"{name} [it, CPython]")
                add(column, name, ("cpython", interp), label=f"{name} [CPython, it]")
        for name in local:
            add(column, name)
    if o.long:
        for name in multi:
            for a, b, label in ((o.ours, o.stock, "[ours, stock]"), (o.stock, o.ours, "[stock, ours]")):
                if "extra/" not in name:
                    add("stock", name, (o.stock, o.stock), label=f"{name} {label}")
                    add("ours", name, (a, b), label=f"{name} {label}")
    return runs, [n for n in local + inet if n in tree.LEFT_OUT and re.search(o.only, n)]


def speaks_cpython(path):
    """True if CPython can play one side.

    It cannot in TLS tests, which need contexts that verify nothing by default
    and accept keys as bytes, nor in tests that use readinto() of a stream or
    ticks of time.
    """
    with open(path, encoding="utf-8") as f:
        return not re.search(r"\b(tls|ssl)\b|\.readinto\(|\bticks_ms\b", f.read())


def batches(runs):
    """Groups of runs that can share a namespace."""
    groups = {}
    for r in runs:
        groups.setdefault((r["column"], r["inet"], tuple(r["instances"])), []).append(r)
    for (column, inet, instances), members in groups.items():
        for i in range(0, len(members), BATCH):
            yield members[i:i + BATCH], column, inet, instances


class Progress:
    def __init__(self, total):
        self.total, self.done, self.lock = total, 0, threading.Lock()

    def step(self, n):
        with self.lock:
            self.done += n
            if sys.stderr.isatty():
                print(f"\r{self.done}/{self.total} runs", end="", file=sys.stderr, flush=True)


def run_batch(job, members, progress):
    """Run one cell; returns [(run, verdict, reason, log, output)]."""
    cell = subprocess.Popen(
        ["unshare", "-rnmpf", "--kill-child", sys.executable, "-B", f"{HERE}/cell.py"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        limit = slow.Limit(LIMIT * len(members) + 60)
        out, err = slow.communicate(cell, limit, json.dumps(job))
    except subprocess.TimeoutExpired:
        cell.kill()
        out, err = cell.communicate()
        err += "\n" + limit.words()
    seen = [json.loads(line) for line in out.splitlines()]
    results = []
    for i, r in enumerate(members):
        if i < len(seen):
            results.append((r, *judge(r["name"], seen[i]), seen[i]["log"], seen[i]["output"]))
        else:
            last = (err.strip().split("\n") or [""])[-1]
            results.append((r, BROKEN, "the namespace broke: " + last[:90], err, None))
    progress.step(len(members))
    return results


def run_all(o, copy, runs):
    """Make all runs side by side. A test that only ours fails is repeated alone, because some tests of the suite depend on time."""
    results = run_some(o, copy, runs, o.jobs)
    stock = {r["row"]: found for r, *found in results if r["column"] == "stock"}
    ours = {r["row"]: found for r, *found in results if r["column"] == "ours"}
    # Repeat both columns where both fail without a known reason: if one passes then, it decides about the other.
    doubtful = {row for row, found in ours.items() if found[0] != PASS and (stock[row][0] == PASS or not excused(stock[row]))}
    if not doubtful or len(doubtful) > AGAIN:
        return results
    print("run again, alone: " + ", ".join(sorted(doubtful)))
    again = {(r["row"], r["column"]): (r, *found) for r, *found in run_some(o, copy, [r for r, *_ in results if r["row"] in doubtful], 1)}
    best = []
    for r, *found in results:
        new = again.get((r["row"], r["column"]))
        # A pass of stock is kept.
        best.append(new if new and not (r["column"] == "stock" and found[0] == PASS) else (r, *found))
    return best


def run_some(o, copy, runs, at_once):
    certs = f"{WORK}/certs"
    os.makedirs(certs, exist_ok=True)
    standins.certificates(certs)
    jobs, factor = [], slow.factor()
    for i, (members, column, inet, instances) in enumerate(batches(runs)):
        jobs.append((dict(tree=copy, certs=certs, scratch=f"{WORK}/results/{i}", inet=inet,
                          interp=o.stock if column == "stock" else o.ours, factor=factor, limit=LIMIT * factor,
                          instances=instances, names=[m["name"] for m in members]), members))
    progress = Progress(len(runs))
    with ThreadPoolExecutor(at_once) as pool:
        lists = list(pool.map(lambda j: run_batch(*j, progress), jobs))
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return [result for results in lists for result in results]


def explain(reason):
    for pattern, words in KNOWN.items():
        if re.search(pattern, reason):
            return f"{words}: {reason}"
    return reason


def excused(stock):
    """True if the reason of stock's failure is known."""
    verdict, reason = stock[:2]
    return verdict in (SKIP, VACUOUS) or verdict == FAIL and explain(reason) != reason


def report(results, left_out, verbose):
    rows = {}
    for r, *found in results:
        rows.setdefault(r["row"], {})[r["column"]] = found
    width = max(map(len, rows), default=20)
    passed = failed = skipped = 0
    print(f"{'test':{width}}  stock    ours     reason")
    for row in sorted(rows):
        stock, ours = rows[row]["stock"], rows[row]["ours"]
        alone = ours[0] == BROKEN != stock[0] or CRASHED.search(ours[2]) and not CRASHED.search(stock[2])
        owed = stock[0] == PASS or row.startswith("extra/") or alone
        why = []
        if ours[0] == PASS:
            passed += 1
            if stock[0] != PASS:
                why.append("stock: " + explain(stock[1]))
        elif owed:
            failed += 1
            why.append("OWED: " + explain(ours[1]))
        else:
            skipped += 1
            if not excused(stock):
                why.append("NOT OURS, the built-in socket fails as well")
            why.append(explain(stock[1]))
            if ours[:2] != stock[:2]:
                why.append("ours: " + explain(ours[1]))
            elif ours[3] != stock[3]:
                why.append("ours prints something else")
        print(f"{row:{width}}  {stock[0]:7}  {ours[0]:7}  {'; '.join(why)}".rstrip())
        if verbose and owed and ours[0] != PASS:
            print("    | " + ours[2].replace("\n", "\n    | "))
    for name in left_out:
        print(f"{name:{width}}  -        -        not run: {tree.LEFT_OUT[name]}")
    for column in ("stock", "ours"):
        verdicts = [rows[r][column][0] for r in rows if column in rows[r]]
        count = ", ".join(f"{verdicts.count(v)} {v}" for v in sorted(set(verdicts)))
        print(f"{column}: {count}")
    return passed, failed, skipped + len(left_out)


def main():
    o = options()
    start = time.monotonic()
    copy = f"{WORK}/tree"
    tree.lay_out(o.tree, copy)
    runs, left_out = plan(o, copy)
    results = run_all(o, copy, runs)
    print(f"MicroPython's own tests, from {os.path.relpath(o.tree)}: {len(runs)} runs")
    passed, failed, skipped = report(results, left_out, o.v)
    print(f"{time.monotonic() - start:.0f} s")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
