"""The UDP programs of the cookbook.

SPDX-License-Identifier: MIT
"""

import os
import re
import select
import socket
import struct
import subprocess
import time

import peers
import slow
from recipe import Program, expect, patience

HERE, THERE = "10.7.0.1", "10.7.0.2"  # this host and the second one
GROUP = "239.255.7.7"


def ip(*arguments, within=()):
    subprocess.run([*within, "ip", *arguments], check=True, capture_output=True)


class Neighbour:
    """A second host: a network namespace at the other end of an interface, without a default route."""

    def __init__(self, bench):
        self.child = subprocess.Popen(["unshare", "-n", "sleep", "1000"], stdin=subprocess.DEVNULL)
        bench.started(self)
        own = os.readlink("/proc/self/ns/net")
        peers.within(lambda: os.readlink(f"/proc/{self.child.pid}/ns/net") != own, "a second namespace")
        self.within = ["nsenter", "-t", str(self.child.pid), "-n"]
        ip("link", "add", "c0", "type", "veth", "peer", "name", "c1", "netns", str(self.child.pid))
        for interface, address, within in (("c0", HERE, ()), ("c1", THERE, self.within)):
            ip("addr", "add", address + "/24", "brd", "+", "dev", interface, within=within)
            ip("link", "set", interface, "up", within=within)

    def stop(self):
        subprocess.run(["ip", "link", "del", "c0"], check=False, capture_output=True)
        self.child.kill()
        self.child.wait()


def discovery(bench):
    neighbour, port = Neighbour(bench), bench.port()
    device = Program(bench, "udp_answer", within=neighbour.within, PORT=port)
    device.says(rf"answering at port {port}")
    settings = {"PORT": port, "SECONDS": patience(1), "TRIES": 1}

    def found(**more):
        search = bench.program("udp_search", **{**settings, "SECONDS": patience(2), **more})
        search.says(rf"found {THERE} b'device-7, firmware 1\.2'")
        search.says(r"1 found")
        search.ends()
        device.says(rf"asked by {HERE}")

    # Without a default route Linux does not know where to broadcast, unless the socket has an address.
    search = bench.program("udp_search", **settings)
    search.says(r"not sent: .*ENETUNREACH.*")
    search.says(r"0 found")
    search.ends()
    found(ADDRESS=HERE)
    ip("route", "add", "default", "via", THERE, "dev", "c0")
    found()
    found(ADDRESS=HERE)
    search = bench.program("udp_search", **settings, QUESTION=b"something else")
    search.says(r"0 found")
    search.ends()
    ip("route", "del", "default")
    # The other way round: the device is this host, which has several interfaces.
    device.stop()
    device = bench.program("udp_answer", PORT=port)
    device.says(rf"answering at port {port}")
    search = Program(bench, "udp_search", within=neighbour.within, ADDRESS=THERE, **{**settings, "TRIES": 2})
    search.says(rf"found {HERE} b'device-7, firmware 1\.2'")
    search.says(r"1 found")
    search.ends()
    device.runs_on()


def multicast(bench):
    neighbour, port = Neighbour(bench), bench.port()
    settings = {"PORT": port, "GROUP": GROUP, "PERIOD": patience(1)}
    far = Program(bench, "multicast", within=neighbour.within, ADDRESS=THERE, NAME=b"far", **settings)
    near = bench.program("multicast", ADDRESS=HERE, NAME=b"near", **settings)  # although the route of the group leads to lo
    near.says(rf"heard b'far' from {THERE}")
    far.says(rf"heard b'near' from {HERE}")
    near.says(rf"heard b'far' from {THERE}")
    far.runs_on()
    near.runs_on()
    # A program of Python joins, hears, and answers; the hop limit is 1.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((GROUP, port))
        s.settimeout(60 * slow.factor())
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + socket.inet_aton(HERE))
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(HERE))
        s.setsockopt(socket.IPPROTO_IP, 12, 1)  # IP_RECVTTL
        far = Program(bench, "multicast", within=neighbour.within, ADDRESS=THERE, NAME=b"far", ROUNDS=2, **settings)
        data, more, _, address = s.recvmsg(200, 100)
        expect(data == b"far" and address[0] == THERE, "another announcement", (data, address))
        expect(struct.unpack("i", more[0][2])[0] == 1, "another hop limit", more)
        s.sendto(b"python", (GROUP, port))
        far.says(rf"heard b'python' from {HERE}")
        far.ends()


