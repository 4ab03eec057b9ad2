"""The TCP clients of the cookbook.

SPDX-License-Identifier: MIT
"""

import hashlib
import os
import random
import signal
import socket
import time

import peers
from recipe import Text, expect, patience

MOSQUITTO = """
user root
persistence false
allow_anonymous true
listener {plain} 127.0.0.1
listener {tls} 127.0.0.1
certfile {folder}/server.pem
keyfile {folder}/server.key
"""

NGINX = """
user root; daemon off; master_process off; worker_processes 1;
pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 64; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t; uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
    default_type text/plain; root {folder}/html;
    server {{
        listen 127.0.0.1:{port}{tls}
        {more}
    }}
}}
"""


def nginx(bench, port, tls=";", more=""):
    path = bench.write("nginx.conf", NGINX.format(folder=bench.folder, port=port, tls=tls, more=more))
    return bench.daemon("nginx", "-p", bench.folder, "-c", path, "-e", "error.log", port=port)


def pages(bench, **contents):
    os.makedirs(bench.path("html"), exist_ok=True)
    for name, data in contents.items():
        bench.write("html/" + name.replace("_", "."), data)


def mosquitto(bench, plain, tls):
    path = bench.write("mosquitto.conf", MOSQUITTO.format(folder=bench.folder, plain=plain, tls=tls))
    return bench.daemon("mosquitto", "-v", "-c", path, port=tls)


def mqtt(bench):
    plain, tls = bench.port(), bench.port()
    program = bench.program("mqtt", HOST="localhost", PORT=tls, KEEP_ALIVE=patience(2), LONGEST=2)
    program.says(r"not connected: .*ECONNREFUSED.*; next attempt in 1 s")  # no broker yet
    for turn in range(2):
        broker = mosquitto(bench, plain, tls)
        program.until(r"connected")
        client = peers.Mqtt(plain)
        client.subscribe(b"home/device-7/state")
        for value in (b"on", b"", b"%d" % turn * 100):
            client.publish(b"home/device-7/set", value)
            program.says(rf"command b'{value.decode()}'")
            got = client.message()
            expect(got == (b"home/device-7/state", value), "the program confirms something else", got)
        client.publish(b"home/device-7/other", b"not for it")
        long = b"x" * 100 + b"y" * turn
        client.publish(b"home/device-7/set", long)
        program.says(rf"command b'{long.decode()}'")
        expect(client.message()[1] == long, "a command whose size takes two bytes")
        peers.within(lambda: "Received PINGREQ from device-7" in broker.said(), "a ping of a silent client")
        client.close()
        broker.child.kill()
        program.says(r"not connected: .*; next attempt in 1 s")
    # A broker that no longer answers: two periods without a packet, then a new connection.
    broker = mosquitto(bench, plain, tls)
    program.until(r"connected")
    broker.child.send_signal(signal.SIGSTOP)
    program.says(r"not connected: .*the broker does not answer; next attempt in 1 s")
    broker.child.send_signal(signal.SIGCONT)
    program.until(r"connected")
    program.runs_on()
    refused = bench.program("mqtt", HOST="localhost", PORT=tls, CA_FILE="other/ca.pem")
    refused.says(r"not connected: .*(signed by an unknown authority|the signature does not fit the key).*; next attempt in 1 s")
    refused.says(r"not connected: .*(signed by an unknown authority|the signature does not fit the key).*; next attempt in 2 s")
    other = bench.program("mqtt", HOST="127.0.0.2", PORT=tls)
    other.says(r"not connected: .*(ECONNREFUSED|the certificate is for).*")


