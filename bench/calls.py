#!/usr/bin/env python3
"""Count the system calls that one operation of usocket makes, with strace.

usage: bench/calls.py INTERPRETER

The count is the difference of two runs of different length, divided by the difference; the peer answers late, so that every receive
has to wait. A row of rows.py is good while the count is at most its `calls`. The benchmark's TLS in plain C is built, and must run. The
last line counts the checks.
"""

import argparse
import os
import tempfile

import measure
from run import HERE, compile_c, compile_tls, unfit
from rows import ROWS, USOCKET

ROUNDS = 200
BY_TIME = "rt_sigaction"  # a look at the handler of Ctrl-C, once in 20 ms of waiting, however many operations that is


def count(interpreter, peer, row):
    """{name: calls for one operation}"""
    echo = measure.Peer(peer, row.role, 1000)
    try:
        command = [interpreter, os.path.join(HERE, "client.py"), USOCKET]
        return measure.syscalls(lambda n: command + row.arguments(echo.port, n), ROUNDS)
    finally:
        echo.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("interpreter")
    options = parser.parse_args()
    passed = failed = 0
    with tempfile.TemporaryDirectory() as out:
        peer = compile_c(out, "peer")
        for row in ROWS:
            if row.calls is None:
                continue
            calls = count(options.interpreter, peer, row)
            total = sum(n for name, n in calls.items() if name != BY_TIME)
            good = total <= row.calls
            passed, failed = passed + good, failed + (not good)
            print(f"{'ok  ' if good else 'FAIL'}  {row.title}: {total:.2f} system calls, at most {row.calls} "
                  f"({', '.join(f'{name} {n:.2f}' for name, n in sorted(calls.items()))})")
        reason = unfit([compile_tls(out)])
        passed, failed = passed + (reason is None), failed + (reason is not None)
        print(f"{'FAIL' if reason else 'ok  '}  TLS in plain C: {reason or 'it runs'}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
