# run: net=proxy limit=150 only long=lwip-tiny seeds=4
# A link that drops, doubles and reorders frames: TCP's content stays exact, and deadlines too.
import os
import subprocess
import sys
import time

import kept
import link
import streams
import udp

SEED = int(os.environ.get("TAP_SEED", "1"))
proxy = subprocess.Popen([sys.executable, os.path.join(link.HERE, "proxy.py"), str(SEED)], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True, bufsize=1)


def treat(fate):
    """How the link treats frames from now on. Returns how many were dropped, in each direction."""
    proxy.stdin.write(fate + "\n")
    return [int(word.split("/")[1]) for word in proxy.stdout.readline().split()]


def later(seconds, name, *arguments):
    time.sleep(seconds)
    return globals()[name](*arguments)


if proxy.stdout.readline() != "ready\n":
    print("FAIL the proxy starts")
    sys.exit(1)
functions = dict(vars(streams), treat=treat, later=later, echo=udp.echo, accept=kept.accept, receive_all=kept.receive_all)
functions["keep_listening"] = kept.listen
link.run("on_lossy.py", functions, 145)
