"""Objects that a build of MicroPython takes over from another build, where its own compilation would make the same.

An object is taken over when
- both builds have the same flags, apart from macros that no file of the object mentions and from directories that hold no header of
  the name of one of its files
- the headers among its files that a build generates have the same text in both
- it is newer than all of them

tools/build.py and test/board/build.py print the number of objects that were taken over. Interpreters for the tests have one table of
strings for this (test/stackinfo/names.c).
"""

import fcntl
import os
import re
import shutil

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Settings that only this project's files or the linker get.
ELSEWHERE = ("BUILD", "USOCKET_CFLAGS", "USOCKET_EXTRA", "USOCKET_UNITS", "USOCKET_PORT", "LDFLAGS_EXTRA", "BOARD_RAM", "FROZEN_MANIFEST")
GENERATED = ("qstrdefs.generated.h", "root_pointers.h", "moduledefs.h", "compressed.data.h", "mpversion.h")


class Flags:
    """The arguments of a build: macros, directories of headers, the rest."""

    def __init__(self, arguments):
        self.macros, self.places, self.own, rest, port = set(), [], "", [], "posix"
        for argument in arguments:
            name, _, value = argument.partition("=")
            port = value if name == "USOCKET_PORT" else port
            self.own = value if name == "USOCKET_CFLAGS" else self.own
            if name in ELSEWHERE:
                continue
            words, other = value.replace("-isystem ", "-I").split(), []
            for word in words if name.endswith(("FLAGS", "FLAGS_EXTRA")) else []:
                if word.startswith("-D"):
                    self.macros.add(word)
                elif word.startswith("-I"):
                    self.places.append(os.path.abspath(word[2:]))
                else:
                    other.append(word)
            if other or not name.endswith(("FLAGS", "FLAGS_EXTRA")):
                rest.append((name, tuple(other) or value))
        self.rest = sorted(rest)
        # micropython.mk adds these.
        self.places.append(os.path.join(ROOT, "port", port))
        self.macros.update((f"-DUSOCKET_CONFIG_FILE={port}", f"-DUSOCKET_IS_SOCKET={port}"))

    def apart(self, other):
        """(macros, headers) in which two builds differ, and True if this project's files have the same flags; None: in more than that."""
        if self.rest != other.rest:
            return None
        common = [place for place in self.places if place in other.places]
        if common != [place for place in other.places if place in self.places]:
            return None
        headers = set()
        for place in set(self.places) ^ set(other.places):
            for directory, _, names in os.walk(place):
                headers.update(os.path.normpath(os.path.join(os.path.relpath(directory, place), name)) for name in names if name.endswith(".h"))
        macros = {re.match(r"-D(\w+)", word).group(1) for word in self.macros ^ other.macros}
        return macros, headers, self.own == other.own


def same(one, other):
    """True if two files have the same text."""
    try:
        with open(one, "rb") as a, open(other, "rb") as b:
            return a.read() == b.read()
    except OSError:
        return False


def strings(out):
    """The names in a build's table of strings."""
    try:
        with open(os.path.join(out, "genhdr", GENERATED[0])) as file:
            return set(re.findall(r"MP_QSTR_(\w+)", file.read()))
    except OSError:
        return set()


class Kin:
    """A finished build that another one takes objects from."""

    def __init__(self, theirs, ours, directory, macros, headers, own):
        self.theirs, self.ours, self.directory, self.headers, self.own = theirs, ours, directory, headers, own
        self.words = re.compile(rb"\b(?:%s)\b" % "|".join(sorted(macros)).encode()) if macros else None
        self.fit = {}  # {file: True if an object may depend on it}

    def fits(self, path):
        """True if the file means the same in both builds."""
        if path not in self.fit:
            self.fit[path] = self.judge(os.path.normpath(os.path.join(self.directory, path)))
        return self.fit[path]

    def judge(self, path):
        name = os.path.basename(path)
        if path.startswith(self.theirs + os.sep):
            mine = os.path.join(self.ours, os.path.relpath(path, self.theirs))
            return name in GENERATED and same(path, mine)
        parts = path.split(os.sep)
        if any("/".join(parts[-n:]) in self.headers for n in range(1, 5)):
            return False
        try:
            with open(path, "rb") as file:
                return not (self.words and self.words.search(file.read()))
        except OSError:
            return False

    def take(self):
        """Copy the objects; returns their number."""
        count = 0
        for directory, _, names in os.walk(self.theirs):
            for name in names:
                rules = os.path.join(directory, name)
                made = rules[:-2] + ".o"
                if not name.endswith(".P") or not os.path.exists(made):
                    continue
                with open(rules) as file:
                    text = file.read()
                needs = text.replace("\\\n", " ").partition("\n")[0].partition(": ")[2].split()
                if made.endswith("/extmod/modlwip.o"):
                    continue  # the port decides which file it is (micropython.mk)
                if not self.own and os.path.relpath(made, self.theirs).startswith("usocket" + os.sep):
                    continue
                copy = os.path.join(self.ours, os.path.relpath(made, self.theirs))
                if needs and not os.path.exists(copy) and all(map(self.fits, needs)) and self.newer(made, needs):
                    os.makedirs(os.path.dirname(copy), exist_ok=True)
                    shutil.copyfile(made, copy)
                    with open(copy[:-2] + ".P", "w") as file:
                        file.write(text.replace(self.theirs + os.sep, self.ours + os.sep))
                    count += 1
        return count

    def newer(self, made, needs):
        when = os.stat(made).st_mtime
        return all(os.stat(os.path.join(self.directory, path)).st_mtime <= when for path in needs)


def take(theirs, ours, directory, arguments, generate):
    """Fill `ours`, where nothing is compiled yet, from `theirs`; returns the number of new objects. generate: makes the headers."""
    try:
        with open(os.path.join(theirs, "recipe")) as file:
            flags = Flags(line for line in file.read().splitlines() if "=" in line)
        with open(theirs + ".lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            apart = Flags(arguments).apart(flags)
            if apart is None:
                return 0
            generate()
            return Kin(theirs, ours, directory, *apart).take()
    except OSError:
        return 0
