"""The calls of a small HTTP client: read to the end, by length, in pieces."""

import json
import socket
import tls

from check import ADDRESS, CONFIG, HOST, digest, raises, run, same

PORT, TLS_PORT = CONFIG["http"], CONFIG["https"]


class Response:
    """Keeps the socket as .raw; reads the body at the first access."""

    def __init__(self, raw, status, headers):
        self.raw, self.status, self.headers = raw, status, headers

    @property
    def content(self):
        try:
            return self.raw.read()
        finally:
            self.raw.close()

    def json(self):
        return json.loads(self.content)


def context(verify):
    ctx = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    ctx.verify_mode = tls.CERT_REQUIRED if verify else tls.CERT_NONE
    if verify:
        with open(CONFIG["ca"], "rb") as f:
            ctx.load_verify_locations(f.read())
    return ctx


def request(method, path, data=None, host=HOST, port=PORT, ctx=None, timeout=None,
            version="1.0", s=None):
    if s is None:
        ai = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
        s = socket.socket(ai[0], socket.SOCK_STREAM, ai[2])
        if timeout is not None:
            s.settimeout(timeout)
        try:
            s.connect(ai[-1])
            if ctx:
                s = ctx.wrap_socket(s, server_hostname=host)
        except Exception:
            s.close()
            raise
    try:
        s.write(b"%s /%s HTTP/%s\r\n" % (method, path, version))
        s.write("Host: %s\r\n" % host)  # str and bytes are both written
        if data is not None:
            s.write(b"Content-Length: %d\r\n" % len(data))
        s.write(b"\r\n")
        if data is not None:
            s.write(data)
        status = int(s.readline().split(None, 2)[1])
        headers = {}
        while True:
            line = s.readline()
            if not line or line == b"\r\n":
                break
            key, value = line.split(b":", 1)
            headers[key.lower()] = value.strip()
        return Response(s, status, headers)
    except OSError:
        s.close()
        raise


def get_small():
    r = request("GET", "small.txt")
    same(r.status, 200)
    same(r.content, b"the quick brown fox\n")


def get_large_to_the_end():
    r = request("GET", "large.bin")
    body = r.content
    same(len(body), CONFIG["large_size"])
    same(digest(body), CONFIG["large_sha"])


def get_with_timeout():
    r = request("GET", "large.bin", timeout=20)
    same(digest(r.content), CONFIG["large_sha"])


def get_by_length():
    r = request("GET", "large.bin", version="1.1")
    size = int(r.headers[b"content-length"])
    first = r.raw.read(size - 1000)
    same(len(first), size - 1000)
    last = r.raw.read(1000)
    same(digest(first + last), CONFIG["large_sha"])
    r.raw.close()


def get_json():
    same(request("GET", "data.json").json(), {"n": [1, 2, 3], "s": "\u00fc"})


def json_from_the_socket():
    r = request("GET", "data.json")
    same(json.load(r.raw), {"n": [1, 2, 3], "s": "\u00fc"})
    r.raw.close()


def download_in_pieces():
    "readinto a small view until 0, as the package installer does"
    r = request("GET", "large.bin")
    buf = memoryview(bytearray(128))
    body = bytearray()
    while True:
        n = r.raw.readinto(buf)
        if n == 0:
            break
        body += buf[:n]
    r.raw.close()
    same(digest(body), CONFIG["large_sha"])


def readinto_view_slices():
    r = request("GET", "large.bin")
    size = CONFIG["large_size"]
    body = bytearray(size + 10)
    view = memoryview(body)
    same(r.raw.readinto(view[5 : 5 + 1001]), 1001)
    same(r.raw.readinto(view[1006 : 5 + size]), size - 1001)
    same(r.raw.readinto(view[:5]), 0)
    r.raw.close()
    same(digest(view[5 : 5 + size]), CONFIG["large_sha"])


