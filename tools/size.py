#!/usr/bin/env python3
"""Measure the bytes of the library and the MicroPython module on a Cortex-M4, per configuration, file and knob, and the stack
of each public function.

Everything is compiled with arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -Os. "flash" is text + rodata + data, "RAM" is data + bss. Linked
rows count libgcc. libc, MicroPython and the network stack are not counted. Without an option the ten largest functions are printed as
well, with what each has grown since the last commit (--since).

The table is committed as bench/size.md. --check measures again and fails when a figure has grown by more than 1 %, a row with a limit at
all, when an object needs a helper of 64 bits (tools/wide.py), or, without --no-knobs, when the cost of a knob differs from the one in
include/usocket/config.h (tools/costs.py). --write writes the table, those costs and the rows of the READMEs again, and requires a reason
(--note) for growth, which goes into the section "Growth".
"""

import argparse
import fcntl
import glob
import os
import re
import shutil
import sys

import costs
import growth
import largest
import memory
import readmes
import stacks
import totals
import wide
from cortex import CC, FLAGS, KEPT, KINDS, OUT, ROOT, Bytes, Problem, Target, call, read, total  # noqa: F401
from totals import DOCUMENTED, LOOPS, SINGLE, TCP_CLIENT  # noqa: F401

TABLE = os.path.join(ROOT, "bench/size.md")

CONFIGURATIONS = {
    "everything": {},
    "everything, for event loops": LOOPS,
    "IPv4 only": {"USOCKET_IPV6": 0},
    "no server": {"USOCKET_SERVER": 0},
    "streams only": {"USOCKET_DATAGRAMS": 0},
    "no resolver worker": {"USOCKET_RESOLVER_WORKERS": 0},
    "no names": {"USOCKET_NAMES": 0},
    "one thread": {"USOCKET_THREADS": 0, "MICROPY_PY_THREAD": 0},
    "TCP client only": TCP_CLIENT,
}

# The ports for stacks with BSD sockets.
BSD_PORTS = ("posix", "lwip", "rtthread")

# The files of the core that only a build with TLS fills.
TLS_FILES = r"/src/(tls/|mbedtls/|base/transport\.c|sockets/secure\.c)"


class Report:
    def __init__(self):
        self.lines = []
        self.missed = []
        self.wrong = []  # knobs with another cost than the stated one
        self.costs = []  # rows of all knobs

    def title(self, words):
        self.lines += ["", "## " + words, ""]

    def table(self, head, rows):
        self.lines.append("| " + " | ".join(head) + " |")
        self.lines.append("| --- |" + " --: |" * (len(head) - 1))
        self.lines += ["| " + " | ".join(str(value) for value in row) + " |" for row in rows]

    def files(self, found):
        self.table(("file",) + KINDS + ("flash",), [
            [os.path.relpath(path, ROOT)] + [part[kind] for kind in KINDS] + [part.flash]
            for path, part in found.items() if part.flash or part.ram])

    def text(self):
        return "\n".join(self.lines) + "\n"


