import os
import socket
from far import *
from moving import pull, push

# With a window of four segments most losses need a retransmission timeout.
SIZE = 40009 if os.getenv("POOLS") == "tiny" else 120011


def clean():
    kernel.treat("drop=0 twice=0 late=0")


def exact(t, kind):
    port = kernel.listen(kind)
    served = kernel.begin_serve(port, "both", 11, SIZE, 3001, 7)
    s = dial(kind, port, 60)
    pushing = spawn(push, s, 7, SIZE, "sendall")
    check(t + "received", pull(s, 11, "recv"), (SIZE, -1))
    check(t + "sending ended", pushing(60), [None])
    s.close()
    check(t + "what the kernel got", kernel.end(served)[1], (SIZE, -1))
    l, port = listener(kind, timeout=60)
    called = kernel.begin_client(kind, port, "echo first", 21, SIZE, 2003, 13)
    s, _ = l.accept()
    s.settimeout(60)
    check(t + "server: received", pull(s, 21, "read"), (SIZE, -1))
    push(s, 13, SIZE, "write")
    close(s, l)
    check(t + "server: what the kernel got", kernel.end(called)[2], (SIZE, -1))


def mistreated():
    exact("a clean link: ", "4")
    for fate, kind in (("drop=0.03", "4"), ("twice=0.3", "6"), ("late=0.3", "4"), ("drop=0.02 twice=0.1 late=0.1", "6")):
        clean()
        before = kernel.treat(fate)
        exact("{}, IPv{}: ".format(fate, kind), kind)
        now = kernel.treat("count")
        if "drop" in fate:
            true(fate + ": frames were lost in both directions", all([b > a for a, b in zip(before, now)]), (before, now))
    clean()


def datagrams_on_it():
    port = kernel.echo("4")
    s, _ = datagrams("4", 5)
    kernel.treat("drop=0.2 twice=0.2 late=0.2")
    whole, came = True, 0
    for n in range(100):
        s.sendto(b"%03d" % n + content(n, 3 * n), (KERNEL4, port))
    while True:
        try:
            d = s.recv(2000)
            s.settimeout(0.3)
        except OSError as e:
            check("the end is the deadline", e.errno, 110)
            break
        n = int(d[:3])
        whole = whole and d == b"%03d" % n + content(n, 3 * n)
        came += 1
    true("datagrams come whole, or not at all", whole and 0 < came < 300, came)  # a small mailbox holds few
    clean()
    s.sendto(b"stop", (KERNEL4, port))
    s.close()


def deadlines():
    kernel.treat("drop=0.3 twice=0.2 late=0.2")
    n, port = kernel.keep_listening("4")
    s = dial("4", port, 30)
    for seconds in (0.05, 0.3, 0.7):
        ms = int(seconds * 1000)
        s.settimeout(seconds)
        timed("recv on a lossy link, {} s".format(seconds), s.recv, (1,), ms, ms + LATE)
    l, _ = listener("4", timeout=0.3)
    timed("accept on a lossy link", l.accept, (), 300, 300 + LATE)
    l.close()
    clean()
    # The link goes down during a transfer and comes back: no byte is lost or duplicated.
    far = kernel.accept(n)
    kernel.treat("drop=1")
    s.settimeout(0.6)
    start = ticks()
    try:
        s.sendall(content(0, 2000000))
        fail("sendall into a dead link", "returned")
    except socket.timeout as e:
        sent = e.sent
        true("sendall into a dead link: its deadline", 600 <= since(start) and in_time(since(start), 600 + LATE), since(start))
    timed("recv from a dead link", s.recv, (1,), 600, 600 + LATE)
    c = socket.socket()
    c.settimeout(0.4)
    timed("connect into a dead link", c.connect, ((KERNEL4, port),), 400, 400 + LATE)
    c.close()
    s.settimeout(None)
    kernel.interrupt(0.3)
    try:
        s.recv(1)
        fail("Ctrl-C on a dead link", "returned")
    except KeyboardInterrupt:
        ok("Ctrl-C on a dead link")
    clean()
    s.settimeout(30)
    s.sendall(content(sent, 5000))
    s.shutdown(socket.SHUT_WR)
    check("the link is back: all of it, once", kernel.receive_all(far), (sent + 5000, True, "end"))
    s.close()


for section in (mistreated, datagrams_on_it, deadlines):
    run(section)
finish()
