# run: net=proxy limit=150 only long=tiny seeds=4
# A link that drops, duplicates and reorders frames: TCP's data stays exact, and deadlines hold.
import time

import kept
import link
import lossy
import streams
import udp


def later(seconds, name, *arguments):
    time.sleep(seconds)
    return globals()[name](*arguments)


functions = dict(vars(streams), treat=lossy.start(), later=later, echo=udp.echo, accept=kept.accept, receive_all=kept.receive_all)
functions["keep_listening"] = kept.listen
link.run("on_lossy.py", functions, 145)
