#!/usr/bin/env python3
"""Check or write the numbers of README.md and README_zh.md, all of which are of other files.

usage: tools/readmes.py --check | --write

- the tables of speed and the charts are made from bench/speed.json, the rows on size from bench/size.md
- a number in the text is in FACTS, with its source, or in EXCEPTIONS, with the reason for which it has none
- the states of "Where it runs" are those of docs/boards.md and its Chinese page, and each row there is in the table
Blocks of code are left out: tools/doccheck.py runs them. --check also alters each number and each state in turn, and fails if that
is not noticed. --write writes the tables, the charts and the numbers of FACTS anew.
"""

import argparse
import functools
import os
import re
import sys

import versions

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.append(os.path.join(ROOT, "bench"))

import speed  # noqa: E402

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
TLS_PART = "TLS's own part, linked: what USOCKET_TLS=1 adds to everything"
PAGES = (("README.md", 1), ("README_zh.md", 2))
NUMBER = r"(\d+(?:[.,]\d+)*)"
BOARDS = (None, "docs/boards.md", "docs/boards_zh.md")
OTHERS = (None, "all others", "其余全部")
HANDSHAKES = (None, (), (("handshake, full", "完整握手"), ("handshake, resumed", "恢复握手")))


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


# ---- The sources ----

class Sources:
    """The files with the numbers."""

    def __init__(self):
        self.size, self.speed = table(read("bench/size.md")), speed.read()
        self.board = {row: int(ours) for row, ours in re.findall(r"(?m)^\| ([^|]+) \| \d+ \| (\d+) \|", read("bench/board.md"))}
        self.pins = re.findall(r"(?m)^(\w+) (\S+) ", read("tools/sources.pins"))

    def pin(self, name, number=0):
        return [version for pinned, version in self.pins if pinned == name][number]


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


def parts(sources, kind):
    """Flash or RAM of the module, the core and the port on the emulated board."""
    return sum(sources.board[f"{kind}: {part}"] for part in ("module, micropython/", "core, src/", "port, port/lwip_raw/"))


def openssl(sources):
    """OpenSSL's greatest speed in bulk, as a multiple of mbedTLS's in C."""
    rows = [result for result in speed.results(sources.speed, True) if "64 KiB" in result["title"]]
    return f"{max(speed.statistics.median(speed.ratios(row['cells'], speed.RAW, speed.CPYTHON)) for row in rows):.1f}"


def occasion(sources):
    """The day and the machine of bench/speed.json."""
    found = re.fullmatch(r"([\d-]+) (\w+), # CPUs, (\w+) #, Linux #".replace("#", NUMBER), f"{sources.speed['date']} {sources.speed['machine']}")
    return found and found.groups()


@functools.lru_cache(None)
def told(page, pattern):
    """The groups of a pattern in another file."""
    found = re.search(pattern.replace("#", NUMBER), read(page))
    return found.groups() if found else None


def quoted(page, pattern):
    return lambda sources: told(page, pattern)


