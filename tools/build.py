#!/usr/bin/env python3
"""Build one MicroPython interpreter with this module in it.

usage: tools/build.py FLAVOUR OUT TREE

FLAVOUR  unix  both `socket` and `usocket` are this module
         ab    the port's own `socket` stays, `usocket` is this module
         asan  like unix, with AddressSanitizer; this project's files also with UBSan
         cov   like unix; this project's files count their branches (gcov)
         arm   like unix, for 32-bit ARM, without the tls module
         client  like unix, without threads, only for TCP clients: every optional part of config.h is left out
         lwip, lwip-asan, lwip-tiny  like unix or asan, on lwIP's sockets instead of the system's
         lwip-raw, lwip-raw-asan, lwip-raw-tiny  the same on lwIP without an operating system
         lwip-raw-irq  like lwip-raw-asan; lwIP runs in a signal handler (test/lwip_raw)
         sal   on the look-alike of RT-Thread's sockets (test/sal), version 4.0.3, with a GIL; sal5 as in 5.2
         sal-asan, sal5-asan  the same like asan, without a GIL
OUT      directory for the objects and the binary; TREE: MicroPython's sources, which are only read.
"""

import fcntl
import glob
import os
import re
import shutil
import subprocess
import sys
import time

import frozen
import kin
import units

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
JOBS = os.environ.get("JOBS") or str(os.cpu_count() or 1)

ASAN = "-fsanitize=address --param asan-use-after-return=0"
NO_TLS = ["MICROPY_PY_SSL=0", "MICROPY_SSL_MBEDTLS=0"]
CLIENT = " ".join(f"-DUSOCKET_{name}=0" for name in (
    "IPV6", "UNIX", "NAMES", "SERVER", "DATAGRAMS", "THREADS", "WORDS", "WAIT_SLICE_MS", "RACE", "ASYNC", "POLLER", "PY_TEXT"))
FLAVOURS = {
    "unix": ["MICROPY_PY_SOCKET=0"],
    "ab": ["MICROPY_PY_SOCKET=1"],
    "asan": [
        "MICROPY_PY_SOCKET=0",
        f"VARIANT_DIR={ROOT}/tools/asan",
        "COPT=-O1 -DNDEBUG -fno-omit-frame-pointer",
        "CFLAGS_EXTRA=" + ASAN,
        "USOCKET_CFLAGS=-fsanitize=undefined -fno-sanitize-recover=undefined -D_GNU_SOURCE",  # the last: platform.h comes late in a unit
        "LDFLAGS_EXTRA=-fsanitize=address,undefined",
    ],
    "cov": [
        "MICROPY_PY_SOCKET=0",
        "USOCKET_CFLAGS=--coverage -O0 -fprofile-update=prefer-atomic",
        "LDFLAGS_EXTRA=--coverage",
    ],
    "arm": ["MICROPY_PY_SOCKET=0", "CROSS_COMPILE=arm-linux-gnueabihf-", "MICROPY_PY_FFI=0", *NO_TLS],
    "client": ["MICROPY_PY_SOCKET=0", "MICROPY_PY_THREAD=0", "CFLAGS_EXTRA=" + CLIENT, *NO_TLS],
}


# Flavours of which each takes objects of MicroPython from another one (tools/kin.py), the first if that is built. All have NAMES.
FAMILIES = (("lwip", "lwip-tiny", "lwip-raw", "lwip-raw-tiny"), ("sal5", "sal"), ("asan", "lwip-asan", "lwip-raw-asan", "lwip-raw-irq", "sal-asan", "sal5-asan"))
NAMES = f"{ROOT}/test/stackinfo/names.c"

