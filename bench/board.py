#!/usr/bin/env python3
"""Measure the firmware of the emulated board, MicroPython's own socket module beside this one: flash, RAM, and instructions of calls.

usage: bench/board.py [--write] [--note TEXT] [--small]

QEMU counts the instructions (-icount shift=0): those of the interpreter, of lwIP and of interrupts, not those of sleep. Each image runs
twice, and both runs must give the same numbers. A row is good while it is at most 1 % above the one in bench/board.md (5 % for TLS) and
has not newly passed its limit, which in rows of instructions is modlwip's figure. --write makes the page; growth then takes a note.
Without it only this module's images run: those of modlwip change with MicroPython alone, and the page has their figures. --small leaves
out the rows that take the image with the larger pools.
"""

import argparse
import datetime
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(ROOT, "test", "board"))
sys.path.append(os.path.join(ROOT, "tools"))

import board  # noqa: E402
import readmes  # noqa: E402

PAGE = os.path.join(HERE, "board.md")
SIZE = "arm-none-eabi-size"
TOLERANCE = 1.01
TOLERANCE_TLS = 1.05  # the numbers that are multiplied are random: others after any change of the program
SECONDS = 120

# (name in bench/board_script.py, row, the pair of images)
ROWS = (
    ("settimeout", "settimeout", ""),
    ("recv", "send + recv, 64 B", ""),
    ("readinto", "send + readinto, 64 B", ""),
    ("readline", "send + readline, 64 B", ""),
    ("recvfrom", "sendto + recvfrom, 64 B", ""),
    ("connect", "socket + connect + close", ""),
    ("accept", "accept", ""),
    ("poll1", "poll of 1 socket, ready", ""),
    ("poll16", "poll of 16 sockets, one ready", "-roomy"),
    ("bulk_out", "200 KB out, 1,000 B at a time", ""),
    ("bulk_in", "200 KB in, 1,000 B at a time", ""),
    ("idle", "a recv that waits 1 s for nothing", ""),
)
SIDES = ("modlwip", "usocket")
TLS_IMAGE = "usocket-tls"
TLS_HEAP_MOST = 24 * 1024  # bytes
# (name in bench/board_tls_script.py, row, the most in TLS 1.2 with records of 2 KiB)
TLS_ROWS = (
    ("handshake_client", "handshake, client", None),
    ("handshake_server", "handshake, server", None),
    ("out", "64 KiB out, 2 KiB at a time", None),
    ("in", "64 KiB in, 2 KiB at a time", None),
    ("heap_peak", "heap of a client in the handshake, bytes", TLS_HEAP_MOST),
    ("heap_idle", "heap of a client after it, bytes", None),
    ("stack", "stack in the handshake, the most bytes", None),
)
TLS_VERSIONS = (("12", "TLS 1.2"), ("13", "TLS 1.3"))
# (part, its objects below the image's directory)
PARTS = (
    ("modlwip.c", r"extmod/modlwip\.o"),
    ("module, micropython/", r"usocket/micropython/"),
    ("core, src/", r"usocket/src/"),
    ("port, port/lwip_raw/", r"usocket/port/"),
    ("lwIP", r"lwip/"),
    ("frozen asyncio, aiosocket", r"frozen_content\.o"),
    ("libgcc and libc", r".*/lib(gcc|c)\.a"),
    ("MicroPython and the board", r""),
)


def script(names):
    with open(os.path.join(HERE, "board_script.py"), encoding="utf-8") as file:
        return f"ROWS = {names!r}\n" + file.read()


def tls_script():
    with open(os.path.join(HERE, "board_tls_script.py"), encoding="utf-8") as file:
        return file.read()


def tolerance(row):
    return TOLERANCE_TLS if row.startswith("TLS ") else TOLERANCE


def instructions(image, names, program):
    """{row: instructions} of one image, from two runs."""
    runs = []
    for _ in range(2):
        out, error, status = board.alone(board.image(image), program, SECONDS)
        if status != 0:
            sys.exit(f"{image}: {'no end' if status is None else f'the emulator ended with status {status}'}: {out}{error}")
        runs.append(out)
    found = dict(re.findall(r"^(\w+) (\d+)$", runs[0], re.M))
    missing = [name for name in names if name not in found]
    if missing:
        sys.exit(f"{image}: no {missing[0]}: {runs[0]}")
    return {name: int(value) for name, value in found.items()}, runs[0] == runs[1]


