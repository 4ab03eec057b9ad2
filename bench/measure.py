"""Run one client or one peer and measure its cost."""

import collections
import os
import re
import signal
import statistics
import subprocess
import tempfile
import threading

LIMIT = 60  # seconds; the longest that a client may run


class Failure(Exception):
    pass


def pin(cpus):
    return lambda: os.sched_setaffinity(0, cpus)


class Peer:
    """A peer process for one role."""

    def __init__(self, program, role, delay=0):
        self.process = subprocess.Popen([program, role, str(delay)], stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())

    def move(self, cpus):
        os.sched_setaffinity(self.process.pid, cpus)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def run(command, cpus):
    """Run a client; returns (measured nanoseconds, CPU time in nanoseconds)."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, preexec_fn=pin(cpus)
        )
        timer = threading.Timer(LIMIT, process.kill)
        timer.start()
        with process.stdout:
            output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode == -signal.SIGKILL:
            raise Failure("no end after %d s" % LIMIT)
        try:
            elapsed = int(output)
        except ValueError:
            elapsed = 0
        if process.returncode != 0 or elapsed <= 0:
            errors.seek(0)
            words = (output + errors.read()).decode(errors="replace").strip().splitlines()
            raise Failure(words[-1] if words else "exit %d, no figure" % process.returncode)
    return elapsed, (usage.ru_utime + usage.ru_stime) * 1e9


def calibrate(command, cpus, seconds):
    """The count with which command(count) takes about the given number of seconds."""
    count = 200
    for _ in range(3):
        elapsed, _ = run(command(count), cpus)
        wanted = max(1, int(count * seconds * 1e9 / elapsed))
        if elapsed > seconds * 1e9 / 20:
            return wanted
        count = min(wanted, count * 100)
    return count


def syscalls(command, count):
    """System calls of one operation by name, from a run with `count` operations and one with twice as many.

    A name that differs by three calls or less is start-up noise, not part of the operation.
    """

    def calls(n):
        with tempfile.NamedTemporaryFile("r") as output:
            result = subprocess.run(
                ["strace", "-c", "-f", "-o", output.name] + command(n), timeout=LIMIT,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            )
            if result.returncode != 0:
                words = result.stderr.decode(errors="replace").strip().splitlines()
                raise Failure("strace: " + (words[-1] if words else "exit %d" % result.returncode))
            found = collections.Counter()
            for line in output:
                # % time, seconds, usecs/call, calls, errors (or nothing), name
                match = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", line)
                if match and match[2] != "total":
                    found[match[2]] += int(match[1])
        if not found:
            raise Failure("strace: no calls counted")
        return found

    one, two = calls(count), calls(2 * count)
    return {name: (two[name] - one[name]) / count for name in two if two[name] - one[name] > 3}


class Series:
    """The results of all rounds of one contender in one row and layout."""

    def __init__(self):
        self.wall = []  # microseconds per operation
        self.cpu = []

    def add(self, command, cpus, count):
        few = max(1, count // 8)
        _, cpu_few = run(command(few), cpus)
        elapsed, cpu = run(command(count), cpus)
        self.wall.append(elapsed / count / 1e3)
        self.cpu.append((cpu - cpu_few) / (count - few) / 1e3)

    def figures(self):
        return {
            "median": statistics.median(self.wall),
            "min": min(self.wall),
            "max": max(self.wall),
            "cpu": statistics.median(self.cpu),
            "wall_rounds": self.wall,
            "cpu_rounds": self.cpu,
        }
