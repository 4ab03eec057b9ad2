# run: limit=60 net=lo heap=64m
# Defects of RT-Thread's modusocket.c, R1 to R22 (R22 is in defects_memory.py). A sentence describes each defect before its test.
import select
import socket

from check import FIRST, check, collect, descriptors, in_time, number, raised, raises, sections, since, skip, summary, ticks, timed, true
from pairs import C, close, crowd, fill, free_port, narrow_pair, reset, settle, tcp_pair, udp_pair
from where import HOST, HOST6, MUCH, NAME

LATE = 4000


def r1():
    # A failed lookup, or a tuple of a length other than 2, left an invalid pointer that was then used: a hard fault.
    s = socket.socket()
    for call in (s.connect, s.bind):
        raises("R1: a name that does not exist", socket.gaierror, call, ("256.256.256.256.invalid-", 80))
        for address in ((), (HOST,), (HOST, 1, 2, 3, 4), None, 5):
            raises("R1: address {!r}".format(address), TypeError, call, address)
    check("R1: the socket lives", s.bind((HOST, 0)), None)
    s.close()


def r2():
    # Every receive error was treated as "try again": a blocking call never returned, one with a timeout raised ETIMEDOUT.
    for timeout in (None, 0.2, 0):
        tag = ", timeout {}".format(timeout)
        s = socket.socket()
        s.settimeout(timeout)
        start = ticks()
        raises("R2: recv on a fresh socket" + tag, 107, s.recv, 1)
        s.close()
        raises("R2: recv on a closed socket" + tag, 9, s.recv, 1)
        a, b = tcp_pair()
        b.settimeout(timeout)
        reset(a, b)
        settle(b)
        raises("R2: recv after a reset" + tag, 104, b.recv, 1)
        b.close()
        true("R2: at once" + tag, in_time(since(start), 1000), since(start))


def r3():
    # The same in accept(): on a socket that does not listen it looped for ever, or raised ETIMEDOUT if non-blocking.
    s = socket.socket()
    raises("R3: accept on a socket that does not listen", 22, s.accept)
    s.bind((HOST, 0))
    s.listen()
    s.setblocking(False)
    raises("R3: non-blocking accept", 11, s.accept)
    s.close()
    raises("R3: accept on a closed socket", 9, s.accept)


def r4():
    # Family, type and protocol were bytes: protocol 256, which asks for TLS, became 0, plaintext.
    for proto in (256, 256 + 6, 512, 65536, 1 << 20):
        if proto == 262:
            continue  # 262 is IPPROTO_MPTCP, which exists
        got = []
        e = raised(lambda: got.append(socket.socket(socket.AF_INET, socket.SOCK_STREAM, proto)))
        if got:
            true("R4: protocol {} is TLS and not truncated".format(proto), proto == 256 and got[0].proto == 256, got)
            close(*got)
        else:
            true("R4: protocol {} is refused and not truncated".format(proto), isinstance(e, OSError) and number(e) in (93, 22), e)
    for args in ((258, 1), (2, 257), (2, 256)):
        e = raised(socket.socket, args)
        true("R4: socket{} is refused and not truncated".format(args), isinstance(e, OSError) and number(e) in (97, 22, 93, 94), e)


def r5():
    # recv(0) or an empty datagram marked the peer as closed for good.
    a, b = tcp_pair()
    check("R5: recv(0)", b.recv(0), b"")
    a.send(b"alive")
    settle(b)
    check("R5: recv after recv(0)", b.recv(10), b"alive")
    close(a, b)
    u, v = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_DGRAM)
    u.bind((HOST, 0))
    v.bind((HOST, 0))
    u.sendto(b"", v.getsockname())
    settle(v)
    check("R5: an empty datagram, with its sender", v.recvfrom(10), (b"", u.getsockname()))
    u.sendto(b"next", v.getsockname())
    settle(v)
    check("R5: the datagram after it", v.recvfrom(10), (b"next", u.getsockname()))
    close(u, v)


def r6():
    # sendto(b'') was repeated for ever; would-block raised ETIMEDOUT.
    u, v = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_DGRAM)
    v.bind((HOST, 0))
    check("R6: sendto nothing", u.sendto(b"", v.getsockname()), 0)
    settle(v)
    check("R6: one datagram arrives", v.recv(10), b"")
    check("R6: and no second", settle(v, 100), False)
    close(u, v)


def r7():
    # send() looped until everything was sent, and raised ETIMEDOUT for an empty buffer and for would-block.
    a, b = narrow_pair()
    check("R7: send nothing", a.send(b""), 0)
    a.settimeout(0.2)
    check("R7: send nothing with a timeout", a.send(b""), 0)
    a.settimeout(5)
    start = ticks()
    n = a.send(bytes(MUCH))
    true("R7: send is one send, and may be short", 0 < n < MUCH and in_time(since(start), 3000), n)
    a.setblocking(False)
    fill(a)
    raises("R7: would-block is EAGAIN", 11, a.send, b"x")
    close(a, b)


