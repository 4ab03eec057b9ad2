#!/usr/bin/env python3
"""The call shapes of MicroPython's libraries, against real servers.

    test/libs/run.py [--interp PATH] [--only RE] [-v]

The scripts of cases/ make the same calls as HTTP, MQTT, NTP, WebREPL and
asyncio libraries for MicroPython, in programs of this project and with the
interpreter under test.  They use Debian's nginx and mosquitto, in plain text
and through MicroPython's own `tls` module over plain usocket sockets, with a
certificate made by this script; nginx also plays the client of servers in
cases/.  Every transfer is checked to the byte.

cases/ssl_*.py do so through the modules of lib/ssl, also with certificates that
a client must refuse.  ssl_frozen.py has the requests and mip that are in the
interpreter; ssl_libraries.py runs libraries themselves, unmodified:
those of MicroPython's tree in build/ (requests), and those that are found below
the directories of TEST_LIBRARIES, such as checkouts of micropython-lib and
microdot:

    TEST_LIBRARIES=/path/micropython-lib:/path/microdot test/libs/run.py

A case passes if its script reports success, reaches its end, exits with 0, and
leaves no descriptor open.  A library that is not found is skipped.  Last line: `N passed, N failed, N skipped`.
"""

import argparse
import glob
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


# Files by which a library is found, and how many directories above is the one to import it from.
LIBRARIES = {
    "requests": ("requests/requests/__init__.py", 2),
    "umqtt": ("umqtt.simple/umqtt/simple.py", 2),
    "aiohttp": ("aiohttp/aiohttp/__init__.py", 2),
    "microdot": ("microdot/microdot.py", 2),
}


def libraries():
    """The directories of the libraries that are found."""
    places = [p for p in os.environ.get("TEST_LIBRARIES", "").split(":") if p]
    places += sorted(glob.glob(f"{ROOT}/build/micropython-*/lib/micropython-lib"))
    found = {}
    for name, (path, up) in LIBRARIES.items():
        for place in places:
            for file in sorted(glob.glob(f"{place}/**/{path}", recursive=True)):
                found.setdefault(name, os.path.abspath(os.path.join(file, *[".."] * up)))
    return found


def run_script(interp, script, config):
    """Run one script; returns ([names passed], [(name, reason)], [(name, reason) skipped], whole output)."""
    limit = slow.Limit(LIMIT)
    env = dict(os.environ, MICROPYPATH=f".frozen:{HERE}/cases:{ROOT}/lib/ssl", TEST_SLOW=f"{limit.factor:.2f}",
               SSL_CERT_FILE=f"{os.path.dirname(config)}/root.pem")
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
    skipped = re.findall(r"^SKIP (\w+): (.*)$", text, re.M)
    for name, trace in re.findall(r"^FAIL (\w+)\n(.*?)(?=^(?:PASS|FAIL|SKIP|END) |\Z)", text, re.M | re.S):
        lines = trace.strip().split("\n")
        failed.append((name, lines[-1][:160]))
    end = re.search(r"^END (\d+)$", text, re.M)
    if not finished or not end or int(end.group(1)) != len(passed + failed + skipped) or not passed + failed + skipped:
        last = (text.strip().split("\n") or [""])[-1][:120]
        failed.append(("(script)", f"did not come to its end: {ended}; last line: {last}"))
    return passed, failed, skipped, text


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
    npass = nfail = nskip = 0
    with tempfile.TemporaryDirectory(prefix="usocket-libs-") as folder:
        servers = services.Services(folder)
        try:
            config = f"{folder}/config.json"  # a long argument would not fit MicroPython's argv
            with open(config, "w") as f:
                json.dump(dict(servers.start(refused=True), libraries=libraries()), f)
            for script in scripts:
                start = time.monotonic()
                passed, failed, skipped, text = run_script(os.path.abspath(o.interp), script, config)
                print(f"{script}: {time.monotonic() - start:.1f} s")
                for name in passed:
                    print(f"  PASS {name}")
                for name, reason in failed:
                    print(f"  FAIL {name}: {reason}")
                for name, reason in skipped:
                    print(f"  skip {name}: {reason}")
                if o.v and failed:
                    print("    | " + text.replace("\n", "\n    | "))
                npass += len(passed)
                nfail += len(failed)
                nskip += len(skipped)
        except services.Broken as e:
            print(f"FAIL servers: {e}")
            nfail += 1
        finally:
            servers.stop()
    print(f"{npass} passed, {nfail} failed, {nskip} skipped")
    return 1 if nfail or not npass else 0


if __name__ == "__main__":
    sys.exit(main())
