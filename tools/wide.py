"""Objects that need libgcc's helpers for integers of 64 bits on a Cortex-M4: for tools/size.py.

A division, a conversion or a shift of 64 bits brings functions of libgcc into an image that MicroPython does not need itself.
"""

import re

import cortex

# Files that may; empty when none has to.
ALLOWED = ()


def references(target):
    """{file: helpers that it refers to}, of all objects of a run."""
    found = {}
    for line in cortex.call([cortex.NM, "-A", "-u", *target.objects]).splitlines():
        name, symbol = re.match(r"(.*):\s+[Uw] (\S+)$", line).groups()
        if symbol in cortex.WIDE:
            found.setdefault(target.objects[name], set()).add(symbol)
    return {file: sorted(found[file]) for file in sorted(found) if not file.endswith(("modsocket.c", "modlwip.c"))}


def problems(found):
    """Failures: files that are not allowed, and allowed ones that need no helper any more."""
    names = {file.partition(",")[0] for file in found}
    return (["%s refers to %s (tools/wide.py)" % (file, ", ".join(found[file])) for file in found if file.partition(",")[0] not in ALLOWED]
            + ["%s needs no helper of 64 bits: take it out of tools/wide.py" % file for file in ALLOWED if file not in names])
