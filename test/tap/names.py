# A resolver at the kernel's end of the link: dnsmasq, and behind it a server of ours for what dnsmasq would not do.
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import link

# Answers in this order, by our own server behind dnsmasq; a name that is missing gets SERVFAIL, silent ones nothing at all.
RECORDS = {
    "two.behind.test": ["192.0.2.1", "198.51.100.99"],
    "deadfirst.behind.test": ["198.51.100.99", "2001:db8::1"],
    "slow.behind.test": ["192.0.2.1"],
}


def question(packet):
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1 : at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    return ".".join(labels).lower(), struct.unpack(">H", packet[at + 1 : at + 3])[0], packet[12 : at + 5]


def answer(packet):
    name, kind, asked = question(packet)
    if name.startswith("silent"):
        return None
    if name.startswith("slow"):
        time.sleep(0.8)
    if name not in RECORDS:
        return packet[:2] + struct.pack(">HHHHH", 0x8182, 1, 0, 0, 0) + asked
    found = [a for a in RECORDS[name] if (":" in a) == (kind == 28)]
    reply = packet[:2] + struct.pack(">HHHHH", 0x8180, 1, len(found), 0, 0) + asked
    for a in found:
        raw = socket.inet_pton(socket.AF_INET6 if ":" in a else socket.AF_INET, a)
        reply += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(raw)) + raw
    return reply


def serve(s):
    def one(packet, peer):
        reply = answer(packet)
        if reply:
            s.sendto(reply, peer)

    while True:
        packet, peer = s.recvfrom(2000)
        threading.Thread(target=one, args=(packet, peer), daemon=True).start()


def there():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.3)
        s.sendto(b"\x12\x34" + struct.pack(">HHHHH", 0x0100, 1, 0, 0, 0) + b"\x04four\x04test\0\0\1\0\1", (link.KERNEL4, 53))
        try:
            return s.recv(500)[:2] == b"\x12\x34"
        except OSError:
            return False


def launch():
    program = shutil.which("dnsmasq", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not program:
        print("FAIL dnsmasq is not installed: apt-get install dnsmasq-base")
        sys.exit(1)
    behind = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    behind.bind(("127.0.0.1", 5300))
    threading.Thread(target=serve, args=(behind,), daemon=True).start()
    return subprocess.Popen(
        [program, "--no-daemon", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--pid-file=",
         "--listen-address=" + link.KERNEL4, "--bind-interfaces", "--server=/behind.test/127.0.0.1#5300", "--local=/test/",
         "--host-record=four.test,192.0.2.1", "--host-record=six.test,2001:db8::1", "--host-record=dual.test,192.0.2.1,2001:db8::1",
         "--host-record=server.test,192.0.2.1", "--cname=alias.test,dual.test", "--cname=second.alias.test,alias.test", "--cache-size=0", "--local-ttl=1",
         *["--host-record=n%d.test,192.0.2.%d" % (n, n) for n in range(30, 62)]],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def start():
    """The server, answering."""
    server = launch()
    if not link.wait_until(there, 10):
        print("FAIL dnsmasq answers: status %s" % server.poll())
        sys.exit(1)
    return server
