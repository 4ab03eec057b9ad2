"""TLS and DTLS in the cookbook.

SPDX-License-Identifier: MIT
"""

import hashlib
import socket
import ssl
import subprocess

import peers
import slow
from cases_clients import MOSQUITTO, nginx
from recipe import expect, patience

KEY = "00112233445566778899aabbccddeeff"


def pin(bench, name):
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(bench.read(name).decode())).hexdigest()


def s_server(bench, *arguments, port=None):
    port = port or bench.port()
    return port, bench.daemon("openssl", "s_server", "-accept", str(port), *arguments)


def s_client(bench, *arguments, data=b""):
    """Run openssl s_client. @return its whole output"""
    done = subprocess.run(["openssl", "s_client", *arguments], input=data, cwd=bench.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=60 * slow.factor(), check=False)
    return done.stdout.decode(errors="replace")


def tls_pinned(bench):
    port, server = s_server(bench, "-cert", "server.pem", "-key", "server.key", "-www")
    peers.within(lambda: "ACCEPT" in server.said(), "openssl s_server accepts")
    program = bench.program("tls_pinned", HOST="localhost", PORT=port, PINS=("00" * 32, pin(bench, "server.pem")))
    program.says(r"b'HTTP/1\.0 200 ok\\r\\n'")
    program.ends()
    for settings, words in (({"PINS": (pin(bench, "client.pem"),)}, "the certificate is not pinned: " + pin(bench, "server.pem")),
                            ({"PINS": (pin(bench, "server.pem"),), "CA_FILE": "other/ca.pem"}, "(signed by an unknown authority|the signature does not fit the key)")):
        program = bench.program("tls_pinned", HOST="localhost", PORT=port, **settings)
        program.says(rf"refused: .*{words}.*")
        program.ends()


def self_signed(bench):
    """A certificate that no CA has signed is its own CA_FILE."""
    bench.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=localhost",
                  "-addext", "subjectAltName=DNS:localhost", "-keyout", "own.key", "-out", "own.pem")
    port, server = s_server(bench, "-cert", "own.pem", "-key", "own.key", "-www")
    peers.within(lambda: "ACCEPT" in server.said(), "openssl s_server accepts")
    program = bench.program("tls_pinned", HOST="localhost", PORT=port, CA_FILE="own.pem", PINS=(pin(bench, "own.pem"),))
    program.says(r"b'HTTP/1\.0 200 ok\\r\\n'")
    program.ends()
    program = bench.program("tls_pinned", HOST="localhost", PORT=port)
    program.says(r"refused: .*")
    program.ends()


def tls_client_cert(bench):
    port = bench.port()
    nginx(bench, port, tls=" ssl; ssl_certificate {0}/server.pem; ssl_certificate_key {0}/server.key; ssl_client_certificate {0}/ca.pem;"
          " ssl_verify_client on;".format(bench.folder), more='location / { return 200 "$ssl_client_verify $ssl_client_s_dn"; }')
    program = bench.program("tls_client_cert", HOST="localhost", PORT=port)
    program.says(r"b'HTTP/1\.1 200 OK\\r\\n'")
    program.says(r"b'SUCCESS CN=device-7'")
    program.ends()
    program = bench.program("tls_client_cert", HOST="localhost", PORT=port, CERT_FILE="other/client.pem", KEY_FILE="other/client.key")
    program.says(r"b'HTTP/1\.1 400 Bad Request\\r\\n'|failed: .*")
    for settings, words in (({"CA_FILE": "other/ca.pem"}, "(signed by an unknown authority|the signature does not fit the key)"), ({"KEY_FILE": "other/client.key"}, "TLS_OWN_KEY|TLS_OWN_CERT")):
        program = bench.program("tls_client_cert", HOST="localhost", PORT=port, **settings)
        program.says(rf"failed: .*({words}).*")
        program.ends()
    port, server = s_server(bench, "-cert", "server.pem", "-key", "server.key", "-CAfile", "ca.pem", "-Verify", "1", "-verify_return_error", "-tls1_3", "-www")
    peers.within(lambda: "ACCEPT" in server.said(), "openssl s_server accepts")
    program = bench.program("tls_client_cert", HOST="localhost", PORT=port, CERT_FILE="other/client.pem", KEY_FILE="other/client.key")
    program.says(r"failed: .*refused by the peer.*")
    program.ends()


