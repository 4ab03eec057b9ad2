# The target is RT-Thread's port over the emulated sockets of test/sal/, in a network namespace of the test's own.
LINGER_RESETS = False
