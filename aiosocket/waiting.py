# aiosocket: what waits for sockets. MIT license.
#
# The queue takes the place of asyncio's own. A socket stays registered with the poller while its tasks come and go, and is polled
# once for all the tasks that a poll has woken: what a wait costs follows the sockets that have something to say.
import gc
import select
from time import ticks_add, ticks_diff, ticks_ms

import usocket
from asyncio import core

IN = select.POLLIN
OUT = select.POLLOUT
FEW = 8  # tasks that are woken, before those whose time has come meanwhile
CROWD = 4  # deadlines that pass in one ms, before the next wait for the next
LONG = 5  # ms
WHOLE = 4  # shares of a millisecond, for what begins in it
LATER = 20  # ms until what found no memory is tried again
SPINS = 16  # calls in a row that need not wait, before one lets others run


class Late:
    # What asyncio's queue of tasks holds for a socket whose calls have deadlines: it wakes those who have waited long enough.
    def __init__(self, owner):
        self.owner = owner
        self.task = core.Task(self)
        self.queue = None  # the queue of tasks that holds us
        self.at = 0

    def by(self, at):
        if self.queue is core._task_queue:
            if ticks_diff(at, self.at) >= 0:
                return  # looks again when it wakes
            self.queue.remove(self.task)
        self.at = at
        self.queue = core._task_queue
        self.queue.push(self.task, at)

    def stop(self):
        if self.queue is core._task_queue:
            self.queue.remove(self.task)
        self.queue = None

    now = 0
    count = 0

    def send(self, _):
        # asyncio's loop runs us as it runs a coroutine.
        self.queue = None
        now = ticks_ms()
        if now != Late.now:
            Late.now, Late.count = now, 0
        Late.count += 1
        try:
            at = self.owner._wake_late(now) if Late.count <= CROWD else ticks_add(now, 1)
        except MemoryError:
            gc.collect()
            at = ticks_add(now, LATER)
        if at is not None:
            self.by(at)


class Waiting:
    # A pollable object and the tasks that wait for it.
    _kept = False  # stays registered until the next poll when nobody waits
    _next = None  # in a ring of those that are registered for the same object, where there are several
    _mask = 0
    _reader = None
    _read_by = None
    _writers = None  # [task, until when, ...]
    _late = None

    def __init__(self, s):
        self.s = s

    # A task does `yield w._readable(by)`, and then sees whether it was the socket or the deadline. One task at a time.
    def _readable(self, by=None):
        q = queue()
        if self._reader is not None:
            raise RuntimeError("another task is reading")
        if by is not None:  # what takes memory comes first: a task that fails waits for nothing
            self._alarm(by)
        if not self._mask & IN:
            q.register(self, IN)
        if q.shared and self._next is not None and any(w._reader is not None for w in ring(self)):
            self._leave(IN)
            raise RuntimeError("another task is reading")
        self._read_by = by
        self._reader = core.cur_task  # the last that may take memory
        q.waits += 1
        core.cur_task.data = self

    def _writable(self, by=None):
        q = queue()
        if by is not None:
            self._alarm(by)
        if not self._mask & OUT:
            q.register(self, OUT)
        if self._writers is None:
            self._writers = []
        self._writers.append((core.cur_task, by))
        q.waits += 1
        core.cur_task.data = self

    def _alarm(self, by):
        if self._late is None:
            self._late = Late(self)
        self._late.by(by)

    # asyncio calls this when it cancels a task.
    def remove(self, task):
        q = queue()
        if self._reader is task:
            self._stop_reader()
        else:
            self._wake_writers(lambda entry: entry[0] is task, False)
        if not self._kept:
            self._unregister()

    def _tasks(self):
        return ([self._reader] if self._reader is not None else []) + [entry[0] for entry in self._writers or ()]

    def _stop_reader(self):
        self._reader = None
        q = core._io_queue
        q.waits -= 1
        if self._mask & IN:
            try:
                q.recent.append(self)
            except MemoryError:
                q.drop(self, IN)

    def _wake_reader(self):
        task = self._reader
        if task is not None:
            self._stop_reader()
            core._task_queue.push(task)

    def _wake_writers(self, which=None, push=True):
        writers = self._writers
        if writers:
            # What takes memory comes first.
            self._writers = None if which is None else [entry for entry in writers if not which(entry)] or None
            for entry in writers:
                if which is None or which(entry):
                    core._io_queue.waits -= 1
                    if push:
                        core._task_queue.push(entry[0])

    def _wake_late(self, now):
        if self._reader is not None and self._read_by is not None and ticks_diff(self._read_by, now) <= 0:
            self._wake_reader()
        if self._writers:
            self._wake_writers(lambda entry: entry[1] is not None and ticks_diff(entry[1], now) <= 0)
        first = self._read_by if self._reader is not None else None
        for _, by in self._writers or ():
            if by is not None and (first is None or ticks_diff(by, first) < 0):
                first = by
        return first

    def _can_write(self):
        if self._writers:
            self._wake_writers()
        else:
            core._io_queue.drop(self, OUT)

    def _unregister(self):
        if self._reader is None and not self._writers and self._mask:
            core._io_queue.drop(self, IN | OUT)

    # Waits no longer for what has begun to be registered.
    def _leave(self, bits):
        if self._kept:
            core._io_queue.drop(self, bits)
        else:
            self._unregister()

    # To be called before the object is closed: whoever waits for it wakes, and finds it closed.
    def _forget(self):
        q = queue()
        if self._late is not None:
            self._late.stop()
        if self._mask:
            q.drop(self, IN | OUT)
        self._wake_reader()
        self._wake_writers()
        w = q.known.get(id(self.s))
        if w is not None and w is not self:  # of another stream
            w._forget()


