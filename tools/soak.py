#!/usr/bin/env python3
"""Run the suites of `make test-soak` and write the results to docs/soak.md.

usage: tools/soak.py TARGET...    rows of other suites stay: `make test-soak SOAK_SUITES=test-c-long` repeats one suite
"""

import datetime
import os
import re
import subprocess
import sys

import suites

PAGE = os.path.join(suites.ROOT, "docs", "soak.md")
TEXT = """# The last soak

`make test-soak` runs what takes too long for each commit: sweeps in which each call and each allocation fails once, each byte of a
handshake is cut or flipped, random sequences on lwIP, valgrind, coverage. It writes this page; `make test-soak SOAK_SUITES=test-c-long`
runs one of the suites again. `make lint` fails when a suite had failures, or is more than 14 days older than the newest change to `src/`.

{counts}, in {minutes} minutes on two cores.

| suite | date | commit | passed | failed | skipped | seconds |
|---|---|---|---|---|---|---|
{rows}
"""
ROW = re.compile(r"^\| ([\w-]+) \| (\d{4}-\d\d-\d\d) \| ([^|]+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", re.M)


def recorded():
    """Read the page's rows: [suite, date, commit, passed, failed, skipped, seconds]."""
    if not os.path.exists(PAGE):
        return []
    with open(PAGE, encoding="utf-8") as file:
        return [[*row[:3], *map(int, row[3:])] for row in ROW.findall(file.read())]


def git(*words):
    return subprocess.run(["git", *words], cwd=suites.ROOT, capture_output=True, text=True).stdout.strip()


def record(results, date, commit):
    """Replace the rows of the suites in `results`, a list of [suite, passed, failed, skipped, seconds]."""
    rows = {row[0]: row for row in recorded()}
    for suite, *counts in results:
        rows[suite] = [suite, date, commit, *counts]
    rows = list(rows.values())
    counts = "%d passed, %d failed, %d skipped" % tuple(sum(row[i] for row in rows) for i in (3, 4, 5))
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(TEXT.format(counts=counts, minutes=round(sum(row[-1] for row in rows) / 60),
                               rows="\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    commit = git("rev-parse", "--short=10", "HEAD")
    date = datetime.date.today().isoformat()
    rows, total = suites.run_all("test-soak", sys.argv[1:])
    record([[suite, *counts, round(seconds)] for suite, counts, seconds, _ in rows if suite != suites.BUILDS], date, commit)
    print("\n%d passed, %d failed, %d skipped" % total)
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
