"""The far end of a simulated Internet: link, web servers, certificates.

Run inside a network namespace of its own.  A tun device here and one in the
tests' namespace (an open descriptor, handed over by cell.py) are joined by two
threads that hold back every packet for DELAY seconds, so that a connection to
a "remote" host takes a while to complete, as on the Internet.

Servers: plain HTTP on 80; TLS on 443 with a chain of two certificates; TLS on
8883 with a certificate of its own making.
"""

import ast
import collections
import fcntl
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

DELAY = 0.02
NEAR = "198.51.100.1"
FAR = "198.51.100.2"
HOSTS = ("micropython.org", "www.github.com", "pypi.org", "api.pushbullet.com",
         "test.mosquitto.org", "github.com")

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000


def sh(command):
    subprocess.run(command, shell=True, check=True)


def open_tun(name, address, peer):
    """Create tun device `name` in this namespace, return its descriptor."""
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    sh(f"ip addr add {address} peer {peer} dev {name} && ip link set {name} up")
    return fd


def carry(source, target):
    """Move packets from one tun descriptor to the other, DELAY later."""
    queue = collections.deque()
    ready = threading.Semaphore(0)

    def deliver():
        while True:
            ready.acquire()
            due, packet = queue.popleft()
            time.sleep(max(0, due - time.monotonic()))
            try:
                os.write(target, packet)
            except OSError as e:  # a packet the device refuses is a lost packet
                print("link:", e, file=sys.stderr)

    threading.Thread(target=deliver, daemon=True).start()
    while True:
        packet = os.read(source, 65536)
        queue.append((time.monotonic() + DELAY, packet))
        ready.release()


def certificates(folder):
    """A root, a leaf signed by it for HOSTS, and a lone self-signed one."""
    names = ",".join(f"DNS:{h}" for h in HOSTS)
    with open(f"{folder}/leaf.ext", "w") as f:
        f.write(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n")
    new = "openssl req -newkey rsa:2048 -nodes -sha256"
    sh(f"""cd {folder} && exec 2>openssl.log
        {new} -x509 -days 30 -subj /CN=peers-root -keyout root.key -out root.pem &&
        {new} -subj /CN=micropython.org -keyout leaf.key -out leaf.csr &&
        openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -CAcreateserial \
            -days 30 -sha256 -extfile leaf.ext -out leaf.pem &&
        {new} -x509 -days 30 -subj /CN=test.mosquitto.org -keyout own.key -out own.pem &&
        cat leaf.pem root.pem > chain.pem""")


def headers(tests):
    """The response that net_inet/asyncio_tcp_read_headers.py looks for."""
    lines = []
    with open(f"{tests}/net_inet/asyncio_tcp_read_headers.py.exp") as f:
        lines = [ast.literal_eval(l) for l in f.read().splitlines() if l.startswith("b'")]
    size = int(next(l.split(b":")[1] for l in lines if l.lower().startswith(b"content-length")))
    return b"\r\n".join(lines) + b"\r\n\r\n", b"x" * size


def answer(conn, context, reply):
    """Serve one connection: a page for a request, 400 for anything else."""
    try:
        conn.settimeout(20)
        if context:
            conn = context.wrap_socket(conn, server_side=True)
        request = b""
        while b"\r\n\r\n" not in request:
            chunk = conn.recv(4096)
            if not chunk:
                return
            request += chunk
            if not request.startswith(b"GET "[: len(request)]):
                conn.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                conn.shutdown(socket.SHUT_WR)
                while conn.recv(4096):
                    pass
                return
        conn.sendall(b"".join(reply))
        if context:
            conn.settimeout(0.2)  # sends close_notify; real servers do not wait for the client's, and MicroPython's may not come
            conn.unwrap()
    except OSError:
        pass  # the tests break connections on purpose
    finally:
        conn.close()


def serve(port, context, reply):
    listener = socket.create_server(("0.0.0.0", port), backlog=64)

    def loop():
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=answer, args=(conn, context, reply), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()


def main(near, tests, certs):
    sh("ip link set lo up")
    far = open_tun("far", FAR, NEAR)
    for source, target in ((near, far), (far, near)):
        threading.Thread(target=carry, args=(source, target), daemon=True).start()
    reply = headers(tests)
    chain = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    chain.load_cert_chain(f"{certs}/chain.pem", f"{certs}/leaf.key")
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(f"{certs}/own.pem", f"{certs}/own.key")
    serve(80, None, reply)
    serve(443, chain, reply)
    serve(8883, own, reply)
    print("ready", flush=True)
    sys.stdin.read()  # until the cell closes the pipe


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
