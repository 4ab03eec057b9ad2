#!/usr/bin/env python3
"""Check the sources without running them.

usage: tools/lint.py [--root DIR] [--tree MICROPYTHON --objects DIR] [CHECK...]

Without --tree (MicroPython's sources) and --objects (where an interpreter was built, for the generated headers) the binding
is not analysed. The last line counts the checks.
"""

import argparse
import concurrent.futures
import datetime
import glob
import os
import re
import shutil
import subprocess
import sys

import arrows
import budget
import builds
import cache
import calls
import cookbook
import diagrams
import named
import never
import pages
import readmes as numbered
import soak
import versions as numbers
import words as wording

MOST_LINES = 500
MOST_DAYS = 14
SOURCE = (".c", ".h", ".py", ".sh", ".mk", ".cmake")
CHECKS = {}

# Flags with which MicroPython's unix port compiles a user module.
BINDING_FLAGS = ["-std=gnu99", "-DUNIX", "-D_FILE_OFFSET_BITS=64", "-DMICROPY_PY_THREAD=1", "-DMICROPY_PY_THREAD_GIL=0",
                 "-DMICROPY_USE_READLINE=1", "-DMICROPY_PY_SSL=1", "-DMICROPY_SSL_MBEDTLS=1", "-DMPZ_DIG_SIZE=16"]
CORE_FLAGS = ["-std=c99", "-Iinclude", "-Iport/posix"]


class Skip(Exception):
    """The check cannot be done here; the text has the reason."""


def check(function):
    CHECKS[function.__name__.replace("_", "-")] = function
    return function


def files(*suffixes, under=("",)):
    """This project's files, relative to the root, without built and hidden ones; .ci/run is included elsewhere."""
    found = []
    for top in under:
        for directory, folders, names in os.walk(top or "."):
            folders[:] = [f for f in folders if f not in ("build", "__pycache__") and not f.startswith(".")]
            found += [os.path.normpath(os.path.join(directory, n)) for n in names if n.endswith(suffixes)]
    return sorted(found)


def shipped(*suffixes):
    return files(*suffixes, under=("include", "src", "port", "micropython", "examples/c", "samples"))


def ours_for_posix():
    """The translation units of the library on Linux."""
    return sorted(glob.glob("src/*/*.c") + glob.glob("port/*.c") + glob.glob("port/posix/*.c"))


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def need(tool):
    if not shutil.which(tool):
        raise Skip(f"{tool} is not installed")


def command(*arguments):
    """The output lines of a tool that fails."""
    result = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return [] if result.returncode == 0 else (result.stdout + result.stderr).splitlines() or [f"{arguments[0]} failed"]


@check
def formatting(_):
    """clang-format would change nothing (`make format` applies it)."""
    need("clang-format")
    lines = command("clang-format", "--dry-run", "-Werror", *shipped(".c", ".h"))
    return [line for line in lines if "error:" in line] or lines


@check
def cppcheck(_):
    """cppcheck reports nothing in the library."""
    need("cppcheck")
    # It reads the headers beside the sources, in all the configurations that it finds.
    key = cache.key("cppcheck", cache.version("cppcheck"), *cache.contents([*ours_for_posix(), *files(".h", under=("include", "src", "port")), __file__]))
    if cache.known(key):
        return []
    lines = command("cppcheck", "--quiet", "--std=c99", "--enable=warning,portability,performance", "--inline-suppr",
                   "--suppress=missingIncludeSystem", "--suppress=toomanyconfigs", "--max-configs=64",
                   "-UUSOCKET_CONFIG_FILE", "--error-exitcode=1", "-Iinclude", "-Iport/posix", *ours_for_posix())
    if not lines:
        cache.remember(key)
    return lines


def tidy(jobs):
    need("clang-tidy")
    if not jobs:
        return ["there is no source to check"]

    ours = cache.key(cache.version("clang-tidy"), *cache.contents([".clang-tidy", *files(".h", under=("include", "src", "port", "micropython"))]))

    def key_of(job):
        """Of the texts before and behind the preprocessor; a source that does not compile has a key of its own."""
        source, flags = job
        result = subprocess.run(["clang", "-E", *flags, source], stdin=subprocess.DEVNULL, capture_output=True)
        defined = flags if result.returncode else [flag for flag in flags if not flag.startswith("-D")]
        return cache.key("clang-tidy", ours, *defined, *cache.contents([source]), result.stdout)

    def one(key, job):
        if cache.known(key):
            return []
        source, flags = job
        lines = command("clang-tidy", "--quiet", source, "--", *flags)
        if not lines:
            cache.remember(key)
        return [line for line in lines if re.search(r"(error|warning):", line)] or lines

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        # Flags that make the same text of a source are one job.
        different = dict(zip(pool.map(key_of, jobs), jobs))
        return list(dict.fromkeys(line for lines in pool.map(one, different, different.values()) for line in lines))


