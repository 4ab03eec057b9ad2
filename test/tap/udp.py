# The kernel's side of datagrams.
import socket
import threading
import time

import link

kept = {}


def open_port(kind):
    s, port = link.any_port(kind, socket.SOCK_DGRAM)
    kept[port] = s
    return port


def echo(kind):
    """Answer each datagram until one contains `stop`."""
    port = open_port(kind)

    def loop():
        s = kept[port]
        while True:
            data, peer = s.recvfrom(70000)
            if data == b"stop":
                return
            s.sendto(data, peer)

    threading.Thread(target=loop, daemon=True).start()
    return port


def send(port, kind, to, *datagrams):
    for data in datagrams:
        kept[port].sendto(data, link.stack_address(kind, to))


def send_sizes(port, kind, to, sizes):
    for size in sizes:
        kept[port].sendto(link.content(size, size), link.stack_address(kind, to))


def receive(port):
    return kept[port].recvfrom(70000)


def flood(port, kind, to, count, size):
    for n in range(count):
        kept[port].sendto(b"%06d" % n + bytes(size - 6), link.stack_address(kind, to))


def refused(kind, to):
    """The error that the kernel's connected socket gets for a port without a listener."""
    with socket.socket(link.family(kind), socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.connect(link.stack_address(kind, to))
        s.send(b"anybody?")
        try:
            return s.recv(10)
        except OSError as e:
            return e.errno


def closed_port(kind):
    s, port = link.any_port(kind, socket.SOCK_DGRAM)
    s.close()
    return port


def later(seconds, name, *arguments):
    time.sleep(seconds)
    return globals()[name](*arguments)

