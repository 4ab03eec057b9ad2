#!/usr/bin/env python
"""Makes the two headers through which a module reaches RT-Thread's MicroPython 1.13 without a change to that package.

The package's newest state is 1.13, too.

usage: genhdr.py [--config FILE]... [--stack DIR]... MICROPYTHON OUT

  MICROPYTHON  the package: port/genhdr/qstrdefs.generated.h, port/mpconfigport.h and port/frozen_mpy.c are read
  OUT          receives moddefs.user.extmods.h (the modules usocket and socket) and qstrdefs.user.extmods.h (the names
               that MicroPython does not have yet); a file that would not change is left alone
  --config     headers that set our options, read in this order (rtconfig.h, usocket_config.h): names that the options
               leave out are left out. include/usocket/config.h is always read last.
  --stack      where the stack's headers are: its constants that none of them defines, or that this port undefines, are left
               out, too. SAL's are in components/net/sal_socket up to RT-Thread 4.0, in components/net/sal from 4.1 on.

Whatever cannot be decided by reading is kept: a name too many costs its bytes, one too few does not compile.
SConscript calls generate(). Runs under Python 2.7 and 3, needs nothing but its library.

SPDX-License-Identifier: MIT
"""

from __future__ import print_function

import argparse
import glob
import io
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODULE, NAMES = "moddefs.user.extmods.h", "qstrdefs.user.extmods.h"

# Macros that exist only if a header of ours, or rtconfig.h, defines them; and those of a BSD stack.
OURS = re.compile(r"(?:USOCKET|RT|PKG|SAL)_")
STACKS = re.compile(r"(?:SO|TCP|IP|IPV6|MSG)_|SOMAXCONN$")

TOKEN = re.compile(r"\w+|&&|\|\||[!=<>]=|\S")
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|("(?:\\.|[^"\\\n])*")', re.DOTALL)
QDEF = re.compile(r'^QDEF\((\w+), \(const byte ?\*\)"((?:\\x[0-9a-f]{2})*)" "((?:\\.|[^"\\])*)"\)', re.MULTILINE)
FROZEN = re.compile(r'^ *\(const byte ?\*\)"(?:\\x[0-9a-f]{2})*" "((?:\\.|[^"\\])*)",', re.MULTILINE)

BANNER = "/* Made by usocket's port/rtthread/genhdr.py. */\n"
MODULE_TEXT = BANNER + """\
extern const struct _mp_obj_module_t mod_usocket_module;
#define USOCKET_MODULES \\
    { MP_ROM_QSTR(MP_QSTR_usocket), MP_ROM_PTR(&mod_usocket_module) }, \\
    { MP_ROM_QSTR(MP_QSTR_socket), MP_ROM_PTR(&mod_usocket_module) },
#define MICROPY_USER_MODULES USOCKET_MODULES
"""


class Error(Exception):
    """What is wrong, and what to do."""


def read(path):
    try:
        with io.open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except (IOError, OSError) as error:
        raise Error("cannot read %s: %s" % (path, error.strerror))


