# run: heap=300k net=lo limit=240
# The heap is exhausted within a read of a makefile() file, in every mode and at every allocation: the bytes already received are read
# again, in order. The same is tested for recvfrom() and accept().
import gc
import socket

from check import check, collect, fail, number, ok, run, spawn, summary, true
from pairs import close, settle, tcp_pair, udp_pair
from squeeze import squeeze
from where import HOST

TEXT = "one\r\ntwo z\u00fcrich\n\u65e5\u672c\u8a9e\nthree\n" + "x" * 700 + "\n" + "y" * 90 + "\nlast"
DATA = TEXT.encode()


def steps():
    # Numbers of free heap blocks: one by one, then in steps up to more than the default buffer.
    k = 0
    while k < 700:
        yield k
        k += 1 if k < 40 else 53


def into(f, n):
    filled = [bytearray(n), 0]

    def call():
        filled[1] = f.readinto(filled[0])
        return filled  # the caller cuts it when there is memory again

    return call


CALLS = (
    ("read()", lambda f: f.read),
    ("read(9)", lambda f: lambda: f.read(9)),
    ("read(800)", lambda f: lambda: f.read(800)),
    ("readline()", lambda f: f.readline),
    ("readline(2)", lambda f: lambda: f.readline(2)),
    ("readlines()", lambda f: f.readlines),
    ("next()", lambda f: lambda: next(f)),
    ("readinto()", lambda f: into(f, 800)),
)


def joined(parts, text):
    whole = "" if text else b""
    for part in parts:
        if isinstance(part, list) and part and isinstance(part[0], bytearray):
            part = bytes(part[0][: part[1]])
        elif isinstance(part, list):
            part = joined(part, text)
        if text and isinstance(part, bytes):
            part = part.decode()
        whole += part
    return whole


def one(k, mode, buffering, make, skipped):
    # Returns (exception of a call with k free blocks, all bytes read).
    a, b = tcp_pair()
    a.sendall(DATA)
    a.shutdown(socket.SHUT_WR)
    b.settimeout(5)
    f = b.makefile(mode, buffering)
    parts = []
    while skipped > 0:  # skips whole lines
        parts.append(f.readline())
        skipped -= 1
    call = make(f)
    got = [None]

    def squeezed():
        got[0] = call()

    e = squeeze(k, squeezed)
    collect()
    if got[0] is not None:
        parts.append(got[0])
    parts.append(f.read())
    whole = joined(parts, "b" not in mode)
    f.close()
    close(a, b)
    return e, whole


def sweep(mode, buffering, name, make, skipped):
    label = "makefile({!r}, {}).{}{}".format(mode, buffering, name, ", the second line" if skipped else "")
    text = "b" not in mode
    expected = DATA if not text else TEXT.replace("\r\n", "\n") if buffering != 0 else TEXT
    tried = 0
    for k in steps():
        e, whole = one(k, mode, buffering, make, skipped)
        if e is not None and not isinstance(e, MemoryError) and number(e) not in (12, 105):
            return fail(label, "with {} free blocks: {!r}".format(k, e))
        if whole != expected:
            return fail(label, "with {} free blocks, after {!r}: {} of {} are left".format(k, e, len(whole), len(expected)))
        if e is None:
            return ok("{}: nothing is lost, {} ways of running out of memory".format(label, tried))
        tried += 1
    fail(label, "does not succeed: {!r}".format(e))


def every_mode():
    for mode, buffering in (("rb", None), ("r", None), ("rwb", 64), ("r", 16), ("rb", 0), ("r", 0)):
        for name, make in CALLS:
            if name == "readinto()" and "b" not in mode:
                continue  # a byte count could end within a character
            sweep(mode, buffering, name, make, 0)
        sweep(mode, buffering, "readline()", CALLS[3][1], 1)
        sweep(mode, buffering, "read()", CALLS[0][1], 1)


def lines_of_every_length():
    # Includes sizes that fill a heap block exactly.
    tried = 0
    for n in range(60, 100):
        for k in range(30):
            a, b = tcp_pair()
            b.settimeout(5)
            a.sendall(b"x" * n + b"\nend\n")
            f = b.makefile("rb", 13)
            got = [None]

            def squeezed():
                got[0] = f.readline()

            e = squeeze(k, squeezed)
            if got[0] is None:
                got[0] = f.readline()
            end = f.readline()
            close(f, a, b)
            if (len(got[0]), end) != (n + 1, b"end\n"):
                return fail("a line of {}".format(n), "with {} free blocks, after {!r}: {!r} {!r}".format(k, e, got, end))
            if e is None:
                break
            tried += 1
    ok("lines of 60 to 100 bytes: nothing is lost, {} ways of running out of memory".format(tried))