def http_client(bench):
    port = bench.port()
    pages(bench, one_txt="1" * 10000, parts_txt='<!--# set var="a" value="first" --><!--# echo var="a" -->, second', empty_txt="")
    brief = bench.port()  # there idle connections are closed after a second
    server = nginx(bench, port, more="keepalive_requests 4; location /parts.txt { ssi on; ssi_types *; } } server { listen 127.0.0.1:%d; keepalive_timeout 1s;" % brief)
    paths = ("/one.txt", "/parts.txt", "/empty.txt", "/nothing", "/one.txt")
    program = bench.program("http_client", HOST="localhost", PORT=port, PATHS=paths, PAUSE=0)
    program.says(r"/one\.txt: 200, 10000 bytes, new connection")
    program.says(r"/parts\.txt: 200, 13 bytes, kept connection")
    program.says(r"/empty\.txt: 200, 0 bytes, kept connection")
    program.says(r"/nothing: 404, \d+ bytes, kept connection")
    program.says(r"/one\.txt: 200, 10000 bytes, new connection")  # nginx has closed it after four
    program.ends()
    program = bench.program("http_client", HOST="localhost", PORT=brief, PATHS=("/one.txt", "/one.txt"), PAUSE=2 + patience(1))
    program.says(r"/one\.txt: 200, 10000 bytes, new connection")
    program.says(r"/one\.txt: 200, 10000 bytes, new connection")  # idle for longer than nginx keeps it
    program.ends()
    server.stop()
    program = bench.program("http_client", HOST="localhost", PORT=port, PATHS=("/one.txt",), PAUSE=0)
    program.says(r"/one\.txt: .*ECONNREFUSED.*")
    program.ends()

    def short(conn, file):
        file.readline()
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    for serve, words in ((short, "the server has closed the connection"), (lambda conn, file: None, "list index out of range|.*ECONNRESET.*"),
                         (lambda conn, file: conn.sendall(b"SSH-2.0\r\n"), "list index out of range|.*(ECONNRESET|EPIPE).*")):
        program = bench.program("http_client", HOST="localhost", PORT=peers.Peer(bench, serve).port, PATHS=("/",), PAUSE=0)
        program.says(rf"/: .*({words}).*")
        program.ends()


def download(bench):
    data = random.Random(7).randbytes(300007)
    right = hashlib.sha256(data).hexdigest()
    pages(bench, firmware_bin=data)
    port = bench.port()
    nginx(bench, port, tls=f" ssl; ssl_certificate {bench.folder}/server.pem; ssl_certificate_key {bench.folder}/server.key;")
    limits = [60000, 100, 90000, None]  # bytes of the server, handshake included, after which the connection is cut
    cutting = peers.Peer(bench, peers.forward(port, limit=lambda: limits.pop(0)))
    settings = {"HOST": "localhost", "SHA256": right, "PAUSES": (0, 0, 0, 0)}
    program = bench.program("download", PORT=cutting.port, **settings)
    starts = []
    for _ in range(3):
        starts.append(int(program.says(r"from byte (\d+)")[1]))
        program.says(r"interrupted: .*")
    starts.append(int(program.says(r"from byte (\d+)")[1]))
    program.says("complete")
    program.ends()
    expect(starts[0] == 0 and 40000 < starts[1] == starts[2] and starts[2] + 70000 < starts[3] < 160000, "other positions", starts)
    expect(bench.read("firmware.bin") == data, "another file arrives")

    # Complete already, as after a reset before the check; longer; of another version; another CA; not there.
    for before, now, lines in ((data, settings, ["from byte 300007", "complete"]),
                               (data + b"x", settings, ["from byte 300008", "not the right file", "from byte 0", "complete"]),
                               (b"old" * 1000, settings, ["from byte 3000", "not the right file", "from byte 0", "complete"]),
                               (None, {**settings, "CA_FILE": "other/ca.pem", "PAUSES": (0,)}, ["from byte 0", "interrupted: .*(unknown authority|signature does not fit).*"]),
                               (None, {**settings, "PATH": "/missing", "PAUSES": (0,)}, ["from byte 0", "interrupted: .*status 404"])):
        if before is not None:
            bench.write("firmware.part", before)
        program = bench.program("download", PORT=port, **now)
        for line in lines:
            program.says(line)
        program.ends()
        expect(bench.read("firmware.bin") == data and not os.path.exists(bench.path("firmware.part")), "another file arrives", lines)


