"""What a TLS socket does, seen from inside: test/tls/inside.py.

SPDX-License-Identifier: MIT
"""
import os
import subprocess


def run(suite):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inside.py")
    child = subprocess.Popen([suite.interp, "-X", "heapsize=64m", script, suite.maker.directory], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        out, _ = child.communicate(timeout=240)
    except subprocess.TimeoutExpired:
        child.kill()
        out = child.communicate()[0] + "\nno end after the limit"
    lines = out.splitlines()
    for line in lines:
        if line.startswith("ok "):
            suite.check(line[3:], True)
        elif line.startswith("FAIL "):
            label, _, why = line[5:].partition(": ")
            suite.check(label, False, why)
    suite.check("inside.py ends well", child.returncode == 0 and lines and lines[-1] == "end", out[-2500:])
