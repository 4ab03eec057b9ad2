#!/usr/bin/env python3
"""Test the build files for MicroPython's ports: micropython.cmake and micropython.mk, in the root and in micropython/, and make lib.

usage: run.py --tree MICROPYTHON --lwip LWIP [--mbedtls MBEDTLS] [-v]

- a mistake in a variable, a knob or a header of knobs is an error that lists what there is (MISTAKES): with make and MicroPython's
  py/py.mk, with CMake and MicroPython's py/usermod.cmake, a knob also in make lib; what is right (RIGHT) is accepted
- each form of USER_C_MODULES takes all sources of the port
- CMake in the order of ports/rp2 (test/board/standin): the generated headers have the modules, and objects that contain them compile
- MicroPython's own ports/rp2 and ports/esp32, in a tree with stand-ins for the chip makers' SDKs, configure and have all sources
The last line counts.
"""

import argparse
import glob
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(ROOT, "test", "usermod")
sys.path.insert(0, os.path.join(ROOT, "tools"))

import builds  # noqa: E402

COMPILER = "arm-none-eabi-gcc"
VARIABLES = "USOCKET_PORT USOCKET_TLS USOCKET_BOARD_C USOCKET_CONFIG"
PORTS = " ".join(sorted(os.path.basename(os.path.dirname(path)) for path in glob.glob(ROOT + "/port/*/platform.h")))
with open(ROOT + "/include/usocket/config.h", encoding="utf-8") as config:
    KNOBS = sorted(set(re.findall(r"(?m)^#ifndef (USOCKET_\w+)\n#(?:define|if) ", config.read())) - {"USOCKET_CONFIG_H"})
BOARD_C = ROOT + "/test/board/usocket_board.c"

HEADERS = {
    "right.h": "#ifndef USOCKET_BOARD_CONFIG_H\n#define USOCKET_BOARD_CONFIG_H\n/* #define USOCKET_IPV_6 0 */\n# define USOCKET_IPV6 0\n"
               "#define USOCKET_PY_FILE_BUFFER (2 * 256) /* bytes */\n#define OTHER_USOCKET_KNOB 1\n#endif\n",
    "wrong.h": "#define USOCKET_IPV6 0\n  #  define\tUSOCKET_PY_EXTRA 0\n",
    "word.h": "#define USOCKET_IPV6 off\n",
}
IN_FLAGS = "-DUSOCKET_CONFIG_FILE=\\\"{}\\\""

# (variables, what the message says, also with make lib). {} is the directory of HEADERS.
MISTAKES = (
    ({"USOCKET_TSL": "1"}, ("not a variable of usocket: USOCKET_TSL", VARIABLES), False),
    ({"USOCKET_PROT": "lwip"}, ("not a variable of usocket: USOCKET_PROT", VARIABLES), False),
    ({"USOCKET_IPV6": "0"}, ("not a variable of usocket: USOCKET_IPV6", VARIABLES, "CFLAGS_EXTRA=-DNAME=VALUE"), False),
    ({"USOCKET_PORT": "lwip_row"}, ("USOCKET_PORT=lwip_row is not a port", PORTS), False),
    ({"USOCKET_TLS": "yes", "USOCKET_PORT": "lwip_raw"}, ("USOCKET_TLS=yes: it is 0 or 1",), False),
    ({"USOCKET_TLS": "1", "USOCKET_PORT": "lwip"}, ("USOCKET_TLS=1 is for USOCKET_PORT=lwip_raw", "-DUSOCKET_TLS=1"), False),
    ({"USOCKET_BOARD_C": "{}/none.c"}, ("USOCKET_BOARD_C={}/none.c: there is no such file",), False),
    ({"USOCKET_CONFIG": "none.h"}, ("USOCKET_CONFIG=none.h is not in", "Give its whole path"), False),
    ({"USOCKET_CONFIG": "{}/none.h"}, ("USOCKET_CONFIG={}/none.h is not in",), False),
    ({"CFLAGS_EXTRA": "-O1 -DUSOCKET_IPV_6=0"}, ("not a knob of usocket: USOCKET_IPV_6", *KNOBS), True),
    ({"CFLAGS_EXTRA": "-D USOCKET_PY_EXTRA=0"}, ("not a knob of usocket: USOCKET_PY_EXTRA.", *KNOBS), True),
    ({"CFLAGS_EXTRA": "'-DUSOCKET_TSL=1' -O1"}, ("not a knob of usocket: USOCKET_TSL.",), True),
    ({"CFLAGS_EXTRA": "-DUSOCKET_LARGE=1"}, ("not a knob of usocket: USOCKET_LARGE.",), True),
    ({"CFLAGS_EXTRA": "-DUSOCKET_IPV6=no"}, ("the value of a knob of usocket is a number: USOCKET_IPV6=no",), True),
    ({"USOCKET_CONFIG": "{}/wrong.h"}, ("{}/wrong.h: not a knob of usocket: USOCKET_PY_EXTRA.", *KNOBS), False),
    ({"USOCKET_CONFIG": "wrong.h", "CFLAGS_EXTRA": "-I{}"}, ("{}/wrong.h: not a knob of usocket: USOCKET_PY_EXTRA.",), False),
    ({"CFLAGS_EXTRA": IN_FLAGS.format("{}/wrong.h")}, ("{}/wrong.h: not a knob of usocket: USOCKET_PY_EXTRA.",), True),
    ({"USOCKET_CONFIG": "{}/word.h"}, ("the value of a knob of usocket is a number: USOCKET_IPV6=off",), False),
)
# (variables, what the flags have)
RIGHT = (
    ({}, "USOCKET_IN_MICROPYTHON=1"),
    ({"CFLAGS_EXTRA": " ".join(f"-D{name}=1" for name in KNOBS)}, ""),
    ({"USOCKET_CONFIG": "{}/right.h"}, "{}/right.h"),
    ({"CFLAGS_EXTRA": IN_FLAGS.format("{}/right.h")}, ""),
    ({"USOCKET_PORT": "lwip_raw", "USOCKET_TLS": "1", "USOCKET_BOARD_C": BOARD_C}, "USOCKET_TLS_SESSIONS=0"),
    ({"USOCKET_PORT": "rtthread", "CFLAGS_EXTRA": "-DUSOCKET_USING_TLS"}, "usocket_config.h"),
    ({"USOCKET_HOME": "{}"}, ""),
)