def websocket_client(bench):
    seen = []

    def serve(conn, file):
        conn.sendall(peers.ws_accept(conn, file))
        kind, data, mask = peers.ws_receive(file, masked=True)
        seen.append((kind, data, mask))
        for answer in (b"short", b"m" * 126, b"l" * 70000):
            conn.sendall(peers.ws_frame(1, answer))
        conn.sendall(peers.ws_frame(9, b"are you there"))
        kind, data, _ = peers.ws_receive(file, masked=True)
        assert (kind, data) == (10, b"are you there"), f"the answer to the ping is {kind}, {data}"
        conn.sendall(peers.ws_frame(8, b"\x03\xe8"))
        kind, data, _ = peers.ws_receive(file, masked=True)
        assert (kind, data) == (8, b"\x03\xe8"), f"the answer to the close is {kind}, {data}"

    for server, settings in ((peers.Peer(bench, serve), {"SSL": None}),
                             (peers.Peer(bench, serve, peers.tls(bench)), {"SSL": Text('{socket.TLS_CA_CERT: open("ca.pem").read()}')})):
        program = bench.program("websocket_client", HOST="localhost", PORT=server.port, **settings)
        for size in (r"short", r"m{126}", r"l{70000}"):
            program.says(rf"received b'{size}'")
        program.says("closed")
        program.ends()
        expect(not server.wrong, "the client breaks RFC 6455", server.wrong)
    expect([(kind, data) for kind, data, _ in seen] == [(1, b"hello")] * 2 and seen[0][2] != seen[1][2], "other frames", seen)

    def liar(conn, file):
        conn.sendall(peers.ws_accept(conn, file).replace(b"Accept: ", b"Accept: x"))

    def short(conn, file):
        conn.sendall(peers.ws_accept(conn, file) + b"\x81\x05hel")
        peers.half_close(conn)
        file.read()
    for serve, words in ((liar, "does not speak websocket"), (short, "a frame cut short")):
        program = bench.program("websocket_client", HOST="localhost", PORT=peers.Peer(bench, serve).port, SSL=None)
        program.says(rf"failed: .*{words}")
        program.ends()
    program = bench.program("websocket_client", HOST="localhost", PORT=peers.Peer(bench, serve, peers.tls(bench)).port)  # not a CA of the system
    program.says(r"failed: .*((signed by an unknown authority|the signature does not fit the key)|TLS_CA_CERT|no trusted CA).*")
    program.ends()


def modbus(bench):
    registers = dict(enumerate((220, 221, 222, 223))) | {10: 0}
    server = peers.Peer(bench, peers.modbus(registers))
    program = bench.program("modbus", HOST="127.0.0.1", PORT=server.port, PERIOD=0, ROUNDS=2, TIMEOUT=patience(5))
    for _ in range(2):
        program.says(r"registers \(220, 221, 222, 223\)")
    program.ends()
    expect(registers[10] == 220 and not server.wrong, "the register was not written", (registers, server.wrong))

    server = peers.Peer(bench, peers.modbus({i: i for i in range(4)}))  # no register 10
    program = bench.program("modbus", HOST="127.0.0.1", PORT=server.port, PERIOD=0, ROUNDS=2, TIMEOUT=patience(5))
    for _ in range(2):
        program.says(r"registers \(0, 1, 2, 3\)")
        program.says(r"the device refuses: code 2")
    program.ends()

    server = peers.Peer(bench, peers.modbus(registers, late=(1,)))  # the first answer arrives with the second
    program = bench.program("modbus", HOST="127.0.0.1", PORT=server.port, PERIOD=0, ROUNDS=1, TIMEOUT=0.3)
    program.says(r"failed: .*timed out")
    program.ends()

    def gone(conn, file):
        file.read(12)
    port = peers.Peer(bench, gone).port
    program = bench.program("modbus", HOST="127.0.0.1", PORT=port, PERIOD=0, ROUNDS=2)
    for _ in range(2):
        program.says(r"failed: .*(the device has closed the connection|ECONNRESET).*")
    program.ends()
    program = bench.program("modbus", HOST="192.0.2.1", PERIOD=0, ROUNDS=1, TIMEOUT=0.3)  # nobody there
    program.says(r"failed: .*(timed out).*")
    program.ends()


