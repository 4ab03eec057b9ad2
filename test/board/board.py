#!/usr/bin/env python3
"""The board in QEMU, for the drivers in this directory: starts it, types at its raw prompt, and ends it.

A driver calls inside() first: it starts itself anew in a network namespace of its own. There the board reaches this side as HERE,
which is 127.0.0.1 of the namespace, and a port of the board is reached through `forward`. A name server can listen at port 53.

usage: test/board/board.py IMAGE [SCRIPT...]   run scripts on the board and print their output
"""

import ctypes
import os
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import slow  # noqa: E402

HERE = "10.0.2.2"  # this side, as the board sees it
ADDRESS = "10.0.2.15"  # the board's address, from QEMU's DHCP
OUTSIDE = 0x21000000  # board_outside_t of board.h
SCRIPT = 0x21001000  # BOARD_SCRIPT_LEN of board.h
ARCHIVE = 0x21200000  # behind BOARD_DISK
MAGIC = 0x75736F63
NETNS = os.path.join(ROOT, "test", "python", "netns.sh")
PR_SET_PDEATHSIG = 1
MACHINE = ["qemu-system-arm", "-M", "mps2-an386", "-display", "none", "-monitor", "none", "-semihosting"]


class Failed(Exception):
    """The board did not do what it was told; the text has its last output."""


def image(name):
    return os.path.join(ROOT, "build", "board", name, "firmware.elf")


def inside():
    """Go on in a network namespace of its own; the loopback interface is up."""
    if os.environ.get("BOARD_NETNS") != "1":
        os.environ["BOARD_NETNS"] = "1"
        os.execv(NETNS, [NETNS, "lo", sys.executable, "-B", *sys.argv])


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _apart():
    """The same, and Ctrl-C in the terminal does not reach the emulator."""
    _die_with_parent()
    os.setpgid(0, 0)


class Board:
    """A running board. Use it in `with`: the emulator ends in every case.

    forward: {port of the namespace: port of the board}. icount: virtual time follows the instructions; idle time is skipped.
    seed: 32 bytes for the random generator, from the system by default.
    """

    def __init__(self, elf, forward=None, icount=False, seed=None, terminal=False, boot=20):
        self.output = b""
        outside = struct.pack("<I", MAGIC) + (seed or os.urandom(32)) + struct.pack("<II", int(time.time()), 0)
        with tempfile.NamedTemporaryFile(prefix="board-", delete=False) as file:
            file.write(outside)
        self.outside = file.name
        nic = "user,model=lan9118" + "".join(f",hostfwd=tcp:127.0.0.1:{a}-:{b}" for a, b in (forward or {}).items())
        command = [*MACHINE, "-serial", "mon:stdio" if terminal else "stdio", "-nic", nic, "-kernel", elf,
                   "-device", f"loader,file={file.name},addr={OUTSIDE:#x},force-raw=on"]
        if icount:
            command += ["-icount", "shift=0,sleep=off"]
        pipe = None if terminal else subprocess.PIPE
        self.child = subprocess.Popen(command, stdin=pipe, stdout=pipe, preexec_fn=_die_with_parent if terminal else _apart)
        if not terminal:
            try:
                self.boot(boot)
            except BaseException:
                self.end()
                raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """End the emulator. @return its status, or None if it had to be killed"""
        status = self.child.poll()
        if status is None:
            self.child.kill()
            self.child.wait()
        if os.path.exists(self.outside):
            os.unlink(self.outside)
        return status

    # ---- The console

    def type(self, data):
        try:
            self.child.stdin.write(data)
            self.child.stdin.flush()
        except BrokenPipeError:
            raise Failed("the emulator has ended") from None

    def _more(self, left):
        """Read what the console prints; False once nothing has come within `left` seconds."""
        if not select.select([self.child.stdout], [], [], max(0, left))[0]:
            return False
        data = os.read(self.child.stdout.fileno(), 65536)
        if not data:
            raise Failed(f"the emulator ended with status {self.child.wait()}: {self.output[-600:]!r}")
        self.output += data
        return True

    def until(self, what, limit, show=None):
        """Take the output up to and with `what`. `show` receives it as it comes."""
        shown = 0
        while what not in self.output:
            if show and len(self.output) > shown:
                show(self.output[shown:])
                shown = len(self.output)
            if not self._more(min(0.5, limit.left())) and limit.left() <= 0:
                raise Failed(f"{limit.words()}; waited for {what!r}; the last output: {self.output[-600:]!r}")
        at = self.output.index(what) + len(what)
        taken, self.output = self.output[:at], self.output[at:]
        if show:
            show(taken[shown : len(taken) - len(what)])
        return taken

    def boot(self, seconds):
        limit = slow.Limit(seconds)
        self.until(b">>> ", limit)
        self.type(b"\r\x01")
        self.until(b"raw REPL; CTRL-B to exit\r\n>", limit)

    def restart(self, seconds=20):
        """A soft reset: a new heap; lwIP and its sockets stay as they are."""
        limit = slow.Limit(seconds)
        self.output = b""
        self.type(b"\x03\x04")
        self.until(b"raw REPL; CTRL-B to exit\r\n>", limit)

    # ---- Scripts

    def start(self, script, seconds=10):
        """Hand a script to the board, which runs it; finish() waits for its end."""
        limit = slow.Limit(seconds)
        if isinstance(script, str):
            script = script.encode()
        self.type(b"\x05A\x01")
        self.until(b"R\x01", limit)
        while len(self.output) < 2:
            self._more(limit.left())
        window = struct.unpack("<H", self.output[:2])[0]
        self.output = self.output[2:]
        room = window
        while script:
            while room == 0 or self.output:
                if not self.output:
                    if not self._more(limit.left()) and limit.left() <= 0:
                        raise Failed(f"{limit.words()} of uploading")
                if self.output[:1] == b"\x04":
                    raise Failed("the board ended the upload")
                room += window * self.output.count(b"\x01")
                self.output = b""
            part, script = script[:room], script[room:]
            room -= len(part)
            self.type(part)
        self.type(b"\x04")
        self.until(b"\x04", limit)

    def finish(self, seconds, show=None):
        """Wait for the end of the script. @return its output and its traceback, as text"""
        limit = slow.Limit(seconds)
        out = self.until(b"\x04", limit, show)[:-1]
        error = self.until(b"\x04", limit)[:-1]
        self.until(b">", limit)
        return out.decode(errors="replace").replace("\r\n", "\n"), error.decode(errors="replace").replace("\r\n", "\n")

    def line(self, seconds):
        """The next line that the script prints, or None if it has ended; finish() then tells how."""
        limit = slow.Limit(seconds)
        while b"\n" not in self.output and b"\x04" not in self.output:
            if not self._more(min(0.5, limit.left())) and limit.left() <= 0:
                raise Failed(f"{limit.words()}; no line; the last output: {self.output[-600:]!r}")
        line, newline, rest = self.output.partition(b"\n")
        if b"\x04" in line:
            return None
        self.output = rest
        return line.decode(errors="replace").rstrip("\r")

    def run(self, script, seconds=30, show=None):
        """Run a script. @return output, traceback"""
        self.start(script)
        return self.finish(seconds, show)

    def do(self, script, seconds=30):
        """Run a script that must not raise. @return its output"""
        out, error = self.run(script, seconds)
        if error:
            raise Failed(f"{out}{error}")
        return out

    def interrupt(self):
        self.type(b"\x03")

    def put(self, path, data):
        """Store a file on the board."""
        self.do(f"f = open({path!r}, 'wb'); w = f.write")
        for at in range(0, len(data), 1024):
            self.do(f"_ = w({data[at : at + 1024]!r})")
        self.do("f.close(); del f, w")

    def online(self, dns=None, seconds=30):
        """Get an address by DHCP. @return the addresses that ifconfig() returns"""
        out = self.do(ONLINE.format(dns=dns), seconds)
        return eval(out)


