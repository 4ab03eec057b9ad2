import socket
from far import *

NONAME = socket.EAI_NONAME


def shapes():
    g = socket.getaddrinfo
    check("A", g("four.test", 80, 0, ST), [(2, 1, 6, "", (KERNEL4, 80))])
    check("AAAA", g("six.test", 80, 0, ST), [(10, 1, 6, "", (KERNEL6, 80, 0, 0))])
    check("both: IPv4 first", g("dual.test", 80, 0, ST), [(2, 1, 6, "", (KERNEL4, 80)), (10, 1, 6, "", (KERNEL6, 80, 0, 0))])
    check("both, IPv4 asked for", g("dual.test", 80, socket.AF_INET, ST), [(2, 1, 6, "", (KERNEL4, 80))])
    check("both, IPv6 asked for", g("dual.test", 80, socket.AF_INET6, ST), [(10, 1, 6, "", (KERNEL6, 80, 0, 0))])
    check("a datagram", g("four.test", 53, 0, DG), [(2, 2, 17, "", (KERNEL4, 53))])
    check("CNAME", g("alias.test", 80, 0, ST), [(2, 1, 6, "", (KERNEL4, 80)), (10, 1, 6, "", (KERNEL6, 80, 0, 0))])
    check("CNAME of a CNAME", g("second.alias.test", 80, socket.AF_INET, ST), [(2, 1, 6, "", (KERNEL4, 80))])
    check("entry 0 is a stream", [a[1] for a in g("four.test", 80)][0], ST)
    check("all types", sorted([a[1] for a in g("four.test", 80)])[:2], [1, 2])
    check("upper case", g("FOUR.Test", 80, 0, ST)[0][4], (KERNEL4, 80))
    check("a dot at the end", g("four.test.", 80, 0, ST)[0][4], (KERNEL4, 80))
    check("port None", g("four.test", None, 0, ST)[0][4], (KERNEL4, 0))
    check("port 0", g("four.test", 0, 0, ST)[0][4], (KERNEL4, 0))
    check("a port in digits", g("four.test", "8080", 0, ST)[0][4], (KERNEL4, 8080))
    check("a name as bytes", g(b"four.test", 80, 0, ST)[0][4], (KERNEL4, 80))
    check("gethostbyname", socket.gethostbyname("dual.test"), KERNEL4)
    check("localhost", g("localhost", 80, socket.AF_INET, ST)[0][4], ("127.0.0.1", 80))
    two = sorted([a[4][0] for a in g("two.behind.test", 80, 0, ST)])
    # lwIP's resolver stores one address per family.
    check("two addresses of one family", two, ["192.0.2.1"] if LWIP else ["192.0.2.1", "198.51.100.99"])


def missing():
    for label, name, numbers in (
        ("NXDOMAIN", "nx.test", (NONAME,)), ("no such subdomain", "a.b.c.test", (NONAME,)),
        ("SERVFAIL", "broken.behind.test", (NONAME, socket.EAI_AGAIN, socket.EAI_FAIL)),
    ):
        e = raised(socket.getaddrinfo, (name, 80))
        true(label + ": gaierror", isinstance(e, socket.gaierror) and e.errno in numbers, e)
        true(label + ": the words name the host", name in str(e), e)
    e = raised(socket.getaddrinfo, ("four.test", 80, socket.AF_INET6))
    true("no AAAA", isinstance(e, socket.gaierror) and e.errno < 0, e)
    e = raised(socket.getaddrinfo, ("six.test", 80, socket.AF_INET))
    true("no A", isinstance(e, socket.gaierror) and e.errno < 0, e)
    for label, name in (("too long a label", "x" * 64 + ".test"), ("too long a name", "x.y" * 100), ("an empty label", "a..test")):
        e = raised(socket.getaddrinfo, (name, 80))
        true(label, isinstance(e, (OSError, ValueError)), e)
    check("and a lookup works after them", socket.getaddrinfo("four.test", 80, 0, ST)[0][4], (KERNEL4, 80))
    s = socket.socket()
    e = raised(s.connect, (("nx.test", 80),))
    true("connect", isinstance(e, socket.gaierror) and e.errno == NONAME, e)
    s.close()


