import errno
import gc
import select
import struct

import socket
from far import *

EPIPE, EAGAIN, EINPROGRESS, ECONNRESET, ECONNREFUSED, EADDRINUSE = 32, 11, 115, 104, 111, 98
RESET = struct.pack("ii", 1, 0)
BLACK = {"4": ("198.51.100.7", 80), "6": ("2001:db8::99", 80)}


def pair(kind="4", dialled=True):
    # A connection: this end's socket and the kernel's descriptor.
    if dialled:
        n, port = kernel.listen(kind)
        s = dial(kind, port)
        far = kernel.accept(n)
        kernel.close(n)
        return s, far
    l, port = listener(kind)
    t = kernel.begin_dial(kind, port)
    s, _ = l.accept()
    l.close()
    return s, kernel.end(t)


def refused():
    for kind in KINDS:
        port = kernel.free_port(kind)
        s = socket.socket(family(kind), ST)
        timed(kind + ": refused", s.connect, (kernel_address(kind, port),), 0, LATE, ECONNREFUSED)
        s.close()
        s = socket.socket(family(kind), ST)
        s.settimeout(5)
        timed(kind + ": refused, with a timeout", s.connect, (kernel_address(kind, port),), 0, LATE, ECONNREFUSED)
        s.close()
        s = socket.socket(family(kind), ST)
        check(kind + ": connect_ex", s.connect_ex(kernel_address(kind, port)), ECONNREFUSED)
        s.close()
        s = socket.socket(family(kind), ST)
        s.setblocking(False)
        raises(kind + ": non-blocking connect", EINPROGRESS, s.connect, kernel_address(kind, port))
        p = select.poll()
        p.register(s, select.POLLOUT)
        true(kind + ": poll reports it", p.poll(3000))
        check(kind + ": SO_ERROR", s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), ECONNREFUSED)
        s.close()
        l, port = listener(kind)
        l.close()
        check(kind + ": no listener here", kernel.dial_from(kind, port, 5)[0], ECONNREFUSED)
    timed("create_connection refused", socket.create_connection, ((KERNEL4, kernel.free_port("4")), 5), 0, LATE, ECONNREFUSED)


def black_hole():
    for kind, address in sorted(BLACK.items()):
        for seconds in (0.05, 0.3, 1.25):
            s = socket.socket(family(kind), ST)
            s.settimeout(seconds)
            ms = int(seconds * 1000)
            timed("{}: connect to silence, {} s".format(kind, seconds), s.connect, (address,), ms, ms + LATE)
            s.close()
        s = socket.socket(family(kind), ST)
        s.settimeout(0.3)
        check(kind + ": connect_ex to silence", s.connect_ex(address), 110)
        s.close()
        timed(kind + ": create_connection to silence", socket.create_connection, (address, 0.3), 300, 300 + LATE)
        s = socket.socket(family(kind), ST)
        start = ticks()
        kernel.interrupt(0.5)
        try:
            s.connect(address)
            fail(kind + ": Ctrl-C in connect", "returned")
        except KeyboardInterrupt:
            true(kind + ": Ctrl-C in connect", 400 <= since(start) and in_time(since(start), 500 + LATE), since(start))
        s.close()


def timeouts():
    for kind in ("4", "6"):
        s, far = pair(kind, kind == "4")
        for seconds in (0.001, 0.03, 0.2, 1.1):
            ms = int(seconds * 1000)
            s.settimeout(seconds)
            timed("{}: recv, {} s".format(kind, seconds), s.recv, (1,), ms, ms + LATE)
        s.settimeout(0.4)
        # Bytes received before the deadline are kept.
        t = kernel.begin_later(0.1, "send", far, b"par")
        timed(kind + ": read(n) with a part", s.read, (10,), 400, 400 + LATE)
        kernel.end(t)
        t = kernel.begin_later(0.1, "send", far, b"tial\nrest")
        timed(kind + ": and again", s.read, (20,), 400, 400 + LATE)
        kernel.end(t)
        check(kind + ": nothing of it is lost", s.readline(), b"partial\n")
        check(kind + ": nor behind the line", s.recv(100), b"rest")
        s.settimeout(10)
        t = kernel.begin_later(0.2, "send", far, b"in time")
        check(kind + ": within the deadline", s.recv(100), b"in time")
        kernel.end(t)
        s.setblocking(False)
        raises(kind + ": non-blocking recv", EAGAIN, s.recv, 1)
        check(kind + ": non-blocking read", s.read(1), None)
        s.close()
        check(kind + ": the kernel sees the end", kernel.receive(far, 10), b"")
        kernel.close(far)
        l, _ = listener(kind)
        l.settimeout(0.3)
        timed(kind + ": accept", l.accept, (), 300, 300 + LATE)
        l.setblocking(False)
        raises(kind + ": non-blocking accept", EAGAIN, l.accept)
        l.close()


