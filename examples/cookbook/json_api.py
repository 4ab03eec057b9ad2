# An HTTP server with a JSON interface: GET /state returns the state, POST /state changes some of its values.
import json

import aiosocket

HOST = "0.0.0.0"
PORT = 8080
LONGEST = 2000  # bytes of a request's body
state: dict[str, object] = {"led": False, "target": 21.5}


def answer(method: str, path: str, body: bytes):
    # Return (status, object) for a request.
    if path != "/state":
        return "404 Not Found", {"error": "there is only /state"}
    if method == "POST":
        try:
            new: dict[str, object] = json.loads(body)
        except ValueError:
            return "400 Bad Request", {"error": "the body is not JSON"}
        if type(new) is not dict or any(name not in state for name in new):
            return "400 Bad Request", {"error": "names are: " + ", ".join(sorted(state))}
        state.update(new)
    elif method != "GET":
        return "405 Method Not Allowed", {"error": "GET and POST only"}
    return "200 OK", state


async def serve(reader: aiosocket.Stream, writer: aiosocket.Stream):
    async with writer:
        while True:
            try:
                request, size = (await reader.readline()).decode().split(), 0
                line = b"more"
                while line not in (b"\r\n", b"\n", b""):
                    line = await reader.readline()
                    if line.lower().startswith(b"content-length:"):
                        size = int(line[15:])
                if len(request) != 3 or not 0 <= size <= LONGEST:
                    return
                status, result = answer(request[0], request[1], await reader.readexactly(size))
            except (OSError, EOFError, ValueError):  # a timeout, a lost connection, a broken request
                return
            body = json.dumps(result).encode()
            writer.write("HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body)))
            writer.write(body)
            await writer.drain()
            print(request[0], request[1], status)


async def main():
    server = await aiosocket.start_server(serve, HOST, PORT, timeout=15)
    print("serving at port", PORT)
    await server.serve_forever()


aiosocket.run(main())
