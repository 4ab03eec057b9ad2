#!/usr/bin/env python3
"""Tests the package's SConscripts with scons: the compiled files, their headers, and the messages for mistakes.

usage: test/compat/test_scons.py

The functions of RT-Thread's building.py have substitutes here; the kernel's headers are those of test/sal, MicroPython's
those of test/compat. Everything is compiled in a directory with a space in its name. The last line counts.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import test_genhdr

ROOT = test_genhdr.ROOT
counts, check, say = test_genhdr.counts, test_genhdr.check, test_genhdr.say

BUILDING = '''
import os
from SCons.Script import *

Env, Projects, Rtt_Root, Options = None, [], "", {}
AddOption("--target", dest="target", type="string")


def GetDepend(depend):
    if isinstance(depend, list):
        return all(GetDepend(name) for name in depend)
    return Options.get(depend, False)


def GetCurrentDir():
    return os.path.dirname(File("SConscript").rfile().abspath)


def DefineGroup(name, src, depend, **group):
    if not GetDepend(depend):
        return []
    Env.AppendUnique(CPPPATH=group["CPPPATH"], CPPDEFINES=group["CPPDEFINES"])
    Projects.append(dict(group, name=name, path=GetCurrentDir(), src=File(src)))
    return []


def DoBuilding():
    for group in Projects:
        for source in group["src"]:
            Env.Object(source, CCFLAGS=Env["CCFLAGS"] + group["LOCAL_CCFLAGS"], CPPPATH=Env["CPPPATH"] + group["LOCAL_CPPPATH"])
'''

SCONSTRUCT = '''
import sys
sys.path.insert(0, {here!r})
sys.dont_write_bytecode = True
import building

DefaultEnvironment(tools=[])
building.Env = Environment(tools=["gcc", "cc"], CCFLAGS=" -Wall -Wextra -Werror -D__RTTHREAD__ ", LINKFLAGS=" -Wl,--gc-sections ",
                           CPPPATH=["#"] + {path!r})
building.Rtt_Root = {kernel!r}
building.Options = {options!r}
SConscript("packages/SConscript", variant_dir="build", duplicate=0)
building.DoBuilding()
print("for all:", [str(path) for path in building.Env["CPPPATH"]])
'''

PACKAGES = '''
objs = []
for name in {names!r}:
    objs += SConscript(name + "/SConscript")
Return("objs")
'''


class Board:
    """Write a BSP that contains the package."""

    def __init__(self, directory, *options, micropython=True, sal="sal/include", five=False):
        self.directory = directory
        os.makedirs(os.path.join(directory, "packages"))
        os.symlink(ROOT, os.path.join(directory, "packages", "usocket-latest"))
        if micropython:
            test_genhdr.package(os.path.join(directory, "packages", "micropython-v1.13.0"), 1, test_genhdr.own_hash)
        kernel = os.path.join(directory, "kernel")
        sal = os.path.join(kernel, "components", "net", sal)
        shutil.copytree(os.path.join(ROOT, "test", "sal", "include"), sal)
        # The configuration of the look-alike's board, with these options in place of its own.
        with open(os.path.join(ROOT, "test", "sal", "rtthread", "rtconfig.h")) as file:
            config = re.sub(r"(?m)^ *#define (?:PKG|USOCKET)_.*\n", "", file.read())
        options = dict.fromkeys(("PKG_USING_USOCKET", "RT_USING_SAL", "SAL_USING_POSIX", "RT_USING_POSIX", *options), 1)
        if five:
            options["LOOK_VERSION"] = "50200"
        options["PKG_MICROPYTHON_VER"] = '"v1.13.0"'
        self.write("rtconfig.h", "".join(f"#define {name}{'' if value == 1 else ' ' + value}\n" for name, value in options.items()) + config)
        self.write("rtconfig.py", "PLATFORM = 'gcc'\n")
        self.write("building.py", BUILDING)
        path = [os.path.join(ROOT, name) for name in ("test/sal/rtthread", "test/samples/include", "test/compat")] + [sal]
        self.write("SConstruct", SCONSTRUCT.format(here=directory, path=path, kernel=kernel, options=options))
        self.write("packages/SConscript", PACKAGES.format(names=["usocket-latest"]))
        self.write("compat_qstrs.h", "#define QDEF(id, text) id,\n" + "".join(f'QDEF(MP_QSTR_{name}, "")\n' for name in test_genhdr.THEIRS) +
                   '#include "qstrdefs.user.extmods.h"\n#undef QDEF\n')

    def write(self, name, text):
        with open(os.path.join(self.directory, name), "w") as file:
            file.write(text)

    def scons(self, *arguments, **environment):
        return subprocess.run(["scons", "-j2", *arguments], cwd=self.directory, capture_output=True, text=True,
                              env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1", **environment))

    def objects(self):
        found = set()
        for directory, _, names in os.walk(os.path.join(self.directory, "build")):
            found |= {os.path.relpath(os.path.join(directory, name[:-1] + "c"), os.path.join(self.directory, "build", "usocket-latest"))
                      for name in names if name.endswith(".o")}
        return found


def sources(*directories):
    return {os.path.relpath(path, ROOT) for directory in directories for path in glob.glob(os.path.join(ROOT, directory, "*.c"))}


LIBRARY = ("src/*", "port", "port/rtthread")
# test/unit/configs.py compiles TLS, because it has mbedTLS.
ALL = [name for name in test_genhdr.OPTIONS if name not in ("USOCKET_USING_SAMPLES", "USOCKET_USING_POSIX", "USOCKET_USING_TLS")]


def good_test(work):
    board = Board(os.path.join(work, "a board"), *ALL, "USOCKET_USING_SAMPLES", "PKG_USING_MICROPYTHON", "MICROPYTHON_USING_USEREXTMODS")
    with open("docs/rtthread.md", encoding="utf-8") as file:
        board.write("packages/SConscript", re.search(r"```\n(import os\nfrom building .*?)```", file.read(), re.DOTALL).group(1))
    result = board.scons()
    check("everything is compiled, in a path with a space", result.returncode == 0, result.stdout[-1500:] + result.stderr)
    check("and nothing else", board.objects() == sources(*LIBRARY, "micropython", "samples"), board.objects() ^ sources(*LIBRARY, "micropython", "samples"))
    said = re.search(r"^usocket: \d+ names, \d+ of them new to MicroPython \(\d+ bytes\)\n", result.stdout, re.M)
    check("the names are counted, those of SAL's constants", said, result.stdout[:500])
    board40 = Board(os.path.join(work, "older"), *ALL, "PKG_USING_MICROPYTHON", "MICROPYTHON_USING_USEREXTMODS", sal="sal_socket")
    check("and the same where RT-Thread 4.0 has SAL", said and said.group() in board40.scons("-n").stdout)
    again = board.scons()
    check("a second run compiles and prints nothing", "gcc" not in again.stdout and "usocket:" not in again.stdout, again.stdout[:1500])
    common = re.search(r"for all: (.*)", result.stdout).group(1)
    check("the public headers are on every program's include path, the private ones are not", "usocket-latest/include'" in common and "build/usocket'" in common and
          "usocket-latest/port" not in common, common)

    common = re.search(r"for all: (.*)", board.scons("-n", "--target=eclipse").stdout).group(1)
    check("but for projects of IDEs, which know no private path", "port/rtthread'" in common and "/port'" in common, common)

    board = Board(os.path.join(work, "tls"), *ALL, "USOCKET_USING_TLS", "PKG_USING_MBEDTLS", micropython=False)
    commands = board.scons("-n").stdout
    named = re.findall(r"MBEDTLS_USER_CONFIG_FILE=\S*mbedtls_user\.h", commands)
    check("with TLS, mbedTLS and all other sources see the package's settings", len(named) == len(sources(*LIBRARY)), named[:1])
    check("each function has a section, if the linker drops unused ones", commands.count(" -ffunction-sections -fdata-sections ") == len(sources(*LIBRARY)))
    construct = open(os.path.join(board.directory, "SConstruct")).read()
    board.write("SConstruct", construct.replace("-Wl,--gc-sections", ""))
    commands = board.scons("-n").stdout
    check("and else has not", "-sections" not in commands and commands.count(" -std=gnu99 ") == len(sources(*LIBRARY)), commands[:500])

    board = Board(os.path.join(work, "library"), *ALL, micropython=False)
    result = board.scons()
    check("without MicroPython: the library alone", result.returncode == 0 and board.objects() == sources(*LIBRARY), result.stdout[-1500:] + result.stderr)
    board = Board(os.path.join(work, "beside"), *ALL, "PKG_USING_MICROPYTHON", "MICROPYTHON_USING_USOCKET")
    result = board.scons("-n")
    check("beside MicroPython's own usocket: the library alone", result.returncode == 0 and "micropython/" not in re.sub(r"\S*packages/micropython\S*", "", result.stdout),
          result.stdout[-500:])
    result = without(board := Board(os.path.join(work, "off")), "PKG_USING_USOCKET").scons()
    check("switched off: nothing", result.returncode == 0 and not board.objects(), result.stdout + result.stderr)


def shim_test(work):
    """The mailbox size of UDP sockets, with a substitute for lwIP's options."""
    for size, expected in ((8, "8"), (0, "1")):
        board = Board(os.path.join(work, f"mailbox {size}"), *ALL, micropython=False, five=size == 0)
        text = open(os.path.join(board.directory, "rtconfig.h")).read()
        board.write("rtconfig.h", f"#define USOCKET_UDP_MAILBOX {size}\n" + text)
        construct = open(os.path.join(board.directory, "SConstruct")).read()
        board.write("SConstruct", construct.replace("building.Options = {", f"building.Options = {{'RT_USING_LWIP': 1, 'USOCKET_UDP_MAILBOX': {size}, ") +
                    'building.Env.AppendUnique(CPPPATH=["#lwip"])\nbuilding.Env.Object("lwip.c", CPPDEFINES=[])\n')
        os.makedirs(os.path.join(board.directory, "lwip", "lwip"))
        board.write("lwip/lwip/opt.h", '#include "lwipopts.h"\n')
        board.write("lwip/lwipopts.h", "#include <rtconfig.h>\n#define DEFAULT_UDP_RECVMBOX_SIZE 1\n")
        board.write("lwip.c", f'#include <lwip/opt.h>\n#if DEFAULT_UDP_RECVMBOX_SIZE != {expected}\n#error wrong\n#endif\nint lwip;\n')
        result = board.scons("lwip.o")
        check(f"lwIP's mailbox is {expected} when {size} is asked for", result.returncode == 0, result.stdout[-1500:] + result.stderr)