def full():
    # The peer does not read: the deadline holds, sent bytes are counted, and nothing is lost afterwards.
    for kind in ("4", "6"):
        n, port = kernel.listen(kind)
        kernel.small_buffer(n)
        s = dial(kind, port)
        far = kernel.accept(n)
        s.settimeout(0.5)
        size = 8000000
        start = ticks()
        try:
            s.sendall(content(0, size))
            fail(kind + ": sendall to a reader that does not read", "returned")
            sent = size
        except socket.timeout as e:
            took, sent = since(start), e.sent
            true(kind + ": sendall's deadline", 500 <= took and in_time(took, 500 + LATE), took)
            true(kind + ": sendall's exception has the count", 0 < sent < size, sent)
        start = ticks()
        while True:  # until there is no room for a single byte
            try:
                sent += s.send(content(sent, 100))
            except OSError as e:
                break
        timed(kind + ": send's deadline", s.send, (b"x",), 500, 500 + LATE)
        s.setblocking(False)
        raises(kind + ": non-blocking send", EAGAIN, s.send, b"x")
        check(kind + ": non-blocking write", s.write(b"x"), None)
        p = select.poll()
        p.register(s, select.POLLOUT)
        check(kind + ": poll has no room", p.poll(0), [])
        t = kernel.begin_receive_all(far)
        true(kind + ": poll has room when the other reads", p.poll(5000))
        s.settimeout(10)
        s.sendall(content(sent, 1000))
        s.close()
        check(kind + ": all sent bytes arrived, in order", kernel.end(t), (sent + 1000, True, "end"))
        kernel.close(far)
        kernel.close(n)


def resets():
    for dialled in (True, False):
        for kind in KINDS:
            t = "{} {}: ".format(kind, "client" if dialled else "server")
            s, far = pair(kind, dialled)
            s.settimeout(10)
            later = kernel.begin_later(0.2, "reset", far)
            timed(t + "reset during recv", s.recv, (10,), 0, 200 + LATE, ECONNRESET)
            kernel.end(later)
            check(t + "the error is reported once, then the end", s.recv(10), b"")
            raises(t + "send after a reset", EPIPE, s.send, b"x")
            s.close()
            s, far = pair(kind, dialled)
            s.settimeout(10)
            later = kernel.begin_later(0.3, "reset", far)
            start = ticks()
            e = raised(s.sendall, (content(0, 8000000),))
            true(t + "reset during sendall", isinstance(e, OSError) and e.errno in (ECONNRESET, EPIPE), e)
            true(t + "and it ends soon", in_time(since(start), 300 + 2 * LATE), since(start))
            kernel.end(later)
            s.close()
            s, far = pair(kind, dialled)
            s.settimeout(0.5)
            kernel.send(far, b"half a message")
            kernel.reset(far)
            e = raised(s.read, (100,))
            true(t + "reset during read(n)", isinstance(e, OSError) and e.errno == ECONNRESET, e)
            s.close()
    # This end resets the connection.
    s, far = pair("4")
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    check("SO_LINGER is read back", struct.unpack("ii", s.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)), (1, 0))
    s.send(b"x")
    check("before it", kernel.receive(far, 1), b"x")
    s.close()
    # lwIP resets only with unsent or unacknowledged bytes.
    end = kernel.receive_all(far)[2]
    true("close with linger 0 and nothing unsent", end == ECONNRESET or LWIP_SOCKETS and end == "end", end)
    kernel.close(far)
    s, far = pair("4")
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    s.settimeout(0.3)
    raised(s.sendall, (content(0, 8000000),))
    s.close()
    check("close with linger 0 resets", kernel.receive_all(far)[1:], (True, ECONNRESET))
    kernel.close(far)
    s, far = pair("4")
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 5))
    s.sendall(content(0, 50000))
    s.close()
    check("close with a long linger loses nothing", kernel.receive_all(far), (50000, True, "end"))
    kernel.close(far)
    s, far = pair("6")
    s.sendall(content(0, 60000))
    s.close()
    check("close without linger loses nothing", kernel.receive_all(far), (60000, True, "end"))
    kernel.close(far)
    s, far = pair("4")
    kernel.send(far, b"unread")
    time.sleep(0.2)
    s.close()
    check("close with unread data resets the peer", kernel.receive_all(far)[2] in (ECONNRESET, "end"), True)
    kernel.close(far)


def half_close():
    s, far = pair("6")
    s.shutdown(socket.SHUT_WR)
    check("the kernel sees the half-close", kernel.receive(far, 1), b"")
    raises("send after it", EPIPE, s.send, b"x")
    kernel.send(far, b"still open")
    check("receiving goes on", s.recv(100), b"still open")
    kernel.close(far)
    check("until the other end closes", s.recv(100), b"")
    s.close()
    s, far = pair("4", False)
    kernel.send(far, b"before")
    kernel.close(far)
    check("the bytes before the end", s.recv(100), b"before")
    check("the end", s.recv(100), b"")
    check("again", s.recv(100), b"")
    check("read() too", s.read(), b"")
    s.close()
    s, far = pair("4")
    s.shutdown(socket.SHUT_RDWR)
    check("shut both ways: the kernel sees the end", kernel.receive(far, 1), b"")
    check("and we", s.recv(1), b"")
    s.close()
    kernel.close(far)


