#!/usr/bin/env python3
"""Run the documented examples, each in a process of its own, and print their output.

usage: tools/run.py [--interp PATH]

A TCP server with its client, a UDP server with its client, a web page from a local nginx, the same over TLS from that nginx and
from the example server, an MQTT broker over TLS, and with asyncio a web server, concurrent fetches and a chat. openssl makes the
certificates. Every step is checked; the last line counts.
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

import slow

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORK = os.path.join(ROOT, "build", "run")
LINE_LIMIT = 60 * slow.factor()  # seconds for each line of output

PAGE = "<html><body><h1>It works</h1><p>This page went through usocket.</p></body></html>\n"

NGINX = """\
user root;
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
{tls}}}
"""

NGINX_TLS = """\
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {work}/server.pem;
        ssl_certificate_key {work}/server.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        root {work}/html;
    }}
"""

MOSQUITTO = """\
user root
persistence false
log_dest file {work}/mosquitto.log
listener {port} 127.0.0.1
cafile {work}/ca.pem
certfile {work}/server.pem
keyfile {work}/server.key
require_certificate true
use_identity_as_username true
allow_anonymous false
"""

NEW_CERT = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30".split()


class Wrong(Exception):
    """A step did not go as documented; the text names it."""


class Example:
    """One running example; each line is printed after its name."""

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
        """Wait for the next line, which must match."""
        try:
            line = self.lines.get(timeout=LINE_LIMIT)
        except queue.Empty:
            raise Wrong(f"{self.name} said nothing for {LINE_LIMIT:.0f} s ({slow.advice(LINE_LIMIT / 60)}); expected: {pattern}") from None
        if line is None:
            raise Wrong(f"{self.name} ended with code {self.child.wait()}; expected it to say: {pattern}")
        print(f"  {self.name:>10} | {line}")
        match = re.fullmatch(pattern, line)
        if not match:
            rest = self._rest()
            raise Wrong(f"{self.name} said {line!r}{' ... ' + repr(rest) if rest else ''}; expected: {pattern}")
        return match

    def _rest(self):
        """The lines that follow at once; the last line of a traceback has the reason."""
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
            code = self.child.wait(LINE_LIMIT)
        except subprocess.TimeoutExpired:
            raise Wrong(f"{self.name} did not end within {LINE_LIMIT:.0f} s") from None
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
    # The answers may come in any order.
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
        with_name = socket.create_connection(("127.0.0.1", port), LINE_LIMIT)
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


def certificates(where=WORK, names="DNS:localhost,IP:127.0.0.1"):
    """Make a CA with certificates for a local server and a client, as docs/tls.md describes."""
    def make(name, subject, *more):
        made = subprocess.run([*NEW_CERT, "-subj", f"/CN={subject}", "-keyout", f"{name}.key", "-out", f"{name}.pem", *more], cwd=where,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if made.returncode:
            raise Wrong(f"openssl makes no certificate: {made.stdout[-300:]}")
    by_ca = ("-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:FALSE")
    make("ca", "Example CA", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    make("server", "localhost", *by_ca, "-addext", "subjectAltName=" + names)
    make("client", "device-7", *by_ca)


def path(name):
    return os.path.relpath(os.path.join(WORK, name), ROOT)


def get(interp, started, port):
    started(client := Example(interp, "https_get.py", "localhost", port, "/", path("ca.pem")))
    client.says(r"connected with TLS_\w+")
    client.says(r"status b'HTTP/1\.1 200 OK\\r\\n'")
    while client.says(r"header b'[\w-]+: .*'|page of (\d+) bytes:").group(1) is None:
        pass
    return client


def https_get(interp, started):
    certificates()
    client = get(interp, started, start_nginx(started, tls=True))
    client.says(re.escape(PAGE.rstrip("\n")))
    client.says(r"")
    client.says(r"closed")
    client.ends_well()


def https_server(interp, started):
    certificates()
    started(server := Example(interp, "https_server.py", "127.0.0.1", 0, path("server.pem"), path("server.key"), 1))
    port = server.says(r"listening on \('127\.0\.0\.1', (\d+)\)").group(1)
    with socket.create_connection(("127.0.0.1", port)):  # a silent client, which must not delay others
        client = get(interp, started, port)
        client.says(r".*<h1>It works</h1><p>Over TLS 1\.3\.</p>.*")
        client.says(r"")
        client.says(r"closed")
        client.ends_well()
        server.says(r"TLS 1\.3 GET / 200 OK")
        server.says(r"closed")
        server.ends_well()


def mqtt_tls(interp, started):
    certificates()
    port = start_mosquitto(started)
    started(client := Example(interp, "mqtt_tls.py", "localhost", port, path("ca.pem"), path("client.pem"), path("client.key")))
    client.says(r"connected with TLS_\w+")
    client.says(r"CONNACK True")
    client.says(r"SUBACK True")
    client.says(r"received b'hello over TLS'")
    client.says(r"closed")
    client.ends_well()


class Daemon:
    """Start a third-party server and wait until its port accepts."""

    def __init__(self, name, command, port):
        self.log = open(os.path.join(WORK, name + ".log"), "w")
        self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + LINE_LIMIT
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


def find(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def start_daemon(started, name, says, configure):
    """Start a server on a free port; configure(port) writes the configuration and returns the command. Tries other ports if
    another program takes the port first."""
    for _ in range(3):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        daemon = Daemon(name, configure(port), port)
        started(daemon)
        if daemon.up:
            print(f"  {name:>10} | {says} 127.0.0.1:{port}")
            return port
    raise Wrong(f"{name} does not start; see {os.path.relpath(WORK, ROOT)}/{name}.log and error.log")


def write(name, text):
    with open(os.path.join(WORK, name), "w") as file:
        file.write(text)
    return os.path.join(WORK, name)


def start_nginx(started, tls=False):
    os.makedirs(os.path.join(WORK, "html"), exist_ok=True)
    write(os.path.join("html", "index.html"), PAGE)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        other = probe.getsockname()[1]

    def configure(port):
        extra = NGINX_TLS.format(work=WORK, port=port) if tls else ""
        config = write("nginx.conf", NGINX.format(work=WORK, port=other if tls else port, tls=extra))
        return [find("nginx"), "-p", WORK, "-c", config, "-e", "error.log"]
    return start_daemon(started, "nginx", "serves a page over TLS on" if tls else "serves a page on", configure)


def start_mosquitto(started):
    def configure(port):
        return [find("mosquitto"), "-c", write("mosquitto.conf", MOSQUITTO.format(work=WORK, port=port))]
    return start_daemon(started, "mosquitto", "serves clients with a certificate on", configure)


def has_tls(interp):
    """True if the interpreter has sockets of IPPROTO_SEC."""
    asks = ("import usocket\ntry:\n    usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM, usocket.IPPROTO_SEC).close()\n    print(0)\n"
            "except OSError as e:\n    print(e.args[0])\n")
    done = subprocess.run([interp, "-c", asks], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = done.stdout.strip()
    if said not in ("0", "93"):  # EPROTONOSUPPORT
        raise SystemExit(f"{interp} does not run: {said[-300:]}")
    return said == "0"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--interp", default=os.path.join(ROOT, "build", "unix", "micropython"))
    interp = os.path.abspath(parser.parse_args().interp)
    os.makedirs(WORK, exist_ok=True)

    examples = [("A TCP server and its client", tcp, ()), ("A UDP server and its client", udp, ()),
                ("Connecting to a web site", web_site, ("nginx",)),
                ("The same over https", https_get, ("nginx", "openssl", "TLS")),
                ("An https server", https_server, ("openssl", "TLS")),
                ("An MQTT broker over TLS, with certificates of both ends", mqtt_tls, ("mosquitto", "openssl", "TLS")),
                ("A web server, and many pages at the same time", fetch_many, ()), ("A chat", chat, ())]
    tls = has_tls(interp)
    if not tls:
        print("This interpreter has no TLS (TLS=0): the examples that need it are skipped\n")
    passed = failed = skipped = 0
    for number, (title, example, programs) in enumerate(examples, 1):
        print(f"{chr(10) if number > 1 else ''}{number}. {title}")
        absent = [name for name in programs if name != "TLS" and not find(name)]
        if absent or "TLS" in programs and not tls:
            print(f"   skipped: {' and '.join(absent) + ' not installed' if absent else 'no TLS in this build'}")
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
