"""Third-party programs: nginx as server and as client, mosquitto, curl, and with --long Chromium. The other end is an example.

SPDX-License-Identifier: MIT
"""
import contextlib
import itertools
import os
import re
import shutil
import socket
import subprocess
import threading
import time

import certs
import slow
import strangers
from ports import free as free_port
from ports import wait_for

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAMES = {0x303: "TLSv1.2", 0x304: "TLSv1.3"}

NGINX = """
user root; daemon off; master_process off; worker_processes 1;
pid {dir}/nginx.pid; error_log {dir}/nginx.log warn;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {dir}/t; proxy_temp_path {dir}/t; fastcgi_temp_path {dir}/t; uwsgi_temp_path {dir}/t; scgi_temp_path {dir}/t;
    default_type text/plain;
{servers}}}
"""

NGINX_SERVER = """    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_protocols {version};
        ssl_certificate {cert}.chain; ssl_certificate_key {cert}.key;
        ssl_session_cache shared:s{port}:1m;
        {ask}
        location / {{ return 200 "$ssl_protocol|$ssl_session_reused|$ssl_client_verify|$ssl_alpn_protocol|"; }}
    }}
"""

NGINX_PROXY = """    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass https://127.0.0.1:{behind};
            proxy_ssl_verify on; proxy_ssl_trusted_certificate {root}; proxy_ssl_verify_depth 3;
            proxy_ssl_name host.example.test; proxy_ssl_server_name on; proxy_ssl_protocols {version};
        }}
    }}
"""

MOSQUITTO = """
user root
persistence false
log_dest file {dir}/mosquitto.log
listener {port} 127.0.0.1
tls_version {version}
cafile {root}
certfile {cert}.chain
keyfile {cert}.key
require_certificate {ask}
allow_anonymous true
"""