class Reader(object):
    """A preprocessor that does not know everything: 1, 0 or None (it depends) for each condition."""

    def __init__(self, stack):
        self.macros = {"__RTTHREAD__": "1"}
        self.stack = stack  # what the stack's headers define, or None

    def defined(self, name):
        if name in self.macros:
            return 1
        if OURS.match(name) or (self.stack is not None and STACKS.match(name) and name not in self.stack):
            return 0
        return None

    def number(self, word, depth):
        if re.match(r"\d", word):
            return int(re.sub(r"(?i)[ul]+$", "", word), 0)
        if self.defined(word) == 0:
            return 0
        text = self.macros.get(word)
        return self.condition(text, depth + 1) if text and depth < 20 else None

    def condition(self, text, depth=0):
        tokens = TOKEN.findall(text) + [""]

        def take():
            return tokens.pop(0)

        def primary():
            token = take()
            if token == "!":
                value = primary()
                return None if value is None else int(not value)
            if token == "(":
                value = either()
                take()
                return value
            if token == "defined":
                name = take()
                if name == "(":
                    name = take()
                    take()
                return self.defined(name)
            if re.match(r"\w", token):
                value = self.number(token, depth)
                if tokens[0] == "(":  # a macro with arguments, or a cast: not for us
                    raise ValueError(token)
                return value
            raise ValueError(token)

        def compared():
            left = primary()
            while tokens[0] in ("==", "!=", "<", ">", "<=", ">="):
                sign, right = take(), primary()
                known = left is not None and right is not None
                left = int({"==": left == right, "!=": left != right, "<": left < right, ">": left > right,
                            "<=": left <= right, ">=": left >= right}[sign]) if known else None
            return left

        def both():
            values = [compared()]
            while tokens[0] == "&&":
                take()
                values.append(compared())
            return 0 if 0 in values else None if None in values else values[0] if len(values) == 1 else 1

        def either():
            values = [both()]
            while tokens[0] == "||":
                take()
                values.append(both())
            if len(values) == 1:
                return values[0]
            return 1 if any(values) else None if None in values else 0

        try:
            value = either()
            return value if tokens == [""] else None
        except (ValueError, IndexError):
            return None

    def lines(self, path):
        """The lines that a compiler may see."""
        text = COMMENT.sub(lambda match: match.group(1) or " ", read(path).replace("\\\n", " "))
        stack = [(1, 0)]  # (this branch, some branch before it): 1, 0 or None
        for line in text.split("\n"):
            match = re.match(r"\s*#\s*(\w+)\s*(.*)", line)
            word, rest = match.groups() if match else ("", "")
            here = stack[-1][0]
            if word in ("if", "ifdef", "ifndef"):
                value = self.condition(rest) if word == "if" else self.defined(rest.strip())
                value = value if word != "ifndef" or value is None else int(not value)
                stack.append((0 if here == 0 or value == 0 else None if here is None or value is None else 1,
                              value and 1 if value is not None else None))
            elif word in ("elif", "else") and len(stack) > 1:
                before, value = stack.pop()[1], 1 if word == "else" else self.condition(rest)
                outer = stack[-1][0]
                if outer == 0 or before == 1 or value == 0:
                    branch = 0
                else:
                    branch = None if None in (outer, before, value) else 1
                stack.append((branch, 1 if before == 1 or value else None if None in (before, value) else 0))
            elif word == "endif" and len(stack) > 1:
                stack.pop()
            elif here != 0:
                if word == "define":
                    name, value = re.match(r"(\w*(?:\()?)\s*(.*)", rest).groups()
                    if not name.endswith("("):
                        self.macros[name] = value.strip() if here else None
                elif word == "undef" and here:
                    self.macros.pop(rest.strip(), None)
                    if self.stack is not None:
                        self.stack.discard(rest.strip())
                yield line


def defines(directories):
    """Every macro that a header below these directories defines; None if they cannot be a stack's."""
    found = set()
    for top in directories:
        for directory, _, names in os.walk(top):
            for name in names:
                if name.endswith(".h"):
                    found.update(re.findall(r"(?m)^\s*#\s*define\s+(\w+)", read(os.path.join(directory, name))))
    return found if "SOL_SOCKET" in found else None


def used(configs, stack):
    """The names that the binding uses, without MP_QSTR_."""
    reader = Reader(stack)
    versions = [os.path.join(ROOT, "port", "rtthread", "versions.h")] if stack else []
    for path in configs + [os.path.join(ROOT, "include", "usocket", "config.h")] + versions:
        for _ in reader.lines(path):
            pass
    binding = os.path.join(ROOT, "micropython")
    sources = sorted(glob.glob(os.path.join(glob_escape(binding), "*.h"))) + sorted(glob.glob(os.path.join(glob_escape(binding), "*.c")))
    found, pasting, lists = set(), {}, {}
    for path in sources:
        for line in reader.lines(path):
            macro = re.match(r"\s*#\s*define\s+(\w+)\(([^)]*)\)(.*)", line)
            if macro:
                parameters = [word.strip() for word in macro.group(2).split(",")]
                for word in re.findall(r"\bMP_QSTR_##(\w+)", macro.group(3)):
                    if word in parameters:
                        pasting[macro.group(1)] = parameters.index(word)
                lists[macro.group(1)] = re.findall(r"\b%s\((\w+)\)" % parameters[0], macro.group(3)) if parameters[0] else []
            found.update(re.findall(r"\bMP_QSTR_(\w+)", line))
            if not re.match(r"\s*#", line):
                for name, arguments in re.findall(r"\b(\w+)\(([^()]*)\)", line):
                    if name in pasting:
                        found.add(arguments.split(",")[pasting[name]].strip())
                    elif arguments.strip() in pasting:  # a list of rows, each made by the macro that it is given
                        found.update(lists.get(name, ()))
    if not {"usocket", "socket", "recv"} <= found:
        raise Error("%s is not the binding" % binding)
    return found


