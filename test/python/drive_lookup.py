# run: net=dns limit=120
# Lookups against a name server of the tests: order, deadlines, error texts, no thread for a numeric address, a bounded number of threads.

import nameserver
from drive import passed_on

RECORDS = {
    "four.test": ["127.0.0.5"],
    "six.test": ["::1"],
    "dual.test": ["::1", "127.0.0.5"],
    "many.test": ["127.0.0.%d" % n for n in range(10, 18)],
    "slow.test": ["127.0.0.6"],
    "dead.test": ["198.51.100.9", "192.0.2.2", "127.0.0.1"],
    "none.test": [],
    "mute6.test": ["127.0.0.1"],
    "mute4.test": ["::1"],
}

nameserver.start(53, RECORDS, nameserver.NXDOMAIN, slow=1, ttl=60)

HEAD = """
import gc, socket, time
from check import *
from pairs import *
ST, DG = socket.SOCK_STREAM, socket.SOCK_DGRAM
"""

passed_on("order", HEAD + """
def families(*args):
    return [a[0] for a in socket.getaddrinfo(*args)]
check("four.test", socket.getaddrinfo("four.test", 80, 0, ST), [(2, 1, 6, "", ("127.0.0.5", 80))])
check("six.test", socket.getaddrinfo("six.test", 80, 0, ST), [(10, 1, 6, "", ("::1", 80, 0, 0))])
check("IPv4 comes first", families("dual.test", 80, 0, ST), [2, 10])
check("IPv4 comes first from /etc/hosts", families("localhost", 80, 0, ST), [2, 10])
check("and for None", families(None, 80, 0, ST), [2, 10])
for host in ("dual.test", "localhost", "four.test", "127.0.0.1", "::1", None):
    check("entry 0 is a stream: {}".format(host), socket.getaddrinfo(host, 80)[0][1], ST)
    first = [a[0] for a in socket.getaddrinfo(host, 80)]
    check("IPv4 entries lead all types: {}".format(host), first, sorted(first))
check("all of many", sorted([a[4][0] for a in socket.getaddrinfo("many.test", 1, 0, ST)]), ["127.0.0.%d" % n for n in range(10, 18)])
check("gethostbyname", socket.gethostbyname("dual.test"), "127.0.0.5")
s = socket.create_server(("127.0.0.5", 0))
port = s.getsockname()[1]
c = socket.socket()
c.connect(socket.getaddrinfo("dual.test", port)[0][-1])
check("S7: connect takes getaddrinfo's first entry, whatever the resolver's order", c.getpeername(), ("127.0.0.5", port))
c.close()
c = socket.socket()
c.connect(("dual.test", port))
check("connect takes a name with addresses of both families", c.getpeername(), ("127.0.0.5", port))
c.close()
u = socket.socket(type=DG)
v = socket.socket(type=DG)
v.bind(("four.test", 0))
check("bind takes a name", v.getsockname()[0], "127.0.0.5")
u.sendto(b"named", ("four.test", v.getsockname()[1]))
check("sendto takes a name", v.recv(10), b"named")
close(s, u, v)
s6 = socket.create_server(("127.0.0.1", 0))
c = socket.create_connection(("dead.test", s6.getsockname()[1]), 5)
check("create_connection passes dead addresses by", c.getpeername()[0], "127.0.0.1")
close(c, s6)
c = socket.socket()
raises("an IPv6-only name on an IPv4 socket", socket.gaierror, c.connect, ("six.test", 80))
c.close()
summary()
""")

