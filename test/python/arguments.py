# run: net=lo
# Arguments with a special meaning: -1 and None for "all", sizes beyond an int, omitted arguments.
import sys

import socket

from check import check, raised, raises, sections, summary, true
from pairs import close, settle, tcp_pair
from where import HOST


def minus_one_is_all():
    for label, n in (("-1", -1), ("None", None), ("-2", -2), ("sys.maxsize", getattr(sys, "maxsize", 2**31 - 1)), ("-2**30", -(2**30))):
        for kind in ("socket", "file", "unbuffered"):
            a, b = tcp_pair()
            f = a if kind == "socket" else a.makefile("rwb", 0 if kind == "unbuffered" else -1)
            g = b if kind == "socket" else b.makefile("rwb", 0 if kind == "unbuffered" else -1)
            g_label = "{} of a {}".format(label, kind)
            check("write(buf, n) with n = " + g_label, f.write(b"abcdef", n), 6)
            check("write(buf, off, n) with n = " + g_label, f.write(b"abcdef", 4, n), 2)
            buf = bytearray(8)
            b.settimeout(5)
            check("readinto(buf, n) with n = " + g_label, (g.readinto(buf, n), bytes(buf)), (8, b"abcdefef"))
            a.send(b"a line\nthe rest")
            check("readline(n) with n = " + g_label, g.readline(n), b"a line\n")
            close(*((a,) if f is a else (f, a)))
            check("read(n) with n = " + g_label, g.read(n), b"the rest")
            close(*((b,) if g is b else (g, b)))
    a, b = tcp_pair()
    raises("a negative offset of write", ValueError, a.write, b"abc", -1, 2)
    check("an offset behind the end", (a.write(b"abc", 5, -1), a.write(b"abc", 3, 1)), (0, 0))
    close(a, b)


def backlogs():
    for n in (2**31, 2**32, 2**63, 2**64, -(2**31) - 1, -(2**64)):
        s = socket.socket()
        s.bind((HOST, 0))
        raises("listen({})".format(n), OverflowError, s.listen, n)
        raises("create_server with a backlog of {}".format(n), OverflowError, socket.create_server, (HOST, 0), backlog=n)
        s.close()
    for n in (-5, 0, 2**30, -(2**30)):
        s = socket.socket()
        s.bind((HOST, 0))
        check("listen({})".format(n), s.listen(n), None)
        s.close()


def nothing_at_all():
    empty = (b"", bytearray(0), memoryview(b""), memoryview(bytearray(3))[3:], "")
    for i in range(len(empty)):
        host = empty[i]
        s = socket.socket()
        s.bind((host, 0))
        check("an empty host is any address, {}".format(i), s.getsockname()[0], "0.0.0.0")
        s.close()
        e = raised(socket.getaddrinfo, (host, 80))
        true("getaddrinfo of an empty host, {}".format(i), e is None or isinstance(e, OSError), e)
        e = raised(socket.getaddrinfo, (HOST, host))
        true("getaddrinfo of an empty service, {}".format(i), e is None or isinstance(e, OSError), e)
        s = socket.socket()
        e = raised(s.connect, (host,))
        true("an empty sockaddr, {}".format(i), isinstance(e, (OSError, TypeError)), e)
        e = raised(s.setsockopt, (socket.SOL_SOCKET, socket.SO_REUSEADDR, host))
        true("an empty option, {}".format(i), isinstance(e, OSError), e)
        s.close()
        a, b = tcp_pair()
        check("nothing to send, {}".format(i), (a.send(host), a.sendall(host), a.write(host)), (0, None, 0))
        if i in (1, 3):
            check("no room to receive, {}".format(i), (b.recv_into(host), b.readinto(host)), (0, 0))
        close(a, b)


