#!/usr/bin/env python3
"""Check docs/stacks.md against the lists of known differences, test/python/stacks/*.txt and */*.txt, and against the tests,
and docs/stacks_zh.md against docs/stacks.md.

- every ID of a list has a row in the table of differences, and a list or a cell uses every row; a row's tests exist, and are among
  those that a list has for the ID
- every row of the table of promises has a cell for each stack: a check mark, IDs, or a dash (not shown)
- every test in a row exists; a row with a check mark or an ID has a test
- every list belongs to a column, but the emulated board's; RT-Thread's columns have two, one for all versions and their own
- if a stack has lists, the IDs in its column are those of the lists, except for IDs that other tests than Python's show (on
  RT-Thread nothing else runs, so it has no exceptions); an ID is in a row of which a test is listed with it; no check mark is in a
  row without a test that runs there; Linux has no list and therefore no ID
- a check mark in brackets, for what was done by hand, is in a column of RT-Thread alone, in a row without a test that runs there,
  and docs/rtthread.md has that result for that version
- docs/stacks_zh.md has the same rows, with the same stacks, IDs, marks and tests; its words name the same things in backquotes
"""

import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, "docs", "stacks.md")
CHINESE = os.path.join(ROOT, "docs", "stacks_zh.md")
RESULTS = os.path.join(ROOT, "docs", "rtthread.md")
PYTHON = os.path.join(ROOT, "test", "python")
LISTS = os.path.join(PYTHON, "stacks")
COLUMNS = {"Linux": (), "lwIP 2.2": ("lwip",), "lwIP without an OS": ("lwip-raw",), "SAL look-alike": ("sal",)}
BOARD = "RT-Thread "
COLUMNS.update((BOARD + version, ("rtthread", "rtthread/" + version)) for version in ("4.0.3", "5.0.1", "5.2.0"))
NO_COLUMN = ("board",)
# Scripts of test/tls/ with both ends in one program; the others do not run on lwIP (test/tls/run.py).
INSIDE = ("inside.py", "inside_loops.py", "interrupt.py", "among.py")
YES, BY_HAND, UNKNOWN = "✓", "(✓)", "—"
TESTS = ("test/python/", "test/unit/", "test/tap/", "test/tls/", "test/libs/cases/", "test/sal/", "test/lwip/", "test/compat/", "samples/", "")
# The promises that were tried on RT-Thread by hand, with the rows of RESULTS: what they begin with.
TRIED = {
    "2.12": ("`connect` to a host that does not answer",), "4.3": ("`connect` to a host that does not answer",), "4.10": ("Ctrl-C in 16 waits",),
    "7.3": ("TLS 1.2 and 1.3, client",), "7.8": ("TLS 1.2 and 1.3, client", "TLS 1.2 and 1.3, server"),
    "7.10": ("the clock as the BSP starts it",),
}  # fmt: skip
ONE_VERSION = "4.0.3"  # of the tables of RESULTS that have one column
NOT_SEEN = ("–", "no", "halts", "")
# The cells of a row that are words and so are translated, in the two tables of PAGE; and the heads that CHINESE has for PAGE's.
WORDS = ((1,), (1, 2, 3))
TRANSLATED = {"promise": "承诺", "lwIP without an OS": "无操作系统的 lwIP", "SAL look-alike": "SAL 模拟层", "shown by": "测试",
              "limitation": "限制", "effect on a program": "对程序的影响", "reason": "原因"}  # fmt: skip


def tables(path):
    """The tables of a page, each with its head and its rows as lists of cells."""
    found, rows = [], []
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    for line in lines + [""]:
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


def named(cell):
    """The names between backquotes."""
    return re.findall(r"`([^`]+)`", cell)


def of_python(test):
    return os.path.exists(os.path.join(PYTHON, test))