def ntp(bench):
    peers.Datagrams(bench, peers.ntp(seconds=1e9), port=123, address="127.0.0.2")
    for number, more in enumerate(({"stratum": 0}, {"leap": 3}, {"echo": False}), 3):
        peers.Datagrams(bench, peers.ntp(seconds=1e9, **more), port=123, address=f"127.0.0.{number}")
    good = peers.Datagrams(bench, peers.ntp(), port=123, address="127.0.0.6")
    peers.Datagrams(bench, peers.ntp(seconds=(1 << 32) - 2208988800 + 5.25), port=123, address="127.0.0.7")
    peers.Datagrams(bench, lambda data, address: [], port=123, address="127.0.0.8")
    program = bench.program("ntp", SERVERS=("127.0.0.2",))
    program.says(r"127\.0\.0\.2: 2001-09-09 01:46:4\d\.\d{3} UTC")
    program.ends()
    # A kiss of death, a server that is not synchronised, an answer to another question, silence, no server: the next one is asked.
    start = time.time()
    program = bench.program("ntp", SERVERS=("127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.8", "127.0.0.9", "nosuch.invalid", "127.0.0.6"), TIMEOUT=patience(2))
    for number, words in ((3, "the server itself does not know the time"), (4, "the server itself does not know the time"), (5, "not an answer.*"),
                          (8, ".*timed out"), (9, ".*ECONNREFUSED.*")):
        program.says(rf"127\.0\.0\.{number}: {words}")
    program.says(r"nosuch\.invalid: .*")
    said = program.says(r"127\.0\.0\.6: (.*)\.\d{3} UTC")[1]
    program.ends()
    dates = [time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(t)) for t in range(int(start), int(time.time()) + 1)]
    expect(said in dates and not good.wrong, "another time", (said, dates, good.wrong))
    program = bench.program("ntp", SERVERS=("127.0.0.7",))
    program.says(r"127\.0\.0\.7: 2036-02-07 06:28:2\d\.\d{3} UTC")  # after the overflow
    program.ends()


def syslog(bench):
    server = peers.Datagrams(bench, lambda data, address: [], port=514)
    bench.program("syslog", HOST="127.0.0.1").ends()
    peers.within(lambda: len(server.seen) == 3, "three lines")
    line = rb"<(\d+)>1 (\S+) (\S+) (\S+) (\S+) (\S+) (\S+) (.*)"  # RFC 5424: PRI VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID SD MSG
    got = [re.fullmatch(line, data).groups() for data in server.seen]
    head = (b"-", b"device-7", b"heating", b"-", b"-", b"-")
    expect(got == [(b"134", *head, b"started"), (b"132", *head, b"the sensor does not answer"), (b"131", *head, "temperature 95 °C".encode())], "other lines", got)
    bench.program("syslog", HOST="198.51.100.1").ends()  # no route
    bench.program("syslog", HOST="127.0.0.1", PORT=9).ends()  # nobody there


class Coap:
    """answer() of a CoAP server with the resource /sensors/temperature; `acts` says for each request what it does instead of the plain answer."""

    def __init__(self, acts=()):
        self.acts, self.tokens, self.numbers, self.acknowledged = list(acts), set(), [], []

    def __call__(self, data, _):
        version, kind, length, code, number = data[0] >> 6, data[0] >> 4 & 3, data[0] & 15, data[1], data[2:4]
        assert version == 1, f"version {version}"
        if code == 0:
            assert kind == 2 and len(data) == 4, f"an empty message: {data.hex()}"
            self.acknowledged.append(number)
            return
        token, path = data[4 : 4 + length], []
        at, option = 4 + length, 0
        while at < len(data):
            option, size = option + (data[at] >> 4), data[at] & 15
            assert option == 11 and size < 13, f"option {option}, {size} bytes"
            path.append(data[at + 1 : at + 1 + size])
            at += 1 + size
        assert (kind, code, length) == (0, 1, 4), f"kind {kind}, code {code}, token of {length} bytes"
        self.tokens.add(token)
        self.numbers.append(number)
        act = self.acts.pop(0) if self.acts else "answer"
        found = path == [b"sensors", b"temperature"]
        # Content-Format 0, Max-Age 60, an option with an extended number and an extended size that contains the payload's mark.
        options = b"\xc0" + b"\x21\x3c" + b"\xdd\x30\x07" + b"\xff" * 20 if found else b""
        message = bytes([0x45 if found else 0x84]) + b"%s" + token + options + (b"\xff21.5" if found else b"\xffno such thing")
        if act == "answer":
            yield bytes([0x64]) + message.replace(b"%s", number)
        elif act == "later":
            yield bytes([0x60, 0]) + number
            yield bytes([0x44]) + message.replace(b"%s", b"\x12\x34")
        elif act == "other":
            yield bytes([0x64, 0x45]) + b"\0\0" + b"else" + b"\xffwrong"
            yield b"\x64"
        elif act == "reset":
            yield bytes([0x70, 0]) + number


