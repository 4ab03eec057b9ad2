"""One factor that scales all time limits of the tests to this machine.

TEST_SLOW=3 in the environment sets it. Otherwise it is measured on each use: the larger of the duration of a known loop and the load
per core, at least 1. The limits only end hanging programs; no verdict on a behaviour depends on them.

A check of lateness compares with a control: a thread that only sleeps, in the runner, at the same time. TEST_CONTROL in the environment
names the file of its records.
"""

import atexit
import os
import subprocess
import tempfile
import threading
import time

QUICK = 0.02  # seconds of the loop on the machine for which the limits were chosen
MOST = 20
FRESH = 5  # seconds for which a measurement stays valid
RAISE = "TEST_SLOW=%d in the environment allows more time"


_last = (-FRESH, 1.0)  # time and result of the last measurement


def measured():
    """Measure the current slowness relative to that machine."""
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


ROUND = 0.05  # seconds that the control sleeps
RECORD = "%12d %8d %8d\n"  # its clock, its delays so far, both in milliseconds; the factor in hundredths


def _sleep(file):
    """The control: sleep, and record by how much each wake-up was late."""
    total = 0.0
    while True:
        start = time.monotonic()
        time.sleep(ROUND)
        now = time.monotonic()
        total += now - start - ROUND
        file.write((RECORD % (now * 1000, total * 1000, factor() * 100)).encode())


def control():
    """Start the control unless a program above has one."""
    if "TEST_CONTROL" in os.environ:
        return
    handle, path = tempfile.mkstemp(prefix="usocket-control-")
    os.environ["TEST_CONTROL"] = path
    atexit.register(os.unlink, path)
    threading.Thread(target=_sleep, args=(open(handle, "wb", buffering=0),), daemon=True).start()


def factor():
    """The factor: TEST_SLOW, or the measured one."""
    try:
        return max(0.01, float(os.environ["TEST_SLOW"]))
    except (KeyError, ValueError):
        return measured()


def advice(used):
    """The advice for a line that failed by a limit; `used` is the factor of that limit."""
    return RAISE % max(2, round(used * 3))


class Limit:
    """A time limit scaled to this machine. When it has passed, the factor is measured again, because it may have grown."""

    def __init__(self, seconds):
        self.seconds, self.start = seconds, time.monotonic()
        self.factor = factor()

    def left(self):
        """The remaining seconds; 0 or less after the limit."""
        left = self.start + self.seconds * self.factor - time.monotonic()
        if left <= 0:
            self.factor = max(self.factor, factor())
            left = self.start + self.seconds * self.factor - time.monotonic()
        return left

    def words(self):
        """The text for a missed limit."""
        return f"no end after {self.seconds * self.factor:.0f} s ({self.seconds:g} s x {self.factor:.1f}); {advice(self.factor)}"


def wait(child, limit):
    """child.wait() with the limit; None if the limit passes."""
    while (left := limit.left()) > 0:
        try:
            return child.wait(left)
        except subprocess.TimeoutExpired:
            pass
    return None


def communicate(child, limit, data=None):
    """child.communicate() with the limit. Raises TimeoutExpired and leaves the child running."""
    while True:
        left = limit.left()
        try:
            return child.communicate(data, timeout=max(left, 0.01))
        except subprocess.TimeoutExpired:
            if left <= 0:
                raise
            data = None
