"""How much slower this machine is than the limits of time in the tests suppose: one factor, for all of them.

TEST_SLOW=3 in the environment sets it. Otherwise it is measured whenever it is asked for: the larger of what a loop of known length
took, and of the load for each core, at least 1. Limits end what hangs; no verdict on a behaviour depends on them.
"""

import os
import subprocess
import time

QUICK = 0.02  # seconds for the loop on the machine that the limits were chosen on
MOST = 20
FRESH = 5  # seconds for which a measurement is used again
RAISE = "TEST_SLOW=%d in the environment allows more time"


_last = (-FRESH, 1.0)  # when it was measured, and what came out


def measured():
    """How many times slower than that machine this one is now."""
    global _last
    if time.monotonic() - _last[0] < FRESH:
        return _last[1]
    best = None
    for _ in range(3):
        start, total = time.perf_counter(), 0
        for n in range(300000):
            total += n
        took = time.perf_counter() - start
        best = took if best is None else min(best, took)
    try:
        load = os.getloadavg()[0] / (os.cpu_count() or 1)
    except OSError:
        load = 1
    _last = (time.monotonic(), max(1.0, min(MOST, max(best / QUICK, load))))
    return _last[1]


def factor():
    """The factor: TEST_SLOW, or as measured now."""
    try:
        return max(0.01, float(os.environ["TEST_SLOW"]))
    except (KeyError, ValueError):
        return measured()


def advice(used):
    """What the line says that fails by a limit; `used` is the factor that it was scaled with."""
    return RAISE % max(2, round(used * 3))


class Limit:
    """Some seconds, as they are on this machine. When they have passed, the factor is asked for again, for it may have grown."""

    def __init__(self, seconds):
        self.seconds, self.start = seconds, time.monotonic()
        self.factor = factor()

    def left(self):
        """Seconds that are left; 0 or less: too late."""
        left = self.start + self.seconds * self.factor - time.monotonic()
        if left <= 0:
            self.factor = max(self.factor, factor())
            left = self.start + self.seconds * self.factor - time.monotonic()
        return left

    def words(self):
        """What to print of one that was missed."""
        return f"no end after {self.seconds * self.factor:.0f} s ({self.seconds:g} s x {self.factor:.1f}); {advice(self.factor)}"


def wait(child, limit):
    """child.wait() until the limit; None when it is late."""
    while (left := limit.left()) > 0:
        try:
            return child.wait(left)
        except subprocess.TimeoutExpired:
            pass
    return None


def communicate(child, limit, data=None):
    """child.communicate() until the limit. Raises TimeoutExpired, the child still running."""
    while True:
        left = limit.left()
        try:
            return child.communicate(data, timeout=max(left, 0.01))
        except subprocess.TimeoutExpired:
            if left <= 0:
                raise
            data = None