def closed_files():
    a, b = tcp_pair()
    for mode, buffering in (("rwb", -1), ("rw", -1), ("rwb", 0)):
        f = a.makefile(mode, buffering)
        f.close()
        check("close() again, {!r}, {}".format(mode, buffering), f.close(), None)
        for name, args in (
            ("fileno", ()), ("flush", ()), ("read", ()), ("readinto", (bytearray(1),)), ("readline", ()), ("readlines", ()), ("write", (b"x",)),
            ("setblocking", (True,)), ("__enter__", ()),
        ):  # fmt: skip
            raises("{}() of a closed file, {!r}, {}".format(name, mode, buffering), ValueError, getattr(f, name), *args)
        raises("next() of a closed file, {!r}, {}".format(mode, buffering), ValueError, next, f)
    f = a.makefile("rwb", 0)
    close(a, b)
    raises("fileno() of an unbuffered file of a closed socket", ValueError, f.fileno)


def text():
    a, b = tcp_pair()
    b.settimeout(5)
    for spelling in ("utf-8", "UTF-8", "utf8", "utf_8", "Utf8", None):
        b.makefile("r", encoding=spelling, errors=None, newline=None).close()
    b.makefile("rb", encoding="latin-1", newline="x").close()  # ignored in binary mode
    for key, value in (
        ("encoding", "latin-1"), ("encoding", "ascii"), ("encoding", ""), ("encoding", "utf-88"), ("errors", "ignore"), ("newline", "\r"), ("newline", "x"),
    ):  # fmt: skip
        e = raises("makefile with {}={!r}".format(key, value), ValueError, b.makefile, "r", -1, **{key: value})
        true("names {}: {}".format(key, value), key in str(e), e)
    raises("newline='\\r\\n' where text is written", ValueError, b.makefile, "rw", -1, newline="\r\n")
    raises("encoding=5", TypeError, b.makefile, "r", encoding=5)
    a.sendall(b"one\r\ntwo\rthree\nfour\r\n\r\n")
    f = b.makefile("r", 5, encoding="utf-8")
    check("line ends become \\n", [f.readline() for _ in range(5)], ["one\n", "two\n", "three\n", "four\n", "\n"])
    a.sendall(b"ends in CR\r")
    check("a CR ends a line at once", f.readline(), "ends in CR\n")
    a.sendall(b"\nnext\r\nread \r\n")
    check("and a LF behind it is no line", f.readline(), "next\n")
    check("read(n) counts the translated characters", f.read(6), "read \n")
    a.sendall(b"CR\r")
    f.readline()
    a.sendall(b"\nraw\r\n")
    settle(b)
    buf = bytearray(6)
    check("readinto gives bytes as they are", (f.readinto(buf), bytes(buf)), (6, b"\nraw\r\n"))
    a.sendall(b"\nline\n")
    check("and a LF after it is a line", (f.readline(), f.readline()), ("\n", "line\n"))
    f.close()
    for newline in ("", "\n", "\r\n"):
        f = b.makefile("r", newline=newline)
        a.sendall(b"as\rit is\r\n")
        check("newline={!r} leaves them".format(newline), f.readline(), "as\rit is\r\n")
        f.close()
    f = b.makefile("r")
    a.sendall(b"good\nb\xffd\xc3\nlast\n")
    check("a good line before a bad one", f.readline(), "good\n")
    for call in (f.readline, lambda: f.read(7), lambda: next(f)):
        e = raises("bytes that are no UTF-8", UnicodeError, call)
        true("the error has words", "UTF-8" in str(e), e)
    buf = bytearray(5)
    check("nothing is lost by it", (f.readinto(buf), bytes(buf)), (5, b"b\xffd\xc3\n"))
    check("and the file goes on", f.readline(), "last\n")
    a.sendall("z\u00fc".encode()[:-1])
    a.close()
    e = raises("a stream that ends in a character", UnicodeError, f.read)
    buf = bytearray(5)
    check("it is there as bytes", (f.readinto(buf), bytes(buf[:2])), (2, b"z\xc3"))
    close(f, b)


sections(minus_one_is_all, backlogs, nothing_at_all, closed_files, text)
summary()
