"""Check that docs/troubleshooting.md, and its Chinese page, have a row for each message that the module can raise.

A message is a text with a space in it in the code of the binding, of TLS or of aiosocket, each text of the table CODES, and each
alert of TLS. Conversions like %s are written as an ellipsis, as in "refused by the peer: … (…)". In the first cell of a row each
part in backticks is a message; the names of codes, with their numbers, stand beside it. Several messages may share a row.
"""

import ast
import glob
import os
import re

PAGES = ("docs/troubleshooting.md", "docs/troubleshooting_zh.md")
HEADS = ("Message", "信息", "Alert", "警报")  # of the checked tables
CODES = "src/base/error.c"
ALERTS = "src/mbedtls/mbed_alerts.c"
TEXTS = ("micropython/*.[ch]", "src/tls/*.[ch]", "src/mbedtls/*.[ch]")
NUMBERS = ("include/usocket/errors.h", "include/usocket/tls.h")
PYTHON = "aiosocket/*.py"

# Texts with a space that no exception has: PEM's marks, what repr prints, and parts that hold nothing but other texts.
OTHER = re.compile(r"-----(BEGIN|END) .*|(TRUSTED |X509 )?(CERTIFICATE|CRL|PRIVATE KEY)(-----)?|<.*|\[Errno …\]|getaddrinfo …|[…\s():]+")