def queue():
    # Connections queue with their data in order; those beyond the backlog stay unanswered or fail.
    l, port = listener("4", 3)
    fars = [kernel.dial("4", port) for _ in range(3)]
    for i, far in enumerate(fars):
        kernel.send(far, b"early %d" % i)
    time.sleep(0.2)
    got = []
    for _ in fars:
        s, _ = l.accept()
        got.append(s.recv(100))
        s.close()
    check("three wait with their data, in order", got, [b"early 0", b"early 1", b"early 2"])
    for far in fars:
        kernel.close(far)
    fars, ends = [], []
    for _ in range(6):
        end, far = kernel.dial_from("4", port, 10 if len(ends) < 3 else 0.7)
        ends.append(end)
        if far >= 0:
            fars.append(far)
    true("the queue holds its backlog", ends[:3] == ["connected"] * 3, ends)
    time.sleep(0.1)
    for _ in fars:
        l.settimeout(5)
        s, _ = l.accept()
        s.close()
    for far in fars:
        kernel.close(far)
    l.settimeout(0.3)
    while True:  # connections that had given up
        try:
            l.accept()[0].close()
        except OSError:
            break
    far = kernel.dial("4", port)
    l.settimeout(5)
    s, _ = l.accept()
    s.send(b"after")
    check("accept goes on after a full queue", kernel.receive(far, 10), b"after")
    s.close()
    kernel.close(far)
    # The peer closes before accept.
    far = kernel.dial("4", port)
    kernel.send(far, b"gone")
    kernel.close(far)
    time.sleep(0.2)
    s, _ = l.accept()
    check("closed before accept: data", s.recv(10), b"gone")
    check("closed before accept: end", s.recv(10), b"")
    s.close()
    far = kernel.dial("4", port)
    kernel.reset(far)
    time.sleep(0.2)
    l.settimeout(1)
    e = raised(l.accept)  # the connection may be missing, or accepted and then reset
    far = kernel.dial("4", port)
    kernel.send(far, b"next")
    l.settimeout(5)
    while True:
        s, _ = l.accept()
        try:
            got = s.recv(10)
        except OSError:
            s.close()
            continue
        s.close()
        break
    check("reset before accept: the next is served", got, b"next")
    kernel.close(far)
    # The listener is closed with connections in its queue.
    far = kernel.dial("4", port)
    time.sleep(0.1)
    l.close()
    gc.collect()
    true("a listener that closes ends those that wait", kernel.receive_all(far)[2] in (ECONNRESET, "end"))
    kernel.close(far)


def again():
    # Reuse of an address after the server has closed its connections first.
    l = socket.socket()
    l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    l.bind(("", 0))
    l.listen(2)
    port = l.getsockname()[1]
    far = kernel.dial("4", port)
    s, _ = l.accept()
    other = socket.socket()
    raises("an address in use", EADDRINUSE, other.bind, ("", port))
    other.close()
    close(s, l)
    check("the kernel sees the end", kernel.receive(far, 1), b"")
    kernel.close(far)
    time.sleep(0.1)
    l = socket.socket()
    l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    l.settimeout(10)
    check("SO_REUSEADDR binds it again", l.bind(("", port)), None)
    l.listen(2)
    far = kernel.dial("4", port)
    s, _ = l.accept()
    s.send(b"again")
    check("and serves", kernel.receive(far, 10), b"again")
    close(s, l)
    kernel.close(far)


def keepalive():
    s, far = pair("4")
    check("off at first", s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), 0)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    true("on", s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
    for name, value in (("TCP_KEEPIDLE", 1), ("TCP_KEEPINTVL", 1), ("TCP_KEEPCNT", 2)):
        s.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        check(name, s.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)), value)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    true("TCP_NODELAY", s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
    s.settimeout(0.2)
    true("probes are sent", kernel.probes(far, 3) >= 1)
    kernel.silence(True)
    s.settimeout(20)
    start = ticks()
    e = raised(s.recv, (1,))
    if LWIP_SOCKETS:
        true("keepalive ends a dead connection", isinstance(e, OSError) and e.errno in (110, ECONNRESET, 103), e)
    else:
        true("keepalive ends a dead connection: a timeout", isinstance(e, socket.timeout) and e.errno == 110, e)
        true("whose words are not those of a missed deadline", "the peer no longer answers" in str(e), e)
    true("within its time", in_time(since(start), 10000), since(start))
    kernel.silence(False)
    s.close()
    kernel.reset(far)


for section in (refused, black_hole, timeouts, full, resets, half_close, queue, again, keepalive):
    run(section)
finish()
