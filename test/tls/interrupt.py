# Ctrl-C while TLS waits, in MicroPython: behaviour.py presses it a moment after each line `waiting LABEL`. Prints as inside.py does.
import gc, os, sys, time
import usocket as socket

DIR = sys.argv[1] + "/"
TLS = socket.SOL_TLS


def read(name):
    with open(DIR + name, "rb") as f:
        return f.read()


ROOT, CHAIN, KEY = read("root.pem"), read("ec.chain"), read("ec.key")


def check(label, ok, why=""):
    print("ok " + label if ok else "FAIL %s: %s" % (label, why))


def fds():
    return len(os.listdir("/proc/self/fd"))


def new(**options):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC)
    for name, value in options.items():
        s.setsockopt(TLS, getattr(socket, "TLS_" + name), value)
    return s


def client():
    return new(CA_CERT=ROOT, HOSTNAME="host.example.test")


def server():
    s = new(OWN_CERT=CHAIN, OWN_KEY=KEY)
    s.bind(("127.0.0.1", 0))
    s.listen(4)
    return s


def silent():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(4)
    return s


def pair():
    l = server()
    c = client()
    c.setblocking(False)
    try:
        c.connect(l.getsockname())
    except OSError:
        pass
    s, _ = l.accept()
    s.setblocking(False)
    for _ in range(5000):
        left = 0
        for x in (c, s):
            try:
                x.do_handshake()
            except OSError:
                left += 1
        if not left:
            break
        time.sleep(0.0005)
    l.close()
    for x in (c, s):
        x.settimeout(60)
    return c, s


def pressed(label, call, *args):
    "The call must end with KeyboardInterrupt, soon, and not before it is pressed."
    print("waiting " + label)
    t = time.ticks_ms()
    try:
        r = call(*args)
        check(label, False, "it returned %r" % (r,))
    except KeyboardInterrupt:
        took = time.ticks_diff(time.ticks_ms(), t)
        check(label, took < 3000, "after %d ms" % took)
    except OSError as e:
        check(label, False, repr(e))


def client_in_handshake():
    l = silent()
    c = client()
    pressed("Ctrl-C in the handshake of a client", c.connect, l.getsockname())
    c.close()
    l.close()


def client_in_second_flight():
    # Half of the server's answer has come.
    l = silent()
    c = client()
    c.setblocking(False)
    try:
        c.connect(l.getsockname())
    except OSError:
        pass
    s, _ = l.accept()
    try:
        c.do_handshake()
    except OSError:
        pass
    s.recv(2000)
    s.send(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03")
    c.settimeout(None)
    pressed("Ctrl-C in the middle of a record", c.do_handshake)
    pressed("and again", c.do_handshake)
    for x in (c, s, l):
        x.close()


def server_in_handshake():
    l = server()
    c = socket.socket()
    c.connect(l.getsockname())
    s, _ = l.accept()
    pressed("Ctrl-C in the handshake of a server", s.recv, 1)
    for x in (c, s, l):
        x.close()


def receiving():
    c, s = pair()
    pressed("Ctrl-C in recv", c.recv, 1)
    s.send(b"abc")
    pressed("Ctrl-C in read", c.read, 10)
    check("what had come is kept", c.recv(10) == b"abc")
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
    c, s = pair()
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
                c.recv(1)  # lets out what is left
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


try:
    pair()[0].close()
except KeyboardInterrupt:
    pass
gc.collect()
before = fds()
for part in (client_in_handshake, client_in_second_flight, server_in_handshake, receiving, sending):
    try:
        part()
    except Exception as e:
        check(part.__name__, False, repr(e))
        sys.print_exception(e)
gc.collect()
check("no descriptor is left after Ctrl-C", fds() == before, (before, fds()))
c, s = pair()
c.send(b"x")
check("TLS works after all that", s.recv(1) == b"x")
c.close()
s.close()
print("end")
