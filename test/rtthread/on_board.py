# Runs on the board, for test.py, which types it at MicroPython's prompt. A board without a file system cannot import a file: the text of
# a module comes in pieces, is executed, and its names become the attributes of an object in sys.modules.
import gc
import sys


class Module:
    pass


TICK = 0.015  # seconds; a tick, and so much more that rounding does not make it less
pieces = []


def take(n, text):
    if n == len(pieces):
        pieces.append(text)
    print("taken", len(pieces), len(text))


def joined():
    text = "".join(pieces)
    pieces.clear()
    gc.collect()
    return text


def helper(name):
    names, module = {"__name__": name}, Module()
    exec(joined(), names)
    for key in names:
        setattr(module, key, names[key])
    sys.modules[name] = module
    gc.collect()
    print("helper", name)


def script(name):
    try:
        exec(joined(), {"__name__": name})
    except SystemExit:
        pass
    except BaseException as e:
        sys.print_exception(e)
    print(chr(4))


def with_ticks():
    # Put a `time` in place of the board's that sleeps for a tick at least. RT-Thread's does not wait at all below one, and a Python thread
    # has a higher priority: it would never let the main thread run.
    import time

    module = Module()
    for key in dir(time):
        setattr(module, key, getattr(time, key))
    module.sleep = lambda seconds: time.sleep(TICK if 0 < seconds < TICK else seconds)
    module.sleep_ms = lambda ms: module.sleep(ms / 1000)
    sys.modules["time"] = module


with_ticks()
for lacking in ("os",):
    try:
        __import__(lacking)
    except ImportError:
        sys.modules[lacking] = Module()
gc.collect()
print("heap", gc.mem_free() + gc.mem_alloc())
