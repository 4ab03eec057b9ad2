#!/usr/bin/env python3
"""Run a program of one's own on the emulated board, which is connected when it begins.

usage: make run-board SCRIPT=app.py [ARGS='a b'] [FILES='ca.pem config.py'] [FORWARD='8080:80']

The board reaches this machine at 10.0.2.2, and looks names up where this machine does. FILES: what the board has on its disk, each under
its name without the directory. FORWARD: the board's port 80 is port 8080 of this machine's 127.0.0.1. Ctrl-C interrupts the program. The
exit status is 1 where it ends with an exception.
"""

import os
import sys

import board

NEVER = 1e9  # seconds


def pairs(text):
    """The ports of FORWARD, {of this machine: of the board}."""
    found = dict(part.partition(":")[::2] for part in text.split())
    if not all(port.isdigit() for pair in found.items() for port in pair):
        sys.exit(f"FORWARD={text}: pairs such as 8080:80 are wanted, this machine's port first")
    return found


def contents(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as e:
        sys.exit(f"{path}: {e.strerror}")


def follow(b):
    """Print what the program prints. @return its traceback"""
    while True:
        try:
            line = b.line(NEVER)
            if line is None:
                break
            print(line, flush=True)
        except KeyboardInterrupt:
            b.interrupt()
    out, error = b.finish(NEVER)
    print(out, end="", flush=True)
    return error


def main(path, *arguments):
    program = contents(path)
    files = {os.path.basename(name): contents(name) for name in os.environ.get("FILES", "").split()}
    with board.Board(board.image("usocket-tls"), pairs(os.environ.get("FORWARD", ""))) as b:
        b.online()
        for name, data in files.items():
            b.put(name, data)
        b.do(f"import sys\nsys.argv[:] = {[path, *arguments]!r}")
        b.start(program)
        error = follow(b)
    if error:
        print(error, end="", file=sys.stderr)
    return 1 if error else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    try:
        sys.exit(main(*sys.argv[1:]))
    except board.Failed as e:
        sys.exit(str(e))
