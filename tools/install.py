#!/usr/bin/env python3
"""Install the C library, or remove it: `make install` and `make uninstall`.

usage: tools/install.py --prefix DIR [--libdir DIR] [--destdir DIR] --mbedtls none|own|system --command 'CC FLAGS' install ARCHIVE...
       tools/install.py --prefix DIR [--libdir DIR] [--destdir DIR] uninstall

The headers are fixed to the knobs of the library: the compiler and the flags that compiled it tell the value of each, and built.h has
them. A program that sets another value does not compile.

SPDX-License-Identifier: MIT
"""

import argparse
import os
import re
import subprocess
import sys

import manpages
import versions

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HEADERS = ("config.h", "errors.h", "names.h", "poller.h", "tls.h", "usocket.h", "version.h")
ARCHIVES = ("libusocket.a", "libusocket-mbedtls.a")
MBEDTLS = {"none": [], "own": ["usocket-mbedtls"], "system": ["mbedtls", "mbedx509", "mbedcrypto"]}
KNOB = re.compile(r"^#ifndef (USOCKET_\w+)\n(?:#if.*\n)?#define \1\b", re.M)
FILE_OF_KNOBS = """#ifdef USOCKET_CONFIG_FILE
#include USOCKET_CONFIG_FILE
#endif
"""
HOW_TO_SET = re.compile(r"(?m)^ \* A build sets a knob(?: .*)?\n(?: \* .*\n)*")
FIXED = " * The library is built: usocket/built.h has the value of each knob, and a program cannot choose\n * another.\n"
FOR_SCONS = re.compile(r"/\* Never compiled\. scons.*?#endif\n\n", re.S)
DIGITS = 7  # of the largest knob


def text_of(name):
    with open(os.path.join(ROOT, "include", "usocket", name), encoding="utf-8") as file:
        return file.read()


# ---- The headers ----

def knobs(command):
    """{name: value} of the library's knobs, as the command that compiled it sees them. Those of the MicroPython module are not among them."""
    names = [name for name in dict.fromkeys(KNOB.findall(text_of("config.h"))) if not name.startswith("USOCKET_PY_") and not name.endswith("_H")]
    # The preprocessor alone evaluates the values, digit by digit: nothing is run, so a cross compiler will do.
    lines = ['#include "usocket/config.h"']
    for name in names:
        for power in range(DIGITS):
            lines += [f"#if ({name}) / {10 ** power} % 10 == {digit}\nknob {name[8:]}_ {power} {digit}\n#endif" for digit in range(1, 10)]
        lines += [f"#if ({name}) < 0 || ({name}) >= {10 ** DIGITS}\n#error {name} is out of range\n#endif"]
    done = subprocess.run(f"{command} -E -P -x c -", shell=True, cwd=ROOT, input="\n".join(lines) + "\n", capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"FAILED: reading the knobs with {command}\n{done.stderr}")
    found = dict.fromkeys(names, 0)
    for name, power, digit in re.findall(r"^knob (\w+)_ (\d) (\d)$", done.stdout, re.M):
        found["USOCKET_" + name] += int(digit) * 10 ** int(power)
    return found


def built(values):
    """The text of built.h."""
    out = ["/* usocket - the knobs of the library that is installed here. Written by `make install`; config.h explains each of them.",
           " * Another value in a program is an error.", " *", " * SPDX-License-Identifier: MIT", " */", "#ifndef USOCKET_BUILT_H",
           "#define USOCKET_BUILT_H", "", "#ifdef USOCKET_CONFIG_FILE",
           '#error "the library is built: USOCKET_CONFIG_FILE can no longer choose its knobs"', "#endif", ""]
    for name, value in values.items():
        out += [f"#if defined({name}) && {name} - {value}", f'#error "the library was built with {name} {value}"', "#endif",
                f"#undef {name}", f"#define {name} {value}", ""]
    return "\n".join(out + ["#endif", ""])


