# A chat: each line that one client sends goes to all others. A client that does not read is dropped, and holds up nobody.
#
#   make run SCRIPT=examples/chat_server.py ARGS='127.0.0.1 7000'    and, several times, nc 127.0.0.1 7000
import sys

import aiosocket

clients = {}  # stream: name


def tell(text, but=None):
    print(text)
    for stream in list(clients):
        if stream is not but:
            try:
                stream.write(text + "\n")
            except OSError:  # gone, or too much waits for it
                stream.abort()


async def chat(reader, writer):
    try:
        async with writer:
            writer.write("your name? ")
            name = (await reader.readline()).decode().strip()
            if not name:
                return
            clients[writer] = name
            tell("* %s is here" % name, writer)
            async for line in reader:
                tell("%s: %s" % (name, line.decode().strip()), writer)
    except (OSError, ValueError):  # a reset; a line without an end
        pass
    finally:
        if writer in clients:
            tell("* %s is gone" % clients.pop(writer))


async def main(host="127.0.0.1", port=7000):
    server = await aiosocket.start_server(chat, host, int(port))
    print("chatting at %s:%d" % server.sockets[0].getsockname()[:2])
    await server.serve_forever()


try:
    aiosocket.run(main(*sys.argv[1:]))
except KeyboardInterrupt:
    print("stopped")