def silent():
    for seconds in (0.05, 0.4, 1.2):
        ms = int(seconds * 1000)
        socket.setdefaulttimeout(seconds)
        timed("getaddrinfo, silent, {} s".format(seconds), socket.getaddrinfo, ("silent{}.behind.test".format(ms), 80), ms, ms + LATE)
        socket.setdefaulttimeout(15)  # it may wait for an entry in a small table
        check("the next lookup works", socket.getaddrinfo("four.test", 80, 0, ST)[0][4], (KERNEL4, 80))
    for kind, name, args in (
        (ST, "connect", (("silent.behind.test", 80),)), (ST, "bind", (("silent.behind.test", 80),)),
        (DG, "sendto", (b"x", ("silent.behind.test", 80))),
    ):
        s = socket.socket(type=kind)
        s.settimeout(0.3)
        timed("{}, silent".format(name), getattr(s, name), args, 300, 300 + LATE)
        s.close()
    timed("create_connection, silent", socket.create_connection, (("silent.behind.test", 80), 0.3), 300, 300 + LATE)
    socket.setdefaulttimeout(None)
    start = ticks()
    kernel.interrupt(0.4)
    try:
        socket.getaddrinfo("silent.behind.test", 80)
        fail("Ctrl-C in a lookup", "returned")
    except KeyboardInterrupt:
        true("Ctrl-C in a lookup", 300 <= since(start) and in_time(since(start), 400 + LATE), since(start))
    check("and the next works", socket.getaddrinfo("dual.test", 80, 0, ST)[0][4], (KERNEL4, 80))
    start = ticks()
    e = raised(socket.getaddrinfo, ("silent.behind.test", 80))
    true("without a deadline it ends by itself", isinstance(e, socket.gaierror), e)
    true("some time", in_time(since(start), 30000), since(start))


def connecting():
    port = kernel.serve_both()
    for name in ("four.test", "dual.test", "alias.test"):
        s = socket.socket()
        s.settimeout(5)
        s.connect((name, port))
        check("connect to " + name, s.getpeername(), (KERNEL4, port))
        s.close()
    s = socket.socket(socket.AF_INET6)
    s.settimeout(5)
    s.connect(("dual.test", port))
    check("connect with IPv6", s.getpeername(), (KERNEL6, port, 0, 0))
    s.close()
    # Both addresses answer, and either may be first (RFC 8305; test_race.c tests the order).
    for name, ends in (("six.test", (KERNEL6,)), ("four.test", (KERNEL4,)), ("dual.test", (KERNEL6, KERNEL4))):
        s = socket.create_connection((name, port), 5)
        true("create_connection to " + name, s.getpeername()[0] in ends, s.getpeername())
        s.close()
    start = ticks()
    s = socket.create_connection(("deadfirst.behind.test", port), 6)
    check("create_connection passes a dead address by", s.getpeername()[0], KERNEL6)
    true("in time", in_time(since(start), 6000), since(start))
    s.close()
    s = socket.socket()
    s.settimeout(5)
    e = raised(s.connect, (("six.test", port),))
    true("an IPv6 name on an IPv4 socket", isinstance(e, socket.gaierror), e)
    s.close()
    s = socket.socket()
    s.settimeout(1.0)
    start = ticks()
    e = raised(s.connect, (("deadfirst.behind.test", port),))
    true("one deadline for lookup and connect", isinstance(e, socket.timeout) and 1000 <= since(start) and in_time(since(start), 1000 + LATE), (e, since(start)))
    s.close()


def together():
    socket.setdefaulttimeout(15)
    start = ticks()
    lookups = [spawn(socket.getaddrinfo, "slow.behind.test", 80, 2, ST) for _ in range(2)]
    lookups += [spawn(socket.getaddrinfo, "n{}.test".format(n), 80, 2, ST) for n in range(30, 34)]
    got = [t(15) for t in lookups]
    want = [[[(2, 1, 6, "", (a, 80))]] for a in [KERNEL4] * 2 + ["192.0.2.%d" % n for n in range(30, 34)]]
    check("six lookups at once", got, want)
    lookups = [spawn(raised, socket.getaddrinfo, ("nx%d.test" % n, 80)) for n in range(4)]
    got = [t(15)[0] for t in lookups]
    true("four that fail at once", all(isinstance(e, socket.gaierror) and e.errno == NONAME for e in got), got)
    socket.setdefaulttimeout(0.02)
    late = [n for n in range(20) if not isinstance(raised(socket.getaddrinfo, ("silent%d.behind.test" % n, 80)), OSError)]
    check("twenty abandoned lookups", late, [])
    socket.setdefaulttimeout(30)
    start = ticks()
    check("and then a name that is there", socket.getaddrinfo("four.test", 80, 2, ST)[0][4], (KERNEL4, 80))
    # With a small table two queries were sent and keep their entries for 2 s; the others stop waiting.
    true("soon", in_time(since(start), 2000 + LATE), since(start))
    good = 0
    for n in range(30, 62):
        good += socket.getaddrinfo("n{}.test".format(n), 80, 2, ST)[0][4] == ("192.0.2.%d" % n, 80)
    check("thirty-two names in a row", good, 32)
    socket.setdefaulttimeout(None)


def gone():
    kernel.stop()
    socket.setdefaulttimeout(0.5)
    e = raised(socket.getaddrinfo, ("n61.test" if LWIP else "four.test", 80, 2))
    # lwIP caches answers for their time to live.
    true("no server any more", e is None or isinstance(e, OSError), e)
    e = raised(socket.getaddrinfo, ("never.asked.test", 80, 2))
    true("a name never asked for", isinstance(e, OSError), e)
    socket.setdefaulttimeout(None)
    check("a numeric address needs no server", socket.getaddrinfo(KERNEL4, 80, 0, ST)[0][4], (KERNEL4, 80))


for section in (shapes, missing, connecting, together, silent, gone):
    run(section)
finish()
