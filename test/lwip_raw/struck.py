#!/usr/bin/env python3
"""Run a suite on a build in which lwIP runs in a signal handler (strikes.c), and count the signals.

    struck.py LEAST COMMAND...

The total is one more check: it fails below LEAST. The last line is `N passed, N failed, N skipped`. A program that is killed does
not report its signals.

SPDX-License-Identifier: MIT
"""
import os
import re
import subprocess
import sys
import tempfile

COUNTS = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$")
REPORT = re.compile(r"^(\d+) strikes, (\d+) deferred, ", re.M)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    least, last = int(sys.argv[1]), None
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "strikes")
        child = subprocess.Popen(sys.argv[2:], env=dict(os.environ, TEST_STRIKES=path), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, errors="replace")
        for line in child.stdout:
            if last is not None:
                print(last, flush=True)
            last = line.rstrip("\n")
        status = child.wait()
        reports = []
        if os.path.exists(path):
            with open(path) as file:
                reports = REPORT.findall(file.read())
    found = COUNTS.match(last or "")
    if not found:
        print(last)
        print(f"FAIL the suite: ended with {status}, counted nothing")
    passed, failed, skipped = map(int, found.groups()) if found else (0, 1, 0)
    strikes, deferred = (sum(int(report[i]) for report in reports) for i in (0, 1))
    enough = strikes >= least
    print(f"{'' if enough else 'FAIL strikes: '}{strikes:,} signals in {len(reports)} programs, {deferred:,} of them while lwIP was in use; {least:,} are enough")
    if found and status and not failed:
        print(f"FAIL the suite: ended with {status}")
        failed += 1
    failed += not enough
    print(f"{passed + enough} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
