#!/usr/bin/env python3
"""The library compiles without a warning in every configuration.

usage: test/unit/configs.py [--each] LWIP-TREE MBEDTLS-TREE        on lwIP and on RT-Thread
       test/unit/configs.py [--each] posix COMPILER 'KNOB=VALUE KNOB=VALUE ...'...

--each: every file by itself, which also finds an include that a file lacks; otherwise the files of a folder as one (tools/units.py).
A configuration whose sources, headers and flags are those of an earlier clean run is not compiled again (tools/cache.py).
"""

import concurrent.futures
import glob
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
import cache
import units

CC = "gcc -std=c99 -Wall -Wextra -Werror -Wconversion -Iinclude -fsyntax-only".split()
# Configurations that are also compiled with TLS; on RT-Thread with mbedTLS as its package configures it, and with 5.2 instead of 4.0.3.
WITH_TLS = ((), ("IPV6",), ("SERVER",), ("DATAGRAMS",), ("NAMES",), ("THREADS",), ("WORDS",), ("TLS_CONSTRAINTS",))
KNOBS = ("IPV6", "SERVER", "DATAGRAMS", "NAMES", "RESOLVER_WORKERS", "THREADS", "WORDS")
# menuconfig's names that differ
MENU = {"DATAGRAMS": "DGRAM", "RESOLVER_WORKERS": "RESOLVER_WORKER"}
OUT = "build/configs"


def configurations():
    """(knobs at 0, True with TLS): everything; each knob alone; a TCP client."""
    return [(knobs, False) for knobs in [(), *((knob,) for knob in KNOBS), KNOBS]] + [(knobs, True) for knobs in WITH_TLS]


def lwip(knobs, tls, tree, mbedtls):
    return ["-Iport/lwip", "-Itest/lwip", "-isystem", tree + "/src/include", "-isystem", tree + "/contrib/ports/unix/port/include",
            '-DUSOCKET_CONFIG_FILE="usocket_config.h"'] + ["-DUSOCKET_%s=0" % knob for knob in knobs] + (
                ["-DUSOCKET_TLS=1", '-DMBEDTLS_USER_CONFIG_FILE="%s"' % os.path.abspath("port/posix/mbedtls_user.h"),
                 "-isystem", mbedtls + "/include"] if tls else [])


def rtthread(knobs, tls, _tree, mbedtls):
    header = os.path.abspath("%s/%s%s.h" % (OUT, "_".join(knobs) or "everything", "_tls" * tls))
    with open(header, "w") as file:
        file.write("#include <rtconfig.h>\n")
        file.writelines("#undef USOCKET_USING_%s\n" % MENU.get(knob, knob) for knob in knobs)
        file.write("#define USOCKET_USING_TLS\n" * tls + '#include "usocket_config.h"\n')
    return ["-DLOOK_VERSION=%d" % (50200 if tls else 40003), "-D__RTTHREAD__", '-DUSOCKET_CONFIG_FILE="%s"' % header, "-Itest/sal/rtthread", "-Iport/rtthread", "-Itest/sal/include"] + (
        ["-DMBEDTLS_CONFIG_FILE=<tls_config.h>", '-DMBEDTLS_USER_CONFIG_FILE="%s"' % os.path.abspath("port/rtthread/mbedtls_user.h"),
         "-isystem", mbedtls + "/include"] if tls else [])


def compiles(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, done.stdout


def headers(*trees):
    """The names of the headers that a configuration may include."""
    return [name for tree in ("include", "src", "port", "test/lwip", "test/sal", *trees) for name in glob.glob(tree + "/**/*.h", recursive=True)]


class Configurations:
    """Compiles configurations and counts them."""

    def __init__(self, pool, each, common):
        self.pool, self.each, self.common, self.passed, self.failed = pool, each, common, 0, 0

    def check(self, which, port, command):
        shared, own = sorted(glob.glob("src/*/*.c") + glob.glob("port/*.c")), sorted(glob.glob("port/%s/*.c" % port))
        key = cache.key("configuration", self.each, cache.version(command[0]), *command, self.common, *cache.contents([*shared, *own, __file__]))
        bad = []
        if not cache.known(key):
            bad = [text for good, text in self.pool.map(compiles, [command + [name] for name in [*(shared if self.each else units.of(shared, OUT)), *own]]) if not good]
        if not bad:
            cache.remember(key)
        print("%s %s %s" % ("FAIL" if bad else "ok  ", port, which), flush=True)
        print("\n".join(bad), end="\n" if bad else "")
        self.passed, self.failed = self.passed + (not bad), self.failed + bool(bad)


def main():
    each = sys.argv[1:2] == ["--each"]
    words = sys.argv[1 + each:]
    if len(words) < 2:
        sys.exit(__doc__)
    os.makedirs(OUT, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        if words[0] == "posix":
            found = Configurations(pool, each, cache.key(*cache.contents(headers())))
            for knobs in words[2:]:
                found.check("%s %s" % (words[1], knobs), "posix",
                            [words[1], *CC[1:], "-Iport/posix", *("-DUSOCKET_" + knob for knob in knobs.split())])
        else:
            found = Configurations(pool, each, cache.key(*cache.contents(headers(words[0] + "/src/include", words[0] + "/contrib/ports/unix", words[1] + "/include"))))
            for port, options in (("lwip", lwip), ("rtthread", rtthread)):
                for knobs, tls in configurations():
                    which = "without " + ", ".join(knobs) if knobs else "with everything"
                    found.check(which + ", TLS" * tls, port, CC + options(knobs, tls, *words))
    print("%d passed, %d failed, 0 skipped" % (found.passed, found.failed))
    return 1 if found.failed else 0


if __name__ == "__main__":
    sys.exit(main())
