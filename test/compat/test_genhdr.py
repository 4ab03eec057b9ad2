#!/usr/bin/env python3
"""Tests the headers that add the module to RT-Thread's MicroPython 1.13: names, hashes, configurations, mistakes.

usage: test/compat/test_genhdr.py [--tree MICROPYTHON]

--tree is a MicroPython tree; its own makeqstrdata.py gives the correct bytes. The package is a substitute: a list of
strings in the form of RT-Thread's, and the settings that matter. The last line counts.
"""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PORT = os.path.join(ROOT, "port", "rtthread")
SCRIPT = os.path.join(PORT, "genhdr.py")
HEADERS = ("moddefs.user.extmods.h", "qstrdefs.user.extmods.h")
OPTIONS = re.findall(r"(?m)^    config (USOCKET_USING_\w+)$|^        config (USOCKET_USING_\w+)$", open(os.path.join(PORT, "Kconfig")).read())
OPTIONS = [one or other for one, other in OPTIONS]

# Some of 1.13's own strings, used and unused ones.
THEIRS = ("", "__name__", "__init__", "__enter__", "__del__", "recv", "send", "close", "socket", "usocket", "read", "readinto", "write",
          "timeout", "AF_INET", "file", "print")

# RT-Thread 5.2 defines these, and port/rtthread/versions.h undefines them.
UNKNOWN_BELOW = ("AF_UNIX", "SO_BINDTODEVICE", "SO_DOMAIN", "SO_PASSCRED", "SO_PEERCRED", "SO_PROTOCOL", "SO_REUSEPORT", "SO_SNDBUF")

counts = {"ok": 0, "FAIL": 0, "skip": 0}


def say(verdict, what):
    counts[verdict] += 1
    print(f"{verdict:5} {what}", flush=True)


def check(what, good, why=""):
    say("ok" if good else "FAIL", what)
    if not good and why:
        print("      " + str(why).strip().replace("\n", "\n      ")[-3000:])
    return good


def package(directory, hash_bytes=1, compute=None, frozen=()):
    """Write a substitute for the MicroPython package."""
    os.makedirs(os.path.join(directory, "port", "genhdr"))
    lines = [qdef(name, hash_bytes, compute) for name in THEIRS]
    lines += ["", "#if MICROPY_USER_EXTMODS", '#include "qstrdefs.user.extmods.h"', "#endif", ""]
    with open(os.path.join(directory, "port", "genhdr", "qstrdefs.generated.h"), "w") as file:
        file.write('QDEF(MP_QSTRnull, (const byte*)"%s" "")\n' % ("\\x00" * (hash_bytes + 1)) + "\n".join(lines))
    with open(os.path.join(directory, "port", "mpconfigport.h"), "w") as file:
        file.write("#define MICROPY_QSTR_BYTES_IN_HASH  (%d)\n" % hash_bytes if hash_bytes != 2 else "/* the default */\n")
    with open(os.path.join(directory, "port", "frozen_mpy.c"), "w") as file:
        file.write("    {\n" + "".join('        (const byte*)"\\xfe\\x0d" "%s",\n' % name for name in frozen) + "    },\n")
    return directory


def qdef(name, hash_bytes, compute):
    value = compute(name.encode(), hash_bytes)
    data = [value >> 8 * i & 255 for i in range(hash_bytes)] + [len(name)]
    return 'QDEF(MP_QSTR_%s, (const byte*)"%s" "%s")' % (name, "".join("\\x%02x" % byte for byte in data), name)


def own_hash(data, hash_bytes):
    """The hash of qstr.c, computed here for runs without a tree."""
    value = 5381
    for byte in data:
        value = value * 33 ^ byte
    return value % (1 << 8 * hash_bytes) or 1


def run(python, *arguments, env=None):
    return subprocess.run([*python, "-B", SCRIPT, *arguments], capture_output=True, text=True, env=env)


def texts(directory):
    return [open(os.path.join(directory, name), newline="").read() for name in HEADERS]


