#!/usr/bin/env python3
"""The call shapes of MicroPython's libraries, against real servers.

    test/libs/run.py [--interp PATH] [--only RE] [-v]

The scripts of cases/ make the same calls as HTTP, MQTT, NTP, WebREPL and
asyncio libraries for MicroPython, in programs of this project and with the
interpreter under test.  They use Debian's nginx and mosquitto, in plain text
and through MicroPython's own `tls` module over plain usocket sockets, with a
certificate made by this script; nginx also plays the client of servers in
cases/.  Every transfer is checked to the byte.

A case passes if its script reports success, reaches its end, exits with 0, and
leaves no descriptor open.  Last line: `N passed, N failed, N skipped`.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
import services
import slow

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LIMIT = 120  # seconds for one script
HEAP = "32m"  # many megabyte-long answers in one process


def run_script(interp, script, config):
    """Run one script; returns ([names passed], [(name, reason)], whole output)."""
    limit = slow.Limit(LIMIT)
    env = dict(os.environ, MICROPYPATH=f".frozen:{HERE}/cases", TEST_SLOW=f"{limit.factor:.2f}")
    ended = "exit code {}"
    try:
        child = subprocess.Popen([interp, "-X", "heapsize=" + HEAP, f"{HERE}/cases/{script}", config], env=env,
                                 cwd=f"{HERE}/cases", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, _ = slow.communicate(child, limit)
        ended, finished = f"exit code {child.returncode}", child.returncode == 0
    except subprocess.TimeoutExpired:
        child.kill()
        output, ended, finished = child.communicate()[0], limit.words(), False
    text = output.decode("utf-8", "replace")
    passed = re.findall(r"^PASS (\w+)$", text, re.M)
    failed = []
    for name, trace in re.findall(r"^FAIL (\w+)\n(.*?)(?=^(?:PASS|FAIL|END) |\Z)", text, re.M | re.S):
        lines = trace.strip().split("\n")
        failed.append((name, lines[-1][:160]))
    end = re.search(r"^END (\d+)$", text, re.M)
    if not finished or not end or int(end.group(1)) != len(passed) + len(failed) or not passed + failed:
        last = (text.strip().split("\n") or [""])[-1][:120]
        failed.append(("(script)", f"did not come to its end: {ended}; last line: {last}"))
    return passed, failed, text


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--interp", default=f"{ROOT}/build/unix/micropython")
    p.add_argument("--only", default="", help="run only the scripts whose name matches")
    p.add_argument("-v", action="store_true", help="print the whole output of a script that fails")
    o = p.parse_args()
    slow.control()
    if not os.access(o.interp, os.X_OK):
        sys.exit(f"no interpreter at {o.interp}: run `make` first")
    scripts = sorted(n for n in os.listdir(f"{HERE}/cases")
                     if n.endswith(".py") and n != "check.py" and re.search(o.only, n))
    npass = nfail = 0
    with tempfile.TemporaryDirectory(prefix="usocket-libs-") as folder:
        servers = services.Services(folder)
        try:
            config = f"{folder}/config.json"  # a long argument would not fit MicroPython's argv
            with open(config, "w") as f:
                json.dump(servers.start(), f)
            for script in scripts:
                start = time.monotonic()
                passed, failed, text = run_script(os.path.abspath(o.interp), script, config)
                print(f"{script}: {time.monotonic() - start:.1f} s")
                for name in passed:
                    print(f"  PASS {name}")
                for name, reason in failed:
                    print(f"  FAIL {name}: {reason}")
                if o.v and failed:
                    print("    | " + text.replace("\n", "\n    | "))
                npass += len(passed)
                nfail += len(failed)
        except services.Broken as e:
            print(f"FAIL servers: {e}")
            nfail += 1
        finally:
            servers.stop()
    print(f"{npass} passed, {nfail} failed, 0 skipped")
    return 1 if nfail or not npass else 0


if __name__ == "__main__":
    sys.exit(main())
