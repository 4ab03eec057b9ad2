#!/usr/bin/env python3
"""Install the C library into empty directories, build a small project against it in three ways, and remove it again.

usage: test/install/run.py [--tls "own system"] [--filter REGEX]
       test/install/run.py --build NAME     only build this library

The libraries are in build/test-install/ (mk/install.mk). Everything else is in a directory outside the tree. The last line counts.

SPDX-License-Identifier: MIT
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import slow
import versions

PROJECT = os.path.join(ROOT, "test", "install", "project")
LIMIT = 120 * slow.factor()  # seconds for one command
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS", "PKG_CONFIG", "CMAKE")) and k not in ("CFLAGS", "CPPFLAGS", "TLS", "PREFIX", "DESTDIR", "LIBDIR")}
# name: (arguments of make, DESTDIR is used, the project's ways to build, the line that it prints)
SMALL = "-O0 -DUSOCKET_UNIX=0 -DUSOCKET_IPV6=0"
LIBRARIES = {
    "plain": (["TLS=0"], False, ("make", "cmake", "meson"), "unix=1 ipv6=1 tls=EPROTONOSUPPORT"),
    "knobs": (["TLS=0", "CFLAGS=" + SMALL], True, ("make", "cmake", "meson"), "unix=0 ipv6=0 tls=EPROTONOSUPPORT"),
    "own": (["TLS=1", "MBEDTLS=own"], False, ("make", "cmake"), "unix=1 ipv6=1 tls=yes"),
    "system": (["TLS=1", "MBEDTLS=system", "CFLAGS=-O0"], True, ("make", "cmake"), "unix=1 ipv6=1 tls=yes"),
}
counts = {"ok": 0, "FAIL": 0}


def check(what, good, why=""):
    verdict = "ok" if good else "FAIL"
    counts[verdict] += 1
    print(f"{verdict:5} {what}" + (f": {why}" if why and not good else ""), flush=True)
    return good


def run(*command, where=ROOT, text=None, **environment):
    """(exit status, output)"""
    try:
        done = subprocess.run(command, cwd=where, input=text, stdin=subprocess.DEVNULL if text is None else None, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", timeout=LIMIT, env={**ENVIRONMENT, **environment})
    except subprocess.TimeoutExpired:
        return -1, f"it did not end within {LIMIT:.0f} s (TEST_SLOW=)"
    return done.returncode, done.stdout


def files(top):
    return sorted(os.path.join(directory, name) for directory, _, names in os.walk(top) for name in names)


def make(*arguments):
    return run("make", "--no-print-directory", *arguments)


class Installation:
    """One library in a directory of its own."""

    def __init__(self, name, work):
        self.name, self.work = name, work
        self.arguments, self.staged, self.ways, self.line = LIBRARIES[name]
        self.root = os.path.join(work, name)
        if self.staged:
            # Debian's directory for this processor, which CMake and pkg-config know, below a prefix that does not exist.
            libdir = "/opt/usocket/lib/" + run("gcc", "-print-multiarch")[1].strip()
            self.where = ["PREFIX=/opt/usocket", "LIBDIR=" + libdir, "DESTDIR=" + self.root]
            self.prefix, self.libdir = self.root + "/opt/usocket", self.root + libdir
        else:
            self.where = ["PREFIX=" + self.root]
            self.prefix, self.libdir = self.root, self.root + "/lib"
        self.environment = {"PKG_CONFIG_PATH": self.libdir + "/pkgconfig", "CMAKE_PREFIX_PATH": self.prefix}
        if self.staged:
            self.environment["PKG_CONFIG_SYSROOT_DIR"] = self.root
        self.library = "LIB_DIR=build/test-install/" + name

    def check(self, what, good, why=""):
        return check(f"{self.name}: {what}", good, why)

    def install(self):
        status, text = make("install", self.library, *self.arguments, *self.where)
        return self.check("make install", status == 0, text)

    def build(self, way):
        """Build the project and run it."""
        project = os.path.join(self.work, f"{self.name}-{way}")
        shutil.copytree(PROJECT, project)
        steps = {"make": [["make"]], "cmake": [["cmake", "-S", ".", "-B", "out"], ["cmake", "--build", "out"]],
                 "meson": [["meson", "setup", "out"], ["meson", "compile", "-C", "out"]]}[way]
        for step in steps:
            status, text = run(*step, where=project, **self.environment)
            if status:
                return self.check(f"the project with {way}", False, text)
        status, text = run(os.path.join(project, "main" if way == "make" else "out/main"))
        sizes = 120 if "unix=1" in self.line else 28
        wanted = f"version={versions.version()} address={sizes} {self.line} talk=yes\n"
        return self.check(f"the project with {way}", status == 0 and text == wanted, text)

    def headers(self):
        """Each header alone, in C and in C++; no knob may differ from the library's, and none may be given by a file."""
        include = ["-I" + os.path.join(self.prefix, "include")]
        pedantic = ["-Wall", "-Wextra", "-Wundef", "-pedantic", "-Werror", "-fsyntax-only", *include]
        for name in ("usocket.h", "tls.h", "errors.h", "version.h", "config.h"):
            for language, compiler in (("c", ["gcc", "-std=c99"]), ("c++", ["g++"])):
                status, text = run(*compiler, "-x", language, *pedantic, "-", text=f'#include "usocket/{name}"\nextern int nothing;\n')
                self.check(f"{name} in {language}", status == 0, text)
        other = "-DUSOCKET_TLS=" + ("0" if "tls=yes" in self.line else "1")
        same = "-DUSOCKET_TLS=" + ("1" if "tls=yes" in self.line else "0")
        for what, flag, words in (("another knob", other, f"built with USOCKET_TLS {same[-1]}"), ("another number", "-DUSOCKET_RESOLVER_RESULTS=3", "built with USOCKET_RESOLVER_RESULTS 16"),
                                  ("a file of knobs", '-DUSOCKET_CONFIG_FILE="mine.h"', "USOCKET_CONFIG_FILE can no longer")):
            status, text = run("gcc", *pedantic, flag, "-x", "c", "-", text='#include "usocket/usocket.h"\n')
            self.check(what + " does not compile", status != 0 and words in text, text)
        status, text = run("gcc", *pedantic, same, "-x", "c", "-", text='#include "usocket/usocket.h"\n')
        self.check("the same knob compiles", status == 0, text)

    def texts(self):
        """The version, and no path of this tree."""
        status, text = run("pkg-config", "--modversion", "usocket", **self.environment)
        self.check("the version of pkg-config", text.strip() == versions.version(), text)
        naming = [path for path in files(self.root) if not path.endswith(".a") and ROOT in open(path, encoding="utf-8").read()]
        self.check("no path of the sources is in a file", not naming, naming)
        wrong = [path for path in files(self.root) if os.stat(path).st_mode & 0o777 != 0o644]
        self.check("the modes of the files are 644", not wrong, wrong)

    def uninstall(self):
        status, text = make("uninstall", *self.where)
        left = files(self.root) + [d for d in (os.path.join(self.prefix, "include", "usocket"), os.path.join(self.libdir, "cmake", "usocket")) if os.path.exists(d)]
        self.check("make uninstall leaves nothing", status == 0 and not left, text + "\n".join(left))

    def beside(self):
        """A file of another project in our directory stays."""
        other = os.path.join(self.prefix, "include", "usocket", "other.h")
        os.makedirs(os.path.dirname(other), exist_ok=True)
        open(other, "w").close()
        self.install()
        status, text = make("uninstall", *self.where)
        self.check("make uninstall leaves the file of another alone", status == 0 and files(self.root) == [other], text + "\n".join(files(self.root)))
        os.remove(other)


