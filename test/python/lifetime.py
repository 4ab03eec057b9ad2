# run: limit=40
# close, detach, with, the collector: nothing leaks, and a reused descriptor number is never touched.
import gc
import os
import select
import socket

from check import FIRST, SYSTEM, aside, check, collect, collected, descriptors, lost_are_closed, raised, raises, sections, skip, summary, true
from pairs import close, fill, narrow_pair, tcp_pair
from where import HOST, MANY


def closed_sockets():
    # Every later call raises EBADF and leaves the reused descriptor unchanged.
    calls = (
        ("recv", (1,)), ("recvfrom", (1,)), ("recv_into", (bytearray(1),)), ("recvfrom_into", (bytearray(1),)), ("send", (b"x",)),
        ("sendall", (b"x",)), ("sendto", (b"x", (HOST, 9))), ("read", (1,)), ("read", ()), ("readline", ()), ("readinto", (bytearray(1),)),
        ("write", (b"x",)), ("accept", ()), ("listen", ()), ("listen", (1,)), ("bind", ((HOST, 0),)), ("connect", ((HOST, 9),)),
        ("shutdown", (2,)), ("getsockname", ()), ("getpeername", ()), ("getsockopt", (socket.SOL_SOCKET, socket.SO_TYPE)), ("setsockopt", (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)), ("settimeout", (1,)),
        ("settimeout", (None,)), ("setblocking", (False,)), ("makefile", ("rb",)),
    )  # fmt: skip
    listener = socket.create_server((HOST, 0))
    s = socket.socket()
    fd = s.fileno()
    s.close()
    other = socket.create_connection(listener.getsockname())  # reuses the number that was just freed
    peer, _ = listener.accept()
    listener.close()
    true("U2: the number is reused", fd in (other.fileno(), peer.fileno()))
    for name, args in calls:
        raises("U2: {} on a closed socket".format(name), 9, getattr(s, name), *args)
    raises("U2: connect_ex on a closed socket", 9, s.connect_ex, (HOST, 9))
    for n in range(3):
        check("U2: close again, %d" % n, s.close(), None)
    check("fileno of a closed socket", s.fileno(), -1)
    s.__exit__(None, None, None)
    collect()
    del s
    collect()
    peer.sendall(b"untouched")
    check("U2: the socket that reused the number still works", other.recv(20), b"untouched")
    other.sendall(b"both ways")
    check("U2: both ways", peer.recv(20), b"both ways")
    close(other, peer)


