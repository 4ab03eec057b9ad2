# run: limit=60
# strace counts system calls and makes them fail: the cost of a line, the cost of a wait, and a failing accept.
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

HEAD = """
import asyncio, aiosocket, os, socket
from ends import port_of, streams
def marker(name):
    try:
        os.stat("/marker-" + name)
    except OSError:
        pass
"""


def traced(source, *options):
    """Return the system calls between the markers, and the printed lines."""
    with tempfile.NamedTemporaryFile() as trace:
        status, seen = Script(HEAD + source, wrap=("strace", "-f", "-o", trace.name, "-s", "40", *options)).finish(50)
        if status != 0 or "done" not in seen:
            return None, seen
        inside, calls = False, {}
        with open(trace.name, encoding="utf-8", errors="replace") as f:
            for line in f:
                inside = "/marker-begin" in line or inside and "/marker-end" not in line
                m = re.match(r"\d+ +(\w+)\(", line)
                if inside and m and "/marker" not in line:
                    calls[m.group(1)] = calls.get(m.group(1), 0) + 1
        return calls, seen


calls, seen = traced("""
async def main():
    a, b = streams()
    line = b"x" * 39 + b"\\n"
    a.write(line * 2000)
    a.close()
    marker("begin")
    n = 0
    async for got in b:
        n += got == line
    marker("end")
    b.close()
    print("lines", n)
aiosocket.run(main())
print("done")
""")
check("2000 lines are read", calls is not None and "lines 2000" in seen, seen[-5:])
total = sum((calls or {}).values())
check("with far less than a system call for each line", calls is not None and 20 <= total < 400, calls)

calls, seen = traced("""
async def main():
    a, b = streams()
    async def answer():
        while True:
            line = await b.readline()
            if not line:
                break
            b.write(line)
            await b.drain()
    task = asyncio.create_task(answer())
    async def ask(n):
        for _ in range(n):
            a.write(b"hello\\n")
            await a.drain()
            await a.readline()
    await ask(5)
    marker("begin")
    await ask(500)
    marker("end")
    a.close()
    await task
    b.close()
aiosocket.run(main())
print("done")
""")
total = sum((calls or {}).values())
check("500 questions and answers: for each 2 sends, 2 receives, and 2 waits of 2 calls", calls is not None and 2000 <= total <= 4200, (calls, seen[-3:]))

SERVER = """
async def echo(r, w):
    async with w:
        w.write(await r.readline())
async def ask(port):
    r, w = await aiosocket.open_connection("127.0.0.1", port, timeout=20)
    async with w:
        w.write(b"hello\\n")
        return await r.readline()
async def main():
    server, port = await port_of(echo)
    got = []
    for _ in range(8):
        got.append(await ask(port))
    print("answers", got.count(b"hello\\n"), "pauses", server.pauses)
    server.close()
    await server.wait_closed()
aiosocket.run(main())
print("done")
"""
for code in ("ECONNABORTED", "EPROTO", "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EPERM"):
    # A failed accept leaves the connection in the backlog; the fault is injected four times.
    calls, seen = traced(SERVER, "-e", "trace=accept4,accept", "-e", "inject=accept4,accept:error=%s:when=2..5" % code)
    check("accept fails with %s four times, and eight clients are served" % code,
          calls is not None and any(line.startswith("answers 8 ") for line in seen), seen[-5:])
    pauses = [int(line.split()[-1]) for line in seen if line.startswith("answers")]
    if code in ("EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"):
        check("after pauses", pauses and 1 <= pauses[0] <= 4, pauses)
    else:
        check("without a pause", pauses == [0], pauses)
print("end")
