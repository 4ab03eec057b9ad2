# run: limit=30
# A wrong argument raises a TypeError that names the argument, the expected type and the actual one.
import socket

from check import check, raised, sections, skip, summary, true
from pairs import C, close, tcp_pair, udp_pair
from where import HOST


class Thing:
    pass


def says(label, words, fn, *args, **kw):
    e = raised(fn, args, kw)
    text = str(e)
    true(label, isinstance(e, TypeError) and all(w in text for w in words), repr(e))
    true(label + ": not the interpreter's words", "buffer protocol" not in text and "can't convert" not in text, text)


def addresses():
    a, b = tcp_pair()
    u, v = udp_pair()
    s = socket.socket()
    for name, fn in (
        ("connect", s.connect), ("connect_ex", s.connect_ex), ("bind", s.bind), ("sendto", lambda x: u.sendto(b"x", x)),
        ("create_server", socket.create_server), ("create_connection", socket.create_connection), ("getnameinfo", lambda x: socket.getnameinfo(x, 0)),
        ("sendto with flags", lambda x: u.sendto(b"x", 0, x)), ("source_address", lambda x: socket.create_connection((HOST, 9), 1, x)),
    ):  # fmt: skip
        if name != "source_address":
            says(name + "(None)", ("address must be",), fn, None)
        says(name + "(80)", ("address must be",), fn, 80)
        says(name + "(an object)", ("address must be",), fn, Thing())
        if name != "create_connection":
            says(name + "((None, 80))", ("host must be a str, not NoneType",), fn, (None, 80))
            says(name + "((h, '80'))", ("port must be an int, not str",), fn, (HOST, "80"))
            says(name + "((h, None))", ("port must be an int, not NoneType",), fn, (HOST, None))
            says(name + "((h, 80.0))", ("port must be an int, not float",), fn, (HOST, 80.0))
        says(name + "((h, 80, 'x'))", ("flowinfo must be an int, not str",), fn, (HOST, 80, "x"))
        says(name + "((h, 80, 0, b''))", ("scope_id must be an int, not bytes",), fn, (HOST, 80, 0, b""))
        says(name + "((80, h))", ("host must be", "not int"), fn, (80, HOST))
    says("create_connection((h, object))", ("port must be an int, a str or None, not Thing",), socket.create_connection, (HOST, Thing()))
    says("getaddrinfo(5, 80)", ("host must be a str", "not int"), socket.getaddrinfo, 5, 80)
    says("getaddrinfo(h, 1.5)", ("port must be an int, a str or None, not float",), socket.getaddrinfo, HOST, 1.5)
    for name in ("family", "type", "proto", "flags"):
        says("getaddrinfo(" + name + ")", (name + " must be an int, not str",), socket.getaddrinfo, HOST, 80, **{name: "x"})
    for name in ("dialer", "resolver"):
        f = getattr(socket, name, None)
        if f is not None:
            says(name + "(5, 80)", ("host must be a str", "not int"), f, 5, 80)
            says(name + "(h, object)", ("port must be", "not Thing"), f, HOST, Thing())
            says(name + "(flags)", ("flags must be an int, not list",), f, HOST, 80, flags=[])
    if hasattr(socket, "AF_UNIX"):
        x = socket.socket(socket.AF_UNIX)
        says("connect(5) with AF_UNIX", ("address must be a path, not int",), x.connect, 5)
        x.close()
    close(a, b, u, v, s)


def buffers():
    a, b = tcp_pair()
    f = a.makefile("rwb")
    for name, fn in (
        ("recv_into", b.recv_into), ("recvfrom_into", b.recvfrom_into), ("readinto", b.readinto), ("a file's readinto", f.readinto),
    ):  # fmt: skip
        says(name + "(bytes)", ("buffer must be writable", "not bytes"), fn, b"x")
        says(name + "(str)", ("buffer must be writable", "not str"), fn, "x")
        says(name + "(memoryview of bytes)", ("buffer must be writable", "not memoryview"), fn, memoryview(b"x"))
        says(name + "(5)", ("buffer must be a writable", "not int"), fn, 5)
        says(name + "(None)", ("buffer must be a writable", "not NoneType"), fn, None)
        says(name + "(size)", ("size must be an int, not str",), fn, bytearray(4), "2")
    for name, fn in (("send", a.send), ("sendall", a.sendall), ("write", a.write), ("a file's write", f.write), ("sendto", lambda x: a.sendto(x, (HOST, 9)))):
        for wrong, kind in ((None, "NoneType"), (5, "int"), ([], "list"), (Thing(), "Thing")):
            says("{}({})".format(name, kind), ("data must be bytes-like or str, not " + kind,), fn, wrong)
    says("send(flags)", ("flags must be an int, not str",), a.send, b"x", "f")
    says("sendall(flags)", ("flags must be an int, not str",), a.sendall, b"x", "f")
    close(f, a, b)


