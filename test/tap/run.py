#!/usr/bin/env python3
"""The module on lwIP against the kernel's sockets, across an Ethernet link.

    test/tap/run.py [--filter RE] [--stack lwip|lwip-raw] [--far tap|veth] [--interp PATH] [--long] [--verbose] [--jobs N]

Each drive_*.py runs under CPython in network and mount namespaces of its own (netns.sh) and plays the kernel's side; at the other
end of a tap interface a script on_*.py runs under MicroPython on lwIP; --stack lwip-raw: without an operating system. With --far veth
the other end is the kernel as well, and the interpreter build/unix/micropython: this tests the tests themselves.

A comment among the first lines of a driver has its settings:
  # run: net=tap|proxy limit=SECONDS pools=large,tiny long=tiny seeds=N only
pools: the sizes of lwIP's pools, large by default, each with an interpreter of its own, build/STACK or build/STACK-tiny; long: further
ones with --long; seeds: with --long it runs N times with different random seeds (TAP_SEED); only: not with --far veth.
"""

import argparse
import concurrent.futures
import importlib.util
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PYTHON = os.path.join(ROOT, "test", "python")

spec = importlib.util.spec_from_file_location("python_run", os.path.join(PYTHON, "run.py"))
common = importlib.util.module_from_spec(spec)
spec.loader.exec_module(common)


def environment(interp, far, net):
    env = dict(os.environ, INTERP=interp, FAR=far, NEAR="tap1" if net == "proxy" else "tap0", PYTHONDONTWRITEBYTECODE="1")
    env["PYTHONPATH"] = HERE + ":" + PYTHON
    env["MICROPYPATH"] = ".frozen:%s:%s" % (HERE, PYTHON)
    return env


def run(script, pools, seed, options):
    want = common.directives(os.path.join(HERE, script))
    net = want.get("net", "tap")
    build = "unix" if options.far == "veth" else options.stack + ("" if pools == "large" else "-" + pools)
    interp = os.path.abspath(options.interp or os.path.join(ROOT, "build", build, "micropython"))
    build = os.path.basename(os.path.dirname(interp))
    label = script[6:-3] + ("" if build == "lwip" else " (%s)" % build) + ("" if seed == 1 else " %d" % seed)
    result = common.Result(label)
    if not os.access(interp, os.X_OK):
        result.failed.append("%s is not there: run `make %s`" % (interp, os.path.relpath(interp, ROOT)))
        return result
    env = environment(interp, options.far, net)
    env["POOLS"], env["STACK"] = pools, options.stack
    env.setdefault("TAP_SEED", str(seed))
    command = [os.path.join(HERE, "netns.sh"), net, sys.executable, os.path.join(HERE, script)]
    start, limit = time.monotonic(), common.slow.Limit(float(want.get("limit", 60)))
    output, status = common.execute(command, env, limit)
    result.seconds = time.monotonic() - start
    common.judge(output, status, limit, result)
    result.failed += result.broken
    return result


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--filter", default="", help="only drivers whose name matches this")
    p.add_argument("--far", choices=("tap", "veth"), default="tap", help="what is at the other end")
    p.add_argument("--stack", choices=("lwip", "lwip-raw"), default="lwip", help="the stack of the interpreters (lwip)")
    p.add_argument("--interp", help="another interpreter than those in build/, and only with large pools")
    p.add_argument("--long", action="store_true", help="also with small pools, and other seeds")
    p.add_argument("--verbose", action="store_true", help="print the whole output of what fails")
    p.add_argument("--jobs", type=int, default=4, help="at once; they wait more than they work (4)")
    options = p.parse_args()
    runs = []
    for name in sorted(os.listdir(HERE)):
        if name.startswith("drive_") and name.endswith(".py") and re.search(options.filter, name):
            want = common.directives(os.path.join(HERE, name))
            sizes = want.get("pools", "large").split(",")
            sizes += want["long"].split(",") if options.long and "long" in want else []
            for pools in sizes if not options.interp and options.far == "tap" else ["large"]:
                for seed in range(1, int(want.get("seeds", 1)) + 1 if options.long else 2):
                    if options.far == "tap" or "only" not in want:
                        runs.append((-float(want.get("limit", 60)), name, pools, seed))
    runs.sort()
    results = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(run, name, pools, seed, options) for _, name, pools, seed in runs]
        for n, future in enumerate(concurrent.futures.as_completed(waiting), 1):
            r = future.result()
            results.append(r)
            common.show(n, len(runs), r, options.verbose)
    bad = [r.name for r in results if not r.good]
    if bad:
        print("failed: " + ", ".join(sorted(bad)))
    passed, failed, skipped = (sum(len(getattr(r, k)) for r in results) for k in ("passed", "failed", "skipped"))
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
