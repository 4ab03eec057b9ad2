#!/usr/bin/env python3
"""Run the scripts of test/python on a board with RT-Thread and MicroPython 1.13, or on an emulated one, and judge their output.

usage: test/rtthread/test.py --machine COMMAND [--filter RE] [--jobs N] [--out DIR] ...
       test/rtthread/test.py --device /dev/ttyUSB0 --reset COMMAND ...

COMMAND starts the machine with its console on standard input and output. Each script has a boot of its own: the runner waits for the
prompt of msh and for an address, starts `python`, types the script and its helpers, and collects the output up to the end of the
script or its limit. DIR/SCRIPT.txt has the output; test/python/run.py --judge DIR --stack rtthread then gives the verdict, with the
differences in test/python/stacks/rtthread.txt and, for the version that the board prints, stacks/rtthread/VERSION.txt.

With --machine everything runs in a network namespace of its own (test/python/netns.sh), with a name server for the names of the tests
and a neighbour that drops every packet. --no-namespace leaves it out, and so does --device; --name NAME is then a name with the
board's address, --silent ADDRESS a host that does not answer.
"""

import argparse
import concurrent.futures
import io
import os
import re
import shutil
import subprocess
import sys
import time
import tokenize

import board as boards

PYTHON = os.path.join(boards.ROOT, "test", "python")
sys.path.insert(0, PYTHON)

import nameserver  # noqa: E402
import run as judge  # noqa: E402

STACK = "rtthread"
OUT = os.path.join(boards.ROOT, "build", "rtthread", "outputs")
NETNS = os.path.join(PYTHON, "netns.sh")
HELPERS = ("target", "control", "where", "asleep", "check", "pairs", "alike", "squeeze", "tlsdata", "tls_pair")  # in the order of their imports
ALWAYS = ("target", "control", "where")
TARGET = "    from target import *\n"  # a line of where.py, without its comment: an object in sys.modules has no names for it
BOOT = 60  # seconds until the prompt, and until an address
RECORDS = {"five": ["127.0.0.5"], "six": ["::1"], "both": ["127.0.0.1", "::1"]}  # of the name server, as in netns.sh
ESCAPES = re.compile(rb"\x1b\[[0-9;]*m|[\0-\x03]")  # of RT-Thread's log
NAME, BOTH = "name.test", "both.test"


def source(path):
    """The text of a script, without comments; the lines keep their numbers."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    lines = text.splitlines(keepends=True)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip() + "\n"
    return "".join(lines)


def helper_path(name):
    return os.path.join(PYTHON, name + ".py")


def imported(text):
    """The helpers that a text imports, directly and through others."""
    found, texts = set(ALWAYS), [text]
    while texts:
        for name in re.findall(r"^\s*(?:from|import) (\w+)", texts.pop(), re.M):
            if name in HELPERS and name not in found:
                found.add(name)
                texts.append(source(helper_path(name)))
    return [name for name in HELPERS if name in found]


def pieces(text):
    """Calls of on_board.take() that carry a text."""
    for n, at in enumerate(range(0, len(text), boards.PIECE)):
        part = text[at : at + boards.PIECE]
        yield "take(%d,%s)" % (n, ascii(part)), "taken %d %d" % (n + 1, len(part))


def target(host, host6, again, options):
    """The stack's target.py, and what is known only when the board runs."""
    path = os.path.join(PYTHON, "stacks", STACK, "target.py")
    known = {"HOST": host, "HOST6": host6 or "::1", "NAME": options.name or (NAME if options.namespace else host)}
    known["BOTH"] = BOTH if options.namespace else known["NAME"]
    if options.silent:
        known["SILENT"] = (options.silent, 80)
    known["ENV"] = {"TEST_STACK": STACK, "TEST_AGAIN": str(again), "TEST_SLOW": "%.2f" % (boards.slow.factor() * options.slow)}
    return source(path) + "".join("%s = %r\n" % item for item in known.items())


class Runner:
    def __init__(self, options):
        self.options, self.versions, self.heaps = options, set(), set()

    def start(self):
        o = self.options
        return boards.Board(o.machine, o.device, o.baud, o.reset, o.window, o.patience)

    def hand(self, board, text):
        """Hand a text to the board, in pieces."""
        for call, answer in pieces(text):
            said = board.paste(call)
            if not said.endswith(answer):
                raise boards.Failed("a piece of the script was not taken: %r" % said)

    def load(self, board, name, again):
        """Boot, start Python, and hand over a script with its helpers."""
        version = board.boot(self.options.boot)
        host, host6 = board.addresses(self.options.boot)
        for address in (NAME, BOTH):
            RECORDS[address] = [a for a in (host, host6) if a]
        for command in self.options.before:
            board.shell(command)
        board.python()
        said = board.paste(source(os.path.join(boards.ROOT, "test", "rtthread", "on_board.py")))
        heap = re.search(r"^heap (\d+)$", said, re.M)
        if not heap:
            raise boards.Failed("on_board.py did not run: %r" % said)
        self.versions.add(version)
        self.heaps.add(int(heap[1]))
        script = source(self.path(name))
        known = target(host, host6, again, self.options)
        for helper in imported(script):
            text = known if helper == "target" else source(helper_path(helper))
            self.hand(board, text.replace(TARGET, "    pass\n") + known if helper == "where" else text)
            said = board.paste("helper(%r)" % helper, 60)
            if not said.endswith("helper " + helper):  # RT-Thread logs each file that it does not find
                raise boards.Failed("%s.py did not run: %s" % (helper, said))
        self.hand(board, script)

    def path(self, name):
        return os.path.join(self.options.scripts, name)

    def collected(self, board, name):
        """Run the script; board.output has what it prints. @return the words of a failure or ''"""
        wants = judge.directives(self.path(name))
        limit = boards.slow.Limit(float(wants.get("limit", 30)) * self.options.slow)
        board.type(b"\x05")
        board.until(rb"\r\n=== $", boards.slow.Limit(10), "no paste mode")
        board.echoed(b"script(%a)" % name[:-3])
        board.type(boards.MARK)
        if board.finish(limit):
            return ""
        return "%s; Ctrl-C %s" % (limit.words(), "ends it" if board.interrupt(self.options.answer) else "is not answered: the board has halted")

    def attempt(self, name, again):
        """Boot a board for a script. @return its output as text, and the words of a failure or ''"""
        wrong, board, runs = "", None, False
        try:
            with self.start() as board:
                self.load(board, name, again)
                runs = True
                wrong = self.collected(board, name)
        except boards.Lost:
            wrong = "the console lost characters of the last line"
        except boards.Failed as e:
            wrong = str(e)
        out = ESCAPES.sub(b"", board.output).decode(errors="replace").replace("\r", "") if runs else ""
        return out, wrong + ("; pieces typed again: %d" % board.typed_again if wrong and board and board.typed_again else "")

    def run(self, name, again=0):
        """Run a script; what it prints goes to DIR. @return a line for the reader"""
        start = time.monotonic()
        out, wrong = self.attempt(name, again)
        if wrong:
            out = out.rstrip("\n") + "\nFAIL the board runs to the end of the script: %s\n" % " ".join(wrong.split())
        with open(os.path.join(self.options.out, name[:-3] + (".%d.txt" % again if again else ".txt")), "w", encoding="utf-8") as file:
            file.write(out)
        if not wrong and again < judge.FRESH and judge.doubtful(out):
            self.run(name, again + 1)
        return "%s: %s, %.1f s" % (name, wrong or "ended", time.monotonic() - start)