def coap(bench):
    def run(acts, words, **settings):
        handler = Coap(acts)
        server = peers.Datagrams(bench, handler)
        program = bench.program("coap", HOST="127.0.0.1", PORT=server.port, **settings)
        program.says(words)
        program.ends()
        expect(not server.wrong and len(handler.tokens) == 1 and len(set(handler.numbers)) == 1, "the client breaks RFC 7252", (server.wrong, handler.numbers))
        return handler
    run([], r"code 2\.05, b'21\.5'")
    run([], r"code 4\.04, b'no such thing'", PATH=("other",))
    handler = run(["later"], r"code 2\.05, b'21\.5'")
    peers.within(lambda: handler.acknowledged == [b"\x12\x34"], "the acknowledgement of a separate answer")
    start = time.monotonic()
    handler = run(["lost", "answer"], r"code 2\.05, b'21\.5'")
    expect(len(handler.numbers) > 1 and time.monotonic() - start > 2, "the request was not repeated after 2 s", handler.numbers)
    run(["other", "answer"], r"code 2\.05, b'21\.5'")
    run(["reset"], r"failed: .*the server refuses the request")
    program = bench.program("coap", HOST="127.0.0.1", PORT=9)
    program.says(r"failed: .*ECONNREFUSED.*")
    program.ends()


def captive_dns(bench):
    # The C library's resolver asks 127.0.0.1 (netns.sh), directly and through dnsmasq.
    program = bench.program("captive_dns", ADDRESS="127.0.0.1")
    program.says(r"answering at 127\.0\.0\.1")

    def resolved(name, family=socket.AF_INET):
        try:
            return sorted({entry[4][0] for entry in socket.getaddrinfo(name, 80, family, socket.SOCK_STREAM)})
        except socket.gaierror as e:
            return e.errno
    for name in ("connectivitycheck.example.com", "a.b", "x" * 60 + "." + "y" * 60 + ".example"):
        expect(resolved(name) == ["127.0.0.1"], f"another address of {name}", resolved(name))
        expect(resolved(name, socket.AF_UNSPEC) == ["127.0.0.1"], f"another address of {name}, with IPv6", resolved(name, socket.AF_UNSPEC))
    got = resolved("captive.example", socket.AF_INET6)
    expect(got == socket.EAI_NODATA, "an IPv6 address", got)
    bench.daemon("dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--pid-file=",
                 "--bind-interfaces", "--listen-address=192.0.2.2", "--server=127.0.0.1", port=53, address="192.0.2.2")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(60 * slow.factor())
        query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05apple\x03com\x00\x00\x01\x00\x01"
        s.sendto(query, ("192.0.2.2", 53))
        reply = s.recv(600)
        expect(reply[:2] == b"\x12\x34" and reply[3] & 15 == 0 and reply.endswith(b"\x00\x04\x7f\x00\x00\x01"), "another answer through dnsmasq", reply)
        for broken in (b"", b"\x12", b"\x12\x34\x80\x00\x00\x01" + query[6:], b"\x12\x34\x01\x00\x00\x02" + query[6:], query[:20], query[:12] + b"\xff" * 30):
            s.sendto(broken, ("127.0.0.1", 53))
        expect(not select.select([s], [], [], 0.2)[0], "an answer to what is no query")
    expect(resolved("after.example") == ["127.0.0.1"], "no answer after broken queries")
    program.runs_on()


RECIPES = {
    "discovery by broadcast": (discovery, ["udp_search", "udp_answer"], ["ip", "nsenter"]),
    "multicast": (multicast, ["multicast"], ["ip", "nsenter"]),
    "NTP": (ntp, ["ntp"], []),
    "syslog": (syslog, ["syslog"], []),
    "CoAP": (coap, ["coap"], []),
    "captive portal's name server": (captive_dns, ["captive_dns"], ["dnsmasq"]),
}