# Stacks other than the system's: the settings of a flavour, preceded by those of its stack. The archives exist already.
LWIP_DIR = os.path.abspath(os.environ.get("LWIP_DIR") or os.path.join(ROOT, "build", "lwip-2.2.1"))
LWIP_HEADERS = f"-isystem {LWIP_DIR}/src/include -isystem {LWIP_DIR}/contrib/ports/unix/port/include"
LWIP_CFLAGS = f"-DUSOCKET_EVENTS=64 -I{ROOT}/test/lwip {LWIP_HEADERS}"
LWIP_RAW_CFLAGS = f"-DUSOCKET_THREADS=1 -I{ROOT}/test/lwip_raw {LWIP_HEADERS}"
# In MicroPython's sections without interrupts no signal runs lwIP (test/lwip_raw/sleeps.c).
LWIP_RAW_WRAP = "-Wl,--wrap=mp_thread_unix_begin_atomic_section,--wrap=mp_thread_unix_end_atomic_section"


def on_stack(like, port, **settings):
    """The arguments of a flavour with another stack under the module."""
    arguments = dict(argument.split("=", 1) for argument in FLAVOURS[like])
    for name, value in settings.items():
        arguments[name] = f"{value} {arguments.get(name, '')}".strip()
    arguments.setdefault("COPT", "-O1 -DNDEBUG")  # it compiles two thirds as long as -Os
    arguments["USOCKET_PORT"] = port
    arguments["USOCKET_EXTRA"] = f"{ROOT}/test/stackinfo/stack.c {NAMES}"
    return [f"{name}={value}" for name, value in arguments.items()]


def lwip_archive(flavour):
    """The linker's options for build/FLAVOUR/liblwip.a (mk/lwip.mk, mk/lwip_raw.mk)."""
    return f"-Wl,--whole-archive {ROOT}/build/{flavour}/liblwip.a -Wl,--no-whole-archive"


def on_lwip(flavour, like, cflags=""):
    """A flavour on lwIP's sockets."""
    return on_stack(like, "lwip", CFLAGS_EXTRA=f"{LWIP_CFLAGS} {cflags}".strip(), LDFLAGS_EXTRA=lwip_archive(flavour))


def on_lwip_raw(flavour, like, cflags="", ldflags=""):
    """A flavour on lwIP without an operating system."""
    return on_stack(like, "lwip_raw", CFLAGS_EXTRA=f"{LWIP_RAW_CFLAGS} {cflags}".strip(),
                    LDFLAGS_EXTRA=f"{lwip_archive(flavour)} {ldflags}".strip())


def on_sal(stack, like, version=""):
    """A flavour on the look-alike of SAL (mk/sal.mk). Only this project's files see its <errno.h> and <sys/socket.h>, and are compiled
    with -ffast-math, as some BSPs of RT-Thread do."""
    return on_stack(
        like, "rtthread",
        CFLAGS_EXTRA=f'-D__RTTHREAD__ -DUSOCKET_USING_EVENT_LOOP -DUSOCKET_USING_TLS -DUSOCKET_CONFIG_FILE=\\\"usocket_config.h\\\" -I{ROOT}/test/sal/rtthread',
        USOCKET_CFLAGS=f"-ffast-math -I{ROOT}/test/sal/include {version}".strip(),
        LDFLAGS_EXTRA=f"{ROOT}/build/{stack}/liblook.a",
    )


FLAVOURS["lwip"] = on_lwip("lwip", "unix")
FLAVOURS["lwip-asan"] = on_lwip("lwip-asan", "asan")
FLAVOURS["lwip-tiny"] = on_lwip("lwip-tiny", "unix", "-DTEST_LWIP_TINY")
FLAVOURS["lwip-raw"] = on_lwip_raw("lwip-raw", "unix")
FLAVOURS["lwip-raw-asan"] = on_lwip_raw("lwip-raw-asan", "asan")
FLAVOURS["lwip-raw-irq"] = on_lwip_raw("lwip-raw-irq", "asan", "-DTEST_LWIP_PREEMPTS", LWIP_RAW_WRAP)
FLAVOURS["lwip-raw-tiny"] = on_lwip_raw("lwip-raw-tiny", "unix", "-DTEST_LWIP_TINY")
FLAVOURS["gil"] = [*FLAVOURS["unix"], f"VARIANT_DIR={ROOT}/tools/gil"]
for name, like in (("", "gil"), ("-asan", "asan")):
    FLAVOURS["sal" + name] = on_sal("sal", like)
    FLAVOURS["sal5" + name] = on_sal("sal5", like, "-DLOOK_VERSION=50200 -DLOOK_NO_AT")


