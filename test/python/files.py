# run: files=24 limit=40
# Out of descriptors: the collector runs once and the call is repeated; then it raises EMFILE, and every object stays usable.
import select
import socket
import time

from check import FIRST, SYSTEM, check, collect, descriptors, number, raised, raises, sections, since, summary, ticks, true
from pairs import close, settle, tcp_pair
from where import HOST, LIMIT, NAME


def take_all():
    held = []
    while True:
        try:
            held.append(socket.socket())
        except OSError as e:
            return held, e


def the_limit_is_there():
    held, e = take_all()
    check("EMFILE at the limit", number(e), 24)
    full = number(e)
    true("near the limit", len(held) >= LIMIT - 8, len(held))
    raises("socketpair at the limit", full, socket.socketpair)
    raises("fromfd at the limit", full, socket.fromfd, held[0].fileno(), 2, 1)
    raises("create_server at the limit", full, socket.create_server, (HOST, 0))
    raises("create_connection at the limit", full, socket.create_connection, (HOST, 1))
    close(*held)
    s = socket.socket()
    true("room again after closing", s.fileno() >= FIRST)
    s.close()


def lose_all():
    # Open as many sockets as the limit allows and make them unreachable without a collection.
    n = LIMIT - descriptors() + 1  # the count includes the listing's own descriptor
    n = n if SYSTEM else MOST
    for _ in range(n):
        socket.socket()
    return n


def collected_and_tried_again():
    for label, make in (
        ("socket()", lambda: socket.socket().close()),
        ("socketpair()", lambda: close(*socket.socketpair())),
        ("create_server()", lambda: socket.create_server((HOST, 0)).close()),
    ):
        n = lose_all()
        e = raised(make)
        check("{} with {} lost sockets: collected, tried again".format(label, n), e, None)
        collect()
    s = socket.create_server((HOST, 0))
    c = socket.create_connection(s.getsockname())
    settle(s)
    s.settimeout(10)
    lose_all()
    got = []
    e = raised(lambda: got.append(s.accept()[0]))
    check("accept() with lost sockets: collected, tried again", (e, len(got)), (None, 1))
    collect()
    lose_all()
    e = raised(lambda: got.append(socket.fromfd(c.fileno(), 2, 1)))
    check("fromfd() with lost sockets", e, None)
    collect()
    lose_all()
    e = raised(lambda: got.append(socket.create_connection(s.getsockname())))
    check("create_connection() with lost sockets", e, None)
    close(s, c, *got)
    collect()


def accept_without_descriptors():
    s = socket.create_server((HOST, 0))
    c = socket.create_connection(s.getsockname())
    settle(s)
    held, _ = take_all()
    s.settimeout(1)
    got = []
    e = raised(lambda: got.append(s.accept()[0]))
    check("accept without descriptors", number(e), 24)
    if got:  # a stack that has allocated a socket for each connection in the backlog
        close(*held)
        d = got[0]
    else:
        raises("accept without descriptors, again", 24, s.accept)
        s.setblocking(False)
        raises("accept without descriptors, non-blocking", 24, s.accept)
        close(*held)
        s.settimeout(2)
        d, _ = s.accept()
    c.send(b"waited")
    check("the connection was kept for later", d.recv(10), b"waited")
    close(s, c, d)


def keeping_bytes_without_descriptors():
    # A read that times out after receiving bytes keeps them in this state as well.
    a, b = tcp_pair()
    b.settimeout(0.05)
    a.send(b"kept")
    settle(b)
    held, _ = take_all()
    e = raised(b.read, (10,))
    true("a read times out without descriptors", isinstance(e, OSError) and number(e) in (110, 24), e)
    close(*held)
    b.settimeout(2)
    check("and its bytes are kept", b.recv(10), b"kept")
    held, _ = take_all()
    a.send(b"line")
    settle(b)
    b.settimeout(0.05)
    e = raised(b.readline)
    true("a readline times out without descriptors", isinstance(e, OSError) and number(e) in (110, 24), e)
    b.settimeout(2)
    check("and its bytes are kept, still without descriptors", b.recv(10), b"line")
    close(*held)
    close(a, b)


def a_dialer_begins_anew():
    # Without a descriptor for an attempt the dialer keeps waiting, and its poll wakes up.
    s = socket.create_server((HOST, 0))
    d = socket.dialer(NAME, s.getsockname()[1], timeout=10)
    p = socket.poller()
    p.register(d, select.POLLIN)
    time.sleep(0.3)  # the lookup's answer has arrived, but result() was not called
    held, _ = take_all()
    del held[-8:]  # unreachable, not closed; only a few, because the collector may miss some of them
    got, told, end = [], [], ticks()
    while not got and since(end) < 10000:
        told += [mask for _, mask in p.poll(500)]
        e = raised(lambda: got.append(d.result()))
        if e is not None and number(e) != 11:
            break
    check("a dialer without a descriptor: collected, tried again", (len(got), e), (1, None))
    check("no poll reports it as closed", [mask for mask in told if mask & 32], [])
    p.close()
    close(s, d, *(held + got))
    collect()


def lookups_without_descriptors():
    held, _ = take_all()
    e = raised(socket.getaddrinfo, (HOST, 80))
    check("a numeric address needs none", e, None)
    raised(socket.getaddrinfo, (NAME, 80))
    close(*held)
    collect()
    check("and names work again", raised(socket.getaddrinfo, (NAME, 80)), None)


MOST = len(take_all()[0])
collect()

sections(
    the_limit_is_there, collected_and_tried_again, accept_without_descriptors, keeping_bytes_without_descriptors, a_dialer_begins_anew,
    lookups_without_descriptors,
)  # fmt: skip
true("more than a handful of descriptors were in play", descriptors() < LIMIT)
summary()
