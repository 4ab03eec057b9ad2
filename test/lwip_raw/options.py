#!/usr/bin/env python3
"""port/lwip_raw compiles without a warning with the lwipopts.h of each port of MicroPython, and says in words what one lacks.

usage: test/lwip_raw/options.py [--all] MICROPYTHON-TREE LWIP-TREE MBEDTLS-TREE

--all: each of the library's KNOBS for each port, otherwise for USUAL ones; and every file by itself, which also finds an include that a
file lacks. Otherwise the files of a folder are one (tools/units.py).

MicroPython's headers and lwipopts.h are the tree's. mpconfigport.h and mphalport.h stand in for the port's, which need the vendor's
headers: they have the port's own macros to keep lwIP from running and to wait. Every #error of the port must be in ERRORS.
extmod/lwip-include/lwipopts.h belongs to no port; it is for lwIP 1.4.

A compilation whose sources, headers and flags are those of an earlier clean run is not made again (tools/cache.py).

SPDX-License-Identifier: MIT
"""
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

OUT = "build/lwipopts"
# Some ports' macros pass an int as an unsigned number.
WARNINGS = "-std=c99 -Wall -Wextra -Werror -Wconversion -Wno-sign-conversion".split()
# One of them with the warnings of the optimizer.
COMPILERS = {"this machine": ["gcc", "-fsyntax-only"], "Cortex-M4": ["arm-none-eabi-gcc", "-mthumb", "-mcpu=cortex-m4", "-Os", "-S", "-o", "/dev/null"],
             "Cortex-M0+": ["arm-none-eabi-gcc", "-mthumb", "-mcpu=cortex-m0plus", "-fsyntax-only"]}
# The port for chips with that core. No source of the library asks for the core; the others would be read twice.
SMALLEST = "rp2"
EXPECTED = {"alif", "mimxrt", "renesas-ra", "rp2", "stm32"}  # a tree without one of them is not what this test is for
USUAL = ("rp2", "stm32")
KNOBS = {"": [], "no poller": ["-DUSOCKET_POLLER=0"], "clients": ["-DUSOCKET_SERVER=0", "-DUSOCKET_DATAGRAMS=0", "-DUSOCKET_POLLER=0"]}

MPCONFIGPORT = """#include <alloca.h>
#include <stdint.h>
typedef intptr_t mp_int_t;
typedef uintptr_t mp_uint_t;
typedef long mp_off_t;
#define MICROPY_PY_LWIP (1)
#define MICROPY_PY_THREAD (0)
#define MICROPY_TRACKED_ALLOC (1)
#define MP_STATE_PORT MP_STATE_VM
"""
# The functions that the ports' macros call.
MPHALPORT = """#include <stdint.h>
#define IRQ_PRI_PENDSV 15
uint32_t raise_irq_pri(uint32_t pri);
void restore_irq_pri(uint32_t state);
void lwip_lock_acquire(void);
void lwip_lock_release(void);
void mp_wfe_or_timeout(uint32_t ms);
void system_tick_wfe_with_timeout_us(uint32_t us);
void __wfe(void);
void __WFE(void);
void __WFI(void);
"""
BARE = ["-UUSOCKET_IN_MICROPYTHON"]
OWN = [*BARE, "-DPLAT_LWIP_ENTER=", "-DPLAT_LWIP_EXIT=", "-DPLAT_IDLE(ms)=((void)(ms))"]
# The beginning of an #error, and what brings it about: lines after lwipopts.h, options of the compiler.
ERRORS = [
    ("port/lwip_raw is for NO_SYS 1", ["#undef NO_SYS", "#define NO_SYS 0"], []),
    ("lwipopts.h: LWIP_TCP 1 and", ["#define LWIP_TCP 0"], []),
    ("lwipopts.h: LWIP_TCP 1 and", ["#define LWIP_CALLBACK_API 0", "#define LWIP_EVENT_API 1"], []),
    ("lwipopts.h: LWIP_IPV4 1", ["#undef LWIP_IPV4", "#define LWIP_IPV4 0", "#undef LWIP_IGMP", "#define LWIP_IGMP 0"], []),
    ("lwipopts.h: LWIP_IPV6 1", ["#undef LWIP_IPV6", "#define LWIP_IPV6 0"], ["-DUSOCKET_IPV6=1"]),
    ("lwipopts.h: LWIP_UDP 1", ["#define LWIP_UDP 0"], ["-DUSOCKET_DATAGRAMS=1"]),
    ("lwipopts.h: LWIP_DNS 1", ["#undef LWIP_DNS", "#define LWIP_DNS 0"], ["-DUSOCKET_NAMES=1"]),
    ("lwipopts.h: TCP_LISTEN_BACKLOG 1", ["#undef TCP_LISTEN_BACKLOG", "#define TCP_LISTEN_BACKLOG 0"], []),
    ("lwipopts.h: SO_REUSE 1", ["#undef SO_REUSE", "#define SO_REUSE 0"], []),
    ("sys_now() counts milliseconds", [], ["-DUSOCKET_CLOCK_STEP_US=1"]),
    ("lwIP has neither AF_UNIX", [], ["-DUSOCKET_UNIX=1"]),
    ("lwIP has neither AF_UNIX", [], ["-DUSOCKET_FORK=1"]),
    ("lwIP has neither AF_UNIX", [], ["-DUSOCKET_RESOLVER_WORKERS=1", "-DUSOCKET_THREADS=1", "-DUSOCKET_ASKS=0"]),
    ("define PLAT_LWIP_ENTER,", [], BARE),
    ("define PLAT_LWIP_ENTER,", [], [*BARE, "-DPLAT_LWIP_ENTER=", "-DPLAT_LWIP_EXIT="]),
    ("USOCKET_THREADS 1 takes", [], ["-DUSOCKET_THREADS=1"]),
    ("USOCKET_THREADS 1 takes", [], ["-DUSOCKET_THREADS=1", "-DPLAT_LOCK()=((void)0)"]),
    ("TLS on the interpreter's heap takes", [], ["-DUSOCKET_TLS=1", "-DTEST_UNTRACKED"]),
    ("MICROPY_MALLOC_USES_ALLOCATED_SIZE 1", [], ["-DMICROPY_MALLOC_USES_ALLOCATED_SIZE=1", "-DTEST_UNTRACKED"]),
]


