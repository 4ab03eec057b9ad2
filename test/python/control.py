# The control of a check of lateness, tools/slow.py: a thread in the test runner that only sleeps, at the same time. For MicroPython and CPython.
import os

RECORD = 31  # bytes
ROUND = 50  # milliseconds between two records, or more
SLOW = 1.0  # factor for upper bounds of time; see tools/slow.py
try:
    from target import ENV  # a board has no environment; its runner sets these
except ImportError:
    ENV = {}


def env(name):
    return ENV[name] if name in ENV else os.getenv(name) if hasattr(os, "getenv") else None


if env("TEST_SLOW"):
    SLOW = max(1.0, float(env("TEST_SLOW")))


def controlled(ms):
    # Milliseconds by which the control was late in the last `ms`, and the largest factor in that time.
    path = env("TEST_CONTROL")
    if not path:
        return 0, SLOW
    with open(path, "rb") as f:
        size = f.seek(0, 2) // RECORD
        n = min(size, int(ms) // ROUND + 2)
        f.seek((size - n) * RECORD)
        rows = [[int(word) for word in f.read(RECORD).split()] for _ in range(n)]
    if not rows:
        return 0, SLOW
    end = rows[-1][0]
    rows = [row for row in rows if row[0] >= end - ms - ROUND] if len(rows) > 2 else rows
    return rows[-1][1] - rows[0][1], max([SLOW] + [row[2] / 100 for row in rows])


def in_time(took, latest):
    # True if a call that ended now and took so many milliseconds was no later than `latest`, scaled by the factor or compared with the control.
    if took <= latest * SLOW:
        return True
    late, slow = controlled(took)
    return took <= latest * slow + 2 * late