def header(name):
    """The text of an installed header."""
    text = text_of(name)
    if name == "config.h":
        for pattern, replacement in ((HOW_TO_SET, FIXED), (FOR_SCONS, ""), (re.compile(re.escape(FILE_OF_KNOBS)), '#include "usocket/built.h"\n')):
            text, count = pattern.subn(replacement, text)
            if count != 1:
                sys.exit(f"FAILED: include/usocket/config.h does not have what tools/install.py replaces: {pattern.pattern}")
    return text


# ---- For builds of programs ----

def pkg_config(where, mbedtls):
    below = lambda path: "${prefix}/" + os.path.relpath(path, where.prefix) if (path + "/").startswith(where.prefix.rstrip("/") + "/") else path
    private = " ".join([f"-l{name}" for name in MBEDTLS[mbedtls]] + ["-pthread"])
    return f"""prefix={where.prefix}
libdir={below(where.libdir)}
includedir={below(where.include)}

Name: usocket
Description: Sockets with deadlines for whole calls, name lookups{', TLS' if mbedtls != 'none' else ''} and pollers; a static library
Version: {versions.version()}
Cflags: -I${{includedir}}
Libs: -L${{libdir}} -lusocket
Libs.private: {private}
"""


def cmake_config(where, mbedtls):
    here = os.path.join(where.libdir, "cmake", "usocket")
    names = MBEDTLS[mbedtls]
    own = '"${_usocket_libdir}/libusocket-mbedtls.a"'
    libraries = " ".join([own if name == "usocket-mbedtls" else name for name in names] + ["Threads::Threads"])
    return f"""# find_package(usocket): the target usocket::usocket. The paths are relative to this file.
include(CMakeFindDependencyMacro)
find_dependency(Threads)

get_filename_component(_usocket_libdir "${{CMAKE_CURRENT_LIST_DIR}}/{os.path.relpath(where.libdir, here)}" ABSOLUTE)
get_filename_component(_usocket_include "${{CMAKE_CURRENT_LIST_DIR}}/{os.path.relpath(where.include, here)}" ABSOLUTE)
if(NOT TARGET usocket::usocket)
  add_library(usocket::usocket STATIC IMPORTED)
  set_target_properties(usocket::usocket PROPERTIES
    IMPORTED_LOCATION "${{_usocket_libdir}}/libusocket.a"
    IMPORTED_LINK_INTERFACE_LANGUAGES C
    INTERFACE_INCLUDE_DIRECTORIES "${{_usocket_include}}"
    INTERFACE_LINK_LIBRARIES "{';'.join(libraries.split(' ')).replace('"', '')}")
endif()
set(usocket_TLS {'TRUE' if mbedtls != 'none' else 'FALSE'})
unset(_usocket_libdir)
unset(_usocket_include)
"""


def cmake_version(where, mbedtls):
    return f"""# A version 0.x is compatible with the same x alone.
set(PACKAGE_VERSION "{versions.version()}")
set(PACKAGE_VERSION_COMPATIBLE FALSE)
set(PACKAGE_VERSION_EXACT FALSE)
if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)
  set(PACKAGE_VERSION_EXACT TRUE)
endif()
if(PACKAGE_FIND_VERSION STREQUAL "" OR (PACKAGE_VERSION VERSION_GREATER_EQUAL PACKAGE_FIND_VERSION
    AND PACKAGE_FIND_VERSION_MAJOR EQUAL {versions.version().split('.')[0]}
    AND (PACKAGE_FIND_VERSION_COUNT EQUAL 1 OR PACKAGE_FIND_VERSION_MINOR EQUAL {versions.version().split('.')[1]})))
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
"""


# ---- The files ----

