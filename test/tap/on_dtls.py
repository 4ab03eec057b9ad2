from far import *
from tlsfar import make, own, trusting

FATES = ("drop=0.1", "twice=0.4", "late=0.4", "drop=0.1 twice=0.2 late=0.2")


def clean():
    kernel.treat("drop=0 twice=0 late=0")


def clients():
    port = kernel.dtls_echo()
    for fate in FATES:
        before = kernel.treat(fate)
        s = trusting(DG)
        s.settimeout(60)
        s.connect((KERNEL4, port))
        ok(fate + ": our client is connected")
        exchange(s, fate)
        now = kernel.treat("count")
        if "drop" in fate:
            true(fate + ": frames were lost", sum(now) > sum(before), (before, now))
        clean()
        s.close()
    kernel.openssl_end(port)


def exchange(s, fate):
    """Echo a hundred datagrams on the lossy link: they arrive whole, each at most once."""
    s.settimeout(0.4)
    seen = []
    for n in range(100):
        s.send(b"%03d" % n + content(n, 3 * n))
        if n % 4 == 3 or n > 95:
            collect(s, seen)
    numbers = [n for n, _ in seen]
    true(fate + ": datagrams come whole", all([good for _, good in seen]))
    true(fate + ": each once at most", len(set(numbers)) == len(numbers) and len(numbers) > 20, len(numbers))


def collect(s, seen):
    for _ in range(4):
        try:
            d = s.recv(2000)
        except socket.timeout:
            return
        n = int(d[:3])
        seen.append((n, d == b"%03d" % n + content(n, 3 * n)))


def servers():
    for fate in FATES:
        kernel.treat(fate)
        l = make(DG, **own("ec"))
        l.settimeout(60)
        l.bind(("", 0))
        l.listen(2)
        called = kernel.begin_openssl_client(l.getsockname()[1], True)
        s, _ = l.accept()
        s.settimeout(60)
        ok(fate + ": our server has a client")
        clean()
        s.send(s.recv(100))
        check(fate + ": openssl's client, our server: the words, the verdict", kernel.end(called), [True, True])
        s.close()
        l.close()


def dead():
    port = kernel.dtls_echo()
    kernel.treat("drop=1")
    for seconds in (0.4, 2.5):  # before and after the first retransmission of the ClientHello
        s = trusting(DG)
        s.settimeout(seconds)
        ms = int(seconds * 1000)
        timed("connect into a dead link, {} s".format(seconds), s.connect, ((KERNEL4, port),), ms, ms + LATE)
        s.close()
    clean()
    kernel.openssl_end(port)


for section in (clients, servers, dead):
    run(section)
finish()