def ring(w):
    # All that are registered for its object.
    first = w
    while True:
        yield w
        w = w._next
        if w is None or w is first:
            return


def wanted(w):
    # By all of them; takes no memory.
    mask, other = w._mask, w._next
    while other is not None and other is not w:
        mask |= other._mask
        other = other._next
    return mask


def new_poller():
    return (getattr(usocket, "poller", None) or select.poll)()


class IOQueue:
    def __init__(self):
        self.poller = new_poller()
        self.known = {}  # id of a registered object: its Waiting
        self.shared = 0  # how many rings there are
        self.waits = 0  # how many tasks wait
        self.events = ()  # what the last poll has told and was not passed on yet
        self.woken = 0  # how many of those woken have not had their turn
        self.recent = []  # where a reader has been woken since then: registered for the next, if it comes back before the next poll
        self.spins = 0  # how often a task need not have waited since the last poll
        old = core._io_queue
        if isinstance(old, IOQueue):  # what the old one held belongs to nobody
            for first in old.known.values():
                for w in ring(first):
                    w._mask = 0
                    w._reader = w._writers = None
                while first._next is not None:
                    first._next, first = None, first._next
            if hasattr(old.poller, "close"):
                old.poller.close()

    @property
    def map(self):
        return self.waits  # asyncio ends when nothing can wake a task any more

    def register(self, w, bit):
        mask = w._mask
        w._mask = mask  # a slot of its own: nothing is known whose mask is not
        first = self.known.get(id(w.s))
        if first is None:
            self.poller.register(w.s, bit)
            self.known[id(w.s)] = w
        elif first is w and not (self.shared and w._next is not None):
            self.poller.modify(w.s, mask | bit)
        else:
            if not mask:
                w._next = None  # slots for both, before one is tied to the other
                first._next = first._next
                self.shared += first._next is None
                w._next, first._next = first._next or first, w
            w._mask = mask | bit
            self.poller.modify(w.s, wanted(w))
        w._mask = mask | bit

    def drop(self, w, bits):
        mask = w._mask & ~bits
        if mask == w._mask:
            return
        w._mask = mask
        other = w._next if self.shared else None
        if other is not None:
            if not mask:
                self.unlink(w)
            self.poller.modify(w.s, wanted(other))
        elif mask:
            self.poller.modify(w.s, mask)
        else:
            self.known.pop(id(w.s), None)
            try:
                self.poller.unregister(w.s)
            except OSError:
                pass  # closed in the meantime

    def unlink(self, w):
        other = last = w._next
        while last._next is not w:
            last = last._next
        w._next = None
        if last is other:
            last._next = None
            self.shared -= 1
        else:
            last._next = other
        self.known[id(w.s)] = other

    def wait_io_event(self, dt):
        # asyncio calls this before each step of a task, and again when a time that it waited for was still to come. What a poll has
        # told is passed on by and by: a task whose time has come in between does not wait for all the others.
        if dt == 0 and self.woken > 0:
            self.woken -= 1
            return
        queue = core._task_queue
        known = self.known
        few = FEW if dt else 1  # 0: others are to run already
        polled = False
        while True:
            woken = 0
            try:
                for s, events in self.events:
                    w = known.get(id(s))
                    if w is None:
                        self.poller.unregister(s)
                        continue
                    if self.shared and w._next is not None:
                        for w in list(ring(w)):
                            woken += self.tell(w, events)
                    else:
                        woken += self.tell(w, events)
                    if woken >= few:
                        break
                self.woken = woken
                if woken and (dt >= 0 or queue.peek()):
                    return
                if polled and (dt >= 0 or queue.peek()):
                    return
                polled = True
                if self.recent:
                    self.forget_recent()
                self.spins = 0
                self.events = self.poller.ipoll(dt)
            except MemoryError:
                gc.collect()  # what was not told is told again
                if dt >= 0:
                    return

    def tell(self, w, events):
        # Wakes those who have waited for this; how many at least.
        woken = 0
        if events & ~OUT:
            task = w._reader
            if task is not None:
                self.recent.append(w)  # first: there may be no memory for it
                w._reader = None
                self.waits -= 1
                core._task_queue.push(task)
                woken = 1
            elif w._mask & IN:
                self.drop(w, IN)
        if events & ~IN and w._mask & OUT:
            w._can_write()
            woken += 1
        if not w._kept:
            w._unregister()
        return woken

    def forget_recent(self):
        for w in self.recent:
            if w._reader is None and w._mask & IN:
                self.drop(w, IN)  # nothing of ours may keep a forgotten stream from the collector
        try:
            self.recent = []
        except MemoryError:
            self.recent.clear()  # which has room for some; but the collector's heap is slow to search afterwards

    def tired(self):
        # Should a task that need not wait let others run all the same?
        self.spins += 1
        return self.spins > SPINS

    # What asyncio and others use for objects that they have not told us about.
    def queue_read(self, s):
        self.of(s)._readable()

    def queue_write(self, s):
        self.of(s)._writable()

    def of(self, s):
        return self.known.get(id(s)) or Waiting(s)

    def remove(self, task):
        for first in list(self.known.values()):
            for w in list(ring(first)):
                w.remove(task)