def numbers():
    a, b = tcp_pair()
    for name, fn in (("recv", b.recv), ("recvfrom", b.recvfrom), ("read", b.read), ("readline", b.readline)):
        says(name + "('5')", ("size must be an int, not str",), fn, "5")
        says(name + "(5.0)", ("size must be an int, not float",), fn, 5.0)
    says("recv(flags)", ("flags must be an int, not str",), b.recv, 5, "f")
    says("listen", ("backlog must be an int, not str",), b.listen, "5")
    says("shutdown", ("how must be an int, not str",), b.shutdown, "r")
    says("settimeout", ("timeout must be a number of seconds or None, not str",), b.settimeout, "5")
    says("settimeout([])", ("timeout must be a number of seconds or None, not list",), b.settimeout, [])
    says("setdefaulttimeout", ("timeout must be a number of seconds or None, not str",), socket.setdefaulttimeout, "5")
    says("create_connection(timeout)", ("timeout must be a number of seconds or None, not str",), socket.create_connection, (HOST, 9), "5")
    says("setsockopt(level)", ("level must be an int, not str",), b.setsockopt, "s", 1, 1)
    says("setsockopt(name)", ("optname must be an int, not str",), b.setsockopt, 1, "s", 1)
    says("setsockopt(value)", ("value must be an int, a bool or bytes-like, not float",), b.setsockopt, socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1.5)
    says("getsockopt(level)", ("level must be an int, not str",), b.getsockopt, "s", 1)
    says("getsockopt(name)", ("optname must be an int, not NoneType",), b.getsockopt, 1, None)
    says("getsockopt(buflen)", ("buflen must be an int, not str",), b.getsockopt, 1, 1, "4")
    for name in ("family", "type", "proto"):
        says("socket(" + name + ")", (name + " must be an int, not str",), socket.socket, **{name: "x"})
    says("socket(fileno)", ("fileno must be an int, not str",), socket.socket, fileno="x")
    says("fromfd", ("fd must be an int, not str",), socket.fromfd, "x", 2, 1)
    says("fromfd(family)", ("family must be an int, not str",), socket.fromfd, 0, "x", 1)
    says("socketpair", ("family must be an int, not str",), socket.socketpair, "x")
    says("create_server(backlog)", ("backlog must be an int, not str",), socket.create_server, (HOST, 0), backlog="5")
    says("create_server(family)", ("family must be an int, not str",), socket.create_server, (HOST, 0), family="5")
    says("makefile(mode)", ("mode must be a str, not int",), b.makefile, 5)
    says("makefile(buffering)", ("buffering must be an int, not str",), b.makefile, "rb", "5")
    says("getnameinfo(flags)", ("flags must be an int, not str",), socket.getnameinfo, (HOST, 80), "f")
    says("inet_pton", ("family must be an int, not str",), socket.inet_pton, "x", HOST)
    says("inet_pton(address)", ("address must be a str, not int",), socket.inet_pton, socket.AF_INET, 5)
    says("inet_ntop", ("address must be bytes-like, not str",), socket.inet_ntop, socket.AF_INET, "x")
    says("inet_aton", ("address must be a str, not int",), socket.inet_aton, 5)
    says("inet_ntoa", ("address must be bytes-like, not int",), socket.inet_ntoa, 5)
    if hasattr(socket, "if_nametoindex"):
        says("if_nametoindex", ("name must be a str, not int",), socket.if_nametoindex, 5)
    if hasattr(socket, "poller"):
        p = socket.poller()
        says("poller.register(events)", ("eventmask must be an int, not str",), p.register, b, "r")
        says("poller.poll(ms)", ("timeout must be an int, not str",), p.poll, "5")
        p.close()
    close(a, b)


sections(addresses, buffers, numbers)
summary()
