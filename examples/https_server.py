# Serves a page over HTTPS to many browsers at once, in one thread.
#
#   https_server.py HOST PORT CERT_FILE KEY_FILE [REQUESTS]
#
# The server ends after REQUESTS requests; without a number it runs for ever. poll() drives the TLS handshakes, so a browser that
# connects and sends nothing delays no other.

import select
import sys
import usocket as socket

host, port, cert, key = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
left = int(sys.argv[5]) if len(sys.argv) > 5 else -1


def read(name: str):
    with open(name, "rb") as f:
        return f.read()


def answer(conn: socket.socket):
    # Answer one request. Returns False if the client closed the connection without sending one.
    request = conn.readline()
    if not request:
        return False
    while conn.readline() not in (b"\r\n", b""):
        pass
    method, path = (request.split() + [b"", b""])[:2]
    version = "TLS 1.3" if conn.getsockopt(socket.SOL_TLS, socket.TLS_VERSION_USED) == socket.TLS_1_3 else "TLS 1.2"
    if path == b"/":
        status, page = "200 OK", "<html><head><title>usocket</title></head><body><h1>It works</h1><p>Over " + version + ".</p></body></html>\n"
    else:
        status, page = "404 Not Found", "<html><body><h1>Not here</h1></body></html>\n"
    conn.sendall("HTTP/1.1 %s\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, len(page)))
    conn.sendall(page)
    print(version, method.decode(), path.decode(), status)
    return True


listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
# TLS options of the listener apply to every connection that it accepts.
listener.setsockopt(socket.SOL_TLS, socket.TLS_OWN_CERT, read(cert))
listener.setsockopt(socket.SOL_TLS, socket.TLS_OWN_KEY, read(key))
listener.setsockopt(socket.SOL_TLS, socket.TLS_ALPN_LIST, "http/1.1")
listener.setsockopt(socket.SOL_TLS, socket.TLS_SESSION_CACHE, 1)  # a returning browser resumes its session: a shorter handshake
listener.bind((host, port))
listener.listen(5)
print("listening on", listener.getsockname())

poll = select.poll()
poll.register(listener, select.POLLIN)
while left:
    for s, _ in poll.poll():
        if s is listener:
            conn, addr = listener.accept()  # does not wait for the handshake
            poll.register(conn, select.POLLIN)
            continue
        poll.unregister(s)  # the handshake is done and the request has begun to arrive, or the connection has failed
        try:
            s.settimeout(5)  # seconds, for each call in answer()
            left -= answer(s)
        except OSError as e:  # includes TLSError, for example when a browser rejects the certificate
            print("failed:", e)
        s.close()
listener.close()
print("closed")