def tls_server_cert(bench):
    port = bench.port()
    program = bench.program("tls_server_cert", HOST="127.0.0.1", PORT=port)
    program.says(rf"serving at port {port}")
    where = ("-connect", f"localhost:{port}", "-CAfile", "ca.pem", "-verify_return_error", "-quiet", "-no_ign_eof")
    for version in ("-tls1_2", "-tls1_3"):
        with socket.create_connection(("127.0.0.1", port), 60 * slow.factor()) as plain:
            context = peers.tls(bench, server=False)
            context.load_cert_chain(bench.path("client.pem"), bench.path("client.key"))
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2 if version == "-tls1_2" else ssl.TLSVersion.TLSv1_3
            with context.wrap_socket(plain, server_hostname="localhost") as s:
                s.sendall(b"world\n")
                expect(s.recv(100) == b"hello, world\n", "another answer")
                expect(s.recv(100) == b"", "no close_notify")
        program.says(rf"client {pin(bench, 'client.pem')}")
    for more, words in (((), "no certificate|certificate"), (("-cert", "other/client.pem", "-key", "other/client.key"), "(signed by an unknown authority|the signature does not fit the key)")):
        out = s_client(bench, *where, *more, data=b"world\n")
        program.says(rf"127\.0\.0\.1: .*({words}).*")
        expect("hello" not in out, "a client without a certificate of the CA is served", out[-300:])
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(b"GET / HTTP/1.0\r\n\r\n")
        program.says(r"127\.0\.0\.1: .*")
    program.runs_on()


def alpn_443(bench):
    plain = bench.port()
    path = bench.write("mosquitto.conf", MOSQUITTO.format(folder=bench.folder, plain=plain, tls=bench.port()))
    bench.daemon("mosquitto", "-c", path, port=plain)
    listening = peers.Mqtt(plain)
    listening.subscribe(b"device-7/temperature")
    alpn = ["x-amzn-mqtt-ca"]
    peers.Peer(bench, peers.forward(plain), peers.tls(bench, alpn=alpn, clients=True), port=443)
    ours = {"HOST": "localhost", "CA_FILE": "ca.pem", "CERT_FILE": "client.pem", "KEY_FILE": "client.key"}
    program = bench.program("alpn_443", **ours)
    program.says("published")
    program.ends()
    got = listening.message()
    expect(got == (b"device-7/temperature", b'{"celsius": 21.5}'), "another message", got)
    listening.close()
    program = bench.program("alpn_443", **{**ours, "CERT_FILE": "other/client.pem", "KEY_FILE": "other/client.key"})
    program.says(r"failed: .*(refused by the peer|unexpected answer).*")
    program.ends()
    for context, words in ((peers.tls(bench), "the server does not know x-amzn-mqtt-ca"), (peers.tls(bench, alpn=["http/1.1"]), "x-amzn-mqtt-ca|refused by the peer")):
        other = peers.Peer(bench, peers.forward(plain), context)
        program = bench.program("alpn_443", PORT=other.port, **ours)
        program.says(rf"failed: .*({words}).*")
        program.ends()


def tls_psk(bench):
    for version, name in (("-tls1_3", "TLSv1.3"), ("-tls1_2", "TLSv1.2")):
        port, server = s_server(bench, version, "-nocert", "-psk", KEY, "-psk_identity", "device-7", "-rev")
        peers.within(lambda server=server: "ACCEPT" in server.said(), "openssl s_server accepts")
        program = bench.program("tls_psk", HOST="127.0.0.1", PORT=port)
        program.says(rf"connected by TLS_\w+ of {name}")
        program.says(r"answer b'5\.12 erutarepmet\\n'")
        program.ends()
        wrong = [{"KEY": bytes(16)}] + [{"IDENTITY": "device-8"}] * (version == "-tls1_3")  # in TLS 1.2 openssl's server takes any identity
        for settings in wrong:
            program = bench.program("tls_psk", HOST="127.0.0.1", PORT=port, **settings)
            program.says(r"failed: .*(refused by the peer|tampered|TLS).*")
            program.ends()
        server.stop()


