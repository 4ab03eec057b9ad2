"""The memory of a socket and of a handle on a 32-bit board, measured by compiling: for tools/size.py."""

import re

import cortex
import totals

BLOCK = 16  # bytes; MicroPython's collector gives memory in these on 32 bits
HEAD = ("what", "bytes", "target", "")


def sizes(target, name, includes, expressions, defines=None, port="posix"):
    """The values of constant expressions in C."""
    path = "%s/%s.c" % (target.out, name)
    cortex.write(path, "".join('#include %s\n' % header for header in includes)
                 + "".join("char measured_%d[%s];\n" % item for item in enumerate(expressions)))
    options = ["-I%s/micropython" % target.root, *target.interpreter()]
    made = target.compile([path], defines, port, options)[path]
    found = dict(re.findall(r"^\w+ (\w+) \w measured_(\d+)$", cortex.call([cortex.NM, "-S", made]), re.M)[i][::-1]
                 for i in range(len(expressions)))
    return [int(found[str(i)], 16) for i in range(len(expressions))]


def table(target, port):
    """Bytes of the guard's table for each handle."""
    path = "%s/port/guard_state.c" % target.root
    made = target.compile([path], {}, port)[path]
    whole = int(re.search(r"^\w+ (\w+) \w guard_table$", cortex.call([cortex.NM, "-S", made]), re.M)[1], 16)
    return whole / sizes(target, "handles_" + port, ['"platform.h"'], ["PLAT_HANDLE_COUNT"], {}, port)[0]


def rows(target):
    found = []
    for name, defines in (("everything", {}), ("everything, for event loops", totals.LOOPS), ("one thread, without words", totals.SINGLE),
                          ("with TLS", {"USOCKET_TLS": 1})):
        c = sizes(target, "socket_c", ['"usocket/usocket.h"'], ["sizeof(usocket_t)"], defines)[0]
        python = sizes(target, "socket_py", ['"py_usocket.h"'], ["sizeof(socket_obj_t)"], defines)[0]
        goals = (64, 96) if name != "with TLS" else ("", "")
        found += [("usocket_t, %s" % name, c, goals[0]),
                  ("a socket object of Python in blocks of %d, %s (%d)" % (BLOCK, name, python), -(-python // BLOCK) * BLOCK, goals[1])]
    found += [("the guard's table for each handle, %s" % port, "%g" % table(target, port), 8) for port in ("lwip", "rtthread")]
    return [(name, size, goal, "" if goal == "" else "pass" if float(size) <= goal else "MISS") for name, size, goal in found]
