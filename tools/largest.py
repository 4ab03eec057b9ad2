"""The largest functions of linked builds, and what each has grown since a commit: for tools/size.py."""

import os
import re
import shutil
import subprocess

import cortex
import totals

HEAD = os.path.join(cortex.ROOT, "build/size-head")
PLACES = ("src", "port", "include", "micropython", "tools/arm", "test/sal", "test/board", "test/lwip")
BUILDS = (("everything", {}), ("the smallest", totals.SMALLEST))
COUNT = 10


def at(commit, micropython):
    """A Target with the sources of a commit; None where there is no repository."""
    shutil.rmtree(HEAD, ignore_errors=True)
    os.makedirs(HEAD + "/tree")
    packed = subprocess.run(["git", "-C", cortex.ROOT, "archive", commit, *PLACES], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if packed.returncode:
        return None
    subprocess.run(["tar", "-x", "-C", HEAD + "/tree"], input=packed.stdout, check=True)
    return cortex.Target(micropython, HEAD + "/tree", HEAD + "/out")


def functions(linked):
    """{name: bytes}; what gcc has cut out of a function counts as the function."""
    found = {}
    for name, size in linked.functions:
        name = re.sub(r"(\.(constprop|isra|part|cold|lto_priv)\.?\d*)+$", "", name)
        found[name] = found.get(name, 0) + size
    return found


def lines(target, commit):
    """A section for each build."""
    before, result = at(commit, target.micropython), []
    for name, defines in BUILDS:
        now = functions(totals.link(target, defines))
        result += ["", "## Largest functions of %s" % name, "", "| function | bytes | since %s |" % commit, "| --- | --: | --: |"]
        was = functions(totals.link(before, defines)) if before else {}
        for function, size in sorted(now.items(), key=lambda item: (-item[1], item[0]))[:COUNT]:
            grown = "" if not before else "new" if function not in was else "%+d" % (size - was[function])
            result.append("| %s | %d | %s |" % (function, size, grown))
        if before:
            new, gone = sum(now[f] for f in now if f not in was), sum(was[f] for f in was if f not in now)
            changed = [now[f] - was[f] for f in now if f in was and now[f] != was[f]]
            result += ["", "New functions %+d (%d), removed ones %+d (%d), others %+d (%d); all functions %d, %+d." % (
                new, len(now.keys() - was.keys()), -gone, len(was.keys() - now.keys()), sum(changed), len(changed),
                sum(now.values()), sum(now.values()) - sum(was.values()))]
    return result
