"""Runs the scripts for TLS sockets: inside.py and inside_*.py, Ctrl-C with interrupt.py, and among.py with both ends in one program, also
with a clock that was never set.

SPDX-License-Identifier: MIT
"""
import json
import os
import re
import signal
import subprocess
import threading
import time

import bad
import slow

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 240


def script(suite, name, press=False, parts=(), environment=None):
    """Run a script and count its checks. With `press`, send Ctrl-C a moment after each line that starts with "waiting"."""
    child = subprocess.Popen([suite.interp, "-X", "heapsize=64m", os.path.join(HERE, name), suite.maker.directory, suite.stack or "-", *parts],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             env={**os.environ, "TEST_SLOW": f"{slow.factor():.2f}", **(environment or {})})
    limit = slow.Limit(LIMIT)

    def watch():
        if slow.wait(child, limit) is None:
            late.append(limit.words())
            child.kill()

    late = []
    threading.Thread(target=watch, daemon=True).start()
    lines = []
    for line in child.stdout:
        line = line.rstrip("\n")
        lines.append(line)
        if line.startswith("ok "):
            suite.check(line[3:], True)
        elif line.startswith("skip "):
            suite.skip(*line[5:].rsplit(": ", 1))
        elif line.startswith("FAIL "):
            label, _, why = line[5:].partition(": ")
            suite.check(label, False, why)
        elif press and line.startswith("waiting "):
            time.sleep(0.25)
            child.send_signal(signal.SIGINT)
    child.wait()
    suite.check(f"{name} ends well", child.returncode == 0 and lines and lines[-1] == "end", f"{child.returncode} {' '.join(late)} " + "\n".join(lines)[-2500:])


def clock(suite):
    """Run among.py in a program with a clock of 1970."""
    library = os.path.join(suite.scratch, "clock1970.so")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, os.path.join(HERE, "clock1970.c")], check=True)
    sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    script(suite, "among.py", parts=["clock"], environment={"LD_PRELOAD": library, "ASAN_OPTIONS": sanitizer})


def one_mbedtls(suite):
    """MicroPython's tls and usocket share one copy of mbedTLS."""
    symbols = subprocess.run(["nm", suite.interp], check=True, capture_output=True, text=True).stdout.split()
    suite.check("mbedtls_ssl_handshake stands once in the program", symbols.count("mbedtls_ssl_handshake") == 1, symbols.count("mbedtls_ssl_handshake"))
    with open(os.path.join(HERE, "..", "..", "mk", "interpreters.mk")) as file:
        version = re.search(r"^MBEDTLS_VERSION := (.*)$", file.read(), re.M)[1]
    said = subprocess.run([suite.interp, "-c", "import tls; print(tls.MBEDTLS_VERSION)"], check=True, capture_output=True, text=True).stdout
    suite.check("MicroPython's tls runs on the mbedTLS of our sockets", said.split()[-1] == version, said)


def run(suite):
    one_mbedtls(suite)
    with open(suite.maker.path("table.json"), "w") as file:
        json.dump({name: words for name, (words, _) in bad.TABLE.items()}, file)
    script(suite, "inside.py")
    script(suite, "inside_loops.py")
    script(suite, "inside_secure.py")
    script(suite, "inside_close.py")
    script(suite, "inside_threads.py")
    script(suite, "interrupt.py", press=True)
    script(suite, "among.py")
    clock(suite)
    if suite.stack != "sal":  # there menuconfig sets the name of the CA file
        script(suite, "among.py", parts=["trust"], environment={"SSL_CERT_FILE": suite.maker.path("root.pem")})
    else:
        script(suite, "among.py", parts=["randomness"], environment={"LOOK": "norandom"})
