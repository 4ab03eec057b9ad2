# An asyncio gateway: receives readings from sensors by UDP and forwards them as lines over one TCP connection.
import asyncio

import aiosocket

LOCAL = ("0.0.0.0", 5010)  # sensors send here
SERVER = ("server.example.org", 9000)
TIMEOUT = 10  # seconds for the lookup, the connection and each line
MOST = 100  # readings that wait while there is no connection; the oldest are dropped
LONGEST = 30  # seconds between two attempts

waiting: list[bytes] = []
arrived = asyncio.Event()


async def collect():
    async with (await aiosocket.open_datagram(LOCAL)) as sensors:
        print("waiting at port", LOCAL[1])
        while True:
            data, address = await sensors.recvfrom(200)
            waiting.append(b"%s %s\n" % (address[0].encode(), data.strip()))
            del waiting[:-MOST]
            arrived.set()


async def forward(writer: aiosocket.Stream):
    try:
        while True:
            while waiting:
                writer.write(waiting.pop(0))
                await writer.drain()
            arrived.clear()
            await arrived.wait()
    except OSError:  # the connection is lost, and the read in main() ends as well
        writer.abort()


async def main():
    asyncio.create_task(collect())
    wait = 1
    while True:
        try:
            reader, writer = await aiosocket.open_connection(*SERVER, timeout=TIMEOUT)
            print("connected")
            wait, sender = 1, asyncio.create_task(forward(writer))
            try:
                writer.settimeout(None)
                while await reader.read(100):  # ends with the connection; what the server sends is ignored
                    pass
            finally:
                sender.cancel()
                writer.abort()
            print("the server has closed the connection")
        except OSError as e:
            print("not connected:", e)
        await asyncio.sleep(wait)
        wait = min(2 * wait, LONGEST)


aiosocket.run(main())
