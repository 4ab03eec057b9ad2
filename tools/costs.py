"""The cost of each knob as include/usocket/config.h states it, compared with the measured one: for tools/size.py.

A cost stands in the comment above the knob:

    @cost L + M[, RAM R] (A -> B[, with NAME=VALUE ...][, on PORT])

"""

import glob
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CONFIG = os.path.join(ROOT, "include/usocket/config.h")

KNOB = re.compile(r"^#ifndef (USOCKET_\w+)$", re.M)
COST = re.compile(r"@cost (\d+) \+ (\d+)(?:, RAM (\d+))? \((\S+) -> ([^\s,)]+)(?:, with (\w+=[^\s,)]+(?: \w+=[^\s,)]+)*))?(?:, on (\w+))?\)")

PARTS = ("library", "module", "RAM")


class Knob:
    """A knob with its stated cost, by part, and the defines of the two builds that are compared."""

    def __init__(self, name, match):
        self.name = name
        self.stated = dict(zip(PARTS, (int(number or 0) for number in match.group(1, 2, 3))))
        self.before, self.after = match[4], match[5]
        self.others = dict(pair.split("=") for pair in (match[6] or "").split())
        self.port = match[7] or "posix"

    def defines(self, value):
        return {**self.others, self.name: value}

    def label(self):
        with_ = "".join(", %s=%s" % item for item in self.others.items())
        return "`%s` %s -> %s%s%s" % (self.name, self.before, self.after, with_, "" if self.port == "posix" else ", " + self.port)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def knobs(text=None):
    """([Knob], problems): every knob that config.h defines, and what is wrong with what it says."""
    found, problems, comment, count = [], [], "", 0
    for part in re.split(r"(/\*.*?\*/)", text if text is not None else read(CONFIG), flags=re.S):
        if part.startswith("/*"):
            comment = " ".join(re.sub(r"(?m)^\s*\*", " ", part).split()) if part.startswith("/**") else ""
            continue
        for name in KNOB.findall(part):
            if name == "USOCKET_CONFIG_H":
                continue
            count += 1
            matches = list(COST.finditer(comment))
            if len(matches) == 1 and comment.count("@cost") == 1:
                found.append(Knob(name, matches[0]))
            else:
                problems.append("%s: its comment has no cost of the form @cost L + M (A -> B)" % name)
            comment = ""
    return found, problems


def strays():
    """Knobs that get their default in another file; a port's usocket_config.h may have one for its stack."""
    problems = []
    for path in sorted(glob.glob(ROOT + "/src/**/*.[ch]", recursive=True) + glob.glob(ROOT + "/port/**/*.[ch]", recursive=True)
                       + glob.glob(ROOT + "/micropython/*.[ch]") + glob.glob(ROOT + "/include/usocket/*.h")):
        if path != CONFIG and os.path.basename(path) != "usocket_config.h":
            problems += ["%s: the default of %s belongs in config.h" % (os.path.relpath(path, ROOT), name)
                         for name in re.findall(r"^#ifndef (USOCKET_\w+)\n#define \1 \S", read(path), re.M)]
    return problems


def wrong(part, stated, measured):
    """True if a figure is off by more than 5 % and 16 bytes of flash, or 3 of RAM."""
    return abs(stated - measured) > max(3 if part == "RAM" else 16, measured * 0.05)


def measure(knob, sizes):
    """{part: bytes} that the knob's second value costs over its first. sizes(defines, port): (library, module) as Bytes."""
    (library, module), (library2, module2) = (sizes(knob.defines(value), knob.port) for value in (knob.before, knob.after))
    return {"library": library2.flash - library.flash, "module": module2.flash - module.flash,
            "RAM": library2.ram - library.ram + module2.ram - module.ram}


def table(sizes, problem):
    """(rows, problems): a row for each knob with the measured figures. problem: the exception of a build that fails."""
    found, problems = knobs()
    problems += strays()
    rows = []
    for knob in found:
        try:
            cost = measure(knob, sizes)
        except problem as error:
            problems.append("%s: cannot be measured: %s" % (knob.name, error))
            continue
        rows.append([knob.label()] + ["%+d" % cost[part] for part in PARTS])
        problems += ["%s: config.h states %d bytes (%s), measured %d" % (knob.name, knob.stated[part], part, cost[part])
                     for part in PARTS if wrong(part, knob.stated[part], cost[part])]
    return rows, problems


def restate(rows):
    """Write the measured figures into config.h."""
    figures = {re.match(r"`(\w+)`", row[0])[1]: [int(cell) for cell in row[1:]] for row in rows}
    text = read(CONFIG)
    for knob in knobs(text)[0]:
        library, module, ram = figures[knob.name]
        now = "@cost %d + %d%s (" % (max(0, library), max(0, module), ", RAM %d" % ram if ram else "")
        begin = text.rindex("@cost", 0, text.index("#ifndef %s\n" % knob.name))
        text = text[:begin] + now + text[text.index("(", begin) + 1:]
    with open(CONFIG, "w", encoding="utf-8") as file:
        file.write(text)