def find(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


@contextlib.contextmanager
def daemon(suite, name, ports, config, *arguments, **environment):
    """Start a server with this configuration and wait until its ports accept."""
    path = os.path.join(suite.scratch, f"{name}.conf")
    with open(path, "w") as file:
        file.write(config)
    child = subprocess.Popen([find(name), *arguments, "-c", path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             env={**os.environ, **environment})
    try:
        for port in ports:
            try:
                wait_for("127.0.0.1", port, lambda: child.poll() is None)
            except OSError as e:
                child.kill()
                raise RuntimeError(f"{name} does not accept at port {port}: {e}: {child.stdout.read().decode()}") from None
        yield
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


class Example:
    """Run a program of examples/; a thread reads its output, so that it never blocks."""

    def __init__(self, suite, script, *arguments):
        self.child = subprocess.Popen([suite.interp, os.path.join(ROOT, "examples", script), *map(str, arguments)],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines = []
        self.first = threading.Event()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.child.stdout:
            self.lines.append(line.rstrip("\n"))
            self.first.set()
        self.first.set()

    def port(self):
        self.first.wait(60 * slow.factor())
        found = re.search(r", (\d+)\)", self.lines[0] if self.lines else "")
        if not found:
            raise RuntimeError(f"no server: {self.lines}")
        return int(found.group(1))

    def end(self, limit=60):
        """Its whole output, after its end."""
        try:
            if self.child.wait(limit):
                self.lines.append(f"ended with {self.child.returncode}")
        except subprocess.TimeoutExpired:
            self.child.kill()
        self.thread.join(5)
        return self.lines

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        self.thread.join(5)
        self.child.stdout.close()


def https_server(suite, cert, *requests):
    return Example(suite, "https_server.py", "127.0.0.1", 0, suite.maker.path(cert + ".chain"), suite.maker.path(cert + ".key"), *requests)


def nginx(suite):
    cells = list(itertools.product((0x303, 0x304), ("ec", "rsa", "p384"), (False, True)))
    ports = [free_port() for _ in cells]
    ask = f"ssl_verify_client on; ssl_verify_depth 3; ssl_client_certificate {suite.maker.path('root.pem')};"
    servers = "".join(NGINX_SERVER.format(port=port, version=NAMES[version], cert=suite.maker.path(key), ask=ask if asked else "")
                      for port, (version, key, asked) in zip(ports, cells))
    with daemon(suite, "nginx", ports, NGINX.format(dir=suite.scratch, servers=servers), "-p", suite.scratch, "-e", "nginx.log"):
        for port, (version, key, asked) in zip(ports, cells):
            options = suite.trust(["ALPN_LIST", "http/1.1"], ["SESSION_CACHE", 1])
            if asked:
                options += [["OWN_CERT", suite.file("client-ec.chain")], ["OWN_KEY", suite.file("client-ec.key")]]
            say = f"GET / HTTP/1.1\r\nHost: {certs.HOST}\r\nConnection: close\r\n\r\n"
            results = suite.client(port=port, options=options, mode="timeout", say=say, times=2)
            want = [f"{NAMES[version]}|{reused}|{'SUCCESS' if asked else 'NONE'}|http/1.1|" for reused in (".", "r")]
            got = [r.get("rest", str(r)).split("\r\n\r\n")[-1] for r in results]
            suite.check(f"nginx, {NAMES[version]}, {key}, ALPN, client certificate {asked}, new and resumed", got == want, f"{got}, not {want}")
            if asked:
                r = suite.client(port=port, options=suite.trust(), mode="timeout", say=say)  # nginx itself answers 400
                suite.check(f"nginx, {NAMES[version]}, {key}, no client certificate", "No required SSL certificate" in r.get("rest", ""), str(r))


def nginx_as_client(suite):
    for version in (0x303, 0x304):
        for cert, good in (("ec", True), ("rsa", True), ("wrong-host", False)):
            with https_server(suite, cert) as server:
                port = free_port()
                config = NGINX_PROXY.format(port=port, behind=server.port(), root=suite.maker.path("root.pem"), version=NAMES[version])
                with daemon(suite, "nginx", [port], NGINX.format(dir=suite.scratch, servers=config), "-p", suite.scratch, "-e", "nginx.log"):
                    with socket.create_connection(("127.0.0.1", port), 5) as s:
                        s.sendall(b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
                        got = b""
                        while data := s.recv(65536):
                            got += data
            want = f"Over {NAMES[version].replace('v', ' ')}.".encode() if good else b"502 Bad Gateway"
            suite.check(f"nginx as client, {NAMES[version]}, {cert}", want in got, f"{got} {server.lines}")


def mosquitto(suite):
    newest = os.path.join(suite.scratch, "openssl.cnf")  # mosquitto's own tls_version sets only the lowest version
    with open(newest, "w") as file:
        file.write("openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = default\n[default]\nMaxProtocol = TLSv1.2\n")
    for version, key, asked in itertools.product((0x303, 0x304), ("ec", "rsa"), (False, True)):
        name = f"mosquitto, {NAMES[version]}, {key}, client certificate {asked}"
        port = free_port()
        config = MOSQUITTO.format(dir=suite.scratch, port=port, version=NAMES[version].lower(), root=suite.maker.path("root.pem"),
                                  cert=suite.maker.path(key), ask=str(asked).lower())
        with daemon(suite, "mosquitto", [port], config, **({"OPENSSL_CONF": newest} if version == 0x303 else {})):
            files = [suite.maker.path(f) for f in ("root.pem", "client-rsa.chain", "client-rsa.key")]
            with Example(suite, "mqtt_tls.py", "localhost", port, *files) as client:
                lines = client.end()
            ok = len(lines) == 5 and lines[1:] == ["CONNACK True", "SUBACK True", "received b'hello over TLS'", "closed"]
            suite.check(f"{name}: subscribe, publish, receive", ok and ("ECDHE" in lines[0]) == (version == 0x303), str(lines))
            if asked:
                r = suite.client(port=port, options=suite.trust(), mode="timeout", bytes=40)
                suite.check(f"{name}: none shown", r.get("type") == "TLSError" and "refused by the peer" in r["text"], str(r))


def curl(suite):
    """Two requests of one curl: the second connection resumes the first one's session."""
    for version, key, alpn in itertools.product(("1.2", "1.3"), ("ec", "rsa", "p384"), (True, False)):
        with https_server(suite, key, 2) as server:
            port = server.port()
            url = f"https://{certs.HOST}:{port}/"
            done = subprocess.run(["curl", "-sSv", "--max-time", "20", "--noproxy", "*", "--tlsv" + version, "--tls-max", version,
                                   "--alpn" if alpn else "--no-alpn", "--cacert", suite.maker.path("root.pem"), "--resolve",
                                   f"{certs.HOST}:{port}:127.0.0.1", url, url], stdin=subprocess.DEVNULL, capture_output=True, text=True)
            lines = server.end()
        name = f"curl, TLS {version}, {key}, {'ALPN' if alpn else 'no ALPN'}"
        suite.check(name, done.returncode == 0 and done.stdout.count(f"Over TLS {version}.") == 2, done.stderr[-500:])
        suite.check(name + ": agreed on", ("server accepted http/1.1" in done.stderr) == alpn, done.stderr[-1500:])
        suite.check(name + ": resumed", re.search("re-?using session ID", done.stderr), done.stderr[-1500:])
        suite.check(name + ": seen from here", lines[1:] == [f"TLS {version} GET / 200 OK"] * 2 + ["closed"], str(lines))
    with https_server(suite, "ec") as server:
        url = f"https://127.0.0.1:{server.port()}/"
        done = subprocess.run(["curl", "-sS", "--max-time", "20", "--noproxy", "*", url], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        suite.check("curl that does not trust us", done.returncode == 60, f"{done.returncode} {done.stderr}")
        done = subprocess.run(["curl", "-sS", "--max-time", "20", "--noproxy", "*", "--cacert", suite.maker.path("root.pem"), "--parallel",
                               *[url] * 20], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        suite.check("curl, 20 at once", done.returncode == 0 and done.stdout.count("It works") == 20, done.stderr[-500:])
        time.sleep(0.1)
        suite.check("the server's error", any("refused by the peer: unknown_ca" in line for line in server.lines), str(server.lines))


def chromium(suite):
    """A headless browser loads the page; only the browser's own profile trusts the CA."""
    home = os.path.join(suite.scratch, "home")
    database = "sql:" + os.path.join(home, ".pki/nssdb")
    os.makedirs(os.path.join(home, ".pki/nssdb"))
    shots = os.path.join(ROOT, "build", "tls")
    os.makedirs(shots, exist_ok=True)
    subprocess.run(["certutil", "-d", database, "-N", "--empty-password"], check=True)
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=640,400",
             "--host-resolver-rules=MAP host.example.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]

    def load(number, url, *more):
        return subprocess.run(["chromium", *flags, f"--user-data-dir={home}/profile{number}", *more, url], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=120, env=dict(os.environ, HOME=home)).stdout.decode(errors="replace")
    with https_server(suite, "ec") as server:
        url = f"https://{certs.HOST}:{server.port()}/"
        page = load(1, url, "--dump-dom")
        suite.check("Chromium that does not trust us", "It works" not in page, page[:500])
        suite.check("the server's error", any("refused by the peer" in line for line in server.lines), str(server.lines))
        subprocess.run(["certutil", "-d", database, "-A", "-t", "C,,", "-n", "test", "-i", suite.maker.path("root.pem")], check=True)
        page = load(2, url, "--dump-dom")
        suite.check("Chromium loads the page", "<h1>It works</h1><p>Over TLS 1.3.</p>" in page, page[:500])
        shot = os.path.join(shots, "chromium.png")
        with contextlib.suppress(FileNotFoundError):
            os.remove(shot)
        load(3, url, f"--screenshot={shot}")
        data = open(shot, "rb").read() if os.path.exists(shot) else b""
        size = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
        suite.check("and shows it", data[:8] == b"\x89PNG\r\n\x1a\n" and size == (640, 400) and len(data) > 2000, f"{size}, {len(data)} bytes")
        suite.say(f"  a screenshot: {os.path.relpath(shot, ROOT)}, {len(data)} bytes")
        suite.check("Chromium, seen from here", server.lines.count("TLS 1.3 GET / 200 OK") >= 2, str(server.lines))
    for key in ("rsa", "p384"):
        with https_server(suite, key) as server:
            page = load(4, f"https://{certs.HOST}:{server.port()}/", "--dump-dom")
            suite.check(f"Chromium, {key}", "It works" in page, page[:500])
            page = load(4, f"https://{certs.HOST}:{server.port()}/", "--dump-dom", "--ssl-version-max=tls1.2")
            suite.check(f"Chromium, {key}, TLS 1.2 at the most", "Over TLS 1.2." in page, f"{page[:500]} {server.lines}")
    with https_server(suite, "wrong-host") as server:
        page = load(5, f"https://{certs.HOST}:{server.port()}/", "--dump-dom")
        suite.check("Chromium and another host's certificate", "It works" not in page, page[:500])


def run(suite):
    parts = [(nginx, "nginx"), (nginx_as_client, "nginx"), (mosquitto, "mosquitto"), (curl, "curl")]
    if suite.long:
        parts.append((chromium, "chromium"))
    for part, program in parts:
        if not find(program) or part is chromium and not find("certutil"):
            suite.skip(part.__name__, f"{program} is not installed")
        else:
            part(suite)
