# The kernel's side of connections that a script controls call by call, by their descriptors.
import socket
import struct

import link

kept = {}
RESET = struct.pack("ii", 1, 0)


def keep(s):
    kept[s.fileno()] = s
    return s.fileno()


def listen(kind, backlog=16):
    s, port = link.any_port(kind, backlog=backlog)
    return keep(s), port


def accept(n):
    s, peer = kept[n].accept()
    s.settimeout(link.LIMIT)
    return keep(s)


def dial(kind, port, timeout=link.LIMIT):
    return keep(link.dialled(kind, port, timeout))


def dial_from(kind, port, timeout):
    """The outcome of a connect: "connected", or the exception's number."""
    try:
        return "connected", dial(kind, port, timeout)
    except OSError as e:
        return "timeout" if isinstance(e, socket.timeout) else e.errno, -1


def send(n, data):
    kept[n].sendall(data)


def receive(n, size):
    return kept[n].recv(size)


def receive_all(n):
    """Receive everything. Returns the number of bytes, True if they are the expected ones, and the kind of end."""
    got = b""
    try:
        while True:
            piece = kept[n].recv(100000)
            if not piece:
                return len(got), got == link.content(0, len(got)), "end"
            got += piece
    except OSError as e:
        return len(got), got == link.content(0, len(got)), e.errno


def reset(n):
    kept[n].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    kept.pop(n).close()


def close(n):
    kept.pop(n).close()


def small_buffer(n):
    kept[n].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)


def shorten(n, seconds):
    kept[n].settimeout(seconds)
