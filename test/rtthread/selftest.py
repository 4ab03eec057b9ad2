#!/usr/bin/env python3
"""Run the runner on an imitated board, fake_board.py, and check what it reports: scripts that pass, fail, hang, halt or end the board, a
console that loses characters, a board that does not start. Each case has an outcome that an ignored fault would change."""

import ast
import os
import pty
import re
import subprocess
import sys
import tempfile
import tty

import test as tests

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.join(HERE, "scripts")
FAKE = os.path.join(HERE, "fake_board.py")
results = []


def check(label, good, seen=""):
    results.append(bool(good))
    print("ok " + label if good else "FAIL %s: %s" % (label, str(seen)[-1500:]), flush=True)


class Run:
    """One run of test.py. `out` is what it prints, `boots` the number of boots, `file` reads what a script printed."""

    def __init__(self, pattern, fault="", more=(), where=None):
        with tempfile.TemporaryDirectory() as directory:
            log = os.path.join(directory, "boots")
            machine = where or ["--machine", "%s -B %s %s %s" % (sys.executable, FAKE, log, fault)]
            command = [sys.executable, "-B", os.path.join(HERE, "test.py"), *machine, "--no-namespace", "--scripts", SCRIPTS, "--out",
                       os.path.join(directory, "out"), "--filter", pattern, "--slow", "1", "--answer", "2", "--patience", "0.5", "--name", "board.example", *more]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.out, self.status, self.files = done.stdout, done.returncode, {}
            for name in os.listdir(os.path.join(directory, "out")):
                with open(os.path.join(directory, "out", name), encoding="utf-8") as file:
                    self.files[name] = file.read()
            self.boots = 0
            if os.path.exists(log):
                with open(log, encoding="utf-8") as file:
                    self.boots = len(file.readlines())

    def failures(self, name):
        """The failures that the judge prints for a script, or None if it prints no line for it."""
        found = re.search(r"^\[.*?\] (?:ok|FAIL) +%s .*\n((?:        .*\n)*)" % re.escape(name), self.out, re.M)
        return found and re.findall(r"^ {8}FAIL (.*)$", found[1], re.M)

    def passed(self, name):
        found = re.search(r"^\[.*?\] \w+ +%s +(\d+) passed" % re.escape(name), self.out, re.M)
        return found and int(found[1])


def every_script():
    run = Run("", more=["--jobs", "4"])
    check("a script passes", run.failures("good.py") == [] and run.passed("good.py") == 8, run.out)
    answers = run.failures("alike_answers.py")
    check("answers are compared with CPython's", answers is not None and len(answers) == 1
          and answers[0] == "an answer that differs: got True, CPython: False" and run.passed("alike_answers.py") == 3, run.out)
    check("a fresh board is asked again", run.failures("asked_again.py") == [] and "asked_again.2.txt" in run.files, run.out)
    failed = run.failures("fails.py")
    check("a check that fails", failed == ["two and two: got 4, expected 5"], run.out)
    failed = run.failures("raises.py")
    check("an exception outside of a section", failed is not None and len(failed) == 1 and "stopped before its end" in failed[0]
          and "ValueError: unexpected" in run.files["raises.txt"], run.out)
    failed = run.failures("hangs.py")
    check("a script that hangs is ended", failed is not None and "Ctrl-C ends it" in failed[0] and "TEST_SLOW" in failed[0]
          and "KeyboardInterrupt" in run.files["hangs.txt"] and run.passed("hangs.py") == 1, run.out)
    failed = run.failures("halts.py")
    check("a board that halts is killed", failed is not None and "the board has halted" in failed[0] and run.passed("halts.py") == 1, run.out)
    failed = run.failures("crashes.py")
    check("a machine that ends", failed is not None and "the machine ended with status 3" in failed[0] and run.passed("crashes.py") == 1, run.out)
    check("one boot for each script, two more for the one that is asked again", run.boots == len(os.listdir(SCRIPTS)) + 2, run.boots)
    check("the version and the heap are printed", "board: RT-Thread 9.8.7, a heap of 1024 bytes" in run.out, run.out)
    check("a failure is the status", run.status == 1, run.status)
    check("a script that the list leaves out is named", Run("^no_such").status == 0)