def inside():
    """Go on in a network namespace of its own."""
    if os.environ.get("RTTHREAD_NETNS") != "1":
        os.environ["RTTHREAD_NETNS"] = "1"
        os.execv(NETNS, [NETNS, "dns", sys.executable, "-B", *sys.argv])


def verdict(runner, filter, verbose):
    """Judge what is in DIR. @return the status"""
    command = [sys.executable, "-B", os.path.join(PYTHON, "run.py"), "--judge", runner.options.out, "--stack", STACK, "--filter", filter,
               "--scripts", runner.options.scripts]
    for version in sorted(runner.versions):
        known = os.path.join(PYTHON, "stacks", STACK, version + ".txt")
        if os.path.exists(known):
            command += ["--known", known]
    print("\n$ " + " ".join(os.path.relpath(word, boards.ROOT) if word.startswith("/") else word for word in command[2:]), flush=True)
    return subprocess.call(command + ["--verbose"] * verbose)


def parsed():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--machine", metavar="COMMAND", help="starts the machine, with its console on standard input and output")
    p.add_argument("--device", help="the serial device of a board, in place of --machine")
    p.add_argument("--baud", type=int, default=115200, help="of the device (115200)")
    p.add_argument("--reset", metavar="COMMAND", help="restarts the board at the device")
    p.add_argument("--before", action="append", default=[], metavar="LINE", help="a command for msh before `python`")
    p.add_argument("--filter", default="", help="only scripts whose name matches this")
    p.add_argument("--scripts", default=PYTHON, metavar="DIR", help="the scripts of another directory")
    p.add_argument("--jobs", type=int, default=1, help="machines at a time (1)")
    p.add_argument("--out", default=OUT, metavar="DIR", help="for what the scripts print (build/rtthread/outputs)")
    p.add_argument("--slow", type=float, default=2, help="a factor for the limits of the scripts (2)")
    p.add_argument("--answer", type=float, default=10, help="seconds for the answer to Ctrl-C (10)")
    p.add_argument("--boot", type=float, default=BOOT, help="seconds for a boot (%d)" % BOOT)
    p.add_argument("--window", type=int, default=boards.WINDOW, help="characters that are typed before their echo (%d)" % boards.WINDOW)
    p.add_argument("--patience", type=float, default=5, help="seconds without an echo; then a character is lost (5)")
    p.add_argument("--no-namespace", dest="namespace", action="store_false", help="with --machine: stay in this network")
    p.add_argument("--name", help="a name with the board's address, outside of the namespace")
    p.add_argument("--silent", help="the address of a host that does not answer, outside of the namespace")
    p.add_argument("--verbose", action="store_true", help="print the whole output of scripts that fail")
    options = p.parse_args()
    if bool(options.machine) == bool(options.device) or bool(options.device) != bool(options.reset):
        p.error("either --machine, or --device with --reset")
    options.scripts = os.path.abspath(options.scripts)
    options.namespace = options.namespace and not options.device
    options.jobs = 1 if options.device else options.jobs
    return options


def main():
    options = parsed()
    if options.namespace:
        inside()
        nameserver.start(53, RECORDS, nameserver.NXDOMAIN, slow=1, ttl=60)
    shutil.rmtree(options.out, ignore_errors=True)
    os.makedirs(options.out)
    runner = Runner(options)
    names, left_out = judge.selection(STACK, options.filter, options.scripts)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(runner.run, name) for name in names if name not in left_out]
        for future in concurrent.futures.as_completed(waiting):
            print(future.result(), flush=True)
    for name in left_out & set(names):  # their lines are printed by the judge
        open(os.path.join(options.out, name[:-3] + ".txt"), "w").close()
    print("board: RT-Thread %s, a heap of %s bytes" % (", ".join(sorted(runner.versions)) or "of an unknown version",
                                                       ", ".join(map(str, sorted(runner.heaps))) or "unknown"))
    return verdict(runner, options.filter, options.verbose)


if __name__ == "__main__":
    sys.exit(main())
