# Fetches several pages over one HTTP connection, and opens another only if the server has closed it.
import time

import usocket as socket

HOST = "example.org"
PORT = 80
PATHS = ("/", "/index.html", "/")
PAUSE = 1  # seconds between requests
TIMEOUT = 10

kept = None  # the connection between two requests


def ask(s: socket.socket, path: str):
    # Send one request and return (status, headers, body).
    s.sendall("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (path, HOST))
    headers: dict[str, str] = {}
    status, line = int(s.readline(1000).split()[1]), b"more"
    while line.strip():
        line = s.readline(1000)
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip().lower()
    chunked = headers.get("transfer-encoding") == "chunked"
    body, size = b"", 0 if chunked else int(headers["content-length"])
    while True:
        if chunked:
            size = int(s.readline(1000).split(b";")[0], 16)
        part = s.read(size)
        if len(part) < size:
            raise OSError(104, "the server has closed the connection")
        body += part
        if chunked:
            s.readline(1000)  # the end of the chunk; after the last one, of the body
        if not chunked or not size:
            return status, headers, body


def get(path: str):
    global kept
    while True:
        s, reused, kept = kept, kept is not None, None
        try:
            s = s or socket.create_connection((HOST, PORT), TIMEOUT)
            status, headers, body = ask(s, path)
            break
        except (OSError, IndexError):
            if s:
                s.close()
            if not reused:  # a kept connection may have been closed meanwhile: once more, with a new one
                raise
    if headers.get("connection") == "close":
        s.close()
    else:
        kept = s
    return status, body, "kept" if reused else "new"


for path in PATHS:
    try:
        status, body, which = get(path)
        print("%s: %d, %d bytes, %s connection" % (path, status, len(body), which))
    except (OSError, ValueError, KeyError, IndexError) as e:  # no connection; an answer that is not HTTP
        print("%s: %s" % (path, e))
    time.sleep(PAUSE)
