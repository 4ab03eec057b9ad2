# run: limit=60 long=tiny
# The link goes down during calls and comes up again.
import threading
import time

import link
import names
from kept import *  # noqa: what the script calls

server = names.start()


def down(after=0):
    def run():
        time.sleep(after)
        link.ip("link", "set", link.NEAR, "down")

    threading.Thread(target=run, daemon=True).start()


def up():
    link.ip("link", "set", link.NEAR, "up")
    for address in (link.KERNEL6, link.KERNEL_LOCAL):  # the kernel drops IPv6 addresses when the link goes down
        link.ip("-6", "addr", "replace", address + "/64", "dev", link.NEAR, "nodad")
    time.sleep(0.1)


def later(seconds, name, *arguments):
    time.sleep(seconds)
    return globals()[name](*arguments)


link.run("on_link.py", globals(), 55)