# TLS sockets and MicroPython's own tls module use the mbedTLS built by mk/tls.mk; with TLS=0 there is neither.
MBEDTLS_TREE = os.path.abspath(os.environ.get("MBEDTLS_TREE") or os.path.join(ROOT, "build", "mbedtls-3.6.6"))
MBEDTLS_OUT = os.path.join(ROOT, os.environ.get("MBEDTLS_OUT") or "build/mbedtls")
MBEDTLS_OUT_ASAN = os.path.join(ROOT, os.environ.get("MBEDTLS_OUT_ASAN") or "build/mbedtls-asan")
TLS_CFLAGS = (f"-DMBEDTLS_USER_CONFIG_FILE=\\\"{ROOT}/port/posix/mbedtls_user.h\\\" "
              f"-isystem {MBEDTLS_TREE}/include")


def with_tls(flavour, archives):
    """Add TLS to a flavour's arguments."""
    if os.environ.get("TLS") == "0":
        FLAVOURS[flavour] += NO_TLS
        return
    arguments = dict(argument.split("=", 1) for argument in FLAVOURS[flavour])
    knob = "" if flavour.startswith("sal") else "-DUSOCKET_TLS=1"  # rtconfig.h has the knobs of this flavour
    arguments["CFLAGS_EXTRA"] = f"{arguments.get('CFLAGS_EXTRA', '')} {knob} {TLS_CFLAGS}".strip()
    arguments["LDFLAGS_EXTRA"] = f"-L{archives} {arguments.get('LDFLAGS_EXTRA', '')}".strip()
    FLAVOURS[flavour] = [f"{name}={value}" for name, value in arguments.items()]


FLAVOURS["asan"].append(f"USOCKET_EXTRA={NAMES}")

for name in ("unix", "ab", "cov", "lwip", "lwip-tiny", "lwip-raw", "lwip-raw-tiny", "sal", "sal5"):
    with_tls(name, MBEDTLS_OUT)
for name in ("asan", "lwip-asan", "lwip-raw-asan", "lwip-raw-irq", "sal-asan", "sal5-asan"):
    with_tls(name, MBEDTLS_OUT_ASAN)


class Progress:
    """Counts compiled files: one updating line on a terminal, a line from time to time elsewhere."""

    def __init__(self, what, total):
        self.what, self.total, self.count = what, total, 0
        self.tty = sys.stderr.isatty()
        self.start = self.shown = time.monotonic()

    def file(self, name):
        self.count += 1
        text = f"{self.what}: {self.count}/{self.total} files"
        now = time.monotonic()
        if self.tty:
            sys.stderr.write(f"\r\033[K{text}  {os.path.basename(name)}")
            sys.stderr.flush()
        elif now - self.shown >= 5:
            self.shown = now
            print(text, file=sys.stderr, flush=True)

    def done(self, note):
        seconds = time.monotonic() - self.start
        sys.stderr.write("\r\033[K" if self.tty else "")
        print(f"{self.what}: {self.count} files compiled, {note} ({seconds:.0f} s)", file=sys.stderr, flush=True)


def fail(step, log, lines):
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")
    print(f"FAILED: {step}. The log is {os.path.relpath(log, ROOT)}; what stands out in it:", file=sys.stderr)
    telling = [n for n, line in enumerate(lines) if re.search(r"(^|: )(fatal )?error: |undefined reference|No such file|\*\*\* ", line)]
    show = lines[max(0, telling[0] - 2) : telling[0] + 12] if telling else lines[-12:]
    for line in show:
        print("    " + line.rstrip(), file=sys.stderr)
    sys.exit(1)


