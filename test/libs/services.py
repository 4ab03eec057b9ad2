"""Servers for the cases: nginx and mosquitto, and substitutes for others.

nginx and mosquitto run from configurations written here, on free ports, with
everything they write in a temporary directory; Python threads stand in for a
time server, a UDP echo, and a server that never answers.
"""

import hashlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import threading

import ports

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tls"))
import certs

NTP_SECONDS = 3913056000
LINES = 500
CHUNKED = "first part, second part\n"

NGINX = """
user root; daemon off; master_process off; worker_processes 1;
pid {dir}/nginx.pid; error_log {dir}/nginx.log warn;
events {{ worker_connections 256; }}
http {{
    access_log {dir}/access.log;
    client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/f;
    uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
    default_type application/octet-stream; types {{ text/plain txt; application/json json; }}
    client_max_body_size 20m;
    server {{
        listen {address}:{http}; listen [{address6}]:{http};
        listen {address}:{https} ssl; listen [{address6}]:{https} ssl;
        server_name {host};
        ssl_certificate {dir}/leaf.pem; ssl_certificate_key {dir}/leaf.key;
        root {dir}/www;
        location /chunked.txt {{ ssi on; ssi_types *; }}
        location /upload/ {{ dav_methods PUT; create_full_put_path on; }}
        location /backend/ {{ proxy_pass http://{backend_address}:{backend}/; }}
        location /tls-backend/ {{ proxy_pass https://{backend_address}:{backend}/; }}
    }}
    {refused_https}
}}
"""
REFUSED_HTTPS = """server {{ listen {address}:{port} ssl; root {dir}/www;
        ssl_certificate {dir}/{kind}.pem; ssl_certificate_key {dir}/{kind}.key; }}
    """

MOSQUITTO = """
user root
persistence false
log_dest file {dir}/mosquitto.log
allow_anonymous true
listener {mqtt} {address}
listener {mqtts} {address}
certfile {dir}/leaf.pem
keyfile {dir}/leaf.key
{refused_mqtts}
"""
REFUSED_MQTTS = """listener {port} {address}
certfile {dir}/{kind}.pem
keyfile {dir}/{kind}.key
"""
# Certificates that a client must refuse, and what its error says.
REFUSED = {
    "other": "the certificate is for other.example.test, not {host}",
    "expired": "the certificate expired on ",
    "unknown": "signed by an unknown authority: CN=Unknown Root",
    "alone": "self-signed, and not trusted: CN=alone",
}

OPENSSL = """cd {dir} && exec 2>openssl.log
printf 'subjectAltName=DNS:{host}\\nbasicConstraints=CA:FALSE\\n' > leaf.ext &&
openssl req -newkey rsa:2048 -nodes -sha256 -x509 -days 30 -subj /CN=test-root \
    -keyout root.key -out root.pem &&
openssl req -newkey rsa:2048 -nodes -sha256 -subj /CN={host} -keyout leaf.key -out leaf.csr &&
openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -CAcreateserial -days 30 -sha256 \
    -extfile leaf.ext -out leaf.pem &&
openssl x509 -in root.pem -outform der -out root.der &&
openssl x509 -in leaf.pem -outform der -out leaf.der &&
openssl pkey -in leaf.key -outform der -out leaf-key.der
"""


class Broken(Exception):
    """A server did not start; the text has the reason."""


def program(name):
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise Broken(f"{name} is not installed: apt-get install {name}")
    return found


def content(folder):
    """Write the files that nginx serves; returns their paths, sizes and digests for the cases."""
    www = f"{folder}/www"
    os.makedirs(f"{www}/upload")
    large = random.Random(1).randbytes(1000003)
    files = {
        "small.txt": b"the quick brown fox\n",
        "large.bin": large,
        "data.json": json.dumps({"n": [1, 2, 3], "s": "\u00fc"}, ensure_ascii=False).encode(),
        "lines.txt": b"".join(b"line %d\n" % i for i in range(LINES)),
        "chunked.txt": b'<!--# set var="a" value="first" --><!--# echo var="a" --> part, second part\n',
    }
    for name, data in files.items():
        with open(f"{www}/{name}", "wb") as f:
            f.write(data)
    return {"large_size": len(large), "large_sha": hashlib.sha256(large).hexdigest(),
            "large_path": f"{www}/large.bin", "lines": LINES, "chunked": CHUNKED}


def refused_certificates(folder, host):
    maker = certs.Maker(folder)
    maker.cert("other", "root", names=certs.OTHER)
    maker.cert("expired", "root", names=host, days=(-30, -3))
    maker.cert("unknown-root", None, names=None, extensions=certs.CA, cn="Unknown Root")
    maker.cert("unknown", "unknown-root", names=host)
    maker.cert("alone", None, names=host)
    maker.cert("client", "root", names=None)


