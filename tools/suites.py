#!/usr/bin/env python3
"""Run several test suites, each a target of the Makefile, and add up their counts.

usage: tools/suites.py NAME TARGET...     run the targets; the totals go to build/logs/NAME.counts
       tools/suites.py --sum NAME...      add up the totals of earlier runs

A suite's last line of the form `N passed, N failed, N skipped` counts. A suite that ends with an error although it counted
no failure, that prints no such line or that ran no test counts as one failure.

While a suite is silent, a line every QUIET seconds has its duration and the current target. TEST_JOBS: the number of parallel
compilations of a suite (by default the number of processors).
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time

import slow

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = os.path.join(ROOT, "build", "logs")
LIMIT = 30 * 60  # seconds for one suite
QUIET = 8
ABOUT = {"test": 28, "test-long": 24, "test-soak": 30}  # minutes on two idle cores; later runs use the duration of the previous one on this machine
JOBS = os.environ.get("TEST_JOBS") or str(os.cpu_count() or 1)

COUNTS = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")


def under_way(session):
    """The target or command of the newest process of a session, where the system reports it."""
    newest, words = (-1, -1), ""
    for pid in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else ()):
        try:
            with open(f"/proc/{pid}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
            if int(fields[3]) != session:
                continue
            with open(f"/proc/{pid}/cmdline", errors="replace") as file:
                command = file.read().split("\0")[:-1]
        except (OSError, IndexError, ValueError):
            continue
        made = [b for a, b in zip(command, command[1:]) if a == "-o"]
        if command and (bool(made), int(fields[19])) > newest:
            newest, words = (bool(made), int(fields[19])), made[0] if made else " ".join(command[:5])
    return os.path.relpath(words, ROOT) if words.startswith(ROOT) else words


def run(target):
    """Run one suite, print and store its output; returns (passed, failed, skipped), seconds, a note."""
    counts, start, late, over = None, time.monotonic(), [], threading.Event()
    heard = [start]
    limit = slow.Limit(LIMIT)
    with open(os.path.join(LOGS, target + ".log"), "w") as log:
        child = subprocess.Popen(["make", "--no-print-directory", "-j", JOBS, target], cwd=ROOT, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                 start_new_session=True)

        def watch():
            while not over.wait(1):
                now = time.monotonic()
                if now - heard[0] >= QUIET:
                    heard[0] = now
                    print(f"    {target}: {now - start:.0f} s  {under_way(child.pid)[:100]}", flush=True)
                if limit.left() <= 0:
                    late.append(True)
                    os.killpg(child.pid, signal.SIGKILL)
                    return

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            for line in child.stdout:
                log.write(line)
                match = COUNTS.match(line)
                if match:
                    counts = tuple(int(number or 0) for number in match.groups())
                sys.stdout.write(line)
                sys.stdout.flush()
                heard[0] = time.monotonic()
            status = child.wait()
        except BaseException:
            os.killpg(child.pid, signal.SIGKILL)
            raise
        finally:
            over.set()
            watcher.join()
    passed, failed, skipped = counts or (0, 0, 0)
    note = ""
    if late:
        note = limit.words()
    elif counts is None:
        note = f"ended with code {status}, counted nothing"
    elif status and not failed:
        note = f"ended with code {status}"
    elif not any(counts):
        note = "ran no test"
    return (passed, failed + (1 if note else 0), skipped), time.monotonic() - start, note


def expected(name):
    """Estimate the minutes of a run from the last run or ABOUT; None: unknown."""
    try:
        with open(os.path.join(LOGS, name + ".seconds")) as file:
            return round(float(file.read()) / 60)
    except (OSError, ValueError):
        return round(ABOUT[name] * slow.factor() * 2 / max(2, os.cpu_count() or 1)) if name in ABOUT else None


def run_all(name, targets):
    os.makedirs(LOGS, exist_ok=True)
    rows, total, minutes = [], (0, 0, 0), expected(name)
    print(f"{name}: {len(targets)} suites" + (f", about {max(1, minutes)} minutes" if minutes is not None else ""), flush=True)
    for target in targets:
        print(f"=== {target}", flush=True)
        counts, seconds, note = run(target)
        rows.append((target, counts, seconds, note))
        total = tuple(map(sum, zip(total, counts)))
    with open(os.path.join(LOGS, name + ".counts"), "w") as file:
        file.write("%d %d %d\n" % total)
    with open(os.path.join(LOGS, name + ".seconds"), "w") as file:
        file.write("%.0f\n" % sum(row[2] for row in rows))
    print(f"\n{name:<20} {'passed':>7} {'failed':>7} {'skipped':>7} {'time':>7}")
    for target, counts, seconds, note in rows:
        print(f"  {target:<18} {counts[0]:>7} {counts[1]:>7} {counts[2]:>7} {seconds:>5.0f} s  {note}")
    slowest = sorted(rows, key=lambda row: -row[2])[:10]
    print("the slowest: " + ", ".join(f"{target} {seconds:.0f} s" for target, _, seconds, _ in slowest))
    return rows, total


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
    total = add_up(sys.argv[2:]) if sys.argv[1] == "--sum" else run_all(sys.argv[1], sys.argv[2:])[1]
    print("\n%d passed, %d failed, %d skipped" % total)
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
