# The target is lwIP without an OS of test/lwip_raw/, over its loopback interface.
FITS = 20000
INTERFACE = "lo0"
OUTWARD = "ve1"
LINGER_RESETS = True
NODELAY = True