def make(step, directory, arguments, progress, log):
    """Run MicroPython's own make, with output to the log."""
    env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
    # The variables of the outer make must not reach this one.
    for name in ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "BUILD", "CFLAGS", "V"):
        env.pop(name, None)
    command = ["make", f"-j{JOBS}", "--no-print-directory", "-C", directory, *arguments]
    lines = []
    with open(log, "w") as out:
        out.write(" ".join(command) + "\n")
        child = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, errors="replace")
        for line in child.stdout:
            out.write(line)
            lines.append(line)
            if progress and line.startswith("CC "):
                progress.file(line.split()[1])
        status = child.wait()
    if status:
        fail(step, log, lines)


def objects(directory, arguments):
    """The number of files that a complete build compiles."""
    env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", MAKEFLAGS="")
    result = subprocess.run(["make", "-C", directory, *arguments, "print-cfg"], env=env, capture_output=True, text=True)
    match = re.search(r"^OBJ *= (.*)$", result.stdout, re.M)
    return len(match.group(1).split()) if match else 0


def have_libffi():
    tool = shutil.which("pkg-config")
    return bool(tool) and subprocess.run([tool, "--exists", "libffi"]).returncode == 0


def makefiles(tree, out, flavour):
    """A flavour's arguments, with additional ones for a MicroPython checkout without submodules."""
    arguments = list(FLAVOURS[flavour])
    if not os.path.exists(os.path.join(tree, "lib", "micropython-lib", "README.md")):
        stand_in = os.path.join(os.path.dirname(out), "no-micropython-lib")
        os.makedirs(stand_in, exist_ok=True)
        open(os.path.join(stand_in, "README.md"), "w").close()
        arguments.append(f"MPY_LIB_DIR={stand_in}")
    with open(os.path.join(tree, "extmod", "extmod.mk")) as file:
        bundled = "MBEDTLS_DIR = lib/mbedtls" in file.read()
    if bundled and not set(NO_TLS) <= set(arguments):
        # A checkout would compile its lib/mbedtls with other options. Its tls module must use the same archive as this module.
        arguments = [a + " -DMICROPY_SSL_MBEDTLS=1" if a.startswith("CFLAGS_EXTRA=") else a for a in arguments]
        arguments = [a + " -lmbedx509 -lmbedtls -lmbedcrypto" if a.startswith("LDFLAGS_EXTRA=") else a for a in arguments]
        arguments += ["MICROPY_PY_SSL=1", "MICROPY_SSL_MBEDTLS=0"]
    return arguments


def mpy_cross(tree, out, logs):
    """Build mpy-cross, which freezes asyncio; all flavours share it."""
    binary = os.path.join(out, "mpy-cross")
    if not os.path.exists(binary):
        arguments = [f"BUILD={out}", "COPT=-O0"]  # it compiles longer than it runs
        directory = os.path.join(tree, "mpy-cross")
        progress = Progress("mpy-cross", objects(directory, arguments))
        log = os.path.join(logs, os.path.basename(out) + ".log")
        make("building mpy-cross", directory, arguments, progress, log)
        progress.done(os.path.relpath(binary, ROOT))
    return binary


def own_sources():
    directory = os.path.join(ROOT, "micropython")
    return sorted(name for name in os.listdir(directory) if name.endswith(".c"))


def in_units(flavour):
    """The argument of a build that compiles each of this project's folders as one file: those of the other stacks and of the sanitizers.
    What users run, and what is measured, compiles file by file."""
    arguments = dict(argument.split("=", 1) for argument in FLAVOURS[flavour])
    if "USOCKET_EXTRA" not in arguments:
        return []
    port = arguments.get("USOCKET_PORT", "posix")
    files = [file for pattern in ("micropython", "src/*", "port", "port/" + port) for file in sorted(glob.glob(f"{ROOT}/{pattern}/*.c"))]
    place = os.path.join("build", "units", port)
    units.of([os.path.relpath(file, ROOT) for file in (*files, *arguments["USOCKET_EXTRA"].split())], place)
    return [f"USOCKET_UNITS={ROOT}/{place}"]


