# What the scripts have to test with. A system with other addresses puts a target.py beside this file, or before it in the
# module path, that sets any of these anew.
HOST = "127.0.0.1"  # reaches this system itself
HOST6 = "::1"
NAME = "localhost"  # a name of both
BOTH = "both"  # a name of both, too, in a hosts file of the tests' own
SILENT = ("192.0.2.1", 80)  # takes every packet and never answers
INTERFACE = "lo"  # has HOST
OUTWARD = "v0"  # has an address of SILENT's network, 192.0.2.2, and a link-local one
MUCH = 20000000  # bytes, far more than a connection holds when nobody reads
DATAGRAM = 60000  # bytes that one datagram may have
MANY = 20  # pairs of sockets that there is room for
STALE = 0  # objects that a conservative collector may keep by mistake
FITS = 100000  # bytes that it does hold
LINGER_RESETS = True  # SO_LINGER of zero makes close() a reset
NODELAY = False  # connections of the tests get TCP_NODELAY: else each small piece waits for the stack's delayed ACK
STACK = 0  # bytes for a thread; 0: what the interpreter gives it
SIN_LEN = False  # struct sockaddr begins with its length

try:
    from _stack import SIN_LEN  # noqa: F401
except ImportError:
    pass

try:
    from target import *  # noqa: F403
except ImportError:
    pass
