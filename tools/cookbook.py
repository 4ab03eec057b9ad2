#!/usr/bin/env python3
"""Compare docs/cookbook.md and its Chinese page with the programs of examples/cookbook.

usage: tools/cookbook.py            compare; the last line counts
       tools/cookbook.py --write    write the programs into the English page

On the pages `<!-- cookbook: NAME.py -->` stands before the block of a program. In the English page it is the file; in the Chinese
one the comments are translated, and everything else is the same. Each program is on both pages once, in the same order. A program is
short, and imports only modules that a board has.
"""

import glob
import io
import os
import re
import sys
import tokenize

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(ROOT, "examples", "cookbook")
PAGE, CHINESE = (os.path.join(ROOT, "docs", name) for name in ("cookbook.md", "cookbook_zh.md"))
BLOCK = re.compile(r"(<!-- cookbook: (\w+)\.py -->\n```python\n)(.*?)(?=^```$)", re.M | re.S)
MOST_LINES = 48  # of code, without imports, settings and comments
MOST_COLUMNS = 132
MODULES = set("_thread aiosocket asyncio binascii hashlib json machine os select struct time usocket".split())
CONSTANT = re.compile(r"[A-Z][A-Z0-9_, ]* = ")


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def names():
    return sorted(os.path.basename(path)[:-3] for path in glob.glob(os.path.join(FOLDER, "*.py")))


def parted(text):
    """(the lines of code without their comments, the comments) of a program."""
    lines = text.split("\n")
    comments = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
            comments.append(token.string)
    return [line.rstrip() for line in lines if line.strip()], comments


def of_program(name, text):
    """The problems of a program."""
    code, comments = parted(text)
    imports = [line for line in code if re.match(r"(from|import) ", line.strip())]
    found = [f"imports {module}, which is not in MODULES" for line in imports for module in [line.split()[1]] if module not in MODULES]
    size = len([line for line in code if line not in imports and not CONSTANT.match(line)])
    found += [f"has {size} lines of code besides its settings, more than {MOST_LINES}"] * (size > MOST_LINES)
    found += [f"has a line of {len(line)} columns" for line in text.split("\n") if len(line) > MOST_COLUMNS]
    found += ["does not begin with a comment that says its purpose"] * (not text.startswith("# "))
    return [f"examples/cookbook/{name}.py {problem}" for problem in found]


def problems():
    """All differences between the programs and the pages."""
    programs = {name: text_of(os.path.join(FOLDER, name + ".py")) for name in names()}
    found = [problem for name, text in programs.items() for problem in of_program(name, text)]
    pages = {path: [(name, text) for _, name, text in BLOCK.findall(text_of(path))] for path in (PAGE, CHINESE)}
    for path, blocks in pages.items():
        where, shown = os.path.relpath(path, ROOT), [name for name, _ in blocks]
        found += [f"{where} shows {name}.py {shown.count(name)} times" for name in programs if shown.count(name) != 1]
        found += [f"{where} shows {name}.py, which does not exist" for name in shown if name not in programs]
        if len(shown) != text_of(path).count("```python"):
            found.append(f"{where} has a program without its name: <!-- cookbook: NAME.py -->")
    if [name for name, _ in pages[PAGE]] != [name for name, _ in pages[CHINESE]]:
        found.append("the two pages show the programs in different orders")
    for name, text in pages[PAGE]:
        if text != programs.get(name, text):
            found.append(f"docs/cookbook.md: {name}.py differs from the file (tools/cookbook.py --write)")
    for name, text in pages[CHINESE]:
        (code, comments), (shown, translated) = parted(programs.get(name, text)), parted(text)
        differing = next((b for a, b in zip(code + [""], shown + [""]) if a != b), None)
        if differing is not None:
            found.append(f"docs/cookbook_zh.md: {name}.py differs from the file at: {differing or 'its end'}")
        if len(comments) != len(translated):
            found.append(f"docs/cookbook_zh.md: {name}.py has {len(translated)} comments, the file {len(comments)}")
        found += [f"docs/cookbook_zh.md: {name}.py: not translated: {a}" for a, b in zip(comments, translated) if a == b and re.search(r"[a-z]{4,} [a-z]", a)]
    return found


def write():
    text = BLOCK.sub(lambda match: match[1] + text_of(os.path.join(FOLDER, match[2] + ".py")), text_of(PAGE))
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(text)


def main():
    if sys.argv[1:] == ["--write"]:
        write()
    elif sys.argv[1:]:
        sys.exit(__doc__)
    found = problems()
    for line in found:
        print("FAIL", line)
    print(f"{len(names())} programs, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
