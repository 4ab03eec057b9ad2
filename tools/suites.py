#!/usr/bin/env python3
"""Run several test suites, each a target of the Makefile, and add up what they count.

usage: tools/suites.py NAME TARGET...     run the targets; the totals go to build/logs/NAME.counts
       tools/suites.py --sum NAME...      add up the totals of earlier runs

One make builds everything that the suites need, then AT_ONCE suites run side by side. The output of a suite is printed when the
suite ends; build/logs/TARGET.log has it meanwhile.

A suite's last line of the form `N passed, N failed, N skipped` counts. A suite that ends with an error although it counted
no failure, that prints no such line or that ran no test counts as one failure. The lines of failures are repeated at the end.

While nothing is printed, a line every QUIET seconds names the suites that run, for how long, and what is being made. TEST_JOBS: the
number of files that are compiled at once (the number of processors); TEST_SUITES: the number of suites at once (one more).
"""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time

import budget
import slow

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = os.path.join(ROOT, "build", "logs")
LIMIT = 60 * 60  # seconds for one suite
QUIET = 8
ABOUT = {"test": 9, "test-long": 19, "test-soak": 37}  # minutes on two idle cores; later runs use the duration of the previous one on this machine
CORES = os.cpu_count() or 1
JOBS = os.environ.get("TEST_JOBS") or str(CORES)
AT_ONCE = int(os.environ.get("TEST_SUITES") or CORES + 1)  # some wait more than they work
BUILDS = "builds"  # the row of what is built before

COUNTS = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")
VERDICT = re.compile(r"^(\[ *\d+/\d+\])?\W*FAIL(ED)?\b")  # of one check, in the suites' words or in cmocka's
NOT_OK = re.compile(r"^ *not ok \d")  # of one test of cmocka
TAP = re.compile(r"^ *((not )?ok \d|1\.\.\d)")
NAMED = 12  # failures of one suite that are repeated at the end


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


