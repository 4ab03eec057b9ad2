# Threads and the collector without sockets: ends in two seconds natively, and usually never under qemu-user 7.2, which loses one
# of the signals by which MicroPython's collector stops the other threads. For this reason check.py has no storms of collections there.
import _thread
import gc
import time

count = [0]


def collect():
    while count[0] < 2000:
        gc.collect()
        count[0] += 1
        time.sleep(0.0005)


_thread.start_new_thread(collect, ())
while count[0] < 2000:
    time.sleep(0.001)
print("end")
