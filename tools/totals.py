"""The figures of whole builds on a Cortex-M4, with their targets: for tools/size.py.

A linked row counts what `--gc-sections` leaves of the library and the module, and libgcc's members that they need. The names are those
that the module brings into MicroPython's string table. A target is what the figure should reach; the limit is the figure of the last
`--write`, which it must not exceed (tools/growth.py).
"""

import functools
import os
import re

import cortex
import tablenames
from cortex import ROOT, Problem, read, total

BOARD = os.path.join(ROOT, "bench/board.md")
RTTHREAD = os.path.join(ROOT, "docs/rtthread.md")

TCP_CLIENT = {"USOCKET_IPV6": 0, "USOCKET_NAMES": 0, "USOCKET_SERVER": 0, "USOCKET_DATAGRAMS": 0, "USOCKET_THREADS": 0,
              "USOCKET_WORDS": 0, "USOCKET_WAIT_SLICE_MS": 0, "USOCKET_UNREAD": 0, "USOCKET_SO_TIMEO": 0, "MICROPY_PY_THREAD": 0}
LOOPS = {"USOCKET_RACE": 4, "USOCKET_ASYNC": 1, "USOCKET_POLLER": 1}
DOCUMENTED = {"USOCKET_IPV6": 0, "USOCKET_RESOLVER_WORKERS": 0, "USOCKET_PY_EXTRAS": 0}
# One thread, in an interpreter without threads.
SINGLE = {"USOCKET_THREADS": 0, "USOCKET_WORDS": 0, "MICROPY_PY_THREAD": 0}
# What a socket has beyond the documented calls.
LESS = {"USOCKET_UNREAD": 1, "USOCKET_SO_TIMEO": 0, "USOCKET_ATON": 0, "USOCKET_SERVICES": 0}
SMALLEST = {**DOCUMENTED, **SINGLE, **LESS}

# (row, defines, port, target)
LINKED = (
    ("everything", {}, "posix", 27648),
    ("everything, for event loops", LOOPS, "posix", 34816),
    ("documented calls, IPv4, no worker", DOCUMENTED, "posix", None),
    ("the same for one thread, without words", SMALLEST, "posix", 12800),
    ("the same on lwIP without an OS (port/lwip_raw)", SMALLEST, "lwip_raw", 14336),
)
CLIENT, TLS = 2560, 16896
LTO = ("-flto",)
HEAD = ("what", "flash", "of it libgcc", "of that for 64 bits", "names", "RAM", "target", "limit", "")
# (part of a linked row, its paths): the first that matches
PARTS = (
    ("module: data, files", r"micropython/(data|stream|reading|file|file_read|sendfile)\.c"),
    ("module: names", r"micropython/(hosts|inet|dial|resolver)\.c"),
    ("module: pollers", r"micropython/(poller|poller_set|operation)\.c"),
    ("module: TLS", r"micropython/(tls_methods|secure)\.c"),
    ("module: the rest", r"micropython/"),
    ("src/base", r"src/base/"),
    ("src/names", r"src/names/"),
    ("src/sockets", r"src/sockets/"),
    ("src/tls, src/mbedtls", r"src/"),
    ("port", r"port/"),
)
WHERE_HEAD = ("what", *(name for name, _ in PARTS), "libgcc")
LTO_HEAD = ("what", "flash", "without LTO", "ratio")


def roots(target):
    """The module objects, from which the interpreter reaches everything else."""
    return [name for path in target.binding
            for name in re.findall(r"MP_REGISTER_(?:EXTENSIBLE_)?MODULE\(\s*MP_QSTR_\w+,\s*(\w+)\)", read(path))]


def link(target, defines, port="posix", extra=()):
    """Library and module."""
    return target.link(target.sources(port) + target.binding, defines, roots(target), port, extra)


def client(target):
    """The library in a program in C that is a TCP client; the program itself does not count."""
    program = target.arm + "/tcp_client.c"
    linked = target.link(target.library + [program], TCP_CLIENT, ["main"])
    del linked.parts[program]
    return linked


class Whole:
    """Whole objects, not linked."""

    libgcc = wide = ""

    def __init__(self, found):
        self.flash, self.ram = total(found.values()).flash, total(found.values()).ram


