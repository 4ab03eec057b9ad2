"""The TCP servers of the cookbook.

SPDX-License-Identifier: MIT
"""

import hashlib
import json
import os
import random
import socket
import subprocess

import peers
import slow
from recipe import expect, patience


def connect(port):
    return socket.create_connection(("127.0.0.1", port), 60 * slow.factor())


def curl(*arguments):
    """Run curl. @return its output"""
    return subprocess.run(["curl", "-sS", "--noproxy", "*", "--max-time", str(60 * slow.factor()), *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          check=False)


def answer_to(port, request):
    """Send a request and nothing more. @return the first bytes of the answer; none if the server closes, with or without a reset"""
    with connect(port) as s:
        s.sendall(request)
        peers.half_close(s)
        try:
            return s.recv(100)
        except ConnectionResetError:  # it has not read all of the request
            return b""


def json_api(bench):
    port = bench.port()
    program = bench.program("json_api", HOST="127.0.0.1", PORT=port)
    program.says(rf"serving at port {port}")
    url = f"http://127.0.0.1:{port}"

    def ask(path, *more):
        out = curl("-w", "\n%{http_code}", url + path, *more).stdout.decode().split("\n")
        return int(out[1]), json.loads(out[0])

    expect(ask("/state") == (200, {"led": False, "target": 21.5}), "another state")
    program.says(r"GET /state 200 OK")
    expect(ask("/state", "-d", '{"led": true}') == (200, {"led": True, "target": 21.5}), "the state is not changed")
    program.says(r"POST /state 200 OK")
    for path, more, status in (("/state", ["-d", "{led}"], 400), ("/state", ["-d", '{"fan": 1}'], 400), ("/state", ["-d", "[1]"], 400),
                               ("/state", ["-d", "\xff"], 400), ("/state", ["-X", "DELETE"], 405), ("/other", [], 404)):
        got = ask(path, *more)
        expect(got[0] == status and "error" in got[1], f"another status for {path} {more}", got)
        program.says(rf"\S+ {path} {status} .*")
    # Both requests of one curl go through one connection.
    done = curl("-v", url + "/state", url + "/state")
    expect(done.stdout == b'{"led": true, "target": 21.5}' * 2 and b"Re-using existing connection" in done.stderr, "no keep-alive", done.stderr)
    for broken in (b"GET /state HTTP/1.1\r\nContent-Length: 3000\r\n\r\n", b"GET /state HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"GET\r\n\r\n",
                   b"\xff\xff /state HTTP/1.1\r\n\r\n", b"POST /state HTTP/1.1\r\nContent-Length: 5\r\n\r\n{}"):
        expect(answer_to(port, broken) == b"", "an answer to a broken request", broken)
    with connect(port) as silent:  # a silent client disturbs no other
        expect(ask("/state")[0] == 200, "no answer beside a silent client")
        silent.sendall(b"G")
        expect(ask("/state", "-d", "{}")[0] == 200, "no answer beside a slow client")
    program.runs_on()


def websocket_server(bench):
    port = bench.port()
    program = bench.program("websocket_server", HOST="127.0.0.1", PORT=port)
    program.says(rf"serving at port {port}")
    first, second = peers.WebSocket(port), peers.WebSocket(port)
    for size in (0, 5, 125, 126, 3000):
        first.send(1, b"a" * size)
        program.says(rf"message b'a{{{size}}}'")
        expect(first.receive() == (1, b"A" * size), f"another echo of {size} bytes")
    second.send(9, b"ping")
    expect(second.receive() == (10, b"ping"), "no pong")
    second.send(1, "Grüße".encode())
    program.says(r"message .*")
    expect(second.receive()[0] == 1, "no echo to the second")
    second.send(8, b"\x03\xe8")
    expect(second.receive() == (8, b"\x03\xe8") and second.ended(), "the close is not answered")
    for kind, data, last, words in ((1, b"part", 0, "a fragment, or not masked"), (1, b"x" * 4001, 0x80, "too long"), (1, b"\xff\xfe", 0x80, ".*")):
        client = peers.WebSocket(port)
        client.send(kind, data, last)
        peers.half_close(client.socket)
        program.until(rf"ended: {words}")
        client.close()
    bare = peers.WebSocket(port)
    bare.socket.sendall(peers.ws_frame(1, b"not masked"))
    program.says(r"ended: a fragment, or not masked")
    for peer in (first, second, bare):
        peer.close()
    program.runs_on()


def file_server(bench):
    os.makedirs(bench.path("www"), exist_ok=True)
    data, port = random.Random(5).randbytes(1000003), bench.port()
    bench.write("www/large.bin", data)
    bench.write("www/empty.txt", b"")
    program = bench.program("file_server", HOST="127.0.0.1", PORT=port, STEP=400000, TIMEOUT=patience(3))
    program.says(rf"serving at port {port}")
    url = f"http://127.0.0.1:{port}/"
    got = curl(url + "large.bin").stdout
    expect(hashlib.sha256(got).digest() == hashlib.sha256(data).digest(), "another file arrives", len(got))
    for percent in (39, 79, 100):
        program.says(rf"large\.bin: {percent} %")
    expect(curl(url + "empty.txt", "-w", "%{http_code}").stdout == b"200", "an empty file")
    for path in ("nothing", "../ca.key", "%2e%2e/ca.key", "", ".."):
        got = curl("--path-as-is", "-w", "%{http_code}", url + path).stdout
        expect(got == b"404", f"another answer for {path}", got)
    for broken in (b"GET\r\n\r\n", b"\r\n", b"GET /\xff HTTP/1.0\r\n\r\n", b"POST /empty.txt HTTP/1.0\r\n\r\n", b""):
        expect(answer_to(port, broken)[:12] in (b"HTTP/1.0 404", b""), "another answer to a broken request", broken)
    # A client that reads nothing is given up; the next one gets its file.
    with connect(port) as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        os.truncate(bench.path("www/empty.txt"), 30_000_000)
        stuck.sendall(b"GET /empty.txt HTTP/1.0\r\n\r\n")
        program.until(r"127\.0\.0\.1: .*timed out.*")
        expect(curl(url + "large.bin").stdout == data, "no file after a client that does not read")
    program.runs_on()


def thread_server(bench):
    port = bench.port()
    program = bench.program("thread_server", HOST="127.0.0.1", PORT=port, MOST=2, TIMEOUT=patience(60))
    program.says(rf"serving at port {port}")
    files = []
    for number in range(2):
        with connect(port) as s:
            files.append(s.makefile("rwb", buffering=0))
        expect(files[number].readline() == b"hello\n", "no greeting")
    for number, file in enumerate(files):
        file.write(b"line %d\n" % number)
        expect(file.readline() == b"LINE %d\n" % number, "another echo")
    with connect(port) as s:
        expect(s.recv(100) == b"busy\n" and s.recv(100) == b"", "a third client is served")
    files[0].write(b"quit\n")
    expect(files[0].read() == b"", "quit does not end it")

    def place():
        with connect(port) as s:
            return s.recv(100) == b"hello\n"
    peers.within(place, "a free place after quit")
    for file in files:
        file.close()
    program.runs_on()
    port = bench.port()
    program = bench.program("thread_server", HOST="127.0.0.1", PORT=port, MOST=1, TIMEOUT=patience(1))
    program.says(rf"serving at port {port}")
    with connect(port) as s:
        program.says(r"127\.0\.0\.1: .*timed out")  # a silent client
        peers.within(place, "a free place after a timeout")
    program.runs_on()


def waiting_bytes(port):
    """The bytes in the receive queue of the UDP socket at a port of 127.0.0.1."""
    with open("/proc/net/udp") as file:
        for fields in map(str.split, file):
            if fields[1] == f"0100007F:{port:04X}":
                return int(fields[4].split(":")[1], 16)
    return None


def gateway(bench):
    local, port, lines = bench.port(), bench.port(), []
    program = bench.program("gateway", LOCAL=("127.0.0.1", local), SERVER=("localhost", port), LONGEST=1, MOST=5)
    sensor = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sensor:
        for _ in range(2):
            program.says(rf"waiting at port {local}|not connected: .*ECONNREFUSED.*")
        for number in range(8):  # the server is not there: the newest five wait
            sensor.sendto(b"temperature %d\n" % number, ("127.0.0.1", local))
        peers.within(lambda: waiting_bytes(local) == 0, "the gateway takes the readings")

        def serve(conn, file):
            for line in file:
                lines.append(line)
                if line.endswith(b"close\n"):
                    return
        server = peers.Peer(bench, serve, port=port)
        program.until("connected")
        peers.within(lambda: len(lines) == 5, "the readings that waited")
        expect(lines == [b"127.0.0.1 temperature %d\n" % number for number in range(3, 8)], "other readings", lines)
        sensor.sendto(b"close", ("127.0.0.1", local))
        program.until("the server has closed the connection")
        sensor.sendto(b"after", ("127.0.0.1", local))
        program.until("connected")
        peers.within(lambda: lines[-1] == b"127.0.0.1 after\n", "the reading that came between two connections")
        server.stop()
    program.runs_on()


RECIPES = {
    "JSON interface": (json_api, ["json_api"], ["curl"]),
    "websocket server": (websocket_server, ["websocket_server"], []),
    "file server": (file_server, ["file_server"], ["curl"]),
    "a thread for each client": (thread_server, ["thread_server"], []),
    "asyncio gateway": (gateway, ["gateway"], []),
}
