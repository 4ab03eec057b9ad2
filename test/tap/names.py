# A resolver at the kernel's end of the link: dnsmasq, and behind it a server of the tests for answers that dnsmasq would not give.
import os
import shutil
import socket
import struct
import subprocess
import sys

import link
import nameserver

# Answers of the server behind dnsmasq, in this order; other names get SERVFAIL, names that begin with "silent" no answer.
RECORDS = {
    "two.behind.test": ["192.0.2.1", "198.51.100.99"],
    "deadfirst.behind.test": ["198.51.100.99", "2001:db8::1"],
    "slow.behind.test": ["192.0.2.1"],
}


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
    nameserver.start(5300, RECORDS, nameserver.SERVFAIL, slow=0.8, ttl=0)
    return subprocess.Popen(
        [program, "--no-daemon", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--pid-file=",
         "--listen-address=" + link.KERNEL4, "--bind-interfaces", "--server=/behind.test/127.0.0.1#5300", "--local=/test/",
         "--host-record=four.test,192.0.2.1", "--host-record=six.test,2001:db8::1", "--host-record=dual.test,192.0.2.1,2001:db8::1",
         "--host-record=server.test,192.0.2.1", "--cname=alias.test,dual.test", "--cname=second.alias.test,alias.test", "--cache-size=0", "--local-ttl=1",
         *["--host-record=n%d.test,192.0.2.%d" % (n, n) for n in range(30, 62)]],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def start():
    """Start the server and wait until it answers."""
    server = launch()
    if not link.wait_until(there, 10):
        print("FAIL dnsmasq answers: status %s" % server.poll())
        sys.exit(1)
    return server