GROUP = '''
from building import *
DefineGroup({name!r}, {files}, depend=[], CPPPATH=[GetCurrentDir() + "/" + name for name in {path!r}], CPPDEFINES=[], LOCAL_CPPPATH=[], LOCAL_CCFLAGS="")
Return()
'''
# Neighbours of the package: mbedTLS, lwIP where RT-Thread has it up to 4.0 and from 4.1 on, and the board's programs.
NEIGHBOURS = {
    "mbedtls-v2.28.1/SConscript": GROUP.format(name="mbedtls", files='Glob("mbedtls/library/*.c") + Glob("ports/src/*.c")', path=["ports/inc"]),
    "mbedtls-v2.28.1/mbedtls/library/aes.c": "#include MBEDTLS_CONFIG_FILE\n",
    "mbedtls-v2.28.1/ports/src/tls_net.c": "#include MBEDTLS_CONFIG_FILE\n",
    "mbedtls-v2.28.1/ports/inc/tls_config.h": "#include <rtconfig.h>\n",
    "programs/SConscript": GROUP.format(name="programs", files='Glob("*.c")', path=["."]),
    "programs/main.c": '#include "usocket/usocket.h"\n',
    "programs/other.c": "int other;\n",
}
LWIPS = {
    "lwip-2.0.2": {"SConscript": GROUP.format(name="lwIP", files='Glob("src/*.c")', path=["src"]), "src/lwip/opt.h": '#include "lwipopts.h"\n',
                   "src/lwipopts.h": "#define LWIP_SO_LINGER 0\n", "src/tcp.c": "#include <lwip/opt.h>\n"},
    "lwip": {"SConscript": GROUP.format(name="lwIP", files='Glob("tree/*.c")', path=["tree/include", "port"]), "tree/include/lwip/opt.h": '#include "lwipopts.h"\n',
             "port/lwipopts.h": "#define LWIP_SO_LINGER 0\n", "tree/tcp.c": "#include <lwip/opt.h>\n"},
}


