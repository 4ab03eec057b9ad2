"""Builds the wheel of stubs/ without network, and looks into it."""

import os
import re
import shutil
import subprocess
import sys
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STUBS = os.path.join(ROOT, "stubs")
PYTHON = "/usr/bin/python3"  # Debian's interpreter, which finds Debian's python3-setuptools and python3-wheel
MODULES = ("aiosocket", "socket", "usocket")
NO_NETWORK = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")}


def build(folder):
    """Build the wheel in a copy of stubs/. Returns its path, or raises RuntimeError."""
    python = PYTHON if os.path.exists(PYTHON) else sys.executable
    source, out = os.path.join(folder, "source"), os.path.join(folder, "dist")
    shutil.copytree(STUBS, source)
    os.mkdir(out)
    code = "import sys, setuptools.build_meta as b; b.build_wheel(sys.argv[1])"
    made = subprocess.run([python, "-c", code, out], cwd=source, stdin=subprocess.DEVNULL, capture_output=True, text=True, env={**os.environ, **NO_NETWORK})
    wheels = os.listdir(out)
    if made.returncode or len(wheels) != 1:
        raise RuntimeError((made.stdout + made.stderr)[-400:])
    return os.path.join(out, wheels[0])


def version():
    """The newest version in CHANGELOG.md."""
    with open(os.path.join(ROOT, "CHANGELOG.md"), encoding="utf-8") as file:
        return re.search(r"^## \[([\d.]+)\]", file.read(), re.M).group(1)


def check_wheel(path, folder, check):
    """Unpack the wheel as `pip install --target` does, into folder."""
    where = os.path.basename(path)
    check(where == f"usocket_stubs-{version()}-py3-none-any.whl", where, f"the version is not {version()}, or it is not for every system")
    info = f"usocket_stubs-{version()}.dist-info/"
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        wheel.extractall(folder)
        meta = wheel.read(info + "METADATA").decode()
    wanted = {f"{module}-stubs/__init__.pyi" for module in MODULES}
    check({n for n in names if not n.startswith(info)} == wanted, where, f"it has {sorted(names)}")
    for line in ("Name: usocket-stubs", "License: MIT", "Classifier: Typing :: Stubs Only", "Description-Content-Type: text/markdown"):
        check(line in meta.split("\n"), where, f"METADATA lacks {line}")
    check("Requires-Dist" not in meta, where, "it needs another package")
    for name in sorted(wanted & names):
        with open(os.path.join(folder, name), "rb") as one, open(os.path.join(STUBS, name), "rb") as other:
            check(one.read() == other.read(), where, f"{name} is not that of stubs/")
    with open(os.path.join(ROOT, "LICENSE"), "rb") as one, open(os.path.join(STUBS, "LICENSE"), "rb") as other:
        check(one.read() == other.read(), "stubs/LICENSE", "it is not the project's")
    check(info + "LICENSE" in names, where, "it has no LICENSE")