passed_on("errors", HEAD + """
def on(kind, name):
    def call(*args):
        with socket.socket(type=kind) as s:
            return getattr(s, name)(*args)
    return call
for label, call, args in (
    ("getaddrinfo", socket.getaddrinfo, ("nx.test", 80)), ("gethostbyname", socket.gethostbyname, ("nx.test",)),
    ("create_connection", socket.create_connection, (("nx.test", 80), 5)), ("connect", on(ST, "connect"), (("nx.test", 80),)),
    ("bind", on(ST, "bind"), (("nx.test", 80),)), ("sendto", on(DG, "sendto"), (b"x", ("nx.test", 80))),
):
    e = raised(call, args)
    true("{} of no such name: gaierror".format(label), isinstance(e, socket.gaierror) and isinstance(e, OSError), e)
    check("U11: {}: errno is EAI_NONAME".format(label), getattr(e, "errno", None), socket.EAI_NONAME)
    true("{}: the words name the host".format(label), "nx.test" in str(e), str(e))
    true("U11: {}: errno is args[0]".format(label), e.args[0] == e.errno and e.errno < 0, e.args)
e = raised(socket.getaddrinfo, ("none.test", 80))
true("a name without addresses", isinstance(e, socket.gaierror) and e.errno in (socket.EAI_NODATA, socket.EAI_NONAME), e)
e = raised(socket.getaddrinfo, ("a..b", 80))
true("an empty label", isinstance(e, OSError) or isinstance(e, ValueError), e)
e = raised(socket.getaddrinfo, ("x" * 300 + ".test", 80))
true("a name too long", isinstance(e, OSError) or isinstance(e, ValueError), e)
c = socket.socket()
raises("R1: connect to a name that does not exist", socket.gaierror, c.connect, ("nx.test", 80))
raises("R1: bind to a name that does not exist", socket.gaierror, c.bind, ("nx.test", 80))
raises("R1: connect with a tuple of three", (TypeError, OSError), c.connect, ("127.0.0.1", 80, 0, 0, 0))
raises("R1: connect with a tuple of one", TypeError, c.connect, ("127.0.0.1",))
true("R1: and the socket lives", c.fileno() > 2)
c.close()
s = socket.create_server(("127.0.0.1", 0))
c = socket.socket()
raised(c.connect, (("nx.test", 80),))
check("a failed lookup leaves the socket usable", c.connect(s.getsockname()), None)
close(c, s)
for n in range(60):
    raised(socket.getaddrinfo, ("nx.test", 80))
ok("R13: sixty failed lookups leak no result")
collect()
summary(10)
""", 40)

passed_on("deadlines", HEAD + """
LATE = 2500
socket.setdefaulttimeout(0.3)
first = socket.socket()
for label, call, args in (("create_connection", socket.create_connection, (("silent.test", 80), 0.1)), ("connect", first.connect, (("silent.test", 80),)),
                          ("getaddrinfo", socket.getaddrinfo, ("silent.test", 80))):
    e = raised(call, args)
    true("a late lookup blames the lookup, in {}".format(label), str(e).endswith("{} silent.test: the lookup timed out".format(label)), e)
first.close()
timed("getaddrinfo obeys the default timeout", socket.getaddrinfo, ("silent.test", 80), 300, 300 + LATE)
timed("gethostbyname too", socket.gethostbyname, ("silent.test",), 300, 300 + LATE)
socket.setdefaulttimeout(None)
for kind, name, args in (
    (ST, "connect", (("silent.test", 80),)), (ST, "bind", (("silent.test", 80),)), (DG, "sendto", (b"x", ("silent.test", 80))),
    (DG, "connect", (("silent.test", 80),)),
):
    s = socket.socket(type=kind)
    s.settimeout(0.3)
    timed("{} of type {} obeys the socket's timeout in its lookup".format(name, kind), getattr(s, name), args, 300, 300 + LATE)
    s.close()
timed("create_connection's timeout covers its lookup", socket.create_connection, (("silent.test", 80), 0.3), 300, 300 + LATE)
s = socket.socket()
s.setblocking(False)
start = ticks()
e = raised(s.connect, (("silent.test", 80),))
true("a non-blocking connect does not wait for a lookup", isinstance(e, OSError) and in_time(since(start), 2500), (e, since(start)))
s.close()
start = ticks()
check("a slow answer within the deadline", [a[4][0] for a in socket.getaddrinfo("slow.test", 80, 2, ST)], ["127.0.0.6"])
true("takes as long as the resolver", since(start) >= 900, since(start))
s = socket.socket()
s.settimeout(1.3)
timed("one deadline for lookup and connect", s.connect, (("slow.test", 80),), 0, 1300 + LATE, OSError)
s.close()
stop = []
def storm():
    while not stop:
        gc.collect()
t = spawn(storm)
socket.setdefaulttimeout(0.4)
timed("U5: a collector in another thread lengthens no lookup", socket.getaddrinfo, ("silent.test", 80), 400, 400 + LATE)
socket.setdefaulttimeout(None)
stop.append(1)
t()
summary(12)
""", 60)

