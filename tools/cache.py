"""Results of checks that depend on nothing but texts: build/checked/ has an empty file for each that was content.

A key is made of all that the verdict depends on: the text that the compiler sees, the flags, the version of the tool, its configuration.
A check that complained is not kept. A test that runs something has no place here.
"""

import functools
import hashlib
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PLACE = os.path.join(ROOT, "build", "checked")


def key(*parts):
    """The name of a check's result; a part is text or bytes."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        digest.update(b"%d:" % len(data) + data)
    return digest.hexdigest()


@functools.lru_cache(None)
def version(tool):
    """The version that a tool prints."""
    return subprocess.run([tool, "--version"], capture_output=True, stdin=subprocess.DEVNULL).stdout


def known(name):
    """True if a check with this key has passed before."""
    return os.path.exists(os.path.join(PLACE, name))


def remember(name):
    """Keep that a check with this key was content."""
    os.makedirs(PLACE, exist_ok=True)
    open(os.path.join(PLACE, name), "w").close()


def contents(paths):
    """Names and texts of files, for a key."""
    parts = []
    for path in sorted(paths):
        with open(path, "rb") as file:
            parts += [path, file.read()]
    return parts