def macros(path, names):
    """The definitions of some macros in a header, with their further lines."""
    if not os.path.exists(path):
        return []
    with open(path) as file:
        text = file.read().replace("\\\n", " ")
    return re.findall(r"^[ \t]*(#[ \t]*define[ \t]+(?:%s)\b.*)$" % names, text, re.M)


def write(folder, name, text):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w") as file:
        file.write(text)
    return folder


class Ports:
    """The ports of a tree that have an lwipopts.h, each with its include directories."""

    def __init__(self, tree, lwip, mbedtls):
        self.tree, self.lwip, self.mbedtls = tree, lwip, mbedtls
        self.options = {path.split("/")[-3]: os.path.dirname(path) for path in glob.glob(tree + "/ports/*/lwip_inc/lwipopts.h")}
        self.enter = {}
        for name in self.options:
            self.stand_in(name)

    def stand_in(self, name):
        """Write the port's mpconfigport.h and mphalport.h."""
        port = os.path.join(self.tree, "ports", name)
        found = macros(port + "/mphalport.h", r"MICROPY_PY_(?:LWIP|PENDSV)_(?:RE)?E(?:NTER|XIT)|MICROPY_INTERNAL_WFE")
        self.enter[name] = [line for line in found if "LWIP_ENTER" in line]
        more = macros(port + "/mpconfigport.h", r"MICROPY_PY_LWIP_\w+|MICROPY_PY_NETWORK_PPP_LWIP")
        untracked = "#ifdef TEST_UNTRACKED\n#undef MICROPY_TRACKED_ALLOC\n#define MICROPY_TRACKED_ALLOC (0)\n#endif\n"
        write(f"{OUT}/{name}", "mphalport.h", MPHALPORT + "\n".join(found) + "\n")
        write(f"{OUT}/{name}/genhdr", "qstrdefs.generated.h", "")  # no file of the library has a string of MicroPython's
        write(f"{OUT}/{name}", "mpconfigport.h", MPCONFIGPORT + untracked + "\n".join(more) + "\n")

    def flags(self, name, lines=(), own=""):
        """The options for a port. `lines` come after its lwipopts.h; `own` names them."""
        places = [f"{OUT}/{name}", self.options[name]]
        if lines:
            text = f'#include "{os.path.abspath(self.options[name])}/lwipopts.h"\n' + "\n".join(lines) + "\n"
            places.insert(0, write(f"{OUT}/{own or name}-lines", "lwipopts.h", text))
        places += [self.tree, self.tree + "/extmod/lwip-include", self.lwip + "/src/include"]
        return ["-DUSOCKET_IN_MICROPYTHON=1", '-DUSOCKET_CONFIG_FILE="usocket_config.h"', "-Iinclude", "-Iport/lwip_raw",
                *(word for place in places for word in ("-isystem", place))]

    def tls(self):
        user = '#include "%s"\n#undef MBEDTLS_THREADING_C\n#undef MBEDTLS_THREADING_PTHREAD\n' % os.path.abspath("port/posix/mbedtls_user.h")
        write(OUT, "mbedtls_user.h", user)
        return ["-DUSOCKET_TLS=1", '-DMBEDTLS_USER_CONFIG_FILE="%s"' % os.path.abspath(OUT + "/mbedtls_user.h"), "-isystem", self.mbedtls + "/include"]