# (in README.md, in README_zh.md, the numbers from the sources). # stands for a number.
FACTS = (
    (r"On Debian # or a similar", r"在 Debian # 或", quoted("tools/setup.sh", "is this Debian #")),
    (r"RT-Thread # to #, on SAL", r"RT-Thread # 至 #，", quoted("docs/rtthread.md", r"- RT-Thread # to #, with SAL")),
    (r"package, MicroPython # \|", r"软件包，MicroPython # \|", quoted("docs/rtthread.md", r"into MicroPython #;")),
    (r"Pico # W", r"Pico # W", quoted("docs/boards.md", r"Pico # W")),
    (r"\| Teensy #", r"\| Teensy #", quoted("docs/boards.md", r"\| Teensy #")),
    (r"Linux, Teensy #", r"Linux、Teensy #", quoted("docs/boards.md", r"\| Teensy #")),
    (r"costs # bytes of flash, # of RAM", r"占闪存 # 字节、RAM # 字节", lambda s: (f"{parts(s, 'flash'):,}", f"{parts(s, 'RAM'):,}")),
    (r"and # of heap for each socket", r"每个套接字另占堆 # 字节", quoted("bench/size.md", r"\| a socket object of Python in blocks of 16, everything [^|]*\| # \|")),
    (r"adds # of flash", r"再占闪存\s+# 字节", lambda s: (f"{int(s.size[TLS_PART][0]):,}",)),
    (r"up to # of heap for a connection", r"每个连接最多占堆 # 字节",
     lambda s: (f"{max(s.board[f'TLS {version}: heap of a client in the handshake, bytes'] for version in ('1.2', '1.3')):,}",)),
    (r"downloads MicroPython # and mbedTLS #", r"里的 MicroPython # 和 mbedTLS #", lambda s: (s.pin("micropython"), s.pin("mbedtls"))),
    (r"sources of mbedTLS #\.", r"mbedTLS # 的源码", lambda s: (s.pin("mbedtls").rpartition(".")[0],)),
    (r"binding supports MicroPython # \(RT-Thread's\) and # or later", r"适用于 MicroPython #（RT-Thread 所用版本）以及 # 及以后",
     lambda s: (*told("docs/rtthread.md", r"into MicroPython #;"), *told("micropython/compat.h", r"MP_REGISTER_EXTENSIBLE_MODULE \(#\)"))),
    (r"tested with #, and with # by\s+`make test-soak`; for #,", r"日常用 # 构建和测试，\s+`make test-soak` 中还会用 #；对于 #，",
     lambda s: (s.pin("micropython"), s.pin("micropython", 1), *told("docs/rtthread.md", r"into MicroPython #;"))),
    (r"find_package\(usocket # ", r"find_package\(usocket # ", lambda s: (versions.version().rpartition(".")[0],)),
    (r"sources of MicroPython # \(unix", r"来自阅读源码：\s+MicroPython #（unix", lambda s: (s.pin("micropython", 1),)),
    (r"esp32 \| RT-Thread package \| CPython # \|", r"RT-Thread 软件包 \| CPython # \|", lambda s: (s.speed["CPython"].rpartition(".")[0],)),
    (r"over loopback: ([\d-]+), (\w+), # CPUs,\s+(\w+) #, Linux #\.\s", r"，([\d-]+)，(\w+)，# 个 CPU，(\w+) #，Linux #。", occasion),
    (r"are medians of # rounds", r"时间为 # 轮的中位数", lambda s: (str(s.speed["rounds"]),)),
    (r"the median of the # quotients", r"各轮之内 # 个商", lambda s: (str(s.speed["rounds"]),)),
    (r"`recv\(#\)` pays .* a # KiB object", r"`recv\(#\)` 的开销.* # KiB\s", quoted("bench/rows.py", r'"recv\(#\), # KiB"')),
    (r"OpenSSL's are up to # times", r"OpenSSL 最快可达它的 # 倍", lambda s: (openssl(s),)),
)
# (a pattern of text whose numbers have no source, the reason)
EXCEPTIONS = (
    (r"\(12 MB, checked|（共 12 MB，", "the sizes of Debian's archives, which are not in this repository"),
    (r"\bPython 3\b", "the language"),
    (r"Before MicroPython 1\.25 CMake|MicroPython 1\.25 之前", "the first whose CMake takes a directory, read in its sources"),
    (r"[A-Z\d_]+=[01](?!\d)", "a setting, on or off"),
    (r'`s\.connect\("127\.0\.0\.1", 80\)`', "a mistake, shown as an example"),
    (r"return 0 or more|返回值 0 或", "the rule of results (CONTRIBUTING.md), not a measure"),
    (r"\(2025-06\)|（2025-06）", "the date of the state of RT-Thread's package that was read"),
    (r"steps of 0\.1 s|以 0\.1 s 为步长", "read in the sources of the other modules"),
    (r"\| 2-tuples \|", "a shape, not a measure"),
)


# ---- The pages ----

def body(page, first):
    """The span of the rows of a table; its first row begins with one of these cells."""
    found = re.search(r"(?m)^\| (?:%s) \|.*\n(?:\|.*\n)*" % "|".join(re.escape(cell) for cell in first), page)
    return found.span() if found else (0, 0)


def pipes(rows):
    return "".join("| %s |\n" % " | ".join(row) for row in rows)


@functools.lru_cache(None)
def tables(sources, column):
    """The generated tables of a README: (a name, the first cells by which they are found, their text)."""
    def title(words):
        for english, chinese in HANDSHAKES[column]:
            words = words.replace(english, chinese)
        return words

    made = []
    for tls in (False, True):
        rows = [[title(row[0]), *row[1:]] for row in speed.table(sources.speed, tls)]
        made.append(("bench/speed.json", [rows[0][0]], pipes(rows)))
    return [*made, ("bench/size.md", ROWS[0][1:], pipes([row[column], *sources.size[row[0]]] for row in ROWS if row[0] in sources.size))]


def spans(pattern, text):
    """The spans of the groups of a pattern, or None."""
    found = re.search(pattern.replace("#", NUMBER), text)
    return found and [found.span(i) for i in range(1, found.re.groups + 1)]


@functools.lru_cache(4)
def prose(page):
    """The page with blanks in place of its blocks of code and the numbers of its lists."""
    return re.sub(r"(?ms)^```.*?^```$|^ *\d+\. ", lambda found: " " * len(found[0]), page)


def numbers(text):
    """The numbers of a text, as matches; digits of a name (SHA-256, M4) are none."""
    return re.finditer(r"(?<![A-Za-z0-9_.-])" + NUMBER, text)