def r8():
    # The poll ioctl used a closed socket's -1 as an index, and never reported ERR or NVAL.
    s = socket.socket()
    p = select.poll()
    p.register(s, select.POLLIN)
    s.close()
    found = raised(p.poll, (0,))
    true("R8: polling a closed socket", found is None or isinstance(found, OSError), found)
    c = socket.socket()
    c.setblocking(False)
    raised(c.connect, ((HOST, free_port()),))
    p = select.poll()
    p.register(c, select.POLLOUT)
    found = p.poll(1000)
    true("R8: a refused connection shows POLLERR", len(found) == 1 and found[0][1] & select.POLLERR, found)
    c.close()


def r9():
    # A wrong argument created an object with a finaliser that closed descriptor 0.
    start = descriptors()
    for args in (("x",), (2, "x"), (2, 1, "x"), (2, 1, [])):
        raises("R9: socket{}".format(args), TypeError, socket.socket, *args)
        collect()
    check("R9: no descriptor was closed or left", descriptors(), start)
    s = socket.socket()
    true("R9: 0, 1 and 2 are still taken", s.fileno() >= FIRST, s.fileno())
    s.close()


def r10():
    # setsockopt ignored its level, and joining a group did nothing, successfully.
    s = socket.socket(type=socket.SOCK_DGRAM)
    raises("R10: an option that is none", 92, s.setsockopt, socket.SOL_SOCKET, 12345, 1)
    raises("R10: a level that is none", 92, s.setsockopt, 4321, 2, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    before = s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
    raises("R10: the number of an option at another level", (OSError), s.setsockopt, socket.IPPROTO_TCP, 4, 1)
    check("R10: leaves the first as it was", s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR), before)
    group = socket.inet_aton("239.5.5.5") + socket.inet_aton(HOST)
    s.bind(("", 0))
    check("R10: joining a group", s.setsockopt(socket.IPPROTO_IP, C.IP_ADD_MEMBERSHIP, group), None)
    t = socket.socket(type=socket.SOCK_DGRAM)
    t.setsockopt(socket.IPPROTO_IP, C.IP_MULTICAST_IF, socket.inet_aton(HOST))
    t.sendto(b"to the group", ("239.5.5.5", s.getsockname()[1]))
    check("R10: and its datagrams come", settle(s, 1000) and s.recv(20), b"to the group")
    raises("R10: a group that is none", OSError, s.setsockopt, socket.IPPROTO_IP, C.IP_ADD_MEMBERSHIP, b"\1\2\3")
    close(s, t)


def r11():
    # Timeouts were rounded to steps of 100 ms plus one, raised EWOULDBLOCK below 0.1 s, and restarted with every byte.
    a, b = tcp_pair()
    for seconds in (0.01, 0.05, 0.15, 0.3):
        b.settimeout(seconds)
        timed("R11: {} s".format(seconds), b.recv, (1,), int(seconds * 1000), int(seconds * 1000) + LATE)
    times = []
    for _ in range(5):
        b.settimeout(0.02)
        start = ticks()
        raised(b.recv, (1,))
        times.append(since(start))
    true("R11: 20 ms is not 100 ms", min(times) < 80, times)
    raises("R11: a negative timeout", ValueError, b.settimeout, -1)
    raises("R11: NaN", ValueError, b.settimeout, float("nan"))
    close(a, b)


def r12():
    # connect() was one blocking call that ignored settimeout. (Ctrl-C is in drive_interrupt.py, a silent host in timeouts.py.)
    s, clients, e, took = crowd(0.2)
    true("R12: connect to a full backlog ends at its deadline", e is not None and number(e) == 110 and 200 <= took and in_time(took - 200, LATE), (e, took))
    close(s, *clients)


def r13():
    # getaddrinfo ignored its arguments and returned one hard-coded entry; failures were printed and had no number.
    check("R13: type", [a[1] for a in socket.getaddrinfo(HOST, 80, 0, socket.SOCK_DGRAM)], [2])
    check("R13: family", [a[0] for a in socket.getaddrinfo(NAME, 80, socket.AF_INET6, socket.SOCK_STREAM)], [10])
    check("R13: protocol", socket.getaddrinfo(HOST, 80, 0, 0, 17)[0][:3], (2, 2, 17))
    check("R13: an IPv6 address", socket.getaddrinfo(HOST6, 80, 0, 1)[0], (10, 1, 6, "", (HOST6, 80, 0, 0)))
    true("R13: more than one entry", len(socket.getaddrinfo(NAME, 80)) > 1)
    e = raises("R13: a failure is a gaierror", socket.gaierror, socket.getaddrinfo, "no such host", 80, 0, 0, 0, socket.AI_NUMERICHOST)
    true("R13: with a number", isinstance(number(e), int) and number(e) < 0, e)
    for _ in range(200):
        raised(socket.getaddrinfo, (HOST6, 80, socket.AF_INET))
        socket.getaddrinfo(NAME, 80)
    check("R13: the two-hundredth lookup still works", len(socket.getaddrinfo(NAME, 80, 2, 1)) > 0, True)


