# Exhaust memory on purpose: make a call with only k free blocks of the heap, k = 0, 1, 2 ... until it succeeds.
import gc

from check import collect, descriptors, fail, ok, settles

BLOCK = 32  # bytes of a heap block on a 64-bit machine, of two on a 32-bit one
MOST = 100

_held = [None]


def fill(k):
    # Fill the heap except for k contiguous blocks: with lists, which can be unlinked, and the gaps of one block with tuples.
    gap = bytearray(k * BLOCK) if k else None
    try:
        while True:
            _held[0] = [_held[0]]
    except MemoryError:
        pass
    try:
        while True:
            _held[0] = (_held[0],)
    except MemoryError:
        pass
    gap = None
    gc.collect()


def release():
    # Free the blocks of fill(). They are unlinked one by one, because a stale word that keeps one block must not keep the others.
    link = _held[0]  # there is no memory for a tuple
    _held[0] = None
    filled = link is not None
    while link:
        last = link
        link = link[0]
        if isinstance(last, list):
            last[0] = None
    return filled


def squeeze(k, fn):
    # Call fn() with only k contiguous free blocks; returns its exception or None.
    result = None
    fill(k)
    try:
        fn()
    except MemoryError as e:
        result = e
    except OSError as e:
        result = e
    release()
    return result


def of_memory(e):
    # True if an exception tells of a lack of memory. An exception without room for its arguments has none. -10: EAI_MEMORY.
    return isinstance(e, MemoryError) or isinstance(e, OSError) and (not e.args or e.args[0] in (12, 105, -10))


def sweep(label, make, call, after=None, most=MOST):
    # make() returns sockets, call(sockets) runs without memory, after(sockets) returns True if they still work.
    tried = 0
    collect()
    start = descriptors()
    for k in range(most):
        made = make()
        wrong = None
        e = squeeze(k, lambda: call(made))
        gc.collect()
        if e is not None and not of_memory(e):
            wrong = "with {} free blocks: {!r}".format(k, e)
        if after is not None and wrong is None:
            try:
                if not after(made):
                    wrong = "with {} free blocks: broken afterwards".format(k)
            except Exception as x:
                wrong = "with {} free blocks: afterwards {!r}".format(k, x)
        for s in made:
            s.close()
        made = None
        settles(start, 3)
        left = descriptors() - start
        if wrong is None and left != 0:
            wrong = "with {} free blocks: {} descriptors left".format(k, left)
        if wrong is not None:
            fail(label, wrong)
            return
        if e is None:
            break
        tried += 1
    if e is not None:
        fail(label, "does not succeed with {} free blocks: {!r}".format(most, e))
    else:
        ok("{}: {} ways of running out of memory".format(label, tried))
