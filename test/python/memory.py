# run: heap=160k net=lo limit=120
# MemoryError at every allocation of every method: the heap is filled so that k blocks are free, k = 0, 1, 2 ... until the
# call succeeds. No failure leaves a descriptor open, loses data or breaks the socket.
import gc
import socket

from check import FIRST, check, collect, fail, number, ok, run, spawn, summary, true
from pairs import close, settle, tcp_pair
from squeeze import sweep
from where import DATAGRAM, HOST, NAME

def nothing():
    return ()


def pair():
    a, b = tcp_pair()
    a.send(b"hello\nworld\n" + bytes(100))
    settle(b)
    return a, b


def listening():
    s = socket.create_server((HOST, 0))
    c = socket.create_connection(s.getsockname())
    settle(s)
    return s, c


def still_accepts(made):
    s, c = made
    d = socket.create_connection(s.getsockname())
    s.settimeout(2)
    got, _ = s.accept()
    works = got.fileno() >= FIRST
    got.close()
    d.close()
    return works


def still_talks(made):
    a, b = made
    b.settimeout(2)
    a.settimeout(2)
    b.sendall(b"reply")
    return a.read(5) == b"reply"


def nothing_lost(made):
    a, b = made
    b.settimeout(2)
    a.sendall(b"END")
    got = b""
    while not got.endswith(b"END"):
        got += b.recv(1000)
    whole = b"hello\nworld\n" + bytes(100) + b"END"
    # The call either consumed its bytes and succeeded, or consumed none.
    return whole.endswith(got) and len(got) >= 3


def all_there(made):
    a, b = made
    b.settimeout(2)
    a.sendall(b"END")
    got = b""
    while not got.endswith(b"END"):
        got += b.recv(1000)
    return got == b"hello\nworld\n" + bytes(100) + b"END"


def timing():
    a, b = tcp_pair()
    a.send(b"partial")
    settle(b)
    b.settimeout(0.02)
    return a, b


def kept_or_left(made):
    a, b = made
    b.settimeout(2)
    return b.read(7) == b"partial"


def quietly(fn):
    # The expected timeout is no failure; the sweep looks for MemoryError.
    def call(made):
        try:
            fn(made)
        except OSError:
            pass

    return call


sweep("socket()", nothing, lambda made: socket.socket().close())
sweep("socket(), left to the collector", nothing, lambda made: socket.socket())
sweep("R22: accept", listening, lambda made: made[0].accept(), still_accepts)
sweep("accept with a timeout", listening, lambda made: (made[0].settimeout(1), made[0].accept()), still_accepts)
sweep("connect", listening, lambda made: socket.socket().connect(made[0].getsockname()), still_accepts)
sweep("create_connection", listening, lambda made: socket.create_connection(made[0].getsockname()), still_accepts)
sweep("create_connection by name", listening, lambda made: socket.create_connection((NAME, made[0].getsockname()[1])), still_accepts)
sweep("create_server", nothing, lambda made: socket.create_server((HOST, 0)))
sweep("socketpair", nothing, lambda made: socket.socketpair())
sweep("fromfd", pair, lambda made: socket.fromfd(made[0].fileno(), 2, 1), still_talks)
sweep("makefile", pair, lambda made: made[1].makefile("rb").close(), still_talks)
sweep("makefile, left to the collector", pair, lambda made: made[1].makefile("rb"), still_talks)
sweep("U14: getaddrinfo numeric", nothing, lambda made: socket.getaddrinfo(HOST, 80))
sweep("U14: getaddrinfo of a name", nothing, lambda made: socket.getaddrinfo(NAME, 80))
sweep("gethostbyname", nothing, lambda made: socket.gethostbyname(NAME))
sweep("getnameinfo", nothing, lambda made: socket.getnameinfo((HOST, 80), 3))
sweep("if_nameindex", nothing, lambda made: socket.if_nameindex())
sweep("getsockname", pair, lambda made: made[0].getsockname(), still_talks)
sweep("getpeername", pair, lambda made: made[0].getpeername(), still_talks)
sweep("getsockopt of bytes", pair, lambda made: made[0].getsockopt(socket.SOL_SOCKET, socket.SO_TYPE, 4), still_talks)
sweep("repr", pair, lambda made: repr(made[0]), still_talks)
sweep("recv", pair, lambda made: made[1].recv(50), nothing_lost)
sweep("recv of much", pair, lambda made: made[1].recv(100000000), nothing_lost)
sweep("recvfrom", pair, lambda made: made[1].recvfrom(50), nothing_lost)
sweep("read(n)", pair, lambda made: made[1].read(50), nothing_lost)
sweep("readline", pair, lambda made: made[1].readline(), nothing_lost)
sweep("recv peek", pair, lambda made: made[1].recv(50, socket.MSG_PEEK), all_there)
sweep("send", pair, lambda made: made[1].send(b"x"), nothing_lost)
sweep("sendall of text", pair, lambda made: made[1].sendall("text"), nothing_lost)
sweep("write", pair, lambda made: made[1].write(b"text", 1, 2), nothing_lost)
sweep("settimeout", pair, lambda made: made[1].settimeout(0.5), still_talks)
sweep("read(n) that times out", timing, quietly(lambda made: made[1].read(100)), kept_or_left)
sweep("readline that times out", timing, quietly(lambda made: made[1].readline()), kept_or_left)
sweep("read() that times out", timing, quietly(lambda made: made[1].read()), kept_or_left)


