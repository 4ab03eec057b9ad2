"""Check the column "never" of the table in CONTRIBUTING.md, as far as a search for words can.

A rule has folders or files, the exceptions among them, the forbidden words and their replacement. Comments and strings
do not count.
"""

import fnmatch
import re

CALL = r"\b(?:{})\s*\("
RULES = [
    ("src/*", (), CALL.format("malloc|calloc|realloc|free|strdup|alloca"), "usocket_port_alloc and usocket_port_free"),
    ("port/*.c", ("port/*/*",), CALL.format("malloc|calloc|realloc|free|strdup|alloca"), "usocket_port_alloc and usocket_port_free"),
    ("micropython/*", (), CALL.format("malloc|calloc|realloc|free|strdup|alloca"), "MicroPython's heap: m_new, vstr_t, usocket_py_new_bytes"),
    ("src/*", (), r"\berrno\b", "the code that the port returned"),
    ("port/*.c", ("port/*/*",), r"\berrno\b", "bsd_failed, at once; in the guard guard_number_of"),
    ("micropython/*", (), r"\berrno\b", "the code that the core returned"),
    ("src/*", (), CALL.format("sleep|usleep|nanosleep|select|poll|ppoll"), "usocket_wait_for, with the call's deadline"),
    ("micropython/*", (), CALL.format("sleep|usleep|nanosleep|select|poll|ppoll|mp_hal_delay_ms"), "a call of the core with a deadline"),
    ("src/*", (), CALL.format("time|clock|gettimeofday|clock_gettime"), "usocket_port_now; for dates usocket_port_wall_time"),
    ("src/*", (), CALL.format("rand|srand|random|getrandom"), "usocket_port_random"),
    ("src/*", (), r"\bpthread_\w+", "usocket_port_spawn and usocket_port_lock"),
    ("src/*", ("src/base/sync.h",), r"\b__(?:atomic|sync)_\w+", "ATOMIC_* and LOOSE_* of src/base/sync.h"),
    ("src/*", (), CALL.format("strtol|strtoul|strtoll|strtoull|atoi|atol|sscanf|strtok"), "usocket_parse_digits"),
    ("src/*", ("src/mbedtls/*",), CALL.format(r"v?s?n?printf|puts|fputs"), "usocket_format_number; there is nothing to print to"),
    ("src/mbedtls/*", (), CALL.format(r"v?s?printf|puts|fputs"), "the words of the session, or snprintf with its size"),
    ("micropython/*", (), CALL.format(r"v?s?n?printf|puts|fputs"), "mp_printf into a vstr_t"),
    ("src/*", (), CALL.format("assert|abort|exit"), "a code"),
    ("src/*", (), CALL.format("getenv|system"), "a function of port.h"),
    ("src/*", (), r"\b(?:__unix__|__linux__|__APPLE__|_WIN32|__RTTHREAD__|RT_USING_\w+|LWIP_\w+)\b", "a function of port.h, or a knob"),
    ("micropython/*", (), r"\busocket_port_\w+", "the public headers"),
]
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)


def without_comments(text):
    """Blank comments and strings; line numbers stay unchanged."""
    return COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)


def broken(paths, rules=RULES):
    """List the lines that break a rule."""
    found = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            lines = without_comments(file.read()).split("\n")
        for under, may, words, instead in rules:
            if not fnmatch.fnmatch(path, under) or any(fnmatch.fnmatch(path, pattern) for pattern in may):
                continue
            for number, line in enumerate(lines, 1):
                match = re.search(words, line)
                if match:
                    found.append(f"{path}:{number}: {match.group(0).strip('( ')} is not for here: use {instead}")
    return found