def udp_standin(address, answer):
    """Start a thread that answers datagrams with answer(data); None: no answer."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, 0))

    def loop():
        while True:
            data, peer = s.recvfrom(65535)
            reply = answer(data)
            if reply is not None:
                s.sendto(reply, peer)

    threading.Thread(target=loop, daemon=True).start()
    return s.getsockname()[1]


def ntp_answer(query):
    if len(query) != 48 or query[0] != 0x1B:
        return None
    return bytes(range(40)) + NTP_SECONDS.to_bytes(4, "big") + bytes(4)


def silent_standin(address):
    """A listener that completes connections and never sends."""
    s = socket.create_server((address, 0), backlog=16)
    kept = []

    def loop():
        while True:
            kept.append(s.accept())

    threading.Thread(target=loop, daemon=True).start()
    return s.getsockname()[1]


class Services:
    """Servers on two addresses, which the cases reach by a name. nginx reaches a case's server on a third, the interpreter's own."""

    def __init__(self, folder, address="127.0.0.1", address6="::1", host="localhost", own="127.0.0.1"):
        self.folder = folder
        self.where = {"address": address, "address6": address6, "host": host, "backend_address": own}
        self.running = []

    def start(self, refused=False):
        """Start everything; returns the configuration for the cases. refused: https and mqtts also with certificates of each kind of
        REFUSED, each on ports of its own."""
        names = ("http", "https", "mqtt", "mqtts", "backend", "closed")
        address = self.where["address"]
        config = dict(self.where, **{name: ports.free(address) for name in names})
        made = subprocess.run(OPENSSL.format(dir=self.folder, **self.where), shell=True)
        if made.returncode:
            raise Broken("openssl could not make the certificates: see openssl.log")
        kinds = REFUSED if refused else {}
        if refused:
            refused_certificates(self.folder, self.where["host"])
        config["refused"] = {kind: {"https": ports.free(address), "mqtts": ports.free(address), "words": words.format(**self.where)}
                             for kind, words in kinds.items()}
        for name, text in (("https", REFUSED_HTTPS), ("mqtts", REFUSED_MQTTS)):
            config["refused_" + name] = "".join(text.format(dir=self.folder, address=address, kind=kind, port=one[name])
                                                for kind, one in config["refused"].items())
        config.update(content(self.folder), folder=self.folder, ca=f"{self.folder}/root.der",
                      cert=f"{self.folder}/leaf.der", key=f"{self.folder}/leaf-key.der",
                      ntp_seconds=NTP_SECONDS,
                      ntp=udp_standin(address, ntp_answer), ntp_mute=udp_standin(address, lambda data: None),
                      udp_echo=udp_standin(address, lambda data: data), silent=silent_standin(address))
        self._write("nginx.conf", NGINX, config)
        self._write("mosquitto.conf", MOSQUITTO, config)
        self._run([program("nginx"), "-c", f"{self.folder}/nginx.conf", "-p", self.folder,
                   "-e", f"{self.folder}/nginx.log"])
        self._run([program("mosquitto"), "-c", f"{self.folder}/mosquitto.conf"])
        for name in ("http", "https", "mqtt", "mqtts"):
            self._wait_for(name, config[name])
        for kind, one in config["refused"].items():
            for name in ("https", "mqtts"):
                self._wait_for(f"{name} ({kind})", one[name])
        return config

    def _write(self, name, text, config):
        with open(f"{self.folder}/{name}", "w") as f:
            f.write(text.format(dir=self.folder, **config))

    def _run(self, command):
        log = open(f"{self.folder}/{os.path.basename(command[0])}.out", "wb")
        self.running.append(subprocess.Popen(command, stdout=log, stderr=log,
                                             stdin=subprocess.DEVNULL))
        log.close()

    def _wait_for(self, name, port):
        try:
            ports.wait_for(self.where["address"], port, lambda: all(p.poll() is None for p in self.running))
        except OSError as e:
            raise Broken(f"the {name} server is not there: {e}\n" + self.logs()) from None

    def logs(self):
        text = ""
        for name in sorted(os.listdir(self.folder)):
            if name.endswith((".out", ".log")) and os.path.getsize(f"{self.folder}/{name}"):
                with open(f"{self.folder}/{name}", errors="replace") as f:
                    text += f"--- {name}\n" + "".join(f.readlines()[-10:])
        return text

    def stop(self):
        for p in self.running:
            p.terminate()
        for p in self.running:
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