def accept_of_an_exception():
    # Memory runs out while an error is raised.
    s = socket.socket()
    s.setblocking(False)
    sweep("an error that cannot be built", nothing, quietly(lambda made: s.recv(1)))
    sweep("a refused connect that cannot be built", nothing, quietly(lambda made: socket.create_connection((HOST, 1))))
    s.close()


run(accept_of_an_exception)


def asked_is_not_allocated():
    a, b = tcp_pair()
    a.send(b"small")
    check("R20: recv(10**9) allocates what arrives", b.recv(10**9), b"small")
    a.send(b"small")
    settle(b)
    check("R20: recvfrom(10**9)", b.recvfrom(10**9)[0], b"small")
    a.send(b"small")
    a.close()
    check("R20: read(10**9)", b.read(10**9), b"small")
    b.close()
    u, v = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_DGRAM)
    v.bind((HOST, 0))
    u.sendto(b"gram", v.getsockname())
    check("R20: udp recv(10**9)", v.recv(10**9), b"gram")
    u.sendto(bytes(min(30000, DATAGRAM)), v.getsockname())
    check("R20: udp recv(10**9) of a long datagram", len(v.recv(10**9)), min(30000, DATAGRAM))
    v.settimeout(0.02)
    try:
        v.recv(10**9)
        fail("recv(10**9) of nothing", "returned")
    except OSError as e:
        check("recv(10**9) of nothing", number(e), 110)
    close(u, v)
    collect()
    before = gc.mem_free()
    a, b = tcp_pair()
    for _ in range(300):
        a.send(b"x" * 60)
        b.recv(65536)
    close(a, b)
    collect()
    true("recv(65536) of 60 bytes, 300 times: the heap is as before", before - gc.mem_free() < 8000, (before, gc.mem_free()))


run(asked_is_not_allocated)


def growing_too_far():
    # read() of more than the heap holds raises MemoryError and loses no byte.
    a, b = tcp_pair()
    collect()
    total = max(400, gc.mem_free() // 1024) * 1024

    def send():
        part = bytes(1024)
        for _ in range(total // 1024):
            a.sendall(part)
        a.close()

    t = spawn(send)
    e = None
    try:
        b.read()
    except MemoryError as x:
        e = x
    true("read() of more than the heap holds", isinstance(e, MemoryError), e)
    e = None
    n, buf = 0, bytearray(1000)
    while True:
        got = b.recv_into(buf)
        if got == 0:
            break
        n += got
    t(5)
    check("and no byte is lost by it", n, total)
    b.close()


run(growing_too_far)


def lines_in_small_memory():
    a, b = tcp_pair()
    for n in range(100):
        a.sendall(b"a line of ordinary length %d\n" % n)
        if not b.readline().endswith(b" %d\n" % n):
            fail("a hundred lines in small memory", n)
            return
    ok("a hundred lines in small memory")
    close(a, b)


run(lines_in_small_memory)
summary()
