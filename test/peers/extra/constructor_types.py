# The arguments of socket() must be integers, and a refusal opens nothing.

import gc
import os
import socket


def lowest_free():
    s = socket.socket()
    fd = s.fileno()
    s.close()
    return fd


before = lowest_free()
for args in ((None,), ("2",), (2.0,), ([],), (2, None), (2, "1"), (2, 1, None), (2, 1, b"0")):
    for _ in range(10):
        try:
            socket.socket(*args)
            print(args, "accepted")
            break
        except TypeError:
            pass
    else:
        print(args, "TypeError")
gc.collect()
print("descriptors as before:", lowest_free() == before)
os.stat("/")  # descriptors 0 to 2 are still open for output
print("done")
