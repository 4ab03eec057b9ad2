# run: net=veth limit=60 heap=64m
# Calls from several threads on different sockets and on one; close() wakes waiting calls; collections do not lengthen a deadline.
import gc
import socket
import time

from check import check, collect, descriptors, in_time, number, raised, sections, since, spawn, storm, storms, summary, ticks, timed, true, waiting
from pairs import close, drain, full_pair, tcp_pair, udp_pair
from where import HOST, MUCH, SILENT

SLACK = 4000


def on_different_sockets():
    def talk(n):
        a, b = tcp_pair()
        good = True
        for i in range(60):
            message = b"%d:%d\n" % (n, i)
            a.sendall(message)
            good = good and b.readline() == message
            b.write(message)
            good = good and a.read(len(message)) == message
        close(a, b)
        return good

    threads = [spawn(talk, n) for n in range(6)]
    check("six pairs at once", [t(20) for t in threads], [[True]] * 6)


def on_one_socket():
    a, b = tcp_pair()
    b.settimeout(10)
    threads = [waiting(b.read, 1000) for _ in range(4)]
    for _ in range(40):
        a.sendall(b"x" * 100)
        time.sleep(0.001)
    got = [t(10) for t in threads]
    check("four readers share one stream, nothing twice, nothing lost", [g and len(g[0]) for g in got], [1000] * 4)
    reader = spawn(drain, b)
    writers = [spawn(a.sendall, bytes([65 + n]) * 50000) for n in range(4)]
    for t in writers:
        t(10)
    a.close()
    got = reader(10)
    data = got[0] if got else b""
    check("four writers on one stream", [data.count(bytes([65 + n])) for n in range(4)], [50000] * 4)
    b.close()
    a, b = tcp_pair()
    r = waiting(a.recv, 10)
    check("send while another thread receives on the same socket", a.send(b"ping"), 4)
    b.sendall(b"pong")
    check("and both have their data", (r(5), b.recv(10)), ([b"pong"], b"ping"))
    close(a, b)


def blocked(label, s, name, args, seconds=None):
    # A call waits in another thread; s is closed here, and its number is reused at once.
    s.settimeout(seconds)
    t = waiting(lambda: raised(getattr(s, name), args))
    true(label + ": waits", t(0) is None)
    start = ticks()
    s.close()
    other, peer = tcp_pair()
    got = t(3)
    took = since(start)
    true("{}: close wakes it with EBADF".format(label), got is not None and isinstance(got[0], OSError) and number(got[0]) == 9, got)
    true("{}: soon".format(label), in_time(took, 2500), took)
    peer.send(b"fine")
    other.settimeout(2)
    check("{}: what reused the number is untouched".format(label), raised(lambda: check_recv(other)), None)
    close(other, peer)


def check_recv(s):
    if s.recv(10) != b"fine":
        raise ValueError("not what was sent")


def close_wakes():
    for seconds in (None, 30):
        tag = ", timeout {}".format(seconds)
        for name, args in (
            ("recv", (1,)), ("recvfrom", (1,)), ("recv_into", (bytearray(1),)), ("read", (10,)), ("read", ()), ("readinto", (bytearray(10),)), ("readline", ()),
        ):  # fmt: skip
            a, b = tcp_pair()
            blocked("tcp {}{}{}".format(name, len(args), tag), b, name, args, seconds)
            a.close()
        for name in ("recv", "recvfrom"):
            u, v = udp_pair()
            blocked("udp " + name + tag, v, name, (1,), seconds)
            u.close()
        u = socket.socket(type=socket.SOCK_DGRAM)
        blocked("udp recvfrom unbound" + tag, u, "recvfrom", (1,), seconds)
        blocked("accept" + tag, socket.create_server((HOST, 0)), "accept", (), seconds)
        for name in ("send", "sendall", "write"):
            a, b = full_pair()
            blocked(name + tag, a, name, (b"x" * 10,), seconds)
            b.close()
        blocked("connect" + tag, socket.socket(), "connect", (SILENT,), seconds)


