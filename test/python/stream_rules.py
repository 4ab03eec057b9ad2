# run: heap=128m
# read, readinto, readline, write: no short reads or writes in blocking mode; None, b'' and counts; buffers and text.
import socket
import time

from check import check, raises, sections, spawn, summary, true
from pairs import close, drain, fill, narrow_pair, reset, settle, tcp_pair
from where import HOST, MUCH


def trickle(s, data, step=1, pause=0.004):
    for i in range(0, len(data), step):
        s.send(data[i : i + step])
        time.sleep(pause)


def no_short_reads():
    data = b"0123456789abcdef\n"
    for timeout in (None, 5):
        a, b = tcp_pair()
        b.settimeout(timeout)
        tag = ", timeout {}".format(timeout)
        t = spawn(trickle, a, data)
        check("read(n) waits for n" + tag, b.read(17), data)
        t()
        buf = bytearray(17)
        t = spawn(trickle, a, data)
        check("readinto waits for all" + tag, (b.readinto(buf), bytes(buf)), (17, data))
        t()
        buf = bytearray(20)
        t = spawn(trickle, a, data)
        check("readinto(buf, n) waits for n" + tag, (b.readinto(buf, 16), bytes(buf)), (16, data[:16] + bytes(4)))
        check("the rest is left" + tag, b.read(1), b"\n")
        t()
        t = spawn(trickle, a, data)
        check("readline waits for the newline" + tag, b.readline(), data)
        t()
        t = spawn(trickle, a, data)
        check("readline(max) waits for max" + tag, b.readline(5), data[:5])
        check("readline(max) stops at the newline" + tag, b.readline(100), data[5:])
        t()

        def send_and_close():
            trickle(a, data)
            a.close()

        t = spawn(send_and_close)
        check("read() waits for the end" + tag, b.read(), data)
        check("then b''" + tag, b.read(), b"")
        t()
        close(a, b)


def the_end_of_the_stream():
    for name, call, want in (
        ("read(100)", lambda s: s.read(100), b"tail"), ("read()", lambda s: s.read(), b"tail"), ("read(-1)", lambda s: s.read(-1), b"tail"),
        ("readline()", lambda s: s.readline(), b"tail"), ("readline(100)", lambda s: s.readline(100), b"tail"),
        ("readline(-1)", lambda s: s.readline(-1), b"tail"), ("recv", lambda s: s.recv(100), b"tail"),
        ("readinto", lambda s: s.readinto(bytearray(100)), 4),
    ):  # fmt: skip
        for mode in (None, 2, 0):
            a, b = tcp_pair()
            a.send(b"tail")
            a.close()
            settle(b)
            time.sleep(0.01)
            b.settimeout(mode)
            end = 0 if name == "readinto" else b""
            check("{} gives the tail, then the end, timeout {}".format(name, mode), (call(b), call(b), call(b)), (want, end, end))
            b.close()


def zero_lengths():
    for mode in (None, 2, 0):
        a, b = tcp_pair()
        a.settimeout(mode)
        b.settimeout(mode)
        tag = ", timeout {}".format(mode)
        check("read(0)" + tag, b.read(0), b"")
        check("readinto nothing" + tag, b.readinto(bytearray(0)), 0)
        check("readinto(buf, 0)" + tag, b.readinto(bytearray(5), 0), 0)
        check("readline(0)" + tag, b.readline(0), b"")
        check("write nothing" + tag, a.write(b""), 0)
        check("write(buf, 0)" + tag, a.write(b"abc", 0), 0)
        check("send nothing" + tag, a.send(b""), 0)
        check("recv(0)" + tag, b.recv(0), b"")
        a.send(b"alive")
        settle(b)
        check("and the stream lives" + tag, b.recv(10), b"alive")
        close(a, b)


def non_blocking():
    a, b = tcp_pair()
    b.setblocking(False)
    check("read with nothing there", b.read(5), None)
    check("read() with nothing there", b.read(), None)
    check("readinto with nothing there", b.readinto(bytearray(5)), None)
    check("readline with nothing there", b.readline(), None)
    raises("recv with nothing there", 11, b.recv, 5)
    a.send(b"abc")
    settle(b)
    check("read of more than available", b.read(10), b"abc")
    a.send(b"abc")
    settle(b)
    check("read() of the available bytes", b.read(), b"abc")
    a.send(b"abc")
    settle(b)
    buf = bytearray(10)
    check("readinto of more than available", (b.readinto(buf), bytes(buf)), (3, b"abc" + bytes(7)))
    a.send(b"line\nmore")
    settle(b)
    check("a whole line", b.readline(), b"line\n")
    check("what follows", b.read(10), b"more")
    a.close()
    settle(b)
    check("the end of the stream is b''", b.read(5), b"")
    check("the end of the stream is b'' for readline", b.readline(), b"")
    check("the end of the stream is 0", b.readinto(bytearray(5)), 0)
    b.close()

    a, b = narrow_pair()
    a.setblocking(False)
    block = bytes(MUCH)
    first = a.write(block)
    true("a non-blocking write is short", type(first) is int and 0 < first < MUCH, first)
    sent = first + fill(a)
    check("and None where nothing could be written", a.write(b"x"), None)
    raises("where send raises", 11, a.send, b"x")
    raises("where sendall raises", 11, a.sendall, b"x")
    a.close()
    check("all counted bytes arrive", len(drain(b)), sent)
    b.close()


