"""Helpers of every case script: run functions as cases, and compare results."""

import json
import os
import socket  # imported first, because the module opens a descriptor at its first import
import sys

with open(sys.argv[1]) as f:
    CONFIG = json.load(f)  # addresses, ports, digests and paths, from run.py

HOST, ADDRESS = CONFIG["host"], CONFIG["address"]  # the servers' name and address
OWN = CONFIG["backend_address"]  # the interpreter's address, as the servers see it


class Skip(Exception):
    """A case that cannot run; the text is the reason."""


def same(got, want, what="value"):
    if got != want:
        raise AssertionError("%s: got %r, want %r" % (what, got, want))


def raises(numbers, function, *args):
    """function(*args) raises an OSError with one of these numbers."""
    try:
        result = function(*args)
    except OSError as e:
        if e.errno not in numbers:
            raise AssertionError("errno %r, want one of %r" % (e.errno, numbers))
        return e
    raise AssertionError("returned %r, want errno %r" % (result, numbers))


def descriptors():
    return set(os.listdir("/proc/self/fd"))


def digest(data):
    import binascii
    import hashlib

    return binascii.hexlify(hashlib.sha256(data).digest()).decode()


def run(*functions):
    """Run each function as a case; a case also fails if it leaves a descriptor open."""
    import gc

    for function in functions:
        name = function.__name__
        before = descriptors()
        try:
            function()
            left = descriptors() - before
            if left:
                gc.collect()
                word = "open" if descriptors() - before else "for the collector to close"
                os.system("ls -l /proc/$PPID/fd")
                raise AssertionError("descriptors left %s: %s" % (word, " ".join(left)))
            print("PASS", name)
        except Skip as e:
            print("SKIP %s: %s" % (name, e))
        except Exception as e:
            print("FAIL", name)
            sys.print_exception(e, sys.stdout)
    print("END", len(functions))
