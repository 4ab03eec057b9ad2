# Code shared by client.py and client_tls.py: the clock, and operations with several names. Runs on every Python.

import time

if hasattr(time, "perf_counter_ns"):
    start = time.perf_counter_ns

    def since(t):
        return time.perf_counter_ns() - t

else:
    start = time.ticks_us

    def since(t):
        return time.ticks_diff(time.ticks_us(), t) * 1000


def method(s, *names):
    # The first name of an operation, of several possible ones, that this module has.
    for name in names:
        if hasattr(s, name):
            return getattr(s, name)
    raise AttributeError(names[0])
