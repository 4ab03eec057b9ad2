# run: net=veth limit=60
# Failures that need a network: no route, prohibited routes, a host that drops every packet.
import socket
from alike import attempt, done, say
from check import in_time
import time

ST, DG = socket.SOCK_STREAM, socket.SOCK_DGRAM


def connect(kind, address, timeout=10, family=socket.AF_INET):
    s = socket.socket(family, kind)
    s.settimeout(timeout)
    try:
        return s.connect(address)
    finally:
        s.close()


def sendto(address, family=socket.AF_INET):
    s = socket.socket(family, DG)
    try:
        return s.sendto(b"x", address)
    finally:
        s.close()


for label, kind in (("tcp", ST), ("udp", DG)):
    attempt(label + " no route", connect, kind, ("8.8.8.8", 53))
    attempt(label + " unreachable", connect, kind, ("198.51.100.1", 53))
    attempt(label + " prohibited", connect, kind, ("203.0.113.1", 53))
    attempt(label + " v6 no route", connect, kind, ("2001:db8:1::1", 53), 10, socket.AF_INET6)
    attempt(label + " no route, blocking", connect, kind, ("8.8.8.8", 53), None)
    attempt(label + " no route, non-blocking", connect, kind, ("8.8.8.8", 53), 0)
    attempt(label + " unreachable, non-blocking", connect, kind, ("198.51.100.1", 53), 0)
    attempt(label + " broadcast address", connect, kind, ("192.0.2.255", 53))
attempt("sendto no route", sendto, ("8.8.8.8", 53))
attempt("sendto unreachable", sendto, ("198.51.100.1", 53))
attempt("sendto prohibited", sendto, ("203.0.113.1", 53))
attempt("sendto v6 no route", sendto, ("2001:db8:1::1", 53), socket.AF_INET6)
attempt("connect_ex no route", lambda: socket.socket().connect_ex(("8.8.8.8", 53)))
attempt("connect_ex unreachable", lambda: socket.socket().connect_ex(("198.51.100.1", 53)))
attempt("create_connection no route", lambda: socket.create_connection(("8.8.8.8", 53), 5))

# No host answers: first the socket's timeout ends the call, then the system's own.
start = time.time()
attempt("deadline of 0.3 s", connect, ST, ("192.0.2.1", 80), 0.3)
took = time.time() - start
say("not before it, nor long after", 0.3 <= took and in_time(took * 1000, 2000))
attempt("create_connection with a deadline", lambda: socket.create_connection(("192.0.2.1", 80), 0.1))
attempt("non-blocking", connect, ST, ("192.0.2.1", 80), 0)
s = socket.socket()
s.setblocking(False)
attempt("first", s.connect, ("192.0.2.1", 80))
attempt("second, while the first goes on", s.connect, ("192.0.2.1", 80))
attempt("connect_ex, while the first goes on", s.connect_ex, ("192.0.2.1", 80))
attempt("send while connecting", s.send, b"x")
attempt("recv while connecting", s.recv, 1)
attempt("getpeername while connecting", s.getpeername)
say("getsockname while connecting", s.getsockname()[0])
s.close()
attempt("the system gives up", connect, ST, ("192.0.2.1", 80), None)
attempt("and connect_ex returns it", lambda: socket.socket().connect_ex(("192.0.2.1", 81)))

s = socket.socket(socket.AF_INET, DG)
attempt("never fragment", s.setsockopt, socket.IPPROTO_IP, 10, 2)  # IP_MTU_DISCOVER
attempt("longer than the interface", s.sendto, bytes(5000), ("192.0.2.1", 9))
s.close()
s = socket.socket()
attempt("bind to the interface's address", s.bind, ("192.0.2.2", 0))
attempt("loopback from there", s.connect, ("127.0.0.1", 9))
s.close()
done()
