# run: heap=160k net=lo limit=120
# As memory.py, for the objects of event loops: resolver, dialer, poller. No failure leaves a descriptor, a thread or a lookup, and the
# objects stay usable.
import gc
import io
import select
import socket
import time

from check import SYSTEM, check, collect, number, run, summary, tasks
from pairs import close, settle, tcp_pair
from squeeze import sweep
from where import HOST, NAME

IN, OUT = select.POLLIN, select.POLLOUT


def end_of(o):
    # Allocates nothing.
    while True:
        try:
            return o.result()
        except OSError as e:
            if number(e) != 11:
                raise
        time.sleep_ms(1)


def nothing():
    return ()


def looks_up(made):
    r = socket.resolver(NAME, 80)
    found = end_of(r)
    r.close()
    return bool(found)



class Port:
    # Gives sweep() a close() method.
    def __init__(self):
        self.s = socket.create_server((HOST, 0))
        self.port = self.s.getsockname()[1]

    def close(self):
        self.s.close()


def port():
    return (Port(),)


def dials(made):
    d = socket.dialer(HOST, made[0].port)
    s = end_of(d)
    good = s.getpeername()[1] == made[0].port
    s.close()
    return good


def resolve(made):
    with socket.resolver(NAME, 80) as r:
        end_of(r)


def dial(host):
    def call(made):
        with socket.dialer(host, made[0].port) as d:
            end_of(d).close()

    return call


def fail_to_dial(made):
    with socket.dialer(HOST, 1) as d:
        try:
            end_of(d)
        except OSError as e:
            if number(e) != 111:
                raise


begun = tasks() if SYSTEM else 0
sweep("resolver of a number", nothing, lambda made: socket.resolver(HOST, 80).result(), looks_up)
sweep("resolver of a name", nothing, resolve, looks_up)
sweep("resolver that is given up", nothing, lambda made: socket.resolver(NAME, 80).close(), looks_up)
sweep("resolver, left to the collector", nothing, lambda made: socket.resolver(NAME, 80), looks_up)
sweep("dialer of a number", port, dial(HOST), dials)
sweep("dialer of a name", port, dial(NAME), dials)
sweep("dialer that is given up", port, lambda made: socket.dialer(NAME, made[0].port).close(), dials)
sweep("dialer, left to the collector", port, lambda made: socket.dialer(NAME, made[0].port), dials)
sweep("dialer that is refused", port, fail_to_dial, dials)


class Watched:
    # A poller and a pair of sockets, one of them registered and readable.
    def __init__(self):
        self.a, self.b = tcp_pair()
        self.c, self.d = tcp_pair()
        self.p = socket.poller()
        self.p.register(self.b, IN)
        self.a.send(b"x")
        settle(self.b)

    def close(self):
        self.p.close()
        close(self.a, self.b, self.c, self.d)


def watched():
    return (Watched(),)


def tells(made):
    # Registered sockets are reported and others can be registered; the failed call may or may not have registered d.
    w = made[0]
    got = [(o is w.b, m) for o, m in w.p.poll(1000) if o is not w.d]
    w.p.unregister(w.d)
    w.p.register(w.c, OUT)
    also = [m for o, m in w.p.poll(1000) if o is w.c]
    return got == [(True, IN)] and also == [OUT]


def of_python():
    class Still(io.IOBase):
        def ioctl(self, request, arg):
            return 0 if request == 3 else -22  # MP_STREAM_POLL

    still = Still()
    sweep("register of what has no descriptor", watched, lambda made: made[0].p.register(still, IN), tells)


sweep("poller()", nothing, lambda made: socket.poller().close())
sweep("poller(), left to the collector", nothing, lambda made: socket.poller())
sweep("register", watched, lambda made: made[0].p.register(made[0].d, OUT), tells)
run(of_python)
sweep("modify", watched, lambda made: made[0].p.modify(made[0].b, IN), tells)
sweep("unregister", watched, lambda made: made[0].p.unregister(made[0].d), tells)
sweep("poll", watched, lambda made: made[0].p.poll(0), tells)
sweep("ipoll", watched, lambda made: [m for _, m in made[0].p.ipoll(0)], tells)
sweep("poll that waits", watched, lambda made: (made[0].b.recv(1), made[0].p.poll(20), made[0].a.send(b"y"), settle(made[0].b)))


def threads():
    for _ in range(300):
        gc.collect()
        if tasks() <= begun:
            break
        time.sleep(0.01)
    check("no thread is left", tasks(), begun)


collect()
if SYSTEM:  # a stack with threads of its own cannot be checked
    threads()
summary()
