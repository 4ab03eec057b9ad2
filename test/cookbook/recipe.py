"""Run one program of examples/cookbook with other settings, and read its output.

SPDX-License-Identifier: MIT
"""

import os
import queue
import re
import shutil
import signal
import subprocess
import threading

import ports
import slow

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAMS = os.path.join(ROOT, "examples", "cookbook")
LIMIT = 60  # seconds for one line of output, scaled to the machine


class Wrong(Exception):
    """A program or its peer did something else than expected; the text has what."""


def find(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def patience(seconds):
    """A program's own time limit, scaled to the machine: whole seconds, which a failing step waits for."""
    return max(1, round(seconds * slow.factor()))


def expect(good, what, got=""):
    if not good:
        raise Wrong(f"{what}: {got!r}" if got != "" else what)


def with_settings(name, settings):
    """The text of a program with other values of the constants at its top; settings: {constant: the value's text in Python}."""
    with open(os.path.join(PROGRAMS, name + ".py"), encoding="utf-8") as file:
        text = file.read()
    for constant, value in settings.items():
        text, count = re.subn(rf"^{constant} = .*$", lambda match: f"{constant} = {value}", text, flags=re.M)
        if count != 1:
            raise Wrong(f"{name}.py has {count} lines {constant} = ...")
    return text


class Text(str):
    """A setting that is written into the program as it is, as for an expression."""


class Program:
    """A running program; its output is read line by line."""

    def __init__(self, bench, name, within=(), **settings):
        """within: a command that runs the program, such as nsenter."""
        self.name, self.lines, self.seen = name, queue.Queue(), []
        Bench.number += 1
        path = os.path.join(bench.folder, f"{name}-{Bench.number}.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write(with_settings(name, {key: value if isinstance(value, Text) else repr(value) for key, value in settings.items()}))
        self.child = subprocess.Popen([*within, bench.interp, path], cwd=bench.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, errors="replace")
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        bench.started(self)

    def _read(self):
        for line in self.child.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def line(self):
        """The next line; None at the end of the output."""
        try:
            line = self.lines.get(timeout=LIMIT * slow.factor())
        except queue.Empty:
            raise Wrong(f"{self.name}.py says nothing; before: {self.seen[-5:]}; {slow.advice(slow.factor())}") from None
        if line is None:
            self.lines.put(None)
        else:
            self.seen.append(line)
        return line

    def says(self, pattern):
        """The next line has to match."""
        line = self.line()
        match = re.fullmatch(pattern, line or "")
        if not match:
            rest = []
            while line is not None and self.child.poll() is not None and (more := self.line()) is not None:
                rest.append(more)
            raise Wrong(f"{self.name}.py says {line!r} {rest[-3:]}; expected: {pattern}; before: {self.seen[-6:-1]}")
        return match

    def until(self, pattern):
        """Skip lines up to one that matches."""
        limit = slow.Limit(LIMIT)
        while (line := self.line()) is not None:
            match = re.fullmatch(pattern, line)
            if match:
                return match
            if limit.left() <= 0:
                raise Wrong(f"{self.name}.py does not say {pattern}: {limit.words()}; its last lines: {self.seen[-5:]}")
        raise Wrong(f"{self.name}.py has ended; expected: {pattern}; its last lines: {self.seen[-5:]}")

    def ends(self):
        """The program has to end by itself, without an exception and without another line."""
        line = self.line()
        expect(line is None, f"{self.name}.py says more", line)
        try:
            code = self.child.wait(LIMIT * slow.factor())
        except subprocess.TimeoutExpired:
            raise Wrong(f"{self.name}.py does not end; {slow.advice(slow.factor())}") from None
        expect(code == 0, f"{self.name}.py ends with {code}", self.seen[-5:])

    def runs_on(self):
        """A server has to run on whatever its clients did; Ctrl-C then ends it."""
        expect(self.child.poll() is None, f"{self.name}.py has ended", self.seen[-5:])
        self.child.send_signal(signal.SIGINT)
        self.until(r"KeyboardInterrupt: ?")

    def stop(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        self.thread.join(5)
        self.child.stdout.close()


class Daemon:
    """A server of another project, with its output in a file."""

    def __init__(self, bench, *command, port=None, address="127.0.0.1"):
        Bench.number += 1
        self.log = os.path.join(bench.folder, f"{os.path.basename(command[0])}-{Bench.number}.log")
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen([find(command[0]) or command[0], *command[1:]], cwd=bench.folder, stdin=subprocess.PIPE, stdout=log, stderr=log)
        bench.started(self)
        if port:
            try:
                ports.wait_for(address, port, lambda: self.child.poll() is None)
            except OSError as e:
                raise Wrong(f"{command[0]} does not accept at port {port}: {e}: {self.said()[-500:]}") from None

    def said(self):
        with open(self.log, errors="replace") as file:
            return file.read()

    def stop(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        self.child.stdin.close()


class Bench:
    """The folder of the certificates and files, and everything that one recipe has started."""

    number = 0  # of programs and servers in this folder so far

    def __init__(self, interp, folder):
        self.interp, self.folder, self.running = interp, folder, []

    def started(self, thing):
        self.running.append(thing)
        return thing

    def program(self, name, **settings):
        return Program(self, name, **settings)

    def daemon(self, *command, **where):
        return Daemon(self, *command, **where)

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
        return self.path(name)

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        expect(done.returncode == 0, "openssl fails", done.stdout[-300:])

    def port(self, address="127.0.0.1"):
        return ports.free(address)

    def end(self):
        while self.running:
            self.running.pop().stop()
