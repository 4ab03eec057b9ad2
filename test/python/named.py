# run: net=lo
# The text of an error begins with the program's call, and names numbers that MicroPython's errno does not know.
import errno

import socket

from check import check, number, raised, sections, summary, true
from pairs import close, free_port, tcp_pair, udp_pair
from where import HOST


def words(e):
    return e.args[1] if e is not None and len(e.args) > 1 else repr(e)


def says(label, call, fn, *args):
    text = words(raised(fn, args))
    if ": " in text and text[: text.index(": ")] in NAMES:
        text = text[text.index(": ") + 2 :]
    true("{} names {}".format(label, call), text.startswith(call + ":") or text.startswith(call + " "), text)


NAMES = [name for name in dir(socket) if name.startswith("E") and name[:4] not in ("EAI_", "ETLS")]


def late():
    a, b = tcp_pair()
    u, v = udp_pair()
    for s in (b, u):
        s.settimeout(0.01)
    kind = ("stream", "datagrams")
    for i in range(2):
        s = (b, u)[i]
        buf = bytearray(3)
        says(kind[i] + ", recv", "recv", s.recv, 1)
        says(kind[i] + ", recv of much", "recv", s.recv, 100000)
        says(kind[i] + ", recvfrom", "recvfrom", s.recvfrom, 1)
        says(kind[i] + ", recv_into", "recv_into", s.recv_into, buf)
        says(kind[i] + ", recvfrom_into", "recvfrom_into", s.recvfrom_into, buf)
        for what, f in (("socket", s), ("file", s.makefile("rb")), ("text", s.makefile("r")), ("unbuffered", s.makefile("rb", 0))):
            label = "{}, {}, ".format(kind[i], what)
            says(label + "read", "read", f.read)
            says(label + "read(n)", "read", f.read, 3)
            says(label + "readinto", "readinto", f.readinto, buf)
            says(label + "readline", "readline", f.readline)
            if f is not s:
                says(label + "readlines", "readlines", f.readlines)
                says(label + "iteration", "readline", next, f)
                f.close()
    b.makefile("rb").close()
    close(a, b, u, v)


def closed():
    s = socket.socket()
    s.close()
    for name, args in (
        ("recv", (1,)), ("recvfrom", (1,)), ("recv_into", (bytearray(1),)), ("recvfrom_into", (bytearray(1),)), ("read", (1,)), ("readinto", (bytearray(1),)),
        ("readline", ()), ("write", (b"x",)), ("send", (b"x",)), ("sendall", (b"x",)), ("sendto", (b"x", (HOST, 1))), ("bind", ((HOST, 0),)), ("listen", (1,)),
        ("accept", ()), ("connect", ((HOST, 1),)), ("shutdown", (1,)), ("getsockname", ()), ("getpeername", ()), ("getsockopt", (1, 2)),
        ("setsockopt", (1, 2, 1)), ("settimeout", (1,)), ("setblocking", (True,)), ("makefile", ()), ("sendfile", (None,)), ("dup", ()), ("get_inheritable", ()),
        ("set_inheritable", (True,)),
    ):  # fmt: skip
        says("{}() of a closed socket".format(name), name, getattr(s, name), *args)


def of_one_direction():
    a, b = tcp_pair()
    f, g = a.makefile("rb"), a.makefile("wb")
    for name, args in (("read", ()), ("readinto", (bytearray(1),)), ("readline", ()), ("readlines", ())):
        says("{}() of a file that is only written".format(name), name, getattr(g, name), *args)
    says("write() to a file that is only read", "write", f.write, b"x")
    close(f, g, a, b)


def lookups():
    long = "x" * 300
    for name, args in (
        ("getaddrinfo", (long, 80)), ("gethostbyname", (long,)), ("gethostbyname_ex", (long,)), ("create_connection", ((long, 80),)),
        ("resolver", (long, 80)), ("dialer", (long, 80)),
    ):  # fmt: skip
        if hasattr(socket, name):
            says("{}() of a long name".format(name), name, getattr(socket, name), *args)
    for name, args in (("getaddrinfo", (HOST, long)), ("create_connection", ((HOST, long),)), ("getservbyname", (long,)), ("getservbyport", (1, "no"))):
        says("{}() of a long service".format(name), name, getattr(socket, name), *args)


def names():
    known = [name for name in dir(errno) if name.startswith("E")]
    check("no constant of errno is doubled", [name for name in NAMES if name in known], [])
    a, b = tcp_pair()
    s, c = socket.socket(), socket.socket()
    a.shutdown(socket.SHUT_WR)
    cases = (
        ("EPIPE", a.send, b"x"),
        ("EPIPE", a.sendall, b"x"),
        ("EPIPE", a.write, b"x"),
        ("EISCONN", b.connect, b.getpeername()),
        ("EADDRNOTAVAIL", s.bind, ("192.0.2.77", 0)),
        ("ENOPROTOOPT", s.setsockopt, socket.SOL_SOCKET, 9999, 1),
        ("EAFNOSUPPORT", socket.inet_pton, 77, HOST),
    )
    for case in cases:
        e = raised(case[1], case[2:])
        label = "{} of {}".format(case[0], case[1].__name__ if hasattr(case[1], "__name__") else "a call")
        check(label + " has a constant", number(e), getattr(socket, case[0]))
        true(label + " has its name in its words", case[0] + ": " in str(e), str(e))
        true(label + " is a plain OSError", type(e) is OSError, type(e))
    e = raised(c.connect, ((HOST, free_port()),))
    true("a name that MicroPython prints comes once", str(e).startswith("[Errno 111] ECONNREFUSED: connect ") and str(e).count("ECONN") == 1, str(e))
    for name in NAMES:
        true("{} is a number".format(name), 0 < getattr(socket, name) < 128)
    close(a, b, s, c)


sections(late, closed, of_one_direction, lookups, names)
summary()
