#!/usr/bin/env python3
"""Run several test suites, each a target of the Makefile, and add up what they count.

usage: tools/suites.py NAME TARGET...     run the targets; the totals go to build/logs/NAME.counts
       tools/suites.py --sum NAME...      add up the totals of earlier runs

A suite's last line of the form `N passed, N failed, N skipped` counts. A suite that ends with an error although it counted
no failure, that prints no such line or that ran no test counts as one failure.
"""

import os
import re
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = os.path.join(ROOT, "build", "logs")
LIMIT = 30 * 60  # seconds for one suite

COUNTS = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")


def run(target):
    """Run one suite, its output shown and kept; returns (passed, failed, skipped), seconds, a note."""
    counts, start, late = None, time.monotonic(), []
    with open(os.path.join(LOGS, target + ".log"), "w") as log:
        child = subprocess.Popen(["make", "--no-print-directory", target], cwd=ROOT, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                 start_new_session=True)

        def stop(*_):
            late.append(True)
            os.killpg(child.pid, signal.SIGKILL)

        signal.signal(signal.SIGALRM, stop)
        signal.alarm(LIMIT)
        try:
            for line in child.stdout:
                log.write(line)
                match = COUNTS.match(line)
                if match:
                    counts = tuple(int(number or 0) for number in match.groups())
                sys.stdout.write(line)
                sys.stdout.flush()
            status = child.wait()
        except BaseException:
            os.killpg(child.pid, signal.SIGKILL)
            raise
        finally:
            signal.alarm(0)
    passed, failed, skipped = counts or (0, 0, 0)
    note = ""
    if late:
        note = f"stopped after {LIMIT} s"
    elif counts is None:
        note = f"ended with code {status}, counted nothing"
    elif status and not failed:
        note = f"ended with code {status}"
    elif not any(counts):
        note = "ran no test"
    return (passed, failed + (1 if note else 0), skipped), time.monotonic() - start, note


def run_all(name, targets):
    os.makedirs(LOGS, exist_ok=True)
    rows, total = [], (0, 0, 0)
    for target in targets:
        print(f"=== {target}", flush=True)
        counts, seconds, note = run(target)
        rows.append((target, counts, seconds, note))
        total = tuple(map(sum, zip(total, counts)))
    with open(os.path.join(LOGS, name + ".counts"), "w") as file:
        file.write("%d %d %d\n" % total)
    print(f"\n{name:<20} {'passed':>7} {'failed':>7} {'skipped':>7} {'time':>7}")
    for target, counts, seconds, note in rows:
        print(f"  {target:<18} {counts[0]:>7} {counts[1]:>7} {counts[2]:>7} {seconds:>5.0f} s  {note}")
    return total


def add_up(names):
    total = (0, 0, 0)
    for name in names:
        try:
            with open(os.path.join(LOGS, name + ".counts")) as file:
                total = tuple(map(sum, zip(total, map(int, file.read().split()))))
        except FileNotFoundError:
            print(f"{name} did not run to its end")
            total = tuple(map(sum, zip(total, (0, 1, 0))))
    return total


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    total = add_up(sys.argv[2:]) if sys.argv[1] == "--sum" else run_all(sys.argv[1], sys.argv[2:])
    print("\n%d passed, %d failed, %d skipped" % total)
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
