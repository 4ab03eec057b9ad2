# Random numbers and the calls to choose from, for program.py. A call is a name and one letter per argument for its kind (KINDS in
# program.py). Calls that a build lacks are left out.
from check import env
from where import HOST

SOCKET = (
    "bind a", "listen", "listen n", "accept", "accept", "accept", "connect a", "connect a", "connect_ex a", "close", "shutdown n", "shutdown m",
    "send d", "send df", "sendall d", "sendall df", "sendto da", "sendto dfa", "recv n", "recv n", "recv nf", "recvfrom n", "recvfrom nf", "recv_into w",
    "recv_into wn", "recv_into wnf", "recvfrom_into wnf", "read", "read n", "readinto w", "readinto wn", "readline", "readline n", "write d",
    "write dn", "write dnn", "settimeout t", "settimeout t", "gettimeout", "setblocking 0", "getblocking", "getsockname", "getpeername",
    "getsockopt lo", "getsockopt lo", "getsockopt lon", "setsockopt lox", "setsockopt lox", "setsockopt lox", "setsockopt lovv", "fileno", "makefile",
    "makefile M", "makefile Mb", "do_handshake", "detach", "__enter__", "__exit__ vvv", "__del__", "sendfile q", "version", "cipher", "getpeercert v",
    "selected_alpn_protocol", "pending", "unwrap", "dup", "set_inheritable v", "get_inheritable",
)  # fmt: skip
FILE = ("read", "read n", "readline", "readline n", "readinto w", "readinto wn", "readlines", "write d", "write dn", "write dnn", "flush", "fileno", "close",
        "setblocking 0", "__next__", "__enter__", "__exit__ vvv")  # fmt: skip
POLLER = ("register q", "register q", "register qe", "register ve", "modify qe", "modify vv", "unregister q", "unregister v", "poll m", "poll m", "ipoll m",
          "ipoll mf", "close", "__enter__")  # fmt: skip
WAITER = ("result", "result", "result", "close", "__enter__", "__exit__ vvv")
MODULE = (
    "socket FTP", "socket FTP", "socket FT", "socket", "socket vvv", "getaddrinfo hp", "getaddrinfo hpFTPf", "getaddrinfo hpvvvv", "create_connection at",
    "create_connection at", "create_connection ata", "create_server a", "resolver hp", "resolver hpFTPf", "dialer hpt", "dialer hpta", "poller",
    "socketpair", "socketpair F", "socketpair FTP", "fromfd vvvv", "getnameinfo af", "gethostbyname h", "gethostname", "if_nametoindex h", "if_indextoname n",
    "if_nameindex", "inet_pton Fh", "inet_ntop Fd", "inet_aton h", "inet_ntoa d", "htons n", "htonl n", "ntohs v", "ntohl v", "getdefaulttimeout",
    "setdefaulttimeout t", "getfqdn h", "getservbyname h", "getservbyport n", "gethostbyname_ex h"
)  # fmt: skip

INTS = (0, 1, -1, 2, 3, 7, 16, 255, 256, 1000, 32767, 65535, 65536, -65536, 2**30, 2**31 - 1, 2**31, -(2**31), 2**32 - 1, 2**32, 2**63 - 1, 2**63, -(2**63), 2**64, 10**30)
TEXTS = ("", "x", "localhost", HOST, "::1", "0.0.0.0", "255.255.255.255", "1.2.3", "999.1.1.1", "\0", "a\0b", "x y", "a" * 70, "a." * 130,
         "fe80::1%lo", "fe80::1%99", "%", "::ffff:127.0.0.1", "\u00e9", "http", "80", "0x50", "-1", "rb", "rw", "wb", "utf-8", "line\n", "r" * 300)
SIZES = (0, 1, 2, 5, 64, 1000, 4096, 20000, 70000)
if (env("TEST_STACK") or "").startswith("lwip"):  # there both ends must not fill a connection at once; see full-loopback in docs/stacks.md
    SIZES = (0, 1, 2, 5, 64)


class Chance:
    # xorshift32: the same numbers on every machine.
    def __init__(self, seed, name):
        self.state = (seed * 2654435761 + 12345) & 0xFFFFFFFF or 1
        self.name, self.depth, self.step = name, 0, 0

    def below(self, n):
        x = self.state
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        self.state = x = (x ^ (x << 5)) & 0xFFFFFFFF
        return x % n

    def one(self, things):
        return things[self.below(len(things))]
