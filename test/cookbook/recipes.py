#!/usr/bin/env python3
"""Run every program of examples/cookbook against a real peer.

    test/cookbook/recipes.py [--interp PATH] [--only RE]

The peers are nginx, mosquitto, openssl, curl, dnsmasq, the C library's resolver, and for protocols without a program in Debian's
packages of the tests small ones in CPython (peers.py), written from the standards. A program runs as it is in the repository; only the
values of the constants at its top are others. Everything runs in network namespaces of its own (test/python/netns.sh), so that ports
such as 443 are free, and a second host is there to be found. A program without a recipe in the cases_*.py is a failure.

SPDX-License-Identifier: MIT
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(ROOT, "tools"))

import cases_clients  # noqa: E402
import cases_servers  # noqa: E402
import cases_tls  # noqa: E402
import cases_udp  # noqa: E402
import cookbook  # noqa: E402
import recipe  # noqa: E402
import run as local  # noqa: E402  tools/run.py: certificates

INSIDE = "USOCKET_COOKBOOK_INSIDE"
NEEDED = ("unshare", "ip", "openssl")  # for the namespaces and for the certificates
MOST_WORDS = 800  # characters of a failure; programs may print long lines


def enter():
    """Start again in namespaces, or say that there are none here."""
    if os.environ.get(INSIDE):
        return
    missing = [f"{name} is not there" for name in NEEDED if not recipe.find(name)]
    if not missing and subprocess.run(["unshare", "-rn", "true"], stderr=subprocess.DEVNULL).returncode:
        missing = ["this system does not let this user create network namespaces (unshare -rn true)"]
    if missing:
        print(f"skip: {', '.join(missing)}\n0 passed, 0 failed, 1 skipped")
        sys.exit(0)
    os.environ[INSIDE] = "1"
    os.environ["RES_OPTIONS"] = f"timeout:{recipe.patience(10)} attempts:3"  # of the C library's resolver
    script = os.path.join(ROOT, "test", "python", "netns.sh")
    os.execv(script, [script, "dns", sys.executable, "-B", os.path.abspath(__file__), *sys.argv[1:]])


def attempt(bench, function):
    """Run one recipe. @return the reason of a failure, or None"""
    try:
        function(bench)
        return None
    except (recipe.Wrong, OSError, subprocess.SubprocessError) as e:
        return f"{type(e).__name__}: {e}" if not isinstance(e, recipe.Wrong) else str(e)
    finally:
        bench.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--interp", default=os.path.join(ROOT, "build", "unix", "micropython"), type=os.path.abspath)
    parser.add_argument("--only", default="", help="run only the recipes with a matching name")
    options = parser.parse_args()
    enter()
    recipes = {}
    for cases in (cases_clients, cases_servers, cases_tls, cases_udp):
        recipes.update(cases.RECIPES)
    passed = failed = skipped = 0
    for line in cookbook.problems() + [f"examples/cookbook/{name}.py has no recipe in test/cookbook" for name in cookbook.names()
                                       if not any(name in programs for _, programs, _ in recipes.values())]:
        print("FAIL", line)
        failed += 1
    tls = local.has_tls(options.interp)
    with tempfile.TemporaryDirectory(prefix="usocket-cookbook-") as folder:
        local.certificates(folder)
        os.mkdir(os.path.join(folder, "other"))
        local.certificates(os.path.join(folder, "other"))
        for name, (function, programs, needs) in recipes.items():
            if not re.search(options.only, name):
                continue
            missing = [need for need in needs if not (tls if need == "TLS" else recipe.find(need))]
            if missing:
                print(f"skip {name}: {', '.join(missing)} is not there")
                skipped += 1
                continue
            start = time.monotonic()
            why = attempt(recipe.Bench(options.interp, folder), function)
            why = why and why[:MOST_WORDS]
            print(f"{'FAIL' if why else 'ok  '} {name}: {why or f'{time.monotonic() - start:.1f} s'}", flush=True)
            passed, failed = passed + (not why), failed + bool(why)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
