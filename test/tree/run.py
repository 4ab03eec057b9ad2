#!/usr/bin/env python3
"""Tests the README's command for other systems, `MICROPYTHON_DIR=/path make run`: without apt-get, with the user's own tree.

    test/tree/run.py --tree MICROPYTHON --mbedtls TREE [--only RE] [--long]

Each case is a copy of the sources of this project, without build/, and a PATH of links to a compiler, make, Python and the usual small
tools. The MicroPython tree is a copy of hard links with empty submodules. Cases:

    nothing    no mbedTLS anywhere: one line explains what to do, before anything is compiled
    no TLS     TLS=0: the examples run, and the output names the missing TLS; MICROPYTHON_LIB_DIR names an imitation of micropython-lib
    named      with --long: MBEDTLS_DIR names a tree
    checkout   with --long: extmod.mk as upstream, and mbedTLS in lib/mbedtls

No case downloads or installs anything. Last line: `N passed, N failed, N skipped`.
"""

import argparse
import os
import re
import shutil
import stat
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import slow

WORK = os.path.join(ROOT, "build", "tree")
LIMIT = 300  # seconds for one build and its examples
TOOLS = ("ar as awk basename bash cat cc chmod cksum cmp comm cp cut date diff dirname echo env expr false find gcc grep head id ld ln ls "
         "make mkdir mktemp mv nm objcopy openssl python3 readlink realpath rm sed sh size sleep sort strip tail tee test touch tr true uname wc "
         "which xargs").split()
SUBMODULES = ("axtls", "berkeley-db-1.xx", "libffi", "mbedtls", "micropython-lib", "lwip")
FORBIDDEN = ("apt-get", "apt", "dpkg", "dpkg-query", "git", "curl", "wget", "pkg-config")
# {file: text} of the imitation. Its requests is one that tools/frozen.py cannot edit, so it is left out with mip.
LIBRARY = {
    "micropython/umqtt.simple/manifest.py": 'metadata(version="7.8.9")\nrequire("ssl")\npackage("umqtt")\n',
    "micropython/umqtt.simple/umqtt/simple.py": "import socket\nHERE = socket.create_server\n",
    "micropython/net/ntptime/manifest.py": 'metadata(version="7.8.9")\nmodule("ntptime.py")\n',
    "micropython/net/ntptime/ntptime.py": "HERE = 1\n",
    "micropython/mip/manifest.py": 'metadata(version="7.8.9")\nrequire("requests")\npackage("mip")\n',
    "micropython/mip/mip/__init__.py": "import requests\n",
    "python-ecosys/requests/manifest.py": 'metadata(version="7.8.9")\npackage("requests")\n',
    "python-ecosys/requests/requests/__init__.py": "from tls import *\n",
    "python-stdlib/ssl/manifest.py": 'metadata(version="7.8.9")\nmodule("ssl.py")\n',
    "python-stdlib/ssl/ssl.py": "raise ImportError('not the one of this project')\n",
    "python-stdlib/logging/manifest.py": 'metadata(version="7.8.9")\nmodule("logging.py")\n',
    "python-stdlib/logging/logging.py": "HERE = 1\n",
}
IMPORTS = """import sys
sys.path[:] = [".frozen"]
for name in ("umqtt.simple", "ntptime", "logging", "aiosocket", "usocket_ssl", "ssl", "requests", "mip", "aiohttp"):
    try:
        module = __import__(name, None, None, ["x"])
        print(name, getattr(module, "__version__", "none"))
    except ImportError as e:
        print(name, e)
"""
NO_TLS = "This interpreter has no TLS (TLS=0): the examples that need it are skipped"