def seen_by_hand(version, beginning):
    """True if a row of RESULTS that begins so says that a version of RT-Thread did it."""
    for head, rows in tables(RESULTS):
        column = head.index(version) if version in head else 1 if len(head) == 2 and version == ONE_VERSION else None
        for row in rows:
            if column is not None and row[0].startswith(beginning):
                return row[column].split(" ")[0] not in NOT_SEEN
    return False


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
        names = named(cell)
        self.check(names or not needed, f"{key}: no test is named")
        for name in names:
            there = any(os.path.exists(os.path.join(ROOT, place + name)) for place in TESTS)
            self.check(there, f"{key}: there is no test {name}")
        return names

    def lines(self, column):
        return [line for name in COLUMNS[column] for line in self.lists.get(name, ())]

    def runs(self, column, tests):
        """Those tests that a column's stack runs, as far as its lists say so."""
        left_out = {script for _, script, label in self.lines(column) if label == "-"}
        if column.startswith(BOARD):
            return [name for name in tests if of_python(name) and name not in left_out]
        if column.startswith("lwIP"):
            left_out |= {name for name in os.listdir(os.path.join(ROOT, "test", "tls")) if name not in INSIDE}
        return [name for name in tests if name not in left_out]

    def cell(self, key, column, cell, tests, known):
        """Check a cell. @return its IDs"""
        parts = [] if cell in (YES, UNKNOWN) else [part.strip() for part in cell.split(",")]
        ids = [part.strip("`") for part in parts if part != BY_HAND]
        self.check(cell != "", f"{key}: no cell for {column}")
        runs = self.runs(column, tests)
        lines = self.lines(column)
        for name in ids:
            self.check(name in known, f"{key}, {column}: {name} is not in the table of differences")
            if any(name == listed for listed, _, _ in lines):
                self.check(any(name == listed and script in tests for listed, script, _ in lines), f"{key}, {column}: no test of the row is listed with {name}")
        if cell == YES:
            self.check(runs, f"{key}, {column}: none of its tests is run there")
        if BY_HAND in parts:
            self.check(column.startswith(BOARD) and not runs, f"{key}, {column}: {BY_HAND}, where tests run ({', '.join(runs)})")
            rows = TRIED.get(key, ())
            self.check(rows and all(seen_by_hand(column[len(BOARD):], row) for row in rows), f"{key}, {column}: {BY_HAND}, without such a result in docs/rtthread.md")
        return ids

    def promises(self, head, rows, known):
        self.check(head[2:-1] == list(COLUMNS), f"the columns are {head[2:-1]}")
        used = {column: set() for column in COLUMNS}
        for row in rows:
            key = row[0].strip("`")
            self.check(len(row) == len(head), f"{key}: {len(row)} cells")
            cells = dict(zip(COLUMNS, row[2:-1]))
            tests = self.tests(key, row[-1], any(cell != UNKNOWN for cell in cells.values()))
            for column, cell in cells.items():
                used[column].update(self.cell(key, column, cell, tests, known))
        return used

    def columns(self, used, elsewhere):
        """Compare the IDs of each column with its lists."""
        for column, stacks in COLUMNS.items():
            for stack in stacks:
                self.check(stack in self.lists, f"{column}: there is no list stacks/{stack}.txt")
            listed = {name for name, _, _ in self.lines(column)}
            exempt = set() if column.startswith(BOARD) or not stacks else elsewhere - listed
            for name in sorted((listed ^ used[column]) - exempt):
                where = " or ".join(f"stacks/{stack}.txt" for stack in stacks if any(name == line[0] for line in self.lists.get(stack, ())))
                self.check(False, f"{name}: " + (f"in {where}, in no cell of the column {column}" if name in listed else f"in the column {column}, not in its list"))
        belong = set(NO_COLUMN).union(*COLUMNS.values())
        for stack in sorted(set(self.lists) - belong):
            self.check(False, f"stacks/{stack}.txt has no column")

    def differences(self, rows, used):
        lines = [line for listed in self.lists.values() for line in listed]
        everywhere = set().union(*used.values(), {name for name, _, _ in lines})
        for name in sorted(everywhere ^ {row[0].strip("`") for row in rows}):
            self.check(False, f"{name}: " + ("not in the table of differences" if name in everywhere else "nothing uses it"))
        for row in rows:
            name = row[0].strip("`")
            tests = set(self.tests(row[0], row[-1], True))
            scripts = {script for listed, script, _ in lines if listed == name}
            self.check(not scripts or tests & scripts, f"{name}: no list has it with one of its tests")

    def chinese(self, found, translated):
        """Compare the tables of CHINESE with those of PAGE."""
        self.check(len(translated) == len(found), f"stacks_zh.md: {len(translated)} tables, not {len(found)}")
        for (head, rows), (head_zh, rows_zh), words in zip(found, translated, WORDS):
            self.check(head_zh == [TRANSLATED.get(cell, cell) for cell in head], f"stacks_zh.md: the columns are {head_zh}")
            keys, keys_zh = [row[0] for row in rows], [row[0] for row in rows_zh]
            self.check(keys_zh == keys, f"stacks_zh.md: not the same rows: {sorted(set(keys) ^ set(keys_zh)) or 'another order'}")
            there = dict(zip(keys_zh, rows_zh))
            for row in rows:
                row_zh = there.get(row[0], row)
                self.check(len(row_zh) == len(row), f"stacks_zh.md: {row[0]}: {len(row_zh)} cells, not {len(row)}")
                for column, (cell, cell_zh) in enumerate(zip(row, row_zh)):
                    good = cell_zh and sorted(named(cell)) == sorted(named(cell_zh)) if column in words else cell == cell_zh
                    self.check(good, f"stacks_zh.md: {row[0]}, {head[column]}: {cell_zh!r} for {cell!r}")

    def run(self):
        found = tables(PAGE)
        self.lists = lists()
        self.check(len(found) >= 2, "the two tables are not there")
        (head, rows), (_, differences) = found[0], found[1]
        known = {row[0].strip("`") for row in differences}
        used = self.promises(head, rows, known)
        self.columns(used, {row[0].strip("`") for row in differences if not any(of_python(test) for test in named(row[-1]))})
        self.differences(differences, used)
        self.chinese(found, tables(CHINESE))
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