def compiled(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, done.stdout


class Count:
    def __init__(self, pool, ports, whole):
        self.pool, self.passed, self.failed = pool, 0, 0
        headers = [name for tree in ("include", "src", "port", OUT, ports.lwip + "/src/include", *ports.options.values())
                   for name in glob.glob(tree + "/**/*.h", recursive=True)]
        self.common = cache.key(*cache.contents([*headers, __file__, *glob.glob(ports.tree + "/py/*.h")]))
        self.results = {}  # {compiler, source, its text behind the preprocessor: result}
        shared, own = sorted(glob.glob("src/*/*.c") + glob.glob("port/*.c")), sorted(glob.glob("port/lwip_raw/*.c"))
        self.files = shared + own
        self.compiled = self.files if whole else units.of(shared, OUT) + own

    def say(self, good, what, detail=""):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        print(("ok   " if good else "FAIL ") + what + ("" if good or not detail else "\n" + detail), flush=True)

    def one(self, command, name):
        """Compile a source; with the optimizer, where an earlier command made the same text of it, the result is that one."""
        if "-S" not in command:
            return compiled([*command, name])
        words = [word for word in command if word != "-S"]
        text = subprocess.run([*words, "-E", "-P", "-o", "-", name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        key = command[0], name, text.stdout, text.returncode
        if text.returncode or key not in self.results:
            self.results[key] = compiled([*command, name])
        return self.results[key]

    def compile(self, what, command):
        """Compile everything."""
        key = cache.key("lwipopts", *self.compiled, cache.version(command[0]), *command, self.common, *cache.contents(self.files))
        bad = []
        if not cache.known(key):
            bad = [text for good, text in self.pool.map(lambda name: self.one(command, name), self.compiled) if not good]
        if not bad:
            cache.remember(key)
        self.say(not bad, what, "\n".join(bad)[:3000])

    def refuse(self, words, command):
        """Compile a file that must not compile."""
        good, text = compiled([*command, "port/lwip_raw/system.c"])
        errors = re.findall(r"#error (.*)", text)
        self.say(not good and any(error.strip('"').startswith(words) for error in errors), f"an #error: {words}", text[:1500] or "it compiles")


def main():
    whole = sys.argv[1:2] == ["--all"]
    if len(sys.argv) != 4 + whole:
        sys.exit(__doc__)
    os.chdir(ROOT)
    shutil.rmtree(OUT, ignore_errors=True)
    ports = Ports(*(os.path.relpath(path) for path in sys.argv[1 + whole:]))
    for number, (words, lines, _) in enumerate(ERRORS):
        ports.flags("rp2", lines, f"error{number}")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        count = Count(pool, ports, whole)
        count.say(EXPECTED <= set(ports.options), "the ports of the tree: " + ", ".join(sorted(ports.options)))
        for name in sorted(ports.options):
            enter = ports.enter[name]
            count.say(len(enter) == 1, f"{name}: " + (re.sub(r"\s+", " ", enter[0]) if enter else "MICROPY_PY_LWIP_ENTER is missing"))
            for compiler, words in COMPILERS.items():
                if compiler == "Cortex-M0+" and name != SMALLEST:
                    continue
                for knobs, options in KNOBS.items():
                    if knobs and not whole and name not in USUAL:
                        continue
                    if knobs and "-S" in words:  # the optimizer reads each port once
                        words = [*words[:words.index("-Os")], "-fsyntax-only"]
                    count.compile(f"{name}, {compiler}{', ' * bool(knobs)}{knobs}", [*words, *WARNINGS, *ports.flags(name), *options])
                if name in USUAL:
                    count.compile(f"{name}, {compiler}, TLS", [*COMPILERS[compiler], *WARNINGS, *ports.flags(name), *ports.tls()])
        for number, (words, lines, options) in enumerate(ERRORS):
            count.refuse(words, [*COMPILERS["this machine"], *WARNINGS, *ports.flags("rp2", lines, f"error{number}"), *options])
        for path in sorted(glob.glob("port/lwip_raw/*.h")):
            with open(path) as file:
                for text in re.findall(r'^#error "(.*)"', file.read(), re.M):
                    count.say(any(text.startswith(words) for words, _, _ in ERRORS), f"tested: #error {text}")
    print(f"{count.passed} passed, {count.failed} failed, 0 skipped")
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
