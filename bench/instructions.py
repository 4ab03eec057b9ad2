#!/usr/bin/env python3
"""Count the instructions that one call costs, with valgrind's callgrind.

usage: bench/instructions.py [--write] INTERPRETER

Each row is a loop in one thread over two sockets that are connected by loopback; its cost is the difference of two runs of different
length, divided by the difference. Instructions of the kernel do not count. The last line counts the checks: a row is good while it
is at most 1 % above the one in bench/instructions.md; --write makes that page.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(HERE, "instructions.md")
FEW, MANY = 200, 1200
TOLERANCE = 0.01

SETUP = """
import usocket
listener = usocket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(1)
a = usocket.socket()
a.connect(listener.getsockname())
b, _ = listener.accept()
a.settimeout(5)
b.settimeout(5)
data, line, buf = b"x" * 64, b"x" * 63 + b"\\n", bytearray(64)
u, v = usocket.socket(type=usocket.SOCK_DGRAM), usocket.socket(type=usocket.SOCK_DGRAM)
u.bind(("127.0.0.1", 0))
v.bind(("127.0.0.1", 0))
to_v = v.getsockname()
def loop(n):
    for _ in range(n):
"""

# (name, the body of the loop)
ROWS = (
    ("TCP ping-pong, 64 B", ("a.send(data)", "b.recv(64)", "b.send(data)", "a.recv(64)")),
    ("send + recv, 64 B", ("a.send(data)", "b.recv(64)")),
    ("send + recv_into, 64 B", ("a.send(data)", "b.recv_into(buf)")),
    ("send + readinto, 64 B", ("a.send(data)", "b.readinto(buf)")),
    ("send + readline, 64 B", ("a.send(line)", "b.readline()")),
    ("sendto + recvfrom, 64 B", ("u.sendto(data, to_v)", "v.recvfrom(64)")),
    ("settimeout", ("a.settimeout(5)",)),
)


def count(interpreter, body, times):
    program = SETUP + "".join(f"        {line}\n" for line in body) + f"loop({times})\n"
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", interpreter, "-c", program],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    match = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not match:
        sys.exit(f"the program ended with code {done.returncode}:\n{done.stdout}{done.stderr}")
    return int(match.group(1))


def measure(interpreter):
    """{row: instructions for one turn of its loop}"""
    jobs = [(body, times) for _, body in ROWS for times in (FEW, MANY)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = list(pool.map(lambda job: count(interpreter, *job), jobs))
    return {name: round((counts[2 * i + 1] - counts[2 * i]) / (MANY - FEW)) for i, (name, _) in enumerate(ROWS)}


def recorded():
    try:
        with open(PAGE, encoding="utf-8") as file:
            return {name: int(value) for name, value in re.findall(r"^\| ([^|]+) \| (\d+) \|$", file.read(), re.M)}
    except FileNotFoundError:
        return {}


def write(figures):
    rows = "".join(f"| {name} | {value} |\n" for name, value in figures.items())
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(f"""# Instructions

Instructions of one turn of a loop in MicroPython's unix port on x86-64, the interpreter's own included and the kernel's not, as
valgrind's callgrind counts them (`bench/instructions.py`). Both ends are in one thread, so that no call waits. `make
instructions-check` fails when a row has grown by more than 1 %; `make instructions` writes this page.

| loop | instructions |
|---|--:|
{rows}""")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("interpreter")
    options = parser.parse_args()
    figures, before = measure(options.interpreter), recorded()
    if options.write:
        write(figures)
    passed = failed = 0
    for name, value in figures.items():
        good = options.write or (name in before and value <= before[name] * (1 + TOLERANCE))
        passed, failed = passed + good, failed + (not good)
        print(f"{'ok  ' if good else 'FAIL'}  {name}: {value}, recorded {before.get(name, 'nothing')}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
