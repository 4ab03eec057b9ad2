# A chat server. Each line from one client goes to all others; a client that does not read is disconnected and delays no other.
#
#   make run SCRIPT=examples/chat_server.py ARGS='127.0.0.1 7000'
#
# Then run `nc 127.0.0.1 7000` in several terminals.
import sys

import aiosocket

clients: dict[aiosocket.Stream, str] = {}  # maps each client's stream to its name


def tell(text: str, but: aiosocket.Stream | None = None):
    # Send a line to every client except `but`. write() only appends to a buffer, so this never waits.
    print(text)
    for stream in list(clients):
        if stream is not but:
            try:
                stream.write(text + "\n")
            except OSError:  # the connection is lost, or its buffer is full because the client does not read
                stream.abort()


async def chat(reader: aiosocket.Stream, writer: aiosocket.Stream):
    # One task per client; `reader` and `writer` are the same stream.
    try:
        async with writer:  # closes the connection at the end
            writer.write("your name? ")
            name = (await reader.readline()).decode().strip()
            if not name:
                return
            clients[writer] = name
            tell("* %s is here" % name, writer)
            async for line in reader:
                tell("%s: %s" % (name, line.decode().strip()), writer)
    except (OSError, ValueError):  # a connection reset; a line longer than the stream's limit
        pass
    finally:
        if writer in clients:
            tell("* %s is gone" % clients.pop(writer))


async def main(host: str = "127.0.0.1", port: int | str = 7000):
    server = await aiosocket.start_server(chat, host, int(port))
    print("chatting at %s:%d" % server.sockets[0].getsockname()[:2])
    await server.serve_forever()


try:
    aiosocket.run(main(*sys.argv[1:]))
except KeyboardInterrupt:
    print("stopped")
