# run: net=dns limit=150
# The freeze meter with generous bounds: a slow operation does not block other tasks. bench/aio/meter.py measures it exactly.
import os
import sys

from control import SLOW, in_time
from drive import INTERP, check

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench", "aio"))
from places import Places  # noqa: E402

BOUND = 1000  # ms
places = Places()
rows, output = places.measure(INTERP, "usocket", 50, 50, 50, 4, 70 * SLOW)
if not all(in_time(row[0], BOUND) for row in rows.values()):  # repeated once, in case the machine was suspended
    rows, output = places.measure(INTERP, "usocket", 50, 50, 50, 4, 70 * SLOW)
check("the program ends", output is None, output)
for phase in ("idle", "lookups", "connects", "handshakes", "all"):
    longest = rows.get(phase, (10**9,))[0]
    check("%s: the longest time between two ticks is below %d ms: %.1f" % (phase, BOUND, longest), in_time(longest, BOUND), rows)
for phase, least in (("lookups", 50), ("connects", 50), ("handshakes", 50), ("all", 150)):
    row = rows.get(phase)
    check("%s: every operation ends" % phase, row and row[2] + row[3] == least, row)
row = rows.get("connects")
check("connects: the delayed ones succeed", row and row[2] >= 1, row)

STOCK = os.path.join(ROOT, "build", "ab", "micropython")
if os.access(STOCK, os.X_OK):
    # The same program on the built-in socket, which blocks in lookups: the meter must notice it.
    rows, output = places.measure(STOCK, "builtin", 3, 0, 0, 4, 60 * SLOW)
    longest = rows.get("lookups", (0,))[0]
    check("the meter sees freezes: the built-in socket has %.1f ms" % longest, output is None and longest >= 1900, (rows, output))
else:
    print("skip the meter sees freezes: build/ab/micropython is not there")
print("end")