def kinsmen(flavour, out):
    """The directories of other flavours whose objects may serve."""
    key = os.path.basename(out)[len(flavour):]
    return [os.path.join(os.path.dirname(out), other + key) for family in FAMILIES if flavour in family for other in family if other != flavour]


def take(others, out, directory, arguments, log):
    """Take the objects that fit from other builds; returns their number."""
    headers = [os.path.join(out, "genhdr", name) for name in kin.GENERATED]

    def generate():
        if not all(map(os.path.exists, headers)):
            make("making headers", directory, [*arguments, *headers], None, log)

    return sum(kin.take(other, out, directory, arguments, generate) for other in others)


def build(flavour, out, tree):
    logs = os.path.join(ROOT, "build", "logs")
    os.makedirs(logs, exist_ok=True)
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with open(out + ".lock", "w") as lock, open(os.path.join(os.path.dirname(out), "mpy-cross.lock"), "w") as cross_lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fcntl.flock(cross_lock, fcntl.LOCK_EX)
        key = re.sub(r"(-lib\d+)?(-plain|-tls\d+)?$", "", os.path.basename(out)[len(flavour) + 1:])
        cross = mpy_cross(tree, os.path.join(os.path.dirname(out), "mpy-cross-" + key), logs)
        fcntl.flock(cross_lock, fcntl.LOCK_UN)

        arguments = [
            f"BUILD={out}",
            "VARIANT=standard",
            f"USER_C_MODULES={ROOT}",
            f"FROZEN_MANIFEST={out}/manifest.py",
            f"MICROPY_MPYCROSS={cross}",
            "MICROPY_PY_BTREE=0",
            f"MICROPY_PY_FFI={int(have_libffi())}",
            "STRIP=",
            *makefiles(tree, out, flavour),
            *in_units(flavour),
        ]
        # Make notices neither a changed flag nor a removed source: start over in these cases.
        recipe = "\n".join([tree, *arguments, *own_sources()]) + "\n"
        stamp = os.path.join(out, "recipe")
        directory = os.path.join(tree, "ports", "unix")
        log = os.path.join(logs, os.path.basename(out) + ".log")
        taken = 0
        if not os.path.exists(stamp) or open(stamp).read() != recipe:
            shutil.rmtree(out, ignore_errors=True)
            os.makedirs(out)
            others = kinsmen(flavour, out)
            taken = take(others, out, directory, arguments, log)
            missing = set().union(*(kin.strings(out) ^ kin.strings(other) for other in others if kin.strings(other))) if taken else ()
            if missing:
                print(f"test/stackinfo/names.c lacks {' '.join(sorted(missing))}: few objects are taken over", file=sys.stderr, flush=True)
            with open(stamp, "w") as file:
                file.write(recipe)
        missing = frozen.manifest(tree, out, "MICROPY_PY_SOCKET=0" in arguments)

        binary = os.path.join(out, "micropython")
        progress = Progress(f"{os.path.basename(out)}", objects(directory, arguments) - taken)
        # Frozen code refers to strings of the C sources at that time; the linker does not notice a removed source.
        for stale in (binary, os.path.join(out, "frozen_content.c")):
            if os.path.exists(stale):
                os.unlink(stale)
        make(f"building MicroPython ({os.path.basename(out)})", directory, arguments, progress, log)
        progress.done(f"{taken} taken over, " * bool(taken) + os.path.relpath(binary, ROOT))
        if missing:
            print(missing, file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in FLAVOURS:
        sys.exit(__doc__)
    build(sys.argv[1], os.path.abspath(sys.argv[2]), os.path.abspath(sys.argv[3]))
