# Fetches several pages at the same time. A slow name server or an unreachable host delays only its own page.
#
#   make run SCRIPT=examples/fetch_many.py ARGS='localhost:8080/ localhost:8080/hello'
import asyncio
import sys
from time import ticks_diff, ticks_ms

import aiosocket


async def fetch(url: str):
    # Return the status line and the body of http://HOST[:PORT]/PATH; `url` has no "http://".
    place, _, path = url.partition("/")
    host, _, port = place.partition(":")
    # 10 seconds for the lookup and the connection together, and again for each later call on the stream.
    reader, writer = await aiosocket.open_connection(host, int(port or 80), timeout=10)
    async with writer:  # closes the connection at the end
        writer.write("GET /%s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n" % (path, place))
        await writer.drain()  # waits until the request has been sent
        status = (await reader.readline()).decode().strip()
        while (await reader.readline()) not in (b"\r\n", b"\n", b""):  # skips the headers
            pass
        return status, await reader.read()  # everything up to the end of the stream


async def report(url: str):
    # Fetch a page, print the result, and return the time it took in milliseconds.
    start = ticks_ms()
    try:
        status, body = await fetch(url)
        print("%s: %s, %d bytes" % (url, status, len(body)))
    except OSError as e:
        print("%s: %s" % (url, e))
    return ticks_diff(ticks_ms(), start)


async def main(urls: list[str]):
    start = ticks_ms()
    times = await asyncio.gather(*[report(url) for url in urls])
    print("%d pages in %d ms; one after the other: %d ms" % (len(urls), ticks_diff(ticks_ms(), start), sum(times)))


aiosocket.run(main(sys.argv[1:] or ["www.micropython.org/", "www.debian.org/"]))
