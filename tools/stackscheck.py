#!/usr/bin/env python3
"""Check docs/stacks.md against the lists of known differences, test/python/stacks/*.txt and */*.txt, and against the tests.

- every ID of a list has a row in the table of differences, and a list or a cell uses every row
- every row of the table of promises has a cell for each stack: a check mark, IDs, or a dash (not shown)
- every test in a row exists; a row with a check mark or an ID has a test
- if a stack has a list, the IDs in its column are those of the list, except for IDs that other tests than Python's show,
  and no check mark is in a row without a test that runs there; Linux has no list and therefore no ID
"""

import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, "docs", "stacks.md")
LISTS = os.path.join(ROOT, "test", "python", "stacks")
COLUMNS = {"Linux": None, "lwIP 2.2": "lwip", "lwIP without an OS": "lwip-raw", "SAL look-alike": "sal",
           "RT-Thread 4.0.3, lwIP 2.0.2": None, "RT-Thread 4.0.3, lwIP 2.1.2": None, "without POSIX": None}
# Scripts of test/tls/ with both ends in one program; the others do not run on lwIP (test/tls/run.py).
INSIDE = ("inside.py", "inside_loops.py", "interrupt.py", "among.py")
YES, UNKNOWN = "✓", "—"
TESTS = ("test/python/", "test/unit/", "test/tap/", "test/tls/", "test/libs/cases/", "test/sal/", "test/lwip/", "test/compat/", "samples/", "")


def tables(text):
    """The tables of the page, each with its head and its rows as lists of cells."""
    found, rows = [], []
    for line in text.split("\n") + [""]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            found.append((rows[0], rows[2:]))
            rows = []
    return found


def lists():
    """Read the lists; returns {stack: [(ID, script, label)]}."""
    found = {}
    for path in sorted(glob.glob(os.path.join(LISTS, "**", "*.txt"), recursive=True)):
        with open(path, encoding="utf-8") as file:
            lines = [line for line in file if line.strip() and not line.startswith("#")]
        found[os.path.relpath(path, LISTS)[:-4]] = [tuple(part.strip() for part in line.split("|"))[:3] for line in lines]
    return found


class Checker:
    def __init__(self):
        self.passed, self.failures = 0, []

    def check(self, good, what):
        if good:
            self.passed += 1
        else:
            self.failures.append(what)
            print("FAIL  " + what)

    def tests(self, key, cell, needed):
        names = re.findall(r"`([^`]+)`", cell)
        self.check(names or not needed, f"{key}: no test is named")
        for name in names:
            there = any(os.path.exists(os.path.join(ROOT, place + name)) for place in TESTS)
            self.check(there, f"{key}: there is no test {name}")
        return names

    def promises(self, head, rows, known):
        self.check(head[2:-1] == list(COLUMNS), f"the columns are {head[2:-1]}")
        used = {column: set() for column in COLUMNS}
        for row in rows:
            key = row[0].strip("`")
            self.check(len(row) == len(head), f"{key}: {len(row)} cells")
            cells = dict(zip(COLUMNS, row[2:-1]))
            tests = self.tests(key, row[-1], any(cell != UNKNOWN for cell in cells.values()))
            for column, cell in cells.items():
                ids = [] if cell in (YES, UNKNOWN) else [name.strip(" `") for name in cell.split(",")]
                used[column].update(ids)
                self.check(cell != "", f"{key}: no cell for {column}")
                for name in ids:
                    self.check(name in known, f"{key}, {column}: {name} is not in the table of differences")
                if cell == YES and COLUMNS[column] in self.lists:
                    left_out = {script for _, script, label in self.lists[COLUMNS[column]] if label == "-"}
                    if COLUMNS[column] in ("lwip", "lwip-raw"):
                        left_out |= {name for name in os.listdir(os.path.join(ROOT, "test", "tls")) if name not in INSIDE}
                    scripts = [name for name in tests if name not in left_out]
                    self.check(scripts, f"{key}, {column}: none of its tests is run there")
        return used

    def run(self):
        with open(PAGE, encoding="utf-8") as file:
            found = tables(file.read())
        self.lists = lists()
        self.check(len(found) >= 2, "the two tables are not there")
        (head, rows), (_, differences) = found[0], found[1]
        known = {row[0].strip("`") for row in differences}
        used = self.promises(head, rows, known)
        for column, stack in COLUMNS.items():
            if column == "Linux" or stack in self.lists:
                listed = {name for name, _, _ in self.lists.get(stack, ())}
                elsewhere = {row[0].strip("`") for row in differences if not any(
                    os.path.exists(os.path.join(ROOT, "test", "python", test)) for test in re.findall(r"`([^`]+)`", row[-1]))}
                for name in sorted((listed ^ used[column]) - (elsewhere - listed)):
                    self.check(False, f"{name}: " + ("in stacks/%s.txt, in no cell of its column" % stack if name in listed
                                                     else f"in the column {column}, not in its list"))
        everywhere = set().union(*used.values(), *({name for name, _, _ in lines} for lines in self.lists.values()))
        for name in sorted(everywhere ^ known):
            self.check(False, f"{name}: " + ("not in the table of differences" if name in everywhere else "nothing uses it"))
        for row in differences:
            self.tests(row[0], row[-1], True)
        for stack, lines in self.lists.items():
            for name, script, _ in lines:
                self.check(any(os.path.exists(os.path.join(ROOT, "test", where, script)) for where in ("python", "aio")), f"stacks/{stack}.txt: {name}: no script {script}")


def main():
    checker = Checker()
    checker.run()
    print(f"{checker.passed} passed, {len(checker.failures)} failed, 0 skipped")
    return 1 if checker.failures else 0


if __name__ == "__main__":
    sys.exit(main())
