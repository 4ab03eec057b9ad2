# run: limit=1
# A script of the self-test that does not end; Ctrl-C ends it.
import time

from check import ok, summary

ok("before the loop")
while True:
    time.sleep(0.01)
summary()
