# Helpers of drive_*.py: start the interpreter under test on a script, communicate with it, and kill it by its process id.
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time

import asleep

INTERP = os.environ["INTERP"]
HERE = os.path.dirname(os.path.abspath(__file__))
VERDICTS = ("ok ", "FAIL ", "LOST ", "skip ")  # the lines of a script that a driver repeats; see check.py
SLOW = max(1.0, float(os.environ.get("TEST_SLOW") or 1))  # tools/slow.py


class Script:
    """One run of the interpreter. lines() yields its output as it is printed. With talk=True child.stdin is its standard input."""

    def __init__(self, source, options=(), wrap=(), talk=False):
        self.folder = tempfile.TemporaryDirectory()  # the script's own: it imports from its folder first
        path = os.path.join(self.folder.name, "script.py")
        with open(path, "w") as file:
            file.write(source)
        self.child = subprocess.Popen(
            [*wrap, INTERP, *options, path], stdin=subprocess.PIPE if talk else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self.queue = queue.Queue()
        self.seen = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.child.stdout:
            self.queue.put((time.monotonic(), line.decode("utf-8", "replace").rstrip("\n")))
        self.queue.put((time.monotonic(), None))

    def wait_for(self, word, seconds):
        """Wait for a line that starts with `word` (or one of several); returns its time and the line, or (None, None)."""
        end = time.monotonic() + seconds * SLOW
        while True:
            try:
                at, line = self.queue.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                return None, None
            if line is None:
                return None, None
            self.seen.append(line)
            if line.startswith(word):
                return at, line

    def until_asleep(self, pause):
        asleep.until_asleep(["/proc/%d/stat" % self.child.pid], pause)

    def interrupt(self):
        self.child.send_signal(signal.SIGINT)

    def finish(self, seconds=20):
        """Wait for the end of the process. Returns (status, lines); status None: killed at its time limit."""
        end = time.monotonic() + seconds * SLOW
        status = None
        try:
            status = self.child.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        while True:
            try:
                _, line = self.queue.get(timeout=1)
            except queue.Empty:
                break
            if line is None:
                break
            self.seen.append(line)
        self.folder.cleanup()
        return status, self.seen


def repeat(label, lines):
    """Print the verdicts of a script. Returns the exit status that they call for."""
    for line in lines:
        if line.startswith(VERDICTS):
            print(line.replace(" ", " " + label + ": ", 1))
    return int(any(line.startswith(("FAIL ", "LOST ")) for line in lines))


def passed_on(label, source, seconds=20, **kw):
    """Run a script that has checks of its own, and repeat its verdicts."""
    status, lines = Script(source, **kw).finish(seconds + 20)  # summary() waits up to 20 s for what the collector has overlooked
    expected = repeat(label, lines)
    if status is None or "end" not in lines:
        print("FAIL %s: status %s, last lines %s" % (label, status, lines[-5:]))
    elif status != expected:
        print("FAIL %s: exit status %s, %s" % (label, status, [line for line in lines if not line.startswith(VERDICTS)][:40]))


def check(label, good, note=""):
    print("ok " + label if good else "FAIL %s: %s" % (label, note), flush=True)
    return good
