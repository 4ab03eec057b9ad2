"""The bytes of the names that the module brings into MicroPython's string table: for tools/size.py.

A name takes its text with the zero, its length, its hash and a pointer. Names do not count that MicroPython's static list or py/
itself has in the same configuration. Of several files the preprocessor makes one text here, which has the same names.
"""

import ast
import functools
import glob
import re

from cortex import CC, call, read

POINTER = 4


def names_in(text):
    return set(re.findall(r"\bMP_QSTR_(\w+)", text))


@functools.lru_cache(None)
def static(micropython):
    """The names of makeqstrdata.py's lists."""
    text = read(micropython + "/py/makeqstrdata.py")
    return {name for kind, found in re.findall(r"^(static|unsorted)_qstr_list = ([\[{].*?^[\]}])", text, re.M | re.S) for name in ast.literal_eval(found)}


def interpreter(target, defines, port):
    """The names of py/ in a configuration."""
    paths = sorted(glob.glob(target.micropython + "/py/*.c"))
    return names_in(target.preprocessed(paths, defines, port)) | static(target.micropython)


def of(target, defines, port="posix"):
    """The names that only the module brings."""
    core = {name: value for name, value in defines.items() if not name.startswith("USOCKET_")}
    return names_in(target.preprocessed(target.binding, defines, port)) - interpreter(target, core, port)


def bytes_of(target, defines, port="posix"):
    flags = target.flags(target.binding[0], defines, port)
    macros = call([CC, *flags, "-E", "-dM", target.micropython + "/py/mpconfig.h"])
    each = POINTER + sum(int(re.search(r"#define MICROPY_QSTR_BYTES_IN_%s \((\d)\)" % kind, macros)[1]) for kind in ("HASH", "LEN"))
    return sum(each + len(name) + 1 for name in of(target, defines, port))