def names(text):
    return re.findall(r"(?m)^QDEF\(MP_QSTR_(\w+),", text)


def config(directory, *options, more=""):
    """Write an rtconfig.h in menuconfig's form."""
    os.makedirs(directory)
    path = os.path.join(directory, "rtconfig.h")
    with open(path, "w") as file:
        file.write("#define RT_USING_SAL\n#define RT_TICK_PER_SECOND 100\n" + "".join(f"#define {name}\n" for name in options) + more)
    return ["--config", path, "--config", os.path.join(PORT, "usocket_config.h")]


def preprocessed(directory, *options):
    """The names that the compiler finds with the same rtconfig.h."""
    flags = ["-std=gnu99", "-D__RTTHREAD__", f"-I{directory}", "-Itest/compat", "-Itest/compat/stack", "-Iinclude", "-Imicropython", *options]
    open(os.path.join(directory, "compat_qstrs.h"), "w").close()
    result = subprocess.run(["gcc", "-E", "-P", *flags, *sorted(glob.glob("micropython/*.c"))], capture_output=True, text=True)
    return set(re.findall(r"\bMP_QSTR_(\w+)", result.stdout)), result


def bytes_test(work, compute):
    for width in (1, 2):
        base = package(os.path.join(work, f"width{width}"), width, compute)
        out = os.path.join(work, f"out{width}")
        result = run([sys.executable], base, out)
        if not check(f"generates, {width} byte(s) of hash", result.returncode == 0 and "names" in result.stdout, result.stderr):
            continue
        module, text = texts(out)
        found = names(text)
        wrong = [line for line in text.splitlines() if line.startswith("QDEF") and line != qdef(re.search(r'"(\w+)"\)$', line).group(1), width, compute)]
        check(f"the bytes of all {len(found)} names are MicroPython's own", not wrong and found, wrong)
        check("no name twice", len(found) == len(set(found)))
        check("none that MicroPython has", not set(found) & set(THEIRS), set(found) & set(THEIRS))
        check("both modules", all(f"MP_QSTR_{name})" in module for name in ("usocket", "socket")))


def output_test(work, compute):
    base = package(os.path.join(work, "a b (1) [é]*", "micro python"), 1, compute)
    out = os.path.join(work, "a b (1) [é]*", "made here")
    first = run([sys.executable], base, out)
    good = check("an awkward path", first.returncode == 0, first.stderr) and texts(out)
    before = [os.stat(os.path.join(out, name)).st_mtime_ns for name in HEADERS] if good else None
    again = run([sys.executable], base, out)
    check("a second run writes and prints nothing", good and again.returncode == 0 and again.stdout == "" and before == [
        os.stat(os.path.join(out, name)).st_mtime_ns for name in HEADERS], again.stdout)
    copy = os.path.join(work, "copy of [us] here")
    for part in ("micropython", "include", "port/rtthread"):
        shutil.copytree(os.path.join(ROOT, part), os.path.join(copy, part))
    moved = subprocess.run([sys.executable, "-B", os.path.join(copy, "port", "rtthread", "genhdr.py"), base, os.path.join(work, "moved")],
                           capture_output=True, text=True, cwd="/", env={"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONHASHSEED": "7"})
    check("the same from another place, another locale, another order", moved.returncode == 0 and texts(os.path.join(work, "moved")) == good,
          moved.stderr)
    check("the script leaves nothing beside itself", not os.path.exists(os.path.join(copy, "port", "rtthread", "__pycache__")))

    found = python2()
    if not found:
        say("skip", "Python 2.7: it is not installed")
        return
    result = run(found[0], base, os.path.join(work, "two"), env=found[1])
    check("Python 2.7 makes the same", result.returncode == 0 and texts(os.path.join(work, "two")) == good, result.stderr)
    result = subprocess.run([*found[0], "-c", "import sys; [compile(open(name).read(), name, 'exec') for name in sys.argv[1:]]",
                             "SConscript", "port/rtthread/SConscript"], capture_output=True, text=True, env=found[1])
    check("Python 2.7 reads both SConscripts", result.returncode == 0, result.stderr)