def close_wakes_all():
    s = socket.create_server((HOST, 0))
    threads = [waiting(lambda: raised(s.accept)) for _ in range(4)]
    s.close()
    got = [t(3) for t in threads]
    check("close wakes four", [g and number(g[0]) for g in got], [9] * 4)


def shutdown_wakes():
    a, b = tcp_pair()
    t = waiting(b.recv, 1)
    b.shutdown(socket.SHUT_RD)
    check("shutdown(SHUT_RD) ends recv with b''", t(2), [b""])
    close(a, b)


def collector_storm():
    if not storms():
        return
    stop = []
    t = spawn(storm, stop)
    a, b = tcp_pair()
    u, v = udp_pair()
    c, d = full_pair()
    s = socket.create_server((HOST, 0))
    for x in (a, b, u, v, c, s):
        x.settimeout(0.5)
    for x, name, args in (
        (a, "recv", (1,)), (a, "read", (5,)), (a, "readline", ()), (u, "recvfrom", (1,)), (c, "send", (b"x",)), (c, "write", (b"x",)), (s, "accept", ()),
    ):  # fmt: skip
        timed("U5: {} in 500 ms while another thread collects".format(name), getattr(x, name), args, 500, 500 + SLACK)
    n = socket.socket()
    n.settimeout(0.5)
    timed("U6: connect in 500 ms while another thread collects", n.connect, (SILENT,), 500, 500 + SLACK)
    check("U6: and the error is not EALREADY but the socket closes as ever", n.close(), None)
    stop.append(1)
    got = t(5)
    true("U5: there was a storm", got is not None and got[0] > 20, got)
    close(a, b, u, v, c, d, s)


def collector_storm_and_data():
    if not storms():
        return
    stop = []
    t = spawn(storm, stop)
    a, b = tcp_pair()
    w = spawn(a.sendall, bytes(range(256)) * (MUCH // 10000))
    data = b.read(MUCH // 10000 * 256)
    true("no byte is lost while another thread collects", data == bytes(range(256)) * (MUCH // 10000), len(data))
    w(5)
    for _ in range(20):
        a.sendall(b"line of a storm\n")
    check("no line either", [b.readline() for _ in range(20)], [b"line of a storm\n"] * 20)
    stop.append(1)
    t(5)
    close(a, b)


def opened_and_closed_in_threads():
    start = descriptors()

    def churn(n):
        for _ in range(50):
            s = socket.socket()
            s.setblocking(False)
            raised(s.connect, ((HOST, 9),))
            s.close()
            s.close()
        return n

    threads = [spawn(churn, n) for n in range(4)]
    check("two hundred sockets opened and closed by four threads", [t(10) for t in threads], [[0], [1], [2], [3]])
    collect()
    check("none is left", descriptors(), start)


def close_races_with_recv():
    # close() from another thread at any moment: the call raises EBADF or returns its own data, never another socket's, and never hangs.
    bad = []
    for _ in range(150):
        a, b = tcp_pair()
        a.send(b"mine")
        b.settimeout(2)
        t = spawn(lambda: (raised(b.recv, (4,)), raised(b.recv, (4,))))
        b.close()
        c, d = tcp_pair()
        d.send(b"strange")
        c.settimeout(2)
        got = t(3)
        if got is None or any((e is not None and number(e) != 9 for e in got[0])):
            bad.append(got)
        if c.recv(10) != b"strange":
            bad.append("bytes of another socket were received")
        close(a, c, d)
    check("150 races of close and recv", bad, [])


sections(
    on_different_sockets, on_one_socket, close_wakes, close_wakes_all, shutdown_wakes, collector_storm, collector_storm_and_data,
    opened_and_closed_in_threads, close_races_with_recv,
)  # fmt: skip
summary()
