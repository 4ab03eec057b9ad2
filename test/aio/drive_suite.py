# run: net=lo limit=120
# MicroPython's own tests of asyncio's streams, with aiosocket's connections and servers in place of asyncio's and otherwise unchanged:
# pairs of programs and single ones. The expected output is MicroPython's as well.
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

from drive import INTERP, SLOW, check

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "test", "peers"))
from cell import runner  # noqa: E402

TREES = sorted(glob.glob(os.path.join(ROOT, "build", "micropython-*", "tests")))
PAIRS = ["asyncio_tcp_" + name for name in ("close_write", "readall", "readexactly", "readinto", "server_client")]
PAIRS += ["asyncio_tls_server_client", "asyncio_tls_server_client_readline"]
DIFFERENT = {
    "asyncio_tcp_client_rst": "a stream reads ahead: bytes received before a reset are kept, and the test reads them",
}
# With `import aiosocket as asyncio` MicroPython's tests of asyncio itself print the same as with asyncio, except for these:
INSTEAD = {
    "asyncio_fair": "counts turns by the clock, which a busy machine changes",
    "asyncio_heaplock": "a write that must wait is sent in the background, which takes memory",
    "asyncio_wait_for": "wait_for() has no task of its own: tasks run in another order",
    "asyncio_wait_for_fwd": "the same; a task that returns a result when cancelled returns it, as in CPython since 3.12",
}
SINGLE = ["asyncio_loopback", "asyncio_start_server"]
OURS = """
import aiosocket
for _name in ("open_connection", "start_server", "StreamReader", "StreamWriter"):
    setattr(asyncio, _name, getattr(aiosocket, _name))
"""


def ours(path, folder):
    """Copy a test so that it uses aiosocket, with its expected output beside it."""
    with open(path) as f:
        text = f.read()
    at = re.search(r"^PORT = |^(?=async def )|^# ", text[text.index("raise SystemExit") :], re.M).start() + text.index("raise SystemExit")
    copy = os.path.join(folder, os.path.basename(path))
    with open(copy, "w") as f:
        f.write(text[:at] + OURS + text[at:])
    shutil.copy(path + ".exp", copy + ".exp")
    return copy


def instead(path, folder):
    """Copy a test so that it imports aiosocket under the name asyncio."""
    with open(path) as f:
        text = f.read()
    copy = os.path.join(folder, os.path.basename(path))
    with open(copy, "w") as f:
        f.write(re.sub(r"^(\s*)import asyncio$", r"\1import aiosocket as asyncio", text, flags=re.M).replace("from asyncio import", "from aiosocket import"))
    return copy


def run(*command, **more):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=50 * SLOW, **more)


if not TREES:
    print("skip MicroPython's tests: no tree of it under build/")
else:
    tests = TREES[0]
    instance = "exec:%s,MICROPYPATH=%s/test/peers/lib:.frozen" % (INTERP, ROOT)
    with tempfile.TemporaryDirectory() as folder:
        for key in glob.glob(tests + "/multi_net/*.der"):
            shutil.copy(key, folder)
        for name in PAIRS:
            copy = ours(os.path.join(tests, "multi_net", name + ".py"), folder)
            done = run(*runner(tests + "/run-multitests.py", {"factor": SLOW}), "-i", instance, "-i", instance, copy, cwd=tests)
            check(name, "1 tests passed" in done.stdout and done.returncode == 0, " | ".join(done.stdout[-800:].split("\n")))
        for name in SINGLE:
            copy = ours(os.path.join(tests, "net_hosted", name + ".py"), folder)
            done = run(INTERP, copy)
            with open(copy + ".exp") as f:
                check(name, done.stdout == f.read(), done.stdout[-400:])
        for path in sorted(glob.glob(tests + "/extmod/asyncio_*.py")):
            name = os.path.basename(path)[:-3]
            if name in INSTEAD:
                continue
            for _ in range(5):  # in some tests tasks sleep in parallel and print in the order of waking, which varies
                expected, got = (run(INTERP, which, cwd=tests + "/extmod").stdout for which in (path, instead(path, folder)))
                if got == expected:
                    break
            check("import aiosocket as asyncio: " + name, got == expected, (got[-300:], expected[-300:]))
    for name, reason in list(DIFFERENT.items()) + list(INSTEAD.items()):
        print("skip %s: %s" % (name, reason))
print("end")
