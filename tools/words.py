"""Check the words of comments, documents and commits: a comment is a main clause about the code, with a subject, a verb and an object.

The figures cover the comments of C, Python (with its docstrings), make and shell. The limits are percentages of all comments. A
comment is one block, one docstring, or consecutive lines with nothing but `//` or `#` before their text.
"""

import ast
import io
import os
import re
import subprocess
import tokenize

MOST_OPENINGS = 1.0  # per cent of the comments that open with a word of OPENING
MOST_PERSONS = 0.2  # per cent; counts who, whose, whoever
MOST_QUESTIONS = 0
MOST_COLUMNS = 100  # of a line in a public header
MOST_SUBJECT = 72  # characters of a commit's subject
BASE = "24aa0ad"  # subjects are checked from the commit after this one

OPENING = re.compile(r"(?:what|who|whether|how|where|those)\b", re.I)
PERSON = re.compile(r"\b(?:who|whoever|whose)\b", re.I)
QUOTED = re.compile(r"`[^`]*`|\"[^\"\n]*\"|'[^'\n]?'")
QUESTION = re.compile(r"(?<=[A-Za-z)])\?(?=\s|$)")
SUBJECT = re.compile(r"[^\s:,]+(?:, [^\s:,]+)*: (?:[^a-z\s]|[a-z]\w*[._(]\w).*\.")  # a sentence may begin with a name of the code
PRIVATE = re.compile(r"\b(?:sisters?|twins?|kin|goodbyes?|knock\w*|whoever|(?:some|any|no)body)\b", re.I)  # documents do not have these words
NOT_WORDS = re.compile(r"SPDX-|NOLINT|clang-format|-\*-|noqa|shellcheck|fmt:")

# Lines with "who" for a person, as (file, part of the line).
PERSONS = [
    ("tools/words.py", "who, whose, whoever"),
    ("tools/words.py", 'with "who" for a person'),
]

# Folders for which the comment lines per code line are printed.
RATIOS = ("src", "port", "micropython")


class Comment:
    def __init__(self, path, line, text):
        self.path, self.line, self.text = path, line, text

    def __str__(self):
        return f"{self.path}:{self.line}: {' '.join(self.text.split())[:90]}"


def plain(text):
    """A comment without its marks, and without the interpreter or the settings in the first line of a script."""
    lines = (re.sub(r"^\s*(?:/\*+<?|\*(?!/)|//+<?|#+)?\s?", "", line) for line in re.sub(r"\s*\*+/$", "", text).split("\n"))
    return re.sub(r"\A(?:!|run:).*\n?", "", "\n".join(lines).strip())


