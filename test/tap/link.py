# The kernel's side of the link, for drive_*.py under CPython. It starts a script on the stack under test at the other end and
# serves its calls: a script calls kernel.NAME(...) (far.py), and the driver's function NAME runs here.
#
# Calls and answers are lines of text on the script's standard output and input: `? (number, name, arguments)`, and back
# `(number, good, result)`. A call named with begin_ runs in a thread of its own; end(number) waits for its result.
import ast
import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
import traceback

from drive import VERDICTS

HERE = os.path.dirname(os.path.abspath(__file__))
FAR = os.environ.get("FAR", "tap")
KERNEL4, KERNEL6, KERNEL_LOCAL = "192.0.2.1", "2001:db8::1", "fe80::1"
STACK4, STACK6, STACK_LOCAL = "192.0.2.2", "2001:db8::2", "fe80::ff:fe00:2"
NEAR = os.environ.get("NEAR", "tap0")  # the interface with the kernel's addresses

# Environment of the stack under test: its interface and addresses.
STACK = {
    "LWIP_TAP": "tap0", "LWIP_IP4": STACK4 + "/24", "LWIP_GATEWAY": KERNEL4, "LWIP_IP6": STACK6 + "/64", "LWIP_DNS": KERNEL4,
    "LWIP_MAC": "02:00:00:00:00:02",
}
LIMIT = 60 * max(1.0, float(os.environ.get("TEST_SLOW") or 1))  # seconds; a longer call of the kernel's side hangs

# Position-dependent data: the prime period cannot coincide with a misplacement.
BLOCK = 65521
_base = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(2048))[:BLOCK]


def content(start, size):
    """Bytes start ... start + size of an endless stream; far.py makes the same."""
    at = start % BLOCK
    return (_base[at:] + _base * ((size + at) // BLOCK + 1))[:size]


def say(line):
    print(line, flush=True)


def check(label, good, note=""):
    say("ok " + label if good else "FAIL %s: %s" % (label, note))
    return good


def index():
    return socket.if_nametoindex(NEAR)


def stack_address(kind, port):
    """The socket address of the far end; kind is "4", "6" or "local"."""
    if kind == "4":
        return (STACK4, port)
    return (STACK6, port, 0, 0) if kind == "6" else (STACK_LOCAL, port, 0, index())


def family(kind):
    return socket.AF_INET if kind == "4" else socket.AF_INET6


def any_port(kind="4", type=socket.SOCK_STREAM, backlog=16):
    """Open a socket bound to all addresses, listening if it is a stream; returns it and its port."""
    s = socket.socket(family(kind), type)
    if kind != "4":
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind(("", 0))
    if type == socket.SOCK_STREAM:
        s.listen(backlog)
    s.settimeout(LIMIT)
    return s, s.getsockname()[1]


def dialled(kind, port, timeout=LIMIT):
    s = socket.socket(family(kind))
    s.settimeout(timeout)
    s.connect(stack_address(kind, port))
    return s


def frames():
    """Open a packet socket that receives every frame on the kernel's end of the link."""
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((NEAR, 0))
    s.settimeout(LIMIT)
    return s


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Far:
    """One run of a script at the other end."""

    def __init__(self, script, functions, options=(), env=None, arguments=()):
        self.functions = dict(functions)
        self.functions["end"] = self.end
        self.functions["interrupt"] = self.interrupt
        self.begun = {}
        self.lock = threading.Lock()
        wrap = ["nsenter", "-t", os.environ["FAR_PID"], "-n"] if FAR == "veth" else []
        self.child = subprocess.Popen(
            [*wrap, os.environ["INTERP"], *options, os.path.join(HERE, script), *arguments],
            env=dict(os.environ, **STACK, **(env or {})), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1, errors="replace")

    def answer(self, number, good, result):
        with self.lock:
            try:
                self.child.stdin.write(repr((number, good, result)) + "\n")
                self.child.stdin.flush()
            except OSError:
                pass

    def call(self, name, arguments):
        try:
            return True, self.functions[name](*arguments)
        except Exception as e:
            traceback.print_exc()
            return False, "%s: %r" % (name, e)

    def begin(self, number, name, arguments):
        def run():
            self.begun[number][1] = self.call(name, arguments)

        self.begun[number] = [threading.Thread(target=run, daemon=True), None]
        self.begun[number][0].start()

    def end(self, number):
        thread, _ = self.begun[number]
        thread.join(LIMIT)
        if thread.is_alive():
            raise TimeoutError("still running")
        good, result = self.begun.pop(number)[1]
        if not good:
            raise RuntimeError(result)
        return result

    def interrupt(self, after):
        """Send Ctrl-C to the script after that many seconds."""
        threading.Timer(after, self.child.send_signal, (2,)).start()

    def text(self, limit):
        """The whole output of a script that makes no calls."""
        try:
            return self.child.communicate(timeout=limit * LIMIT / 60)[0]
        except subprocess.TimeoutExpired:
            self.child.kill()
            return self.child.communicate()[0] + "\nstuck for %d s" % limit

    def run(self, limit):
        """Print the script's verdicts. Returns True if it reached its end."""
        timer = threading.Timer(limit, self.child.kill)
        timer.start()
        last, ended = [], False
        for line in self.child.stdout:
            line = line.rstrip("\n")
            if line.startswith("? "):
                number, name, arguments = ast.literal_eval(line[2:])
                if name.startswith("begin_"):
                    self.begin(number, name[6:], arguments)
                else:
                    self.answer(number, *self.call(name, arguments))
            elif line.startswith(VERDICTS):
                say(line)
            elif line == "end":
                ended = True
            else:
                last = (last + [line])[-12:]
        status = self.child.wait()
        timer.cancel()
        if not ended or status < 0:
            say("FAIL the script comes to its end: status %s, last lines %s" % (status, last))
        elif last and os.environ.get("TAP_VERBOSE"):
            say("\n".join(last))
        return ended and status >= 0


def run(script, functions, limit=50, options=("-X", "heapsize=32m"), **kw):
    Far(script, functions, options, **kw).run(limit)
    say("end")
    sys.stdout.flush()
    os._exit(0)  # threads may still wait for a peer that has ended


def wait_until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
