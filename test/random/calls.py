# The calls of random programs: a name, and a letter for the kind of each argument (KINDS in program.py). What a build lacks is left out.
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