def rewritten(page, column, sources):
    """The page with its tables and facts as the sources have them; and which of these differ or are missing."""
    found = []
    for name, first, text in tables(sources, column):
        begin, end = body(page, first)
        if page[begin:end] != text:
            found.append(f"a table is not what {name} makes")
        if end:
            page = page[:begin] + text + page[end:]
    for fact in FACTS:
        pattern, values = fact[column - 1], fact[2](sources)
        places = spans(pattern, prose(page))
        if places is None or values is None or len(places) != len(values):
            found.append(f"not found: {pattern}" if places is None else f"no source: {pattern}")
            continue
        for (begin, end), value in reversed(list(zip(places, values))):
            if page[begin:end] != value:
                found.append(f"{page[begin:end]} has to be {value}: {pattern}")
                page = page[:begin] + value + page[end:]
    return page, found


def sourceless(page, column, sources):
    """The numbers that come from no table, fact or exception."""
    text = prose(page)
    known = [body(page, first) for _, first, _ in tables(sources, column)]
    for fact in FACTS:
        known += spans(fact[column - 1], text) or []
    known += [found.span() for pattern, _ in EXCEPTIONS for found in re.finditer(pattern, text)]
    return [f"{number[0]} has no source: {text[max(0, number.start() - 30):number.end() + 20].strip()!r}" for number in numbers(text)
            if not any(begin <= number.start() and number.end() <= end for begin, end in known)]


def cells(page, first):
    """The rows of a table; its first row begins with this cell."""
    begin, end = body(page, [first])
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in page[begin:end].splitlines()]


def states(page, column):
    """Differences between the table of the places where it runs and docs/boards.md."""
    there = {re.search(r"RT-Thread|test/board/|^[\w-]+$", row[0])[0]: row[2] for row in cells(read(BOARDS[column]), "unix")}
    found, told_of, others = [], [], None
    for _, ports, state in cells(page, "Linux"):
        names = re.findall(r"RT-Thread|(?<=`)[\w/-]+(?=`)", ports)
        told_of += names
        found += [f"{name}: {state!r}, and {BOARDS[column]} has {there.get(name)!r}" for name in names if there.get(name) != state]
        others = state if OTHERS[column] in ports else others
    found += [f"{name}: {state!r} in {BOARDS[column]}, and {others!r} for {OTHERS[column]}" for name, state in there.items()
              if name not in told_of and state != others]
    return found + [f"{name} is there {told_of.count(name)} times" for name in set(told_of) if told_of.count(name) > 1]


def wrong(page, column, sources):
    return rewritten(page, column, sources)[1] + sourceless(page, column, sources) + states(page, column)


def problems():
    """What is wrong with the READMEs and the charts."""
    sources = Sources()
    found = [f"{name}: {what} (tools/readmes.py --write)" for name, column in PAGES for what in wrong(read(name), column, sources)]
    return found + [f"bench/{name} is not what bench/speed.json makes (tools/readmes.py --write)" for name, text in speed.charts(sources.speed).items()
                    if not os.path.exists(os.path.join(ROOT, "bench", name)) or read("bench/" + name) != text]


def write():
    """Write the tables, the charts and the numbers anew."""
    sources = Sources()
    speed.write_charts()
    for name, column in PAGES:
        page = rewritten(read(name), column, sources)[0]
        with open(os.path.join(ROOT, name), "w", encoding="utf-8") as file:
            file.write(page)


def check_itself():
    """Self-test: each number of a page is altered in turn, each state, and each source; every change must be reported."""
    sources, found = Sources(), []
    for name, column in PAGES:
        page = read(name)
        if wrong(page, column, sources):
            return []  # its problems come first
        for number in numbers(prose(page)):
            at = number.end() - 1
            other = page[:at] + str((int(page[at]) + 5) % 10) + page[at + 1:]
            if not wrong(other, column, sources):
                found.append(f"{name}: not reported: another digit in {page[number.start() - 20:number.end()]!r}")
        begin, end = body(page, ["Linux"])
        for row in page[begin:end].splitlines():
            if not wrong(page.replace(row, re.sub(r"[^|]+ \|$", " ? |", row)), column, sources):
                found.append(f"{name}: not reported: another state in {row!r}")
        if not wrong(page + "\n7 more\n", column, sources):
            found.append(f"{name}: not reported: a number without a source")
        for change in (altered_speed, altered_size, altered_board, altered_pins):
            if not wrong(page, column, change(Sources())):
                found.append(f"{name}: not reported: {change.__name__}")
    return found


def altered_speed(sources):
    sources.speed["rows"][-1]["usocket"] = [2 * value for value in sources.speed["rows"][-1]["usocket"]]
    return sources


def altered_size(sources):
    sources.size[ROWS[-1][0]] = ("1", "", "")
    return sources


def altered_board(sources):
    sources.board["RAM: core, src/"] += 1
    return sources


def altered_pins(sources):
    sources.pins = [(name, version + "9") for name, version in sources.pins]
    return sources


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_mutually_exclusive_group(required=True)
    modes.add_argument("--check", action="store_true")
    modes.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        write()
    found = problems() + check_itself()
    print("\n".join(found) or "every number of the READMEs is that of its source")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