passed_on("threads", HEAD + """
base = tasks()
s = socket.create_server(("127.0.0.1", 0))
port = s.getsockname()[1]
most = base
def look():
    global most
    most = max(most, tasks())
def on(name, *args):
    def call(*address):
        with socket.socket(*args) as s:
            return getattr(s, name)(*address)
    return call
for call, args in (
    (socket.getaddrinfo, ("127.0.0.1", 80)), (socket.getaddrinfo, ("::1", 80)), (socket.getaddrinfo, ("fe80::1%lo", 80)), (socket.getaddrinfo, (None, 80)),
    (socket.getaddrinfo, ("127.0.0.1", "80")), (socket.gethostbyname, ("127.0.0.1",)), (lambda *a: socket.create_connection(*a).close(), (("127.0.0.1", port),)),
    (on("bind"), (("127.0.0.1", 0),)), (on("sendto", 2, DG), (b"x", ("127.0.0.1", 9))), (on("connect"), (("127.0.0.1", port),)),
    (on("bind"), (("", 0),)), (on("connect", 2, DG), (("127.0.0.1", 9),)), (on("sendto", 10, DG), (b"x", ("::1", 9))),
):
    raised(call, args)
    look()
check("a numeric address starts no thread", most, base)
collect()
s.close()
socket.setdefaulttimeout(0.02)
late = 0
for n in range(40):
    start = ticks()
    e = raised(socket.getaddrinfo, ("silent%d.test" % n, 80))
    if not in_time(since(start), 2500) or not isinstance(e, OSError):
        late += 1
    look()
check("forty abandoned lookups: each ends in time", late, 0)
true("forty abandoned lookups: the threads are bounded", most <= base + 33, most)  # twice 16, and one that watches the queue
socket.setdefaulttimeout(20)
start = ticks()
while number(raised(socket.getaddrinfo, ("four.test", 80, 2, ST))) == socket.EAI_AGAIN and since(start) < 20000 * SLOW:
    time.sleep(0.1)  # the workers of abandoned lookups are still busy for a moment
check("and afterwards a lookup works", socket.getaddrinfo("four.test", 80, 2, ST)[0][4], ("127.0.0.5", 80))
socket.setdefaulttimeout(None)
start = ticks()
while tasks() > base + 4 and since(start) < 60000 * SLOW:
    time.sleep(0.1)
true("the threads end", tasks() <= base + 4, tasks())
threads = [spawn(socket.getaddrinfo, "slow.test", 80, 2, ST) for _ in range(6)]
check("lookups in six threads at once", [t(15)[0][0][4] for t in threads], [("127.0.0.6", 80)] * 6)
summary(15)
""", 80)

passed_on("late", HEAD + """
port = free_port()
for name, refused, open in (("mute6.test", "127.0.0.1: ECONNREFUSED", "IPv6"), ("mute4.test", "[::1]: ECONNREFUSED", "IPv4")):
    def dial():
        d = socket.dialer(name, port, 1.6)
        while True:
            try:
                return d.result()
            except OSError as e:
                if e.errno != 11:
                    raise
            time.sleep(0.05)
    for label, call, args in (("create_connection", socket.create_connection, ((name, port), 1.6)), ("dialer", dial, ())):
        e = raised(call, args)
        true("{} of {}: a timeout".format(label, name), isinstance(e, socket.timeout) and e.errno == 110, e)
        true("{} of {} names the address that refused".format(label, name), refused in str(e), str(e))
        true("{} of {} names the unfinished lookup".format(label, name), open in str(e) and "still being looked up" in str(e), str(e))
e = raised(socket.create_connection, (("silent.test", port), 0.3))
true("without an address the error names the host", "silent.test" in str(e), str(e))
summary(10)
""", 40)

passed_on("this host", HEAD + """
base = tasks()
for name in ("silent.localhost", "Silent.LocalHost."):
    check("a name under localhost needs no name server: " + name, sorted([a[4][0] for a in socket.getaddrinfo(name, 80, 0, ST)]), ["127.0.0.1", "::1"])
check("and starts no thread", tasks(), base)
summary()
""", 20)

passed_on("leaving", HEAD + """
socket.setdefaulttimeout(0.05)
raised(socket.getaddrinfo, ("silent.test", 80))
ok("a program may end while a lookup is abandoned")
print("end")
""", 10)
print("end")
