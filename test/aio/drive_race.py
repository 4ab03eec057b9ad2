# run: net=dns limit=90
# RFC 8305 with namespaces as hosts: one serves on an IPv4 and an IPv6 address; other addresses drop every packet.
import nameserver
from drive import check, passed_on
from neighbour import DEAD4, DEAD6, LIVE4, LIVE6, Neighbour

RECORDS = {
    "both.test": [LIVE4, LIVE6],
    "dead4.test": [DEAD4, LIVE6],
    "dead6.test": [LIVE4, DEAD6],
    "dead.test": [DEAD4, DEAD6],
    "refused.test": ["::1", LIVE4],
    "refusing.test": ["127.0.0.1", "127.0.0.2"],
    "manydead.test": [DEAD4, LIVE4, DEAD6, "2001:db8::101", "2001:db8::102"],
    "slow.test": [LIVE4],
    "unreachable.test": ["2001:db8:ffff::9", LIVE4],
}
HEAD = """
import asyncio, aiosocket, socket
from check import *
from ends import caught
LIVE4, LIVE6 = "192.0.2.9", "2001:db8::9"
LATE = 4000

async def take(label, name, peer, earliest, port=8000, **options):
    # Connects to one of a name's addresses: which, and never before `earliest` ms.
    start = ticks()
    try:
        r, w = await aiosocket.open_connection(name, port, **options)
    except OSError as e:
        return fail(label, repr(e))
    took = since(start)
    got = w.get_extra_info("peername")[0]
    w.close()
    check(label + ": the peer", got, peer if got == peer or isinstance(peer, str) else peer[0])
    true("%s: %d ms, not before %d" % (label, took, earliest), earliest <= took and in_time(took - earliest, LATE), took)

async def main():
    BODY

aiosocket.run(main())
summary()
"""


def case(label, body, seconds=30):
    passed_on(label, HEAD.replace("BODY", "\n    ".join(body.strip().split("\n"))), seconds)


nameserver.start(53, RECORDS, nameserver.NXDOMAIN, slow=1, ttl=60)
other = Neighbour()
try:
    check("the other host answers", other.reached())
    case("one is dead", """
await take("IPv4 alone", LIVE4, LIVE4, 0)
await take("IPv6 alone", LIVE6, LIVE6, 0)
await take("both live: IPv6 first", "both.test", LIVE6, 0)
await take("IPv4 is black-holed", "dead4.test", LIVE6, 0)
await take("IPv6 is black-holed", "dead6.test", LIVE4, 250)
await take("a delay of one's own", "dead6.test", LIVE4, 60, happy_eyeballs_delay=0.06)
await take("a longer one", "dead6.test", LIVE4, 700, happy_eyeballs_delay=0.7)
await take("IPv6 only", "both.test", LIVE6, 0, family=socket.AF_INET6)
await take("a slow name server", "slow.test", LIVE4, 900)
""")
    case("refused and unreachable first", """
s = socket.socket()
s.bind(("127.0.0.1", 0))
await take("a refusal does not cost the delay", "refused.test", LIVE4, 0, happy_eyeballs_delay=20)
await take("nor does no route", "unreachable.test", LIVE4, 0, happy_eyeballs_delay=20)
s.close()
""")
    case("many are dead", """
start = ticks()
r, w = await aiosocket.open_connection("manydead.test", 8000)
took = since(start)
check("the one that lives", w.get_extra_info("peername")[0], LIVE4)
true("%d ms: each earlier attempt had its 250" % took, 250 <= took and in_time(took - 250, LATE), took)
w.close()
""")
    case("all fail", """
for name, timeout in (("dead.test", 0.7), ("dead.test", 0.1)):
    start = ticks()
    e = await caught(aiosocket.open_connection(name, 8000, timeout=timeout))
    took = since(start)
    true("one deadline for all: %s" % timeout, isinstance(e, socket.timeout) and number(e) == 110 and timeout * 1000 <= took, (e, took))
e = await caught(aiosocket.open_connection("dead.test", 8000, timeout=0.7))
true("the words name each address", all(word in str(e) for word in ("192.0.2.1", "2001:db8::1")), str(e))
e = await caught(aiosocket.open_connection("refusing.test", 1, timeout=10))
check("all refuse", number(e), 111)
true("each with its own cause", all(word in str(e) for word in ("127.0.0.1", "127.0.0.2", "ECONNREFUSED")), str(e))
e = await caught(aiosocket.open_connection("unknown.test", 8000, timeout=10))
true("no such name", isinstance(e, socket.gaierror) and "unknown.test" in str(e), e)
""")
    case("at once", """
start = ticks()
tasks = [asyncio.create_task(take("one of ten", "dead6.test", LIVE4, 250)) for _ in range(10)]
tasks.append(asyncio.create_task(take("and a quick one", "both.test", LIVE6, 0)))
for task in tasks:
    await task
true("all at the same time", in_time(since(start), 250 + LATE), since(start))
""")
    case("cancelled", """
for after in (0, 0.05, 0.3, 0.6):
    task = asyncio.create_task(aiosocket.open_connection("dead.test", 8000))
    await asyncio.sleep(after)
    task.cancel()
    try:
        await task
        fail("cancelled", "it ended")
    except asyncio.CancelledError:
        ok("cancelled after %s s" % after)
""")
finally:
    other.leave()
print("end")