def queue():
    q = core._io_queue
    if not isinstance(q, IOQueue):
        q = install()
    return q


def install():
    # Takes over from asyncio's own queue, with the tasks that wait there.
    old, new = core._io_queue, IOQueue()
    for reader, writer, s in old.map.values():
        w = Waiting(s)
        for task, bit in ((reader, IN), (writer, OUT)):
            if task is not None:
                new.register(w, bit)
                new.waits += 1
                task.data = w
                if bit == IN:
                    w._reader = task
                else:
                    w._writers = [(task, None)]
    core.IOQueue = IOQueue  # for new_event_loop()
    core._io_queue = new
    return new


def deadline(seconds, name="timeout", past=False):
    # When a call that may take so many seconds is late; None: never. past: less than 0 counts as 0.
    if seconds is None:
        return None
    try:
        if past and seconds < 0:
            seconds = 0
        if seconds >= 0:
            return ticks_add(ticks_ms(), int(seconds * 1000) + 1)
    except TypeError:
        raise TypeError("%s must be a number of seconds or None, not %s" % (name, type(seconds).__name__))
    except OverflowError:
        raise OverflowError("%s too large" % name)
    raise ValueError("%s must not be negative or NaN" % name)


def check_integer(value, name, least):
    if not isinstance(value, int):
        raise TypeError("%s must be an int, not %s" % (name, type(value).__name__))
    if value < least:
        raise ValueError("%s must be %d or more" % (name, least))


def check_limit(limit):
    # None: the stream has no limit.
    if limit is not None:
        check_integer(limit, "limit", 1)


# async: to be awaited before what computes for a while: what has a crowd of tasks begin no more than a millisecond takes, four lookups or
# connects, or a handshake. Who is kept from its millisecond by more than LONG lines up again: those who sleep meanwhile have their turns.
def in_line(share=WHOLE):
    global _slot, _used
    for _ in range(10):
        now = ticks_ms()
        if ticks_diff(_slot, now) < 0:
            _slot, _used = now, 0
        elif _used >= WHOLE:
            _slot, _used = ticks_add(_slot, 1), 0
        at = _slot
        _used += share
        if at == now:
            return
        yield from core.sleep_ms(ticks_diff(at, now))
        if ticks_diff(ticks_ms(), at) <= LONG:
            return


_slot = ticks_ms()
_used = 0


def passed(by):
    return by is not None and ticks_diff(by, ticks_ms()) <= 0
