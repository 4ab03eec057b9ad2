# aiosocket: the event loop's queue of sockets. MIT license.
#
# The queue replaces asyncio's own. A socket stays registered with the poller between the waits of its tasks, and one poll serves all
# tasks that it wakes: the cost of a wait depends on the number of ready sockets, not on the number of open ones.
import gc
import select
from time import ticks_add, ticks_diff, ticks_ms

import usocket
from asyncio import core

IN = select.POLLIN
OUT = select.POLLOUT
TIMED = 8  # a bit of Waiting._odd: a read may have a deadline
EMPTY = 16  # another: the last receive took all, so that the poller reports what arrives next, without being asked again
READ_ALL = 2  # a flag of ipoll: a wait that follows no receive of all calls modify()
FEW = 4  # tasks woken in a row before tasks at the end of their sleep get a turn; a list of so many is never resized
CROWD = 4  # deadlines handled in one millisecond; further ones wait for the next
LATER = 20  # milliseconds until a step that found no memory is repeated
SPINS = 16  # calls in a row that complete without waiting before one yields to other tasks


class Timer:
    # Calls owner._on_time() at a deadline. asyncio's task queue holds a task with this object as its coroutine.
    def __init__(self, owner):
        self.owner = owner
        self.task = core.Task(self)
        self.queue = None  # the task queue that contains this timer; None: none does
        self.at = 0

    def by(self, at):
        if self.queue is core._task_queue:
            if ticks_diff(at, self.at) >= 0:
                return  # it fires earlier and is then set again
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
        # asyncio's loop calls this as it would resume a coroutine.
        self.queue = None
        now = ticks_ms()
        if now != Timer.now:
            Timer.now, Timer.count = now, 0
        Timer.count += 1
        try:
            at = self.owner._on_time(now) if Timer.count <= CROWD else ticks_add(now, 1)
        except MemoryError:
            gc.collect()
            at = ticks_add(now, LATER)
        if at is not None:
            self.by(at)


class Waiting:
    # The tasks that wait for one pollable object.
    _kept = False  # True: stays registered until the next poll when no task waits
    _task = None  # a task that the queue resumes itself when it waits here; it must end in asyncio's loop
    _next = None  # the next Waiting of the same object, in a ring; None if there is only one
    _mask = 0  # events that the poller is asked for
    _odd = TIMED
    _reader = None  # the one task that waits for POLLIN
    _read_by = None  # its deadline
    _writers = None  # [(task, deadline), ...] waiting for POLLOUT
    _timer = None

    def __init__(self, s):
        self.s = s

    # A task does `yield w._readable(by)`, then tries its call and checks its deadline. Only one task may wait to read.
    def _readable(self, by=None):
        q = core._io_queue
        if self._reader is not None:
            raise RuntimeError("another task is reading")
        if by is not None:  # steps that allocate come first: after a MemoryError the task is registered nowhere
            self._alarm(by)
        if self._odd & TIMED:
            self._read_by = by
        empty = self._odd & EMPTY
        if empty:
            self._odd &= ~EMPTY
        if not empty or not self._mask & IN:
            q = queue()
            q.register(self, IN)
        if q.shared and self._next is not None and any(w._reader is not None for w in ring(self)):
            self._leave(IN)
            raise RuntimeError("another task is reading")
        task = core.cur_task
        self._reader = task  # the last step that may allocate
        q.waits += 1
        task.data = self

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
        if self._timer is None:
            self._timer = Timer(self)
        self._timer.by(by)

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
            # The list is allocated before anything changes.
            self._writers = None if which is None else [entry for entry in writers if not which(entry)] or None
            for entry in writers:
                if which is None or which(entry):
                    core._io_queue.waits -= 1
                    if push:
                        core._task_queue.push(entry[0])

    def _on_time(self, now):
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

    # Undoes a registration after an error.
    def _leave(self, bits):
        if self._kept:
            core._io_queue.drop(self, bits)
        else:
            self._unregister()

    # Must be called before the object is closed: waiting tasks wake up and find it closed.
    def _forget(self):
        q = queue()
        if self._timer is not None:
            self._timer.stop()
        if self._mask:
            q.drop(self, IN | OUT)
        self._wake_reader()
        self._wake_writers()
        w = q.known.get(id(self.s))
        if w is not None and w is not self:  # belongs to another stream of the same socket
            w._forget()


def ring(w):
    # Every Waiting that is registered for the same object.
    first = w
    while True:
        yield w
        w = w._next
        if w is None or w is first:
            return


def wanted(w):
    # The events that the ring asks for together; allocates nothing.
    mask, other = w._mask, w._next
    while other is not None and other is not w:
        mask |= other._mask
        other = other._next
    return mask


