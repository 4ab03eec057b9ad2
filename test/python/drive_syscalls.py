# run: limit=120
# strace counts system calls: readline needs a fixed number per line, independent of its length; makefile needs far fewer.
import re
import shutil
import sys
import tempfile

from drive import Script, check

if not shutil.which("strace"):
    print("skip system calls: strace is not installed")
    print("ok nothing else to see")
    print("end")
    sys.exit(0)

# The lines are sent before the count starts; a stat of a missing file marks its start and its end.
SOURCE = """
import os, socket
from pairs import tcp_pair, settle
a, b = tcp_pair()
a.setsockopt(1, 7, 1 << 20)
b.setsockopt(1, 8, 1 << 20)
line = b"x" * (%(size)d - 1) + b"\\n"
a.sendall(line * %(lines)d)
a.close()
%(setup)s
try:
    os.stat("/marker-begin")
except OSError:
    pass
for _ in range(%(lines)d):
    got = %(call)s
    if len(got) != %(size)d:
        print("short", len(got))
try:
    os.stat("/marker-end")
except OSError:
    pass
print("done")
"""


def count(setup, call, size, lines):
    with tempfile.NamedTemporaryFile() as trace:
        wrap = ("strace", "-o", trace.name, "-s", "40")
        source = SOURCE % {"setup": setup, "call": call, "size": size, "lines": lines}
        status, seen = Script(source, wrap=wrap).finish(60)
        if status != 0 or "done" not in seen:
            return None, seen
        inside, calls = False, {}
        with open(trace.name, encoding="utf-8", errors="replace") as f:
            for line in f:
                if "/marker-begin" in line:
                    inside = True
                elif "/marker-end" in line:
                    inside = False
                elif inside:
                    m = re.match(r"(\w+)\(", line)
                    if m:
                        calls[m.group(1)] = calls.get(m.group(1), 0) + 1
        return calls, seen


per_line = {}
for size, lines in ((10, 100), (64, 100), (300, 100), (5000, 20)):
    for tag, setup in (("blocking", ""), ("with a timeout", "b.settimeout(5)"), ("non-blocking", "b.setblocking(False)")):
        calls, seen = count(setup, "b.readline()", size, lines)
        if calls is None:
            check("lines of %d, %s" % (size, tag), False, seen[-3:])
            continue
        network = {k: v for k, v in calls.items() if k not in ("mmap", "munmap", "brk", "madvise")}
        n = sum(network.values()) / lines
        per_line[size, tag] = n
        check("U18: readline of %d bytes, %s: at most 8 system calls" % (size, tag), n <= 8, (n, network))
    calls, seen = count("f = b.makefile('rb')", "f.readline()", size, lines)
    if calls is None:
        check("makefile, lines of %d" % size, False, seen[-3:])
        continue
    n = sum(v for k, v in calls.items() if k not in ("mmap", "munmap", "brk", "madvise")) / lines
    limit = 1.0 if size < 1000 else 20.0
    check("makefile readline of %d bytes: buffered, at most %g system calls a line" % (size, limit), n <= limit, (n, calls))
small = [n for (size, _), n in per_line.items() if size <= 300]
check("U18: the same number for lines of 10, 64 and 300 bytes", small and max(small) - min(small) <= 1.0, per_line)
check("S3: readline does not ask for one byte at a time", all(n < 10 for n in per_line.values()), per_line)

# Ping-pong: a call with its data already there needs one system call, a call with a timeout at most three.
PING = """
import os, socket
from pairs import tcp_pair
a, b = tcp_pair()
b.settimeout(%s)
for i in range(100):
    a.send(b"x")
try:
    os.stat("/marker-begin")
except OSError:
    pass
for i in range(100):
    b.recv(1)
try:
    os.stat("/marker-end")
except OSError:
    pass
print("done")
"""
for timeout, most in (("None", 1.1), ("5", 1.1), ("0", 1.1)):
    SOURCE = (PING % timeout).replace("%", "%%")
    calls, seen = count("", "", 1, 100)
    n = sum(v for k, v in (calls or {"none": 10**6}).items() if k not in ("mmap", "munmap", "brk")) / 100
    check("recv of waiting data, timeout %s: one system call" % timeout, n <= most, (n, calls, seen[-2:]))
check("markers were seen", bool(per_line), per_line)
print("end")
