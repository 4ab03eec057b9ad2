#!/usr/bin/env python3
"""Run the suites of `make test-soak` and write what came of them to docs/soak.md.

usage: tools/soak.py TARGET...
"""

import datetime
import json
import os
import subprocess
import sys

import suites

PAPER = os.path.join(suites.ROOT, "docs", "soak.md")
TEXT = """# The last soak

`make test-soak` runs what takes too long for each commit: sweeps in which each call and each allocation fails once, each byte of a
handshake is cut or flipped, random sequences on lwIP, valgrind, coverage. It writes this page. `make lint` fails when the run is more
than 14 days older than the newest change to `src/`.

- date: {date}
- commit: {commit}
- minutes: {minutes}
- {counts}

| suite | passed | failed | skipped | seconds |
|---|---|---|---|---|
{rows}
"""


def git(*words):
    return subprocess.run(["git", *words], cwd=suites.ROOT, capture_output=True, text=True).stdout.strip()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    commit = git("rev-parse", "--short=12", "HEAD") + (" with changes" if git("status", "--porcelain", "--", "src", "port", "micropython") else "")
    date = datetime.date.today().isoformat()
    total = suites.run_all("test-soak", sys.argv[1:])
    with open(os.path.join(suites.LOGS, "test-soak.rows")) as file:
        rows = json.load(file)
    counts = "%d passed, %d failed, %d skipped" % total
    with open(PAPER, "w") as file:
        file.write(TEXT.format(date=date, commit=commit, minutes=round(sum(row[-1] for row in rows) / 60), counts=counts,
                               rows="\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)))
    print("\n" + counts)
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