class Totals:
    """The section "Totals"; limits: {row: bytes} of the committed table, or None to take today's."""

    def __init__(self, target, limits):
        self.target, self.limits = target, limits
        self.names = functools.lru_cache(None)(lambda key, port: tablenames.bytes_of(target, dict(key), port))
        self.rows = []
        self.missed = []
        self.linked = {}  # {row: Linked}
        self.measure()

    def row(self, name, goal, held, measure, names=lambda: ""):
        try:
            found, names = measure(), names()
        except Problem as e:
            self.rows.append((name, "-", "-", "-", "-", "-", goal or "", "", "cannot be measured: " + str(e)))
            self.missed.append(name)
            return
        limit = "" if not held else found.flash if self.limits is None else self.limits.get(name, "")
        verdict = "" if goal is None else "pass" if found.flash <= goal else "MISS"
        if verdict == "MISS":
            self.missed.append(name)
        self.rows.append((name, found.flash, found.libgcc, found.wide, names, found.ram, goal or "", limit, verdict))
        self.linked[name] = found

    def measure(self):
        target = self.target
        core = [path for path in target.library if "/src/" in path]
        self.row("core (src/), everything", None, True, lambda: Whole(target.measure(core)))
        self.row("core, everything but words", None, False, lambda: Whole(target.measure(core, {"USOCKET_WORDS": 0})))
        self.row("library: core and POSIX port, everything", None, False, lambda: Whole(target.measure(target.library)))
        self.row("module, everything", None, True, lambda: Whole(target.measure(target.binding)))
        self.row("library, TCP client in C, linked", CLIENT, True, lambda: client(target))
        for name, defines, port, goal in LINKED:
            prefix = "" if name.startswith("the same") else "library and module, "
            self.row(prefix + name + ", linked", goal, True, functools.partial(link, target, defines, port),
                     functools.partial(self.names, tuple(defines.items()), port))
        self.row("TLS's own part, linked: what USOCKET_TLS=1 adds to everything", TLS, True, self.tls, self.tls_names)

    def tls(self):
        """The difference of two linked builds."""
        with_, without = link(self.target, {"USOCKET_TLS": 1}), link(self.target, {})
        for path, part in without.parts.items():
            for kind in cortex.KINDS:
                with_.parts.setdefault(path, cortex.Bytes())[kind] -= part[kind]
        with_.libgcc -= without.libgcc
        with_.wide -= without.wide
        return with_

    def tls_names(self):
        return self.names((("USOCKET_TLS", 1),), "posix") - self.names((), "posix")


def where(totals):
    """Rows of the linked builds, by part."""
    rows = []
    for name, linked in totals.linked.items():
        if isinstance(linked, Whole):
            continue
        bytes_of = dict.fromkeys(WHERE_HEAD[1:-1], 0)
        for path, part in linked.parts.items():
            inside = os.path.relpath(path, totals.target.root)
            bytes_of[next(name for name, paths in PARTS if re.match(paths, inside))] += part.flash
        rows.append((name, *bytes_of.values(), linked.libgcc))
    return rows


def lto(target, totals):
    """Rows of builds with -flto, beside those without. The interpreter is not part of them."""
    rows = []
    for name, defines, port, _ in LINKED:
        row = next((row for row in totals.linked if row.endswith(name + ", linked")), None)
        if row and port == "posix" and defines in ({}, SMALLEST):
            flash = link(target, defines, port, LTO).flash
            rows.append((row, flash, totals.linked[row].flash, "%.3f" % (flash / totals.linked[row].flash)))
    return rows


def firmware(target):
    """Rows on whole firmware: (what, flash, RAM)."""
    page = read(BOARD) if os.path.exists(BOARD) else ""

    def board(name, column):
        cells = re.search(r"^\| %s \| (\d+) \| (\d+) \|" % name, page, re.M)
        return int(cells[column]) if cells else 0

    rows = [("the emulated board's image with MicroPython's own socket module, modlwip (`bench/board.md`)", board("flash", 1), board("RAM", 1)),
            ("the same image with usocket and aiosocket", board("flash", 2), board("RAM", 2))]
    page = read(RTTHREAD)
    stock = int(re.search(r"([\d,]+) bytes", page[:page.index("| bytes more |")].rpartition("\n\n")[0].rpartition("\n\n")[2])[1].replace(",", ""))
    more = int(re.search(r"^\| as menuconfig has them \| ([\d,]+) \|", page, re.M)[1].replace(",", ""))
    rows += [("RT-Thread for qemu-vexpress-a9, ARM instructions, with its own module (`docs/rtthread.md`): text", stock, ""),
             ("the same with usocket as menuconfig has it: text", stock + more, "")]
    found = link(target, {}, "rtthread")
    rows.append(("RT-Thread on a Cortex-M4: no image, but library, module and port, everything, linked, with the headers of SAL's look-alike (`test/sal`)",
                 found.flash, found.ram))
    return rows
