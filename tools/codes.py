"""The codes that each public function may return, from the documentation in the headers.

In the comment above a function, "socket's" stands for the list in usocket.h's head, "a code of usocket_x, usocket_y or usocket_z" and
"as usocket_x" for the codes of these functions. A function without a comment returns the codes of its callee.
"""

import re

CODE = re.compile(r"USOCKET_(E[A-Z0-9_]+)\b")
NAMES = r"(usocket_\w+(?:(?:, and |, or |, | or | and )usocket_\w+)*)"
REFERENCE = re.compile(r"(?:codes? of|(?<!\w)as) (?:in )?" + NAMES)


def flat(comment):
    """The text of a comment without its stars, one space between words."""
    return " ".join(re.sub(r"(?m)^\s*\*", " ", comment).split())


def functions(text):
    """(name, comment, body) of every declaration or inline function that returns a code."""
    pattern = re.compile(r"(?:/\*\*(?P<doc>(?:(?!\*/).)*)\*/\s*)?^(?:static inline )?(?:int|int32_t) (?P<name>usocket_\w+)\("
                         r"[^;{]*\)\s*(?:;|\{(?P<body>.*?)^\})", re.S | re.M)
    for m in pattern.finditer(text):
        yield m["name"], flat(m["doc"] or ""), m["body"] or ""


def listed(text):
    """Read the text of the headers; returns (codes of enum usocket_error, those of enum usocket_tls_error, {function: set of its codes})."""
    enum = re.search(r"enum usocket_error \{(.*?)\};", text, re.S)[1]
    known = [c for c in CODE.findall(re.sub(r"/\*.*?\*/", "", enum, flags=re.S)) if c != "EAI_BASE"]
    tls = re.search(r"enum usocket_tls_error \{(.*?)\};", text, re.S)[1]
    tls = [c for c in CODE.findall(re.sub(r"/\*.*?\*/", "", tls, flags=re.S)) if c != "ETLS_BASE"]
    shared = CODE.findall(flat(re.search(r'A code listed as "socket\'s"(.*?)\*/', text, re.S)[1]))

    own, refers = {}, {}
    for name, doc, body in functions(text):
        result = " ".join(doc.split("@return")[1:])
        codes = {c for c in CODE.findall(result) if c in known + tls}
        if "USOCKET_ETLS_*" in result:
            codes.update(tls)
        if "socket's" in result:
            codes.update(shared)
        targets = {t for r in REFERENCE.findall(result) for t in re.findall(r"usocket_\w+", r)}
        if not doc:
            targets.update(re.findall(r"return (usocket_\w+)\(", body))
        own[name], refers[name] = codes, targets

    changed = True
    while changed:
        changed = False
        for name, targets in refers.items():
            before = len(own[name])
            for target in targets & own.keys():
                own[name] |= own[target]
            changed = changed or len(own[name]) != before
    return known, tls, own
