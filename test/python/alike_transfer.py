# Data: counts, flags, zero lengths, half-close, buffers, datagram edges.
import socket
from alike import attempt, done, noport, say, settle, tcp_pair, udp_pair
from check import number
from pairs import C, full_pair
from where import FITS, HOST, HOST6

PEEK, DONTWAIT, WAITALL, TRUNC = socket.MSG_PEEK, socket.MSG_DONTWAIT, C.MSG_WAITALL, C.MSG_TRUNC


def got(label, s, fn, *args):
    say(label + " is readable", settle(s))
    attempt(label, fn, *args)


for family, host in ((socket.AF_INET, HOST), (socket.AF_INET6, HOST6)):
    t = "v4 " if family == socket.AF_INET else "v6 "
    a, b = tcp_pair(family, host)
    attempt(t + "send", a.send, b"hello")
    got(t + "recv of more", b, b.recv, 100)
    attempt(t + "sendall", a.sendall, b"hello again")
    got(t + "recv of less", b, b.recv, 5)
    attempt(t + "recv of the rest", b.recv, 100)
    attempt(t + "send a bytearray", a.send, bytearray(b"array"))
    got(t + "recv the bytearray", b, b.recv, 100)
    attempt(t + "send a memoryview", a.send, memoryview(b"0123456789")[3:7])
    got(t + "recv the memoryview", b, b.recv, 100)
    attempt(t + "send nothing", a.send, b"")
    attempt(t + "sendall nothing", a.sendall, b"")
    attempt(t + "recv(0)", b.recv, 0)
    attempt(t + "recv_into of nothing", b.recv_into, bytearray(0))
    attempt(t + "send with flags", a.send, b"flagged", 0)
    attempt(t + "sendall with flags", a.sendall, b"+more", 0)
    got(t + "peek", b, b.recv, 4, PEEK)
    attempt(t + "peek again", b.recv, 4, PEEK)
    attempt(t + "wait for all", b.recv, 12, WAITALL)
    attempt(t + "dontwait on nothing", b.recv, 1, DONTWAIT)
    attempt(t + "recv_into dontwait on nothing", b.recv_into, bytearray(2), 2, DONTWAIT)
    a.send(b"0123456789")
    settle(b)
    buf = bytearray(b"........")
    attempt(t + "recv_into n", b.recv_into, buf, 3)
    say(t + "recv_into n fills", bytes(buf))
    attempt(t + "recv_into peek", b.recv_into, buf, 2, PEEK)
    say(t + "recv_into peek fills", bytes(buf))
    attempt(t + "recv_into 0 means all", b.recv_into, buf, 0)
    say(t + "recv_into fills", bytes(buf))
    a.send(b"abcdef")
    settle(b)
    attempt(t + "recv_into a slice", b.recv_into, memoryview(buf)[2:5])
    say(t + "slice filled", bytes(buf))
    attempt(t + "recv_into more than the buffer", b.recv_into, buf, 100)
    attempt(t + "recv_into -1", b.recv_into, buf, -1)
    attempt(t + "recv_into bytes", b.recv_into, b"readonly")
    attempt(t + "recv_into text", b.recv_into, "text")
    attempt(t + "recv_into int", b.recv_into, 5)
    attempt(t + "recvfrom(-1)", b.recvfrom, -1)
    attempt(t + "recvfrom_into -1", b.recvfrom_into, buf, -1)
    attempt(t + "recvfrom_into more than the buffer", b.recvfrom_into, buf, 100)
    attempt(t + "the rest of it", b.recv, 100)
    a.shutdown(socket.SHUT_WR)
    got(t + "half-closed recv", b, b.recv, 10)
    attempt(t + "half-closed recv again", b.recv, 10)
    attempt(t + "half-closed recv_into", b.recv_into, buf)
    attempt(t + "the other half sends", b.send, b"still")
    got(t + "the other half is heard", a, a.recv, 10)
    attempt(t + "SHUT_WR again", a.shutdown, socket.SHUT_WR)
    attempt(t + "SHUT_RD", a.shutdown, socket.SHUT_RD)
    attempt(t + "recv after SHUT_RD", a.recv, 10)
    b.close()
    a.close()

    a, b = udp_pair(family, host)
    attempt(t + "udp send", a.send, b"datagram")
    got(t + "udp recv cuts", b, b.recv, 4)
    attempt(t + "udp the rest is gone", b.recv, 4, DONTWAIT)
    a.send(b"datagram")
    settle(b)
    attempt(t + "udp MSG_TRUNC in recv_into", b.recv_into, bytearray(4), 4, TRUNC)
    a.send(b"")
    got(t + "udp empty datagram", b, b.recv, 10)
    attempt(t + "udp sendto on a connected socket", a.sendto, b"to", b.getsockname())
    say(t + "udp recvfrom_into of nothing is readable", settle(b))
    n, addr = b.recvfrom_into(bytearray(0))
    say(t + "udp recvfrom_into of nothing", (n, noport(addr), addr == a.getsockname()))
    attempt(t + "udp nothing left", b.recv, 1, DONTWAIT)
    attempt(t + "udp send of an empty bytearray", a.send, bytearray(0))
    got(t + "udp the empty one", b, b.recv, 10)
    for size in (1, 1472, 9000, 65507 if family == socket.AF_INET else 65527):
        attempt(t + "udp send of %d" % size, a.send, bytes(size))
        say(t + "udp recv of %d" % size, len(b.recv(70000)) if settle(b) else "nothing")
    attempt(t + "udp sendall", a.sendall, b"all at once")
    got(t + "udp sendall is one datagram", b, b.recv, 100)
    attempt(t + "udp sendall nothing", a.sendall, b"")
    got(t + "udp sendall of nothing is a datagram", b, b.recv, 100)
    attempt(t + "udp sendto with flags", a.sendto, b"flags", 0, b.getsockname())
    got(t + "udp peek", b, b.recv, 100, PEEK)
    attempt(t + "udp after the peek", b.recv, 100)
    attempt(t + "udp recv(0) of nothing", b.recv, 0, DONTWAIT)
    a.send(b"kept")
    settle(b)
    attempt(t + "udp recv(0) leaves the datagram", b.recv, 0)
    attempt(t + "udp it is still there", b.recv, 10, DONTWAIT)
    attempt(t + "udp shutdown", a.shutdown, socket.SHUT_RD)
    attempt(t + "udp recv after SHUT_RD", a.recv, 10)
    a.close()
    b.close()

