# run: limit=90 long=tiny
# Edge cases of TCP: refused, reset, silent and full connections, a full accept queue, reused addresses, keepalive, linger.
import struct
import time

import link
from kept import *  # noqa: what the script calls


def later(seconds, name, *arguments):
    time.sleep(seconds)
    return globals()[name](*arguments)


def free_port(kind):
    s, port = link.any_port(kind)
    s.close()
    return port


def silence(on):
    """Make the kernel drop all packets to the stack under test."""
    link.ip("route", "add" if on else "del", "blackhole", link.STACK4 + "/32")


def probes(n, seconds):
    """Count the keepalive probes of this connection: empty or one byte long, without a new acknowledgement."""
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
