# The target is a board with RT-Thread and MicroPython 1.13. It has no loopback interface, and therefore no 127.0.0.1: the scripts connect
# to the board's own address. test/rtthread/test.py appends HOST, HOST6, NAME, BOTH and ENV; set them here to run a script by hand.
FITS = 8000
PROBE = 2000
LINGER_RESETS = False
NODELAY = True
MUCH = 200000
DATAGRAM = 7000
MANY = 5
LIMIT = 20
STALE = 2
STACK = 16384
SIN_LEN = True
SELF_CHECKED = False
FAIR = False
INTERFACE = "e0"
OUTWARD = "e0"