def consoles():
    run = Run("^good", "fifo=20")
    check("a console that takes 20 characters at a time", run.status == 0 and run.passed("good.py") == 8, run.out)
    run = Run("^good", "lossy", ["--window", "8"])
    failed = run.failures("good.py")
    check("a console that loses characters all the time", failed is not None and "the console loses characters" in failed[0], run.out)


def boots():
    run = Run("^good", "mute", ["--boot", "0.3"])
    failed = run.failures("good.py")
    check("no shell", failed is not None and "no prompt of msh" in failed[0] and run.status == 1, run.out)
    run = Run("^good", "offline", ["--boot", "0.3"])
    failed = run.failures("good.py")
    check("no address", failed is not None and "the board gets no address" in failed[0] and "0.0.0.0" in failed[0], run.out)


def serial():
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    with tempfile.TemporaryDirectory() as directory:
        log, reset = os.path.join(directory, "boots"), os.path.join(directory, "reset")
        child = subprocess.Popen([sys.executable, "-B", FAKE, log, "reset=" + reset], stdin=ours, stdout=ours)
        try:
            run = Run("^good", where=["--device", os.ttyname(theirs), "--reset", "touch " + reset])
            with open(log, encoding="utf-8") as file:
                boots = len(file.readlines())
        finally:
            child.kill()
            child.wait()
            os.close(ours)
            os.close(theirs)
    check("a board at a serial device", run.status == 0 and run.passed("good.py") == 8 and boots == 1, run.out)
    run = Run("^good", where=["--device", "/dev/null", "--reset", "true"])
    check("a device that is no terminal", run.status == 1 and "is no serial device" in run.out, run.out)


def too_new(text):
    """The things in a script that MicroPython 1.13, without async as RT-Thread builds it, cannot compile or does not have."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.JoinedStr):
            found.add("f-string")
        elif isinstance(node, (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)):
            found.add("async")
        elif isinstance(node, ast.Call) and sum(isinstance(a, ast.Starred) for a in node.args) > 1:
            found.add("two *x in a call")
        elif isinstance(node, ast.Call) and sum(k.arg is None for k in node.keywords) > 1:
            found.add("two **x in a call")
        elif isinstance(node, (ast.Tuple, ast.List, ast.Set)) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load) and any(
                isinstance(a, ast.Starred) for a in node.elts):
            found.add("*x in a display")
        elif isinstance(node, ast.Attribute) and node.attr in ("errno", "fromhex") and isinstance(node.ctx, ast.Load):
            found.add("." + node.attr)
    return found


def python_1_13():
    for text, what in (("f'{1}'", "f-string"), ("async def f():\n  pass", "async"), ("f(*a, *b)", "two *x in a call"), ("f(**a, **b)", "two **x in a call"),
                       ("[*a]", "*x in a display"), ("e.errno", ".errno"), ("bytes.fromhex('00')", ".fromhex")):
        check("what is too new is found: " + what, too_new(text) == {what}, too_new(text))
    check("what is not too new", too_new("a, *b = c\nf(*a, **b)\nn = (x := 1)") == set())
    names, left_out = tests.judge.selection(tests.STACK, "")
    names = [name for name in names if name not in left_out] + [name + ".py" for name in tests.HELPERS if name != "target"]
    found = {name: too_new(tests.source(os.path.join(tests.PYTHON, name))) for name in names}
    check("no script of the list is too new for MicroPython 1.13", len(found) > 40 and not any(found.values()),
          {name: what for name, what in found.items() if what})


def the_target():
    def names(path):
        return {t.id for node in ast.walk(ast.parse(tests.source(path))) if isinstance(node, ast.Assign) for t in node.targets}

    ours = names(os.path.join(tests.PYTHON, "stacks", tests.STACK, "target.py"))
    check("target.py sets what where.py has", len(ours) > 5 and ours <= names(os.path.join(tests.PYTHON, "where.py")), ours)


def main():
    python_1_13()
    the_target()
    every_script()
    consoles()
    boots()
    serial()
    print("%d passed, %d failed, 0 skipped" % (results.count(True), results.count(False)))
    return 1 if False in results else 0


if __name__ == "__main__":
    sys.exit(main())
