#!/usr/bin/env python3
"""Count the instructions that one call costs, with valgrind's callgrind.

usage: bench/instructions.py [--write STOCK] INTERPRETER

Each row is a loop in one thread over sockets that are connected by loopback; its cost is the difference of two runs of different
length, divided by the difference. Instructions of the kernel do not count. The last line counts the checks: a row is good while it
is at most 1 % above the one in bench/instructions.md. --write makes that page, with a column for MicroPython's built-in socket, which
the interpreter STOCK has, and one for CPython.
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
OURS, BUILT_IN, CPYTHON = COLUMNS = ("usocket", "built-in", "CPython")
COMMAND = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]

# The built-in module takes packed addresses and does not tell a socket's own: usocket, which STOCK has as well, finds a free port.
ADDRESSES = {
    OURS: """
import select, usocket as socket
def address():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    found = s.getsockname()
    s.close()
    return found
""",
    BUILT_IN: """
import select, socket, usocket
def address():
    s = usocket.socket()
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
    s.close()
    return socket.getaddrinfo("127.0.0.1", port)[0][-1]
""",
}
ADDRESSES[CPYTHON] = ADDRESSES[OURS].replace("usocket as ", "")

SETUP = """
def bound(kind):
    for _ in range(50):
        s = socket.socket(socket.AF_INET, kind)
        at = address()
        try:
            s.bind(at)
            return s, at
        except OSError:  # another program was faster
            s.close()
    raise OSError("no free port")
listener, to_listener = bound(socket.SOCK_STREAM)
listener.listen(128)
a = socket.socket()
a.connect(to_listener)
b = listener.accept()[0]
a.settimeout(5)
b.settimeout(5)
data, line, buf = b"x" * 64, b"x" * 63 + b"\\n", bytearray(64)
u = bound(socket.SOCK_DGRAM)[0]
v, to_v = bound(socket.SOCK_DGRAM)
poller = select.poll()
"""
# A socket of CPython has neither readinto nor readline: there a file of makefile has them.
READER = {OURS: "r = b\n", BUILT_IN: "r = b\n", CPYTHON: "r = b.makefile('rb')\n"}
# All names are found before the loop: MicroPython looks them up in a cache of few places, and which ones share a place changes with the
# numbers of all names of the program.
LOOP = "def loop(n, data=data, line=line, buf=buf, to_v=to_v, to_listener=to_listener{more}):\n    for _ in range(n):\n"

# (name, what comes before the loop, the body of the loop, lengths, columns)
CONNECT = ("c = new()", "connect(c, to_listener)", "close(c)")
TYPE = {"new": "socket.socket", "connect": "new.connect", "close": "new.close"}
SHORT = 20, 100  # what nobody accepts stays in the listener's queue
ROWS = (
    ("TCP ping-pong, 64 B", "", ("a.send(data)", "b.recv(64)", "b.send(data)", "a.recv(64)"), (FEW, MANY), COLUMNS),
    ("send + recv, 64 B", "", ("a.send(data)", "b.recv(64)"), (FEW, MANY), COLUMNS),
    ("send + recv_into, 64 B", "", ("a.send(data)", "b.recv_into(buf)"), (FEW, MANY), (OURS, CPYTHON)),
    ("send + readinto, 64 B", "", ("a.send(data)", "r.readinto(buf)"), (FEW, MANY), COLUMNS),
    ("send + readline, 64 B", "", ("a.send(line)", "r.readline()"), (FEW, MANY), COLUMNS),
    ("sendto + recvfrom, 64 B", "", ("u.sendto(data, to_v)", "v.recvfrom(64)"), (FEW, MANY), COLUMNS),
    ("settimeout", "", ("a.settimeout(5)",), (FEW, MANY), COLUMNS),
    ("socket + connect + close", "", CONNECT, SHORT, COLUMNS),
    ("socket + connect + close, accept + close", "", (*CONNECT, "close(listener.accept()[0])"), SHORT, COLUMNS),
    ("poll of 1 socket, ready", "poller.register(b, select.POLLIN)\na.send(data)\n", ("poller.poll(0)",), (FEW, MANY), COLUMNS),
)


def count(column, interpreter, before, body, times):
    turn = "".join(f"        {line}\n" for line in body)
    calls = sorted(set(re.findall(r"\w+\.\w+", turn)))
    names = {**{name: of for name, of in TYPE.items() if body[0] == CONNECT[0]}, **{call.replace(".", "_"): call for call in calls}}
    found = "".join(f"{name} = {of}\n" for name, of in names.items())
    loop = LOOP.format(more="".join(f", {name}={name}" for name in names)) + re.sub(r"(\w+)\.(\w+)", r"\1_\2", turn)
    program = ADDRESSES[column] + SETUP + READER[column] + before + found + loop + f"loop({times})\n"
    done = subprocess.run([*COMMAND, *interpreter, "-c", program], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env={**os.environ, "PYTHONHASHSEED": "0"})
    match = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not match:
        sys.exit(f"{column}: the program ended with code {done.returncode}:\n{done.stdout}{done.stderr}")
    return int(match.group(1))


def measure(column, interpreter):
    """{row: instructions for one turn of its loop}"""
    rows = [row for row in ROWS if column in row[4]]
    jobs = [(column, interpreter, before, body, times) for _, before, body, lengths, _ in rows for times in lengths]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = list(pool.map(lambda job: count(*job), jobs))
    return {row[0]: round((counts[2 * i + 1] - counts[2 * i]) / (row[3][1] - row[3][0])) for i, row in enumerate(rows)}


def recorded():
    try:
        with open(PAGE, encoding="utf-8") as file:
            return {name: int(value) for name, value in re.findall(r"^\| ([^|]+) \| (\d+) \|", file.read(), re.M)}
    except FileNotFoundError:
        return {}


def write(columns):
    rows = "".join(f"| {row[0]} | {' | '.join(str(columns[column].get(row[0], '–')) for column in COLUMNS)} |\n" for row in ROWS)
    python = ".".join(map(str, sys.version_info[:3]))
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(f"""# Instructions

Instructions of one turn of a loop on x86-64, the interpreter's own included and the kernel's not, as valgrind's callgrind counts
them (`bench/instructions.py`): this module in MicroPython's unix port, that port's built-in socket, and CPython {python}.
All ends are in one thread, so that no call waits. Names are found before a loop: MicroPython's cache of lookups has few places, and
which names share one changes with each program. `make instructions-check` fails when a figure of the first column has grown by more
than 1 %; `make instructions` writes this page.

The built-in module has no recv_into, and its addresses are packed bytes, while the others take a tuple. Its recv frees a buffer, and
the next allocation searches the heap from there: the figure grows with the number of turns, here {FEW} to {MANY}. Of CPython, readinto
and readline are those of `makefile('rb')`.

| loop | {' | '.join(COLUMNS)} |
|---|{'--:|' * len(COLUMNS)}
{rows}""")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", metavar="STOCK", help="write the page; the interpreter with the built-in socket")
    parser.add_argument("interpreter")
    options = parser.parse_args()
    figures, before = measure(OURS, [options.interpreter]), recorded()
    if options.write:
        write({OURS: figures, BUILT_IN: measure(BUILT_IN, [options.write]), CPYTHON: measure(CPYTHON, [sys.executable, "-sS"])})
    passed = failed = 0
    for name, value in figures.items():
        good = bool(options.write) or (name in before and value <= before[name] * (1 + TOLERANCE))
        passed, failed = passed + good, failed + (not good)
        print(f"{'ok  ' if good else 'FAIL'}  {name}: {value}, recorded {before.get(name, 'nothing')}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
