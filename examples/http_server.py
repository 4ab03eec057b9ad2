# A web server that serves many clients at once, with persistent connections (keep-alive). No client waits for another.
#
#   make run SCRIPT=examples/http_server.py ARGS='127.0.0.1 8080'
#
# Then open http://127.0.0.1:8080/ in a browser.
import json
import sys

import aiosocket

PAGE = """<!DOCTYPE html>
<html><head><title>usocket</title></head><body>
<h1>It works</h1>
<p id="said">asking...</p>
<p>Tasks in this server are never held up: <span id="count">0</span> answers so far.</p>
<script>
async function ask(n) {
  const answer = await (await fetch("/hello?name=browser" + n)).json();
  document.getElementById("count").textContent = answer.count;
  return answer.hello;
}
(async () => {
  const all = await Promise.all([1, 2, 3, 4, 5].map(ask));
  document.getElementById("said").textContent = "hello, " + all.join(" and ");
})();
</script></body></html>
"""

count = 0


def answer(target: str):
    # Return (status, content type, body) for a request target.
    global count
    path, _, query = target.partition("?")
    if path == "/":
        return "200 OK", "text/html", PAGE
    if path == "/hello":
        count += 1
        names = [part[5:] for part in query.split("&") if part.startswith("name=")]
        return "200 OK", "application/json", json.dumps({"hello": names[0] if names else "you", "count": count})
    return "404 Not Found", "text/plain", "there is no such page\n"


async def serve(reader: aiosocket.Stream, writer: aiosocket.Stream):
    # One task per connection; each turn of the loop answers one request.
    async with writer:  # closes the connection at the end
        while True:
            try:
                request = await reader.readline()
                line = request
                keep = b"HTTP/1.1" in request  # HTTP/1.1 keeps the connection open unless a header says "close"
                while line not in (b"\r\n", b"\n", b""):
                    line = await reader.readline()
                    if line.lower().startswith(b"connection: close"):
                        keep = False
            except OSError:  # the client sent nothing within the timeout, or the connection is lost
                return
            parts = request.decode().split()
            if len(parts) != 3 or not line:  # a malformed request, or the stream ended within its headers
                return
            if parts[0] == "GET":
                status, kind, body = answer(parts[1])
            else:
                status, kind, body = "405 Method Not Allowed", "text/plain", "only GET\n"
            body = body.encode()
            head = "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: %s\r\n\r\n"
            writer.write(head % (status, kind, len(body), "keep-alive" if keep else "close"))
            writer.write(body)
            await writer.drain()
            print(parts[0], parts[1], status)
            if not keep:
                return


async def main(host: str = "127.0.0.1", port: int | str = 8080):
    # timeout: seconds for each call on a client's stream, so an idle connection is closed after 15 seconds.
    server = await aiosocket.start_server(serve, host, int(port), timeout=15)
    print("serving at http://%s:%d/" % server.sockets[0].getsockname()[:2])
    await server.serve_forever()


try:
    aiosocket.run(main(*sys.argv[1:]))
except KeyboardInterrupt:
    print("stopped")