def again_test(work):
    """The files that a change of a header has compiled again: all that depend on it, and no others. No compiler runs."""
    for lwip, neighbours in LWIPS.items():
        neighbours = dict(NEIGHBOURS, **{f"{lwip}/{name}": text for name, text in neighbours.items()})
        board = Board(os.path.join(work, lwip), *ALL, "USOCKET_USING_TLS", "PKG_USING_MBEDTLS", "RT_USING_LWIP", "USOCKET_UDP_MAILBOX", micropython=False)
        ours = os.path.join(board.directory, "packages", "usocket-latest")
        os.unlink(ours)
        for name in ("include", "port", "src"):
            shutil.copytree(os.path.join(ROOT, name), os.path.join(ours, name))
        shutil.copy(os.path.join(ROOT, "SConscript"), ours)
        for name, text in neighbours.items():
            os.makedirs(os.path.dirname(os.path.join(board.directory, "packages", name)), exist_ok=True)
            board.write("packages/" + name, text)
        board.write("packages/SConscript", PACKAGES.format(names=["usocket-latest", "mbedtls-v2.28.1", lwip, "programs"]))
        construct = open(os.path.join(board.directory, "SConstruct")).read()
        board.write("SConstruct", construct.replace("SConscript(", 'building.Env.Replace(CCCOM="touch $TARGET")\nSConscript(', 1))
        result = board.scons()
        library = {"usocket-latest/" + name for name in sources(*LIBRARY)}
        everything = library | {name for name in neighbours if name.endswith(".c")}
        built = touched(result.stdout)
        if not check(f"{lwip}: {len(everything)} objects, each once", built == sorted(everything), result.stdout[-1500:] + result.stderr):
            continue
        check(f"{lwip}: and none of them again", touched(board.scons("-n").stdout) == [])
        of_mbedtls = {name for name in everything if "mbedtls" in name and "/src/tls/" not in name}
        of_lwip = {name for name in everything if name.startswith("lwip")}
        mailbox = {"usocket-latest/port/rtthread/mailbox.c"}
        public = library - mailbox | {"programs/main.c"}
        changes = (("rtconfig.h", public | mailbox | of_mbedtls | of_lwip), ("packages/usocket-latest/port/rtthread/usocket_config.h", public),
                   ("packages/usocket-latest/port/rtthread/mbedtls_user.h", of_mbedtls), ("packages/mbedtls-v2.28.1/ports/inc/tls_config.h", of_mbedtls),
                   (f"packages/{lwip}/{'src' if '-' in lwip else 'port'}/lwipopts.h", of_lwip | mailbox))
        for header, expected in changes if lwip == "lwip" else changes[-1:]:
            path = os.path.join(board.directory, header)
            text = open(path).read()
            board.write(header, text + "\n#define CHANGED 1\n")
            again = touched(board.scons("-n").stdout)
            board.write(header, text)
            check(f"{lwip}: after a change of {os.path.basename(header)} {len(expected)} objects again", again == sorted(expected),
                  sorted(set(again) ^ expected))