# A connected datagram socket changes its peer.
a, b = udp_pair()
c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
c.bind((HOST, 0))
attempt("udp connect again", a.connect, c.getsockname())
a.send(b"x")
say("udp the new peer hears", settle(c) and c.recv(5))
say("udp the old peer does not", settle(b, 50))
for x in (a, b, c):
    x.close()

# Shutdown in both orders.
for how in (socket.SHUT_RD, socket.SHUT_WR, socket.SHUT_RDWR):
    a, b = tcp_pair()
    attempt("shutdown(%d)" % how, a.shutdown, how)
    attempt("shutdown(%d) again" % how, a.shutdown, how)
    say("shutdown(%d) reaches the peer" % how, settle(b, 300))
    b.setblocking(False)
    attempt("peer recv after shutdown(%d)" % how, b.recv, 5)
    attempt("own send after shutdown(%d)" % how, a.send, b"x")
    a.setblocking(False)
    attempt("own recv after shutdown(%d)" % how, a.recv, 5)
    a.close()
    b.close()

# Bytes sent before close arrive.
a, b = tcp_pair()
SENT = bytes(range(256)) * min(100, FITS // 256)
a.sendall(SENT)
a.close()
total = b""
while True:
    piece = b.recv(4096)
    if not piece:
        break
    total += piece
say("all bytes before the end", (len(total) == len(SENT), total == SENT))
b.close()

# Non-blocking sends fill the buffer, then raise EAGAIN.
a, b = tcp_pair()
a.setblocking(False)
sent = 0
try:
    while True:
        sent += a.send(bytes(65536))
except OSError as e:
    say("a full buffer", number(e))
say("some bytes were sent first", sent > 0)
a.close()
b.close()

# The buffers of full_pair() are of a fixed size: no room comes back between two sends.
a, b = full_pair()
attempt("blocking socket, dontwait", a.send, b"x", DONTWAIT)
a.setblocking(False)
attempt("send dontwait into a full buffer", a.send, b"x", DONTWAIT)
a.settimeout(0.05)
attempt("send in 50 ms into a full buffer", a.send, b"x")
attempt("sendall in 50 ms into a full buffer", a.sendall, b"x")
a.close()
b.close()

done()