def glob_escape(path):
    return re.sub(r"([*?[])", r"[\1]", path)


def width(micropython, name):
    """A MICROPY_QSTR_BYTES_IN_... of the package: its port's, or MicroPython's default."""
    for path in ("port/mpconfigport.h", "py/mpconfig.h"):
        path = os.path.join(micropython, *path.split("/"))
        match = re.search(r"(?m)^\s*#\s*define\s+%s\s+\(?(\d+)\)?" % name, read(path) if os.path.exists(path) else "")
        if match:
            return int(match.group(1))
    return {"MICROPY_QSTR_BYTES_IN_HASH": 2, "MICROPY_QSTR_BYTES_IN_LEN": 1}[name]


def qdef(name, hash_bytes, len_bytes):
    value = 5381
    for char in bytearray(name.encode("ascii")):
        value = (value * 33) ^ char
    value = value & ((1 << 8 * hash_bytes) - 1) or 1  # 0 means "not computed"
    data = [value >> 8 * i & 0xFF for i in range(hash_bytes)] + [len(name) >> 8 * i & 0xFF for i in range(len_bytes)]
    return 'QDEF(MP_QSTR_%s, (const byte*)"%s" "%s")\n' % (name, "".join("\\x%02x" % byte for byte in data), name)


def write(path, text):
    """Whether it had to be written."""
    if os.path.exists(path) and read(path) == text:
        return False
    with io.open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(text if isinstance(text, type(u"")) else text.decode("utf-8"))
    return True


def generate(micropython, out, configs=(), stack=()):
    """Make both headers. Returns a sentence about them, "" if nothing had changed; raises Error."""
    path = os.path.join(micropython, "port", "genhdr", "qstrdefs.generated.h")
    if not os.path.exists(path):
        raise Error("%s is missing: name the directory of RT-Thread's package MicroPython, v1.13.0 or latest" % path)
    theirs = QDEF.findall(read(path))
    if not theirs or NAMES not in read(path):
        raise Error("%s does not include %s: take the package MicroPython in version v1.13.0 or latest" % (path, NAMES))
    hash_bytes, len_bytes = width(micropython, "MICROPY_QSTR_BYTES_IN_HASH"), width(micropython, "MICROPY_QSTR_BYTES_IN_LEN")
    if len(theirs[0][1]) != 4 * (hash_bytes + len_bytes):
        raise Error("the strings of %s have not the %d bytes of hash and %d of length that mpconfigport.h tells: take both as the "
                    "package MicroPython has them" % (path, hash_bytes, len_bytes))

    known = {name for name, _, _ in theirs}
    constants = defines(stack) if stack else None
    wanted = used(list(configs), constants)
    names = sorted(name for name in wanted if "MP_QSTR_" + name not in known)

    frozen = os.path.join(micropython, "port", "frozen_mpy.c")
    clash = sorted(set(names) & set(FROZEN.findall(read(frozen)) if os.path.exists(frozen) else ()))
    if clash:
        raise Error("%s has strings that are names of usocket: they would hide its attributes. Freeze again, with a list "
                    "for mpy-tool.py -q that has %s" % (frozen, " ".join("Q(%s)" % name for name in clash)))

    if not os.path.isdir(out):
        os.makedirs(out)
    text = "".join(qdef(name, hash_bytes, len_bytes) for name in names)
    changed = [write(os.path.join(out, MODULE), MODULE_TEXT), write(os.path.join(out, NAMES), BANNER + text)]
    size = sum(len(name) + 1 + hash_bytes + len_bytes + 4 for name in names)
    told = "%d names, %d of them new to MicroPython (%d bytes)" % (len(wanted), len(names), size)
    if stack and constants is None:
        told += "; constants of all stacks, for no header below %s defines SOL_SOCKET" % " or ".join(stack)
    return told if any(changed) else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--config", action="append", default=[], metavar="FILE")
    parser.add_argument("--stack", action="append", default=[], metavar="DIR")
    parser.add_argument("micropython")
    parser.add_argument("out")
    options = parser.parse_args()
    try:
        told = generate(options.micropython, options.out, options.config, options.stack)
    except Error as error:
        print("usocket: %s" % error, file=sys.stderr)
        return 1
    if told:
        print("usocket: " + told)
    return 0


if __name__ == "__main__":
    sys.exit(main())