def sizes(image):
    """Flash and RAM of an image, and both of each part. The interpreter's heap and the stack do not count."""
    elf = board.image(image)
    sections = dict(re.findall(r"^(\.\w+)\s+(\d+)", subprocess.run([SIZE, "-A", elf], capture_output=True, text=True, check=True).stdout, re.M))
    data = int(sections[".data"])
    flash, ram = int(sections[".text"]) + data, data + int(sections[".bss"])
    with open(os.path.join(os.path.dirname(elf), "firmware.map"), encoding="utf-8") as file:
        placed = file.read().split("Linker script and memory map")[1]
    parts = {part: [0, 0] for part, _ in PARTS}
    below = os.path.dirname(elf) + "/"
    for section, size, path in re.findall(r"^ (\.\S+|COMMON|\*fill\*)\s+0x[0-9a-f]+\s+0x([0-9a-f]+)(?:[ \t]+(\S+))?$", placed, re.M):
        size, kind = int(size, 16), section.split(".")[1] if section.startswith(".") else ""
        if section == ".bss.heap":
            ram -= size
        elif path:
            part = next(part for part, objects in PARTS if re.match(objects, path.removeprefix(below)))
            parts[part][0] += size if kind in ("text", "rodata", "data") else 0
            parts[part][1] += size if kind in ("data", "bss") or section == "COMMON" else 0
    return flash, ram, parts


def compiler():
    return subprocess.run(["arm-none-eabi-gcc", "-dumpfullversion"], capture_output=True, text=True, check=True).stdout.strip()


def measure(sides, kinds):
    """@return ({row: (modlwip, usocket, most of usocket, or None)}, problems); modlwip is from the page unless it is a side. kinds: of
    images"""
    figures, problems, counts = {}, [], {}
    known = {} if SIDES[0] in sides else recorded()[1]
    for kind in sorted({kind for _, _, kind in ROWS} & kinds):
        names = [name for name, _, k in ROWS if k == kind]
        for side in sides:
            counts[side, kind], equal = instructions(side + kind, names, script(names))
            if not equal:
                problems.append(f"{side}{kind}: two runs differ")
    measured = {side: sizes(side) for side in sides}

    def pair(row, figure):
        return (known[row][2] if row in known else 0) if known else figure(SIDES[0]), figure(SIDES[1])

    for index, what in enumerate(("flash", "RAM")):
        figures[what] = (*pair(what, lambda side: measured[side][index]), None)
        for part, _ in PARTS:
            row = f"{what}: {part}"
            figures[row] = (*pair(row, lambda side: measured[side][2][part][index]), None)
    for name, row, kind in ROWS:
        if kind not in kinds:
            continue
        theirs, ours = pair(row, lambda side: counts[side, kind][name])
        figures[row] = (theirs, ours, theirs)
    row = "stack, the most bytes"
    figures[row] = (*pair(row, lambda side: counts[side, ""]["stack"]), None)
    rows = {name + number: (f"{version}: {row}", most if number == "12" else None) for number, version in TLS_VERSIONS for name, row, most in TLS_ROWS}
    tls, equal = instructions(TLS_IMAGE, list(rows), tls_script())
    if not equal:
        problems.append(f"{TLS_IMAGE}: two runs differ")
    for name, (row, most) in rows.items():
        figures[row] = (0, tls[name], most)
    return figures, problems


