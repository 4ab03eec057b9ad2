"""Compare the sources that each build system compiles with the existing files.

No build system keeps a list: each has a pattern, and a pattern that does not match a new folder drops files silently.
"""

import glob
import os
import re
import subprocess

SHOW = "show-%: ; @echo $($*)"


def core(port):
    """List all files of the library on a port."""
    found = {os.path.join(directory, name) for directory, _, names in os.walk("src") for name in names if name.endswith(".c")}
    return found | set(glob.glob("port/*.c")) | set(glob.glob(f"port/{port}/*.c"))


def from_make(variables, *arguments):
    targets = ["show-" + name for name in variables]
    done = subprocess.run(["make", "-s", "--no-print-directory", *arguments, "--eval", SHOW, *targets], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")})
    return {os.path.relpath(word) for word in done.stdout.split() if word.endswith(".c")}


def from_patterns(path, pattern, base, **values):
    """The files that match the patterns in a text; the patterns are relative to `base`."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for name, value in values.items():
        text = text.replace("${%s}" % name, value)
    return {os.path.relpath(found) for words in re.findall(pattern, text) for found in glob.glob(os.path.join(base, words))}


def compiled():
    """Yield (name, compiled files, port) of each build system."""
    yield "mk/lib.mk", from_make(["LIB_SOURCES"]), "posix"
    yield "mk/test-c.mk", from_make(["TC_SRC", "TC_PORT"]), "posix"
    yield "mk/lwip.mk", from_make(["LWIP_TC_SOURCES"]), "lwip"
    yield "mk/sal.mk", from_make(["SAL_SRC"]), "rtthread"
    yield "micropython/micropython.mk", from_make(["USOCKET_CORE"], "-f", "micropython/micropython.mk", "USERMOD_DIR=micropython"), "posix"
    cmake = "micropython/micropython.cmake"
    yield cmake, from_patterns(cmake, r"(?m)^\s+(\./\S+\.c)$", ".", USOCKET_DIR=".", USOCKET_PORT="lwip"), "lwip"
    scons = "port/rtthread/SConscript"
    yield scons, from_patterns(scons, r"Glob\('([^']+\.c)'\)", os.path.dirname(scons)), "rtthread"


def missing():
    problems = []
    for name, files, port in compiled():
        expected = core(port)
        lost = sorted(expected - files)
        if lost:
            problems.append(f"{name} compiles {len(expected & files)} of {len(expected)} sources, and not " + ", ".join(lost[:5]))
    return problems
