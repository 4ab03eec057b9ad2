#!/usr/bin/env python3
"""Tests the interpreter for TCP clients: runs client.py and serves as its other end.

usage: test/client/run.py INTERPRETER
"""

import os
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
import slow

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 60  # seconds


def serve(handle):
    """A server on a port of its own."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            threading.Thread(target=handle, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def echo(conn):
    with conn:
        while data := conn.recv(65536):
            conn.sendall(data)


def silent(conn):
    with conn:
        while conn.recv(65536):
            pass


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    closed = socket.socket()  # bound but not listening, so that no other program gets the port
    closed.bind(("127.0.0.1", 0))
    ports = [serve(echo), serve(silent), closed.getsockname()[1]]
    child = subprocess.Popen([os.path.abspath(sys.argv[1]), os.path.join(HERE, "client.py"), *map(str, ports)],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             env={**os.environ, "TEST_SLOW": f"{slow.factor():.2f}"})
    limit = slow.Limit(LIMIT)
    try:
        out, _ = slow.communicate(child, limit)
    except subprocess.TimeoutExpired:
        child.kill()
        out = child.communicate()[0] + "\n" + limit.words()
    lines = out.splitlines()
    passed = sum(line.startswith("ok ") for line in lines)
    failed = sum(line.startswith("FAIL ") for line in lines)
    for line in lines:
        if not line.startswith("ok ") and line != "end":
            print(line)
    if "end" not in lines or (child.returncode != 0 and not failed):
        print("stopped before its end, status %d" % child.returncode)
        failed += 1
    print("%d passed, %d failed, 0 skipped" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
