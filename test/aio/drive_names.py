# run: net=dns limit=90
# Lookups and connection races with a real name server, dnsmasq. Behind it, a name server of the tests gives answers that dnsmasq would
# not: for one address family a late answer, none at all, or a negative one.
import os
import shutil
import socket
import subprocess
import sys
import time

import nameserver
from drive import check, passed_on
from neighbour import DEAD4, DEAD6, LIVE4, LIVE6, Neighbour

BOTH = [LIVE4, LIVE6]
SLOW = 1.5  # seconds; the system's resolver gives up after 2
RECORDS = {name + ".behind.test": BOTH for name in ("late4", "late6", "mute4", "mute6", "fail4", "fail6", "slow", "prompt")}
FOUND = ["n%d.test" % n for n in range(20)]


def start():
    program = shutil.which("dnsmasq", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not program:
        print("FAIL dnsmasq is not installed: apt-get install dnsmasq-base")
        sys.exit(1)
    nameserver.start(5300, RECORDS, nameserver.SERVFAIL, slow=SLOW, ttl=0)
    hosts = {"both.test": BOTH, "dead4.test": [DEAD4, LIVE6], "dead6.test": [LIVE4, DEAD6], "four.test": [LIVE4], "six.test": [LIVE6]}
    hosts.update((name, ["192.0.2.%d" % (100 + n)]) for n, name in enumerate(FOUND))
    return subprocess.Popen(
        [program, "--no-daemon", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--pid-file=",
         "--listen-address=127.0.0.1", "--bind-interfaces", "--server=/behind.test/127.0.0.1#5300", "--local=/test/",
         "--cname=alias.test,both.test", "--cache-size=0",
         *["--host-record=%s,%s" % (name, ",".join(addresses)) for name, addresses in hosts.items()]],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def answers():
    for _ in range(100):
        try:
            return socket.getaddrinfo("four.test", 80, socket.AF_INET)[0][4][0]
        except OSError:
            time.sleep(0.05)


HEAD = """
import asyncio, aiosocket, socket
from check import *
from ends import caught
LIVE4, LIVE6 = %r, %r
NEXT = %d  # ms: what must come before the late answer, the machine's delay included

async def take(label, name, peer, earliest, latest=NEXT, **options):
    # Connects to a name: never before `earliest` ms, and at least once before `latest`.
    for _ in range(5):
        start = ticks()
        try:
            r, w = await aiosocket.open_connection(name, 8000, **options)
        except OSError as e:
            return fail(label, repr(e))
        took = since(start)
        if took < latest:
            break
        w.close()
    check(label + ": the peer", w.get_extra_info("peername")[0], peer)
    w.close()
    true("%%s: %%d ms, from %%d to %%d" %% (label, took, earliest, latest), earliest <= took and (took < latest or in_time(took, latest)), took)

async def none(label, what, name, earliest, latest, kind=socket.gaierror):
    start = ticks()
    e = await caught(what)
    took = since(start)
    true(label + ": raises", type(e) is kind and name in str(e), e)
    true("%%s: %%d ms, from %%d to %%d" %% (label, took, earliest, latest), earliest <= took and in_time(took, latest), took)

async def main():
    BODY

aiosocket.run(main())
summary()
""" % (LIVE4, LIVE6, SLOW * 1000 - 50)


def case(label, body, seconds=40):
    passed_on(label, HEAD.replace("BODY", "\n    ".join(body.strip().split("\n"))), seconds)


server = start()
other = Neighbour()
try:
    check("the name server answers", answers() == LIVE4)
    check("the other host answers", other.reached())
    case("both families", """
await take("IPv6 first", "both.test", LIVE6, 0)
await take("by another name", "alias.test", LIVE6, 0)
await take("IPv4 alone", "four.test", LIVE4, 0)
await take("IPv6 alone", "six.test", LIVE6, 0)
await take("through both servers", "prompt.behind.test", LIVE6, 0)
await take("IPv4 is black-holed", "dead4.test", LIVE6, 0)
await take("IPv6 is black-holed", "dead6.test", LIVE4, 250)
""")
    case("one family's answer", """
await take("AAAA late: IPv4 after 50 ms", "late6.behind.test", LIVE4, 50)
await take("A late: IPv6 at once", "late4.behind.test", LIVE6, 0)
await take("no AAAA ever", "mute6.behind.test", LIVE4, 50)
await take("no A ever", "mute4.behind.test", LIVE6, 0)
await take("SERVFAIL for AAAA", "fail6.behind.test", LIVE4, 0)
await take("SERVFAIL for A", "fail4.behind.test", LIVE6, 0)
await take("both late", "slow.behind.test", LIVE6, 1400, 6000)
""")
    case("no answer", """
await none("NXDOMAIN", aiosocket.open_connection("nobody.test", 80), "nobody.test", 0, NEXT)
await none("NXDOMAIN, a lookup alone", aiosocket.getaddrinfo("nobody.test", 80), "nobody.test", 0, NEXT)
await none("SERVFAIL", aiosocket.getaddrinfo("nobody.behind.test", 80), "nobody.behind.test", 0, NEXT)
await none("silence, a deadline", aiosocket.open_connection("silent.behind.test", 80, timeout=0.5), "silent.behind.test", 500, 1900, socket.timeout)
await none("silence, until the resolver gives up", aiosocket.getaddrinfo("silent.behind.test", 80), "silent.behind.test", 1900, 15000)
""")
    case("many at once", """
names = %r
start = ticks()
silent = [asyncio.create_task(caught(aiosocket.getaddrinfo("silent%%d.behind.test" %% i, 80))) for i in range(4)]
found = [asyncio.create_task(aiosocket.getaddrinfo(name, 80, type=socket.SOCK_STREAM)) for name in names]
for n, task in enumerate(found):
    got = await task
    if [entry[4] for entry in got] != [("192.0.2.%%d" %% (100 + n), 80)]:
        fail(names[n], got)
true("%%d lookups complete beside four without an answer" %% len(names), in_time(since(start), NEXT), since(start))
for task in silent:
    true("the four fail", isinstance(await task, socket.gaierror))
""" % FOUND)
    expected = sorted(set(entry[4][0] for entry in socket.getaddrinfo("alias.test", 80)))
    case("as the system's resolver", """
got = await aiosocket.getaddrinfo("alias.test", 80, flags=socket.AI_CANONNAME)
check("its addresses", sorted(set(entry[4][0] for entry in got)), %r)
check("its canonical name", got[0][3], "both.test")
""" % expected)
finally:
    other.leave()
    server.kill()
    server.wait()
print("end")