def lines():
    a, b = tcp_pair()
    for size in (1, 2, 10, 63, 64, 65, 128, 255, 256, 257, 300, 511, 512, 513, 1024, 1500, 2048, 4096, 5000, 8192, 20000):
        line = b"x" * (size - 1) + b"\n"
        t = spawn(a.sendall, line + b"#")
        got = b.readline()
        true("a line of %d" % size, got == line, (len(got), got[-3:]))
        check("what follows a line of %d" % size, b.read(1), b"#")
        t()
    a.sendall(b"\n\n\nx\n")
    check("empty lines", [b.readline() for _ in range(4)], [b"\n", b"\n", b"\n", b"x\n"])
    a.sendall(b"a\rb\r\nc\0d\n")
    check("only the newline ends a line", (b.readline(), b.readline()), (b"a\rb\r\n", b"c\0d\n"))
    a.sendall(b"0123456789\n")
    check("max before the newline", b.readline(10), b"0123456789")
    check("the newline alone", b.readline(10), b"\n")
    close(a, b)


def writes():
    a, b = tcp_pair()
    check("write bytes", a.write(b"bytes"), 5)
    check("write text", a.write("text"), 4)
    check("write text as UTF-8", a.write("h\u00e9"), 3)
    check("write a bytearray", a.write(bytearray(b"array")), 5)
    check("write a memoryview", a.write(memoryview(b"0123456789")[2:5]), 3)
    check("write(buf, n)", a.write(b"0123456789", 3), 3)
    check("write(buf, n) beyond the buffer", a.write(b"01", 100), 2)
    check("write(buf, off, n)", a.write(b"0123456789", 4, 3), 3)
    check("write(buf, off, n) past the end", a.write(b"0123456789", 8, 100), 2)
    check("write(buf, off at the end, n)", a.write(b"01", 2, 5), 0)
    check("write(bytearray, n)", a.write(bytearray(b"umqtt"), 2), 2)
    check("write(str, n)", a.write("chars", 3), 3)
    raises("write(5)", TypeError, a.write, 5)
    raises("write(None)", TypeError, a.write, None)
    raises("write()", TypeError, a.write)
    check("send text", a.send("sent"), 4)
    check("sendall text", a.sendall("all"), None)
    a.close()
    check("all of it", b.read(), b"bytestexth\xc3\xa9array23401201456" + b"89" + b"umcha" + b"sentall")
    b.close()
    u, v = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_DGRAM)
    v.bind((HOST, 0))
    check("sendto text", u.sendto("t\u00e9xt", v.getsockname()), 5)
    check("as UTF-8", v.recv(10), b"t\xc3\xa9xt")
    u.connect(v.getsockname())
    check("a datagram by write", u.write(b"written"), 7)
    check("a datagram by read", v.recv(10), b"written")
    close(u, v)


def no_short_writes():
    size = MUCH * 3 // 10
    for timeout in (None, 20):
        a, b = tcp_pair()
        a.settimeout(timeout)
        t = spawn(drain, b)
        check("write of much, timeout {}".format(timeout), a.write(bytes(size)), size)
        check("sendall of much, timeout {}".format(timeout), a.sendall(bytes(size)), None)
        a.close()
        got = t(20)
        check("all arrive, timeout {}".format(timeout), got and len(got[0]), 2 * size)
        b.close()


def reads():
    a, b = tcp_pair()
    raises("read('x')", TypeError, b.read, "x")
    raises("read(1.5)", TypeError, b.read, 1.5)
    raises("readinto bytes", TypeError, b.readinto, b"readonly")
    raises("readinto text", TypeError, b.readinto, "text")
    raises("readinto()", TypeError, b.readinto)
    raises("readline('x')", TypeError, b.readline, "x")
    a.send(b"0123456789")
    buf = bytearray(b"........")
    check("readinto a memoryview", (b.readinto(memoryview(buf)[2:5]), bytes(buf)), (3, b"..012..."))
    check("readinto(buf, n) of more than the buffer", (b.readinto(memoryview(buf)[:2], 100), bytes(buf[:2])), (2, b"34"))
    a.close()
    check("read(-1) is all", b.read(-1), b"56789")
    b.close()


def errors():
    s = socket.socket()
    for name, args in (("read", (1,)), ("read", ()), ("readline", ()), ("readinto", (bytearray(1),))):
        raises("{}{} unconnected".format(name, args), 107, getattr(s, name), *args)
    raises("write unconnected", 32, s.write, b"x")
    s.setblocking(False)
    raises("read unconnected, non-blocking", 107, s.read, 1)
    s.close()
    for name, args in (("read", (1,)), ("read", ()), ("readline", ()), ("readinto", (bytearray(1),)), ("write", (b"x",))):
        raises("{}{} closed".format(name, args), 9, getattr(s, name), *args)
    for name, call in (("read", lambda s: s.read(10)), ("readline", lambda s: s.readline()), ("readinto", lambda s: s.readinto(bytearray(10)))):
        a, b = tcp_pair()
        a.send(b"abc")
        settle(b)
        reset(a, b)
        time.sleep(0.02)
        raises(name + " when the peer resets", 104, call, b)
        b.close()


sections(
    no_short_reads, the_end_of_the_stream, zero_lengths, non_blocking, lines, writes, no_short_writes, reads, errors,
)  # fmt: skip
summary()
