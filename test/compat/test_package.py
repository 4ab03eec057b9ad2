#!/usr/bin/env python3
"""Tests the package's entry for RT-Thread's package index: package.json by the index's rules, and Kconfig in the option trees of both
generations of RT-Thread.

usage: test/compat/test_package.py

The last line counts.
"""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse

import test_genhdr

ROOT, PORT = test_genhdr.ROOT, test_genhdr.PORT
counts, check, say = test_genhdr.counts, test_genhdr.check, test_genhdr.say

KCONFIG = os.path.join(PORT, "Kconfig")
COMBINE = os.path.join(ROOT, "test", "compat", "kconfig", "options.py")
PYTHON = "/usr/bin/python3"  # Debian's interpreter, which finds Debian's python3-kconfiglib
PLACE = "OWNER"  # the account that holds the sources


def address(text):
    """The parts of an address that the index accepts."""
    parts = urllib.parse.urlparse(text)
    return parts.scheme == "https" and parts.netloc in ("github.com", "gitee.com") and [part for part in parts.path.split("/") if part] or []


def against(described):
    """What the index's own check refuses, without its look at the network."""
    wrong = [name for name in ("name", "category", "enable", "license", "repository", "description", "description_zh") if not (
        isinstance(described.get(name), str) and described[name])]
    wrong += ["author's " + name for name in ("name", "email") if not described.get("author", {}).get(name)]
    wrong += [] if described.get("name") == "usocket" else ["the name is not the folder's"]
    wrong += [] if len(address(described.get("repository", ""))) == 2 else ["repository: not one of github.com or gitee.com"]
    for site in described.get("site") or [{}]:
        where = address(site.get("URL", ""))
        if not site.get("version") or not where or where[0] not in described.get("repository", ""):
            wrong.append(f"{site}: version and URL, of the same account")
        elif site["URL"].endswith(".git"):
            wrong += [] if site.get("VER_SHA") else [f"{site}: VER_SHA, a branch or a commit"]
        elif not site.get("filename") or not re.search(r"\.\w+$", where[-1]):
            wrong.append(f"{site}: a file, and its name")
    return wrong


def json_test():
    with open(os.path.join(PORT, "package.json"), encoding="utf-8") as file:
        text = file.read()
    for path in ("docs/rtthread.md", "docs/rtthread_zh.md"):
        with open(path, encoding="utf-8") as file:
            command = f"sed s/{PLACE}/NAME/g port/rtthread/package.json > packages/iot/usocket/package.json\n" in file.read()
        check(f"{path} has the command that fills in package.json", command)
    filled = json.loads(text.replace(PLACE, "somebody"))
    check("filled in, package.json is as the index asks for", not against(filled), against(filled))
    check("nothing else is to be filled in", not re.search("example|TODO|xxx", text, re.I), text)
    for what, spoiled in (("an account only in one place", dict(filled, repository="https://github.com/other/usocket")),
                          ("another host", dict(filled, repository="https://example.com/a/usocket")),
                          ("no branch", dict(filled, site=[{"version": "latest", "URL": "https://github.com/somebody/usocket.git"}])),
                          ("no file", dict(filled, site=[{"version": "v1", "URL": "https://github.com/somebody/usocket", "filename": "a.zip"}]))):
        check(f"{what} is noticed", against(spoiled))

    with open(os.path.join(ROOT, "CHANGELOG.md"), encoding="utf-8") as file:
        number = re.search(r"(?m)^## \[(\d+\.\d+\.\d+)\]", file.read()).group(1)
    versions = {site["version"]: site for site in filled["site"]}
    check("the versions are CHANGELOG's newest, and latest", list(versions) == ["v" + number, "latest"], list(versions))
    check("and its file is named after it", all(number in versions["v" + number][name] for name in ("URL", "filename")), versions)
    return list(versions), filled["enable"]


def read_options():
    """Every option of ours, or of RT-Thread's, that the sources ask for."""
    found = set()
    for path in [os.path.join(PORT, "SConscript"), *glob.glob(os.path.join(PORT, "*.[ch]")), *glob.glob(os.path.join(PORT, "lwip", "*.h"))]:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        found |= set(re.findall(r"\bUSOCKET_(?:USING_\w+|TLS_BOARD_RANDOM|TLS_TRUST_FILE|RESOLVER_STACK_SIZE|RESOLVER_PRIORITY|UDP_MAILBOX)\b", text))
        found |= set(re.findall(r"\b(?:RT|SAL|NETDEV|PKG|RT_HWCRYPTO|MICROPYTHON)_USING_\w+", text))
    return found


