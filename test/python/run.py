#!/usr/bin/env python3
"""Run the Python scripts beside this file and print a verdict for each.

Three kinds, by name:
  alike_*.py   run by CPython and by the interpreter under test; every line that CPython prints is one comparison
  drive_*.py   run by CPython, which starts the interpreter under test (INTERP in the environment) and judges it
  the others   run by the interpreter under test alone, with the checks of check.py

A comment among the first lines of a script has its settings:
  # run: net=lo|veth|dns limit=SECONDS heap=SIZE files=N long
net: namespaces of its own (netns.sh); heap: -X heapsize; files: ulimit -n; long: only with --long. The limit, 30 by default, is
scaled to the machine (tools/slow.py); scripts have the factor in TEST_SLOW.

--stack NAME: the interpreter uses another stack than Linux's. stacks/NAME.txt has the differences of that stack, one per line;
docs/stacks.md describes each ID:
  ID | script.py | label, * for anything | reason      a failure of such a check is a skip, with its reason
  ID | script.py | - | reason                          the script is not run
A line that matches no failure is a failure.

--scripts DIR: runs the scripts of another directory.

--known FILE: another list of this form, for the limits of an emulator.

For a machine that cannot run this program, run the scripts there and judge their output here with --judge: DIR/SCRIPT.txt, and
DIR/SCRIPT.1.txt of a fresh interpreter, if there is one.
"""

import argparse
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import slow

HELPERS = ("run.py", "check.py", "alike.py", "pairs.py", "drive.py", "tlsdata.py", "tls_pair.py", "where.py", "target.py", "nameserver.py",
           "ends.py", "squeeze.py", "neighbour.py", "control.py", "asleep.py")
DEFECTS = (
    ["R%d" % n for n in range(1, 23)] + ["U%d" % n for n in range(1, 24)] + ["S%d" % n for n in range(1, 8)]
)
FRESH = 2  # interpreters that are asked again about the collector
LEFT = "descriptors left"  # an answer of alike.py that depends on it
SANITIZER = re.compile(r"(ERROR: \w+Sanitizer.*|.*: runtime error: .*|WARNING: ThreadSanitizer.*)")
FRAME = re.compile(r"^ +#\d+ 0x[0-9a-f]+ in (.*)$", re.M)  # of a sanitizer's report


class Result:
    def __init__(self, name):
        self.name = name
        self.passed, self.failed, self.skipped = [], [], []
        self.lost = []  # failures that may be an oversight of the collector
        self.again = []  # failures for which a fresh interpreter was started
        self.broken = []  # failures of the process itself, which no list covers
        self.seconds = 0.0
        self.output = ""

    @property
    def good(self):
        return not self.failed


class Difference:
    """A line of stacks/NAME.txt."""

    def __init__(self, where, line):
        self.where = where
        self.id, self.script, self.label, self.reason = (part.strip() for part in line.split("|", 3))
        self.pattern = re.compile(".*".join(map(re.escape, self.label.split("*"))), re.DOTALL)
        self.used = 0

    def covers(self, failure):
        """True if `label: why` has such a label; a label may contain colons."""
        return any(self.pattern.fullmatch(failure[: m.start()]) for m in re.finditer(": ", failure))


def differences(path):
    """Read the lines of a list."""
    with open(path, encoding="utf-8") as f:
        return [Difference("%s:%d" % (os.path.basename(path), n), line) for n, line in enumerate(f, 1)
                if line.strip() and not line.startswith("#")]


def excuse(result, known):
    """Turn failures covered by the list into skips; a line that covers none is a failure."""
    left = []
    for failure in result.failed:
        found = [d for d in known if d.covers(failure)]
        for d in found:
            d.used += 1
        if found:
            result.skipped.append("%s: %s: %s" % (failure.split(": got ")[0], found[0].id, found[0].reason))
        else:
            left.append(failure)
    result.failed = left + ["%s: stale: %s: nothing fails that matches %s" % (d.where, d.id, d.label) for d in known if not d.used]


def selection(stack, pattern, directory=HERE):
    """The scripts with a matching name, and the names of those that the list of the stack leaves out."""
    left_out = {d.script for d in differences(os.path.join(HERE, "stacks", stack + ".txt")) if d.label == "-"}
    names = [name for name in sorted(os.listdir(directory)) if name.endswith(".py") and name not in HELPERS]
    return [name for name in names if re.search(pattern, name)], left_out


