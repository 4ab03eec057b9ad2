# The target is lwIP of test/lwip/, over its loopback interface.
FITS = 20000
INTERFACE = "lo0"
OUTWARD = "ve1"
LINGER_RESETS = False
NODELAY = True
