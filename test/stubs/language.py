"""The docstrings: everything has one, the English ones are sentences of the documents, and the Chinese copy has the same signatures."""

import ast
import os
import re

import stub

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REFERENCE = "docs/reference.md"
PAGES = {"usocket": (REFERENCE,), "socket": (REFERENCE,), "aiosocket": ("docs/asyncio.md", REFERENCE)}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Punctuation of ASCII between Chinese characters, and spaces between them.
WRONG = re.compile(r"[\u4e00-\u9fff][,;:?!][^`]|[\u4e00-\u9fff] [\u4e00-\u9fff]|[\u4e00-\u9fff]\.(?:\s|$)")


def plain(text):
    """Text without marks, for a comparison of sentences."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"\s+", " ", text.replace("`", "").replace("*", "")).lower()


def first_sentence(doc):
    return re.split(r"(?<=[.])\s", plain(doc), 1)[0].rstrip(".")


def constants():
    """{name: text} of the tables of docs/reference.md."""
    with open(os.path.join(ROOT, REFERENCE), encoding="utf-8") as file:
        rows = re.findall(r"^\| `(\w+)` \| (?:-?\d+|True|False) \| (.*) \|$", file.read(), re.M)
    return {name: re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text) for name, text in rows}


def check_english(module, tree, own, check):
    """own: names without a first sentence in a document; None: no sentence is compared."""
    pages = ""
    for path in PAGES[module]:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            pages += plain(file.read())
    tables = constants() if module == "usocket" else {}
    used = set()
    for where, entry in stub.documented(tree, module):
        name = where.split(".", 1)[1]
        if not check(entry.doc, where, "it has no docstring") or any(part.startswith("_") for part in name.split(".")):
            continue
        check(not CHINESE.search(entry.doc), where, "its docstring is not in English")
        if name in tables:
            check(" ".join(entry.doc.split()) == tables.pop(name), where, "its docstring is not what the table of docs/reference.md says")
        elif own is not None and first_sentence(entry.doc) not in pages:
            used.add(where)
            check(where in own, where, f"no document has the sentence: {first_sentence(entry.doc)}")
    check(not tables, module, f"constants that the stub lacks: {' '.join(tables)}")
    for where in sorted(own or ()):
        check(where in used, where, "a document has its sentence: it needs no place in OWN_WORDS")


def check_chinese(module, english, chinese, check):
    check(stub.without_docs(english) == stub.without_docs(chinese), f"stubs/zh/{module}-stubs", "the signatures are not those of the English stub")
    docs = [{where: entry.doc for where, entry in stub.documented(stub.read(path), module)} for path in (english, chinese)]
    check(CHINESE.search(ast.get_docstring(stub.read(chinese)) or ""), f"stubs/zh/{module}-stubs", "its first docstring is not in Chinese")
    for where in sorted(set(docs[0]) | set(docs[1])):
        one, other = (d.get(where) for d in docs)
        check(bool(one) == bool(other), where, "it has a docstring in one language only")
        if one and other:
            check(CHINESE.search(other) or one == other and len(one) < MOST_ALIKE, where, f"its docstring is not in Chinese: {other}")
            check(not WRONG.search(re.sub(r"`[^`]*`", "", other)), where, f"punctuation: {other}")
            check(sorted(set(re.findall(r"`([A-Z][A-Z0-9_]+)`", one))) == sorted(set(re.findall(r"`([A-Z][A-Z0-9_]+)`", other))), where,
                  "the two docstrings name different constants")


MOST_ALIKE = 8  # characters: "TCP", "IPv4"