class IOQueue:
    def __init__(self):
        self.poller = (getattr(usocket, "poller", None) or select.poll)()
        self.known = {}  # maps the id of a registered object to its Waiting
        self.shared = 0  # number of rings
        self.waits = 0  # number of waiting tasks
        self.events = ()  # events of the last poll that were not dispatched yet
        self.woken = 0  # number of woken tasks that have not run yet
        self.ready = []  # objects with tasks that the queue resumes next
        self.recent = []  # objects with a reader woken since the last poll: they stay registered in case it waits again before the next
        self.flags = 0  # of the next poll
        self.last = ticks_ms()  # time of the last poll while tasks were ready: a poll asks each TLS object, so those run first
        self.spins = 0  # number of calls since the last poll, or since a task was resumed, that completed without waiting
        old = core._io_queue
        if isinstance(old, IOQueue):  # its tasks are gone: reset every Waiting
            for first in old.known.values():
                for w in ring(first):
                    w._mask = 0
                    w._reader = w._writers = None
                while first._next is not None:
                    first._next, first = None, first._next
            if hasattr(old.poller, "close"):
                old.poller.close()

    @property
    def map(self):  # asyncio's loop ends when this is 0 and no task is ready
        return self.waits

    def register(self, w, bit):
        mask = w._mask
        w._mask = mask  # creates the attribute first, so that storing the mask later takes no memory
        first = self.known.get(id(w.s))
        if first is None:
            self.poller.register(w.s, bit)
            self.known[id(w.s)] = w
        elif first is w and not (self.shared and w._next is not None):
            self.poller.modify(w.s, mask | bit)
        else:
            if not mask:
                w._next = None  # creates both attributes before the two are linked
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
                pass  # already closed

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
        # asyncio calls this before each step of a task, and again if the deadline it waited for has not passed. The events of one poll
        # are dispatched in batches, so that a task with a sleep that ends meanwhile does not wait for all of them.
        if dt == 0 and self.woken > 0:
            self.woken -= 1
            return
        self.polled = False
        while True:
            try:
                if self.turn(dt):
                    return
            except MemoryError:
                gc.collect()
                self.flags = 0  # events that were not dispatched are reported again
                if dt >= 0:
                    return

    def turn(self, dt):
        # Dispatches events, or polls. Returns true if asyncio's loop is to go on.
        self.woken = 0
        if self.dispatch(FEW if dt else 1):  # dt is 0: other tasks are ready
            self.resume_ready()
            return dt >= 0 or self.must_return()
        if self.polled and (dt >= 0 or core._task_queue.peek()):
            return True
        self.polled = True
        if dt == 0:
            if ticks_diff(core._task_queue.peek().ph_key, self.last) < 0:
                return True
            self.last = ticks_ms()
        if self.recent:
            self.forget_recent()
        self.spins = 0
        self.events = self.poller.ipoll(dt, self.flags)
        self.flags = READ_ALL

    def dispatch(self, few):
        # Takes events of the last poll until they are for a few tasks. Wakes these, or adds them to `ready`. Returns their number.
        known = self.known
        count = 0
        for s, events in self.events:
            w = known.get(id(s))
            if w is None:
                self.poller.unregister(s)
            elif self.shared and w._next is not None:
                for w in list(ring(w)):
                    count += self.wake(w, events)
            elif events == IN and w._reader is not None and w._reader is w._task:
                self.ready.append(w)
                count += 1
            else:
                count += self.wake(w, events)
            if count >= few:
                break
        return count

    # These two functions, turn and wait_io_event have frames small enough for the C stack. One on the heap, alive while tasks run, would
    # leave a hole from which each of MicroPython's allocations begins to search.
    def resume_ready(self):
        ready = self.ready
        while ready:
            self.resume(ready.pop(0))

    def resume(self, w):
        # A step of w._task, without asyncio's loop.
        task = w._reader
        if task is not None and task is w._task:
            w._reader = task.data = None
            self.waits -= 1
            self.spins = 0
            core.cur_task = task
            task.coro.send(None)
            if w._reader is None and w._mask & IN:
                self.recent.append(w)

    def must_return(self):
        # True if asyncio's loop has something to do, a task or to end: without tasks and waits, a timer makes it look.
        if not core._task_queue.peek() and not self.waits:
            Timer(self).by(ticks_ms())
        return core._task_queue.peek()

    def _on_time(self, now):
        pass

    def wake(self, w, events):
        # Wakes the tasks that wait for these events; returns how many at least.
        woken = 0
        if events & ~OUT:
            task = w._reader
            if task is not None:
                self.recent.append(w)  # first, because it may find no memory
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
        self.woken += woken
        return woken

    def forget_recent(self):
        for w in self.recent:
            if w._reader is None and w._mask & IN:
                self.drop(w, IN)  # a registration would keep an unreachable stream alive
        try:
            self.recent = []
        except MemoryError:
            self.recent.clear()  # allocates nothing, but the block stays large, which slows the collector down

    def must_yield(self):
        # True if a task that has not waited for SPINS calls must yield to others now.
        self.spins += 1
        return self.spins > SPINS

    # asyncio's own interface, for objects that were not registered through Waiting.
    def queue_read(self, s):
        self.of(s)._readable()

    def queue_write(self, s):
        self.of(s)._writable()

    def of(self, s):
        # The Waiting of an object.
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
    # Replaces asyncio's own queue and takes over the tasks that wait there.
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
    # The tick at which a timeout in seconds ends; None: never. With `past` a negative value counts as 0, otherwise it raises.
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


def passed(by):
    return by is not None and ticks_diff(by, ticks_ms()) <= 0
