#!/usr/bin/env python3
"""Run the scripts of test/python on the emulated board, and judge their output as on any other stack.

usage: test/board/test.py [--filter RE] [--jobs N] [--verbose] [--shift N]

Each script has a board of its own, booted for it, over lwIP's loopback interface; the network outside is a wire without another
member. The board's time follows its instructions (-icount) and skips idle time, so that a run depends neither on the load of this
machine nor on luck, and a timeout takes no time. on_board.py runs the script and compares the heap, lwIP's pcbs and lwIP's pools
with what they were. test/python/run.py --judge --stack board does the rest; test/python/stacks/board.txt lists what is not run.
Without --filter, smoke.py follows: this module's image across QEMU's network, in real time. And an
image with TLS must not link without the board's source of randomness.
"""

import argparse
import concurrent.futures
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import board

PYTHON = os.path.join(board.ROOT, "test", "python")
sys.path.insert(0, PYTHON)

import run as judge  # noqa: E402

IMAGE = "usocket-test"
SMOKED = ("usocket",)
TLS_IMAGE = "usocket-tls"
LINK = "arm-none-eabi-gcc -nostdlib -mcpu=cortex-m4 -mthumb -mfloat-abi=soft -T board.ld -Wl,--gc-sections -Wl,--defsym=ram_size=512K".split()
OUT = os.path.join(board.ROOT, "build", "board", "outputs")
SECONDS = 60  # for one script, of this machine's time
HEAP = 524288  # bytes of the interpreter's heap, unless the script wants a size of its own
NETWORK = "hubport,hubid=0"
MASKS = {"veth": "255.255.255.0", "dns": "255.255.255.0"}
HELPERS = ("check.py", "alike.py", "pairs.py", "tlsdata.py", "tls_pair.py", "where.py", "squeeze.py", "control.py")


def mpy_cross():
    tree = os.path.join(board.ROOT, "build", "obj")
    found = [os.path.join(tree, name, "mpy-cross") for name in sorted(os.listdir(tree)) if name.startswith("mpy-cross-")]
    found = [path for path in found if os.access(path, os.X_OK)]
    if not found:
        sys.exit("test.py: no mpy-cross in build/obj: run `make board` first")
    return found[0]


def compiled(names):
    """The scripts as bytecode, {name: bytes}."""
    files, cross = {}, mpy_cross()
    with tempfile.TemporaryDirectory() as directory:
        for name, path in names.items():
            made = os.path.join(directory, name[:-3] + ".mpy")
            subprocess.run([cross, "-s", name, "-o", made, path], check=True)
            with open(made, "rb") as file:
                files[name[:-3] + ".mpy"] = file.read()
    return files


def target(again):
    """The board's target.py, with the environment that a board does not have."""
    with open(os.path.join(PYTHON, "stacks", "board", "target.py"), encoding="utf-8") as file:
        return file.read() + f"ENV = {{'TEST_STACK': 'board', 'TEST_AGAIN': {str(again)!r}}}\n"


class Runner:
    def __init__(self, shift):
        self.shift, self.helpers = shift, compiled({name: os.path.join(PYTHON, name) for name in HELPERS})
        with open(os.path.join(PYTHON, "run.py"), "rb") as file:
            self.files = {"run.py": file.read()}  # alike_sendfile.py sends it
        with open(os.path.join(board.ROOT, "test", "board", "on_board.py"), encoding="utf-8") as file:
            self.on_board = file.read()

    def run(self, name, again=0):
        """Run a script; what it prints goes to OUT. @return a line for the reader"""
        start = time.monotonic()
        wants = judge.directives(os.path.join(PYTHON, name))
        mask = MASKS.get(wants.get("net"), "")
        heap = wants.get("heap", str(HEAP)).replace("k", "*1024").replace("m", "*1048576").split("*")
        files = {**self.helpers, **compiled({name: os.path.join(PYTHON, name)}), "target.py": target(again).encode()}
        files.update(self.files)
        out, error, status = board.alone(board.image(IMAGE), f"NAME, MASK = {name[:-3]!r}, {mask!r}\n{self.on_board}", SECONDS, files,
                                         NETWORK, self.shift, math.prod(map(int, heap)))
        if status != 0:
            out += f"\nFAIL no halt: {'no end after its limit' if status is None else f'the emulator ended with status {status}'} {error}\n"
        with open(os.path.join(OUT, f"{name[:-3]}.{again}.txt" if again else name[:-3] + ".txt"), "w", encoding="utf-8") as file:
            file.write(out)
        if again < judge.FRESH and judge.doubtful(out):
            self.run(name, again + 1)
        figures = re.search(r"^board: (.*)$", out, re.M)
        return f"{name}: {figures[1] if figures else 'halted'}, {time.monotonic() - start:.1f} s of this machine"