PIECES = re.compile(r'"((?:\\.|[^"\\\n])*)"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.S)
CONVERSION = re.compile(r"%[-+#\d.*]*[lz]?[sduxqrc]")
ROW = re.compile(r'\b(ROW|NEXT|SAME)\((\w+), (?:"([^"]*)"|(\w+))\)')


def plain(text):
    """A text of a source as a row has it: an ellipsis for conversions, and no marks at its ends that join it to another text."""
    text = re.sub(r"…+", "…", CONVERSION.sub("…", text.replace("%%", "%")))
    return re.sub(r"^[\s:;,]+|[\s:,]+$", "", text)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def literals(text):
    """Yield each string of a C source; strings that follow each other are one."""
    text = re.sub(r"(?m)^\s*#\s*(?:include|error)\b(?:.*\\\n)*.*$", "", text)
    whole, end = None, 0
    for match in PIECES.finditer(text):
        if match.group(1) is None:
            continue
        if whole is not None and not text[end:match.start()].strip():
            whole += match.group(1)
        else:
            if whole is not None:
                yield whole
            whole = match.group(1)
        end = match.end()
    if whole is not None:
        yield whole


def of_c(text):
    found = {plain(re.sub(r"\\(.)", r"\1", whole)) for whole in literals(text)}
    return {words for words in found if " " in words and not OTHER.fullmatch(words)}


def of_python(text):
    """The texts of a module that are no docstrings; of an exception also texts of one word."""
    tree = ast.parse(text)
    docs = {id(node.body[0].value) for node in ast.walk(tree) if hasattr(node, "body") and isinstance(node.body, list) and node.body
            and isinstance(node.body[0], ast.Expr)}
    raised = {id(part) for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("Error")
              for part in node.args}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            words = plain(node.value)
            if (" " in words or id(node) in raised) and words and not OTHER.fullmatch(words):
                found.add(words)
    return found


def of_codes(text, numbers):
    """{words: {code: number}} of the table CODES."""
    found, rows_of_table = {}, ROW.findall(text)
    words_of = {code: words for _, code, words, _ in rows_of_table if words}
    for _, code, words, other in rows_of_table:
        if words or other in words_of:
            found.setdefault(words or words_of[other], {})[code] = numbers[code]
    return found


def of_alerts(text):
    """{name: number} of the alerts."""
    table = next((whole for whole in literals(text) if "close_notify" in whole), "")
    return {name: int(number or "0", 8) for number, name in re.findall(r"\\(\d*)([a-z_]\w*)", table)}


def seen(number, code):
    """The errno that Python shows: positive, but for names and TLS."""
    return number + 1000 if code.startswith("EAI_") else number if code.startswith("ETLS_") else -number


def wanted():
    """({message: {code: number}}, {alert: number}) of the sources."""
    numbers = {code: seen(int(number), code) for path in NUMBERS
               for code, number in re.findall(r"USOCKET_(E\w+) = (-\d+)", read(path))}
    found = {}
    for pattern in TEXTS:
        for path in glob.glob(pattern):
            found.update(dict.fromkeys(of_c(read(path)), {}))
    for path in glob.glob(PYTHON):
        found.update(dict.fromkeys(of_python(read(path)), {}))
    found.update(of_codes(read(CODES), numbers))
    return found, of_alerts(read(ALERTS))


def rows(page):
    """Yield (line number, True for an alert, first cell) of each row of the tables under HEADS."""
    head = None
    for number, line in enumerate(page.split("\n"), 1):
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else None
        if cells and head is None:
            head = cells[0]
        elif cells and head in HEADS and not set(cells[0]) <= set("-:"):
            yield number, head in HEADS[2:], cells[0]
        elif not cells:
            head = None


def compare(page, messages, alerts):
    """The faults of a page: messages without a row, rows without a message, wrong codes."""
    found, here, named = [], {}, set()
    for line, alert, cell in rows(page):
        for words in map(plain, re.findall(r"`([^`]+)`", cell)):
            if words in here:
                found.append(f"line {line}: `{words}` has a row in line {here[words]} already")
            here[words] = line
            there = alerts if alert else messages
            if words not in there:
                found.append(f"line {line}: no source has `{words}`")
            elif alert and f"({alerts[words]})" not in cell:
                found.append(f"line {line}: `{words}` is alert {alerts[words]}")
            elif not alert:
                named |= {code for code, number in messages[words].items() if f"{code} {number}" in cell}
                found += [f"line {line}: `{words}` is {code} {number}" for code, number in messages[words].items() if f"{code} {number}" not in cell]
        codes = {code for words in re.findall(r"`([^`]+)`", cell) for code in messages.get(plain(words), {})}
        found += [f"line {line}: no message of the row is {code}" for code in re.findall(r"\bE[A-Z_]{3,}(?= -?\d)", re.sub("`[^`]*`", "", cell))
                  if code not in codes]
    found += [f"no row for `{words}`" for words in sorted({**messages, **alerts}) if words not in here]
    return found


# The self-test: GOOD passes with SOURCES; each page of BAD must be reported with its words.
SOURCES = {"too late, … bytes": {}, "refused": {"ENO": 7}}, {"bad_record": 20}
GOOD = "| Message | |\n|---|---|\n| `; too late, … bytes` | a |\n| `refused` ENO 7 | b |\n\n| Alert | |\n|---|---|\n| `bad_record` (20) | c |\n"
BAD = [
    (GOOD.replace("too late", "too soon"), "no source has `too soon, … bytes`"),
    (GOOD.replace("too late", "too soon"), "no row for `too late, … bytes`"),
    (GOOD.replace("ENO 7", ""), "`refused` is ENO 7"),
    (GOOD.replace("ENO 7", "ENO 8"), "`refused` is ENO 7"),
    (GOOD.replace("ENO 7", "ENO 7, EYES 9"), "no message of the row is EYES"),
    (GOOD.replace("(20)", "(21)"), "`bad_record` is alert 20"),
    (GOOD.replace("| a |", "| a |\n| `refused` ENO 7 | d |"), "has a row in line"),
    (GOOD.replace("| Alert |", "| Another |"), "no row for `bad_record`"),
]
FROM_C = (r"""f(MP_ERROR_TEXT("%q must be 0-%u"), "a%s " "b'\\n' %04x", 'x', "word", "-----BEGIN X"); // "of a comment" """,
          {"… must be 0-…", "a… b'\\n' …"})
FROM_PYTHON = ('def f():\n    "of a docstring"\n    raise OSError(9, "gone")\nf("what", ": %d bytes late")\n', {"gone", "… bytes late"})


def check_itself():
    found = [f"reported without a reason: {line}" for line in compare(GOOD, *SOURCES)]
    found += [f"not reported: {words}" for page, words in BAD if not any(words in line for line in compare(page, *SOURCES))]
    return found + [f"read as {got}" for got, good in ((of_c(FROM_C[0]), FROM_C[1]), (of_python(FROM_PYTHON[0]), FROM_PYTHON[1])) if got != good]


def problems(page):
    """The faults of a page, as lines; the current directory is the project's."""
    messages, alerts = wanted()
    return compare(read(page), messages, alerts)


def main():
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    messages, alerts = wanted()
    found = check_itself() + [f"{page}: {line}" for page in PAGES for line in problems(page)]
    print("".join(f"FAIL  {line}\n" for line in found) + f"{len(messages)} messages, {len(alerts)} alerts, {len(found)} failures")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
