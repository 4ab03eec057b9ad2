#!/usr/bin/env python3
"""Compile the binding against the names of MicroPython 1.13, the version of RT-Thread's package.

usage: test/compat/run.py [--long] [MICROPYTHON]

MICROPYTHON is a tree of any version, for test_genhdr.py. gcc compiles every variant, other compilers the variants of EVERYWHERE; --long is
all that is left then: the other variants by the other compilers.

The headers beside this script declare the types, macros and functions of 1.13 that the binding uses, with the signatures
they have there, and nothing else: a newer name or a changed signature does not compile here.

The check does not prove that the binding works there. The layout of structures is not 1.13's; only pending.c, lookup.c and stack.c are
linked and run. A name that is missing here may exist in 1.13: add it to the headers with the signature that 1.13 gives it.

The string names (MP_QSTR_...) are collected from the preprocessed sources, as MicroPython's build does it. Of two variants that make the
same text of a source, one is compiled. A text that compiled without a warning is not compiled again in a later run (tools/cache.py). Only
in the first variant is each source compiled by itself: that finds an include that a source lacks.

SPDX-License-Identifier: MIT
"""

import argparse
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import cache
import units

COMPAT = "test/compat"
OUT = "build/compat"
STRICT = ["-Wall", "-Wextra", "-Werror"]
COMPILERS = {
    "gcc": ["gcc", "-Iport/posix"],
    "clang": ["clang", "-Iport/posix"],
    "arm-none-eabi-gcc": ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", f"-I{COMPAT}/stack"],
}
VARIANTS = {
    "threads": "",
    "no GIL": "MICROPY_PY_THREAD_GIL=0",
    "one thread": "MICROPY_PY_THREAD=0",
    "no scheduler": "MICROPY_ENABLE_SCHEDULER=0",
    "single floats": "COMPAT_FLOAT_SINGLE",
    "no floats, small integers": "MICROPY_PY_BUILTINS_FLOAT=0 MICROPY_LONGINT_IMPL=MICROPY_LONGINT_IMPL_NONE",
    "IPv4 alone, no threads of ours": "USOCKET_UNIX=0 USOCKET_IPV6=0 USOCKET_THREADS=0",
    "no extras, no stack check, no Unicode": "USOCKET_PY_EXTRAS=0 MICROPY_STACK_CHECK=0 MICROPY_PY_BUILTINS_STR_UNICODE=0",
    "TLS": "USOCKET_TLS=1",
    "no names, no text files": "USOCKET_NAMES=0 USOCKET_PY_TEXT=0",
}
EVERYWHERE = ("threads", "TLS")
# Functions that run; the linker leaves out the rest of the source, and the names that it needs.
RUN = {
    "pending": ("micropython/protocol.c", "an exception that becomes pending"),
    "lookup": ("micropython/arguments.c", "a lookup without __init__"),
    "stack": ("micropython/core_call.c", "room on the stack"),
}

counts = {"passed": 0, "failed": 0, "skipped": 0}


