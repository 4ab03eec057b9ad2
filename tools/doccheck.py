#!/usr/bin/env python3
"""Check the documents against the code.

usage: tools/doccheck.py [--interp PATH] [FILE...]

Each fenced block of the files is a session of its own:
  with >>> in it   every example is run and its output compared; `...` in the expected output matches anything
  ```python        is run as a program, which must exit with 0
  ```c with main   is compiled and linked with build/libusocket.a
<!-- doccheck: skip REASON --> on the line before a block leaves it out. docs/reference.md and its Chinese page must also
name everything in the module and its classes, and give every constant its number; docs/port.md and its Chinese page must name exactly
the functions of port.h; docs/stacks.md must agree with the lists of differences, its Chinese page with docs/stacks.md
(tools/stackscheck.py); and docs/troubleshooting.md and its Chinese page must have a row for each message (tools/messages.py). The last
line counts.
"""

import argparse
import ast
import os
import re
import subprocess
import sys
import tempfile

import messages
import run
import slow
import stackscheck

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REFERENCE, REFERENCE_ZH = "docs/reference.md", "docs/reference_zh.md"
PORTS, PORT_H = ("docs/port.md", "docs/port_zh.md"), "include/usocket/port.h"
LIMIT = 60  # seconds for one block, scaled to the machine
COMPILE = "cc -std=c99 -Wall -Wextra -Werror -Iinclude {path} build/libusocket.a -pthread -o {path}.out".split()
SKIP = re.compile(r"<!-- doccheck: skip (.*?) *-->")

# Runs EXAMPLES as the prompt does and prints a line with \1 after each.
SESSION = """
import sys
names = {"__name__": "__main__"}
for source in EXAMPLES:
    try:
        exec(compile(source, "<stdin>", "single"), names)
    except Exception as e:
        sys.print_exception(e, sys.stdout)
    print("\\x01")
"""

NAMES = """
import usocket
for thing in (usocket, usocket.socket, usocket.socketpair()[0].makefile()):
    for name in dir(thing):
        value = getattr(thing, name)
        if not name.startswith("__"):
            print(repr((name, str(value) if isinstance(value, (int, bool)) else None)))
"""


def blocks(path):
    """Yield (line number, language, lines, reason of a skip) of each fenced block."""
    lines = open(path, encoding="utf-8").read().split("\n")
    fences = [number for number, line in enumerate(lines) if line.startswith("```")]
    for start, end in zip(fences[::2], fences[1::2]):
        skip = SKIP.search(lines[start - 1])
        yield start + 1, lines[start][3:], lines[start + 1 : end], skip and skip.group(1)


def examples(first, lines):
    """List (line number, source, expected output) of each >>> of a block."""
    found = []
    for number, line in enumerate(lines, first + 1):
        if line.startswith(">>> "):
            found.append((number, [line[4:]], []))
        elif found and line.startswith("...") and found[-1][1][0].endswith(":") and not found[-1][2]:
            found[-1][1].append(line[4:])
        elif found and line:
            found[-1][2].append(line)
    return [(number, "\n".join(source) + "\n", "\n".join(output)) for number, source, output in found]


def matches(expected, got):
    return re.fullmatch(".*".join(map(re.escape, expected.split("..."))), got, re.DOTALL)


