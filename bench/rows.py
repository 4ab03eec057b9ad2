"""The measured operations and their targets."""

from dataclasses import dataclass

# Contenders, in the order of the table.
RAW, CPYTHON, BUILTIN, USOCKET = "raw", "cpython", "builtin", "usocket"
CONTENDERS = {
    RAW: "raw C",
    CPYTHON: "CPython",
    BUILTIN: "built-in",
    USOCKET: "usocket",
}

# Placement of client and peer. On two CPUs a ping-pong is mostly the time a sleeping CPU takes to wake up;
# on one CPU it is mostly the work itself.
APART, TOGETHER = "apart", "together"


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    operation: str
    role: str
    layouts: tuple = (APART,)
    timeout: float = 0
    # (contender, least speed of usocket as a multiple of that contender's)
    targets: tuple = ()
    absent: tuple = ()
    tls: bool = False
    calls: float = None  # the most system calls of one operation of usocket

    def arguments(self, port, count):
        return [self.operation, str(port), str(count), str(self.timeout)]


BOTH = (APART, TOGETHER)
PING_PONG = ((RAW, 0.95), (CPYTHON, 1.0), (BUILTIN, 1.0))
BULK = ((RAW, 0.97),)

ROWS = (
    Row("tcp", "TCP ping-pong, 64 B", "ping-pong", "echo", BOTH, targets=PING_PONG, calls=2.1),
    Row("tcp-timeout", "TCP ping-pong, 64 B, timeout", "ping-pong", "echo", BOTH, 5, PING_PONG, calls=2.1),
    Row("udp", "UDP ping-pong, 64 B", "udp", "udp", BOTH, targets=PING_PONG, calls=2.1),
    Row("udp-timeout", "UDP ping-pong, 64 B, timeout", "udp", "udp", BOTH, 5, PING_PONG, calls=2.1),
    Row("connect", "connect + close", "connect", "accept", BOTH, targets=((CPYTHON, 1.0), (BUILTIN, 1.0)), calls=4),
    Row("send", "send, 64 KiB", "send", "sink", BOTH, targets=BULK),
    Row("sendall", "sendall, 64 KiB", "sendall", "sink", BOTH, targets=BULK),
    Row("recv_into", "recv_into, 64 KiB", "recv_into", "source", BOTH, targets=BULK),
    Row("readinto", "readinto, 64 KiB", "readinto", "source", BOTH, targets=BULK),
    Row("recv", "recv(65536), 64 KiB", "recv", "source", BOTH,
        targets=((CPYTHON, 1.0),)),
    Row("readline", "readline, 64 B", "readline", "lines", targets=((BUILTIN, 10.0),),
        absent=(CPYTHON,)),
    Row("makefile", "makefile('rb').readline, 64 B", "makefile", "lines",
        targets=((CPYTHON, 1.0),)),
)


def tls_rows(number):
    """The rows of one TLS version."""
    name, version = "tls" + number.replace(".", ""), "TLS " + number

    def row(operation, title, role, target, **more):
        return Row(f"{name}-{operation}", f"{version} {title}", f"{name}-{operation}", f"{name}-{role}", targets=((RAW, target),), tls=True, **more)
    return (row("full", "handshake, full", "accept", 0.90), row("resumed", "handshake, resumed", "accept", 0.90, absent=(BUILTIN,)),
            row("ping-pong", "ping-pong, 64 B", "echo", 0.95, layouts=BOTH), row("send", "send, 64 KiB", "sink", 0.95),
            row("recv", "recv_into, 64 KiB", "source", 0.95))


ROWS += tls_rows("1.2") + tls_rows("1.3")
# The factor by which a resumed handshake must be faster than a full one. Plain C with mbedTLS may gain less, because TLS 1.3 repeats the
# key exchange; then the target is this share of plain C's gain.
RESUMED, RESUMED_OF_RAW = 3.0, 0.90

NOTES = (
    "Microseconds per operation: median of the rounds (least - most). For the 64 KiB rows an operation is "
    "64 KiB of data, for the line rows one line.",
    "Ratios are speeds: 0.90 of raw C means that raw C needs 0.90 of the time. A ratio is the median over "
    "the rounds of the ratio within the round.",
    "apart: client and peer each on a CPU of its own, so that a ping-pong includes waking a sleeping CPU; "
    "together: both on one CPU, so that it does not, and the times are the work of both. The second is by far the "
    "steadier.",
    "CPU time is user + system of the client's process, from the difference of a long and a short run.",
    "System calls come from strace, from the difference of two runs; there the echo peer answers late, so "
    "that every receive has to wait.",
    "Raw C: blocking sockets, the kernel's timeouts; lines with fgets (a 4 KiB buffer).",
    "CPython has no readline on a socket; its readinto row is makefile('rb').readinto.",
    "TLS: raw C is mbedTLS driven from C, the built-in is MicroPython's tls module, CPython is its ssl (OpenSSL). The peer is OpenSSL, "
    "AES-256-GCM, an ECDSA P-256 certificate that all verify; a handshake includes connecting, one byte from the peer, and closing. "
    "usocket reads its options for each socket anew, the others have a context. MicroPython's tls resumes no session.",
    "The built-in module has no sendall and no recv_into: write and readinto stand in. It takes getaddrinfo's "
    "address instead of a tuple. Its makefile does not buffer.",
)