def r14():
    # The address list was freed before errno was read, so the number was wrong.
    for _ in range(20):
        s = socket.socket()
        e = raised(s.connect, ((NAME, free_port()),))
        s.close()
        if e is None or number(e) != 111:
            break
    check("R14: the errno of a refused connect to a name", e and number(e), 111)
    s = socket.socket()
    raises("R14: the errno of a refused bind by name", 98, s.bind, socket.create_server((NAME, 0)).getsockname())
    s.close()
    collect()


def r15():
    # Foreign errno numbers reached the program.
    s = socket.create_server((HOST, 0))
    t = socket.socket()
    raises("R15: EADDRINUSE is 98", 98, t.bind, s.getsockname())
    raises("R15: ENOTCONN is 107", 107, t.recv, 1)
    t.settimeout(0.02)
    s.settimeout(0.02)
    raises("R15: ETIMEDOUT is 110", 110, s.accept)
    raises("R15: EADDRNOTAVAIL is 99", 99, t.bind, ("192.0.2.9", 0))
    c = socket.create_connection(s.getsockname())
    raises("R15: EISCONN is 106", 106, c.connect, s.getsockname())
    raises("R15: ECONNREFUSED is 111", 111, socket.socket().connect, (HOST, free_port()))
    close(s, t, c)
    collect()


def r16():
    # listen() needed an argument.
    s = socket.socket()
    s.bind((HOST, 0))
    check("R16: listen()", s.listen(), None)
    check("R16: listen(-1)", s.listen(-1), None)
    c = socket.create_connection(s.getsockname(), 3)
    s.settimeout(3)
    d, _ = s.accept()
    close(s, c, d)


def r17():
    # send() accepted only bytes and str.
    a, b = tcp_pair()
    for data in (b"bytes", "str", bytearray(b"bytearray"), memoryview(b"memoryview")):
        n = a.send(data)
        settle(b)
        check("R17: send({})".format(type(data).__name__), (n, b.recv(20)), (len(data), bytes(data, "ascii") if isinstance(data, str) else bytes(data)))
    try:
        import array
    except ImportError:
        skip("R17: send(array)", "this interpreter has no arrays")
        close(a, b)
        return
    check("R17: send(array)", a.send(array.array("H", [0x4141, 0x4242])), 4)
    settle(b)
    check("R17: its bytes", b.recv(20), b"AABB")
    close(a, b)


def r18():
    # Addresses were 16 bytes and IPv4 everywhere; sendto accepted only numeric hosts.
    s = socket.create_server((HOST6, 0), family=socket.AF_INET6)
    c = socket.socket(socket.AF_INET6)
    c.connect((HOST6, s.getsockname()[1]))
    d, peer = s.accept()
    check("R18: accept from IPv6", peer, c.getsockname())
    true("R18: its address has four parts", len(peer) == 4 and peer[0] == HOST6, peer)
    close(s, c, d)
    u, v = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    v.bind((HOST6, 0))
    u.bind((HOST6, 0))
    u.sendto(b"six", v.getsockname())
    check("R18: recvfrom IPv6", v.recvfrom(9), (b"six", u.getsockname()))
    close(u, v)
    u, v = udp_pair()
    w = socket.socket(type=socket.SOCK_DGRAM)
    w.bind((HOST, 0))
    x = socket.socket(type=socket.SOCK_DGRAM)
    check("R18: sendto a name", x.sendto(b"name", (NAME, w.getsockname()[1])), 4)
    check("R18: arrives", w.recv(9), b"name")
    close(u, v, w, x)


def r19():
    # socket was a function.
    true("R19: a type", isinstance(socket.socket, type))
    s = socket.socket()
    true("R19: isinstance", isinstance(s, socket.socket))
    socket.socket.settimeout(s, 1.5)
    check("R19: methods of the type", s.gettimeout(), 1.5)
    s.close()

    class Sub(socket.socket):
        extra = 5

    s = Sub()
    check("R19: a subclass", (s.extra, s.fileno() >= FIRST), (5, True))
    s.close()


def r20():
    # recv allocated the requested size without a limit.
    a, b = tcp_pair()
    a.send(b"few")
    check("R20: recv(2**30)", b.recv(1 << 30), b"few")
    close(a, b)


def r21():
    # with, getsockname and shutdown were missing.
    with socket.create_server((HOST, 0)) as s:
        true("R21: getsockname", s.getsockname()[1] > 0)
        c = socket.create_connection(s.getsockname())
        d, _ = s.accept()
    check("R21: with closed it", s.fileno(), -1)
    c.shutdown(socket.SHUT_WR)
    check("R21: shutdown", d.recv(1), b"")
    close(c, d)


sections(r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15, r16, r17, r18, r19, r20, r21)
summary()