def pages(where):
    """Man pages without a warning of groff, mandoc and man; each function has one."""
    folder = os.path.join(where.prefix, "share", "man", "man3")
    names = sorted(os.listdir(folder))
    own = [name for name in names if not open(os.path.join(folder, name), encoding="utf-8").read().startswith(".so ")]
    check("man pages: usocket(3), and one for each group", "usocket.3" in own and len(own) > 10, own)
    for name in own:
        path = os.path.join(folder, name)
        for tool, command in (("groff", ["groff", "-man", "-Tutf8", "-ww", "-z", path]), ("mandoc", ["mandoc", "-T", "lint", "-W", "warning", path])):
            status, text = run(*command)
            check(f"{name}: {tool}", status == 0 and not text, text)
    status, text = run("man", "--warnings", "-l", os.path.join(folder, "usocket.3"), MANWIDTH="80", LC_ALL="C.UTF-8")
    check("man -l usocket.3", status == 0 and "man: warning" not in text and "troff:" not in text and "USOCKET_EBADF" in text, text)
    # A page of a function leads to the page of its group.
    status, text = run("man", "-M", os.path.join(where.prefix, "share", "man"), "usocket_recv_line_by", MANWIDTH="80", LC_ALL="C.UTF-8")
    check("man usocket_recv_line_by", status == 0 and "usocket_recv_line_by" in text and "USOCKET_ETIMEDOUT" in text, text[:2000])
    status, text = run("nm", "-g", "--defined-only", os.path.join(where.libdir, "libusocket.a"))
    public = re.findall(r"^(?:(?:const )?\w+ )+\*?(usocket_\w+)\(", "".join(open(os.path.join(where.prefix, "include", "usocket", name), encoding="utf-8").read()
                                                                 for name in ("usocket.h", "names.h", "poller.h", "errors.h")), re.M)
    check("every function has a page", public and not [name for name in public if name + ".3" not in names], [name for name in public if name + ".3" not in names])
    defined = {symbol.split("_compiled_with_")[0] for symbol in re.findall(r" T (usocket_\w+)$", text, re.M)}
    check("every function of the headers is in the library", not set(public) - defined - set(inlined(where)), sorted(set(public) - defined - set(inlined(where))))


