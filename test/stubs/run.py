#!/usr/bin/env python3
"""Tests stubs/, the types of usocket and aiosocket for editors.

usage: test/stubs/run.py [--pyright DIRECTORY] [INTERPRETER...]

names      the stubs have the names of the module: those of the tables in micropython/*.c and of dir() in each interpreter, no others
arguments  the stubs have the arguments of the tables in C and of aiosocket's Python, and the interpreters refuse all others
words      everything has a docstring, with sentences and tables of the documents; the Chinese copy has the same signatures
wheel      the package builds without network, and has all files
pyright    accepts the examples and the programs of the documents, and reports each line of mistakes.py that is marked
changed    a stub that is changed in one place fails

The last line counts.
"""

import argparse
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tools")]

import against
import editor
import language
import stub
import wheel

ALL = "TLS_1_2"  # a name that only a build with TLS has; the union of the names is compared with such a build alone

# These have docstrings in words of their own: docs/reference.md describes several together.
OWN_WORDS = {"usocket." + name for name in """
    timeout.strerror gaierror.strerror TLSError.strerror socket.version socket.cipher socket.selected_alpn_protocol socket.getpeercert socket.unwrap
    socket.recv_into socket.recvfrom_into socket.readinto socket.gettimeout SocketType poller.register poller.modify poller.unregister poller.poll
    poller.ipoll poller.close getservbyname inet_ntop inet_aton inet_ntoa htons ntohs htonl ntohl if_indextoname if_nameindex setdefaulttimeout
    """.split()}

# Changes that have to fail: (module, text, its replacement).
CHANGES = [
    ("usocket", "    def getblocking(self) -> bool:\n", "    def getblock(self) -> bool:\n"),
    ("usocket", "def if_nameindex() ->", "def if_names() ->"),
    ("usocket", "SO_PRIORITY: int", "SO_PRIO: int"),
    ("usocket", "    def shutdown(self, how: int, /) -> None:", "    def shutdown(self, how: int) -> None:"),
    ("usocket", "    def listen(self, backlog: int = ..., /) -> None:", "    def listen(self, backlog: int, /) -> None:"),
    ("usocket", "    def recv(self, n: int, flags: int = 0, /) -> bytes:", "    def recv(self, n: int, /) -> bytes:"),
    ("usocket", "    def bind(self, address: _A | _IPAddress, /) -> None:", "    def bind(self, address: _A | _IPAddress, port: int = 0, /) -> None:"),
    ("usocket", "file: _SupportsReadinto, offset: int = 0", "file: _SupportsReadinto, start: int = 0"),
    ("usocket", "file: _SupportsReadinto, offset: int = 0", "file: _SupportsReadinto, offset: int = 1"),
    ("usocket", "    source_address: _IPAddress | None = None,\n    *,\n    happy", "    source_address: _IPAddress | None = None,\n    happy"),
    ("usocket", "    def sent(self) -> int:\n        \"\"\"0", "    def count(self) -> int:\n        \"\"\"0"),
    ("aiosocket", "    async def drain(self) -> None:", "    def drain(self) -> None:"),
    ("aiosocket", "    def at_eof(self) -> bool:", "    def eof(self) -> bool:"),
    ("aiosocket", "    backlog: int = 100,", "    backlog: int = 5,"),
    ("aiosocket", "    pauses: int\n", "    breaks: int\n"),
    ("aiosocket", "from asyncio import Lock as Lock\n", ""),
]


class Counts:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, good, where, why):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        if not good:
            print(f"FAIL  {where}: {why}", flush=True)
        return good

    def skip(self, where, why):
        self.skipped += 1
        print(f"skip  {where}: {why}", flush=True)


def path_of(module, chinese=False):
    return os.path.join(wheel.STUBS, "zh" if chinese else "", module + "-stubs", "__init__.pyi")


def check_names(counts, interps):
    whole = [path for path in interps if against.ask(path, f"import usocket\nprint(hasattr(usocket, {ALL!r}))\n") == [True]]
    if not whole:
        counts.skip("names", "no interpreter with TLS is here: tables of C alone are compared")
    against.compare_usocket(stub.read(path_of("usocket")), interps, whole, counts.check)
    if interps:
        against.compare_aiosocket(stub.read(path_of("aiosocket")), interps[0], counts.check)


def check_words(counts):
    for module in ("usocket", "socket", "aiosocket"):
        own = OWN_WORDS if module == "usocket" else None
        language.check_english(module, stub.read(path_of(module)), own, counts.check)
        language.check_chinese(module, path_of(module), path_of(module, chinese=True), counts.check)


def check_changes(counts, interps):
    """Each change of CHANGES fails a check of names or arguments."""
    for module, text, other in CHANGES:
        where = f"{module}: {other.strip() or text.strip()}"
        with open(path_of(module), encoding="utf-8") as file:
            whole = file.read()
        if not counts.check(text in whole, where, "the stub has no such text") or module == "aiosocket" and not interps:
            continue
        seen = Counts()
        tree = stub.ast.parse(whole.replace(text, other, 1))
        silent = open(os.devnull, "w")
        stdout, sys.stdout = sys.stdout, silent
        try:
            if module == "usocket":
                against.compare_usocket(tree, [], [], seen.check)
            else:
                against.compare_aiosocket(tree, interps[0], seen.check)
        finally:
            sys.stdout = stdout
            silent.close()
        counts.check(seen.failed, where, "no check fails with it")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pyright", help="the unpacked npm package; without it that part is skipped")
    parser.add_argument("interps", nargs="*", type=os.path.abspath, metavar="INTERPRETER")
    options = parser.parse_args()
    counts = Counts()
    check_names(counts, options.interps)
    check_words(counts)
    check_changes(counts, options.interps)
    with tempfile.TemporaryDirectory(prefix="usocket_stubs_") as folder:
        typings = os.path.join(folder, "installed")
        os.makedirs(os.path.join(folder, "project"))
        try:
            wheel.check_wheel(wheel.build(folder), typings, counts.check)
        except RuntimeError as error:
            counts.check(False, "wheel", f"it is not built: {error}")
            typings = wheel.STUBS
        if options.pyright and os.path.exists(os.path.join(options.pyright, "index.js")) and editor.node():
            editor.check_editor(os.path.abspath(options.pyright), os.path.join(folder, "project"), typings, counts.check)
        else:
            counts.skip("pyright", "it is not here: it needs node and npm, and the network once")
    print(f"{counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped")
    return 1 if counts.failed else 0


if __name__ == "__main__":
    sys.exit(main())