class Checker:
    def __init__(self, interp, directory):
        self.interp, self.directory = interp, directory
        self.passed = self.failed = self.skipped = 0

    def verdict(self, good, where, why):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        if not good:
            print(f"FAIL  {where}: {why}", flush=True)

    def execute(self, suffix, text, *command):
        """Run a command on a file with that text; returns (status, output)."""
        path = os.path.join(self.directory, "doc" + suffix)
        place = ROOT if suffix == ".c" else self.directory  # the certificates of docs/tls.md are there
        with open(path, "w") as file:
            file.write(text)
        result = subprocess.run(["timeout", str(int(LIMIT * slow.factor())), *(word.format(path=path) for word in command)], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=place)
        late = f"\n{slow.advice(slow.factor())}" if result.returncode == 124 else ""
        return result.returncode, result.stdout.decode("utf-8", "replace") + late

    def session(self, path, found):
        status, output = self.execute(".py", f"EXAMPLES = {[source for _, source, _ in found]!r}\n{SESSION}", self.interp, "{path}")
        outputs = output.split("\x01\n")
        for (number, source, expected), got in zip(found, outputs + ["(the session has ended)"] * len(found)):
            good = matches(expected, got.rstrip("\n"))
            self.verdict(good, f"{path}:{number}", f"{source}      expected: {expected}\n      got:      {got}")
        self.verdict(status == 0 and len(outputs) == len(found) + 1, f"{path}:{found[0][0]}", f"the session ends with {status}")

    def well(self, path, number, status, output):
        self.verdict(status == 0, f"{path}:{number}", f"ends with {status}: {output[-500:]}")

    def file(self, path):
        for number, language, lines, reason in blocks(path):
            found, text = examples(number, lines), "\n".join(lines) + "\n"
            if reason:
                print(f"skip  {path}:{number}: {reason}")
                self.skipped += len(found) or 1
            elif found:
                self.session(path, found)
            elif language == "python":
                self.well(path, number, *self.execute(".py", text, self.interp, "{path}"))
            elif language == "c" and "int main(" in text:
                self.well(path, number, *self.execute(".c", text, *COMPILE))

    def names(self, page):
        text = open(page, encoding="utf-8").read()
        numbers = dict(re.findall(r"^\| `(\w+)` \| (-?\d+|True|False) \|", text, re.MULTILINE))
        status, output = self.execute(".py", NAMES, self.interp, "{path}")
        self.verdict(status == 0, page, f"the names of the module cannot be listed: {output}")
        for name, value in map(ast.literal_eval, output.splitlines() if status == 0 else ()):
            named = re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`", text)
            self.verdict(named, page, f"{name} is not described")
            if value is not None:
                self.verdict(numbers.pop(name, None) == value, page, f"{name} is {value}, and no row says so")
        self.verdict(not numbers, page, f"not in the module: {' '.join(numbers)}")

    def port(self, path):
        """Check the functions that docs/port.md or its Chinese page names; a name that ends with * matches every function with that prefix."""
        with open(PORT_H, encoding="utf-8") as header, open(path, encoding="utf-8") as page:
            there = set(re.findall(r"^[\w *]*?\b(usocket_port_\w+)\(", header.read(), re.MULTILINE))
            told = set(re.findall(r"`(usocket_port_\w+\*?)`", page.read()))
        self.verdict(there, PORT_H, "no function found")
        for name in sorted(there):
            self.verdict(name in told or any(n.endswith("*") and name.startswith(n[:-1]) for n in told), path, f"{name} is not described")
        for name in sorted(told):
            self.verdict(name in there or name.endswith("*") and any(n.startswith(name[:-1]) for n in there), path, f"{name} is not in {PORT_H}")

    def messages(self, page):
        found = messages.check_itself() + messages.problems(page)
        self.verdict(not found, page, "\n      ".join(found))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interp", default=os.path.join(ROOT, "build", "unix", "micropython"), type=os.path.abspath)
    parser.add_argument("files", nargs="*", default=[
        REFERENCE, REFERENCE_ZH, "README.md", "README_zh.md", "docs/tls.md", "docs/tls_zh.md", "docs/ssl.md", "docs/ssl_zh.md",
        "docs/asyncio.md", "docs/asyncio_zh.md", "docs/rtthread.md",
        "docs/rtthread_zh.md", "docs/boards.md", "docs/boards_zh.md", "docs/migrating.md", "docs/migrating_zh.md", *messages.PAGES])
    options = parser.parse_args()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as directory:
        run.certificates(directory)
        checker = Checker(options.interp, directory)
        for path in options.files:
            checker.file(path)
            if path in messages.PAGES:
                checker.messages(path)
        for page in [page for page in (REFERENCE, REFERENCE_ZH) if page in options.files]:
            checker.names(page)
        if REFERENCE in options.files:
            for path in PORTS:
                checker.port(path)
            stacks = stackscheck.Checker()
            stacks.run()
            checker.passed, checker.failed = checker.passed + stacks.passed, checker.failed + len(stacks.failures)
    print(f"{checker.passed} passed, {checker.failed} failed, {checker.skipped} skipped")
    return 1 if checker.failed else 0


if __name__ == "__main__":
    sys.exit(main())