def everything(target, limits, brief, knobs=True):
    """limits: {row: bytes} of the committed table, None for new ones. brief: what a check compares."""
    report = Report()
    version = re.search(r"\d+\.\d+\.\d+", call([CC, "-dumpfullversion"]))[0]
    report.lines = ["# Size", "",
                    "Bytes on a Cortex-M4, arm-none-eabi-gcc %s -Os; `make size` prints this. Flash is text + rodata + data, RAM is data + "
                    "bss. Libc, MicroPython and the stack are not counted. \"Linked\" is what `--gc-sections` leaves, with the parts of "
                    "libgcc that it needs; the other figures are whole objects, without libgcc." % version]
    report.title("Totals")
    whole = totals.Totals(target, limits)
    report.missed += whole.missed
    report.lines += ["Names are the bytes that the module's names take in MicroPython's string table; they are not part of the flash beside "
                     "them. \"For 64 bits\" are helpers for integers of 64 bits. The target of a row is its aim, the limit is what "
                     "`make size-check` holds: the figure when this page was written.", ""]
    report.table(totals.HEAD, whole.rows)
    report.title("Memory")
    report.table(memory.HEAD, memory.rows(target))
    if not brief:
        report.title("Where the bytes are")
        report.lines += ["The linked rows by part, names not counted. The knobs of `usocket/config.h` leave parts out.", ""]
        report.table(totals.WHERE_HEAD, totals.where(whole))
        report.title("A whole firmware")
        report.table(("what", "flash", "RAM"), totals.firmware(target))
        report.title("With LTO")
        report.lines += ["Library and module compiled and linked with `-flto`, the interpreter without it.", ""]
        report.table(totals.LTO_HEAD, totals.lto(target, whole))

    base = {"Library": target.measure(target.library), "Module": target.measure(target.binding)}
    report.title("Configurations")
    rows = []
    for name, defines in CONFIGURATIONS.items():
        library = target.measure(target.library, defines) if defines else base["Library"]
        module = target.measure(target.binding, defines) if defines else base["Module"]
        core = total(part for path, part in library.items() if "/src/" in path).flash
        rows.append((name, core, total(library.values()).flash, total(module.values()).flash))
    report.table(("configuration", "core", "core and POSIX port", "module"), rows)
    for name in base:
        report.title(name + ", by file")
        report.files(base[name])
    report.title("Ports, by file")
    found = {}
    for port in target.ports:
        for path, part in target.measure([p for p in target.sources(port) if "/src/" not in p], port=port).items():
            name = os.path.relpath(path, ROOT)
            if part.flash or part.ram:
                found[name if "/%s/" % port in path else "%s, for %s" % (name, port)] = part
    report.table(("file",) + KINDS + ("flash",), [[name] + [part[kind] for kind in KINDS] + [part.flash]
                                                  for name, part in found.items()])
    report.title("TLS on RT-Thread, by file, without mbedTLS's own")
    report.files(target.measure([p for p in target.sources("rtthread") if re.search(TLS_FILES, p)], {"USOCKET_USING_TLS": 1}, "rtthread"))

    report.title("Stack")
    report.lines += ["Bytes in the worst case, all calls within the library included, on each port. What the functions below the "
                     "library need comes on top; those are named under the table. A signal handler or an interrupt does, too.", ""]
    graphs = [target.graph(port) for port in BSD_PORTS]
    try:
        rows, leaves = stacks.rows(graphs)
    except ValueError as e:
        raise Problem(str(e))
    report.table(("function", *BSD_PORTS), rows)
    for port, below in zip(BSD_PORTS, leaves):
        report.lines += ["", "Below %s: %s." % (port, ", ".join(sorted(below)))]

    def sizes(defines, port):
        library = target.library if port == "posix" else target.sources(port)
        return [total(target.measure(paths, defines, port).values()) for paths in (library, target.binding if port == "posix" else [])]

    if knobs:
        report.title("Knobs")
        report.costs, report.wrong = costs.table(sizes, Problem)
        rows = report.costs
        report.lines += ["What the second value costs over the first.", ""]
        report.table(("knob",) + costs.PARTS, rows)
    found = wide.references(target)
    report.wrong += wide.problems(found)
    report.title("Helpers of 64 bits")
    report.lines += ["The objects that refer to libgcc's helpers for integers of 64 bits.", ""]
    report.table(("file", "helpers"), [(file, ", ".join("`%s`" % name for name in names)) for file, names in found.items()] or [("none", "")])
    if brief:
        return report

    report.title("Beside them: MicroPython's own modules, at the same flags")
    rows = []
    for path in target.modules:
        name = os.path.relpath(path, target.micropython)
        try:
            part = target.measure([path])[path]
            rows.append([name] + [part[kind] for kind in KINDS] + [part.flash])
        except Problem as e:
            rows.append([name, "does not compile: %s" % re.sub(r"^\S+?:(\d+):\d+: ", r"line \1: ", str(e)), "", "", "", ""])
    report.table(("file",) + KINDS + ("flash",), rows)
    return report


def find_micropython(given):
    if given:
        return os.path.abspath(given)
    trees = sorted(glob.glob(ROOT + "/build/micropython-*/py"))
    if not trees:
        sys.exit("size.py: no MicroPython sources in build/ (run make first, or set MICROPYTHON_DIR=/path)")
    return os.path.dirname(trees[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--micropython", default=os.environ.get("MICROPYTHON_DIR"), metavar="DIR", help="its source tree")
    parser.add_argument("--since", default="HEAD", metavar="COMMIT", help="print what functions have grown since then (HEAD)")
    parser.add_argument("--write", action="store_true", help="write bench/size.md, the costs of config.h and the READMEs' rows")
    parser.add_argument("--note", default="", metavar="TEXT", help="with --write: why figures have grown")
    parser.add_argument("--check", action="store_true", help="fail when a figure has grown by more than 1 %% since then")
    parser.add_argument("--no-knobs", action="store_true", help="with --check: leave out the costs of knobs")
    given = parser.parse_args()
    if not shutil.which(CC):
        sys.exit("size.py: no %s (packages gcc-arm-none-eabi and libnewlib-arm-none-eabi)" % CC)
    os.makedirs(os.path.dirname(OUT), exist_ok=True)
    lock = open(OUT + ".lock", "w")
    fcntl.flock(lock, fcntl.LOCK_EX)  # another measurement would delete the objects
    shutil.rmtree(OUT, ignore_errors=True)
    os.makedirs(KEPT, exist_ok=True)
    try:
        target = Target(find_micropython(given.micropython))
        report = everything(target, None if given.write else growth.limits(growth.read(TABLE) or ""), given.check, not (given.check and given.no_knobs))
        functions = [] if given.check or given.write else largest.lines(target, given.since)
        for name in glob.glob(KEPT + "/*"):
            if os.path.splitext(name)[0] + ".o" not in target.kept_now:
                os.unlink(name)
    except Problem as e:
        sys.exit("size.py: " + str(e))
    if given.check:
        return growth.check(TABLE, report.text(), report.wrong)
    if given.write:
        status = growth.write(TABLE, report.text(), given.note)
        if status == 0:
            costs.restate(report.costs)
            readmes.write()
        return status
    print("\n".join([report.text(), *functions, ""]))
    if report.wrong:
        print("\n".join(report.wrong))
    if report.missed:
        print("over the target or not measured: " + "; ".join(report.missed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
