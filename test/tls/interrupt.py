# Ctrl-C while TLS waits: behaviour.py sends it a moment after each line `waiting LABEL`. The output has the form of inside.py's.
import gc, sys, time
import usocket as socket
from ends import check, error, fds, in_time, make_client, make_listener, pair
from check import settles


def silent():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(4)
    return s


def pressed(label, call, *args):
    "The call must raise KeyboardInterrupt soon after Ctrl-C, and not before it."
    print("waiting " + label)
    t = time.ticks_ms()
    try:
        r = call(*args)
        check(label, False, "it returned %r" % (r,))
    except KeyboardInterrupt:
        took = time.ticks_diff(time.ticks_ms(), t)
        check(label, in_time(took, 5000), "after %d ms" % took)
    except OSError as e:
        check(label, False, repr(e))


def client_in_handshake():
    l = silent()
    c = make_client(None)
    pressed("Ctrl-C in the handshake of a client", c.connect, l.getsockname())
    c.close()
    l.close()


def client_in_second_flight():
    # Half of the server's answer has arrived.
    l = silent()
    c = make_client(0)
    error(c.connect, l.getsockname())
    s, _ = l.accept()
    error(c.do_handshake)
    s.recv(2000)
    s.send(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03")
    c.settimeout(None)
    pressed("Ctrl-C in the middle of a record", c.do_handshake)
    pressed("and again", c.do_handshake)
    for x in (c, s, l):
        x.close()


def server_in_handshake():
    l, _ = make_listener()
    c = socket.socket()
    c.connect(l.getsockname())
    s, _ = l.accept()
    pressed("Ctrl-C in the handshake of a server", s.recv, 1)
    for x in (c, s, l):
        x.close()


def receiving():
    c, s = pair()
    c.settimeout(60)
    pressed("Ctrl-C in recv", c.recv, 1)
    s.send(b"abc")
    pressed("Ctrl-C in read", c.read, 10)
    check("received bytes are kept", c.recv(10) == b"abc")
    s.send(b"line without an end")
    pressed("Ctrl-C in readline", c.readline)
    s.send(b"\nnext\n")
    check("and the line goes on", c.readline() == b"line without an end\n" and c.readline() == b"next\n")
    f = c.makefile("rb")
    s.send(b"half")
    pressed("Ctrl-C in a file's readline", f.readline)
    s.send(b" a line\n")
    check("a file keeps it, too", f.readline() == b"half a line\n")
    for x in (f, c, s):
        x.close()


def sending():
    c, s = pair(narrow=True)
    c.settimeout(60)
    data = bytes(8000000)
    print("waiting Ctrl-C in sendall")
    try:
        c.sendall(data)
        check("Ctrl-C in sendall", False, "it returned")
    except KeyboardInterrupt:
        check("Ctrl-C in sendall", True)
    s.settimeout(0.3)
    got = 0
    try:
        while True:
            got += len(s.recv(65536))
            c.settimeout(0)
            try:
                c.recv(1)  # sends the pending rest
            except OSError:
                pass
    except OSError as e:
        check("the stream is whole up to there", isinstance(e, socket.timeout) and 0 < got < len(data), (repr(e), got))
    c.settimeout(5)
    s.settimeout(5)
    c.send(b"more")
    check("and goes on", s.recv(10) == b"more")
    c.close()
    s.close()


def closing():
    c, s = pair()
    c.settimeout(0)
    error(lambda: [c.send(bytes(65536)) for _ in range(1000)])
    time.sleep(0.1)
    error(lambda: [c.send(bytes(1000)) for _ in range(1000)])
    c.settimeout(None)
    pressed("Ctrl-C in close() of a connection whose peer reads nothing", c.close)
    check("it is still closed", c.fileno() == -1)
    s.close()


try:
    pair()[0].close()
except KeyboardInterrupt:
    pass
gc.collect()
before = fds()
for part in (client_in_handshake, client_in_second_flight, server_in_handshake, receiving, sending, closing):
    try:
        part()
    except Exception as e:
        check(part.__name__, False, repr(e))
        sys.print_exception(e)
settles(before, 2)
check("no descriptor is left after Ctrl-C", fds() == before, (before, fds()))
c, s = pair()
c.send(b"x")
check("TLS works after all that", s.recv(1) == b"x")
c.close()
s.close()
print("end")