@check
def clang_tidy(_):
    """clang-tidy (.clang-tidy) reports nothing in the library."""
    return tidy([(source, CORE_FLAGS) for source in ours_for_posix()])


def binding_flags(options):
    """The flags with which MicroPython's unix port compiles the binding."""
    port = options.tree + "/ports/unix"
    flags = BINDING_FLAGS + ["-Iinclude", "-Iport/posix"]
    for directory in (options.tree, port, port + "/variants/standard", options.objects):
        flags += ["-isystem", directory]
    return flags


@check
def clang_tidy_binding(options):
    """clang-tidy reports nothing in the binding, in both builds: beside a built-in `socket` and in place of it."""
    if not options.tree or not options.objects:
        raise Skip("no MicroPython tree and objects were given")
    flags = binding_flags(options)
    sources = glob.glob("micropython/*.c")
    return tidy([(s, flags + [f"-DMICROPY_PY_SOCKET={builtin}"]) for s in sources for builtin in (0, 1)])


@check
def include_arrows(_):
    """Includes follow the arrows of the design and form no circle."""
    return arrows.wrong_includes(shipped(".c", ".h")) + arrows.circles(shipped(".h")) + arrows.sockets_in_engine(shipped(".c", ".h"))


@check
def call_layers(options):
    """Calls in src/ go down its layers, and no files of src/, port/ or micropython/ call each other in a circle."""
    found = calls.check_itself() + calls.check_core(options.mbedtls) + calls.check_port("rtthread", options.mbedtls)
    if options.lwip:
        found += calls.check_port("lwip", options.mbedtls, options.lwip)
    if options.tree and options.objects:
        flags = ["gcc", "-O0", "-w", *binding_flags(options), "-DMICROPY_PY_SOCKET=0"]
        for tls in (0, 1):
            found += calls.check_folder("micropython/*.c", [*flags, f"-DUSOCKET_TLS={tls}"], f"the binding, TLS={tls}")
    return found


@check
def sources(_):
    """Every build system compiles all files of src/."""
    return builds.missing()


@check
def bsd_names(_):
    """No function has the name of a BSD one: lwIP and SAL define those as macros."""
    return arrows.bare_bsd_names(files(".c", ".h", under=("include", "src")))


@check
def never_used(_):
    """Words that CONTRIBUTING.md lists under "never" are not used (tools/never.py)."""
    return never.broken(files(".c", ".h", under=("src", "port", "micropython")))


@check
def file_length(_):
    """No file has over 500 lines, unless its head has `Over 500 lines:` and the reason."""
    problems = []
    for path in files(*SOURCE) + ["Makefile"]:
        with open(path, encoding="utf-8") as file:
            lines = file.readlines()
        if len(lines) > MOST_LINES and not any("Over 500 lines:" in line for line in lines[:20]):
            problems.append(f"{path}: {len(lines)} lines, and no `Over 500 lines: <reason>` in its head")
    return problems


@check
def page_pairs(_):
    """Each Chinese page has the headings, the code, the tables and the pictures of its English page (tools/pages.py)."""
    return pages.check_itself() + pages.pairs(files(".md"))


@check
def links(_):
    """Links in documents lead to files and headings that exist, and those in Chinese pages to Chinese pages (tools/pages.py)."""
    return pages.links(files(".md"))


@check
def chinese_terms(_):
    """Chinese pages, stubs and templates use the terms of docs/glossary.md (tools/pages.py)."""
    return pages.chinese_terms(files("_zh.md") + files(".pyi", under=("stubs/zh",)) + files("_zh.md", under=(".github",)))


@check
def cookbook_pages(_):
    """docs/cookbook.md and its Chinese page show the programs of examples/cookbook (tools/cookbook.py)."""
    return cookbook.problems()


@check
def pictures(_):
    """Each picture of the documents matches its text and names existing files and folders."""
    return diagrams.problems()


@check
def readme_numbers(_):
    """Each number of README.md and its Chinese page is that of its source, and their charts and states are too (tools/readmes.py)."""
    return numbered.problems() + numbered.check_itself()


@check
def named_in_documents(_):
    """Names and paths in CONTRIBUTING.md, docs/inside.md, its Chinese page and the pictures exist (tools/named.py)."""
    return named.missing()


@check
def versions(_):
    """The header, the packages and CHANGELOG.md have the same version (tools/versions.py)."""
    return numbers.problems()


