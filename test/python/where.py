# The environment of the scripts. A system with other addresses overrides values in a target.py beside this file or earlier in the
# module path.
HOST = "127.0.0.1"  # an address of this system
HOST6 = "::1"
NAME = "localhost"  # a name with an IPv4 and an IPv6 address
BOTH = "both"  # another such name, from the tests' own hosts file
SILENT = ("192.0.2.1", 80)  # drops every packet
INTERFACE = "lo"  # the interface with HOST
OUTWARD = "v0"  # the interface with 192.0.2.2, in SILENT's network, and a link-local address
MUCH = 20000000  # bytes, far more than a connection buffers without a reader
DATAGRAM = 60000  # bytes; the largest datagram
MANY = 20  # pairs of sockets that may be open at once
LIMIT = 24  # descriptors that may be open at once, as files.py has them; another stack has a limit of its own
STALE = 0  # objects that a conservative collector may keep by mistake
FITS = 100000  # bytes that a connection buffers without a reader
PROBE = 400  # milliseconds; longer than a stack waits with its first probe of a zero window
LINGER_RESETS = True  # SO_LINGER of zero makes close() a reset
NODELAY = False  # True: connections of the tests get TCP_NODELAY, because each small segment would wait for the stack's delayed ACK
STACK = 0  # bytes of a thread's stack; 0: the interpreter's default
FAIR = True  # a thread that never waits lets the others run
SELF_CHECKED = True  # the interpreter checks the first argument of a method that is called through its type
SIN_LEN = False  # struct sockaddr begins with its length

try:
    from _stack import SIN_LEN  # noqa: F401
except ImportError:
    pass

try:
    from target import *  # noqa: F403
except ImportError:
    pass