def inlined(where):
    """The functions that the headers define."""
    folder = os.path.join(where.prefix, "include", "usocket")
    return [name for header in os.listdir(folder) for name in re.findall(r"(?m)^static inline \w+ (usocket_\w+)\(", open(os.path.join(folder, header), encoding="utf-8").read())]


def wanted_versions(where):
    """A project that asks for another version does not get this one."""
    major, minor, patch = map(int, versions.version().split("."))
    for asked, good in (("", True), (f"{major}.{minor}", True), (versions.version(), True), (f"{major}.{minor}.{patch + 1}", False), (f"{major}.{minor + 1}", False),
                        (f"{major + 1}", False), (f"{major}.{minor - 1}", False)):
        parts = asked.split(".") if asked else []
        script = os.path.join(where.work, "version.cmake")
        with open(script, "w") as file:
            file.write(f'set(PACKAGE_FIND_VERSION "{asked}")\nset(PACKAGE_FIND_VERSION_COUNT {len(parts)})\n' + "".join(
                f"set(PACKAGE_FIND_VERSION_{name} {value})\n" for name, value in zip(("MAJOR", "MINOR", "PATCH"), parts + ["0"] * 3))
                + f'include("{where.libdir}/cmake/usocket/usocketConfigVersion.cmake")\nmessage("${{PACKAGE_VERSION_COMPATIBLE}}")\n')
        status, text = run("cmake", "-P", script)
        check(f"find_package(usocket {asked}) is {'found' if good else 'refused'}", status == 0 and text.strip() == ("TRUE" if good else "FALSE"), text)


def again(work):
    """make lib compiles again when a flag has changed, and only then."""
    library = "LIB_DIR=" + os.path.join(work, "again")
    one = os.path.join(work, "again/obj/lib/src/base/error.o")
    texts = [make(library, one, *flags)[1] for flags in ([], [], ["CFLAGS=-DUSOCKET_WORDS=0"], ["CFLAGS=-DUSOCKET_WORDS=0"])]
    check("the library is compiled again if a flag has changed, and only then", ["CC src/" in text for text in texts] == [True, False, True, False], texts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tls", default="", help="the mbedTLS of the libraries with TLS: own, system")
    parser.add_argument("--filter", default="")
    parser.add_argument("--build", choices=LIBRARIES)
    options = parser.parse_args()
    if options.build:
        status, text = make("lib", "LIB_DIR=build/test-install/" + options.build, *LIBRARIES[options.build][0])
        if status:
            print(text)
        return status != 0
    slow.control()
    kinds = [name for name in ("plain", "knobs", *options.tls.split()) if re.search(options.filter, name)]
    with tempfile.TemporaryDirectory(prefix="usocket-install-") as work:
        for name in kinds:
            where = Installation(name, work)
            if not where.install():
                continue
            for way in where.ways:
                where.build(way)
            where.texts()
            if name in ("plain", "own"):
                where.headers()
            if name == "plain":
                pages(where)
                wanted_versions(where)
            if name == "own":
                where.arguments, where.library = LIBRARIES["plain"][0], "LIB_DIR=build/test-install/plain"
                where.install()
                check("an installation without TLS removes the mbedTLS of an earlier one", not os.path.exists(os.path.join(where.libdir, "libusocket-mbedtls.a")))
            where.uninstall()
            if name == "plain":
                where.beside()
        if "plain" in kinds:
            again(work)
            status, text = make("install", "LIB_DIR=build/test-install/plain", "TLS=0", "PREFIX=here")
            check("a relative PREFIX is refused", status != 0 and "no absolute path" in text, text)
    print(f"{counts['ok']} passed, {counts['FAIL']} failed, 0 skipped")
    return 1 if counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
