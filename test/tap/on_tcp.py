import socket
from far import *
from moving import pull, push

MEGABYTES = 1500007
CALLS = ("recv", "recv_into", "read", "readinto", "readline", "file")


def client(kind, size, send_call, receive_call):
    t = "client {} {}/{}: ".format(kind, send_call, receive_call)
    port = kernel.listen(kind)
    served = kernel.begin_serve(port, "echo first", 11, size, 3001, 7)
    s = dial(kind, port)
    own, far = s.getsockname(), s.getpeername()
    push(s, 7, size, send_call)
    check(t + "received, to the end", pull(s, 11, receive_call), (size, -1))
    check(t + "the end stays the end", s.recv(10), b"")
    s.close()
    peer, result = kernel.end(served)
    check(t + "what the kernel got, to our half-close", result, (size, -1))
    check(t + "the kernel sees our address", peer[:3], own[:3])
    check(t + "ours", own[0], host(kind, False))
    check(t + "the peer's", far, kernel_address(kind, port) + (() if len(far) == len(kernel_address(kind, port)) else (0, 0)))


def server(kind, size, send_call, receive_call):
    t = "server {} {}/{}: ".format(kind, send_call, receive_call)
    l, port = listener(kind)
    called = kernel.begin_client(kind, port, "echo first", 21, size, 2003, 13)
    s, peer = l.accept()
    s.settimeout(30)
    own = s.getsockname()
    check(t + "accept's address is getpeername's", peer, s.getpeername())
    check(t + "received, to the kernel's half-close", pull(s, 21, receive_call), (size, -1))
    push(s, 13, size, send_call)
    # After both ends are shut down Linux still knows their addresses.
    check(t + "our address afterwards", s.getsockname()[0] in ((own[0], "0.0.0.0", "::") if LWIP_SOCKETS else (own[0],)), True)
    close(s, l)
    name, far, result = kernel.end(called)
    check(t + "what the kernel got", result, (size, -1))
    check(t + "the kernel's address is our peer's", peer[:2], name[:2])
    check(t + "our address is the kernel's peer", own[:2], far[:2])
    check(t + "scope", peer[3] if len(peer) > 2 else None, {"4": None, "6": 0, "local": own_index()}[kind])


def both(kind, size):
    # Two threads use one socket: one sends, one receives.
    t = "both ways {}: ".format(kind)
    port = kernel.listen(kind)
    served = kernel.begin_serve(port, "both", 5, size, 9001, 3)
    s = dial(kind, port)
    pushing = spawn(push, s, 3, size, "sendall")
    check(t + "received", pull(s, 5, "recv"), (size, -1))
    check(t + "sending ended", pushing(30), [None])
    s.close()
    check(t + "what the kernel got", kernel.end(served)[1], (size, -1))

    l, port = listener(kind)
    called = kernel.begin_client(kind, port, "both", 9, size, 9001, 8)
    s, _ = l.accept()
    s.settimeout(30)
    pushing = spawn(push, s, 8, size, "write")
    check(t + "served: received", pull(s, 9, "readinto"), (size, -1))
    check(t + "served: sending ended", pushing(30), [None])
    close(s, l)
    check(t + "served: what the kernel got", kernel.end(called)[2], (size, -1))


def whole():
    # One call sends everything, one receives everything.
    size = 2000003
    data = content(100, size)
    port = kernel.listen("4")
    served = kernel.begin_serve(port, "echo first", 200, size, 50000, 100)
    s = dial("4", port)
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)
    true("two megabytes in one read()", s.read() == content(200, size))
    s.close()
    check("two megabytes in one sendall()", kernel.end(served)[1], (size, -1))
    port = kernel.listen("6")
    served = kernel.begin_serve(port, "echo first", 200, size, 50000, 100)
    s = dial("6", port)
    check("two megabytes in one write()", s.write(data), size)
    s.shutdown(socket.SHUT_WR)
    true("two megabytes in one read(n)", s.read(size) == content(200, size))
    check("and then the end", s.read(1), b"")
    s.close()
    check("two megabytes arrived", kernel.end(served)[1], (size, -1))


def lines():
    port = kernel.listen("4")
    served = kernel.begin_lines(port, 500)
    s = dial("4", port)
    good = 0
    for n in range(500):
        want = b"%d " % n + content(n, n % 200).replace(b"\n", b"_") + b"\n"
        good += s.readline() == want
    check("five hundred lines", good, 500)
    s.write("one\ntwo\n")
    s.write(b"three\n")
    check("three lines", kernel.end(served), [b"one\n", b"two\n", b"three\n"])
    check("the end", s.readline(), b"")
    s.close()


for n, kind in enumerate(KINDS):
    run(lambda: client(kind, MEGABYTES if n == 0 else 400009, ("send", "sendall", "write")[n], CALLS[n]))
    run(lambda: server(kind, MEGABYTES if n == 1 else 400009, ("write", "send", "sendall")[n], CALLS[n + 3]))
    run(lambda: both(kind, 300007))
run(whole)
run(lines)
finish()
