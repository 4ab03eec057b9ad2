# run: net=veth limit=60 heap=16m
# usocket.resolver and usocket.dialer: lookups and connects for event loops, with select.poll and usocket.poller.
# (drive_race.py uses a name server.)
import gc
import select
import socket
import time

from check import check, collect, descriptors, descriptors_left, in_time, number, raised, raises, sections, since, skip, summary, ticks, true
from pairs import close
from where import BOTH, HOST, HOST6, NAME, SILENT

ST, DG = socket.SOCK_STREAM, socket.SOCK_DGRAM


def end_of(o, poller=None):
    # Wait for the outcome of result() in the way an event loop does.
    p = poller or select.poll()
    p.register(o, select.POLLIN)
    try:
        for _ in range(1000):
            try:
                return o.result()
            except OSError as e:
                if number(e) != 11:
                    return e
            p.poll(10000)
    finally:
        p.unregister(o)


def lookups():
    for host, port, kw in (
        (HOST, 80, {}), (HOST, "80", {"type": ST}), (None, 80, {"type": DG}), (HOST6, 1, {"family": 10}),
        (NAME, 80, {}), (NAME, 80, {"type": ST}), (BOTH, 7, {"type": ST, "flags": socket.AI_CANONNAME}),
    ):
        r = socket.resolver(host, port, **kw)
        label = "{} {} {}".format(host, port, sorted(kw.items()))
        expected = socket.getaddrinfo(host, port, kw.get("family", 0), kw.get("type", 0), 0, kw.get("flags", 0))
        check("as getaddrinfo: " + label, end_of(r), expected)
        check("more than once: " + label, r.result(), expected)
        r.close()
        r.close()
        raises("closed: " + label, 9, r.result)
    r = socket.resolver(HOST, 80)
    check("numeric: ready at once", len(r.result()) > 0, True)
    p, q = select.poll(), socket.poller()
    p.register(r, select.POLLIN)
    q.register(r, select.POLLIN)
    check("numeric: select.poll reports it", [m for o, m in p.poll(0)], [select.POLLIN])
    check("numeric: poller reports it", [m for o, m in q.poll(0)], [select.POLLIN])
    q.close()
    r.close()
    with socket.resolver(NAME, 1) as r:
        check("with", end_of(r, socket.poller()) == socket.getaddrinfo(NAME, 1), True)
    raises("with closes", 9, r.result)


def lookups_that_fail():
    raises("bad flags", socket.gaierror, socket.resolver, HOST, 80, flags=0x40000000)
    raises("another family", socket.gaierror, socket.resolver, HOST, 80, socket.AF_INET6)
    raises("a port that is none", OverflowError, socket.resolver, HOST, 65536)
    raises("no port", TypeError, socket.resolver, HOST)
    raises("an unknown keyword", TypeError, socket.resolver, HOST, 80, nonsense=1)
    r = socket.resolver("no-such-name.invalid", 80)
    e = end_of(r)
    true("no such name: gaierror", isinstance(e, socket.gaierror), e)
    true("which names the host", "no-such-name.invalid" in str(e), e)
    check("the same each time", str(raised(r.result)), str(e))
    r.close()


def connects():
    s = socket.create_server((HOST, 0))
    port = s.getsockname()[1]
    for poller in (None, socket.poller()):
        for host in (HOST, NAME, BOTH):
            d = socket.dialer(host, port, timeout=10)
            c = end_of(d, poller)
            true("connected: {}".format(host), isinstance(c, socket.socket), c)
            check("the peer", c.getpeername(), (HOST, port))
            check("non-blocking", c.gettimeout(), 0.0)
            raises("given once", 9, d.result)
            d.close()
            a, _ = s.accept()
            c.settimeout(5)
            a.send(b"hello")
            check("it works", c.read(5), b"hello")
            close(a, c)
        if poller:
            poller.close()
    d = socket.dialer(HOST, port, timeout=None, happy_eyeballs_delay=0.05)
    with d:
        c = end_of(d)
        c.close()
    s.close()


def connects_that_fail():
    s = socket.socket()
    s.bind((HOST, 0))
    port = s.getsockname()[1]  # a port without a listener
    d = socket.dialer(HOST, port, timeout=10)
    e = end_of(d)
    check("refused", number(e), 111)
    true("the message names the peer", "{}:{}".format(HOST, port) in str(e), e)
    check("the same each time", raised(d.result) is e, True)
    d.close()
    raises("closed", 9, d.result)
    d = socket.dialer(BOTH, port, timeout=10)
    e = end_of(d)
    expected = " {}:{}: [{}]: ECONNREFUSED, {}: ECONNREFUSED".format(BOTH, port, HOST6, HOST)
    check("each address and its cause", e.args if isinstance(e, OSError) else e, (111, "connect" + expected))
    d.close()
    e = raised(socket.create_connection, ((BOTH, port), 10))
    check("create_connection raises the same, in its own name", e.args, (111, "create_connection" + expected))
    d = socket.dialer("no-such-name.invalid", 80, timeout=10)
    e = end_of(d)
    true("no such name: gaierror", isinstance(e, socket.gaierror), e)
    d.close()
    raises("timeout of 0", ValueError, socket.dialer, HOST, port, timeout=0)
    raises("a negative timeout", ValueError, socket.dialer, HOST, port, timeout=-1)
    raises("a negative delay", ValueError, socket.dialer, HOST, port, happy_eyeballs_delay=-1)
    raises("no port", TypeError, socket.dialer, HOST)
    s.listen(1)
    made = []
    e = raised(lambda: made.append(socket.dialer(HOST, port, proto=socket.IPPROTO_SEC)))
    if e:
        check("TLS, which this build lacks", number(e), 93)
    else:
        secured = end_of(made[0])
        check("TLS: the socket comes before its handshake", (secured.proto, secured.gettimeout()), (256, 0.0))
        secured.close()
    s.close()


def deadlines():
    for poller in (None, socket.poller()):
        start = ticks()
        d = socket.dialer(SILENT[0], SILENT[1], timeout=0.3)
        e = end_of(d, poller)
        took = since(start)
        true("a silent host: timeout", isinstance(e, socket.timeout) and number(e) == 110, e)
        true("never early, nor seconds late", 300 <= took and in_time(took, 3000), took)
        d.close()
        if poller:
            poller.close()


def given_up():
    before = descriptors()
    for _ in range(3):
        d = socket.dialer(SILENT[0], SILENT[1], timeout=5)
        check("under way", number(raised(d.result)), 11)
        p = select.poll()
        p.register(d, select.POLLIN)
        check("nothing to do", p.poll(30), [])
        d.close()
        r = socket.resolver(NAME, 80)
        r.close()
    check("closed: no descriptor left", descriptors_left(before), 0)

    def forget():
        d = socket.dialer(SILENT[0], SILENT[1], timeout=5)
        raised(d.result)
        r = socket.resolver(NAME, 80)
        return id(d) and id(r)

    for _ in range(3):
        forget()
    collect()
    collect()
    true("unreachable: collected", descriptors() <= before + 2, (before, descriptors()))


def source_addresses():
    s = socket.create_server((HOST, 0))
    d = socket.dialer(NAME, s.getsockname()[1], timeout=10, source_address=(HOST, 0))
    c = end_of(d)
    check("from there", c.getsockname()[0], HOST)
    c.close()
    raises("a name would have to be waited for", 11, socket.dialer, HOST, 1, source_address=("some.example", 0))
    s.close()


sections(lookups, lookups_that_fail, connects, connects_that_fail, deadlines, given_up, source_addresses)
summary()