def links(without):
    """Link the objects of the image with TLS, except those of that name. @return whether it links, and the linker's words"""
    with open(os.path.join(os.path.dirname(board.image(TLS_IMAGE)), "firmware.map"), encoding="utf-8") as file:
        objects = [path for path in re.findall(r"^LOAD (\S+)$", file.read(), re.M) if os.path.basename(path) != without]
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run([*LINK, "-o", os.path.join(directory, "firmware.elf"), *objects], cwd=os.path.join(board.ROOT, "test", "board"),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, done.stdout


def randomness():
    """@return the counts of two checks"""
    whole, words = links("")
    without, missing = links("usocket_board.o")
    good = [whole, not without and "undefined reference to `usocket_port_random'" in missing]
    for ok, what, text in zip(good, ("an image with TLS links", "without usocket_port_random it does not"), (words, missing)):
        print(f"ok {what}" if ok else f"FAIL {what}: {text[-500:]}")
    return good.count(True), good.count(False), 0


def counted(command):
    """Run a program that ends with `N passed, N failed, N skipped`. @return these numbers"""
    child = subprocess.Popen([sys.executable, "-B", *command], stdout=subprocess.PIPE, text=True)
    line = ""
    for line in child.stdout:
        print(line, end="", flush=True)
    status, counts = child.wait(), re.fullmatch(r"(\d+) passed, (\d+) failed, (\d+) skipped\n", line)
    if not counts or (status and counts[2] == "0"):
        print(f"FAIL {os.path.basename(command[0])} ended with status {status}")
        return 0, 1, 0
    return tuple(map(int, counts.groups()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--filter", default="", help="only scripts whose name matches this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="boards at a time")
    parser.add_argument("--verbose", action="store_true", help="print the whole output of scripts that fail")
    parser.add_argument("--shift", type=int, default=3, help="2**N ns for an instruction")
    options = parser.parse_args()

    shutil.rmtree(OUT, ignore_errors=True)
    os.makedirs(OUT)
    runner = Runner(options.shift)
    names, left_out = judge.selection("board", options.filter)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(runner.run, name) for name in names if name not in left_out]
        for future in concurrent.futures.as_completed(waiting):
            print(future.result(), flush=True)
    for name in left_out & set(names):  # their lines are printed by the judge
        open(os.path.join(OUT, name[:-3] + ".txt"), "w").close()
    commands = [[os.path.join(PYTHON, "run.py"), "--judge", OUT, "--stack", "board", "--filter", options.filter, *["--verbose"] * options.verbose]]
    commands += [] if options.filter else [[os.path.join(board.ROOT, "test", "board", "smoke.py"), image] for image in SMOKED]
    total = [0, 0, 0]
    for command in commands:
        print("\n$ " + " ".join([os.path.relpath(command[0], board.ROOT), *command[1:2]]), flush=True)
        for index, n in enumerate(counted(command)):
            total[index] += n
    if not options.filter:
        total = [a + b for a, b in zip(total, randomness())]
    print("%d passed, %d failed, %d skipped" % tuple(total))
    sys.exit(total[1] != 0)


if __name__ == "__main__":
    main()