def call(command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")


def verdict(what, complaints):
    """Count a check and print it; complaints: lines, none if it is well."""
    counts["failed" if complaints else "passed"] += 1
    print(("FAIL  " if complaints else "ok    ") + what, flush=True)
    for line in [line for line in complaints if "error" in line][:20] or complaints[:20]:
        print("      " + line)


class Compilation:
    """The sources with one compiler, one set of headers and one set of options."""

    def __init__(self, pool, headers, sources, compiler, defines=()):
        self.pool, self.sources, self.compiler = pool, sources, compiler
        self.place = f"{OUT}/{len(os.listdir(OUT))}"
        os.makedirs(self.place)
        self.common = [f"-I{headers}", "-Iinclude", "-Imicropython"]
        self.flags = ["-std=gnu99", "-D_GNU_SOURCE", *self.common, f"-I{self.place}", *(f"-D{name}" for name in defines)]
        self.write("")

    def write(self, names):
        with open(f"{self.place}/compat_qstrs.h", "w") as file:
            file.write(names)

    def preprocess(self):
        """Make the texts of the sources, and compat_qstrs.h of the names in them; returns complaints."""
        done = list(self.pool.map(lambda source: call([*self.compiler, *self.flags, "-E", "-P", source]), self.sources))
        self.texts = [one.stdout for one in done]
        names = sorted({name for text in self.texts for name in re.findall(r"MP_QSTR_\w*", text)})
        self.write("".join(name + ",\n" for name in names))
        complaints = [line for one in done if one.returncode for line in one.stderr.splitlines()]
        return complaints or ([] if "MP_QSTR_socket" in names else ["error: the sources have no name `socket`"])

    def jobs(self):
        """{key: command} for each source."""
        tool = self.compiler[0]
        return {cache.key("compat", cache.version(tool), *self.compiler, *self.common, *STRICT, source, text):
                [*self.compiler, *self.flags, *STRICT, "-c", "-o", "/dev/null", source] for source, text in zip(self.sources, self.texts)}


def compile_all(pool, compilations):
    """The complaints of each of several compilations."""
    wrong = [compilation.preprocess() for compilation in compilations]
    jobs = {}
    for compilation, complaints in zip(compilations, wrong):
        if not complaints:
            for key, command in compilation.jobs().items():
                jobs.setdefault(key, command)

    def one(key):
        if cache.known(key):
            return []
        done = call(jobs[key])
        if done.returncode == 0:
            cache.remember(key)
            return []
        return done.stderr.splitlines() or [f"error: ended with code {done.returncode}"]

    said = dict(zip(jobs, pool.map(one, jobs)))
    return [complaints or [line for key in compilation.jobs() for line in said[key]] for compilation, complaints in zip(compilations, wrong)]


def every_variant(pool, sources, long):
    labels, compilations = [], []
    for name, defines in VARIANTS.items():
        for tool, compiler in COMPILERS.items():
            if long == (tool == "gcc" or name in EVERYWHERE):
                continue
            if shutil.which(tool):
                labels.append(f"{tool}, {name}")
                compiled = sources if name == EVERYWHERE[0] else units.of(sources, OUT)
                compilations.append(Compilation(pool, COMPAT, compiled, compiler, defines.split()))
            else:
                counts["skipped"] += 1
                print(f"skip  {tool}, {name}: {tool} is not installed")
    for label, complaints in zip(labels, compile_all(pool, compilations)):
        verdict(label, complaints)


def must_fail(pool, what, error, headers, sources):
    """This check sees what it is there to see."""
    complaints, = compile_all(pool, [Compilation(pool, headers, sources, COMPILERS["gcc"])])
    seen = any(re.search("error:.*" + error, line) for line in complaints)
    verdict("sees " + what, [] if seen else complaints or ["error: it compiled"])


def changed(source, name, line):
    """A copy of a source with one more line."""
    path = f"{OUT}/{name}.c"
    with open(source) as old, open(path, "w") as new:
        new.write(old.read() + line + "\n")
    return path


def mistakes(pool, sources):
    """Three mistakes that the check must find."""
    shutil.copytree(f"{COMPAT}/py", f"{OUT}/without/py")
    with open(f"{OUT}/without/py/obj.h", "r+") as file:
        lines = [line for line in file if "mp_obj_new_bytes(" not in line]
        file.seek(0)
        file.truncate()
        file.writelines(lines)
    must_fail(pool, "a name that is gone", "mp_obj_new_bytes", f"{OUT}/without", sources)
    must_fail(pool, "a newer name", "mp_obj_new_str_from_cstr", COMPAT, [changed("micropython/inet.c", "newer", (
        'mp_obj_t newer(void); mp_obj_t newer(void) { return mp_obj_new_str_from_cstr("MP_QSTR_socket"); }'))])
    must_fail(pool, "a newer signature", "mp_obj_new_str_from_vstr", COMPAT, [changed("micropython/inet.c", "changed", (
        "mp_obj_t changed(vstr_t *); mp_obj_t changed(vstr_t *v) { return mp_obj_new_str_from_vstr(v), MP_OBJ_NEW_QSTR(MP_QSTR_socket); }"))])


def run_functions(pool, sources):
    names = Compilation(pool, COMPAT, sources, COMPILERS["gcc"])
    names.preprocess()
    for program, (source, what) in RUN.items():
        path = f"{OUT}/{program}"
        built = call(["gcc", *names.flags, *STRICT, "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections", "-o", path,
                      f"{COMPAT}/{program}.c", source])
        if built.returncode:
            verdict(what, built.stderr.splitlines())
            continue
        done = call([path])
        print(done.stdout, end="")
        counts["passed"] += len(re.findall("^ok", done.stdout, re.M))
        counts["failed"] += len(re.findall("^FAIL", done.stdout, re.M))
        if done.returncode not in (0, 1):
            verdict(what, [f"error: ended with {done.returncode}"])


def script(name, *arguments):
    """A script that counts for itself; returns what it printed."""
    return call([sys.executable, "-B", f"{COMPAT}/{name}", *arguments])


def report(name, done):
    *lines, last = done.stdout.splitlines() or [""]
    match = re.fullmatch(r"(\d+) passed, (\d+) failed, (\d+) skipped", last)
    print("\n".join(lines))
    if match:
        for what, number in zip(counts, match.groups()):
            counts[what] += int(number)
    else:
        verdict(name, (done.stdout + done.stderr).splitlines()[-20:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--long", action="store_true")
    parser.add_argument("tree", nargs="?")
    options = parser.parse_args()
    os.chdir(ROOT)
    shutil.rmtree(OUT, ignore_errors=True)
    os.makedirs(OUT)
    sources = sorted(glob.glob("micropython/*.c"))
    print("Against names and signatures of MicroPython 1.13 only: hardly anything runs, no layout is 1.13's.", flush=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool, concurrent.futures.ThreadPoolExecutor(1) as beside:
        # RT-Thread's package: the headers that bring the binding into its MicroPython, and how scons builds it.
        package = {name: beside.submit(script, name, *arguments) for name, *arguments in (
            ("test_genhdr.py", *(["--tree", options.tree] if options.tree else [])), ("test_scons.py",), ("test_package.py",)) if not options.long}
        every_variant(pool, sources, options.long)
        if not options.long:
            mistakes(pool, sources)
            run_functions(pool, sources)
        for name, future in package.items():
            report(name, future.result())
    print("\n%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % counts)
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
