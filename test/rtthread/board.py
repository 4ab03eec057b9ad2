"""An RT-Thread board: starts it, waits for its shell, types at MicroPython's prompt, and ends it.

The console is a command's standard input and output, or a serial device. It is slow, and loses characters that come too fast: not
more than `window` are under way, the board's echo is compared with each, and a piece that was damaged is typed again.
"""

import ctypes
import os
import re
import select
import signal
import subprocess
import sys
import termios
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import slow  # noqa: E402

PIECE = 1200  # characters of a script that are typed at a time
WINDOW = 96  # characters that the board has not echoed yet; MicroPython's queue holds 256, RT-Thread's 64
TRIES = 6  # for a piece; the window is halved each time
SHELL = rb"msh [^\r\n>]*>$"
PROMPT = rb"\r\n>>> $"
MARK = b"\x04"  # on_board.py prints it at the end of a script
PR_SET_PDEATHSIG = 1


class Failed(Exception):
    """The board did not do what it was told; the text has its last output."""


class Lost(Exception):
    """The echo is not what was typed."""


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _serial(path, baud):
    """Open a serial device, raw."""
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        mode = termios.tcgetattr(fd)
    except termios.error:
        os.close(fd)
        raise Failed(path + " is no serial device") from None
    speed = getattr(termios, "B%d" % baud)
    mode[0] = mode[1] = mode[3] = 0
    mode[2] = termios.CS8 | termios.CREAD | termios.CLOCAL
    mode[4] = mode[5] = speed
    mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
    termios.tcsetattr(fd, termios.TCSANOW, mode)
    return fd


class Board:
    """A board that is starting. Use it in `with`: the machine ends in every case.

    machine: a shell command with the console on its standard input and output. Or device, baud: a serial line, and reset: a shell
    command that restarts the board. patience: seconds without an echo; then a character is lost.
    """

    def __init__(self, machine=None, device=None, baud=115200, reset=None, window=WINDOW, patience=5):
        self.output, self.window, self.patience, self.child = b"", window, patience, None
        self.typed_again = 0  # pieces
        if device:
            self.source = self.sink = _serial(device, baud)
            if subprocess.call(["sh", "-c", reset]):
                os.close(self.source)
                raise Failed("the reset command failed")
        else:
            self.child = subprocess.Popen(["sh", "-c", "exec " + machine], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                          stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=_die_with_parent)
            self.source, self.sink = self.child.stdout.fileno(), self.child.stdin.fileno()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """End the machine, or close the device."""
        if self.child is None:
            os.close(self.source)
            return
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()

    # ---- The console

    def type(self, data):
        try:
            while data:
                data = data[os.write(self.sink, data) :]
        except BrokenPipeError:
            raise Failed("the machine has ended: " + self.last()) from None

    def last(self):
        """The last output, as text."""
        return repr(self.output[-400:])

    def more(self, seconds):
        """Read what comes within `seconds`; False if nothing does."""
        if not select.select([self.source], [], [], max(0, seconds))[0]:
            return False
        data = os.read(self.source, 65536)
        if not data:
            status = self.child.wait() if self.child else None
            raise Failed("the machine ended with status %s" % status)
        self.output += data
        return True

    def until(self, pattern, limit, what):
        """Take the output up to and with a match of `pattern`. @return it"""
        while True:
            found = re.search(pattern, self.output)
            if found:
                taken, self.output = self.output[: found.end()], self.output[found.end() :]
                return taken
            if not self.more(min(0.5, limit.left())) and limit.left() <= 0:
                raise Failed("%s: %s; the last output: %s" % (what, limit.words(), self.last()))

    # ---- RT-Thread's shell

    def boot(self, seconds):
        """Wait for the shell. @return the version that the board prints, or ''"""
        limit = slow.Limit(seconds)
        printed = self.until(SHELL, limit, "no prompt of msh")
        found = re.search(rb"(\d+\.\d+\.\d+) build", printed)
        return found[1].decode() if found else ""

    def shell(self, command, seconds=10):
        """Type a command at the shell's prompt. @return the output"""
        self.output = b""
        self.type(command.encode() + b"\r")
        return self.until(SHELL, slow.Limit(seconds), "no end of " + command).decode(errors="replace").replace("\r", "")

    def addresses(self, seconds):
        """Wait until the board has an address. @return it, and a link-local IPv6 one or ''"""
        limit, six = slow.Limit(seconds), ""
        while True:
            said = self.shell("ifconfig")
            four = re.search(r"^ip address: (?!0\.0\.0\.0)([\d.]+)\s*$", said, re.M)
            if four:
                found = re.search(r"^ipv6 link-local: (?!0\.|::\s)([0-9A-Fa-f:.]+)(?! *\S* *INVALID).*$", said, re.M)
                six = found[1].lower() if found else ""
                return four[1], six
            if limit.left() <= 0:
                raise Failed("the board gets no address: %s; ifconfig: %r" % (limit.words(), said[-400:]))
            time.sleep(0.3)

    def python(self, seconds=20):
        self.type(b"python\r")
        self.until(PROMPT, slow.Limit(seconds), "no prompt of python")

    # ---- MicroPython's prompt

    def echoed(self, text):
        """Type at the prompt of the paste mode, and take the echo."""
        sent = seen = 0
        last = time.monotonic()
        while seen < len(text):
            part = text[sent : seen + self.window]
            self.type(part)
            sent += len(part)
            if not self.more(0.5):
                if time.monotonic() - last > self.patience * slow.factor():
                    raise Lost()
                continue
            n = min(len(self.output), len(text) - seen)
            if self.output[:n] != text[seen : seen + n]:
                raise Lost()
            self.output, seen, last = self.output[n:], seen + n, time.monotonic()

    def paste(self, text, seconds=30):
        """Run a piece of Python, typed in the paste mode. It must not contain a carriage return. @return what it printed"""
        limit, data = slow.Limit(seconds), text.encode("ascii")
        for _ in range(TRIES):
            self.type(b"\x05")
            self.until(rb"\r\n=== $", limit, "no paste mode")
            try:
                self.echoed(data)
                break
            except Lost:
                self.typed_again += 1
                self.window = max(1, self.window // 2)
                self.type(b"\x03")  # nothing runs: this leaves the paste mode
                self.until(PROMPT, limit, "no prompt after a piece that was damaged")
        else:
            raise Failed("the console loses characters, also with a window of %d: %s" % (self.window, self.last()))
        self.type(MARK)
        printed = self.until(PROMPT, limit, "no end of a piece").decode(errors="replace").replace("\r", "")
        return printed[: -len(">>> ")].strip("\n")

    def finish(self, limit):
        """Wait for the end of a script that runs; `output` then has what it printed. @return False at the limit"""
        while MARK not in self.output:
            if not self.more(min(0.5, limit.left())) and limit.left() <= 0:
                return False
        self.output = self.output[: self.output.index(MARK)]
        return True

    def interrupt(self, seconds):
        """Type Ctrl-C at a script that runs. @return as finish()"""
        self.type(b"\x03")
        return self.finish(slow.Limit(seconds))
