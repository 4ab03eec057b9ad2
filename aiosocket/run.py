# aiosocket: the beginning and the end of a program. MIT license.
import gc
from time import ticks_add, ticks_diff, ticks_ms

from asyncio import core

from .waiting import Late, deadline, ring

PATIENCE = 1000  # ms that cancelled tasks have to end


class Limit:
    def __init__(self):
        self.task = core.cur_task
        self.passed = False

    def _wake_late(self, now):
        task = self.task
        while isinstance(task.data, core.Task):
            task = task.data
        if task.data is core.CancelledError or isinstance(task.data, core.CancelledError):
            return ticks_add(now, 1)  # somebody has cancelled it, and it does not know yet: that is not for us to swallow
        self.passed = self.task.cancel()


# async: as asyncio.wait_for, but without a task of its own, and no result is lost when it comes as the time passes
def wait_for(aw, timeout):
    # What has passed already gives what is there a turn.
    return (yield from within(aw, deadline(timeout, past=True)))


# async
def wait_for_ms(aw, timeout):
    return (yield from within(aw, None if timeout is None else ticks_add(ticks_ms(), max(timeout, 0) + 1)))


# async
def within(aw, by):
    if by is None:
        return (yield from aw)
    limit = Limit()
    late = Late(limit)
    late.by(by)
    try:
        return (yield from aw)
    except core.CancelledError:
        if not limit.passed:
            raise
        if isinstance(aw, core.Task) and aw.done():
            if isinstance(aw.data, StopIteration):
                return aw.data.value  # it ended as the time passed
            if not isinstance(aw.data, core.CancelledError):
                raise aw.data
        raise core.TimeoutError
    finally:
        late.stop()


def run(coro):
    # As asyncio.run; and whatever ends it, no task is left: the others are cancelled once, and have a while for their last words.
    try:
        return core.run(coro)
    finally:
        core.cur_task = None  # an interrupt leaves it as it was
        try:
            end_others()
        except MemoryError:  # which must not hide what the program has raised
            gc.collect()


def end_others():
    try:
        ending, start = [], ticks_ms()
        while ticks_diff(ticks_ms(), start) < PATIENCE:
            for task in left():
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


def left():
    # The tasks that wait for sockets, and those that sleep or are to run.
    tasks = []
    for first in list(core._io_queue.known.values()):
        for w in ring(first):
            tasks += w._tasks()
    queue, held = core._task_queue, []
    while queue.peek():
        task = queue.pop()
        held.append((task, task.ph_key))
    for task, at in held:
        if not isinstance(task.coro, Late) and not task.done():
            data = task.data
            queue.push(task, at)
            task.data = data  # it may be about to be cancelled
            tasks.append(task)
    return tasks