def python2():
    """The command and the environment of a Python 2.7."""
    candidates = [({}, name) for name in ("python2.7", "python2")]
    if shutil.which("pyenv"):
        versions = subprocess.run(["pyenv", "versions", "--bare"], capture_output=True, text=True).stdout.split()
        candidates += [({"PYENV_VERSION": version}, "python2.7") for version in versions if version.startswith("2.7")]
    for extra, name in candidates:
        env = dict(os.environ, **extra)
        if shutil.which(name) and subprocess.run([name, "--version"], capture_output=True, env=env).returncode == 0:
            return [name], env
    return None


def configuration_test(work, compute):
    base = package(os.path.join(work, "package"), 1, compute)
    sal = os.path.join(work, "sal")
    os.makedirs(os.path.join(sal, "sys"))
    with open(os.path.join(sal, "sys", "socket.h"), "w") as file:
        file.write("#define SOL_SOCKET 0xfff\n#  define SO_REUSEADDR 4\n#define MSG_WAITALL 2\n")
        file.write("".join("#define %s 1\n" % name for name in UNKNOWN_BELOW))
    for title, left_out in (("everything", ()), ("no IPv6", ("IPV6",)), ("no extras", ("EXTRAS",)), ("no names", ("NAMES", "RESOLVER_WORKER")),
                            ("no servers", ("SERVER",)), ("no datagrams", ("DGRAM",)), ("least", ("IPV6", "EXTRAS", "NAMES", "RESOLVER_WORKER",
                                                                                                  "SERVER", "DGRAM", "THREADS", "WORDS"))):
        options = [name for name in OPTIONS if name.replace("USOCKET_USING_", "") not in left_out]
        directory = os.path.join(work, "config " + title)
        arguments = config(directory, *options)
        out = os.path.join(directory, "out")
        result = run([sys.executable], *arguments, "--stack", sal, "--stack", PORT, base, out)
        if not check(f"{title}: generates", result.returncode == 0, result.stderr):
            continue
        have = set(names(texts(out)[1])) | set(THEIRS)
        need, compiler = preprocessed(directory, '-DUSOCKET_CONFIG_FILE="%s"' % os.path.join(PORT, "usocket_config.h"))
        check(f"{title}: nothing is missing", compiler.returncode == 0 and need <= have, sorted(need - have) or compiler.stderr)
        check(f"{title}: no names that no stack has below SAL", not have & set(UNKNOWN_BELOW), have & set(UNKNOWN_BELOW))
        # Names that only this system's compiler or only the reader can find: a few at most.
        # The reader does not know whether MicroPython has the names of errno, and keeps what stands beside them.
        spare = have - need - set(THEIRS) - preprocessed(directory, "-DMICROPY_PY_ERRNO=1")[0]
        ports = {name for name in spare if re.match("SO_|TCP_|IP_|IPV6_|MSG_|SOMAXCONN", name)}
        check(f"{title}: no more than {len(spare)} too many", len(spare - ports) <= 2, sorted(spare - ports))
        complaints = compiles(directory, out)
        check(f"{title}: the binding compiles with the headers", not complaints, complaints)
        # This check must also detect a deliberate mistake.
        path = os.path.join(out, HEADERS[1])
        text = "".join(line for line in open(path) if "MP_QSTR_connect," not in line)
        with open(path, "w") as file:
            file.write(text)
        check(f"{title}: and not without one of the names", "MP_QSTR_connect" in compiles(directory, out))
    all_names = run([sys.executable], base, os.path.join(work, "all"))
    check("without --stack all constants are kept", "SO_BINDTODEVICE" in names(texts(os.path.join(work, "all"))[1]), all_names.stderr)
    lost = run([sys.executable], "--stack", os.path.join(work, "config least"), base, os.path.join(work, "lost"))
    check("so they are with a directory that is no stack's, which is told", "config least defines SOL_SOCKET" in lost.stdout and
          texts(os.path.join(work, "lost")) == texts(os.path.join(work, "all")), lost.stdout + lost.stderr)


