"""Compare the committed tables of bench/size.md with current ones, row by row, for tools/size.py."""

import datetime
import os
import re

LIMIT = 1.01
# Sections with differences, with code of other projects, or that something else checks.
UNCHECKED = ("Knobs", "Beside them", "A whole firmware", "With LTO", "Where the bytes are", "Helpers of 64 bits", "Growth")
BESIDE = ("RAM", "of it libgcc", "of that for 64 bits", "target", "limit", "text", "rodata", "data", "bss")  # columns that another column includes, or that are no figures


def figures(text):
    """Read a table as {(section, row, column): bytes}."""
    found, section, head = {}, "", None
    for line in text.splitlines():
        if line.startswith("## "):
            section, head = line[3:], None
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else None
        if cells is None or section.startswith(UNCHECKED):
            continue
        if head is None:
            head = cells
        for column, cell in zip(head[1:], cells[1:]):
            if cell.isdigit() and column not in BESIDE:
                found[section, cells[0], column] = int(cell)
    return found


def limits(text):
    """{row: bytes} of the rows that must not grow at all."""
    found, head = {}, None
    for line in text.partition("\n## Totals\n")[2].partition("\n## ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else None
        if cells and head and "limit" in head and cells[head.index("limit")].isdigit():
            found[cells[0]] = int(cells[head.index("limit")])
        head = head or cells
    return found


def compiler(text):
    return re.search(r"gcc ([\d.]+)", text)[1]


def named(key):
    return "%s: %s, %s" % key


def grown(before, now, held):
    """List (key, before, now) of all figures that have grown: by more than 1 %, or over the limit of their row."""
    return [(key, before[key], size) for key, size in now.items() if key in before
            and (size > before[key] * LIMIT or key[0] == "Totals" and key[2] == "flash" and size > held.get(key[1], size))]


def read(path):
    if not os.path.exists(path):
        return None
    with open(path) as file:
        return file.read()


def check(path, text, wrong):
    """Print the grown figures, the other problems (`wrong`), and the counts. Returns the exit status."""
    committed = read(path)
    name = os.path.basename(path)
    if committed is None:
        print("there is no %s: tools/size.py --write makes it\n0 passed, 1 failed, 0 skipped" % name)
        return 1
    if compiler(committed) != compiler(text):
        print("skipped: %s is of gcc %s, this is %s" % (name, compiler(committed), compiler(text)))
        print("0 passed, 0 failed, 1 skipped")
        return 0
    before, now = figures(committed), figures(text)
    failures = ["%s: %d bytes, was %d (%+.1f %%)" % (named(key), size, was, 100 * (size / was - 1) if was else 100)
                for key, was, size in grown(before, now, limits(committed))]
    failures += ["%s: not in %s" % (named(key), name) for key in now if key not in before]
    failures += ["%s: in %s, not measured now" % (named(key), name) for key in before if key not in now]
    for line in wrong + failures:
        print("FAIL " + line)
    if failures:
        print("Make it smaller, or write the table anew: tools/size.py --write --note 'why' (CONTRIBUTING.md)")
    failed = len(failures) + len(wrong)
    print("%d passed, %d failed, 0 skipped" % (len(now) - min(len(failures), len(now)), failed))
    return 1 if failed else 0


def write(path, text, note):
    """Write the table. Returns the exit status; growth requires a note."""
    committed = read(path) or ""
    rows = grown(figures(committed), figures(text), limits(committed)) if committed else []
    if rows and not note:
        for key, was, size in rows:
            print("%s: %d bytes, was %d" % (named(key), size, was))
        print("Nothing written: say why, --note 'why'")
        return 1
    notes = committed.split("\n## Growth\n", 1)[1].strip() if "\n## Growth\n" in committed else ""
    if rows:
        keys = [named(key) + " %d -> %d" % (was, size) for key, was, size in rows]
        more = " and %d more" % (len(keys) - 12) if len(keys) > 12 else ""
        notes = "- %s %s (%s%s)\n%s" % (datetime.date.today(), note, "; ".join(keys[:12]), more, notes)
    with open(path, "w") as file:
        file.write(text + "\n## Growth\n\n" + (notes.strip() + "\n" if notes else ""))
    return 0
