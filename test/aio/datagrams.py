# run: limit=60 heap=16m
# The calls of a datagram socket look no name up, and say their own names when they are late.
import aiosocket

from check import check, number, summary, true
from ends import cases, caught
from where import HOST


async def names_are_not_looked_up():
    # sendto() refuses a name at once, and the socket goes on.
    async with (await aiosocket.open_datagram((HOST, 0), timeout=5)) as a:
        here = a.get_extra_info("sockname")
        e = await caught(a.sendto(b"x", ("nosuch.example", 9)))
        true("a name: the core's own words", number(e) == 11 and "nosuch.example" in str(e), e)
        e = await caught(a.sendto(b"x", (HOST, 9, 0, 0, 0)))
        true("an address of another shape", isinstance(e, TypeError), e)
        await a.sendto(b"next", here)
        check("the next is sent", await a.recvfrom(10), (b"next", here))


async def late():
    async with (await aiosocket.open_datagram((HOST, 0), timeout=0.01)) as a:
        for name, argument in (("recv", 5), ("recvfrom", 5), ("recv_into", bytearray(5))):
            e = await caught(getattr(a, name)(argument))
            true("%s is late in its own name" % name, number(e) == 110 and e.args[1] == name + ": timed out", e)


cases(names_are_not_looked_up, late)
summary()
