# Makes one TLS measurement with one Python: CPython's ssl, MicroPython's tls on its built-in socket, or usocket's own TLS.
#
#   client_tls.py CONTENDER OPERATION PORT COUNT TIMEOUT     prints nanoseconds for COUNT operations
#
# The loops equal those of raw_tls.c. BENCH_TLS in the environment is the directory with ca.der. The name of an operation contains
# the TLS version: tls12-... or tls13-...; MicroPython's tls always offers both, and the peer chooses one. The operation
# "heap" takes the size of a record in place of COUNT and prints the figures that heap.py describes.

import os
import sys

from common import method, since, start

contender, operation, port, count = sys.argv[1:5]
port = int(port)
count = int(count)

if contender == "usocket":
    import usocket as socket
else:
    import socket
if contender == "cpython":
    import ssl
elif contender == "builtin":
    import tls

if contender != "cpython" and hasattr(socket, "timeout") != (contender == "usocket"):
    raise ImportError("this interpreter has not the %s module" % contender)
if contender == "usocket":
    socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC).close()
if operation == "none":
    sys.exit(0)

SMALL = 64
LARGE = 65536
WARM_UP = {"full": 3, "resumed": 3, "ping-pong": 200}
version, operation = operation.split("-", 1)

with open(os.getenv("BENCH_TLS") + "/ca.der", "rb") as f:
    CA = f.read()
resume = operation == "resumed"
session = None

if contender == "cpython":
    ctx = ssl.create_default_context(cadata=CA)
    ctx.minimum_version = ctx.maximum_version = ssl.TLSVersion.TLSv1_2 if version == "tls12" else ssl.TLSVersion.TLSv1_3

    def begin():
        s = socket.create_connection(("127.0.0.1", port))
        s.setsockopt(6, 1, 1)
        return ctx.wrap_socket(s, server_hostname="localhost", session=session)

    def finish(s):
        global session
        if resume:
            session = s.session
        s.close()

elif contender == "builtin":
    ctx = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    ctx.verify_mode = tls.CERT_REQUIRED
    ctx.load_verify_locations(CA)
    where = socket.getaddrinfo("127.0.0.1", port)[0][-1]

    def begin():
        s = socket.socket()
        s.connect(where)
        s.setsockopt(6, 1, 1)
        return ctx.wrap_socket(s, server_hostname="localhost")

    def finish(s):
        s.close()

else:
    only = socket.TLS_1_2 if version == "tls12" else socket.TLS_1_3

    def begin():
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC)
        s.setsockopt(socket.SOL_TLS, socket.TLS_CA_CERT, CA)
        s.setsockopt(socket.SOL_TLS, socket.TLS_HOSTNAME, "localhost")
        s.setsockopt(socket.SOL_TLS, socket.TLS_MIN_VERSION, only)
        s.setsockopt(socket.SOL_TLS, socket.TLS_MAX_VERSION, only)
        if resume:
            s.setsockopt(socket.SOL_TLS, socket.TLS_SESSION_CACHE, 1)
        if operation == "heap" and count:
            s.setsockopt(socket.SOL_TLS, socket.TLS_MAX_FRAGMENT, count)
        s.connect(("127.0.0.1", port))
        s.setsockopt(6, 1, 1)
        return s

    def finish(s):
        s.close()


def handshakes(_s, n):
    for _ in range(n):
        s = begin()
        method(s, "recv", "read")(1)
        finish(s)


def ping_pong(s, n):
    send, recv, data = method(s, "send", "write"), method(s, "recv", "read"), b"x" * SMALL
    for _ in range(n):
        send(data)
        recv(SMALL)


def send_large(s, n):
    sendall, data = method(s, "sendall", "write"), b"x" * LARGE
    for _ in range(n):
        sendall(data)


def recv_large(s, n):
    recv_into, buffer = method(s, "recv_into", "readinto"), bytearray(LARGE)
    left = n * LARGE
    while left > 0:
        left -= recv_into(buffer)


def heap():
    if contender == "cpython":
        import ctypes
        lib = ctypes.CDLL(os.getenv("BENCH_HEAP"))
        lib.heap_now.restype = lib.heap_peak.restype = ctypes.c_ulong
        now, peak, objects = lib.heap_now, lib.heap_peak, lambda: 0
    else:
        import ffi
        import gc
        lib = ffi.open(os.getenv("BENCH_HEAP"))
        now, peak, objects = lib.func("L", "heap_now", ""), lib.func("L", "heap_peak", ""), gc.mem_alloc
        gc.disable()
    data, back, s = b"x" * LARGE, bytearray(LARGE), None
    for i in range(2):  # the first connection allocates what all connections share
        ours = objects()
        before = now()
        peak()
        s = begin()
        ours = objects() - ours
        ping_pong(s, 1)
        handshake, idle = peak() - before + ours, now() - before + ours
        method(s, "sendall", "write")(data)
        left = LARGE
        while left:
            left -= method(s, "recv_into", "readinto")(back)
        transfer = peak() - before + ours
        if i == 0:
            s.close()
    print(handshake, idle, transfer)


if operation == "heap":
    heap()
    sys.exit(0)

OPERATIONS = {"full": handshakes, "resumed": handshakes, "ping-pong": ping_pong, "send": send_large, "recv": recv_large}

run = OPERATIONS[operation]
s = None if run is handshakes else begin()
run(s, WARM_UP.get(operation, 50))
t = start()
run(s, count)
print(since(t))