C_PIECES = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*(?:\n[ \t]*//[^\n]*)*', re.S)


def of_c(text):
    """Yield (line, text) of each comment of a C file; a // comment after code does not continue in the next line."""
    for match in C_PIECES.finditer(text):
        piece, line = match.group(), text.count("\n", 0, match.start()) + 1
        if piece[0] != "/":
            continue
        behind = text[text.rfind("\n", 0, match.start()) + 1:match.start()].strip()
        if piece.startswith("//") and behind and "\n" in piece:
            first, rest = piece.split("\n", 1)
            yield line, first
            yield line + 1, rest
        else:
            yield line, piece


def joined(lines):
    """Join comments of one line each, given as (line, True if it has no code, text), where they follow each other."""
    block, last = [], 0
    for line, alone, text in lines:
        if block and not (alone and line == last + 1 and block[0][1]):
            yield block[0][0], "\n".join(t for _, _, t in block)
            block = []
        block.append((line, alone, text))
        last = line
    if block:
        yield block[0][0], "\n".join(t for _, _, t in block)


def of_python(text):
    """Yield (line, text) of each comment and docstring of a Python file."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    yield from joined((t.start[0], not t.line[:t.start[1]].strip(), t.string) for t in tokens if t.type == tokenize.COMMENT)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            words = ast.get_docstring(node)
            if words:
                yield node.body[0].lineno, words


def of_make(text):
    """Yield (line, text) of each comment of a makefile or a shell script."""
    matches = ((number, re.match(r"(|.*?\s)(#.*)$", line)) for number, line in enumerate(text.split("\n"), 1))
    yield from joined((number, not m.group(1).strip(), m.group(2)) for number, m in matches if m)


def reader(path):
    if path.endswith((".c", ".h")):
        return of_c
    return of_python if path.endswith(".py") or os.path.basename(path) == "SConscript" else of_make


def comments(path, text):
    """List the comments of a file, without licence lines and directives of tools."""
    found = (Comment(path, line, plain(words)) for line, words in reader(path)(text))
    return [c for c in found if c.text and not NOT_WORDS.match(c.text)]


def density(texts):
    """Comment lines per code line of C files; a line with both counts as code."""
    words = code = 0
    for text in texts:
        bare = C_PIECES.sub(lambda m: m.group() if m.group()[0] != "/" else re.sub(r"[^\n]", "", m.group()), text)
        full = sum(1 for line in text.split("\n") if line.strip())
        left = sum(1 for line in bare.split("\n") if line.strip())
        words, code = words + full - left, code + left
    return words / code if code else 0.0


def allowed(comment, word):
    """True if PERSONS contains the line of a word."""
    start = comment.text.rfind("\n", 0, word.start()) + 1
    line = comment.text[start:].split("\n", 1)[0]
    return any(path == comment.path and part in line for path, part in PERSONS)


class Figures:
    """The counts of a tree, given as {path: text}."""

    def __init__(self, texts):
        self.all = [c for path in sorted(texts) for c in comments(path, texts[path])]
        self.openings = [c for c in self.all if OPENING.match(c.text)]
        self.persons = [c for c in self.all for word in PERSON.finditer(c.text) if not allowed(c, word)]
        self.questions = [c for c in self.all if QUESTION.search(QUOTED.sub("", c.text))]
        self.wide = [f"{path}:{number}: {len(line)} columns" for path in sorted(texts) if path.startswith("include/")
                     for number, line in enumerate(texts[path].split("\n"), 1) if len(line) > MOST_COLUMNS]
        self.ratios = [(top, density(t for path, t in texts.items() if path.startswith(top + "/") and path.endswith((".c", ".h"))))
                       for top in RATIOS]

    def share(self, found):
        return 100.0 * len(found) / max(1, len(self.all))

    def lines(self):
        ratios = ", ".join(f"{top}/ {value:.2f}" for top, value in self.ratios)
        return [f"{len(self.all)} comments; {len(self.openings)} ({self.share(self.openings):.2f} %) open with What, Who, Whether, "
                f"How, Where, Those; {len(self.persons)} ({self.share(self.persons):.2f} %) who, whose, whoever; "
                f"{len(self.questions)} ({self.share(self.questions):.2f} %) questions",
                f"lines of public headers over {MOST_COLUMNS} columns: {len(self.wide)}; "
                f"comment lines per code line: {ratios}"]

    def problems(self):
        found = []
        for name, most, those in (("openings", MOST_OPENINGS, self.openings), ("persons", MOST_PERSONS, self.persons),
                                  ("questions", MOST_QUESTIONS, self.questions)):
            if self.share(those) > most:
                found += [f"{name}: {self.share(those):.2f} %, the limit is {most} %", *map(str, those)]
        return found + self.wide


def wrong_subject(subject):
    """True for a subject that is too long or has another form than `path: Sentence.`"""
    return len(subject) > MOST_SUBJECT or not SUBJECT.fullmatch(subject)


def private(path, text):
    """Lines of a document with a word of PRIVATE outside of code."""
    prose = re.sub(r"```.*?```|`[^`\n]*`", lambda m: re.sub(r"[^\n]", "", m.group()), text, flags=re.S)
    return [f"{path}:{number}: {word}" for number, line in enumerate(prose.split("\n"), 1) for word in PRIVATE.findall(line)]


def git(*words):
    result = subprocess.run(["git", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return result.stdout if result.returncode == 0 else None


def subjects():
    """List (commit, subject) since BASE; None without the history."""
    if not os.path.exists(".git") or git("merge-base", "--is-ancestor", BASE, "HEAD") is None:
        return None
    return [line.split(" ", 1) for line in git("log", "--no-merges", "--format=%h %s", BASE + "..HEAD").splitlines()]


# The self-test: GOOD passes; each text of BAD, added to GOOD, must be reported with its word.
GOOD = {
    "src/a.c": '/* Store the count last. */\nint a; // in bytes\nchar *b = "who? /* who */";\n' * 500,
    "tools/b.py": '"""Add up the rows."""\nc = "who?"  # the first row\n',
    "mk/c.mk": "# The tests of the core.\nall: ## this list\n",
    "include/usocket/d.h": "int d; /**< milliseconds */\n",
}
BAD = [
    ("src/e.c", "/* Who closes it. */\n" * 15, "openings"),
    ("src/e.c", "// a file, whose end is known\n\n" * 3, "persons"),
    ("src/e.c", "/* Is it open? */\n", "questions"),
    ("tools/e.py", '"""Is it open?"""\n', "questions"),
    ("tools/e.py", "# how it ends\n\n" * 20, "openings"),
    ("test/e.py", "# run: limit=60\n# What waits.\n\n" * 20, "openings"),
    ("mk/e.mk", "# those it needs\n\n" * 20, "openings"),
    ("mk/e.mk", "all: ## for whoever calls\n" * 3, "persons"),
    ("include/usocket/e.h", "int e; /**< " + "e" * 100 + " */\n", "columns"),
]
DOCUMENTS = {
    "The Chinese page; another thread.\n\n```\nnobody\n```\nRun `tools/kin.py`.\n": 0,
    "Its Chinese sister.\n`a` and its kin: nobody\n": 3,
    "Somebody says goodbye.\n": 2,
}
SUBJECTS = {
    "src/wait.c: One function waits.": False,
    "tools, test: `a` is new.": False,
    "src: wait.c has one function.": False,
    "src: the_wait has one function.": False,
    "src/wait.c: one function waits.": True,
    "src/wait.c: One function waits": True,
    "One function waits.": True,
    "src/wait.c: " + "A" * 60 + ".": True,
}


def check_itself():
    """Self-test: every deliberate fault must be reported, and good comments must pass."""
    found = [f"reported without a reason: {line}" for line in Figures(GOOD).problems()]
    for path, text, word in BAD:
        if not any(word in line for line in Figures({**GOOD, path: text}).problems()):
            found.append(f"not reported in {path}: {text[:40]!r}")
    found += [f"judged wrongly: {text!r}" for text, count in DOCUMENTS.items() if len(private("page", text)) != count]
    return found + [f"judged wrongly: {subject}" for subject, wrong in SUBJECTS.items() if wrong_subject(subject) != wrong]
