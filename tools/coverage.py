#!/usr/bin/env python3
"""Measure the lines and branches of src/, port/ and micropython/ that the C and Python tests reach.

usage: tools/coverage.py [--check] [--report-only] [--missed FILE]

Runs both with counting builds (build/cov-c/ and build/cov/micropython) and merges gcov's results. --check fails if src/ and
port/ together reach less than 95 % of lines or 85 % of branches. --report-only uses the counts of the last run. --missed
lists the lines of a file that were not reached, and the branches never taken.
"""

import argparse
import collections
import concurrent.futures
import glob
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
C_BUILD = "build/cov-c"
INTERPRETER = "build/cov/micropython"
AIMS = {"lines": 95.0, "branches": 85.0}

# The counted files, and the files with targets.
COUNTED = ("src/*/*.c", "src/*/*.h", "port/*.c", "port/posix/*.c", "port/posix/*.h", "micropython/*.c", "micropython/*.h")
AIMED = ("src/", "port/")

SUITES = {
    "C tests": ["make", "--no-print-directory", "test-c", f"BUILD_DIR={C_BUILD}", "CFLAGS_EXTRA=--coverage -O0"],
    "Variants of the C tests": ["make", "--no-print-directory", "test-c-variants", f"BUILD_DIR={C_BUILD}", "CFLAGS_EXTRA=--coverage -O0"],
    "TLS C tests": ["make", "--no-print-directory", "test-tls-c", f"BUILD_DIR={C_BUILD}", "CFLAGS_EXTRA=--coverage -O0"],
    "Python tests": [sys.executable, "-B", "test/python/run.py", "--interp", INTERPRETER],
    "TLS tests": [sys.executable, "-B", "test/tls/run.py", "--only", "limits", "--only", "conformance", "--only", "behaviour", "--interp", INTERPRETER],
}


def notes():
    """List the .gcno files, one for each compiled file."""
    found = glob.glob(f"{C_BUILD}/**/*.gcno", recursive=True)
    # Uses only the objects of the interpreter from which build/cov/micropython was copied.
    newest = max(glob.glob("build/obj/cov-*/usocket"), key=os.path.getmtime, default=None)
    return found + (glob.glob(f"{newest}/**/*.gcno", recursive=True) if newest else [])


def run_suites():
    """Run the tests; returns (text, True if passed) for each suite."""
    for data in glob.glob(f"{C_BUILD}/**/*.gcda", recursive=True) + glob.glob("build/obj/cov-*/**/*.gcda", recursive=True):
        os.unlink(data)
    os.makedirs("build/logs", exist_ok=True)
    checks = []
    for name, command in SUITES.items():
        path = f"build/logs/coverage-{name.split()[0].lower()}.log"
        with open(path, "w") as log:
            status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT).returncode
        with open(path, errors="replace") as log:
            last = (log.read().strip().splitlines() or ["no output"])[-1]
        checks.append((f"{name}: {last} (log: {path})", status == 0))
    return checks


class File:
    """The counts of one source file."""

    def __init__(self):
        self.lines = collections.Counter()
        self.branches = {}  # line -> number of branches -> their counts

    def add(self, line):
        number = line["line_number"]
        self.lines[number] += line["count"]
        counts = [branch["count"] for branch in line["branches"]]
        if counts:
            same = self.branches.setdefault(number, {}).setdefault(len(counts), [0] * len(counts))
            same[:] = map(sum, zip(same, counts))

    def taken(self):
        """The branches of each line. Builds with different switches see different branches; the largest set is used."""
        return {number: views[max(views)] for number, views in self.branches.items()}

    def figures(self):
        branches = [count for counts in self.taken().values() for count in counts]
        return Figures(len(self.lines), sum(map(bool, self.lines.values())), len(branches), sum(map(bool, branches)))


class Figures(collections.namedtuple("Figures", "lines lines_hit branches branches_hit")):
    def __add__(self, other):
        return Figures(*map(sum, zip(self, other)))

    def percent(self, what):
        total = getattr(self, what)
        return 100 * getattr(self, what + "_hit") / total if total else 100.0

    def row(self, name):
        return (f"{name:<28} {self.lines:>6} {self.percent('lines'):>7.1f} % {self.branches:>6} "
                f"{self.percent('branches'):>7.1f} %")


def gcov(note):
    result = subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--stdout", note], capture_output=True,
                            text=True)
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def collect():
    wanted = {path for pattern in COUNTED for path in glob.glob(pattern)}
    files = collections.defaultdict(File)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for report in (report for reports in pool.map(gcov, sorted(notes())) for report in reports):
            for file in report["files"]:
                path = os.path.relpath(os.path.join(report["current_working_directory"], file["file"]), ROOT)
                if path in wanted:
                    for line in file["lines"]:
                        files[path].add(line)
    # A file that an option empties has a .gcno file without lines.
    compiled = " ".join(notes())
    never = sorted(path for path in wanted - set(files) if path.endswith(".c") and f"/{path[:-2]}.gcno" not in compiled)
    return files, never


def show(files):
    print(f"\n{'file':<28} {'lines':>6} {'reached':>9} {'branches':>6} {'taken':>7}")
    totals = collections.defaultdict(lambda: Figures(0, 0, 0, 0))
    for path in sorted(files):
        figures = files[path].figures()
        print(figures.row(path))
        totals["src/ and port/" if path.startswith(AIMED) else "micropython/"] += figures
        totals["everything"] += figures
    print()
    for name in ("src/ and port/", "micropython/", "everything"):
        print(totals[name].row(name))
    return totals["src/ and port/"]


def show_missed(path, file):
    taken = file.taken()
    with open(path) as source:
        for number, text in enumerate(source, 1):
            if number in file.lines and not file.lines[number]:
                print(f"{path}:{number}: not reached: {text.strip()}")
            elif not all(taken.get(number, [])):
                counts = taken[number]
                print(f"{path}:{number}: {counts.count(0)} of {len(counts)} branches not taken: {text.strip()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--report-only", action="store_true")
    parser.add_argument("--missed", metavar="FILE")
    options = parser.parse_args()
    os.chdir(ROOT)

    checks = [] if options.report_only or options.missed else run_suites()
    files, never = collect()
    if options.missed:
        show_missed(options.missed, files[options.missed])
        return 0
    aimed = show(files)
    checks.append((f"every file is compiled into a test: {' '.join(never) or 'yes'}", not never))
    for what, aim in AIMS.items():
        reached = aimed.percent(what)
        checks.append((f"src/ and port/ reach {reached:.1f} % of {what}, the aim is {aim:.0f} %", aimed.lines > 0 and reached >= aim))
    print()
    for text, good in checks:
        print(f"{'ok  ' if good else 'FAIL'}  {text}")
    failed = sum(not good for _, good in checks)
    print(f"{len(checks) - failed} passed, {failed} failed, 0 skipped")
    return 1 if options.check and failed else 0


if __name__ == "__main__":
    sys.exit(main())