@check
def words(_):
    """Comments are plain clauses without questions, public headers keep to 100 columns, documents have no private words (tools/words.py)."""
    figures = wording.Figures({path: text_of(path) for path in files(*SOURCE) + ["Makefile", "SConscript", ".ci/run"]})
    print("\n".join("      " + line for line in figures.lines()))
    documents = [line for path in files(".md") if not path.startswith("bench/") for line in wording.private(path, text_of(path))]
    return wording.check_itself() + figures.problems() + documents


@check
def subjects(_):
    """Subjects of commits have the form `path: Sentence.` and at most 72 characters (tools/words.py)."""
    need("git")
    commits = wording.subjects()
    if commits is None:
        raise Skip(f"the history since {wording.BASE} is not here")
    return [f"{commit}: {subject}" for commit, subject in commits if wording.wrong_subject(subject)]


@check
def python_compiles(_):
    """Every Python file compiles."""
    problems = []
    for path in files(".py"):
        with open(path, "rb") as file:
            try:
                compile(file.read(), path, "exec", dont_inherit=True)
            except (SyntaxError, ValueError) as error:
                problems.append(f"{path}: {error}")
    return problems


@check
def shell_parses(_):
    """Every shell script parses."""
    scripts = files(".sh") + [".ci/run"]
    return [line for path in scripts for line in command("bash", "-n", path)]


@check
def suites_in_documents(_):
    """docs/testing.md lists the suites of each run as `make suites` does."""
    made = subprocess.run(["make", "-s", "suites"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    page = text_of("docs/testing.md")
    rows = {name: " ".join(sorted(words.replace("`", "").split(", "))) for name, words in re.findall(r"^\| `(make test[\w-]*)` \| (`[^|]*`) \|$", page, re.M)}
    lines = [line for line in made.stdout.splitlines() if line.startswith("make test")]
    if made.returncode or len(lines) != 3:
        return ["make suites fails: " + made.stderr]
    return [f"docs/testing.md: the row of {name} has to be {suites}" for name, suites in (line.split(": ") for line in lines) if rows.get(name) != suites]


@check
def gate_budget(_):
    """Each suite of make test and make test-long has a row in tools/budget.txt, and the rows add up to less than the limit (tools/budget.py)."""
    made = subprocess.run(["make", "-s", "suites"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    runs = re.findall(r"^make (test|test-long): (.*)$", made.stdout, re.M)
    if made.returncode or len(runs) != 2:
        return ["make suites fails: " + made.stderr]
    return budget.problems([name for run, suites in runs for name in (f"{run}-builds", *suites.split())])


@check
def soak_age(_):
    """docs/soak.md lists no failures, and each run is at most 14 days older than the newest change to src/."""
    need("git")
    if command("git", "rev-parse", "HEAD") or not os.path.isdir(".git"):
        raise Skip("this is no checkout")
    shallow, changed = (subprocess.run(["git", *words], capture_output=True, text=True).stdout.strip() for words in (
        ("rev-parse", "--is-shallow-repository"), ("log", "-1", "--format=%cs", "--", "src")))
    if shallow == "true":
        raise Skip("the history is not here")
    rows = soak.recorded()
    if not rows:
        return ["docs/soak.md has no rows: make test-soak writes it"]
    days = [(datetime.date.fromisoformat(changed) - datetime.date.fromisoformat(row[1])).days for row in rows]
    return [f"{row[0]} ran last {age} days before the newest change to src/" for row, age in zip(rows, days) if age > MOST_DAYS] + [
        f"{row[0]} had {row[4]} failures" for row in rows if row[4]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser.add_argument("--tree")
    parser.add_argument("--objects")
    parser.add_argument("--mbedtls", help="mbedTLS's sources; without them the layers of TLS are not checked")
    parser.add_argument("--lwip", help="lwIP's sources; without them the layers of its port are not checked")
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=" ".join(CHECKS))
    options = parser.parse_args()
    options.tree = options.tree and os.path.abspath(options.tree)
    options.objects = options.objects and os.path.abspath(options.objects)
    os.chdir(options.root)

    passed = failed = skipped = 0
    for name in options.checks or CHECKS:
        try:
            problems = CHECKS[name](options)
        except Skip as reason:
            print(f"skip  {name}: {reason}")
            skipped += 1
            continue
        passed, failed = passed + (not problems), failed + bool(problems)
        print(f"{'FAIL' if problems else 'ok  '}  {name}: {CHECKS[name].__doc__}", flush=True)
        for line in problems[:40]:
            print("      " + line)
        if len(problems) > 40:
            print(f"      ... and {len(problems) - 40} more lines")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
