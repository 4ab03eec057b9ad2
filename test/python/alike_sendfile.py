# run: net=lo
# sendfile: files and BytesIO, offsets and counts, the position of the file afterwards.
import io
import socket

from alike import attempt, done, say, tcp_pair

PATH = "run.py"  # any file; the two interpreters run in this directory
with open(PATH, "rb") as f:
    DATA = f.read()
SIZE = len(DATA)


def taken(s, n):
    got = b""
    while len(got) < n:
        piece = s.recv(n - len(got))
        if not piece:
            break
        got += piece
    return got


def sent(label, make, *args, **kw):
    # Print sendfile's result, the file's position and a comparison of the bytes.
    a, b = tcp_pair()
    a.settimeout(10)
    b.settimeout(10)
    f = make()
    attempt(label, a.sendfile, f, *args, **kw)
    if args != (SIZE,):  # nothing is sent: CPython leaves the position unchanged
        say(label + ", position", f.tell())
    a.close()
    got = taken(b, SIZE)
    offset = args[0] if args else kw.get("offset", 0)
    say(label + ", bytes", (len(got), got == DATA[offset : offset + len(got)]))
    f.close()
    b.close()


for kind, make in (("file", lambda: open(PATH, "rb")), ("BytesIO", lambda: io.BytesIO(DATA))):
    sent(kind, make)
    sent(kind + ", offset", make, 1000)
    sent(kind + ", offset and count", make, 1000, 5000)
    sent(kind + ", keywords", make, offset=3, count=1)
    sent(kind + ", count beyond the end", make, SIZE - 1000, 5000)
    sent(kind + ", offset at the end", make, SIZE)
    sent(kind + ", count of a buffer", make, 0, 8192)
    sent(kind + ", count 0", make, 0, 0)
    sent(kind + ", negative count", make, 0, -1)
    sent(kind + ", count that is no number", make, 0, "x")
a, b = tcp_pair()
f = open(PATH, "rb")
a.setblocking(False)
attempt("sendfile, non-blocking", a.sendfile, f)
a.settimeout(5)
attempt("sendfile without a file", a.sendfile)
a.shutdown(socket.SHUT_WR)
attempt("sendfile, closed for writing", a.sendfile, f)
a.close()
b.close()
u = socket.socket(type=socket.SOCK_DGRAM)
attempt("sendfile of datagrams", u.sendfile, f)
u.close()
f.close()
done()
