#!/usr/bin/env python3
"""Boot the emulated board and run the documented examples on it, against real programs on this machine.

usage: test/board/examples.py [IMAGE]     the examples, each with a transcript; the last line counts
       test/board/examples.py --prompt    the board's prompt in this terminal; FORWARD=8080:80 makes its port 80 this machine's 8080

The board's TCP server with a client here, its TCP client with a server here, a page from nginx, the same over https with the
certificate verified, and refused where it is another CA's, MQTT over TLS through mosquitto, a page that the board serves, shown in
Chromium, and the board's prompt over a websocket. All of it in a network namespace of its own.
"""

import base64
import hashlib
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

import board
from board import ADDRESS, HERE, ROOT

sys.path.append(os.path.join(ROOT, "test", "python"))

import nameserver  # noqa: E402
import run as local  # noqa: E402  tools/run.py: servers, certificates
import slow  # noqa: E402

IMAGE = "usocket-tls"
WORK = os.path.join(ROOT, "build", "board", "run")
HOST = "server.test"  # this machine's name, for the board
PORTS = {6001: 6001, 8080: 8080, 8266: 8266}  # of this machine: of the board
LINE_SECONDS = 40
PAGE_FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --virtual-time-budget=15000 --window-size=640,320""".split()
WEBSOCKET = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

Wrong = local.Wrong


def says(name, text):
    print(f"  {name:>10} | {text}", flush=True)


class Program:
    """A script of this project that runs on the board; each line that it prints is shown."""

    def __init__(self, b, path, *arguments):
        self.board = b
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            script = file.read()
        print(f"$ on the board: {' '.join([path, *map(str, arguments)])}", flush=True)
        b.restart()
        b.start(f"import sys\nsys.argv[:] = {[path, *map(str, arguments)]!r}\n" + script)

    def says(self, pattern):
        """Wait for the next line, which must match."""
        line = self.board.line(LINE_SECONDS)
        if line is None:
            raise Wrong(f"the program ended: {self.board.finish(LINE_SECONDS)[1].strip()}; expected it to say: {pattern}")
        says("board", line)
        match = re.fullmatch(pattern, line)
        if not match:
            raise Wrong(f"the board said {line!r}; expected: {pattern}")
        return match

    def ends_well(self):
        out, error = self.board.finish(LINE_SECONDS)
        if out or error:
            raise Wrong(f"the program did not end well: {out}{error}")

    def fails(self):
        """The program must end with an exception. @return its last line"""
        error = self.board.finish(LINE_SECONDS)[1].strip().split("\n")[-1]
        says("board", error)
        return error


# ---- The examples -------------------------------------------------------------------------------------------------------


def tcp_server(b, started):
    server = Program(b, "examples/tcp_server.py", "0.0.0.0", 6001)
    server.says(r"listening on \('0\.0\.0\.0', 6001\)")
    with socket.create_connection(("127.0.0.1", 6001), LINE_SECONDS) as client:
        says("client", f"connected to the board, sends {b'rt-thread'!r}")
        client.sendall(b"rt-thread")
        server.says(rf"accepted a connection from \('{re.escape(HERE)}', \d+\)")
        server.says(r"received b'rt-thread'")
        answer = client.makefile("rb").readline()
        says("client", f"received {answer!r}")
        if answer != b"hello, rt-thread\n":
            raise Wrong("the client got another answer")
    server.says("closed")
    server.ends_well()


def tcp_client(b, started):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        client = Program(b, "examples/tcp_client.py", HERE, port)
        listener.settimeout(LINE_SECONDS)
        server = listener.accept()[0]
        with server:
            client.says(rf"connected to \('{re.escape(HERE)}', {port}\)")
            client.says("sent 11 bytes")
            data = server.recv(100)
            says("server", f"received {data!r}")
            if data != b"micropython":
                raise Wrong("the server got something else")
            server.sendall(b"hello, micropython\n")
            client.says(r"received b'hello, micropython\\n'")
    client.says("closed")
    client.ends_well()


def page(client):
    """The status, the headers and the page of nginx."""
    client.says(r"status b'HTTP/1\.1 200 OK\\r\\n'")
    while client.says(r"header b'[\w-]+: .*'|page of (\d+) bytes:").group(1) is None:
        pass
    client.says(re.escape(local.PAGE.rstrip("\n")))
    client.says("")
    client.says("closed")
    client.ends_well()


def web_site(b, started):
    client = Program(b, "examples/web_site.py", HOST, local.start_nginx(started))
    client.says(rf"connected to \('{re.escape(HERE)}', \d+\)")
    page(client)


def put(b, *names):
    b.do("import os\nif 'other' not in os.listdir():\n    os.mkdir('other')")
    for name in names:
        with open(os.path.join(WORK, name), "rb") as file:
            b.put(name, file.read())


def certificates():
    """Those of this run, and another CA. They are made before the board starts, so that its clock is not behind them."""
    for directory in (WORK, os.path.join(WORK, "other")):
        os.makedirs(directory, exist_ok=True)
        local.certificates(directory, f"DNS:{HOST}")


def https(b, started):
    port = local.start_nginx(started, tls=True)
    b.restart()
    put(b, "ca.pem", "other/ca.pem")
    client = Program(b, "examples/https_get.py", HOST, port, "/", "ca.pem")
    client.says(r"connected with TLS_\w+")
    page(client)

    client = Program(b, "examples/https_get.py", HOST, port, "/", "other/ca.pem")
    error = client.fails()
    if "TLSError" not in error:
        raise Wrong("a certificate of another CA was not refused")


def mqtt(b, started):
    port = local.start_mosquitto(started)
    b.restart()
    put(b, "ca.pem", "client.pem", "client.key")
    client = Program(b, "examples/mqtt_tls.py", HOST, port, "ca.pem", "client.pem", "client.key")
    client.says(r"connected with TLS_\w+")
    client.says("CONNACK True")
    client.says("SUBACK True")
    client.says("received b'hello over TLS'")
    client.says("closed")
    client.ends_well()


def chromium(url, *more):
    """What Chromium prints about a page."""
    with tempfile.TemporaryDirectory() as profile:
        command = [shutil.which("chromium"), *PAGE_FLAGS, "--user-data-dir=" + profile, *more, url]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=100 * slow.factor())
    if done.returncode:
        raise Wrong(f"chromium ended with code {done.returncode}: {done.stderr[-300:]}")
    return done.stdout


def browser(b, started):
    server = Program(b, "examples/http_server.py", "0.0.0.0", 8080)
    server.says(r"serving at http://0\.0\.0\.0:8080/")
    picture = os.path.join(WORK, "page.png")
    dom = chromium("http://127.0.0.1:8080/", "--dump-dom", "--screenshot=" + picture)
    text = re.search(r'<p id="said">([^<]*)</p>', dom)
    says("chromium", text[1] if text else dom[:200])
    if "<h1>It works</h1>" not in dom or not text or text[1] != "hello, " + " and ".join(f"browser{n}" for n in range(1, 6)):
        raise Wrong("the browser did not show the whole page")
    b.interrupt()
    seen = []
    while (line := server.says(r"GET /\S* \d+ \w+.*|stopped")[0]) != "stopped":
        seen.append(line)
    if sum("/hello?name=browser" in line for line in seen) < 5:
        raise Wrong("the board did not see the five requests of the page")
    server.ends_well()
    if os.path.exists(picture):
        says("chromium", f"the picture is {os.path.relpath(picture, ROOT)}")


class WebSocket:
    """A client of RFC 6455, with text frames alone."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), LINE_SECONDS)
        self.file = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16))
        self.socket.sendall(b"GET / HTTP/1.1\r\nHost: board\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n\r\n")
        head = b"".join(iter(self.file.readline, b"\r\n"))
        if b"Sec-WebSocket-Accept: " + base64.b64encode(hashlib.sha1(key + WEBSOCKET).digest()) + b"\r\n" not in head:
            raise Wrong(f"the board does not answer as a websocket's server: {head!r}")
        self.text = ""

    def send(self, text):
        mask, data = os.urandom(4), text.encode()
        self.socket.sendall(bytes((0x81, 0x80 | len(data))) + mask + bytes(x ^ mask[i % 4] for i, x in enumerate(data)))

    def until(self, what):
        """Receive up to and with `what`."""
        while what not in self.text:
            kind, length = self.file.read(2)
            if length == 126:
                length = struct.unpack(">H", self.file.read(2))[0]
            data = self.file.read(length)
            self.text += data.decode() if kind & 0xF in (0, 1, 2) else ""
        taken, _, self.text = self.text.partition(what)
        return taken + what


