#!/usr/bin/env python3
"""Check docs/boards.md and docs/boards_zh.md against MicroPython's sources, and try the recipes as far as the sources reach.

usage: tools/boardscheck.py --tree MICROPYTHON --lwip LWIP [--mbedtls MBEDTLS]

- the table of each page has a row for each directory of ports/, and no other row but SPECIAL
- each command names a board, a port, files and variables that exist; so do names and paths in the text
- the C blocks compile for a Cortex-M4: a lwipopts.h with all files of port/lwip_raw, others alone
- make -n of a recipe whose board's Makefile can be read: extmod/modlwip.c is ours, and the settings are in
The last line counts.
"""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import doccheck
import named

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGES = ("docs/boards.md", "docs/boards_zh.md")
SPECIAL = ("RT-Thread", "test/board")  # parts of the names of rows that are no directory of ports/
COMPILER = "arm-none-eabi-gcc"
READABLE = ("mimxrt", "renesas-ra")  # `make -n` needs no file of a chip maker
# Files of MicroPython in which the names of the pages are looked up.
THEIRS = ("py/mpconfig.h", "py/*.mk", "py/*.cmake", "extmod/extmod.*", "extmod/modlwip.c", "extmod/mbedtls/*.[ch]", "ports/*/Makefile", "ports/*/*.c",
          "ports/*/CMakeLists.txt", "ports/*/mpconfigport.*", "ports/*/mbedtls/*.[ch]", "ports/*/lwip_inc/*.h")
VARIABLE = re.compile(r"(?<![\w=/.-])(?:-D)?([A-Z][A-Z0-9_]+)=")


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def run(*command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          env={k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}, **options)
    return done.returncode, done.stdout


def rows(text):
    """The first cells of the table whose head names MicroPython's ports."""
    table = re.search(r"(?m)^\| MicroPython \S+ \|[^\n]*\|\s*\|\n\|---.*\n((?:\|.*\n)+)|^\| MicroPython \S+ \| \S+ \|.*\n\|---.*\n((?:\|.*\n)+)", text)
    lines = (table.group(1) or table.group(2)).splitlines() if table else []
    return [line.split("|")[1].strip() for line in lines]


def commands(page):
    """The commands of make in the page's blocks, with their continued lines joined."""
    for number, language, lines, _ in doccheck.blocks(page):
        if not language:
            yield from ((number, line) for line in "\n".join(lines).replace("\\\n", " ").split("\n") if re.search(r"\bmake -C ports/", line))