def datagrams():
    for k in steps():
        a, b = udp_pair()
        b.settimeout(5)
        a.send(b"first line\nsecond line\nthe rest")
        got = []
        e = squeeze(k, lambda: got.append(b.readline()))
        b.settimeout(0.2)
        while sum(len(g) for g in got) < 31:
            try:
                got.append(b.readline())
            except OSError:
                break
        close(a, b)
        if b"".join(got) != b"first line\nsecond line\nthe rest":
            return fail("a line of a datagram", "with {} free blocks, after {!r}: {!r}".format(k, e, got))
        if e is None:
            return ok("a line of a datagram: nothing is lost, {} ways of running out of memory".format(k))
    fail("a line of a datagram", "does not succeed")


def datagrams_with_addresses():
    for name, args in (("recvfrom", (100,)), ("recvfrom_into", (bytearray(100),))):
        for k in steps():
            a, b = udp_pair()
            b.settimeout(5)
            a.send(b"whole")
            got = []
            e = squeeze(k, lambda: got.append(getattr(b, name)(*args)))
            b.settimeout(0.2)
            if e is not None:
                got = [b.recvfrom(100)]
            value, sender = got[0]
            right = (value in (b"whole", 5), sender == a.getsockname())
            close(a, b)
            if right != (True, True):
                return fail(name, "with {} free blocks, after {!r}: {!r}".format(k, e, got))
            if e is None:
                ok("{}: no datagram is lost, {} ways of running out of memory".format(name, k))
                break


def connections():
    listener = socket.create_server((HOST, 0))
    listener.settimeout(5)
    for k in range(60):
        c = socket.create_connection(listener.getsockname())
        settle(listener)
        got = [None]

        def squeezed():
            got[0] = listener.accept()

        e = squeeze(k, squeezed)
        if e is not None:
            got[0] = listener.accept()
        s, address = got[0]
        right = address == c.getsockname() and s.getpeername() == address
        close(s, c)
        if not right:
            fail("accept", "with {} free blocks, after {!r}: {!r}".format(k, e, address))
            break
        if e is None:
            ok("accept: no connection is lost, {} ways of running out of memory".format(k))
            break
    listener.close()


def a_line_larger_than_the_heap():
    count = max(600, gc.mem_free() // 1024)
    size = count * 1024
    for mode, call in (("rb", "readline"), ("r", "readline"), ("rb", "readlines"), ("rb", "read"), ("r", "read")):
        a, b = tcp_pair()

        block = bytearray(b"000000" + b"z" * 1018)

        def send():  # allocates nothing
            for i in range(count):
                block[2], block[3], block[4], block[5] = 48 + i // 1000 % 10, 48 + i // 100 % 10, 48 + i // 10 % 10, 48 + i % 10
                a.sendall(block)
            a.sendall(b"\nnext\n")
            a.close()

        t = spawn(send)
        b.settimeout(20)
        f = b.makefile(mode)
        e, spare = None, bytearray(20000)  # for the pieces that are read afterwards
        try:
            getattr(f, call)()
        except MemoryError as x:
            e = x
        spare = None
        true("{} of a line larger than the heap, {!r}: MemoryError".format(call, mode), isinstance(e, MemoryError), e)
        e = None
        collect()
        n, wrong = 0, 0
        while n < size:
            piece = f.read(1024)
            wrong += piece[:6] != ("%06d" % (n // 1024) if mode == "r" else b"%06d" % (n // 1024))
            if len(piece) != 1024:
                break
            n += 1024
        t(5)
        check("{}, {!r}: every byte is there, in order".format(call, mode), (n, wrong), (size, 0))
        check("{}, {!r}: and the next line".format(call, mode), (len(f.readline()), len(f.readline())), (1, 5))
        close(b)
        f.close()
        collect()


if hasattr(socket.socket, "makefile"):
    run(every_mode)
    run(lines_of_every_length)
    run(a_line_larger_than_the_heap)
run(datagrams)
run(datagrams_with_addresses)
run(connections)
gc.collect()
summary()
