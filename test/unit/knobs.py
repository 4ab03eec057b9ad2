#!/usr/bin/env python3
"""A program compiled with another value of a knob than the library must not link if a structure depends on the knob, and the linker's
message must name the knob. With equal values it links, and also with other values of knobs on which no structure depends.

    knobs.py CC CXX LIBRARY DIRECTORY

SPDX-License-Identifier: MIT
"""
import os
import re
import subprocess
import sys

HEAD = '#include "usocket/usocket.h"\n'
# Each program uses structures in only one way.
PROGRAMS = {
    "connect": """int main(void) { usocket_t s = USOCKET_CLOSED; usocket_addr_t a = {};
        return usocket_open(&s, 2, 1, 0) + usocket_connect(&s, &a) + usocket_close(&s); }""",
    "parse": """int main(void) { usocket_addr_t a; return usocket_addr_parse(&a, "1.2.3.4", 7, 0); }""",
    "accept": """int main(void) { usocket_t l = USOCKET_CLOSED, s = USOCKET_CLOSED; usocket_addr_t a = {};
        return usocket_open(&l, 2, 1, 0) + usocket_bind(&l, &a) + usocket_listen(&l, 1) + usocket_accept(&l, &s, &a); }""",
    "datagrams": """int main(void) { usocket_t s = USOCKET_CLOSED; usocket_addr_t a = {}; char b[9];
        return usocket_open(&s, 2, 2, 0) + (int)usocket_sendto(&s, b, 9, &a) + (int)usocket_recvfrom(&s, b, 9, &a); }""",
    "lookup": """int main(void) { usocket_lookup_t *l; usocket_query_t q = {}; usocket_addrinfo_t i;
        return usocket_lookup_start(&l, &q) + usocket_lookup_get(l, 0, &i); }""",
    "dial": """int main(void) { usocket_dial_t d; usocket_query_t q = {}; usocket_t s = USOCKET_CLOSED;
        int r = usocket_dial_start(&d, &q, 0) + usocket_dial_by(&d, &s, USOCKET_NEVER); usocket_dial_end(&d, &s); return r; }""",
}
WITH_ADDRESSES = ("connect", "parse", "accept", "datagrams", "lookup", "dial")
OTHERS = {"USOCKET_UNIX=0": WITH_ADDRESSES, "USOCKET_RACE=0": ("dial",), "USOCKET_RESOLVER_RESULTS=8": ("dial",), "USOCKET_TLS=1": ("dial",)}
HARMLESS = ["USOCKET_WORDS=0", "USOCKET_WAIT_SLICE_MS=10", "USOCKET_RACE=6", "USOCKET_POLLER=0", "USOCKET_IPV6=0", "USOCKET_SERVER=0", "USOCKET_DATAGRAMS=0",
            "USOCKET_NAMES=0", "USOCKET_ASKS=1", "USOCKET_NOTIFIES=1", "USOCKET_QUICK=1", "USOCKET_WAIT_INSIDE=0", "USOCKET_RESOLVER_WORKERS=1", "USOCKET_RESOLVER_WORKERS_MOST=5", "USOCKET_RESOLVER_STACK=65536", "USOCKET_RESOLVER_PRIORITY=9",
            "USOCKET_RACE_DELAY_MS=100", "USOCKET_ASYNC=0", "USOCKET_THREADS=0", "USOCKET_FORK=0", "USOCKET_CLOCK_STEP_US=1000", "USOCKET_EVENTS=4",
            "USOCKET_UNREAD=1", "USOCKET_SO_TIMEO=0", "USOCKET_ATON=0", "USOCKET_SERVICES=0", "USOCKET_EVENT_SLICE_MS=9", "USOCKET_EVENT_MIXED_SLICE_MS=9", "USOCKET_BLOCKING_SOCKETS=4", "USOCKET_TLS_SESSIONS=1",
            "USOCKET_TLS_KEEP_TRUST=0", "USOCKET_TLS_CONSTRAINTS=0", "USOCKET_TLS_CLOSE_MS=9", "USOCKET_PY_EXTRAS=0", "USOCKET_PY_TEXT=0", "USOCKET_PY_FILE_BUFFER=64",
            "USOCKET_PY_STACK=512"]
RENAMED = ["PLAT_EVENT_COUNT=64", "PLAT_SLICE_MS=9", "PLAT_MIXED_SLICE_MS=9", "USOCKET_SLOW_SOCKETS=4"]


def main(cc, cxx, library, directory):
    os.makedirs(directory, exist_ok=True)
    passed = failed = 0

    def links(compiler, name, knob):
        source = "%s/%s.%s" % (directory, name, "cc" if compiler == cxx else "c")
        with open(source, "w") as file:
            file.write(HEAD + PROGRAMS[name].replace("= {}", "= {0}" if compiler == cc else "= {}"))
        done = subprocess.run([compiler, "-Iinclude", *(["-D" + knob] if knob else []), "-o", directory + "/program", source, library, "-lpthread"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode == 0, done.stdout

    def check(what, good, text):
        nonlocal passed, failed
        passed, failed = passed + bool(good), failed + (not good)
        if not good:
            print("FAIL %s: %s" % (what, text))

    for compiler in (cc, cxx):
        for name in PROGRAMS:
            good, text = links(compiler, name, None)
            check("%s %s with equal knobs links" % (compiler, name), good, text)
    for knob, programs in OTHERS.items():
        for name in programs:
            good, text = links(cc, name, knob)
            words = "compiled_with.*" + knob.split("=")[0]
            check("%s with %s does not link, and the words say why" % (name, knob), not good and re.search(words, text), text or "it links")
    with open("include/usocket/config.h") as file:
        every = set(re.findall(r"(?m)^#ifndef (USOCKET_\w+)$", file.read())) - {"USOCKET_CONFIG_H"}
    named = {knob.split("=")[0] for knob in [*OTHERS, *HARMLESS]}
    check("every knob of config.h is tried", every == named, every ^ named)
    for knob in RENAMED:
        good, text = links(cc, "connect", knob)
        check("connect with %s does not compile, and the words say why" % knob, not good and "#error" in text, text or "it links")
    for knob in HARMLESS:
        good, text = links(cc, "connect", knob)
        check("connect with %s links" % knob, good, text)
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
