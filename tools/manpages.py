#!/usr/bin/env python3
"""Write the man pages of the C library from the comments of its public headers.

usage: tools/manpages.py DIRECTORY      write usocket.3, a page for each group of functions, and for each function one that leads there
       tools/manpages.py --list         print the names of these files

A group is a section of a header (`/* ---- Title ---- */`); PAGES names the page of each. A page has the names, the declarations, what a
function does, its parameters, its results, and the codes that it may return, with those of the functions that it refers to.
SOURCE_DATE_EPOCH sets the date of the pages; otherwise it is that of the newest header.
"""

import datetime
import os
import re
import sys
import textwrap

import codes
import versions

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# The page of each section; "" is the part of a header before its first section. None: the section declares no function, and is in the
# page of the header's next section.
PAGES = {
    ("errors.h", ""): ("usocket_errors", "codes of failure, their names and texts"),
    ("usocket.h", ""): None,
    ("usocket.h", "Numbers"): None,
    ("usocket.h", "Addresses"): ("usocket_addresses", "addresses, and their texts"),
    ("usocket.h", "Time"): ("usocket_time", "time and deadlines"),
    ("usocket.h", "The socket"): ("usocket_socket", "open, connect, accept, close, and options"),
    ("usocket.h", "Data"): ("usocket_data", "send and receive until a deadline"),
    ("usocket.h", "Waiting for several things"): ("usocket_waiting", "poll, watch, and interrupt a wait"),
    ("usocket.h", "Plain calls, with the socket's own timeout"): ("usocket_plain", "calls with the timeout of the socket"),
    ("names.h", ""): ("usocket_lookups", "look names up"),
    ("names.h", "Connecting to a name"): ("usocket_dialing", "connect to a name"),
    ("names.h", "Interfaces and this host"): ("usocket_interfaces", "interfaces, and the name of this host"),
    ("poller.h", ""): ("usocket_pollers", "wait for many descriptors"),
    ("tls.h", ""): None,
    ("tls.h", "Options"): None,
    ("tls.h", "Failures"): ("usocket_tls", "TLS sockets: options, failures, and calls"),
    ("tls.h", "Calls"): ("usocket_tls", "TLS sockets: options, failures, and calls"),
}
HEADERS = list(dict.fromkeys(header for header, _ in PAGES))
RULE = re.compile(r"^/\* ---- (.*?) -+ \*/$", re.M)
# What follows in a header: a comment, a line of the preprocessor, or a declaration up to its end.
PART = re.compile(r'(?P<comment>/\*.*?\*/)|(?P<line>^#(?:[^\n]*\\\n)*[^\n]*)|(?P<extern>^extern "C" \{|^\}$)|'
                  r"(?P<declared>[^\s/#}](?:\{(?:[^{}]|\{[^{}]*\})*\}|[^;{])*?(?:(?<=\));|(?<=\))\s*\{.*?^\}|;))", re.S | re.M)
FUNCTION = re.compile(r"(?:static inline )?((?:const )?\w+ \*?)(usocket_\w+)\((.*?)\)\s*(?:;|\{)", re.S)
SKIPPED = re.compile(r"#(ifdef|ifndef|endif|include|error|define USOCKET_(\w+_)?H$|if|else)")


class Function:
    def __init__(self, name, declaration, comment, condition, callee):
        self.name, self.declaration, self.condition, self.callee = name, declaration, condition, callee
        self.text, self.parameters, self.result = split(comment)


class Page:
    def __init__(self, name, about):
        self.name, self.about = name, about
        self.header, self.paragraphs, self.definitions, self.functions = "", [], [], []


def plain(comment):
    """The text of a comment without its frame."""
    body = re.sub(r"^/\*\*?|\*/$", "", comment)
    return "\n".join(re.sub(r"^\s*\*? ?", "", line) if number else line.strip() for number, line in enumerate(body.split("\n"))).strip()


def split(comment):
    """A function's comment as (text, [(parameter, text)], result)."""
    pieces = re.split(r"@(param|return)\b", comment)
    parameters, result = [], ""
    for tag, text in zip(pieces[1::2], pieces[2::2]):
        text = " ".join(text.split())
        if tag == "return":
            result = text
        else:
            name, rest = re.match(r"((?:\w+, )*\w+) *(.*)", text).groups()
            parameters.append((name, rest))
    return pieces[0].strip(), parameters, result


def dedent(text):
    return textwrap.dedent(text).rstrip()


def sections(text):
    """(title, text) of each section; the part before the first has the title ""."""
    parts = RULE.split(text)
    return [("", parts[0])] + list(zip(parts[1::2], parts[2::2]))


