#!/usr/bin/env python3
"""Runs each RT-Thread sample once: the commands on the look-alike of RT-Thread's sockets, the scripts in an interpreter.

usage: test/samples/run.py PROGRAM... INTERPRETER

PROGRAM is test/samples/main.c with the samples, on one version of RT-Thread; commands are written to its standard input. The last line counts.
"""

import http.server
import os
import queue
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import slow

SAMPLES = os.path.join(ROOT, "samples")
LINE_LIMIT = 60 * slow.factor()  # seconds for each line of output
PAGE = b"<p>a page</p>\n" * 20

counts = {"ok": 0, "FAIL": 0}


def check(what, good, why=""):
    verdict = "ok" if good else "FAIL"
    counts[verdict] += 1
    print(f"{verdict:5} {what}" + (f": {why}" if why and not good else ""), flush=True)
    return good


class Process:
    """A running program; expect() waits for lines of its output."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines, self.seen = queue.Queue(), []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def type(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def wait(self, pattern):
        """The match of the first line that fits the pattern; skipped lines are kept in self.seen."""
        end = time.monotonic() + LINE_LIMIT
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                return None
            if line is None:
                return None
            self.seen.append(line)
            match = re.fullmatch(pattern, line)
            if match:
                return match

    def expect(self, what, pattern):
        return check(what, self.wait(pattern), f"no line {pattern!r} within {LINE_LIMIT:.0f} s ({slow.advice(LINE_LIMIT / 60)}) in {self.seen[-8:]}")

    def end(self):
        self.process.stdin.close()
        try:
            return self.process.wait(LINE_LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "killed"


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/index.html" or self.path == "/" else 404)
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


def web():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def commands(program):
    prompt = Process(program)
    for name in ("tcp_client", "tcp_server", "udp_client", "udp_server", "http_get", "lookup"):
        prompt.type("usocket_" + name + " " + "too many words " * 2)
        prompt.expect(f"usocket_{name} prints its usage", f"usage: usocket_{name}.*")

    prompt.type("usocket_tcp_server 0")
    port = prompt.wait(r"listening on 0\.0\.0\.0:(\d+)")
    if check("the TCP server listens", port, prompt.seen):
        prompt.type("usocket_tcp_server 0")
        prompt.expect("it is there once", "usocket_tcp_server is running; .*")
        prompt.type(f"usocket_tcp_client 127.0.0.1 {port.group(1)} micropython")
        prompt.expect("the TCP client gets its answer from it", "received hello, micropython")
        prompt.expect("and ends", "usocket_tcp_client: done")
        prompt.type(f"usocket_tcp_client localhost {port.group(1)} again")
        prompt.expect("by name, too", "received hello, again")
        prompt.wait("usocket_tcp_client: done")
        with socket.create_connection(("127.0.0.1", int(port.group(1))), 10) as client:
            client.sendall(b"from outside\n")
            check("a client from outside is served", client.makefile().readline() == "hello, from outside\n")
            prompt.type("usocket_tcp_server stop")
            prompt.expect("and the server can be stopped meanwhile", "usocket_tcp_server: stopped")
            check("which the client sees", client.recv(10) == b"")
        prompt.type(f"usocket_tcp_server {port.group(1)}")
        prompt.expect("it can be started again on its port, though its side closed last time", "listening on .*:" + port.group(1))
        prompt.type("usocket_tcp_server stop")
        prompt.wait("usocket_tcp_server: stopped")

    prompt.type("usocket_udp_server 0")
    port = prompt.wait(r"waiting on 0\.0\.0\.0:(\d+)")
    if check("the UDP server waits", port, prompt.seen):
        prompt.type(f"usocket_udp_client 127.0.0.1 {port.group(1)} rt-thread")
        prompt.expect("the UDP client gets its answer from it", r"received RT-THREAD from 127\.0\.0\.1:" + port.group(1))
        prompt.wait("usocket_udp_client: done")
        prompt.type("usocket_udp_server stop")
        prompt.expect("and it can be stopped", "usocket_udp_server: stopped")

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        prompt.type(f"usocket_tcp_client 127.0.0.1 {port} hello")
        prompt.wait("connected to .*")
        prompt.type("usocket_tcp_client stop")
        prompt.expect("a client that waits can be stopped", "usocket_tcp_client: stopped")
    prompt.type(f"usocket_tcp_client 127.0.0.1 {port} hello")
    prompt.expect("an error has words", r"usocket_tcp_client: .* \(ECONNREFUSED\)")

    prompt.type("usocket_lookup localhost")
    prompt.expect("a name has addresses", r"localhost is 127\.0\.0\.1")
    prompt.wait("usocket_lookup: done")
    prompt.type(f"usocket_http_get 127.0.0.1 /index.html {web()}")
    prompt.expect("a page comes", "<p>a page</p>")
    prompt.expect("to its end", r"\d+ bytes")
    prompt.expect("and that is all", "usocket_http_get: done")
    status = prompt.end()
    check("the program ends well", status == 0, status)


def scripts(interpreter, work):
    """Run the .py files with replaced addresses."""
    def start(name, *changes):
        with open(os.path.join(SAMPLES, name)) as file:
            text = file.read()
        for old, new in changes:
            check(f"{name} names {old}", text.count(old) == 1)
            text = text.replace(old, new)
        path = os.path.join(work, name)
        with open(path, "w") as file:
            file.write(text)
        return Process(interpreter, path)

    def bound(process, word):
        match = process.wait(word + r" on \('0\.0\.0\.0', (\d+)\)")
        check(f"it is {word}", match, process.seen)
        return match and int(match.group(1))

    server = start("tcp_server.py", ("6001", "0"))
    port = bound(server, "listening")
    if port:
        client = start("tcp_client.py", ('"192.168.10.110", 6000', f'"127.0.0.1", {port}'))
        client.expect("the TCP client connects", r"connected to \('127\.0\.0\.1', %d\)" % port)
        client.expect("and sends", "sent 11 bytes")
        server.expect("the TCP server receives", "received b'micropytho'")
        check("both end", client.end() == 0 and server.end() == 0)
    server = start("udp_server.py", ("6002", "0"))
    port = bound(server, "waiting")
    if port:
        client = start("udp_client.py", ('"192.168.10.110", 6002', f'"127.0.0.1", {port}'))
        client.expect("the UDP client gets its answer", "received b'RT-THREAD' from .*")
        check("both end", client.end() == 0 and server.end() == 0)
    site = start("web_site.py", ('"www.micropython.org", 80', f'"127.0.0.1", {web()}'))
    site.expect("a web site answers", "HTTP/1.0 200 OK")
    site.expect("with its page", f"a page of {len(PAGE)} bytes")
    check("and that was it", site.end() == 0)
    check("every script was run", sorted(os.listdir(work)) == sorted(n for n in os.listdir(SAMPLES) if n.endswith(".py")))


def main():
    *programs, interpreter = map(os.path.abspath, sys.argv[1:])
    for program in programs:
        print(f"# {os.path.relpath(program)}")
        commands(program)
    with tempfile.TemporaryDirectory() as work:
        scripts(interpreter, work)
    print(f"\n{counts['ok']} passed, {counts['FAIL']} failed, 0 skipped")
    return 1 if counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
