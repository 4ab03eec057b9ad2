# run: limit=60 heap=16m net=veth
# A datagram socket accepts addresses in all forms. Its calls never look up a name, and a timeout names the call.
import aiosocket
import socket

from check import check, number, skip, summary, true
from ends import cases, caught
from pairs import raw_address
from where import HOST, HOST6, OUTWARD

FORM = "must be (host, port[, flowinfo[, scope_id]])"


async def names_are_not_looked_up():
    # sendto() refuses a host name at once, and the socket stays usable.
    async with (await aiosocket.open_datagram((HOST, 0), timeout=5)) as a:
        here = a.get_extra_info("sockname")
        e = await caught(a.sendto(b"x", ("nosuch.example", 9)))
        true("a name: the core's own words", number(e) == 11 and "nosuch.example" in str(e), e)
        e = await caught(a.sendto(b"x", (HOST, 9, 0, 0, 0)))
        true("an address of another shape", isinstance(e, TypeError), e)
        await a.sendto(b"next", here)
        check("the next is sent", await a.recvfrom(10), (b"next", here))


async def talk(label, **options):
    # A client that is bound according to the options sends to a server.
    async with (await aiosocket.open_datagram(options.pop("server"), timeout=5)) as a:
        here = a.get_extra_info("sockname")
        async with (await aiosocket.open_datagram(remote_addr=here, timeout=5, **options)) as b:
            check("%s: connected to" % label, b.get_extra_info("peername"), here)
            await b.send(b"x")
            data, peer = await a.recvfrom(10)
            # The host is not compared: lwIP still reports the wildcard address.
            check("%s: the data and the sender" % label, (data, peer[1]), (b"x", b.get_extra_info("sockname")[1]))


async def shapes():
    await talk("two parts", server=(HOST, 0))
    await talk("lists", server=[HOST, 0], local_addr=[HOST, 0])
    await talk("four parts, of IPv4", server=(HOST, 0, 0, 0))
    await talk("raw", server=raw_address(HOST, 0), local_addr=raw_address(HOST, 0))
    await talk("a raw one in a bytearray", server=bytearray(raw_address(HOST, 0)))
    if not socket.has_ipv6:
        skip("addresses of IPv6", "this build has none")
        return
    await talk("IPv6, as a server has it", server=(HOST6, 0))
    await talk("four parts", server=(HOST6, 0, 0, 0), local_addr=(HOST6, 0, 0, 0))
    await talk("three parts", server=(HOST6, 0, 0), local_addr=[HOST6, 0, 5])
    scope = socket.if_nametoindex(OUTWARD)
    for label, address in (
        ("the scope as a number", ("ff02::77", 9, 0, scope)), ("in the host", ("ff02::77%" + OUTWARD, 9)),
        ("in the host, with a flowinfo", ("ff02::77%" + OUTWARD, 9, 0)), ("in the host, none beside it", ("ff02::77%" + OUTWARD, 9, 0, 0)),
    ):
        async with (await aiosocket.open_datagram(remote_addr=address)) as a:
            check(label, a.get_extra_info("peername"), ("ff02::77", 9, 0, scope))


async def other_shapes():
    for name in ("local_addr", "remote_addr"):
        for bad in ((HOST,), HOST, (), "", 5, (HOST, 0, 0, 0, 0), {HOST: 0}):
            e = await caught(aiosocket.open_datagram(**{name: bad}))
            true("%s=%r" % (name, bad), type(e) is TypeError and str(e) == "%s %s" % (name, FORM), e)
        e = await caught(aiosocket.open_datagram(**{name: b"\xee\xee" + bytes(14)}))
        true("a raw %s of no family" % name, number(e) == 97 and name in str(e), e)
        e = await caught(aiosocket.open_datagram(**{name: (5, 0)}))
        true("%s with another host" % name, type(e) is TypeError and "host must be a str" in str(e), e)
        if socket.has_ipv6:
            e = await caught(aiosocket.open_datagram(**{name: (HOST6, 9, "x")}))
            true("%s with another flowinfo" % name, type(e) is TypeError and "flowinfo" in str(e), e)


async def timeouts():
    async with (await aiosocket.open_datagram((HOST, 0), timeout=0.01)) as a:
        for name, argument in (("recv", 5), ("recvfrom", 5), ("recv_into", bytearray(5))):
            e = await caught(getattr(a, name)(argument))
            true("the timeout of %s names it" % name, number(e) == 110 and e.args[1] == name + ": timed out", e)


cases(names_are_not_looked_up, shapes, other_shapes, timeouts)
summary()