def starttls(bench):
    mails, trusted = [], {"HOST": "localhost", "CA_FILE": "ca.pem"}
    server = peers.Peer(bench, peers.smtp(peers.tls(bench), mails))
    program = bench.program("starttls", PORT=server.port, **trusted)
    program.says("sent")
    program.ends()
    expect(not server.wrong, "the client breaks RFC 3207", server.wrong)
    expect(len(mails) == 1 and mails[0]["text"].endswith(b"\r\n\r\nThe freezer is warm.\r\n") and mails[0]["RCPT"] == "<you@example.org>", "another mail", mails)
    program = bench.program("starttls", PORT=server.port, PASSWORD="wrong", **trusted)
    program.says(r"not sent: .*AUTH.*535.*")
    program.ends()
    program = bench.program("starttls", PORT=server.port, HOST="localhost", CA_FILE="other/ca.pem")
    program.says(r"not sent: .*(signed by an unknown authority|the signature does not fit the key).*")
    program.ends()
    program = bench.program("starttls", PORT=server.port, HOST="127.0.0.1", CA_FILE="ca.pem")  # an address, which the certificate has
    program.says("sent")
    program.ends()
    program = bench.program("starttls", PORT=server.port, HOST="both", CA_FILE="ca.pem")  # a name of 127.0.0.1 that the certificate lacks
    program.says(r"not sent: .*the certificate is for localhost, 127\.0\.0\.1, not both.*")
    program.ends()
    # Somebody on the path removes the offer, or adds plain text behind the answer: no password, no mail.
    for peer in (peers.smtp(peers.tls(bench), mails, offers=False), peers.smtp(peers.tls(bench), mails, injected=b"250 AUTH PLAIN\r\n")):
        server = peers.Peer(bench, peer)
        program = bench.program("starttls", PORT=server.port, **trusted)
        program.says(r"not sent: .*")
        program.ends()
        expect(not server.wrong, "the client gives away its password", server.wrong)
    expect(len(mails) == 2, "a mail was sent in clear", mails)


def webrepl_put(bench):
    files, data = {}, random.Random(3).randbytes(1234)
    bench.write("main.py", data)
    bench.write("empty.py", b"")
    server = peers.Peer(bench, peers.webrepl(b"secret", files, refuses=("full.py",)))
    for settings, words in (({}, "copied 1234 bytes"), ({"SOURCE": "empty.py", "TARGET": "lib/empty.py"}, "copied 0 bytes"),
                            ({"PASSWORD": "other"}, ".*the password is wrong"), ({"TARGET": "full.py"}, ".*the board cannot write the file"),
                            ({"SOURCE": "missing.py"}, "failed: .*ENOENT.*")):
        program = bench.program("webrepl_put", HOST="127.0.0.1", PORT=server.port, **settings)
        program.says(words)
        program.ends()
    expect(not server.wrong, "the client breaks the protocol", server.wrong)
    expect(files == {"main.py": data, "lib/empty.py": b""}, "other files arrive", files.keys())


def port_scan(bench):
    first = 20000
    for port in (first + 3, first + 17):
        peers.Peer(bench, lambda conn, file: None, port=port)
    program = bench.program("port_scan", HOST="localhost", PORTS=Text(f"range({first}, {first + 30})"))
    program.says(rf"open: {first + 3}")
    program.says(rf"open: {first + 17}")
    counts = program.says(r"\{.*\}")[0]
    expect("'open': 2" in counts and "'closed': 28" in counts and counts.count(":") == 2, "other counts", counts)
    program.ends()
    start = time.monotonic()
    program = bench.program("port_scan", HOST="192.0.2.1", PORTS=Text("range(1, 9)"), TIMEOUT=0.3)  # drops every packet
    program.says(r"\{'silent': 8\}")
    program.ends()
    expect(time.monotonic() - start > 0.6, "two rounds of 0.3 s took less")
    program = bench.program("port_scan", HOST="198.51.100.1", PORTS=Text("range(1, 9)"))
    program.says(r"\{'unreachable': 8\}")
    program.ends()
    program = bench.program("port_scan", HOST="nosuch.invalid")
    program.says(r"failed: .*nosuch\.invalid.*")
    program.ends()


RECIPES = {
    "MQTT with reconnect and a private CA": (mqtt, ["mqtt"], ["mosquitto", "TLS"]),
    "HTTP client with keep-alive": (http_client, ["http_client"], ["nginx"]),
    "download with resume": (download, ["download"], ["nginx", "TLS"]),
    "websocket client": (websocket_client, ["websocket_client"], ["TLS"]),
    "Modbus TCP": (modbus, ["modbus"], []),
    "mail with STARTTLS": (starttls, ["starttls"], ["TLS"]),
    "a file through WebREPL": (webrepl_put, ["webrepl_put"], []),
    "port scan": (port_scan, ["port_scan"], []),
}