def recorded():
    """(version of gcc, {row: (usocket, whether it passed, modlwip)}, the notes)"""
    try:
        with open(PAGE, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return None, {}, ""
    rows = {name: (int(ours), verdict, int(theirs)) for name, theirs, ours, verdict in
            re.findall(r"^\| ([^|]+) \| (\d+) \| (\d+) \|[^|]*\|[^|]*\| (\w*) *\|$", text, re.M)}
    return re.search(r"gcc ([\d.]+)", text)[1], rows, text.partition("\n## Growth\n")[2].strip()


def verdict(ours, most):
    return "" if most is None else "pass" if ours <= most else "MISS"


def table(figures):
    lines = ["| what | modlwip | usocket | ratio | at most | |", "|---|--:|--:|--:|--:|---|"]
    for name, (theirs, ours, most) in figures.items():
        ratio = f"{ours / theirs:.3f}" if theirs else ""
        lines.append(f"| {name} | {theirs} | {ours} | {ratio} | {'' if most is None else most} | {verdict(ours, most)} |")
    return "\n".join(lines) + "\n"


def write(figures, note):
    _, before, notes = recorded()
    grown = [f"{name} {before[name][0]} -> {ours}" for name, (_, ours, _) in figures.items()
             if name in before and ours > before[name][0] * tolerance(name)]
    if grown and not note:
        print("\n".join(grown) + "\nNothing written: say why, --note 'why'")
        return 1
    if grown:
        notes = f"- {datetime.date.today()} {note} ({'; '.join(grown)})\n{notes}"
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(f"""# On the board

MicroPython for an emulated Cortex-M4 with lwIP without an OS (`test/board/`): with its own socket module, modlwip, and with this
one. arm-none-eabi-gcc {compiler()} -Os. `make bench-board` writes this page; `make bench-board-check` fails when a figure of ours has
grown by more than 1 %, or one of TLS by more than 5 %.

Flash and RAM are bytes of the whole firmware, without the interpreter's heap and the stack; IPv4, TCP, UDP, raw sockets, no TLS. The
other rows are instructions of one turn of a loop, those of the interpreter, of lwIP and of interrupts included and those of sleep not,
as QEMU counts them (`bench/board.py`); two runs give the same numbers. Names are found before a loop: the interpreter's cache of
lookups has few places, and which names share one changes with each image. Both ends are on the board, TCP_NODELAY is set, and what
one end sends is carried to the other within the call that sends. So "out" includes lwIP's receipt at the other end, and "in" the
answer that tells of room. 16 sockets take larger pools of lwIP.

TLS is that of `build/board/usocket-tls`: mbedTLS 3.6.6 as `test/board/board_mbedtls.h` configures it, keys of P-256, a server's
certificate that a CA has signed. Each end is counted for itself (`bench/board_tls_script.py`). In TLS 1.2 the client asks for records
of 2 KiB; TLS 1.3 has no such extension, and its buffer for receiving has 4 KiB. The heap is what mbedTLS and the library take for the
connection, the CA and the name included. modlwip's image has no TLS.

{table(figures)}
## Growth
{chr(10) + notes.strip() + chr(10) if notes else ""}""")
    readmes.write()
    return 0


def check(figures, problems, kinds):
    version, before, _ = recorded()
    if version and version != compiler():
        print(f"skipped: bench/board.md is of gcc {version}, this is {compiler()}\n0 passed, 0 failed, 1 skipped")
        return 0
    failures = list(problems)
    for name, (_, ours, most) in figures.items():
        if name not in before:
            failures.append(f"{name}: not in bench/board.md")
        elif ours > before[name][0] * tolerance(name):
            failures.append(f"{name}: {ours}, was {before[name][0]}")
        elif before[name][1] == "pass" and verdict(ours, most) != "pass":
            failures.append(f"{name}: {ours}, the limit is {most}")
    left = [row for _, row, kind in ROWS if kind not in kinds]
    failures += [f"{name}: in bench/board.md, not measured now" for name in before if name not in figures and name not in left]
    for line in failures:
        print("FAIL " + line)
    print(f"{max(0, len(figures) - len(failures))} passed, {len(failures)} failed, 0 skipped")
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--note", default="")
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    for tool in ("qemu-system-arm", SIZE):
        if not shutil.which(tool):
            sys.exit(f"board.py: no {tool} (make packages-test)")
    kinds = {""} if options.small else {"", "-roomy"}
    figures, problems = measure(SIDES if options.write else SIDES[1:], kinds)
    print(table(figures))
    if options.write and not options.small and not problems:
        return write(figures, options.note)
    return check(figures, problems, kinds)


if __name__ == "__main__":
    sys.exit(main())