def knobs_test():
    """Every knob that a port's header sets exists, and so does every option that stands for one."""
    with open("include/usocket/config.h", encoding="utf-8") as file:
        knobs = set(re.findall(r"(?m)^#ifndef (USOCKET_\w+)$", file.read()))
    for path in sorted(glob.glob("port/*/usocket_config.h")):
        with open(path, encoding="utf-8") as file:
            set_there = {name for name in re.findall(r"(?m)^#define (USOCKET_\w+)", file.read()) if not name.endswith("_H")}
        check(f"{path} sets {len(set_there)} knobs that exist", set_there and set_there <= knobs, set_there - knobs)


def options_test(versions, enable, work):
    if not os.path.exists(PYTHON) or subprocess.run([PYTHON, "-c", "import kconfiglib"], capture_output=True).returncode:
        say("skip", "Kconfig: python3-kconfiglib is not installed")
        return
    result = subprocess.run([PYTHON, "-B", COMBINE, KCONFIG], capture_output=True, text=True)
    if not check("Kconfig is read in the trees of RT-Thread 4.0 and of 4.1 to 5.2", result.returncode == 0, result.stderr):
        return
    told = json.loads(result.stdout)
    check(f"no rule is broken, and no dependency unmet, in {told['combinations']} combinations", not told["wrong"], "\n".join(told["wrong"]))
    check("the versions are those of package.json, the fixed one by default", told["versions"] == versions and enable in told["names"], told["versions"])
    check("switched off, the package sets nothing", not told["off"], told["off"])

    ours = {name for name in told["names"] if name.startswith("USOCKET_")}
    asked = read_options()
    only_selects = {"USOCKET_USING_POSIX"}
    mine = {name for name in asked if name.startswith("USOCKET_")}
    check("every option does something, and every one that is read is offered", mine | only_selects == ours, mine | only_selects ^ ours)
    with open(os.path.join(os.path.dirname(COMBINE), "rtthread-4.0")) as file:
        older = set(re.findall(r"(?m)^ *(?:menu)?config (\w+)", file.read()))
    unknown = asked - mine - set(told["names"]) - older - {"SAL_USING_AT", "SAL_USING_WIZNET"}  # of stacks that no tree here has
    check("every option of RT-Thread that is read exists there", not unknown, unknown)

    words = {"docs/rtthread.md": {"y": "on", "n": "off", "": "empty"}, "docs/rtthread_zh.md": {"y": "开", "n": "关", "": "空"}}
    for path, word in words.items():
        rows = dict(re.findall(r"(?m)^\| `(USOCKET_\w+)` \| (\w+) \|", open(path, encoding="utf-8").read()))
        expected = {name: word.get(value, value) for name, value in told["defaults"].items()}
        check(f"{path} lists every option and its default", set(expected) == ours and rows == expected, set(rows.items()) ^ set(expected.items()))

    # These checks must also detect a deliberate mistake.
    with open(KCONFIG, encoding="utf-8") as file:
        text = file.read()
    for line in re.findall(r"(?m)^ *select (?:SAL_USING_POSIX|RT_USING_POSIX_\w+|USOCKET_USING_THREADS|RT_USING_SAL)\b.*\n", text):
        spoiled = os.path.join(work, "spoiled")
        with open(spoiled, "w", encoding="utf-8") as file:
            file.write(text.replace(line, ""))
        broken = json.loads(subprocess.run([PYTHON, "-B", COMBINE, spoiled], capture_output=True, text=True).stdout)["wrong"]
        check(f"without '{line.strip()}' a rule is broken", broken)


def main():
    os.chdir(ROOT)
    versions, enable = json_test()
    knobs_test()
    with tempfile.TemporaryDirectory() as work:
        options_test(versions, enable, work)
    print(f"\n{counts['ok']} passed, {counts['FAIL']} failed, {counts['skip']} skipped")
    return 1 if counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