def compiles(directory, out):
    """The compiler's messages for the binding with 1.13's API and the generated headers."""
    with open(os.path.join(directory, "compat_qstrs.h"), "w") as file:
        file.write("#define QDEF(id, text) id,\n" + "".join(f'QDEF(MP_QSTR_{name}, "")\n' for name in THEIRS) +
                   '#include "qstrdefs.user.extmods.h"\n#undef QDEF\n')
    with open(os.path.join(directory, "table.c"), "w") as file:
        file.write('#include "py_usocket.h"\n#include <moddefs.user.extmods.h>\n'
                   "const mp_rom_map_elem_t table[];\nconst mp_rom_map_elem_t table[] = {MICROPY_USER_MODULES};\n"
                   "#undef MICROPY_USER_MODULES\n#define MICROPY_USER_MODULES USOCKET_MODULES {MP_ROM_QSTR(MP_QSTR_print), MP_ROM_PTR(&table)},\n"
                   "const mp_rom_map_elem_t more[];\nconst mp_rom_map_elem_t more[] = {MICROPY_USER_MODULES};\n"
                   'typedef unsigned char byte;\n#define QDEF(id, text) text,\nconst byte *const strings[];\n'
                   'const byte *const strings[] = {\n#include "qstrdefs.user.extmods.h"\n};\n')
    flags = ["-std=gnu99", "-D__RTTHREAD__", "-Wall", "-Wextra", "-Werror", f"-I{directory}", f"-I{out}", "-Itest/compat", "-Itest/compat/stack",
             "-Iinclude", "-Imicropython", '-DUSOCKET_CONFIG_FILE="%s"' % os.path.join(PORT, "usocket_config.h")]
    complaints = ""
    for source in [*sorted(glob.glob("micropython/*.c")), os.path.join(directory, "table.c")]:
        complaints += subprocess.run(["gcc", *flags, "-fsyntax-only", source], capture_output=True, text=True).stderr
    return complaints


def mistakes_test(work, compute):
    for what, word, arguments in (
            ("no such package", "v1.13.0 or latest", [os.path.join(work, "nowhere"), os.path.join(work, "x")]),
            ("a frozen string that would hide an attribute", "Q(getpeername)", [
                package(os.path.join(work, "frozen"), 1, compute, ["main.py", "getpeername"]), os.path.join(work, "x")]),
            ("widths that do not agree", "bytes of hash", [package(os.path.join(work, "widths"), 1, compute), os.path.join(work, "x")])):
        if what.startswith("widths"):
            with open(os.path.join(arguments[0], "port", "mpconfigport.h"), "w") as file:
                file.write("#define MICROPY_QSTR_BYTES_IN_HASH (2)\n")
        result = run([sys.executable], *arguments)
        check(what + " is reported in one line", result.returncode == 1 and word in result.stderr and result.stderr.count("\n") == 1,
              result.stderr + result.stdout)
        check("and nothing is made", not os.path.exists(os.path.join(work, "x")))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tree")
    options = parser.parse_args()
    tree = options.tree and os.path.abspath(options.tree)
    os.chdir(ROOT)
    compute = own_hash
    if tree and os.path.exists(os.path.join(tree, "py", "makeqstrdata.py")):
        sys.dont_write_bytecode = True
        sys.path.insert(0, os.path.join(tree, "py"))
        import makeqstrdata
        compute = makeqstrdata.compute_hash
    else:
        say("skip", "hashes against makeqstrdata.py: there is no MicroPython tree; against the formula of qstr.c instead")
    with tempfile.TemporaryDirectory() as work:
        for test in (bytes_test, output_test, configuration_test, mistakes_test):
            os.mkdir(os.path.join(work, test.__name__))
            test(os.path.join(work, test.__name__), compute)
    print(f"\n{counts['ok']} passed, {counts['FAIL']} failed, {counts['skip']} skipped")
    return 1 if counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
