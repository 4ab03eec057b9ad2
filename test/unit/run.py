#!/usr/bin/env python3
"""Run test programs and count.

    run.py [--under COMMAND] [--jobs N] [--also COMMAND]... [--brief PROGRAM...] --full PROGRAM...

The programs print TAP through cmocka. Programs after --brief run with TEST_SHORT set. NAME=VALUE among them is set for
the programs that follow. A command after --also is one test.
The last line is `N passed, N failed, N skipped`.

SPDX-License-Identifier: MIT
"""
import argparse
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
import slow

RESULT = re.compile(r"^(ok|not ok) \d+ - (.*)$", re.M)
SKIPPED = re.compile(r"^(?:not )?ok \d+ # SKIP (.*)$", re.M)
LIMIT = int(os.environ.get("TEST_LIMIT", "120"))  # seconds for one program, on a machine that is not slow (tools/slow.py)


def execute(command, env):
    """Run a command; returns its status and its output."""
    began, limit = time.monotonic(), slow.Limit(LIMIT)
    child = subprocess.Popen(command, env={**env, "TEST_SLOW": f"{limit.factor:.2f}"}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, start_new_session=True)
    words = ""
    try:
        text, _ = slow.communicate(child, limit)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        text, words = child.communicate()[0], f"\n{limit.words()}\n"
    return None if words else child.returncode, text.decode(errors="replace") + words, time.monotonic() - began


def program(path, under, env):
    """Run one test program; returns (passed, failed, skipped, text to print)."""
    status, text, took = execute(under + [path], {**env, "CMOCKA_MESSAGE_OUTPUT": "TAP"})
    results = RESULT.findall(text)
    skipped = SKIPPED.findall(text)
    passed = sum(r[0] == "ok" for r in results)
    failed = len(results) - passed
    plan = re.search(r"^1\.\.(\d+)", text, re.M)
    missing = int(plan[1]) - len(results) - len(skipped) if plan else 1
    reasons = dict(re.findall(r"^# (\w+): (.*)$", text, re.M))
    if missing > 0 or (status != 0 and failed == 0):
        failed += max(missing, 1)
    manners = f" ({env['LOOK']})" if "LOOK" in env else ""
    words = [f"{path}{manners}: {passed} passed, {failed} failed ({took:.1f} s)"]
    words += [f"  skipped: {name}: {reasons.get(name, 'for no reason')}" for name in skipped]
    failed += sum(name not in reasons for name in skipped)
    if failed:
        words += [f"  ended with {status}"] + ["    " + line for line in text.splitlines()[-120:] if not line.startswith("ok ")]
    return passed, failed, len(skipped), "\n".join(words)


def jobs_of(arguments, under, env):
    """The programs of a list, each with its environment."""
    jobs = []
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if equals:
            env = {**env, name: value}
        else:
            jobs.append((argument, under, env))
    return jobs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--under", default="")
    parser.add_argument("--jobs", type=int, default=4, help="at once; they wait more than they work (4)")
    parser.add_argument("--also", action="append", default=[])
    parser.add_argument("--brief", nargs="*", default=[])
    parser.add_argument("--full", nargs="*", default=[])
    args = parser.parse_args()
    slow.control()
    env = dict(os.environ)
    under = shlex.split(args.under)
    jobs = jobs_of(args.full, under, env) + jobs_of(args.brief, under, {**env, "TEST_SHORT": "1"})
    totals = [0, 0, 0]
    with ThreadPoolExecutor(args.jobs) as pool:
        for passed, failed, skipped, words in pool.map(lambda job: program(*job), jobs):
            print(words, flush=True)
            totals = [totals[0] + passed, totals[1] + failed, totals[2] + skipped]
    for command in args.also:
        status, text, took = execute(shlex.split(command), env)
        print(f"{command}: {'passed' if status == 0 else 'FAILED'} ({took:.1f} s)")
        if status != 0:
            print(text)
        totals[0 if status == 0 else 1] += 1
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    sys.exit(totals[1] != 0)


if __name__ == "__main__":
    main()
