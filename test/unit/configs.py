#!/usr/bin/env python3
"""The library on lwIP and on RT-Thread compiles without a warning in every configuration; POSIX has the C tests' variants.

usage: test/unit/configs.py LWIP-TREE MBEDTLS-TREE
"""

import concurrent.futures
import glob
import os
import subprocess
import sys

CC = "gcc -std=c99 -Wall -Wextra -Werror -Wconversion -Iinclude -fsyntax-only".split()
# Configurations that are also compiled with TLS; on RT-Thread with mbedTLS as its package configures it.
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
            "-DUSOCKET_CLOCK_STEP_US=1000", "-DUSOCKET_UNIX=0"] + ["-DUSOCKET_%s=0" % knob for knob in knobs] + (
                ["-DUSOCKET_TLS=1", '-DMBEDTLS_USER_CONFIG_FILE="%s"' % os.path.abspath("port/posix/mbedtls_user.h"),
                 "-isystem", mbedtls + "/include"] if tls else [])


def rtthread(knobs, tls, _tree, mbedtls):
    header = os.path.abspath("%s/%s%s.h" % (OUT, "_".join(knobs) or "everything", "_tls" * tls))
    with open(header, "w") as file:
        file.write("#include <rtconfig.h>\n")
        file.writelines("#undef USOCKET_USING_%s\n" % MENU.get(knob, knob) for knob in knobs)
        file.write("#define USOCKET_USING_TLS\n" * tls + '#include "usocket_config.h"\n')
    return ["-D__RTTHREAD__", '-DUSOCKET_CONFIG_FILE="%s"' % header, "-Itest/sal/rtthread", "-Iport/rtthread", "-Itest/sal/include"] + (
        ["-DMBEDTLS_CONFIG_FILE=<tls_config.h>", '-DMBEDTLS_USER_CONFIG_FILE="%s"' % os.path.abspath("port/rtthread/mbedtls_user.h"),
         "-isystem", mbedtls + "/include"] if tls else [])


def compiles(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, done.stdout


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    os.makedirs(OUT, exist_ok=True)
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for port, options in (("lwip", lwip), ("rtthread", rtthread)):
            for knobs, tls in configurations():
                flags = options(knobs, tls, *sys.argv[1:])
                files = sorted(glob.glob("src/*/*.c") + glob.glob("port/*.c") + glob.glob("port/%s/*.c" % port))
                results = list(pool.map(compiles, [CC + flags + [name] for name in files]))
                bad = [text for good, text in results if not good]
                which = "without " + ", ".join(knobs) if knobs else "with everything"
                which += ", TLS" * tls
                print("%s %s %s" % ("FAIL" if bad else "ok  ", port, which), flush=True)
                print("\n".join(bad), end="\n" if bad else "")
                passed, failed = passed + (not bad), failed + bool(bad)
    print("%d passed, %d failed, 0 skipped" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
