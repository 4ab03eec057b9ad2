#!/usr/bin/env python3
"""Print the freeze meter's table: the longest time that other tasks had to wait.

usage: bench/aio/meter.py [--count N] [--skip-builtin]

The same program runs on usocket, on MicroPython's built-in socket with its asyncio, and on CPython. It starts itself in namespaces
of its own.
"""

import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
INSIDE = "USOCKET_METER_INSIDE"

CONTENDERS = (
    ("usocket", "usocket, aiosocket", os.path.join(ROOT, "build/unix/micropython")),
    ("cpython", "CPython, asyncio", sys.executable),
    ("builtin", "built-in socket, asyncio", os.path.join(ROOT, "build/ab/micropython")),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=50, help="lookups, connects and handshakes, each (%(default)s)")
    parser.add_argument("--only", default="", help="one contender: usocket, cpython or builtin")
    given = parser.parse_args()
    if not os.environ.get(INSIDE):
        os.environ[INSIDE] = "1"
        os.execv(os.path.join(ROOT, "test/python/netns.sh"), ["netns.sh", "dns", sys.executable, "-B", os.path.abspath(__file__), *sys.argv[1:]])
    from places import Places

    places, failed = Places(), 0
    print("%-26s %-11s %11s %10s %6s %7s %8s" % ("", "phase", "longest ms", "over 20 ms", "good", "failed", "seconds"))
    for kind, name, interp in CONTENDERS:
        if given.only not in ("", kind):
            continue
        rows, output = places.measure(interp, kind, given.count, given.count, given.count, 5, 900)
        for phase, (longest, over, good, bad, seconds) in rows.items():
            print("%-26s %-11s %11.1f %10d %6d %7d %8.1f" % (name, phase, longest, over, good, bad, seconds), flush=True)
        if output is not None:
            failed += 1
            print("%s did not come to its end:\n%s" % (name, output))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
