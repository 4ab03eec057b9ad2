# run: limit=90 heap=16m
# A wrong argument is refused by the call that it is given to, in words that name it; and what it was given to goes on as before.
import asyncio
import aiosocket

from check import check, raised, summary, true
from ends import cases, caught, everything, narrow, stream


def refused(label, e, kind, *words):
    # The kind is exact: a subclass, such as a gaierror, is another matter.
    true("%s is refused" % label, type(e) is kind and all(word in str(e) for word in words), e)


async def wrong_data():
    s, far = stream()
    for bad in ([1, 2], (1, 2), range(3), [], None, 5, {}):
        kind = type(bad).__name__
        refused("write(%s)" % kind, raised(s.write, (bad,)), TypeError, "data must be", "not " + kind)
        refused("writelines([%s])" % kind, raised(s.writelines, ([bad],)), TypeError, "data must be")
        refused("awrite(%s)" % kind, await caught(s.awrite(bad)), TypeError, "data must be")
        check("after write(%s), drain()" % kind, await caught(s.drain()), None)
        check("and the next write", raised(s.write, (b"good",)), None)
        check("which comes", far.recv(10), b"good")
    s.close()
    far.close()
    s, far = narrow()
    s.write(bytes(1000000))
    s.limit = None
    refused("write(list) while others wait", raised(s.write, ([1, 2],)), TypeError, "data must be")
    s.write(b"good")
    task = asyncio.create_task(s.wait_closed())
    got = []
    await everything(far, keep=got)
    true("what was written before and after is whole", b"".join(got) == bytes(1000000) + b"good")
    await task
    far.close()


cases(wrong_data)
summary()
