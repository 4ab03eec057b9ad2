"""The rows on size in the READMEs, which are some of bench/size.md: for tools/size.py."""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# (row of bench/size.md, in README.md, in README_zh.md)
ROWS = (
    ("core (src/), everything", "core (`src/`), with every feature", "核心（`src/`），全部功能"),
    ("library: core and POSIX port, everything", "library: core and POSIX port", "库：核心加 POSIX 移植层"),
    ("library, TCP client in C, linked", "a TCP client in C, linked", "C 语言 TCP 客户端（链接后）"),
    ("module, everything", "MicroPython module, with everything", "MicroPython 模块，全部功能"),
    ("library and module, everything, linked", "library and module, with everything, linked", "库和模块，全部功能（链接后）"),
    ("library and module, documented calls, IPv4, no worker, linked",
     "library and module: the documented calls only, IPv4, no lookup thread, linked", "库和模块：仅文档所列调用，IPv4，无解析线程（链接后）"),
    ("the same for one thread, without words, linked", "the same for one thread, without words for errors", "同上，单线程，不含错误说明文字"),
    ("the same on lwIP without an OS (port/lwip_raw), linked", "the same on lwIP without an OS (`port/lwip_raw`)",
     "同上，用无操作系统的 lwIP（`port/lwip_raw`）"),
    ("ports/unix/modsocket.c", "beside them: MicroPython's `ports/unix/modsocket.c`", "对比：MicroPython 的 `ports/unix/modsocket.c`"),
    ("extmod/modlwip.c", "MicroPython's `extmod/modlwip.c`", "MicroPython 的 `extmod/modlwip.c`"),
)
PAGES = (("README.md", 1), ("README_zh.md", 2))


def table(text):
    """{row: (flash, libgcc, names)} of bench/size.md."""
    found, head = {}, None
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else None
        if cells and head:
            at = dict(zip(head[1:], cells[1:]))
            found.setdefault(cells[0], tuple(at.get(name, "") for name in ("flash", "of it libgcc", "names")))
        head = (head or cells) if cells else None
    return found


def lines(text, column):
    """The rows of a README."""
    found = table(text)
    return "".join("| %s | %s |\n" % (row[column], " | ".join(found[row[0]])) for row in ROWS if row[0] in found)


def rows_of(page):
    """The span of the rows in a README's text: the table that begins with the row of the core."""
    return re.search(r"(?m)^\| (?:%s) \|.*\n(?:\|.*\n)*" % "|".join(re.escape(name) for name in ROWS[0][1:]), page).span()


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def write(text):
    """Write the rows anew; text: that of bench/size.md."""
    for name, column in PAGES:
        page = read(name)
        begin, end = rows_of(page)
        with open(os.path.join(ROOT, name), "w", encoding="utf-8") as file:
            file.write(page[:begin] + lines(text, column) + page[end:])


def problems(text):
    """READMEs with other rows than those of bench/size.md."""
    found = []
    for name, column in PAGES:
        page = read(name)
        begin, end = rows_of(page)
        if page[begin:end] != lines(text, column):
            found.append("%s: its rows on size are not those of bench/size.md (tools/size.py --write)" % name)
    return found
