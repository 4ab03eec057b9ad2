# The target is RT-Thread's port over the look-alike of its sockets, test/sal/, in a network namespace of the test's own.
LINGER_RESETS = False