def keep_alive():
    r = request("GET", "small.txt", version="1.1")
    for _ in range(5):
        same(r.raw.read(int(r.headers[b"content-length"])), b"the quick brown fox\n")
        r = request("GET", "small.txt", version="1.1", s=r.raw)
    r.raw.close()


def chunked():
    r = request("GET", "chunked.txt", version="1.1")
    same(r.headers.get(b"transfer-encoding"), b"chunked")
    body = b""
    while True:
        size = int(r.raw.readline().split(b";")[0], 16)
        body += r.raw.read(size)
        same(r.raw.read(2), b"\r\n")
        if size == 0:
            break
    same(body, CONFIG["chunked"].encode())
    r.raw.close()


def put_large():
    with open(CONFIG["large_path"], "rb") as f:
        data = f.read()
    r = request("PUT", "upload/%s.bin" % PORT, data=data)
    same(r.status, 201)
    r.raw.close()
    same(digest(request("GET", "upload/%s.bin" % PORT).content), CONFIG["large_sha"])


def not_found():
    r = request("GET", "no-such-file")
    same(r.status, 404)
    r.raw.close()


def socket_returned():
    "a client that hands its socket to the caller, as urequest does"
    ai = socket.getaddrinfo(ADDRESS, PORT, 0, socket.SOCK_STREAM)[0]
    s = socket.socket(ai[0], ai[1], ai[2])
    s.connect(ai[-1])
    s.write("GET /small.txt HTTP/1.0\r\n")
    s.write("Host: 127.0.0.1\r\n\r\n")
    while s.readline() != b"\r\n":
        pass
    buf = bytearray(9)
    same(s.readinto(buf), 9)
    same(bytes(buf), b"the quick")
    same(s.read(), b" brown fox\n")
    same(s.readline(), b"")
    s.close()


def refused():
    raises((111,), request, "GET", "", None, ADDRESS, CONFIG["closed"])


def silent_server_times_out():
    raises((110,), request, "GET", "", None, ADDRESS, CONFIG["silent"], None, 0.3)


def unknown_host():
    try:
        request("GET", "", host="no-such-host.invalid")
    except OSError as e:
        assert isinstance(e.errno, int) and e.errno < 0, e.errno
        assert isinstance(e, socket.gaierror)
        return
    raise AssertionError("no exception")


def https_unverified():
    r = request("GET", "large.bin", port=TLS_PORT, ctx=context(False))
    same(digest(r.content), CONFIG["large_sha"])


def https_verified():
    r = request("GET", "large.bin", port=TLS_PORT, ctx=context(True), timeout=20)
    same(r.status, 200)
    same(digest(r.content), CONFIG["large_sha"])


def https_lines_and_pieces():
    r = request("GET", "lines.txt", port=TLS_PORT, ctx=context(True))
    lines = [r.raw.readline() for _ in range(50)]
    same(lines, [b"line %d\n" % i for i in range(50)])
    buf = bytearray(4)
    same(r.raw.readinto(buf), 4)
    same(bytes(buf), b"line")
    same(r.raw.read(4), b" 50\n")
    r.raw.close()


def https_put():
    with open(CONFIG["large_path"], "rb") as f:
        data = f.read()
    r = request("PUT", "upload/tls.bin", data=data, port=TLS_PORT, ctx=context(True))
    assert r.status in (201, 204), r.status
    r.raw.close()
    same(digest(request("GET", "upload/tls.bin").content), CONFIG["large_sha"])


def https_wrong_name():
    try:
        request("GET", "", host=ADDRESS, port=TLS_PORT, ctx=context(True))
    except (OSError, ValueError) as e:
        assert isinstance(e, ValueError) or e.errno < 0, e
        return
    raise AssertionError("a certificate for another name was accepted")


run(get_small, get_large_to_the_end, get_with_timeout, get_by_length, get_json,
    json_from_the_socket, download_in_pieces, readinto_view_slices, keep_alive, chunked,
    put_large, not_found, socket_returned, refused, silent_server_times_out, unknown_host,
    https_unverified, https_verified, https_lines_and_pieces, https_put, https_wrong_name)
