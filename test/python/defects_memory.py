# run: limit=60 net=lo heap=160k
# R22, U13 and U14: listed defects that need a small heap, or the process's size.
import gc
import micropython
import socket

from check import FIRST, check, collect, descriptors, env, sections, skip, summary, true
from pairs import close
from squeeze import fill, release
from where import HOST, NAME


def r22():
    # MemoryError after accept() leaked the accepted descriptor. (memory.py tests every allocation.)
    s = socket.create_server((HOST, 0))
    s.settimeout(2)
    c = socket.create_connection(s.getsockname())
    start = descriptors()
    failed = 0
    micropython.heap_lock()
    try:
        s.accept()
    except MemoryError:
        failed = 1
    finally:
        micropython.heap_unlock()
    check("R22: accept without a heap is a MemoryError", failed, 1)
    collect()
    check("R22: and leaves no descriptor", descriptors(), start)
    d = socket.create_connection(s.getsockname())
    e, _ = s.accept()
    check("R22: the listener goes on", e.fileno() >= FIRST, True)
    close(s, c, d, e)


def u13():
    # The canonical name became a qstr, so the pool grew with every name.
    def lookups(n):
        for i in range(n):
            socket.getaddrinfo("127.0.%d.%d" % (i // 200, i % 200 + 1), 80, 0, 1, 0, socket.AI_CANONNAME)

    if hasattr(micropython, "qstr_info"):
        lookups(50)
        collect()
        before = gc.mem_alloc()
        lookups(400)
        collect()
        true("U13: four hundred canonical names leave nothing behind", gc.mem_alloc() - before < 4000, gc.mem_alloc() - before)
    check("U13: the name is there", socket.getaddrinfo(HOST, 80, 0, 1, 0, socket.AI_CANONNAME)[0][3], HOST)


def u14():
    # MemoryError while the list was built leaked the system's list. (memory.py tests every allocation; the leaked memory is
    # malloc's, so this test measures the size of the process.)
    def kilobytes():
        try:
            with open("/proc/self/statm") as f:
                return int(f.read().split()[1]) * 4
        except OSError:
            return None

    if kilobytes() is None:
        skip("U14: the system's list", "the size of the process is unknown here")
        return

    def lookups():
        fill(0)
        failed = 0
        for _ in range(300):
            try:
                socket.getaddrinfo(NAME, 80)
            except MemoryError:
                failed += 1
            except OSError:
                failed += 1
        release()
        return failed

    lookups()
    collect()
    before = kilobytes()
    failed = 0
    for _ in range(10):
        failed += lookups()
    collect()
    true("U14: three thousand lookups out of memory", failed > 0, failed)
    if env("TEST_ASAN"):
        skip("U14: leave no lists behind", "AddressSanitizer keeps freed memory")
    else:
        true("U14: leave no lists behind", kilobytes() - before < 600, kilobytes() - before)


sections(r22, u13, u14)
summary()