class Suite:
    """One suite, or BUILDS: a make in a session of its own."""

    def __init__(self, target, words, show):
        """words: the arguments of make. show: called with each line of the output."""
        self.target, self.words, self.show = target, words, show
        self.counts, self.seconds, self.cpu, self.note = None, 0.0, 0.0, ""
        self.start, self.child, self.limit = time.monotonic(), None, slow.Limit(LIMIT)

    def kill(self):
        if self.child is not None and self.child.returncode is None:
            os.killpg(self.child.pid, signal.SIGKILL)

    def run(self):
        """Run it to its end, or to the limit."""
        with open(os.path.join(LOGS, self.target + ".log"), "w") as log:
            self.child = subprocess.Popen(["make", "--no-print-directory", "-j", JOBS, *self.words], cwd=ROOT, stdin=subprocess.DEVNULL,
                                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
            timer = threading.Thread(target=self.watch, daemon=True)
            timer.start()
            for line in self.child.stdout:
                log.write(line)
                log.flush()
                match = COUNTS.match(line)
                if match:
                    self.counts = tuple(int(number or 0) for number in match.groups())
                self.show(line)
            _, code, usage = os.wait4(self.child.pid, 0)
        self.child.returncode = os.waitstatus_to_exitcode(code)
        self.seconds, self.cpu = time.monotonic() - self.start, usage.ru_utime + usage.ru_stime
        return self

    def watch(self):
        while self.child.returncode is None:
            if self.limit.left() <= 0:
                self.note = self.limit.words()
                self.kill()
                return
            time.sleep(1)

    def judge(self, suite=True):
        """(passed, failed, skipped), and a note when the numbers do not tell all."""
        passed, failed, skipped = self.counts or (0, 0, 0)
        status = self.child.returncode
        if self.note:
            pass
        elif not suite:
            self.note = f"ended with code {status}" if status else ""
        elif self.counts is None:
            self.note = f"ended with code {status}, counted nothing"
        elif status and not failed:
            self.note = f"ended with code {status}"
        elif not any(self.counts):
            self.note = "ran no test"
        return (passed, failed + (1 if self.note else 0), skipped)


class Runs:
    """Suites side by side, and the terminal."""

    def __init__(self):
        self.running, self.lock, self.heard = {}, threading.Lock(), time.monotonic()

    def say(self, text):
        sys.stdout.write(text)
        sys.stdout.flush()
        self.heard = time.monotonic()

    def tick(self):
        """A line, after a silence."""
        if time.monotonic() - self.heard >= QUIET:
            for suite in list(self.running.values()):
                if suite.child:
                    self.say(f"    {suite.target}: {time.monotonic() - suite.start:.0f} s  {under_way(suite.child.pid)[:100]}\n")

    def all(self, jobs, at_once, live=False):
        """Run jobs, (target, words of make) each; yields each suite with its output, in the order of their ends."""
        waiting, ended = queue.Queue(), queue.Queue()
        for job in jobs:
            waiting.put(job)

        def work():
            while True:
                try:
                    target, words = waiting.get_nowait()
                except queue.Empty:
                    return
                lines = []
                suite = Suite(target, words, self.say if live else lines.append)
                self.running[target] = suite
                try:
                    suite.run()
                finally:
                    del self.running[target]
                    ended.put((suite, "".join(lines)))

        for _ in range(at_once):
            threading.Thread(target=work, daemon=True).start()
        try:
            for _ in jobs:
                while True:
                    try:
                        yield ended.get(timeout=1)
                        break
                    except queue.Empty:
                        self.tick()
        except BaseException:
            while not waiting.empty():
                waiting.get_nowait()
            for suite in list(self.running.values()):
                suite.kill()
            raise


def expected(name):
    """About how many minutes it will take: what the last run took, or ABOUT; None: unknown."""
    try:
        with open(os.path.join(LOGS, name + ".seconds")) as file:
            return round(float(file.read()) / 60)
    except (OSError, ValueError):
        return round(ABOUT[name] * slow.factor() * 2 / max(2, CORES)) if name in ABOUT else None


def run_all(name, targets):
    """Run the targets; returns the rows, (target, counts, seconds, note) each, and the totals."""
    os.makedirs(LOGS, exist_ok=True)
    # A shell that starts it in the background ignores SIGINT; either signal ends the suites as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    slow.control()
    rows, cpu, runs, start, minutes = [], {}, Runs(), time.monotonic(), expected(name)
    print(f"{name}: {len(targets)} suites" + (f", about {max(1, minutes)} minutes" if minutes is not None else ""), flush=True)
    # With -k, so that one failure does not hide others; the suites that need what is missing fail by themselves.
    builds = [(f"{name}-{BUILDS}", ["-k", "BUILD_ONLY=1", *targets])]
    for suite, _ in runs.all(builds, 1, live=True):
        rows.append((BUILDS, suite.judge(False), suite.seconds, suite.note))
        runs.say(f"=== {BUILDS}: {suite.seconds:.0f} s, {suite.cpu:.0f} s of CPU\n")
        cpu[BUILDS] = suite.cpu
    for suite, text in runs.all([(target, [target]) for target in targets], AT_ONCE):
        counts = suite.judge()
        runs.say(f"=== {suite.target}: {suite.seconds:.0f} s, {suite.cpu:.0f} s of CPU\n{text}")
        rows.append((suite.target, counts, suite.seconds, suite.note))
        cpu[suite.target] = suite.cpu
    total = tuple(sum(row[1][i] for row in rows) for i in range(3))
    took = time.monotonic() - start
    with open(os.path.join(LOGS, name + ".counts"), "w") as file:
        file.write("%d %d %d\n" % total)
    with open(os.path.join(LOGS, name + ".seconds"), "w") as file:
        file.write("%.0f\n" % took)
    with open(os.path.join(LOGS, name + ".failures"), "w") as file:
        for target, counts, _, _ in rows:
            file.writelines(failures(f"{name}-{BUILDS}" if target == BUILDS else target) if counts[1] else ())
    order = [BUILDS, *targets]
    rows.sort(key=lambda row: order.index(row[0]))
    print(f"\n{name:<20} {'passed':>7} {'failed':>7} {'skipped':>7} {'time':>7} {'CPU':>7}")
    for target, counts, seconds, note in rows:
        print(f"  {target:<18} {counts[0]:>7} {counts[1]:>7} {counts[2]:>7} {seconds:>5.0f} s {cpu[target]:>5.0f} s  {note}")
    slowest = sorted(rows, key=lambda row: -row[2])[:10]
    print("the slowest: " + ", ".join(f"{target} {seconds:.0f} s" for target, _, seconds, _ in slowest))
    print(f"{took:.0f} s, {sum(cpu.values()):.0f} s of CPU")
    print("".join(line + "\n" for line in budget.over({f"{name}-{BUILDS}" if target == BUILDS else target: cpu[target] for target in order})), end="")
    repeat(name)
    return rows, total


def failures(target):
    """The lines of a suite's log that report failures, each with the first line of its detail; without any, the last lines.

    The detail follows a line, indented deeper; what a test of cmocka prints precedes its line.
    """
    with open(os.path.join(LOGS, target + ".log"), errors="replace") as file:
        lines = [line.rstrip() for line in file]
    found, printed = [], None
    for line, after in zip(lines, [*lines[1:], ""]):
        if VERDICT.match(line):
            deeper = re.match(" *", after).end() > re.match(" *", line).end() and not VERDICT.match(after)
            found.append(line.strip() + (" | " + after.strip() if deeper else ""))
        elif NOT_OK.match(line):
            found.append(line.strip() + " | " + (printed or after).strip())
        if TAP.match(line):
            printed = None
        elif printed is None and not line.lstrip().startswith("#"):
            printed = line
    found = found or lines[-3:]
    more = [f"... and {len(found) - NAMED} more"] if len(found) > NAMED else []
    return [f"  {target}: {line[:300]}\n" for line in found[:NAMED] + more]


def repeat(name):
    """Print the failures of a run."""
    try:
        with open(os.path.join(LOGS, name + ".failures")) as file:
            text = file.read()
    except FileNotFoundError:
        return
    if text:
        print(f"\nfailures of {name}:\n{text}", end="")


def add_up(names):
    total = (0, 0, 0)
    for name in names:
        repeat(name)
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
