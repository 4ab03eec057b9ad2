#!/usr/bin/env python3
"""Run the documented examples for real, each in a process of its own, and print what they say.

usage: tools/run.py [--interp PATH]

A TCP server with its client, a UDP server with its client, the page of a web site, which an nginx of our own serves on
loopback, and with asyncio a web server, fetches at the same time, and a chat. Every step is checked; the last line counts.
"""

import argparse
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORK = os.path.join(ROOT, "build", "run")
PATIENCE = 20  # seconds for each line of output

PAGE = "<html><body><h1>It works</h1><p>This page went through usocket.</p></body></html>\n"

NGINX = """\
daemon off;
master_process off;
pid {work}/nginx.pid;
error_log {work}/error.log;
events {{ }}
http {{
    access_log off;
    default_type text/html;
    client_body_temp_path {work}/tmp;
    proxy_temp_path {work}/tmp;
    fastcgi_temp_path {work}/tmp;
    uwsgi_temp_path {work}/tmp;
    scgi_temp_path {work}/tmp;
    server {{
        listen 127.0.0.1:{port};
        root {work}/html;
    }}
}}
"""


class Wrong(Exception):
    """A step did not go as documented; the text says which."""


class Example:
    """One running example; its lines are printed with its name before them."""

    def __init__(self, interp, script, *arguments):
        self.name = script.replace(".py", "")
        self.lines = queue.Queue()
        command = [interp, os.path.join("examples", script), *map(str, arguments)]
        print("$ " + " ".join([os.path.relpath(interp, ROOT) if os.path.isabs(interp) else interp, *command[1:]]))
        self.child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, errors="replace")
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.child.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def says(self, pattern):
        """The next line; it must match."""
        try:
            line = self.lines.get(timeout=PATIENCE)
        except queue.Empty:
            raise Wrong(f"{self.name} said nothing for {PATIENCE} s; expected: {pattern}") from None
        if line is None:
            raise Wrong(f"{self.name} ended with code {self.child.wait()}; expected it to say: {pattern}")
        print(f"  {self.name:>10} | {line}")
        match = re.fullmatch(pattern, line)
        if not match:
            rest = self._rest()
            raise Wrong(f"{self.name} said {line!r}{' ... ' + repr(rest) if rest else ''}; expected: {pattern}")
        return match

    def _rest(self):
        """What else comes at once: the last line of a traceback tells most."""
        last = ""
        try:
            while (line := self.lines.get(timeout=1)) is not None:
                print(f"  {self.name:>10} | {line}")
                last = line
        except queue.Empty:
            pass
        return last

    def interrupt(self):
        self.child.send_signal(signal.SIGINT)

    def ends_well(self):
        try:
            code = self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Wrong(f"{self.name} did not end within {PATIENCE} s") from None
        if code:
            raise Wrong(f"{self.name} ended with code {code}")

    def stop(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()


def tcp(interp, started):
    started(server := Example(interp, "tcp_server.py", "127.0.0.1", 0))
    port = server.says(r"listening on \('127\.0\.0\.1', (\d+)\)").group(1)
    started(client := Example(interp, "tcp_client.py", "127.0.0.1", port))
    client.says(rf"connected to \('127\.0\.0\.1', {port}\)")
    client.says(r"sent 11 bytes")
    server.says(r"accepted a connection from \('127\.0\.0\.1', \d+\)")
    server.says(r"received b'micropython'")
    client.says(r"received b'hello, micropython\\n'")
    for example in (server, client):
        example.says(r"closed")
        example.ends_well()


def udp(interp, started):
    started(server := Example(interp, "udp_server.py", "127.0.0.1", 0))
    port = server.says(r"waiting on \('127\.0\.0\.1', (\d+)\)").group(1)
    started(client := Example(interp, "udp_client.py", "127.0.0.1", port))
    client.says(r"sent 9 bytes")
    server.says(r"received b'rt-thread' from \('127\.0\.0\.1', \d+\)")
    client.says(rf"received b'RT-THREAD' from \('127\.0\.0\.1', {port}\)")
    for example in (server, client):
        example.says(r"closed")
        example.ends_well()


def web_site(interp, started):
    port = start_nginx(started)
    started(client := Example(interp, "web_site.py", "localhost", port))
    client.says(rf"connected to \('127\.0\.0\.1', {port}\)")
    client.says(r"status b'HTTP/1\.1 200 OK\\r\\n'")
    headers = []
    while (match := client.says(r"header b'([\w-]+): .*'|page of (\d+) bytes:")).group(1):
        headers.append(match.group(1))
    if "Content-Length" not in headers:
        raise Wrong("web_site printed no Content-Length")
    if int(match.group(2)) != len(PAGE):
        raise Wrong(f"web_site read {match.group(2)} bytes of a page of {len(PAGE)}")
    client.says(re.escape(PAGE.rstrip("\n")))
    client.says(r"")
    client.says(r"closed")
    client.ends_well()


def fetch_many(interp, started):
    started(server := Example(interp, "http_server.py", "127.0.0.1", 0))
    port = server.says(r"serving at http://127\.0\.0\.1:(\d+)/").group(1)
    pages = {"": "200 OK", "hello?name=you": "200 OK", "nowhere": "404 Not Found"}
    urls = [f"localhost:{port}/{path}" for path in pages]
    started(client := Example(interp, "fetch_many.py", *urls, "localhost:1/"))
    # In whatever order they come.
    answers = [client.says(r"(\S+): (.*)").group(1, 2) for _ in range(len(urls) + 1)]
    for url, status in zip(urls, pages.values()):
        if not any(got == url and words.startswith(f"HTTP/1.1 {status}, ") for got, words in answers):
            raise Wrong(f"fetch_many did not say {status} of {url}")
    if not any(got == "localhost:1/" and "ECONNREFUSED" in words for got, words in answers):
        raise Wrong("fetch_many did not say why localhost:1 has no page")
    client.says(r"4 pages in \d+ ms; one after the other: \d+ ms")
    client.ends_well()
    for _ in pages:
        server.says(r"GET /\S* (200 OK|404 Not Found)")
    server.interrupt()
    server.says(r"stopped")
    server.ends_well()


def chat(interp, started):
    started(server := Example(interp, "chat_server.py", "127.0.0.1", 0))
    port = int(server.says(r"chatting at 127\.0\.0\.1:(\d+)").group(1))
    clients = {}
    for name in ("ada", "bob", "eve"):
        with_name = socket.create_connection(("127.0.0.1", port), PATIENCE)
        clients[name] = with_name.makefile("rw", newline="\n", encoding="utf-8")
        with_name.close()
        clients[name].write(name + "\n")
        clients[name].flush()
        server.says(rf"\* {name} is here")
    clients["ada"].write("hello, all\n")
    clients["ada"].flush()
    server.says(r"ada: hello, all")
    clients["eve"].close()
    server.says(r"\* eve is gone")
    for name, expected in (("ada", ["* bob is here", "* eve is here", "* eve is gone"]), ("bob", ["* eve is here", "ada: hello, all", "* eve is gone"])):
        got = [clients[name].readline().rstrip("\n").replace("your name? ", "") for _ in expected]
        print(f"  {name:>10} | {got}")
        if got != expected:
            raise Wrong(f"{name} read {got}, expected {expected}")
        clients[name].close()
        server.says(rf"\* {name} is gone")
    server.interrupt()
    server.says(r"stopped")
    server.ends_well()


class Nginx:
    def __init__(self, program, port):
        self.log = open(os.path.join(WORK, "nginx.log"), "w")
        self.child = subprocess.Popen([program, "-p", WORK, "-c", os.path.join(WORK, "nginx.conf"), "-e", "error.log"],
                                      stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.child.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                self.up = True
                return
            except OSError:
                time.sleep(0.05)
        self.up = False

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(5)
            except subprocess.TimeoutExpired:
                self.child.kill()
        self.child.wait()
        self.log.close()


def find_nginx():
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def start_nginx(started):
    """An nginx of our own on a port that was free a moment ago; another try when somebody was quicker."""
    os.makedirs(os.path.join(WORK, "html"), exist_ok=True)
    with open(os.path.join(WORK, "html", "index.html"), "w") as page:
        page.write(PAGE)
    for _ in range(3):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        with open(os.path.join(WORK, "nginx.conf"), "w") as config:
            config.write(NGINX.format(work=WORK, port=port))
        nginx = Nginx(find_nginx(), port)
        started(nginx)
        if nginx.up:
            print(f"  {'nginx':>10} | serves a page on 127.0.0.1:{port}")
            return port
    raise Wrong(f"nginx does not start; see {os.path.relpath(WORK, ROOT)}/nginx.log and error.log")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--interp", default=os.path.join(ROOT, "build", "unix", "micropython"))
    interp = os.path.abspath(parser.parse_args().interp)
    os.makedirs(WORK, exist_ok=True)

    examples = [("A TCP server and its client", tcp), ("A UDP server and its client", udp), ("Connecting to a web site", web_site),
                ("A web server, and many pages at the same time", fetch_many), ("A chat", chat)]
    passed = failed = skipped = 0
    for number, (title, example) in enumerate(examples, 1):
        print(f"{chr(10) if number > 1 else ''}{number}. {title}")
        if example is web_site and not find_nginx():
            print("   skipped: nginx is not installed")
            skipped += 1
            continue
        running = []
        try:
            example(interp, running.append)
            passed += 1
        except (Wrong, OSError) as error:
            failed += 1
            print(f"FAILED: {title}: {error}", flush=True)
        finally:
            for process in running:
                process.stop()
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main())