def dtls(bench):
    """The sensor and the gateway with each other, and each with openssl."""
    port = bench.port()
    where = {"HOST": "127.0.0.1", "PORT": port}
    sensor = bench.program("dtls_sensor", PERIOD=0.2, **where)
    gateway = bench.program("dtls_gateway", IDLE=patience(1), **where)
    gateway.says(rf"waiting at port {port}")
    sensor.until(r"reading \d+ confirmed")
    gateway.until(r"reading \d+ 21\.5")
    gateway.stop()
    sensor.until(r"reading \d+ lost: .*")
    gateway = bench.program("dtls_gateway", IDLE=patience(1), **where)
    sensor.until(r"reading \d+ confirmed")  # by a new handshake
    gateway.says(rf"waiting at port {port}")
    gateway.until(r"reading \d+ 21\.5")
    sensor.stop()  # without a close_notify
    gateway.until(r"127\.0\.0\.1:\d+: silent")
    sensor = bench.program("dtls_sensor", PERIOD=0, ROUNDS=2, **where)
    for number in (1, 2):
        sensor.says(rf"reading {number} confirmed")
        gateway.until(rf"reading {number} 21\.5")
    sensor.ends()
    gateway.until(r"127\.0\.0\.1:\d+: closed|127\.0\.0\.1:\d+: silent")
    # openssl as a sensor; with another key and without DTLS the gateway goes on.
    psk = ("-dtls1_2", "-connect", f"127.0.0.1:{port}", "-psk_identity", "sensor-3", "-quiet")
    client = bench.daemon("openssl", "s_client", *psk, "-psk", KEY)
    client.child.stdin.write(b"17 20.5")
    client.child.stdin.flush()
    gateway.until(r"reading 17 20\.5")
    peers.within(lambda: "17" in client.said(), "the gateway's confirmation")
    client.stop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(b"not DTLS", ("127.0.0.1", port))
    other = bench.daemon("openssl", "s_client", *psk, "-psk", "ff" * 16)
    gateway.until(r"127\.0\.0\.1:\d+: (?!closed|silent).*")
    other.stop()
    sensor = bench.program("dtls_sensor", PERIOD=0, ROUNDS=1, **where)
    sensor.says("reading 1 confirmed")
    gateway.until(r"reading 1 21\.5")
    gateway.runs_on()

    port, server = s_server(bench, "-dtls1_2", "-nocert", "-psk", KEY, "-psk_identity", "sensor-3")
    peers.within(lambda: "ACCEPT" in server.said(), "openssl s_server accepts")
    sensor = bench.program("dtls_sensor", HOST="127.0.0.1", PORT=port, PERIOD=0, ROUNDS=1)
    peers.within(lambda: "1 21.5" in server.said(), "the reading at openssl s_server")
    server.child.stdin.write(b"0")  # a late answer to an earlier reading
    server.child.stdin.flush()
    peers.within(lambda: server.said().count("1 21.5") > 1, "the same reading again")
    server.child.stdin.write(b"1")
    server.child.stdin.flush()
    sensor.says("reading 1 confirmed")
    sensor.ends()


RECIPES = {
    "TLS with a pinned certificate": (tls_pinned, ["tls_pinned"], ["openssl", "TLS"]),
    "TLS with a self-signed certificate": (self_signed, ["tls_pinned"], ["openssl", "TLS"]),
    "client certificate, the client": (tls_client_cert, ["tls_client_cert"], ["nginx", "openssl", "TLS"]),
    "client certificate, the server": (tls_server_cert, ["tls_server_cert"], ["openssl", "TLS"]),
    "ALPN on port 443": (alpn_443, ["alpn_443"], ["mosquitto", "TLS"]),
    "pre-shared key": (tls_psk, ["tls_psk"], ["openssl", "TLS"]),
    "DTLS sensor and gateway": (dtls, ["dtls_sensor", "dtls_gateway"], ["openssl", "TLS"]),
}
