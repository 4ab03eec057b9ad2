#!/usr/bin/env python3
"""The peer of the TLS measurements: CPython's ssl (OpenSSL), which needs less CPU time than any client.

    peer_tls.py ROLE [DELAY]     prints the port it listens on and serves until it is killed

The name of ROLE contains the TLS version: tls12-echo, tls13-sink, tls13-source, tls12-accept. BENCH_TLS in the environment is the
directory with the certificate. "accept" sends one byte after the handshake, so that a client also reads the session tickets before
it. DELAY is the time before an echo in microseconds, as in peer.c.
"""
import ctypes
import os
import signal
import socket
import ssl
import struct
import sys
import time

BLOCK = b"x" * 65536


def echo(tls, delay):
    while data := tls.recv(65536):
        if delay:
            time.sleep(delay)
        tls.sendall(data)


def sink(tls, _):
    buffer = bytearray(1 << 18)
    while tls.recv_into(buffer):
        pass


def source(tls, _):
    while True:
        tls.sendall(BLOCK)


def accept(tls, _):
    tls.sendall(b"x")
    tls.recv(1)


def main():
    version, role = sys.argv[1].split("-")
    delay = int(sys.argv[2]) / 1e6 if len(sys.argv) > 2 else 0
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.load_cert_chain(*(os.path.join(os.environ["BENCH_TLS"], name) for name in ("server.pem", "server.key")))
    ctx.minimum_version = ctx.maximum_version = ssl.TLSVersion.TLSv1_2 if version == "tls12" else ssl.TLSVersion.TLSv1_3
    ctx.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")  # TLS 1.3 then prefers TLS_AES_256_GCM_SHA384
    ctx.num_tickets = 1
    run = {"echo": echo, "sink": sink, "source": source, "accept": accept}[role]
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # leaves no port in TIME_WAIT
    print(listener.getsockname()[1], flush=True)
    while True:
        conn, _ = listener.accept()
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with ctx.wrap_socket(conn, server_side=True) as tls:
                run(tls, delay)
        except OSError:
            conn.close()


if __name__ == "__main__":
    main()
