# aiosocket: the beginning and the end of a program. MIT license.
import gc
from time import ticks_diff, ticks_ms

from asyncio import core

from .waiting import Late, deadline

PATIENCE = 1000  # ms that cancelled tasks have to end


class Limit:
    def __init__(self):
        self.task = core.cur_task
        self.passed = False

    def _wake_late(self, now):
        self.passed = self.task.cancel()


# async: as asyncio.wait_for, but without a task of its own, and no result is lost when it comes as the time passes
def wait_for(aw, timeout):
    if timeout is None:
        return (yield from aw)
    limit = Limit()
    late = Late(limit)
    late.by(deadline(timeout))
    try:
        return (yield from aw)
    except core.CancelledError:
        if limit.passed:
            raise core.TimeoutError
        raise
    finally:
        late.stop()


def run(coro):
    # As asyncio.run; and whatever ends it, no task is left: the others are cancelled, and have their last word.
    try:
        return core.run(coro)
    finally:
        start = ticks_ms()
        while ticks_diff(ticks_ms(), start) < PATIENCE and cancel_all():
            core.run(turn())
        core.new_event_loop()
        gc.collect()


async def turn():
    await core.sleep_ms(0)


def cancel_all():
    # The tasks that wait for sockets, and those that sleep or are to run.
    tasks = []
    for w in list(core._io_queue.known.values()):
        tasks.extend(w._tasks())
    queue = core._task_queue
    ready = []
    while queue.peek():
        task = queue.pop()
        if not isinstance(task.coro, Late) and not task.done():
            ready.append(task)
    for task in ready:
        queue.push(task)
    tasks += ready
    for task in tasks:
        task.cancel()
    return tasks
