"""The tree in which MicroPython's test suite runs, and the selection of tests.

The suite is run unmodified from a copy, because it writes beside itself.  Its
scripts expect ../tools and ../extmod next to tests/, and `ssl` and `unittest`
on the path, which the source package leaves out: those come from lib/ here.
This `ssl` precedes the one of lib/ssl that our interpreter has frozen: the suite
tests MicroPython's own, over the C module `tls`.
"""

import os
import re
import shutil

HERE = os.path.dirname(os.path.abspath(__file__))
UNITTEST = "lib/micropython-lib/python-stdlib/unittest"

# A test in extmod is selected if it imports one of these, or streams.
TOUCHES = re.compile(
    r"^\s*(?:import|from)\s[^#\n]*\b(?:socket|usocket|select|ssl|tls|websocket)\b"
    r"|open_connection|start_server|asyncio\.Stream",
    re.M,
)

_PINNED = "needs the Internet: pins a public CA, for which no private key is available"

# Tests that are not run, with the reason.
LEFT_OUT = {
    "net_inet/ssl_cert.py": _PINNED,
    "net_inet/test_sslcontext_client.py": _PINNED,
    "net_inet/asyncio_tls_open_connection_readline.py": _PINNED,
    "thread/stress_recurse.py": "has no sockets, and overflows its stack on some stock runs",
}


def lay_out(source, target):
    """Copy the parts of the `source` tree that the suite needs to `target`."""
    shutil.rmtree(target, ignore_errors=True)
    os.makedirs(target)
    drop = shutil.ignore_patterns("results", "__pycache__", "perf_bench", "internal_bench")
    shutil.copytree(f"{source}/tests", f"{target}/tests", ignore=drop)
    shutil.copytree(f"{source}/extmod/asyncio", f"{target}/extmod/asyncio", ignore=drop)
    os.makedirs(f"{target}/tools")
    shutil.copy(f"{source}/tools/pyboard.py", f"{target}/tools")
    os.makedirs(f"{target}/first")
    shutil.copy(f"{HERE}/lib/ssl.py", f"{target}/first")
    library = f"{target}/{UNITTEST}"
    os.makedirs(library)
    shutil.copy(f"{HERE}/lib/unittest.py", library)
    shutil.copytree(f"{HERE}/extra", f"{target}/tests/extra", ignore=drop)


def search_path(target):
    """MICROPYPATH for the tests of a tree."""
    return f"{target}/first:.frozen:{target}/extmod:{target}/{UNITTEST}"


def _names(tests, folder, keep=lambda path: True):
    names = sorted(n for n in os.listdir(f"{tests}/{folder}") if n.endswith(".py"))
    return [f"{folder}/{n}" for n in names if keep(f"{tests}/{folder}/{n}")]


def _touches(path):
    with open(path, encoding="utf-8") as f:
        return TOUCHES.search(f.read()) is not None


def select(tree, long):
    """The tests to run: (local, inet, multi), each a list of names under tests/.

    `local` need loopback only, `inet` the stand-ins of standins.py, `multi` are
    programs in two parts.
    """
    tests = f"{tree}/tests"
    local = _names(tests, "extmod", _touches)
    hosted = _names(tests, "net_hosted")
    inet = hosted + _names(tests, "net_inet")
    multi = _names(tests, "multi_net")
    extra = _names(tests, "extra")
    multi += [n for n in extra if "/multi_" in n]
    inet += [n for n in extra if "/multi_" not in n]
    if long:
        rest = [n for n in _names(tests, "extmod") if "/asyncio_" in n]
        local += [n for n in rest if n not in local]
        local += _names(tests, "thread")
    return local, inet, multi