def touched(text):
    """The sources of the objects that scons makes, or would make."""
    return sorted(name + ".c" for name in re.findall(r"(?m)^touch build/(\S+)\.o$", text))


def without(board, name):
    """The board with an option off."""
    board.write("SConstruct", open(os.path.join(board.directory, "SConstruct")).read().replace(f"'{name}': 1, ", ""))
    return board


def mistakes_test(work):
    for what, word, board, environment in (
            ("MicroPython without user modules", "MICROPYTHON_USING_USEREXTMODS", Board(os.path.join(work, "one"), *ALL, "PKG_USING_MICROPYTHON"), {}),
            ("MicroPython nowhere", "USOCKET_MICROPYTHON", Board(os.path.join(work, "two"), *ALL, "PKG_USING_MICROPYTHON", "MICROPYTHON_USING_USEREXTMODS",
                                                                 micropython=False), {}),
            ("MicroPython not where it is said to be", "/nowhere", Board(os.path.join(work, "three"), *ALL, "PKG_USING_MICROPYTHON",
                                                                        "MICROPYTHON_USING_USEREXTMODS"), {"USOCKET_MICROPYTHON": "/nowhere"}),
            ("TLS without mbedTLS", "PKG_USING_MBEDTLS", Board(os.path.join(work, "four"), *ALL, "USOCKET_USING_TLS"), {}),
            ("a mistyped option", "USOCKET_USING_IPV_6, which nothing reads", Board(os.path.join(work, "seven"), *ALL, "USOCKET_USING_IPV_6"), {}),
            ("a mistyped knob", "USOCKET_TLS_SESSION, which nothing reads", Board(os.path.join(work, "eight"), *ALL, "USOCKET_TLS_SESSION"), {}),
            ("no SAL", "RT_USING_SAL", without(Board(os.path.join(work, "five"), *ALL), "RT_USING_SAL"), {}),
            ("sockets that poll does not know", "RT_USING_POSIX_POLL", without(Board(os.path.join(work, "six"), *ALL), "RT_USING_POSIX"), {})):
        result = board.scons(**environment)
        lines = [line for line in result.stdout.splitlines() if line.startswith("usocket:")]
        check(what + " is reported in one line", result.returncode != 0 and len(lines) == 1 and word in lines[0], result.stdout + result.stderr)
        check("and nothing is compiled", not board.objects())
    board = Board(os.path.join(work, "right"), *ALL, "USOCKET_TLS_SESSIONS", micropython=False)
    result = board.scons("-n")
    check("a knob in rtconfig.h is none", result.returncode == 0, result.stdout[-500:] + result.stderr)


def main():
    os.chdir(ROOT)
    if not shutil.which("scons"):
        say("skip", "scons: it is not installed")
    else:
        with tempfile.TemporaryDirectory() as work:
            for test in (good_test, shim_test, again_test, mistakes_test):
                os.mkdir(os.path.join(work, test.__name__))
                test(os.path.join(work, test.__name__))
    print(f"\n{counts['ok']} passed, {counts['FAIL']} failed, {counts['skip']} skipped")
    return 1 if counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
