"""What a TLS socket does, seen from inside (inside.py), and when Ctrl-C is pressed (interrupt.py).

SPDX-License-Identifier: MIT
"""
import os
import signal
import subprocess
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 240


def script(suite, name, press=False):
    """Run it, count its checks; press: Ctrl-C a moment after each line that says that it waits."""
    child = subprocess.Popen([suite.interp, "-X", "heapsize=64m", os.path.join(HERE, name), suite.maker.directory], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    timer = threading.Timer(LIMIT, child.kill)
    timer.start()
    lines = []
    for line in child.stdout:
        line = line.rstrip("\n")
        lines.append(line)
        if line.startswith("ok "):
            suite.check(line[3:], True)
        elif line.startswith("FAIL "):
            label, _, why = line[5:].partition(": ")
            suite.check(label, False, why)
        elif press and line.startswith("waiting "):
            time.sleep(0.25)
            child.send_signal(signal.SIGINT)
    child.wait()
    timer.cancel()
    suite.check(f"{name} ends well", child.returncode == 0 and lines and lines[-1] == "end", f"{child.returncode} " + "\n".join(lines)[-2500:])


def run(suite):
    script(suite, "inside.py")
    script(suite, "interrupt.py", press=True)
