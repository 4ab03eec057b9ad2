#!/usr/bin/env python3
"""TLS sockets against other implementations: openssl's s_server and s_client, CPython's ssl, nginx, mosquitto, curl, Chromium; bad
certificates, corrupted connections.

    run.py --interp MICROPYTHON [--stack lwip|lwip-raw|sal] [--only PART]... [--long] [--jobs N]

--stack: the stack under the interpreter's sockets, if it is not Linux. On lwIP no peer outside of the program can be reached.

The last line is `N passed, N failed, N skipped`.

SPDX-License-Identifier: MIT
"""
import argparse
import concurrent.futures
import importlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import certs
import slow

HERE = os.path.dirname(os.path.abspath(__file__))


class Suite:
    numbers = itertools.count()

    def __init__(self, interp, maker, scratch, stack, long):
        self.interp, self.maker, self.scratch, self.stack, self.long = interp, maker, scratch, stack, long
        self.passed = self.failed = self.skipped = 0
        self.said = []

    def check(self, name, ok, why=""):
        self.passed += bool(ok)
        self.failed += not ok
        if not ok:
            self.say(f"FAIL {name}: {why}")
        return ok

    def skip(self, name, why):
        self.skipped += 1
        self.say(f"skip {name}: {why}")

    def say(self, text):
        self.said.append(text)

    def file(self, name):
        return {"file": self.maker.path(name)}

    def trust(self, *more):
        return [["CA_CERT", self.file("root.pem")], ["HOSTNAME", certs.HOST], *more]

    def start(self, environment=None, **cfg):
        script = os.path.join(self.scratch, f"{next(self.numbers)}.json")
        with open(script, "w") as file:
            json.dump(cfg, file)
        return subprocess.Popen([self.interp, "-X", "heapsize=4m", os.path.join(HERE, "peer.py"), script], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **(environment or {})})

    def lines(self, out):
        """The lines that a peer printed; a line that is no JSON is a traceback."""
        results = []
        for line in out.splitlines():
            try:
                results.append(json.loads(line))
            except ValueError:
                results.append({"type": "crash", "text": out[-600:]})
                break
        return results

    def client(self, **cfg):
        """The result of one run of a client, or of a list of runs."""
        several = "runs" in cfg or "times" in cfg
        child = self.start(role="client", **cfg)
        try:
            limit = slow.Limit(cfg.get("limit", 60))
            out, _ = slow.communicate(child, limit)
        except subprocess.TimeoutExpired:
            child.kill()
            out, _ = child.communicate()
            out += "\n" + json.dumps({"type": "hang", "text": limit.words()})
        if child.returncode not in (0, None) and not out.strip():
            out = json.dumps({"type": "crash", "text": f"ended with {child.returncode}"})
        results = self.lines(out) or [{"type": "crash", "text": f"nothing printed, {child.returncode}"}]
        if child.returncode not in (0, None):
            results.append({"type": "crash", "text": f"ended with {child.returncode}: {out[-1500:]}"})
        return results if several else results[-1]

    def server(self, **cfg):
        """Start a server; returns its port and the process."""
        child = self.start(role="server", **cfg)
        line = child.stdout.readline()
        try:
            return json.loads(line)["port"], child
        except (ValueError, KeyError):
            rest = child.communicate()[0]
            raise RuntimeError(f"no server: {line}{rest}") from None

    def results(self, child, limit=30):
        try:
            limit = slow.Limit(limit)
            out, _ = slow.communicate(child, limit)
        except subprocess.TimeoutExpired:
            child.kill()
            out = child.communicate()[0] + "\n" + json.dumps({"type": "hang", "text": limit.words()})
        if child.returncode:
            out += "\n" + json.dumps({"type": "crash", "text": f"ended with {child.returncode}: {out[-1500:]}"})
        return self.lines(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--interp", required=True)
    parser.add_argument("--stack", choices=("lwip", "lwip-raw", "sal"))
    parser.add_argument("--only", action="append")
    parser.add_argument("--certs", help="keep the certificates here")
    parser.add_argument("--long", action="store_true", help="every byte of a handshake, not every ninth: only the parts that do more then")
    parser.add_argument("--jobs", type=int, default=2, help="parts at once (2)")
    args = parser.parse_args()
    slow.control()
    # Two parts run at once, the longest first.
    parts = args.only or (["spoiled", "datagrams", "programs"] if args.long else
                          ["spoiled", "datagrams", "openssl", "bad", "limits", "programs", "behaviour", "interop", "conformance", "flood"])
    with tempfile.TemporaryDirectory() as scratch:
        maker = certs.make(args.certs or scratch)

        def run(part):
            suite = Suite(os.path.abspath(args.interp), maker, scratch, args.stack, args.long)
            if args.stack in ("lwip", "lwip-raw") and part != "behaviour":
                suite.skip(part, "its other end is outside of this stack, whose only interface here is its loopback; see behaviour's among.py")
                return suite
            start = time.monotonic()
            try:
                importlib.import_module(part).run(suite)
            except Exception:
                suite.check(part, False, traceback.format_exc())
            suite.say(f"{part}: {suite.passed} passed, {suite.failed} failed ({time.monotonic() - start:.0f} s)")
            return suite

        totals = [0, 0, 0]
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            for future in concurrent.futures.as_completed([pool.submit(run, part) for part in parts]):
                suite = future.result()
                print(*suite.said, sep="\n", flush=True)
                totals = [n + more for n, more in zip(totals, (suite.passed, suite.failed, suite.skipped))]
    print("%d passed, %d failed, %d skipped" % tuple(totals))
    return 1 if totals[1] else 0


if __name__ == "__main__":
    sys.exit(main())