class Where:
    """The directories, without DESTDIR."""

    def __init__(self, prefix, libdir, destdir):
        self.prefix, self.libdir, self.destdir = prefix, libdir, destdir
        self.include = os.path.join(prefix, "include")
        self.headers = os.path.join(self.include, "usocket")
        self.pkg_config = os.path.join(libdir, "pkgconfig")
        self.cmake = os.path.join(libdir, "cmake", "usocket")
        self.man = os.path.join(prefix, "share", "man", "man3")

    def real(self, path):
        return self.destdir + path if self.destdir else path


def paths(where):
    """All that an installation may have."""
    return ([os.path.join(where.headers, name) for name in (*HEADERS, "built.h")] + [os.path.join(where.libdir, name) for name in ARCHIVES]
            + [os.path.join(where.pkg_config, "usocket.pc")]
            + [os.path.join(where.cmake, name) for name in ("usocketConfig.cmake", "usocketConfigVersion.cmake")]
            + [os.path.join(where.man, name) for name in manpages.made()])


def put(where, path, content):
    real = where.real(path)
    os.makedirs(os.path.dirname(real), mode=0o755, exist_ok=True)
    if os.path.lexists(real):
        os.remove(real)
    with open(real, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
    os.chmod(real, 0o644)


def install(where, mbedtls, command, archives):
    missing = [name for name in ARCHIVES[:1 + (mbedtls == "own")] if name not in map(os.path.basename, archives)]
    if missing:
        sys.exit(f"FAILED: installing: no {missing[0]} is named")
    values = knobs(command)
    if bool(values["USOCKET_TLS"]) != (mbedtls != "none"):
        sys.exit("FAILED: installing: USOCKET_TLS among the flags, use TLS=1 in its place" if values["USOCKET_TLS"] else "FAILED: installing: no USOCKET_TLS=1 among the flags")
    files = {os.path.join(where.headers, name): header(name) for name in HEADERS}
    files[os.path.join(where.headers, "built.h")] = built(values)
    for archive in archives:
        with open(archive, "rb") as file:
            files[os.path.join(where.libdir, os.path.basename(archive))] = file.read()
    files[os.path.join(where.pkg_config, "usocket.pc")] = pkg_config(where, mbedtls)
    files[os.path.join(where.cmake, "usocketConfig.cmake")] = cmake_config(where, mbedtls)
    files[os.path.join(where.cmake, "usocketConfigVersion.cmake")] = cmake_version(where, mbedtls)
    files.update({os.path.join(where.man, name): text for name, text in manpages.made().items()})
    # An archive of an earlier installation with TLS would be left over.
    remove(where, [path for path in paths(where) if path not in files])
    for path, content in files.items():
        put(where, path, content)
    print(f"usocket {versions.version()}: {len(files)} files in {where.real(where.prefix)}")


def remove(where, these):
    """The number of files that were there."""
    count = 0
    for path in these:
        if os.path.lexists(where.real(path)):
            os.remove(where.real(path))
            count += 1
    return count


def uninstall(where):
    count = remove(where, paths(where))
    for directory in (where.headers, where.cmake):
        try:
            os.rmdir(where.real(directory))
        except OSError:
            pass  # it is not there, or has files of others
    print(f"usocket: {count} files removed from {where.real(where.prefix)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--libdir")
    parser.add_argument("--destdir", default="")
    parser.add_argument("--mbedtls", choices=MBEDTLS, default="none")
    parser.add_argument("--command")
    parser.add_argument("what", choices=("install", "uninstall"))
    parser.add_argument("archives", nargs="*")
    options = parser.parse_args()
    prefix, libdir = os.path.normpath(options.prefix), os.path.normpath(options.libdir or os.path.join(options.prefix, "lib"))
    for name, path in (("PREFIX", prefix), ("LIBDIR", libdir)):
        if not os.path.isabs(path):
            sys.exit(f"FAILED: installing: {name}={path} is no absolute path")
    where = Where(prefix, libdir, options.destdir and os.path.abspath(options.destdir).rstrip("/"))
    if options.what == "install":
        install(where, options.mbedtls, options.command, options.archives)
    else:
        uninstall(where)


if __name__ == "__main__":
    main()
