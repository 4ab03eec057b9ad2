import socket
from far import *

ANY = OSError


def connected():
    n, port = kernel.listen("4")
    s = dial("4", port)
    return s, kernel.accept(n), port


def receiving():
    s, far, port = connected()
    s.settimeout(1.0)
    kernel.down(0.2)
    timed("recv", s.recv, (1,), 0, 1000 + LATE, ANY)
    timed("read(n)", s.read, (10,), 0, 1000 + LATE, ANY)
    s.settimeout(0.5)
    t = timed("connect", socket.create_connection, ((KERNEL4, port), 0.5), 0, 500 + LATE, ANY)
    l, _ = listener("4", timeout=0.4)
    timed("accept", l.accept, (), 400, 400 + LATE)
    l.close()
    s.settimeout(None)
    kernel.interrupt(0.3)
    try:
        s.recv(1)
        fail("Ctrl-C", "returned")
    except KeyboardInterrupt:
        ok("Ctrl-C")
    kernel.up()
    kernel.send(far, b"the link is back")
    s.settimeout(20)
    check("the connection lives on", s.recv(100), b"the link is back")
    s.send(b"and forth")
    check("in both directions", kernel.receive(far, 100), b"and forth")
    s.close()
    kernel.close(far)


def sending():
    s, far, port = connected()
    s.settimeout(1.0)
    t = kernel.begin_later(0.2, "down")
    start = ticks()
    try:
        s.sendall(content(0, 8000000))
        fail("sendall", "returned")
    except OSError as e:
        true("sendall: an error within the deadline", in_time(since(start), 1000 + LATE), (e, since(start)))
        sent = getattr(e, "sent", None)
    kernel.end(t)
    time.sleep(0.1)
    kernel.up()
    if sent is not None:
        s.settimeout(20)
        t = kernel.begin_receive_all(far)
        s.sendall(content(sent, 1000))
        s.close()
        check("all sent bytes arrive in the end", kernel.end(t), (sent + 1000, True, "end"))
    s.close()
    kernel.close(far)


def datagrams_and_names():
    s, own = datagrams("4", 0.4)
    socket.setdefaulttimeout(0.6)
    kernel.down()
    time.sleep(0.2)
    e = raised(s.sendto, (b"x", (KERNEL4, 9)))
    true("sendto: sent, or a clear error", e is None or isinstance(e, OSError) and e.errno > 0, e)
    timed("recvfrom", s.recvfrom, (10,), 400, 400 + LATE)
    timed("a lookup", socket.getaddrinfo, ("unasked.behind.test", 80), 0, 600 + LATE, ANY)
    c = socket.socket()
    c.settimeout(0.5)
    timed("connect to a name", c.connect, (("two.behind.test", 80),), 0, 500 + LATE, ANY)
    c.close()
    kernel.up()
    socket.setdefaulttimeout(10)
    check("a lookup afterwards", socket.getaddrinfo("n40.test", 80, 2, ST)[0][4], ("192.0.2.40", 80))
    socket.setdefaulttimeout(None)
    s.close()
    for kind in ("4", "6"):
        n, port = kernel.listen(kind)
        c = dial(kind, port)
        far = kernel.accept(n)
        c.send(b"new")
        check("IPv{}: a new connection".format(kind), kernel.receive(far, 10), b"new")
        c.close()
        kernel.close(far)


for section in (receiving, sending, datagrams_and_names):
    run(section)
finish()
