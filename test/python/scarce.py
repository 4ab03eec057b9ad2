# run: limit=60
# Resources of unreachable sockets are freed on demand: ports as well as descriptors. A descriptor closed by other code raises an error.
import gc
import socket

from check import SYSTEM, at_most, check, collect, descriptors, number, raised, raises, sections, skip, summary, true
from pairs import close, free_port, tcp_pair
from where import HOST, STALE


def lose_listener(port, make):
    make(port)
    return None


def by_hand(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((HOST, port))
    s.listen(1)
    return s


def by_function(port):
    return socket.create_server((HOST, port))


def datagrams(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((HOST, port))
    return s


def in_a_cycle(port):
    loop = [by_function(port)]
    loop.append(loop)


def interrupted(port):
    class Stop(Exception):
        pass

    def serve():
        s = by_hand(port)
        raise Stop(s.fileno())

    raised(serve)


def fresh_frame(n):
    return [n] if n == 0 else fresh_frame(n - 1)


def ports():
    # A conservative collector may keep one by chance: three of four are enough.
    if STALE:
        skip("ports", "the collector of this target keeps objects by mistake")
        return
    for lose in (by_hand, by_function, in_a_cycle, interrupted, datagrams):
        again = datagrams if lose is datagrams else by_hand
        for name, take in ((again.__name__, again),) + ((("create_server", by_function),) if lose is not datagrams else ()):
            good = 0
            for _ in range(4):
                gc.collect()
                gc.disable()
                port = free_port()
                lose_listener(port, lose)
                fresh_frame(20)
                e = raised(lambda: take(port).close())
                good += e is None
                gc.enable()
                collect()
            true("a lost {} has the port, {} gets it".format(lose.__name__, name), good >= 3, (good, e))
    s = by_function(0)
    raises("a port that a live socket uses", 98, by_function, s.getsockname()[1])
    raises("the same with bind", 98, by_hand, s.getsockname()[1])
    s.close()


def closed_behind(label, make, close_it):
    s = make()
    fd = s.fileno()
    t = socket.socket(fileno=fd)
    t.close()
    raises("closed by other code: {} raises EBADF".format(label), 9, close_it, s)
    check("it is closed then: " + label, raised(s.fileno) is not None or s.fileno() == -1, True)
    check("closed again without an error: " + label, raised(s.close), None)


def fresh():
    return socket.socket()


def connected():
    a, b = tcp_pair()
    kept.append(b)
    return a


def left_by_with(s):
    with s:
        pass


def only_file():
    a = connected()
    f = a.makefile("rb")
    a.close()
    return f


kept = []


def others_close_it():
    if not SYSTEM:
        skip("a descriptor that other code closes", "this stack's numbers are no descriptors of the system")
        return
    closed_behind("close()", fresh, lambda s: s.close())
    closed_behind("close() when connected", connected, lambda s: s.close())
    closed_behind("with", fresh, left_by_with)
    closed_behind("close() of the last file", only_file, lambda f: f.close())
    closed_behind("with, of the last file", only_file, left_by_with)

    def lose():
        s = socket.socket()
        t = socket.socket(fileno=s.fileno())
        t.close()

    lose()
    check("the collector is silent", raised(collect), None)
    close(*kept)


def until_full(type):
    # Sockets that are all in use, and so many that there is no room for another one: their number, and the error.
    held = []
    e = None
    while e is None and len(held) < 1000:
        e = raised(lambda: held.append(socket.socket(socket.AF_INET, type)))
    close(*held)
    return len(held), e


def pools():
    # With the collector off, only the shortage itself can start the collection that frees lost sockets.
    if SYSTEM:
        skip("the stack's pools", "the system's limit of descriptors comes first: files.py")
        return
    for type in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        n, e = until_full(type)
        # ENOBUFS is the stack's own error; some ports count it as a lack of sockets
        true("no room for another socket of type {}".format(type), number(e) in (23, 24, 105), (n, e))
        gc.collect()
        gc.disable()
        e = None
        for _ in range(3 * n):
            e = e or raised(socket.socket, (socket.AF_INET, type))
        check("{} lost sockets of type {} make room for others".format(3 * n, type), e, None)
        gc.enable()
        collect()


sections(ports, others_close_it, pools)
summary()