def read(page, text, conditions):
    """Add what a section has to a page. conditions: the #if that are open; the list is kept up to date."""
    waiting, end = "", 0
    for match in PART.finditer(text):
        between = text[end:match.start()]
        end = match.end()
        if "\n\n" in between and waiting:
            page.paragraphs.append(plain(waiting))
            waiting = ""
        if match["comment"]:
            if waiting:
                page.paragraphs.append(plain(waiting))
            waiting = match["comment"]
            if between and "\n" not in between:  # behind a definition
                page.definitions[-1:] = [(page.definitions[-1] if page.definitions else "") + between + waiting]
                waiting = ""
        elif match["line"]:
            word = match["line"][1:].split(None, 1)
            if word[0] in ("if", "ifdef", "ifndef"):
                conditions.append(word[1] if word[0] == "if" else "")
            elif word[0] == "endif":
                conditions.pop()
            elif not SKIPPED.match(match["line"]):
                page.definitions.append((waiting + "\n" if waiting else "") + match["line"])
                waiting = ""
        elif match["declared"]:
            found = FUNCTION.match(match["declared"])
            if found:
                declaration = f"{found[1]}{found[2]}({' '.join(found[3].split())});"
                condition = " and ".join(c for c in conditions if c)
                callee = re.search(r"return (usocket_\w+)\(", match["declared"])
                page.functions.append(Function(found[2], declaration, plain(waiting), condition, callee and callee[1]))
            else:
                page.definitions.append((waiting + "\n" if waiting else "") + match["declared"])
            waiting = ""


def pages():
    """(the head of usocket.h, the pages)."""
    found, head = [], ""
    for header in HEADERS:
        with open(os.path.join(ROOT, "include", "usocket", header), encoding="utf-8") as file:
            text = file.read()
        law, text = re.match(r"(/\*.*?\*/)(.*)", text, re.S).groups()
        law = plain(law)[len("usocket - "):].partition("\n\nSPDX")[0]
        conditions, kept = [], Page("", "")
        if header == "usocket.h":
            head = law
        else:
            kept.paragraphs.append(law[:1].upper() + law[1:])
        for title, part in sections(text):
            if (header, title) not in PAGES:
                sys.exit(f"include/usocket/{header} has a section \"{title}\" that tools/manpages.py gives no page")
            if PAGES[header, title]:
                if not found or found[-1].name != PAGES[header, title][0]:
                    kept.name, kept.about = PAGES[header, title]
                    kept.header = "usocket/tls.h" if header == "tls.h" else "usocket/usocket.h"
                    found.append(kept)
                    kept = Page("", "")
                read(found[-1], part, conditions)
            else:
                read(kept, part, conditions)
                if kept.functions:
                    sys.exit(f"include/usocket/{header}: the functions of \"{title}\" have no page")
    return head, found


# ---- The language of man(7) ----

def escaped(text):
    return guarded(text.replace("\\", "\\e").replace("-", "\\-"))


def guarded(text):
    """A text without lines that would be requests."""
    return re.sub(r"(?m)^([.'])", r"\\&\1", text)


def wrapped(text):
    return guarded("\n".join(textwrap.fill(line, 78, break_long_words=False, break_on_hyphens=False) for line in text.split("\n")))


def inline(text):
    """One paragraph, its parameters in italics and its names in bold."""
    text = escaped(" ".join(text.split()))
    text = re.sub(r"@p (\*?)(\w+)", r"\1\\fI\2\\fR", text)
    text = re.sub(r"`([^`]+)`", r"\\fB\1\\fR", text)
    # A sentence a line, as man pages have it.
    return wrapped(re.sub(r"(?<=[a-z)\]])([.:]) (?=[A-Z@])", r"\1\n", text))


def blocks(text):
    """man(7) of a text with paragraphs and lists of dashes."""
    out = []
    for paragraph in re.split(r"\n\n+", text):
        for item in re.split(r"(?m)^(?=- )", paragraph):
            if item.strip():
                out += [".IP \\(bu 2", inline(item[2:])] if item.startswith("- ") else [".PP", inline(item)]
    return out


def verbatim(text):
    return [".nf", escaped(text.replace("\t", "    ")), ".fi"]


def title(name, date):
    return f'.TH {name} 3 "{date}" "usocket {versions.version()}" "C library"\n.nh\n.ad l'


def names_wrapped(names):
    return wrapped(", ".join(names))