def doubtful(output):
    """True if the collector may have overlooked a socket: a fresh interpreter is asked again."""
    left = re.search(r"^%s: (.*)$" % LEFT, output, re.M)
    return bool(re.search(r"^LOST ", output, re.M) or left and left[1] != "0")


def directives(path):
    found = {}
    with open(path, encoding="utf-8") as f:
        for line in f.readlines()[:12]:
            m = re.match(r"#\s*run:\s*(.*)", line)
            if m:
                for word in m.group(1).split():
                    key, _, value = word.partition("=")
                    found[key] = value
    return found


def longer(path):
    """True if a script does more with --long: it reads TEST_LONG."""
    with open(path, encoding="utf-8") as f:
        return "TEST_LONG" in f.read()


def execute(command, env, limit):
    """Run one process group to its end or its limit, a slow.Limit. Returns (output, status); status None: killed at its limit."""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(
            command, env=dict(env, TEST_SLOW="%.2f" % limit.factor), cwd=HERE, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        status = slow.wait(child, limit)
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.wait()
        out.seek(0)
        return out.read().decode("utf-8", "replace"), status


def died(output, status, limit, result):
    """List the failures of the process itself; `end` must be its last line."""
    lines = output.strip().splitlines() or ["(nothing printed)"]
    for found in SANITIZER.finditer(output):
        frames = FRAME.findall(output[found.end():].partition("SUMMARY")[0])[:6]
        result.broken.append("sanitizer: " + found[1] + "".join("; " + frame for frame in frames))
    if status is None:
        result.broken.append("hangs: %s; last line: %s" % (limit.words(), lines[-1]))
    elif status < 0:
        result.broken.append("killed by signal %d; last line: %s" % (-status, lines[-1]))
    elif "end" not in lines:
        result.broken.append("stopped before its end, status %d; last line: %s" % (status, lines[-1]))
    elif status != 0 and not result.failed:
        result.broken.append("exit status %d; last line: %s" % (status, lines[-1]))


def judge(output, status, limit, result, skips_fail=False):
    """Sort the verdicts that a script has printed. With skips_fail, a skip without a line in the stack's list is a failure."""
    result.output = output
    for line in output.splitlines():
        if line.startswith("ok "):
            result.passed.append(line[3:])
        elif line.startswith("FAIL "):
            result.failed.append(line[5:])
        elif line.startswith("LOST "):
            result.failed.append(line[5:])
            result.lost.append(line[5:])
        elif line.startswith("skip ") and skips_fail and "Sanitizer" not in line:
            result.failed.append(line[5:])
        elif line.startswith("skip "):
            result.skipped.append(line[5:])
    died(output, status, limit, result)
    if not result.passed and not result.failed:
        result.broken.append("made no check at all")


def show(n, total, r, verbose):
    """Print the line of one result, with its failures and skips."""
    print("[%2d/%d] %-4s %-28s %3d passed %3d failed %3d skipped %6.1f s" % (
        n, total, "ok" if r.good else "FAIL", r.name, len(r.passed), len(r.failed), len(r.skipped), r.seconds))
    for line in r.failed:
        print("        FAIL " + line)
    for line in r.again:
        print("        asked again: " + line)
    for line in r.skipped:
        print("        skip " + line)
    if verbose and not r.good:
        print(r.output)
    sys.stdout.flush()


class Runner:
    def __init__(self, options):
        self.options = options
        self.env = dict(os.environ)
        own = os.path.join(HERE, "stacks", options.stack) + ":" if options.stack else ""  # has a target.py
        places = HERE if options.scripts == HERE else options.scripts + ":" + HERE
        self.env.update(INTERP=options.interp, MICROPYPATH=".frozen:" + own + places, PYTHONPATH=places, PYTHONDONTWRITEBYTECODE="1")
        self.env["PYTHONHASHSEED"] = "0"
        self.env["TEST_LONG"] = "1" if options.long else ""
        self.env["TEST_STACK"] = options.stack
        self.env["TEST_ASAN"] = "1" if options.asan or "/asan/" in options.interp else ""
        # LeakSanitizer cannot see leaks inside the interpreter's heap; the C tests check the memory that the library
        # allocates outside of it.
        self.env.setdefault("ASAN_OPTIONS", "detect_leaks=0:abort_on_error=0:detect_stack_use_after_return=0")
        self.env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
        self.slow = 4 if self.env["TEST_ASAN"] else 1
        lists = [os.path.join(HERE, "stacks", options.stack + ".txt")] if options.stack else []
        self.known = [d for path in lists + options.known for d in differences(path)]

    def command(self, script, want, interp):
        line = [interp]
        if "heap" in want and not interp.endswith("python3"):
            line += ["-X", "heapsize=" + want["heap"]]
        line.append(os.path.join(self.options.scripts, script))
        if "files" in want:
            line = ["sh", "-c", 'ulimit -n %d; exec "$@"' % int(want["files"]), "sh"] + line
        if "net" in want:
            line = [os.path.join(HERE, "netns.sh"), want["net"]] + line
        return line

    def run(self, script):
        want = directives(os.path.join(self.options.scripts, script))
        result = Result(script)
        seconds = float(want.get("limit", 30)) * self.slow * (2 if self.options.long else 1)
        known = [d for d in self.known if d.script == script]
        if any(d.label == "-" for d in known):
            result.skipped += ["%s is not run: %s: %s" % (script, d.id, d.reason) for d in known if d.label == "-"]
            return result
        start, limit = time.monotonic(), slow.Limit(seconds)
        if script.startswith("alike_"):
            self.run_alike(script, want, limit, result)
        else:
            output, status = self.tested(script, want, limit)
            judge(output, status, limit, result, bool(self.options.stack))
            for n in range(1, FRESH + 1):
                if result.lost and self.can_again(script, n):
                    result.again += result.lost
                    self.ask_again(n, script, want, seconds, result)
        excuse(result, known)
        result.failed += result.broken
        result.seconds = time.monotonic() - start
        return result

    def recorded(self, script, n=0):
        """The file with what the script printed on the machine that is judged; n: in the n-th fresh interpreter."""
        return os.path.join(self.options.judge, script[:-3] + (".%d.txt" % n if n else ".txt"))

    def can_again(self, script, n):
        return not self.options.judge or os.path.exists(self.recorded(script, n))

    def tested(self, script, want, limit, n=0):
        """Run a script under test, or take what it printed elsewhere. Returns (output, status)."""
        if self.options.judge:
            with open(self.recorded(script, n), encoding="utf-8", errors="replace") as f:
                return f.read().replace("\r", ""), 0
        interp = sys.executable if script.startswith("drive_") else self.options.interp
        return execute(self.command(script, want, interp), dict(self.env, TEST_AGAIN=str(n)) if n else self.env, limit)

    def ask_again(self, n, script, want, seconds, result):
        """Ask the n-th fresh interpreter for what the collector may have overlooked."""
        fresh, limit = Result(result.name), slow.Limit(seconds)
        output, status = self.tested(script, want, limit, n)
        judge(output, status, limit, fresh, bool(self.options.stack))
        for failure in list(result.lost):
            labels = [label for label in fresh.passed if failure.startswith(label + ": ")]
            if labels and not fresh.broken:
                result.lost.remove(failure)
                result.failed.remove(failure)
                result.passed.append(labels[0])

    def run_alike(self, script, want, limit, result):
        theirs, status = execute(self.command(script, want, sys.executable), self.env, limit)
        if status != 0 or not theirs.endswith("end\n"):
            result.broken.append("CPython itself: status %s, last lines: %s" % (status, theirs.strip().splitlines()[-3:]))
            return

        def lines(text):
            return dict(line.partition(": ")[::2] for line in text.splitlines() if ": " in line)

        expected = lines(theirs)
        for n in range(1 + FRESH):
            limit = slow.Limit(limit.seconds)
            ours, status = self.tested(script, want, limit, n)
            result.output, got = ours, lines(ours)
            if status != 0 or got.get(LEFT) == expected.get(LEFT) or not self.can_again(script, n + 1):
                break
            result.again.append("%s: %s" % (LEFT, got.get(LEFT)))
        for label, value in expected.items():
            if value.startswith("'skip"):
                result.skipped.append("%s: %s" % (label, value))
            elif label not in got:
                result.failed.append("%s: not answered; CPython: %s" % (label, value))
            elif value == "'raises OSError None'" and re.fullmatch(r"'raises (OSError -?\d+|timeout)'", got[label]):
                result.passed.append(label)  # CPython's has only a text; the module's must have a number
            elif got[label] != value:
                result.failed.append("%s: got %s, CPython: %s" % (label, got[label], value))
            else:
                result.passed.append(label)
        if self.options.judge:  # checks of the machine's own runner
            result.passed += [line[3:] for line in ours.splitlines() if line.startswith("ok ")]
            result.failed += [line[5:] for line in ours.splitlines() if line.startswith("FAIL ")]
        died(ours, status, limit, result)


def defect_table(results):
    """Print the checks of each defect. Returns the number of defects without one."""
    counts = {d: [0, 0, 0] for d in DEFECTS}
    for r in results:
        for side, labels in enumerate((r.passed, r.failed, r.skipped)):
            for label in labels:
                m = re.match(r"([RUS]\d+): ", label)
                if m and m.group(1) in counts:
                    counts[m.group(1)][side] += 1
    missing = 0
    print("\n%-6s %6s %7s %7s" % ("defect", "passed", "failed", "skipped"))
    for d, (good, bad, left) in counts.items():
        note = "" if good + bad else "   no check names it"
        missing += not good + bad
        print("%-6s %6d %7d %7d%s" % (d, good, bad, left, note))
    return missing


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--interp", default=None, help="the interpreter under test (build/unix/micropython)")
    p.add_argument("--filter", default="", help="only scripts whose name matches this")
    p.add_argument("--scripts", default=HERE, metavar="DIR", help="where the scripts are")
    p.add_argument("--long", action="store_true", help="the longer sweeps: only scripts that do more then")
    p.add_argument("--stack", default="", help="the stack underneath, if it is not Linux's: a list in stacks/")
    p.add_argument("--judge", metavar="DIR", help="run nothing: judge DIR/SCRIPT.txt, what the scripts printed on another machine")
    p.add_argument("--known", action="append", default=[], metavar="FILE", help="a list of differences more")
    p.add_argument("--asan", action="store_true", help="under build/asan/micropython, with longer limits")
    p.add_argument("--defects", action="store_true", help="print the table of defects; one without a check is a failure")
    p.add_argument("--verbose", action="store_true", help="print the whole output of scripts that fail")
    p.add_argument("--jobs", type=int, default=4, help="at once; they wait more than they work (4)")
    options = p.parse_args()
    options.scripts = os.path.abspath(options.scripts)
    if options.interp is None:
        flavour = (options.stack + "-asan" * options.asan) if options.stack else "asan" if options.asan else "unix"
        options.interp = os.path.join(ROOT, "build", flavour, "micropython")
    options.interp = os.path.abspath(options.interp)
    if not options.judge and not os.access(options.interp, os.X_OK):
        sys.exit("%s is not there: run `make` first" % options.interp)

    slow.control()
    runner = Runner(options)
    names, later = [], []
    for name in sorted(os.listdir(options.scripts)):
        if not name.endswith(".py") or name in HELPERS or not re.search(options.filter, name):
            continue
        if options.judge and not os.path.exists(os.path.join(options.judge, name[:-3] + ".txt")):
            continue
        want = directives(os.path.join(options.scripts, name))
        if "long" in want and not options.long:
            later.append(name)
        elif options.long and "long" not in want and not longer(os.path.join(options.scripts, name)):
            continue
        else:
            names.append((-float(want.get("limit", 30)), name))
    names = [name for _, name in sorted(names)]

    results = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(runner.run, name) for name in names]
        for n, future in enumerate(concurrent.futures.as_completed(waiting), 1):
            r = future.result()
            results.append(r)
            show(n, len(names), r, options.verbose)

    alike = [r for r in results if r.name.startswith("alike_")]
    if alike:
        print("\ncompared with CPython: %d answers alike, %d not" % (
            sum(len(r.passed) for r in alike), sum(len(r.failed) for r in alike)))
    for name in later:
        print("left for --long: " + name)
    failed = sum(len(r.failed) for r in results)
    if options.defects or not options.filter and not options.long and options.scripts == HERE:
        missing = defect_table(results)
        if missing and not options.stack and not options.known:
            print("%d defects have no check" % missing)
            failed += missing
    bad = [r.name for r in results if not r.good]
    if bad:
        print("scripts that failed: " + " ".join(sorted(bad)))
    print("%d passed, %d failed, %d skipped" % (
        sum(len(r.passed) for r in results), failed, sum(len(r.skipped) for r in results)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