def unreachable():
    start = descriptors()

    def lose(n, make):
        for _ in range(n):
            make()

    for label, make in (
        ("fresh sockets", socket.socket), ("pairs", tcp_pair), ("listeners", lambda: socket.create_server((HOST, 0))),
        ("files of lost sockets", lambda: tcp_pair()[0].makefile("rb")),
    ):  # fmt: skip
        aside(lambda: lose(MANY, make))
        lost_are_closed("U3: {}: unreachable ones are closed".format(label), start)

    def cycle():
        box = []
        s = socket.socket()
        box.append(s)
        box.append(box)

    aside(lambda: lose(MANY // 2, cycle))
    lost_are_closed("U3: sockets in a circle are closed", start)

    class Sub(socket.socket):
        pass

    aside(lambda: lose(MANY // 2, Sub))
    lost_are_closed("U3: subclass instances are closed", start)
    a, b = tcp_pair()

    def drop():
        box = [b.makefile("rb")]
        box.clear()

    lose(5, drop)
    collect()
    a.send(b"x")
    check("U17: a collected file does not close its socket", b.recv(1), b"x")
    close(a, b)


def with_statement():
    a, b = tcp_pair()
    with a as inner:
        true("R21: with gives the socket itself", inner is a)
        a.send(b"inside")
    check("R21: with closes", a.fileno(), -1)
    check("R21: the peer sees data, then the end", (b.recv(10), b.recv(10)), (b"inside", b""))
    b.close()
    s = socket.socket()
    e = raised(lambda: in_with(s))
    true("R21: an exception passes through", isinstance(e, KeyError), e)
    check("R21: and the socket is closed", s.fileno(), -1)


def in_with(s):
    with s:
        raise KeyError("inside")


def detach():
    a, b = tcp_pair()
    fd = a.fileno()
    check("detach gives the number", a.detach(), fd)
    check("fileno after detach", a.fileno(), -1)
    raises("recv after detach", 9, a.recv, 1)
    a.close()
    del a
    collect()
    b.settimeout(0.05)
    e = raised(b.recv, (1,))
    true("detached: neither close nor the collector closes it", isinstance(e, socket.timeout), e)
    c = socket.socket(fileno=fd)
    c.send(b"adopted")
    b.settimeout(2)
    check("the descriptor works for another", b.recv(10), b"adopted")
    close(c)
    check("the new owner of the number", b.recv(10), b"")
    b.close()


def fromfd():
    a, b = tcp_pair()
    c = socket.fromfd(a.fileno(), socket.AF_INET, socket.SOCK_STREAM)
    a.close()
    c.send(b"duplicate")
    check("a duplicate lives on", b.recv(10), b"duplicate")
    close(b, c)


def makefile_lives():
    a, b = tcp_pair()
    f, g = b.makefile("rb"), b.makefile("rb")
    f.close()
    f.close()
    a.send(b"still open\n")
    check("U17: closing a file twice closes neither the socket nor the other file", g.readline(), b"still open\n")
    h = b.makefile("rb", 0)
    h.close()
    b.settimeout(7)
    for x in (f, h):
        raises("a closed file has nothing to set", ValueError, x.setblocking, False)
    true("and sets nothing", b.gettimeout() == 7)
    b.close()
    b.close()
    check("U17: the closed socket has no number", b.fileno(), -1)
    raises("U17: nor life", 9, b.recv, 1)
    a.send(b"the file lives\n")
    check("U17: its file lives", g.readline(), b"the file lives\n")
    c, d = tcp_pair()
    g.close()
    check("U17: the peer sees the end", a.recv(1), b"")
    e, h = tcp_pair()
    g.close()
    f.close()
    b.close()
    collect()
    for x, y in ((c, d), (e, h)):
        x.send(b"ok")
        check("U17: sockets opened meanwhile are untouched", y.recv(5), b"ok")
    close(a, c, d, e, h)
    a, files = aside(left_with_a_file)
    collect()
    a.send(b"kept alive\n")
    check("U17: a file keeps the connection when its socket is unreachable", aside(lambda: files[0].readline()), b"kept alive\n")
    aside(lambda: end_file(files))
    collect()
    a.settimeout(2)
    e = raised(lambda: files.append(a.recv(1)))
    collected("U17: and ends it, once the collector has seen it", e is None and files == [b""], (e, files))
    a.close()


def end_file(files):
    files.pop().close()


def left_with_a_file():
    a, b = tcp_pair()
    return a, [b.makefile("rb")]


def wrong_arguments():
    start = descriptors()
    for args in (("x",), (None,), (2, "x"), (2, None), (2, 1, "x"), (2.5,), (2, 1, 0, None, None, None), ([],), (1 << 70,), (2, 1, 1 << 70), (-7,)):
        e = raised(socket.socket, args)
        true("U9: socket{} is refused".format(args), isinstance(e, (TypeError, OverflowError, OSError, ValueError)), e)
    collect()
    if SYSTEM:
        zero = os.listdir("/proc/self/fd")
        true("R9: descriptors 0, 1 and 2 are still open", "0" in zero and "1" in zero and "2" in zero, zero)
    check("R9: none was left or closed", descriptors(), start)
    listener = socket.create_server((HOST, 0))
    c = socket.socket()
    for name, args in (
        ("connect", (("no.such.host.invalid", "port"),)), ("connect", ((HOST, 70000),)), ("connect", ((HOST, 1, 2, 3, 4),)),
        ("bind", ((),)), ("bind", ((1, 2),)), ("sendto", (b"x", None)), ("setsockopt", (socket.SOL_SOCKET, socket.SO_REUSEADDR, [])), ("accept", (1,)), ("recv", ("x",)),
    ):  # fmt: skip
        e = raised(getattr(c, name), args)
        true("{}{} is refused".format(name, args), e is not None)
    true("and the socket lives", c.fileno() >= FIRST)
    close(c, listener)
    raised(socket.create_connection, ((HOST, 1), "x"))
    raised(socket.create_server, (5,))
    raised(socket.socketpair, (99,))
    collect()
    check("a failed call leaves no descriptor", descriptors(), start)


def inheritance():
    # Child processes must not inherit the module's descriptors.
    if not SYSTEM:
        skip("U22: children", "sockets are not the system's descriptors here")
        return
    s = socket.socket()
    c, d = tcp_pair()
    p, q = socket.socketpair()
    duplicate = socket.fromfd(c.fileno(), 2, 1)
    fds = [x.fileno() for x in (s, c, d, p, q, duplicate)]
    for fd in fds:
        status = os.system("test ! -e /proc/self/fd/{}".format(fd))
        check("U22: a child does not inherit descriptor of socket %d" % fds.index(fd), status, 0)
    close(s, c, d, p, q, duplicate)


def poll_after_close():
    # A poll object with a closed socket reports POLLNVAL or nothing, and never polls an unrelated descriptor.
    a, b = tcp_pair()
    p = select.poll()
    p.register(a, select.POLLIN)
    a.close()
    e = None
    try:
        found = p.poll(0)
    except OSError as x:
        e, found = x, []
    true("R8: polling a closed socket", (len(found) == 1 and found[0][1] & 32) or e is not None, (found, e))
    b.close()
    q = select.poll()
    e = raised(q.register, (a,))
    if e is None:
        found = q.poll(0)
        true("R8: a closed socket registered is NVAL", len(found) == 1 and found[0][1] & 32, found)
    else:
        true("R8: a closed socket cannot be registered", isinstance(e, (OSError, ValueError)), e)


def texts():
    s = socket.socket()
    s.bind((HOST, 0))
    words = repr(s)
    for part in ("fd=%d" % s.fileno(), "family=2", "type=1", "proto=0", "laddr=%r" % (s.getsockname(),)):
        true("repr has " + part.split("=")[0], part in words, words)
    s.close()
    true("repr of a closed socket", "closed" in repr(s) or "fd=-1" in repr(s), repr(s))
    port = s_port()
    e = raised(socket.socket().connect, ((HOST, port),))
    true("a message names the call and the peer", HOST in str(e) and str(port) in str(e), str(e))
    collect()


def s_port():
    s = socket.create_server((HOST, 0))
    port = s.getsockname()[1]
    s.close()
    return port


def close_flushes():
    a, b = narrow_pair()
    sent = fill(a)
    a.close()
    came, part = 0, b.recv(4096)
    while part:
        came, part = came + len(part), b.recv(4096)
    check("close does not discard sent bytes", came, sent)
    b.close()
    b = aside(left_alone)
    b.settimeout(5)
    collect()
    got = []
    e = raised(lambda: got.append(b.read()))
    collected("so does the collector", (e, got) == (None, [b"tail"]), (e, got))
    b.close()


def left_alone():
    a, b = tcp_pair()
    a.write(b"tail")
    return b


sections(
    closed_sockets, unreachable, with_statement, detach, fromfd, makefile_lives, wrong_arguments, inheritance, poll_after_close, texts, close_flushes,
)  # fmt: skip
gc.collect()
summary()
