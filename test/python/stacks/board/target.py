# The target is the emulated board of test/board/, over lwIP's loopback interface.
FITS = 12000
INTERFACE = "lo0"
OUTWARD = "e01"
LINGER_RESETS = True
NODELAY = True
MUCH = 200000
DATAGRAM = 8000
MANY = 10
