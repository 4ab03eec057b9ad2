import select

import socket
from far import *

EAGAIN, EMSGSIZE, ECONNREFUSED = 11, 90, 111
SIZES = (1, 2, 3, 100, 511, 512, 1000, 1399, 1452, 1471, 1472, 1473, 1480, 1481, 2000, 2960, 3001, 4000)


def echoed(kind):
    port = kernel.echo(kind)
    s, own = datagrams(kind)
    to = kernel_address(kind, port)
    for size in SIZES:
        data = content(size, size)
        check("{}: {} bytes were sent".format(kind, size), s.sendto(data, to), size)
        got, peer = s.recvfrom(65535)
        true("{}: {} bytes came back".format(kind, size), got == data, len(got))
    check(kind + ": the sender", peer[:2] + peer[3:], to[:2] + ((to[3] if len(to) > 2 else 0,) if kind != "4" else ()))
    s.sendto(b"", to)
    got, peer = s.recvfrom(10)
    check(kind + ": an empty datagram", got, b"")
    check(kind + ": has a sender", peer[1], port)
    s.connect(to)
    check(kind + ": connected: getpeername", s.getpeername()[:2], to[:2])
    # lwIP's sockets choose an address for each datagram and bind none.
    check(kind + ": connected: our address", s.getsockname()[0], ("0.0.0.0" if kind == "4" else "::") if LWIP_SOCKETS else host(kind, False))
    s.send(b"0123456789")
    check(kind + ": cut to the buffer", s.recv(4), b"0123")
    s.settimeout(0.2)
    timed(kind + ": the rest is gone", s.recv, (4,), 200, 200 + LATE)
    s.settimeout(5)
    s.send(b"peeked")
    check(kind + ": peek", s.recv(10, socket.MSG_PEEK), b"peeked")
    check(kind + ": peek again", s.recvfrom(3, socket.MSG_PEEK)[0], b"pee")
    buf = bytearray(10)
    n, peer = s.recvfrom_into(buf)
    check(kind + ": and take", (bytes(buf[:n]), peer[1]), (b"peeked", port))
    s.sendall(b"sendall is one datagram" * 40)
    check(kind + ": sendall", len(s.recv(2000)), 920)
    s.send(b"stop")
    s.close()


def filtered():
    # A connected socket receives only from its peer.
    for kind in ("4", "6"):
        peer, other = kernel.open_port(kind), kernel.open_port(kind)
        s, own = datagrams(kind)
        s.connect(kernel_address(kind, peer))
        kernel.send(other, kind, own, b"not for you")
        kernel.send(peer, kind, own, b"for you")
        check(kind + ": the peer's", s.recv(100), b"for you")
        s.settimeout(0.2)
        timed(kind + ": not that of another sender", s.recv, (100,), 200, 200 + LATE)
        s.close()
        # Many senders, each with its address, before and after bind.
        s, own = datagrams(kind)
        kernel.send(other, kind, own, b"one", b"two")
        kernel.send(peer, kind, own, b"three")
        got = [s.recvfrom(10) for _ in range(3)]
        check(kind + ": order and senders", [(d, a[1]) for d, a in got], [(b"one", other), (b"two", other), (b"three", peer)])
        s.close()


def sizes_from_the_kernel():
    for kind in KINDS:
        port = kernel.open_port(kind)
        s, own = datagrams(kind)
        good = 0
        for size in SIZES:
            kernel.send_sizes(port, kind, own, (size,))
            good += s.recv(65535) == content(size, size)
        check(kind + ": every size comes as it was sent", good, len(SIZES))
        s.close()


def no_receiver():
    for kind in ("4", "6"):
        s, own = datagrams(kind)
        s.close()
        check(kind + ": the kernel gets the refusal of a port without a listener", kernel.refused(kind, own), ECONNREFUSED)
        port = kernel.closed_port(kind)
        s, _ = datagrams(kind)
        s.connect(kernel_address(kind, port))
        s.settimeout(1)
        check(kind + ": a datagram without a receiver is sent", s.send(b"anybody?"), 8)
        # Depending on the stack: ECONNREFUSED for ICMP's port unreachable, or the deadline.
        e = raised(s.recv, (10,))
        true(kind + ": then refused, or the deadline", isinstance(e, OSError) and e.errno in (ECONNREFUSED, 110), e)
        s.close()


def waits():
    port = kernel.open_port("4")
    s, own = datagrams("4")
    for seconds in (0.01, 0.25, 1.0):
        s.settimeout(seconds)
        timed("recvfrom, {} s".format(seconds), s.recvfrom, (1,), int(seconds * 1000), int(seconds * 1000) + LATE)
    t = kernel.begin_later(0.3, "send", port, "4", own, b"in time")
    s.settimeout(5)
    start = ticks()
    check("within the deadline", s.recv(100), b"in time")
    true("and soon", in_time(since(start), 300 + LATE), since(start))
    kernel.end(t)
    s.setblocking(False)
    raises("non-blocking", EAGAIN, s.recv, 1)
    p = select.poll()
    p.register(s, select.POLLIN)
    check("poll waits", p.poll(50), [])
    kernel.send(port, "4", own, b"there")
    true("poll reports it", p.poll(2000))
    check("the reported datagram", s.recv(10), b"there")
    s.settimeout(None)
    kernel.interrupt(0.3)
    try:
        s.recv(10)
        fail("Ctrl-C in recv", "returned")
    except KeyboardInterrupt:
        ok("Ctrl-C in recv")
    s.close()


def floods():
    # More than the mailbox holds: datagrams may be lost, but the received ones are whole and in order, and later ones arrive again.
    port = kernel.open_port("4")
    s, own = datagrams("4")
    kernel.flood(port, "4", own, 500, 400)
    time.sleep(0.2)
    s.settimeout(0.2)
    got = []
    while True:
        try:
            d = s.recv(1000)
        except OSError as e:
            check("the end of a flood is the deadline", e.errno, 110)
            break
        if len(d) != 400:
            got = None
            break
        got.append(int(d[:6]))
    true("the kept datagrams of a flood are whole and in order", got and got == sorted(set(got)), got)
    kernel.send(port, "4", own, b"after")
    s.settimeout(5)
    check("after a flood", s.recv(10), b"after")
    sent, lost = 0, None
    for n in range(300):
        try:
            s.sendto(content(n, 1200), kernel_address("4", port))
            sent += 1
        except OSError as e:
            lost = e
            break
    check("a flood of ours is sent", (sent, lost), (300, None))
    s.close()


def too_long():
    s, _ = datagrams("4")
    port = kernel.open_port("4")
    raises("70000 bytes are no datagram", EMSGSIZE, s.sendto, bytes(70000), kernel_address("4", port))
    e = raised(s.sendto, (content(0, 9000), kernel_address("4", port)))
    if e is None:
        got, peer = kernel.receive(port)
        true("9000 bytes arrive", got == content(0, 9000), len(got))
    else:
        true("or say why not", isinstance(e, OSError) and e.errno in (EMSGSIZE, 12, 105), e)
    s.sendto(b"small", kernel_address("4", port))
    check("a small one after it", kernel.receive(port)[0], b"small")
    s.close()


for kind in KINDS:
    run(lambda: echoed(kind))
for section in (filtered, sizes_from_the_kernel, no_receiver, waits, floods, too_long):
    run(section)
finish()