def path_of_links():
    """Make a directory with only those tools."""
    place = os.path.join(WORK, "bin")
    os.makedirs(place)
    for name in TOOLS:
        found = shutil.which(name, path="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
        if found:
            os.symlink(found, os.path.join(place, name))
    return place


def project():
    """Copy this project's sources in their current state."""
    place = os.path.join(WORK, "project")
    def left(folder, names):
        return [n for n in names if n in ("build", ".git", "__pycache__") or stat.S_ISSOCK(os.lstat(os.path.join(folder, n)).st_mode)]

    shutil.copytree(ROOT, place, symlinks=True, ignore=left)
    return place


def tree(original, name):
    """Copy MicroPython's sources as hard links, without the submodules."""
    place = os.path.join(WORK, name)
    shutil.copytree(original, place, symlinks=True, copy_function=os.link,
                    ignore=lambda folder, names: [n for n in names if n in (".pc", ".ready") or folder.endswith("/ports") and n != "unix"])
    for submodule in SUBMODULES:
        shutil.rmtree(os.path.join(place, "lib", submodule), ignore_errors=True)
        os.mkdir(os.path.join(place, "lib", submodule))
    return place


def upstream(original, place, mbedtls):
    """Revert Debian's patches and fill lib/mbedtls."""
    for name in ("0006-extmod-Use-system-mbedtls.patch", "0007-py-mkrules.mk-Workaround-missing-submodules-dir.patch"):
        with open(os.path.join(original, "debian", "patches", name)) as patch:
            text = patch.read()
        for path in re.findall(r"^\+\+\+ b/(\S+)", text, re.M):  # replaces the hard link with a copy
            copy = os.path.join(place, path)
            shutil.copyfile(copy, copy + ".new")
            os.replace(copy + ".new", copy)
        subprocess.run(["patch", "-s", "-R", "-p1", "-d", place], input=text, text=True, check=True)
    os.rmdir(os.path.join(place, "lib", "mbedtls"))
    shutil.copytree(mbedtls, os.path.join(place, "lib", "mbedtls"), symlinks=True, copy_function=os.link,
                    ignore=lambda folder, names: [n for n in names if folder == mbedtls and n not in ("include", "library", "3rdparty")])


def library():
    """Write the imitation of a checkout of micropython-lib; returns its path."""
    place = os.path.join(WORK, "micropython-lib")
    for name, text in LIBRARY.items():
        path = os.path.join(place, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
    return place


class Cases:
    def __init__(self, only):
        self.only, self.passed, self.failed, self.skipped = only, 0, 0, 0
        self.path, self.place = path_of_links(), project()

    def check(self, label, good, why=""):
        self.passed += bool(good)
        self.failed += not good
        print(f"  {'ok' if good else 'FAIL'} {label}" + ("" if good else f": {why}"), flush=True)

    def run(self, **variables):
        """make run with these variables in the environment; (status, output, seconds)."""
        env = {name: os.environ[name] for name in ("HOME", "LANG", "TEST_SLOW") if name in os.environ}
        env.update(PATH=self.path, COPT="-O0", MBEDTLS_O="-O0", JOBS=str(os.cpu_count() or 1), **variables)
        start, limit = time.monotonic(), slow.Limit(LIMIT)
        child = subprocess.Popen(["make", "run"], cwd=self.place, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
        try:
            out, _ = slow.communicate(child, limit)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, 9)
            out = child.communicate()[0] + "\n" + limit.words()
        return child.returncode, out, time.monotonic() - start

    def wanted(self, label):
        if not re.search(self.only, label):
            return False
        print(label, flush=True)
        return True

    def quiet(self, out):
        """Check that nothing was downloaded."""
        fetched = [n for n in ("download", "apt") if os.path.exists(os.path.join(self.place, "build", n))]
        self.check("nothing is downloaded or installed", not fetched and not re.search(r"Downloading|Installing|Reading the package", out), fetched or out[-300:])

    def libraries(self, out, place):
        """Check what is frozen of an imitation of micropython-lib."""
        interpreter = os.path.join(self.place, "build", "unix", "micropython")
        shown = subprocess.run([interpreter, "-c", IMPORTS], capture_output=True, text=True).stdout
        got = dict(line.split(" ", 1) for line in shown.splitlines())
        there = [name for name, version in got.items() if version == "7.8.9"]
        self.check("modules of MICROPYTHON_LIB_DIR are frozen", there == ["umqtt.simple", "ntptime", "logging"], shown)
        absent = [name for name in ("requests", "mip", "aiohttp") if got.get(name, "").startswith("no module named")]
        self.check("a requests that would not verify is not frozen", "requests" in absent and "mip" in absent, shown)
        self.check("ssl is the one of this project", got.get("ssl") == got.get("usocket_ssl") == "ssl: this build of usocket has no TLS", shown)
        self.check("aiosocket has asyncio's version", got.get("aiosocket", "").startswith("("), shown)
        named = f"not frozen, because {place} does not have it as expected: requests, mip, mip-cmdline, umqtt.robust, aiohttp\n"
        self.check("the output names what is missing", named in out, out[-800:])

    def examples(self, status, out, seconds, tls):
        last = re.search(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", out, re.M)
        self.check(f"make run ends well ({seconds:.0f} s)", status == 0 and last and last[2] == "0" and int(last[1]) >= 4, out[-1500:])
        ran = re.search(r"TLS 1\.3 GET / 200 OK", out)
        if tls:
            self.check("the examples with TLS are run", ran or not shutil.which("openssl", path=self.path), out[-800:])
            self.check("no message about a build without TLS", NO_TLS not in out, "it says so")
        else:
            self.check("the output names the missing TLS", out.count(NO_TLS) == 1 and not ran, out[-800:])


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--tree", required=True)
    p.add_argument("--mbedtls", required=True)
    p.add_argument("--only", default="", help="only the cases whose name matches")
    p.add_argument("--long", action="store_true")
    o = p.parse_args()
    original, mbedtls = os.path.abspath(o.tree), os.path.abspath(o.mbedtls)
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    cases = Cases(o.only)
    there = [n for n in FORBIDDEN if os.path.exists(os.path.join(cases.path, n))]
    cases.check("no apt-get in the PATH", not there, there)
    emptied = tree(original, "micropython")

    if cases.wanted("nothing"):
        status, out, seconds = cases.run(MICROPYTHON_DIR=emptied)
        lines = [line for line in out.splitlines() if "FAILED" in line]
        cases.check("no mbedTLS: it fails at once, in one line", status != 0 and len(lines) == 1 and "compiled" not in out, out[-800:])
        cases.check("the line explains what to do", lines and "MBEDTLS_DIR=" in lines[0] and "TLS=0" in lines[0], out[-800:])
        status, out, seconds = cases.run(MICROPYTHON_DIR=emptied, MBEDTLS_DIR=HERE)
        cases.check("MBEDTLS_DIR without mbedTLS in it: the line names it", status != 0 and re.search(rf"FAILED.*{re.escape(HERE)}", out), out[-800:])
        status, out, seconds = cases.run(MICROPYTHON_DIR=emptied, TLS="0", MICROPYTHON_LIB_DIR=HERE)
        lines = [line for line in out.splitlines() if "FAILED" in line]
        cases.check("MICROPYTHON_LIB_DIR without micropython-lib in it: one line names it, before anything is compiled",
                    status != 0 and len(lines) == 1 and HERE in lines[0] and "compiled" not in out, out[-800:])
        cases.quiet(out)
    if cases.wanted("no TLS"):
        place = library()
        status, out, seconds = cases.run(MICROPYTHON_DIR=emptied, TLS="0", MICROPYTHON_LIB_DIR=place, MICROPYTHON_LIBS="logging")
        cases.libraries(out, place)
        cases.examples(status, out, seconds, tls=False)
        cases.quiet(out)
    if o.long and cases.wanted("named"):
        status, out, seconds = cases.run(MICROPYTHON_DIR=emptied, MBEDTLS_DIR=mbedtls)
        cases.examples(status, out, seconds, tls=True)
        cases.quiet(out)
    if o.long and cases.wanted("checkout"):
        patched = tree(original, "checkout")
        if os.path.exists(os.path.join(original, "debian", "patches")):
            upstream(original, patched, mbedtls)
            status, out, seconds = cases.run(MICROPYTHON_DIR=patched)
            cases.examples(status, out, seconds, tls=True)
            cases.quiet(out)
        else:
            cases.skipped += 1
            print("  skip checkout: this tree is not Debian's, so its patches cannot be reverted")
    print(f"{cases.passed} passed, {cases.failed} failed, {cases.skipped} skipped")
    if not cases.failed:
        shutil.rmtree(WORK)
    return 1 if cases.failed or not cases.passed else 0


if __name__ == "__main__":
    sys.exit(main())