def alone(elf, script, seconds, files=None, nic="none", shift=0, heap=0):
    """Run a script without prompt or other input, so that each run executes the same instructions.

    The script ends with board.exit(). files: {name: bytes}, an archive for it at ARCHIVE. nic: of -nic; "hubport,hubid=0" is a
    network without another member. shift: an instruction takes 2**shift ns of the board's time, of which idle time takes none here.
    heap: bytes of the interpreter's heap, 0: all of it.
    @return its output, the messages of the emulator, and its status: None where it had to be killed
    """
    outside = struct.pack("<I", MAGIC) + bytes(range(32)) + struct.pack("<II", 1700000000, heap)
    script = script.encode()
    memory = outside.ljust(SCRIPT - OUTSIDE, b"\0") + struct.pack("<I", len(script)) + script
    if files:
        packed = b"".join(struct.pack("<II", len(name), len(data)) + name.encode() + data for name, data in files.items())
        memory = memory.ljust(ARCHIVE - OUTSIDE, b"\0") + packed
    with tempfile.NamedTemporaryFile(prefix="board-") as file:
        file.write(memory)
        file.flush()
        command = [*MACHINE, "-serial", "stdio", "-nic", nic, "-icount", f"shift={shift},sleep=off", "-kernel", elf,
                   "-device", f"loader,file={file.name},addr={OUTSIDE:#x},force-raw=on"]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_die_with_parent)
        try:
            out, error = slow.communicate(child, slow.Limit(seconds))
            status = child.returncode
        except subprocess.TimeoutExpired:
            child.kill()
            out, error = child.communicate()
            status = None
    return out.decode(errors="replace").replace("\r\n", "\n"), error.decode(errors="replace"), status


ONLINE = """
import network, time
lan = network.LAN()
lan.active(True)
while not lan.isconnected():
    time.sleep_ms(20)
if {dns!r}:
    network.ipconfig(dns={dns!r})
print(lan.ifconfig())
del lan
"""


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    inside()
    with Board(image(sys.argv[1])) as board:
        for script in sys.argv[2:]:
            with open(script, "rb") as file:
                out, error = board.run(file.read(), 600, lambda data: (sys.stdout.buffer.write(data), sys.stdout.flush()))
            if error:
                sys.exit(error)


if __name__ == "__main__":
    main()
