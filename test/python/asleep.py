# Waits of other threads, as the system reports them: what a script does next happens during the wait, however loaded the machine is.
# A thread is named by the file with its state; a system without such files has no names.
import os
import time

TASKS = "/proc/self/task"


def threads():
    try:
        return ["{}/{}/stat".format(TASKS, n) for n in os.listdir(TASKS)]
    except (AttributeError, OSError):
        return []


def this_thread():
    try:
        with open("/proc/thread-self/stat") as f:
            return ["{}/{}/stat".format(TASKS, f.read().split()[0])]
    except OSError:
        return []


def runs(thread):
    # The result is False while a system call of the thread waits, and after its end.
    try:
        with open(thread) as f:
            return f.read().split(") ")[-1][0] == "R"
    except OSError:
        return False


def until_asleep(those, pause=0.05):
    # Return when all have slept for 15 ms. Without names there is little else to run, and the pause is enough.
    time.sleep(pause)
    asleep = 0
    for _ in range(4000):
        if asleep == 3:
            break
        time.sleep(0.005)
        asleep = 0 if any([runs(thread) for thread in those]) else asleep + 1


def waiting(start, fn, args):
    # Start fn(*args) by start(), and return its result when fn waits or has ended.
    begun = []

    def body():
        begun.append(1)
        return fn(*args)

    before = threads()
    started = start(body)
    while not begun:
        time.sleep(0.005)
    until_asleep([thread for thread in threads() if thread not in before])
    return started