def page_text(page, date, listed, others):
    known, tls, own = listed
    out = [title(page.name, date), ".SH NAME"]
    out += [names_wrapped([page.name] + [f.name for f in page.functions]), "\\- " + escaped(page.about), ".SH SYNOPSIS", ".nf"]
    out += [f".B #include <{page.header}>", ".PP"]
    for function in page.functions:
        out += [".BI " + declaration_words(function.declaration)]
    out += [".fi", ".SH DESCRIPTION"]
    described = [line for paragraph in page.paragraphs for line in blocks(paragraph)]
    out += described[1:] if described[:1] == [".PP"] else described
    for function in page.functions:
        out += [".SS " + escaped(function.name)]
        if function.condition:
            out += wrapped("Only in a library with \\fB" + escaped(function.condition) + "\\fR.").split("\n") + [".PP"]
        lines = blocks(function.text)
        out += lines[1:]
        if not function.text and function.callee:
            out += [f"As \\fB{function.callee}\\fR, until the timeout of the socket", "(\\fBusocket_settimeout\\fR)."]
        for name, text in function.parameters:
            out += [".TP", f"\\fI{name}\\fR", inline(text) or "see above"]
        if function.result:
            out += [".TP", "Returns", inline(function.result)]
        returned = [c for c in known + tls if c in own.get(function.name, ())]
        if returned:
            out += [".TP", "Codes", wrapped(", ".join("USOCKET_" + c for c in returned))]
    if page.definitions:
        out += [".SH DEFINITIONS"] + [line for number, definition in enumerate(page.definitions)
                                      for line in ([".PP"] if number and apart(definition) else []) + verbatim(dedent(definition))]
    out += [".SH SEE ALSO"] + see([name for name in ["usocket"] + others if name != page.name])
    return "\n".join(out) + "\n"


def apart(definition):
    """True for a definition that stands alone: one with a comment above it, or of more than a line."""
    return "\n" in definition


def declaration_words(declaration):
    """The arguments of .BI: what is C in bold, names of parameters in italics."""
    words, last = [], 0
    for match in re.finditer(r"\b(\w+)(?=[,)\[])", declaration):
        if match[1] != "void" and declaration.find("(") < match.start():
            words += [declaration[last:match.start()], match[1]]
            last = match.end()
    words.append(declaration[last:])
    return " ".join('"' + escaped(word).replace('"', "\\(dq") + '"' for word in words)


def see(names):
    return [f".BR {name} (3)" + ("," if number + 1 < len(names) else "") for number, name in enumerate(names)]


def overview(head, found, date):
    first, _, rest = head.partition("\n\n")
    out = [title("usocket", date), ".SH NAME", "usocket", "\\- " + inline(first.rstrip(".")), ".SH SYNOPSIS", ".nf"]
    out += [".B #include <usocket/usocket.h>", ".B #include <usocket/tls.h>", ".PP"]
    out += [".B cc program.c $(pkg\\-config \\-\\-cflags \\-\\-libs \\-\\-static usocket)", ".fi", ".SH DESCRIPTION"]
    rest = re.sub(r"\n\nOver 500 lines:[^\n]*", "", rest).replace("What holds for every function\n", "The following holds for every function:\n")
    out += blocks(rest)[1:]
    for page in found:
        out += [".SS " + escaped(page.name) + "(3)", escaped(page.about[:1].upper() + page.about[1:]) + ":", names_wrapped([f.name for f in page.functions]) + "."]
    out += [".SH SEE ALSO"] + see([page.name for page in found])
    return "\n".join(out) + "\n"


def date_of_headers():
    newest = max(os.path.getmtime(os.path.join(ROOT, "include", "usocket", header)) for header in HEADERS)
    return datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH") or newest), datetime.timezone.utc).strftime("%Y-%m-%d")


def made():
    """{file name: text} of all pages."""
    date, (head, found) = date_of_headers(), pages()
    text = ""
    for header in HEADERS:
        with open(os.path.join(ROOT, "include", "usocket", header), encoding="utf-8") as file:
            text += file.read()
    listed = codes.listed(text)
    files = {"usocket.3": overview(head, found, date)}
    for page in found:
        files[page.name + ".3"] = page_text(page, date, listed, [other.name for other in found])
        for function in page.functions:
            if function.name + ".3" in files:
                sys.exit(f"{function.name} is the name of a page and of a function, or declared twice")
            files[function.name + ".3"] = f".so man3/{page.name}.3\n"
    return files


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if sys.argv[1] == "--list":
        print("\n".join(made()))
        return
    os.makedirs(sys.argv[1], exist_ok=True)
    for name, text in made().items():
        with open(os.path.join(sys.argv[1], name), "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main()
