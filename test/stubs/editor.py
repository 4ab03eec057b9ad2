"""What pyright says about the stubs, the examples, the programs of the documents and the list of mistakes: one run for all of them."""

import ast
import glob
import json
import os
import re
import shutil
import subprocess

import doccheck

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(ROOT, "test", "stubs")
LIMIT = 600  # seconds of pyright
REFERENCE = "docs/reference.md"
PROGRAMS = ["examples", os.path.join("examples", "cookbook"), "samples"]  # folders
DOCUMENTS = ["README.md", "README_zh.md", "docs/asyncio.md", "docs/asyncio_zh.md", "docs/tls.md", "docs/tls_zh.md"]
MARK = re.compile(r"# mistake: (\w+)")
LEAST_MISTAKES = 40
OFFLINE = "needs the Internet"

# Lines that pyright refuses in a program of the documents, and the reason: (document, part of the line, rules, reason). All must occur.
EXCUSED = [
    (REFERENCE, "asyncio.core._io_queue.queue_read(waiting)", ("reportPrivateUsage",), "MicroPython's asyncio has no other way to wait for an object"),
    (REFERENCE, "await result_of(", ("reportGeneralTypeIssues", "reportUnknownVariableType"), "MicroPython awaits a generator, CPython does not"),
    (REFERENCE, "client.getpeername() == server", ("reportUnknownMemberType", "reportUnknownArgumentType"), "the result of that generator"),
]


def node():
    return shutil.which("node")


def session_text(first, lines):
    """The examples of a session as a program with the same line numbers; an expression becomes an argument of print."""
    text = [""] * (first + len(lines) + 1)
    for number, source, _ in doccheck.examples(first, lines):
        parts = source.rstrip("\n").split("\n")
        if isinstance(ast.parse(source).body[0], ast.Expr):
            parts[0] = "print(" + parts[0]
            parts[-1] += ")"
        text[number - 1:number - 1 + len(parts)] = parts
    return "\n".join(text) + "\n"


def programs():
    """Yield (document, line, text, True for a session) of each Python program and session; a text has the line numbers of its document."""
    for path in [REFERENCE, *DOCUMENTS]:
        for number, language, lines, skip in doccheck.blocks(os.path.join(ROOT, path)):
            if skip and skip != OFFLINE:
                continue  # a part of a program
            if language == "python":
                yield path, number, "\n" * number + "\n".join(lines) + "\n", False
            elif path == REFERENCE and doccheck.examples(number, lines):
                yield path, number, session_text(number, lines), True


class Project:
    """A folder for pyright, with the stubs in typings/ as an editor finds them."""

    def __init__(self, folder, stubs):
        self.folder, self.strict, self.standard, self.origin = folder, [], [], {}
        shutil.copytree(stubs, os.path.join(folder, "typings"))
        shutil.copytree(os.path.join(HERE, "micropython"), os.path.join(folder, "typings"), dirs_exist_ok=True)

    def add(self, name, text, origin, strict=True):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)
        (self.strict if strict else self.standard).append(name)
        self.origin[name] = origin

    def fill(self):
        own = [os.path.join(HERE, name) for name in ("precise.py", "mistakes.py")]
        for path in sorted([*(p for folder in PROGRAMS for p in glob.glob(os.path.join(ROOT, folder, "*.py"))), *own]):
            origin = os.path.relpath(path, ROOT)
            with open(path, encoding="utf-8") as file:
                self.add(origin.replace(os.sep, "_"), file.read(), origin)
        for path, number, text, session in programs():
            name = "%s_%d.py" % (re.sub(r"\W", "_", path), number)
            self.add(name, text, path, strict=path == REFERENCE and not session)
        for name in ("usocket", "socket", "aiosocket"):
            self.strict.append(f"typings/{name}-stubs/__init__.pyi")
            self.origin[self.strict[-1]] = f"stubs/{name}-stubs/__init__.pyi"

    def run(self, pyright):
        """{origin: [(line, rule, message)]} of all errors."""
        settings = {"typeCheckingMode": "standard", "strict": self.strict, "include": self.strict + self.standard, "reportMissingModuleSource": "none",
                    "reportMissingImports": "error", "pythonVersion": "3.12", "pythonPlatform": "Linux"}
        with open(os.path.join(self.folder, "pyrightconfig.json"), "w") as file:
            json.dump(settings, file)
        result = subprocess.run(["timeout", str(LIMIT), "node", os.path.join(pyright, "index.js"), "-p", self.folder, "--outputjson"],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=self.folder)
        try:
            report = json.loads(result.stdout)
        except ValueError:
            raise RuntimeError(f"pyright: {(result.stdout + result.stderr)[-400:]}")
        found = {origin: [] for origin in self.origin.values()}
        for item in report["generalDiagnostics"]:
            if item["severity"] == "error":
                name = os.path.relpath(item["file"], self.folder)
                found[self.origin[name]].append((item["range"]["start"]["line"] + 1, item.get("rule", "syntax"), item["message"].split("\n")[0]))
        return report["summary"]["filesAnalyzed"], found


def check_mistakes(found, check):
    path = "test/stubs/mistakes.py"
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        marked = {number: MARK.search(line).group(1) for number, line in enumerate(file, 1) if MARK.search(line)}
    check(len(marked) >= LEAST_MISTAKES, path, f"{len(marked)} mistakes of {LEAST_MISTAKES}")
    rules = {}
    for line, rule, message in found:
        rules.setdefault(line, {})[rule] = message
    for line in sorted(set(marked) | set(rules)):
        got = rules.get(line, {})
        check(line in marked, f"{path}:{line}", f"no mistake is marked here: {got}")
        check(marked.get(line) in got or line not in marked, f"{path}:{line}", f"{marked.get(line)} is expected, not {got or 'silence'}")


def check_programs(found, check):
    used = set()
    for origin, errors in found.items():
        if origin == "test/stubs/mistakes.py":
            continue
        with open(os.path.join(ROOT, origin), encoding="utf-8") as file:
            lines = file.read().split("\n")
        wrong = []
        for line, rule, message in errors:
            excuse = next((e for e in EXCUSED if e[0] == origin and e[1] in lines[line - 1] and rule in e[2]), None)
            used.add(excuse)
            wrong += [] if excuse else [f"line {line}: {message} ({rule})"]
        check(not wrong, origin, "; ".join(wrong))
    for excuse in EXCUSED:
        check(excuse in used, excuse[0], f"nothing is wrong with `{excuse[1]}`, which has an excuse: {excuse[3]}")


def check_editor(pyright, folder, stubs, check):
    project = Project(folder, stubs)
    project.fill()
    analysed, found = project.run(pyright)
    check(analysed >= len(project.origin), "pyright", f"{analysed} of {len(project.origin)} files were analysed")
    check_mistakes(found["test/stubs/mistakes.py"], check)
    check_programs(found, check)