def run(*command, **variables):
    """The status and the output, with the line breaks of CMake's messages as spaces."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "USOCKET_", "CFLAGS")) and name != "MFLAGS"}
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          env={**environment, **variables}, cwd=ROOT)
    return done.returncode, " ".join(done.stdout.split())


def binding_and_core(port):
    return {os.path.join(ROOT, path) for path in builds.core(port) | set(glob.glob("micropython/*.c"))}


class Test:
    def __init__(self, options, directory):
        self.tree, self.lwip, self.mbedtls, self.verbose, self.directory = options.tree, options.lwip, options.mbedtls, options.verbose, directory
        self.passed = self.failed = self.skipped = 0
        for name, text in HEADERS.items():
            with open(os.path.join(directory, name), "w") as file:
                file.write(text)

    def check(self, good, what, output=""):
        self.passed += bool(good)
        self.failed += not good
        if not good or self.verbose:
            print(("pass  " if good else "FAIL  ") + what + (f": {output[-1500:]}" if output else ""), flush=True)

    def skip(self, what, reason):
        self.skipped += 1
        print(f"skip  {what}: {reason}", flush=True)

    # ---- The ways to build; `settings` are variables as a user gives them ----

    def make(self, settings, modules=ROOT):
        return run("make", "-s", "-C", HERE, f"TREE={self.tree}", f"BUILD={self.directory}/make", f"USER_C_MODULES={modules}",
                   *(f"{name}={value}" for name, value in settings.items()))

    def configure(self, modules, *words, **variables):
        return run("cmake", "-U", "USOCKET_*", "-S", HERE, "-B", self.directory + "/cmake", f"-DMICROPY_DIR={self.tree}", f"-DUSER_C_MODULES={modules}",
                   *words, **variables)

    def cmake(self, settings, modules=ROOT):
        """Variables go to CMake as such, flags to its environment."""
        flags = {name: value for name, value in settings.items() if name == "CFLAGS_EXTRA"}
        return self.configure(modules, *(f"-D{name}={value}" for name, value in settings.items() if name not in flags), **flags)

    def cmake_by_make(self, settings):
        """The variables of a command line of make are in the environment of a CMake that it calls."""
        return self.configure(ROOT, **settings)

    def lib(self, settings):
        return run("make", "-n", "lib", f"LIB_DIR={self.directory}/lib", "CFLAGS=" + settings.get("CFLAGS_EXTRA", ""))

    def filled(self, value):
        return value.replace("{}", self.directory)

    # ---- The tests ----

    def settings(self, ways):
        for way in ways:
            for given, said, also_lib in MISTAKES:
                if way == self.lib and not also_lib or way == self.cmake_by_make and "CFLAGS_EXTRA" in given:
                    continue
                given = {name: self.filled(value) for name, value in given.items()}
                status, output = way(given)
                lost = [part for part in map(self.filled, said) if part not in output]
                self.check(status != 0 and not lost, f"{way.__name__}: {given} is an error" + (f" with {lost}" if lost else ""), output)
            for given, has in RIGHT:
                if way == self.lib and not set(given) <= {"CFLAGS_EXTRA"} or way == self.cmake_by_make and "CFLAGS_EXTRA" in given:
                    continue
                status, output = way({name: self.filled(value) for name, value in given.items()})
                flags = output.partition("flags:")[2]
                self.check(status == 0 and (way == self.lib or self.filled(has) in flags), f"{way.__name__}: {given} is accepted", output)

    def again(self):
        """A wrong variable does not stay in CMake's cache, and a board's own definitions are looked at."""
        self.check(self.cmake({"USOCKET_PORT": "lwip_row"})[0] != 0, "cmake: a wrong port")
        status, output = run("cmake", self.directory + "/cmake")
        self.check(status == 0, "cmake: the next run, without it", output)
        status, output = self.cmake({"BOARD_DEFINITIONS": "USOCKET_IPV_6=0"})
        self.check(status != 0 and "not a knob of usocket: USOCKET_IPV_6" in output, "cmake: a mistyped knob among the board's definitions", output)
        status, output = self.cmake({"BOARD_DEFINITIONS": "USOCKET_IPV6=0"})
        self.check(status == 0, "cmake: a knob among the board's definitions", output)

    def forms(self):
        """All forms of USER_C_MODULES that MicroPython accepts."""
        expected = binding_and_core("posix")
        modules = self.directory + "/modules"
        os.mkdir(modules)
        os.symlink(ROOT, modules + "/usocket")
        for form in (ROOT, ROOT + "/micropython", ROOT + "/micropython.cmake", ROOT + "/micropython/micropython.cmake", modules + "/usocket"):
            status, output = self.cmake({}, form)
            found = {os.path.realpath(path) for path in output.partition("sources: ")[2].partition(" flags:")[0].split(";")}
            self.check(status == 0 and found == expected, f"cmake: USER_C_MODULES={form}", output)
        for form in (ROOT, modules):
            status, output = self.make({}, form)
            found = {f"{ROOT}/{path}.c" for path in re.findall(r"/make/usocket/(\S+)\.o\b", output)}
            self.check(status == 0 and found == expected, f"make: USER_C_MODULES={form}", output)
        os.symlink(ROOT + "/micropython", modules + "/again")
        status, output = self.make({}, modules)
        self.check(status != 0 and "usocket is twice in" in output, "make: usocket twice", output)

    def standin(self):
        where = self.directory + "/standin"
        status, output = run("cmake", "-S", "test/board/standin", "-B", where, f"-DMICROPY_DIR={self.tree}", f"-DLWIP_DIR={self.lwip}",
                             f"-DUSER_C_MODULES={ROOT}", CFLAGS_EXTRA="-DUSOCKET_PY_TEXT=0", CMAKE_EXPORT_COMPILE_COMMANDS="1")
        self.check(status == 0, "standin: cmake configures", output)
        status, output = run("make", "-s", "-C", where, "headers")
        self.check(status == 0, "standin: the headers are generated", output)
        path = where + "/genhdr/moduledefs.h"
        modules = open(path, encoding="utf-8").read() if os.path.exists(path) else ""
        for name in ("socket", "usocket"):
            self.check(f"MP_ROM_QSTR(MP_QSTR_{name}), MP_ROM_PTR(&mod_usocket_module)" in modules, f"standin: {name} is this module")
        self.check(modules and "mp_module_lwip" not in modules, "standin: modlwip.c is out")
        for source, symbol, flag in (("micropython/module_table.c", "mod_usocket_module", "-DUSOCKET_PY_TEXT=0"),
                                     ("src/sockets/socket.c", "usocket_open", "-DUSOCKET_IS_SOCKET=1"),
                                     ("port/lwip_raw/sockets.c", "usocket_port_open", 'USOCKET_CONFIG_FILE=')):
            command = self.commands(where).get(f"{ROOT}/{source}", "false")
            output = self.directory + "/object.o"
            status, said = run("sh", "-c", f"cd {where} && {command} -o {output}")
            self.check(status == 0 and flag in command and re.search(rf" [TR] {symbol}\n", self.names(output)),
                       f"standin: {source} is compiled and has {symbol}", said)

    @staticmethod
    def names(path):
        return subprocess.run(["arm-none-eabi-nm", path], stdout=subprocess.PIPE, text=True).stdout

    @staticmethod
    def commands(where):
        """The command of each file, from CMake's list."""
        if not os.path.exists(where + "/compile_commands.json"):
            return {}
        with open(where + "/compile_commands.json", encoding="utf-8") as file:
            return {os.path.realpath(row["file"]): row["command"] for row in json.load(file)}

    def shadow(self):
        """MicroPython's tree with the submodules that ports/rp2 and ports/esp32 ask for."""
        where = self.directory + "/tree"
        os.makedirs(where + "/lib/micropython-lib")
        os.makedirs(where + "/lib/berkeley-db-1.xx/btree")
        os.makedirs(where + "/lib/berkeley-db-1.xx/mpool")
        ours = {"lwip": self.lwip, "mbedtls": self.mbedtls, "pico-sdk": HERE + "/pico-sdk"}
        for name in set(os.listdir(self.tree)) - {"lib", "ports"}:
            os.symlink(f"{self.tree}/{name}", f"{where}/{name}")
        for name in (set(os.listdir(self.tree + "/lib")) | set(ours)) - {"micropython-lib", "berkeley-db-1.xx"}:
            os.symlink(ours.get(name, f"{self.tree}/lib/{name}"), f"{where}/lib/{name}")
        for port in ("rp2", "esp32"):
            shutil.copytree(f"{self.tree}/ports/{port}", f"{where}/ports/{port}")
        with open(self.tree + "/extmod/extmod.cmake", encoding="utf-8") as file:
            empty = ["berkeley-db-1.xx/" + name for name in re.findall(r"\$\{MICROPY_LIB_BERKELEY_DIR\}/(\w+/\w+\.c)", file.read())]
        for name in (*empty, "berkeley-db-1.xx/README", "micropython-lib/README.md"):
            open(f"{where}/lib/{name}", "w").close()
        return where

    def own_ports(self):
        """ports/rp2 with the command of its Makefile, for a board with lwIP, and ports/esp32."""
        tree = self.shadow()
        board = self.directory + "/BOARD"
        os.mkdir(board)
        with open(board + "/mpconfigboard.cmake", "w") as file:
            file.write("set(MICROPY_PY_LWIP 1)\n")
        words = [f"BOARD_DIR={board}", f"USER_C_MODULES={ROOT}", "USOCKET_TLS=1", f"USOCKET_BOARD_C={BOARD_C}"]
        for name, mistake in (("rp2", []), ("rp2 with a mistake", ["USOCKET_TSL=1"])):
            where = self.directory + "/rp2"
            shutil.rmtree(where, ignore_errors=True)
            status, output = run("make", "-C", tree + "/ports/rp2", f"BUILD={where}", "MAKE_ARGS=-n edit_cache", *words, *mistake,
                                 CMAKE_EXPORT_COMPILE_COMMANDS="1")
            if mistake:
                self.check(status != 0 and "not a variable of usocket: USOCKET_TSL" in output and VARIABLES in output, f"{name}: an error", output)
            else:
                self.own_port(name, status, output, where, "lwip_raw", ("-DUSOCKET_TLS=1", "-DUSOCKET_IS_SOCKET=1"))
                commands = self.commands(where)
                self.check(BOARD_C in commands and not [path for path in commands if path.endswith("modlwip.c")], "rp2: the board's file is in, modlwip.c is out")
        where = self.directory + "/esp32"
        status, output = run("cmake", "-S", tree + "/ports/esp32", "-B", where, "-DMICROPY_BOARD=ESP32_GENERIC", f"-DUSER_C_MODULES={ROOT}",
                             "-DUSOCKET_PORT=lwip", CMAKE_EXPORT_COMPILE_COMMANDS="1", IDF_PATH=HERE + "/esp-idf")
        self.own_port("esp32", status, output, where, "lwip", ("-DMICROPY_PY_SOCKET=1",))

    def own_port(self, name, status, output, where, port, flags):
        self.check(status == 0, f"{name}: cmake configures", output)
        commands = self.commands(where)
        lost = binding_and_core(port) - set(commands)
        self.check(not lost, f"{name}: not compiled: {sorted(lost)[:5]}")
        words = shlex.split(commands.get(ROOT + "/micropython/modusocket.c", ""))
        self.check(set(flags) <= set(words), f"{name}: the flags {' '.join(flags)}", " ".join(words))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", required=True, type=os.path.realpath)
    parser.add_argument("--lwip", required=True, type=os.path.realpath)
    parser.add_argument("--mbedtls", type=os.path.realpath)
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as directory:
        test = Test(options, os.path.realpath(directory))
        test.settings([test.make, test.lib])
        if not shutil.which("cmake"):
            test.skip("the tests with CMake", "cmake is not installed")
        else:
            test.settings([test.cmake, test.cmake_by_make])
            test.again()
            test.forms()
            if not os.path.exists(options.tree + "/ports/rp2/CMakeLists.txt"):
                test.skip("ports/rp2 and ports/esp32", "this tree of MicroPython has no boards")
            elif not shutil.which(COMPILER):
                test.skip("ports/rp2 and ports/esp32", f"{COMPILER} is not installed")
            else:
                test.standin()
                if options.mbedtls:
                    test.own_ports()
    print(f"{test.passed} passed, {test.failed} failed, {test.skipped} skipped")
    return 1 if test.failed else 0


if __name__ == "__main__":
    sys.exit(main())
