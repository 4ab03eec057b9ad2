"""The seconds of processor time that each suite of make test and make test-long may take: tools/budget.txt.

A row is the name of a suite, or the run's name with -builds, and its seconds on an idle machine. make lint fails when a suite has no row,
when a row has no suite, and when the rows add up to more than MOST: what is new has to fit in, or takes the place of something.
tools/suites.py names the suites that took much more than their row. That is no failure, because seconds depend on the machine.
"""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TABLE = os.path.join(ROOT, "tools", "budget.txt")
MOST = 3000  # two cores do it in 28 minutes
MUCH, LEAST = 1.6, 10  # a suite is named from 1.6 times its row and 10 seconds on


def rows():
    with open(TABLE, encoding="utf-8") as file:
        return {name: int(seconds) for name, seconds in re.findall(r"^([\w-]+) +(\d+)$", file.read(), re.M)}


def problems(suites):
    """The problems of the table; suites: all that have to have a row."""
    found = rows()
    total = sum(found.values())
    return ([f"{name} has no row in tools/budget.txt" for name in suites if name not in found]
            + [f"tools/budget.txt has a row for {name}, which no run has" for name in found if name not in suites]
            + [f"tools/budget.txt adds up to {total} s, over {MOST} s: make test-soak is for what takes long"] * (total > MOST))


def over(cpu):
    """Lines on suites that took much more than their rows; cpu: {name: seconds}."""
    found = rows()
    return [f"{name} took {took:.0f} s of CPU, and tools/budget.txt has {found[name]} s" for name, took in cpu.items()
            if name in found and took > max(found[name] * MUCH, found[name] + LEAST)]
