"""Check that names and paths in the documents of the C code exist."""

import glob
import re

DOCUMENTS = ("docs/inside.md", "docs/inside_zh.md", "CONTRIBUTING.md", "docs/pictures/*.txt")
SOURCES = ("src/*/*", "port/*.[ch]", "port/*/*.[ch]", "include/usocket/*", "micropython/*.[ch]")
NAME = re.compile(r"\b(?:usocket|USOCKET|guard|plat|PLAT|mod_usocket|ATOMIC|LOOSE|TLS|USER)_\w*[A-Za-z0-9]\b(?!…|_?\*)")
PATH = re.compile(r"(?<![\w/.])(?:src|port|include|micropython|docs|tools|test|bench)/[\w./*-]*\w[\w/*]*")
CODE = re.compile(r"`([a-z]\w*_\w+)(?:\([^`]*\))?`")
FILE = re.compile(r"`(\w+\.[ch])`")


def words_of(patterns):
    found = set()
    for pattern in patterns:
        for path in glob.glob(pattern):
            with open(path, encoding="utf-8") as file:
                found |= set(re.findall(r"\w+", file.read()))
    return found


def missing():
    """List the names in the documents that do not exist."""
    there, found = words_of(SOURCES), []
    basenames = {path.rsplit("/", 1)[-1] for path in glob.glob("**/*.[ch]", recursive=True)}
    for path in [path for pattern in DOCUMENTS for path in sorted(glob.glob(pattern))]:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        found += [f"{path}: there is no {name}" for name in sorted(set(NAME.findall(text) + CODE.findall(text)) - there)]
        found += [f"{path}: there is no {name}" for name in sorted(set(PATH.findall(text))) if not glob.glob(name)]
        found += [f"{path}: there is no {name}" for name in sorted(set(FILE.findall(text)) - basenames)]
    return found