def web_prompt(b, started):
    server = Program(b, "test/board/web_prompt.py", 8266)
    server.says(r"prompt at ws://0\.0\.0\.0:8266/")
    server.ends_well()
    b.type(b"\x02")  # the friendly prompt, which then has two consoles
    b.until(b">>> ", slow.Limit(LINE_SECONDS))
    client = WebSocket(8266)
    for typed, expected in (("print('typed over a websocket:', 6 * 7)", "typed over a websocket: 42"), ("import sys; sys.platform", "'mps2'")):
        client.send(typed + "\r")
        said = client.until("\r\n>>> ").replace("\r", "")
        for line in said.strip().split("\n"):
            says("websocket", line)
        if expected not in said.split("\n"):
            raise Wrong(f"the prompt did not answer {expected}")
    client.socket.close()
    b.type(b"\r\x01")
    b.until(b"raw REPL; CTRL-B to exit\r\n>", slow.Limit(LINE_SECONDS))
    b.do("import os; os.dupterm(None)")


OWN = """import sys, usocket
print(sys.argv[1], open("greeting.txt").read())
with usocket.create_connection(("%s", int(sys.argv[2])), 10) as s:
    print(s.readline())
raise ValueError("line 5")
"""


def own(b, started):
    """make run-board SCRIPT=...: another board runs a program with arguments and a file, and its failure is this side's."""
    path, greeting = os.path.join(WORK, "own.py"), os.path.join(WORK, "greeting.txt")
    for name, text in ((path, OWN % HERE), (greeting, "good morning")):
        with open(name, "w") as file:
            file.write(text)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(2 * LINE_SECONDS * slow.factor())
        child = subprocess.Popen([sys.executable, "-B", os.path.join(ROOT, "test", "board", "own.py"), path, "two words", str(listener.getsockname()[1])],
                                 env={**os.environ, "FILES": greeting, "FORWARD": "6002:6002"}, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            with listener.accept()[0] as peer:
                peer.sendall(b"hello from here\n")
            out, error = child.communicate(timeout=LINE_SECONDS * slow.factor())
        finally:
            child.kill()
    for line in (out + error).splitlines():
        says("board", line)
    if out.splitlines() != ["two words good morning", "b'hello from here\\n'"] or child.returncode != 1 or "line 5, in <module>" not in error:
        raise Wrong(f"the program did not do what it says; its status is {child.returncode}")


# (what, function, programs that it needs); a missing one is a skip
EXAMPLES = (
    ("The board's TCP server answers a client of this machine", tcp_server, ()),
    ("The board's TCP client talks to a server of this machine", tcp_client, ()),
    ("The board fetches a page from nginx, by name", web_site, ("nginx",)),
    ("The same over https: the certificate is verified, and one of another CA is refused", https, ("nginx", "openssl")),
    ("MQTT through mosquitto, over TLS with certificates on both sides", mqtt, ("mosquitto", "openssl")),
    ("The board serves a page, and Chromium shows it", browser, ("chromium",)),
    ("A websocket types at the board's prompt", web_prompt, ()),
    ("A program of your own: make run-board SCRIPT=... ARGS=... FILES=...", own, ()),
)


def example(b, what, function, needs):
    """Run one example. @return "passed", "failed" or "skipped" """
    print(f"\n== {what}", flush=True)
    missing = [name for name in needs if not local.find(name)]
    if missing:
        print(f"skip: there is no {missing[0]} on this machine (Debian: apt-get install {missing[0]})")
        return "skipped"
    helpers, begun = [], time.monotonic()
    try:
        function(b, helpers.append)
        print(f"ok, {time.monotonic() - begun:.1f} s", flush=True)
        return "passed"
    except (Wrong, board.Failed, OSError, subprocess.TimeoutExpired) as e:
        print(f"FAIL {what}: {e}", flush=True)
        return "failed"
    finally:
        for helper in reversed(helpers):
            helper.stop()


def main(image):
    board.inside()
    local.WORK = WORK
    os.makedirs(WORK, exist_ok=True)
    if local.find("openssl"):
        certificates()
    nameserver.start(53, {HOST: [HERE]}, nameserver.NXDOMAIN, 0, 60)
    print("== A board boots: a Cortex-M4 in QEMU, lwIP without an operating system, usocket as its socket module")
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    with board.Board(board.image(image), PORTS) as b:
        says("board", b.do("import sys, os; print(sys.version, os.uname().machine, sep='; ')").strip())
        address = b.online(HERE)
        says("board", f"the address from DHCP is {address[0]}")
        counts["passed" if address[0] == ADDRESS else "failed"] += 1
        for what, function, needs in EXAMPLES:
            counts[example(b, what, function, needs)] += 1
    print("\n%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % counts)
    sys.exit(counts["failed"] != 0)


def prompt():
    """The board's prompt in this terminal."""
    forward = dict(part.split(":") for part in os.environ.get("FORWARD", "").split())
    print("The board's prompt; Ctrl-A X ends it. Try:\n"
          "  import network; lan = network.LAN(); lan.active(True)\n"
          "  import usocket; usocket.getaddrinfo('debian.org', 80)\n", flush=True)
    with board.Board(board.image(IMAGE), forward, terminal=True) as b:
        b.child.wait()


if __name__ == "__main__":
    if sys.argv[1:] == ["--prompt"]:
        prompt()
    elif len(sys.argv) < 3:
        main((sys.argv[1:] or [IMAGE])[0])
    else:
        sys.exit(__doc__)
