# run: limit=90
# TCP's edges: refused, reset, silent, full, more than the accept queue holds, addresses used again, keepalive, linger.
import socket
import struct
import time

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
    """How a connect ends: "connected", or the exception's number."""
    try:
        return "connected", dial(kind, port, timeout)
    except OSError as e:
        return "timeout" if isinstance(e, socket.timeout) else e.errno, -1


def send(n, data):
    kept[n].sendall(data)


def receive(n, size):
    return kept[n].recv(size)


def receive_all(n):
    """How many bytes, whether they are what they should be, and how the stream ended."""
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


def later(seconds, name, *arguments):
    time.sleep(seconds)
    return globals()[name](*arguments)


def free_port(kind):
    s, port = link.any_port(kind)
    s.close()
    return port


def silence(on):
    """Frames to the stack under test go nowhere while the peer's hardware address is a wrong one."""
    for address in (link.STACK4, link.STACK6):
        if on:
            link.ip("neigh", "replace", address, "lladdr", "02:00:00:00:00:99", "dev", link.NEAR, "nud", "permanent")
        else:
            link.ip("neigh", "del", address, "dev", link.NEAR)


def probes(n, seconds):
    """How many keepalive probes come for this connection: empty or one byte long, and acknowledging nothing new."""
    port = kept[n].getsockname()[1]
    end, count = time.monotonic() + seconds, 0
    with link.frames() as f:
        while time.monotonic() < end:
            f.settimeout(max(0.01, end - time.monotonic()))
            try:
                frame, where = f.recvfrom(2000)
            except OSError:
                break
            if where[2] == 4 or frame[12:14] != b"\x08\x00" or frame[23] != 6:
                continue
            segment = frame[14 + (frame[14] & 15) * 4 :]
            size = struct.unpack(">H", frame[16:18])[0] - (frame[14] & 15) * 4 - (segment[12] >> 4) * 4
            count += struct.unpack(">H", segment[2:4])[0] == port and size <= 1
    return count


link.run("on_edges.py", globals(), 85)
