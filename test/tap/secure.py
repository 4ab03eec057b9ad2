# TLS and DTLS at the kernel's end: openssl, and the module itself on the kernel's sockets.
import os
import subprocess
import sys
import tempfile
import threading

import link

TEST = os.path.dirname(link.HERE)
sys.path[:0] = [os.path.join(TEST, "tls"), os.path.join(os.path.dirname(TEST), "tools")]
import certs  # noqa: found there
import openssl  # noqa: found there

DIRECTORY = tempfile.mkdtemp()
MAKER = certs.make(DIRECTORY)
HOST = certs.HOST
OURS = os.path.join(os.path.dirname(TEST), "build", "unix", "micropython")
servers = {}


def openssl_server(dtls):
    """Start openssl s_server, which answers with a line; returns its port."""
    with tempfile.TemporaryFile() as output:
        child, port = openssl.start_server(link.KERNEL4, "-cert", MAKER.path("ec.pem"), "-key", MAKER.path("ec.key"), "-cert_chain",
                                           MAKER.path("middle.pem"), *(["-dtls1_2"] if dtls else []), output=output)
    child.stdin.write(b"answer\n")
    child.stdin.flush()
    servers[port] = child
    return port


def openssl_end(port):
    child = servers.pop(port)
    child.kill()
    child.communicate()


def openssl_client(port, dtls):
    """Everything that openssl s_client prints until its text is echoed. Over DTLS it must not block: poll reports a late record of the
    handshake, s_client drops it and would wait for the next record before it sends its text."""
    child = subprocess.Popen(["openssl", "s_client", "-connect", f"{link.STACK4}:{port}", "-CAfile", MAKER.path("root.pem"), "-verify_return_error",
                              "-verify_hostname", HOST, *(["-dtls1_2", "-nbio"] if dtls else [])],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    child.stdin.write(b"hello there\n")
    child.stdin.flush()
    threading.Timer(45, child.kill).start()
    out = b""
    while b"\nhello there\n" not in out and (more := os.read(child.stdout.fileno(), 4096)):
        out += more
    child.kill()
    child.wait()
    return [b"\nhello there\n" in out, b"Verify return code: 0 (ok)" in out]


def dtls_echo():
    """Start the module's echo server, for one connection after another; returns its port."""
    child = subprocess.Popen([OURS, os.path.join(link.HERE, "dtls_echo.py"), DIRECTORY], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    port = int(child.stdout.readline())
    servers[port] = child
    return port


functions = {f.__name__: f for f in (openssl_server, openssl_end, openssl_client, dtls_echo)}
