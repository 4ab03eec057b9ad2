# Runs on the board, for test.py, which puts NAME, the name of a script, and MASK, its network, in front. The script and its helpers
# are in the archive that the runner has left in memory. The heap, lwIP's pcbs and lwIP's pools must be as before at its end.
import board
import gc
import io
import network
import socket
import struct
import sys
import time
import uctypes
import vfs

ARCHIVE, SIZE = 0x21200000, 0x100000
CLOSING = 130  # seconds until lwIP forgets a connection that has ended
SLACK = 2048  # bytes of the heap: tables of the interpreter that have grown, and what stale words of the stack keep


class Archive:
    # A file system: for each file the length of its name, the length of its data, its name, its data; a length of 0 ends it.
    def __init__(self):
        memory, at, self.files = memoryview(uctypes.bytearray_at(ARCHIVE, SIZE)), 0, {}
        while True:
            name, data = struct.unpack_from("<II", memory, at)
            if not name:
                break
            at += 8
            self.files[str(memory[at : at + name], "utf-8")] = memory[at + name : at + name + data]
            at += name + data

    def mount(self, readonly, mkfs):
        pass

    def stat(self, path):
        if path not in self.files:
            raise OSError(2)
        return (0x8000, 0, 0, 0, 0, 0, len(self.files[path]), 0, 0, 0)

    def open(self, path, mode):
        self.stat(path)
        return (io.BytesIO if "b" in mode else io.StringIO)(self.files[path])


def heap():
    # Bytes in use, without names of the program, which the interpreter keeps for good.
    board.stack(True)  # overwrites what earlier calls have left on the stack
    gc.collect()
    return gc.mem_alloc() - board.names()


def used():
    return {name: counts[0] for name, counts in board.pools().items() if name != "SYS_TIMEOUT"}


def same(label, before, after):
    print("ok " + label if before == after else "FAIL {}: got {}, expected {}".format(label, after, before))


vfs.mount(Archive(), "/")
if MASK:
    lan = network.LAN()
    lan.active(True)
    lan.ifconfig(("192.0.2.2", MASK, "0.0.0.0", "0.0.0.0"))
    time.sleep(3)  # the IPv6 address is checked for duplicates
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.connect(("127.0.0.1", 9))  # from the first one on the library listens to ICMP
loaded = set(sys.modules)
pcbs, pools, start = board.pcbs(), used(), time.ticks_ms()
before = heap()
try:
    __import__(NAME)
except SystemExit:
    pass
except BaseException as e:
    sys.print_exception(e)
took, stack = time.ticks_diff(time.ticks_ms(), start), board.stack()
sys.modules[NAME] = None  # where an import fails, MicroPython keeps the module in the unused place of the dictionary
for name in set(sys.modules) - loaded:
    del sys.modules[name]
for _ in range(CLOSING):
    gc.collect()
    if (board.pcbs(), used()) == (pcbs, pools):
        break
    time.sleep(1)
same("memory: lwIP's pcbs as before", pcbs, board.pcbs())
same("memory: lwIP's pools as before", pools, used())
left = heap() - before
print("ok memory: the heap as before" if left <= SLACK else "FAIL memory: the heap as before: {} bytes more".format(left))
print("board: {} ms, {} bytes more, {} bytes of stack".format(took, left, stack))
board.exit(0)
