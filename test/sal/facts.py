#!/usr/bin/env python3
"""Each fact of facts.txt names tests that exist, and each test of the look-alike itself is named.

SPDX-License-Identifier: MIT
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ITSELF = ("look", "shapes")  # the other programs test the library on it


def tests():
    """All tests that run, as program:test."""
    found = set()
    for name in sorted(os.listdir(HERE)):
        match = re.fullmatch(r"test_(\w+)\.c", name)
        if match:
            with open(os.path.join(HERE, name), encoding="utf-8") as file:
                found |= {f"{match[1]}:{test}" for test in re.findall(r"\bTEST\((test_\w+)\)", file.read())}
    return found


def main():
    run, named, problems = tests(), set(), []
    with open(os.path.join(HERE, "facts.txt"), encoding="utf-8") as file:
        rows = [[part.strip() for part in line.split("|", 1)] for line in file if not line.startswith("#")]
    for row in rows:
        fact, shown = (*row, "")[:2]
        found = set(re.findall(r"\w+:test_\w+", shown))
        if not shown:
            problems.append(f"no test for: {fact}")
        problems += [f"{name} does not run, for: {fact}" for name in sorted(found - run)]
        named |= found
    problems += [f"{name} shows no fact" for name in sorted(run - named) if name.split(":")[0] in ITSELF]
    print("\n".join(f"facts.txt: {problem}" for problem in problems) or f"{len(rows)} facts have tests")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
