# aiosocket: run(), and wait_for() without a task of its own. MIT license.
import gc
from time import ticks_add, ticks_diff, ticks_ms

from asyncio import core

from .waiting import Timer, deadline, ring

GRACE = 1000  # milliseconds that cancelled tasks have to finish


class Limit:
    # Cancels a task at its deadline.
    def __init__(self):
        self.task = core.cur_task
        self.passed = False

    def _on_time(self, now):
        task = self.task
        while isinstance(task.data, core.Task):
            task = task.data
        if task.data is core.CancelledError or isinstance(task.data, core.CancelledError):
            return ticks_add(now, 1)  # a pending cancellation by other code must reach the task: try again in 1 ms
        self.passed = self.task.cancel()


# async: as asyncio.wait_for, but without a task of its own; a result that arrives at the deadline is not lost
def wait_for(aw, timeout):
    # A timeout of 0 or less still runs the awaitable once.
    return (yield from within(aw, deadline(timeout, past=True)))


# async: wait_for() with a timeout in milliseconds
def wait_for_ms(aw, timeout):
    return (yield from within(aw, None if timeout is None else ticks_add(ticks_ms(), max(timeout, 0) + 1)))


# async: awaits `aw` until the tick `by`; None: without a deadline
def within(aw, by):
    if by is None:
        return (yield from aw)
    limit = Limit()
    timer = Timer(limit)
    timer.by(by)
    try:
        return (yield from aw)
    except core.CancelledError:
        if not limit.passed:
            raise
        if isinstance(aw, core.Task) and aw.done():
            if isinstance(aw.data, StopIteration):
                return aw.data.value  # it ended at the deadline
            if not isinstance(aw.data, core.CancelledError):
                raise aw.data
        raise core.TimeoutError
    finally:
        timer.stop()


def run(coro):
    # As asyncio.run, but no task survives it: every other task is cancelled once and has GRACE milliseconds to clean up.
    try:
        return core.run(coro)
    finally:
        core.cur_task = None  # KeyboardInterrupt leaves the interrupted task here
        try:
            end_others()
        except MemoryError:  # must not replace the exception that the program has raised
            gc.collect()


def end_others():
    try:
        ending, start = [], ticks_ms()
        while ticks_diff(ticks_ms(), start) < GRACE:
            for task in remaining_tasks():
                if task not in ending:
                    ending.append(task)
                    task.cancel()
            if all(task.done() for task in ending):
                break
            core.run(turn())
    finally:
        core.new_event_loop()
        gc.collect()


async def turn():
    await core.sleep_ms(1)


def remaining_tasks():
    # All tasks that wait for sockets, sleep or are ready to run.
    tasks = []
    for first in list(core._io_queue.known.values()):
        for w in ring(first):
            tasks += w._tasks()
    queue, popped = core._task_queue, []
    while queue.peek():
        task = queue.pop()
        popped.append((task, task.ph_key))
    for task, at in popped:
        if not isinstance(task.coro, Timer) and not task.done():
            data = task.data
            queue.push(task, at)
            task.data = data  # push() clears it; it may hold a pending CancelledError
            tasks.append(task)
    return tasks
