#!/usr/bin/env python3
"""Random programs: program.py with many seeds, on one or several interpreters.

    test/random/run.py [--programs N] [--first SEED] [--steps N] [--jobs N] [--verbose] INTERPRETER...
    TEST_SECONDS=3600 test/random/run.py INTERPRETER...        for an hour, from a seed that the clock chooses

An interpreter is a path; its directory in build/ tells the stack underneath. Each program runs in network namespaces of its own,
with loopback alone (test/python/netns.sh), and with a heap that its seed chooses. A program fails if it crashes, prints FAIL, prints
nothing for SILENT seconds (a call exceeds its deadline) or leaves a descriptor open; the seed, the command and the end of its trace
are printed. The last line is `N passed, N failed, N skipped`.

MicroPython's unix port has threads without a global lock: its collector marks and sweeps while other threads run, and rarely frees an
object that one of them has just created. Without a GIL a failing program with threads is therefore run AGAIN times more. It counts as
failed if one of these runs fails as well; otherwise as skipped, printed with all of the above.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PYTHON = os.path.join(ROOT, "test", "python")
sys.path.insert(0, os.path.join(ROOT, "tools"))
import slow

SILENT = 60  # seconds
WHOLE = 600  # seconds for one program
AGAIN = 3
WITH_GIL = ("sal", "sal5")
HEAPS = ("2m", "500k", "8m", "220k")
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|runtime error: |WARNING: ThreadSanitizer")

running = set()  # process groups


def flavour_of(interp):
    return os.path.basename(os.path.dirname(interp))


def command_of(interp, seed, steps):
    heap = HEAPS[seed % len(HEAPS)]
    return [os.path.join(PYTHON, "netns.sh"), "lo", interp, "-X", "heapsize=" + heap, os.path.join(HERE, "program.py"), str(seed), str(steps)]


def environment(interp, factor):
    flavour = flavour_of(interp)
    stack = next((s for s in ("lwip-raw", "lwip", "sal") if flavour.startswith(s)), "")
    own = os.path.join(PYTHON, "stacks", stack) + ":" if stack else ""
    env = dict(os.environ, MICROPYPATH=f".frozen:{own}{PYTHON}", TEST_SLOW=f"{factor:.2f}", TEST_STACK=stack)
    env.setdefault("ASAN_OPTIONS", "detect_leaks=0:abort_on_error=0:exitcode=99:detect_stack_use_after_return=0")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:exitcode=99")
    return env


def where(pid):
    """The kernel function in which each thread of a stalled process waits, where the system reports it."""
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/stat") as f, open(f"/proc/{pid}/task/{task}/wchan") as g:
                found.append(f"{task} {f.read().rpartition(')')[2].split()[0]} {g.read() or '-'}")
    except OSError:
        pass
    return "; ".join(found)


def descriptors(pid):
    """The open descriptors of a process."""
    found = []
    for number in sorted(os.listdir(f"/proc/{pid}/fd"), key=int):
        try:
            found.append(f"{number} {os.readlink(f'/proc/{pid}/fd/{number}')}")
        except OSError:
            pass
    return ", ".join(found)


def run(interp, seed, steps):
    """One program. Returns (the reason of its failure or None, its output)."""
    factor = slow.factor() * (4 if flavour_of(interp).endswith(("asan", "irq")) else 1)
    folder = tempfile.mkdtemp()  # for the paths of AF_UNIX sockets
    child = subprocess.Popen(command_of(interp, seed, steps), env=environment(interp, factor), cwd=folder, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    running.add(child.pid)
    lines, heard = [], [time.monotonic()]

    def read():
        for line in child.stdout:
            lines.append(line.decode("utf-8", "replace").rstrip("\n"))
            heard[0] = time.monotonic()
            if lines[-1].startswith("FAIL descriptors"):
                lines.append("  they are: " + descriptors(child.pid))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    start, why = time.monotonic(), None
    while child.poll() is None and why is None:
        time.sleep(0.05)
        if time.monotonic() - heard[0] > SILENT * factor:
            why = f"a call is held: nothing printed for {SILENT * factor:.0f} s ({slow.advice(factor)}); threads: {where(child.pid)}"
        elif time.monotonic() - start > WHOLE * factor:
            why = f"no end after {WHOLE * factor:.0f} s ({slow.advice(factor)})"
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    status = child.wait()
    running.discard(child.pid)
    shutil.rmtree(folder, ignore_errors=True)
    reader.join(5)
    text = "\n".join(lines)
    said = [line for line in lines if line.startswith("FAIL") or SANITIZER.search(line)]
    if why is None and status < 0:
        why = f"killed by signal {-status}"
    elif why is None and said:
        why = said[0]
    elif why is None and status:
        why = f"ended with {status}"
    elif why is None and (not lines or lines[-1] != "end"):
        why = "stopped before its end"
    return why, text


def has_threads(seed):
    """True if the program of this seed has threads, as program.py decides it."""
    return seed // 3 % 4 > 0 or seed % 2 == 1


def judged(interp, seed, steps):
    """Run one program, and repeat it if threads may be the reason. Returns (reason or None, output, True if it fails again)."""
    why, text = run(interp, seed, steps)
    if why is None or not has_threads(seed) or flavour_of(interp) in WITH_GIL:
        return why, text, True
    return why, text, any(run(interp, seed, steps)[0] for _ in range(AGAIN))


def stop():
    """End the running programs; returns the exit status."""
    for pid in list(running):
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return 143


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("interp", nargs="+")
    p.add_argument("--programs", type=int, default=8, help="for each interpreter (8)")
    p.add_argument("--first", type=int, default=1, help="the first seed (1)")
    p.add_argument("--steps", type=int, default=400, help="of each thread of a program (400)")
    p.add_argument("--jobs", type=int, default=3, help="at once; they wait more than they work (3)")
    p.add_argument("--verbose", action="store_true", help="print the whole trace of a program that fails")
    o = p.parse_args()
    slow.control()
    seconds = float(os.environ.get("TEST_SECONDS") or 0)
    first = int(time.time()) % 10**7 * 100 if seconds and o.first == 1 else o.first
    until = time.monotonic() + seconds
    interps = [os.path.abspath(i) for i in o.interp]
    print(f"seeds from {first}, {o.steps} steps a thread", flush=True)
    totals = dict.fromkeys(interps, 0)
    failures = once = 0

    def jobs():
        seed = first
        while seed < first + o.programs or seconds and time.monotonic() < until:
            for interp in interps:
                yield interp, seed
            seed += 1

    def one(job):
        return job, judged(*job, o.steps)

    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        todo, waiting, told = jobs(), set(), time.monotonic()
        while True:
            while len(waiting) < o.jobs and (job := next(todo, None)) is not None:
                waiting.add(pool.submit(one, job))
            if not waiting:
                break
            done, waiting = concurrent.futures.wait(waiting, 5, concurrent.futures.FIRST_COMPLETED)
            for future in done:
                (interp, seed), (why, text, again) = future.result()
                totals[interp] += why is None
                if why is not None:
                    failures += again
                    once += not again
                    verdict = "FAIL" if again else f"skip (not once in {AGAIN} further runs; the collector is not made for threads)"
                    print(f"{verdict} {flavour_of(interp)}, seed {seed}: {why}")
                    print("     again: " + " ".join(os.path.relpath(w, ROOT) if os.path.isabs(w) else w for w in command_of(interp, seed, o.steps)))
                    lines = text.splitlines()
                    at = next((n for n, line in enumerate(lines) if SANITIZER.search(line)), len(lines))
                    for line in lines if o.verbose else lines[max(0, at - 15):at + 15]:
                        print("     | " + line[:300])
                    sys.stdout.flush()
            if time.monotonic() - told > 8:
                told = time.monotonic()
                print(f"{sum(totals.values())} programs passed, {failures} failed", flush=True)
    for interp, n in totals.items():
        print(f"{flavour_of(interp)}: {n} programs passed")
    print(f"{sum(totals.values())} passed, {failures} failed, {once} skipped")
    return 1 if failures or not any(totals.values()) else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(stop()))
    sys.exit(main())