class Checker:
    def __init__(self, tree, lwip, mbedtls, directory):
        self.tree, self.lwip, self.mbedtls, self.directory = tree, lwip, mbedtls, directory
        self.passed = self.skipped = 0
        self.failures = []

    def check(self, good, what, output=""):
        if good:
            self.passed += 1
        else:
            self.failures.append(what)
            print(f"FAIL  {what}" + (f": {output[-600:]}" if output else ""), flush=True)

    def skip(self, what, reason):
        self.skipped += 1
        print(f"skip  {what}: {reason}", flush=True)

    # ---- The pages ----

    def table(self, page):
        there = {os.path.basename(path.rstrip("/")) for path in glob.glob(self.tree + "/ports/*/")}
        told = [row.split()[0] if not any(s in row for s in SPECIAL) else row for row in rows(text_of(page))]
        ports = [name for name in told if not any(s in name for s in SPECIAL)]
        self.check(len(there) > 10 and len(told) - len(ports) == len(SPECIAL), f"{page}: rows for {' and '.join(SPECIAL)}")
        for name in sorted(there | set(ports)):
            self.check(name in there and ports.count(name) == 1, f"{page}: {ports.count(name)} rows for {name}, "
                                                                 f"which is {'' if name in there else 'not '}in MicroPython's ports/")

    def names(self, page):
        known = "".join(text_of(path) for path in glob.glob("micropython/micropython.*") + ["include/usocket/config.h"]
                        + glob.glob(self.tree + "/ports/*/Makefile"))
        for number, command in commands(page):
            where = f"{page}:{number}"
            port, board = re.search(r"ports/([\w-]+)", command).group(1), re.search(r"BOARD=(\w+)", command).group(1)
            self.check(os.path.isdir(f"{self.tree}/ports/{port}/boards/{board}"), f"{where}: the board {board} of {port}")
            for name in VARIABLE.findall(command.replace('"', " ")):
                self.check(re.search(rf"\b{name}\b", known), f"{where}: the variable {name}")
            for path in re.findall(r"/path/to/usocket(/[\w./]+)?", command):
                self.check(os.path.exists(ROOT + path), f"{where}: the path {path}")
        text = text_of(page)
        ours = named.words_of((*named.SOURCES, "micropython/micropython.*"))
        theirs = named.words_of(self.tree + "/" + pattern for pattern in THEIRS) | named.words_of([self.lwip + "/src/include/lwip/*.h"])
        prose = re.sub(r"(?ms)^```.*?^```$", "", text)
        for name in sorted(set(re.findall(r"\b(?:USOCKET|PLAT|usocket|plat)_\w*\w\b(?!\.h)", prose))):
            self.check(name in ours, f"{page}: there is no {name}")
        for name in sorted(set(re.findall(r"\b(?:MICROPY|MEMP|LWIP|TCP|PBUF|mbedtls|rng|trng|rosc|se_services)_\w*\w\b(?!\.)", prose))):
            self.check(name in theirs, f"{page}: there is no {name}")
        for path in sorted(set(re.findall(r"`((?:port|micropython|include|tools|test|bench)/[\w./-]+\w)`", prose))):
            self.check(glob.glob(path), f"{page}: there is no {path}")
        for name in re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`", text):
            if glob.glob(f"{self.tree}/ports/*/boards/{name}"):
                self.check(True, name)
            elif name.startswith(("MIMXRT", "NUCLEO_", "PYBD_", "RPI_", "ARDUINO_", "SEEED_", "W5")):
                self.check(False, f"{page}: the board {name}")
        makefiles = "".join(text_of(path) for path in glob.glob("mk/*.mk"))
        for name in set(re.findall(r"`make ([a-z][a-z-]+)`", text)):
            self.check(re.search(rf"(?m)^{name}:", makefiles), f"{page}: make {name}")

    # ---- The C blocks ----

    def compiles(self):
        flags = ["-fsyntax-only", "-std=c99", "-mcpu=cortex-m4", "-mthumb", "-Wall", "-Wextra", "-Werror", f"-I{self.directory}",
                 "-Itest/board", "-Iinclude", "-Iport/lwip_raw", f"-I{self.lwip}/src/include"]
        port = ['-DUSOCKET_CONFIG_FILE="usocket_config.h"', *glob.glob("port/lwip_raw/*.c"), *glob.glob("src/*/*.c"), *glob.glob("port/*.c")]
        for number, language, lines, _ in doccheck.blocks(PAGES[0]):
            text, where = "\n".join(lines) + "\n", f"{PAGES[0]}:{number}"
            if language != "c":
                continue
            if text.startswith("/* lwipopts.h */"):
                with open(self.directory + "/lwipopts.h", "w") as file:
                    file.write(text)
                self.check(*self.result(where, COMPILER, *flags, *port))
            elif "#include" in text and self.mbedtls:
                with open(self.directory + "/block.c", "w") as file:
                    file.write(text)
                self.check(*self.result(where, COMPILER, *flags, f"-I{self.mbedtls}/include", self.directory + "/block.c"))

    @staticmethod
    def result(where, *command, **options):
        status, output = run(*command, **options)
        return status == 0, where, output

    # ---- The builds ----

    def make(self, port, board, *words):
        return run("make", "-n", f"BOARD={board}", f"BUILD={self.directory}/{board}", f"USER_C_MODULES={ROOT}", *words, cwd=f"{self.tree}/ports/{port}")

    def makes(self):
        for number, command in commands(PAGES[0]):
            port, board = re.search(r"ports/([\w-]+)", command).group(1), re.search(r"BOARD=(\w+)", command).group(1)
            if port not in READABLE:
                continue
            status, output = self.make(port, board, "USOCKET_TLS=1", f"USOCKET_BOARD_C={ROOT}/test/board/usocket_board.c")
            files = set(re.findall(r"[^\s\"]*extmod/modlwip\.c", output))
            self.check(files == {f"{ROOT}/port/lwip_raw/extmod/modlwip.c"}, f"{port}: modlwip.c is {files}", output)
            for part in ("-DUSOCKET_IS_SOCKET=1", "-DUSOCKET_TLS=1", "mbedtls_user.h", "usocket/board.o", "port/lwip_raw/slots.c", "usocket_config.h"):
                self.check(part in output, f"{port}: {part} is in the build", output)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", required=True, type=os.path.abspath)
    parser.add_argument("--lwip", required=True, type=os.path.abspath)
    parser.add_argument("--mbedtls", type=os.path.abspath)
    options = parser.parse_args()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as directory:
        checker = Checker(options.tree, options.lwip, options.mbedtls, directory)
        for page in PAGES:
            checker.table(page)
            checker.names(page)
        if not os.path.exists(options.tree + "/ports/mimxrt/Makefile"):
            checker.skip("the builds", "this tree of MicroPython has no boards")
        elif not shutil.which(COMPILER):
            checker.skip("the builds", f"{COMPILER} is not installed")
        else:
            checker.compiles()
            checker.makes()
    print(f"{checker.passed} passed, {len(checker.failures)} failed, {checker.skipped} skipped")
    return 1 if checker.failures else 0


if __name__ == "__main__":
    sys.exit(main())
