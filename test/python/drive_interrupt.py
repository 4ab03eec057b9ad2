# run: net=dns limit=120
# Ctrl-C in every call that can wait: KeyboardInterrupt comes soon, no descriptor is left, and received bytes are kept.
import signal
import socket
import sys
import time

from control import in_time
from drive import Script, check

silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # a name server that never answers
silent.bind(("127.0.0.1", 53))

FRAME = """
import gc, os, socket, sys, time
from check import collect, descriptors, raised
from pairs import full_pair, narrow_pair, settle, tcp_pair, udp_pair
silent_host = ("192.0.2.1", 80)
%(setup)s
collect()
before = descriptors()
print("ready")
try:
    %(call)s
    print("returned")
except KeyboardInterrupt:
    print("caught")
except Exception as e:
    print("raised", repr(e))
%(after)s
start = time.ticks_ms()
while descriptors() != before and time.ticks_diff(time.ticks_ms(), start) < 8000:
    collect()
    time.sleep(0.1)
print("left", descriptors() - before)
# The interpreter goes on as before.
c, d = tcp_pair()
c.send(b"alive")
print("alive", d.recv(10) == b"alive")
"""

PAIR = "a, b = tcp_pair()"
KEEP = "a, b = tcp_pair(); a.send(b'partial'); settle(b)"
KEPT = "b.settimeout(2); print('kept', b.recv(20) == b'partial'); a.close(); b.close(); before -= 2"
CASES = [
    ("recv", PAIR, "b.recv(1)", ""),
    ("recvfrom", PAIR, "b.recvfrom(1)", ""),
    ("recv_into", PAIR, "b.recv_into(bytearray(1))", ""),
    ("recv with a timeout", PAIR + "; b.settimeout(60)", "b.recv(1)", ""),
    ("read(n), partial", KEEP, "b.read(100)", KEPT),
    ("read(), partial", KEEP, "b.read()", KEPT),
    ("readinto, partial", KEEP, "b.readinto(bytearray(100))", KEPT),
    ("readline, partial", KEEP, "b.readline()", KEPT),
    ("makefile readline", PAIR + "; f = b.makefile('rb')", "f.readline()", ""),
    ("send", "a, b = full_pair()", "a.send(b'x')", ""),
    ("sendall", "a, b = narrow_pair()", "a.sendall(bytes(20000000))", ""),
    ("write", "a, b = narrow_pair()", "a.write(bytes(20000000))", ""),
    ("accept", "s = socket.create_server(('127.0.0.1', 0))", "s.accept()", ""),
    ("accept with a timeout", "s = socket.create_server(('127.0.0.1', 0)); s.settimeout(60)", "s.accept()", ""),
    ("connect", "s = socket.socket()", "s.connect(silent_host)", "s.close(); before -= 1"),
    ("connect with a timeout", "s = socket.socket(); s.settimeout(60)", "s.connect(silent_host)", "s.close(); before -= 1"),
    ("R12: connect_ex", "s = socket.socket()", "s.connect_ex(silent_host)", "s.close(); before -= 1"),
    ("create_connection", "", "socket.create_connection(silent_host, 60)", ""),
    ("udp recvfrom", "u, v = udp_pair()", "u.recvfrom(10)", ""),
    ("getaddrinfo of an unanswered name", "", "socket.getaddrinfo('silent.test', 80)", ""),
    ("connect to an unanswered name", "s = socket.socket()", "s.connect(('silent.test', 80))", "s.close(); before -= 1"),
    ("sendto an unanswered name", "s = socket.socket(type=2)", "s.sendto(b'x', ('silent.test', 80))", "s.close(); before -= 1"),
    ("create_connection to an unanswered name", "", "socket.create_connection(('silent.test', 80), 60)", ""),
    ("gethostbyname of an unanswered name", "", "socket.gethostbyname('silent.test')", ""),
    ("poll", PAIR + "\nimport select\np = select.poll(); p.register(b, select.POLLIN)", "p.poll(60000)", ""),
]

for label, setup, call, after in CASES:
    script = Script(FRAME % {"setup": setup, "call": call, "after": after}, ("-X", "heapsize=48m"))
    at, _ = script.wait_for("ready", 20)
    if at is None:
        script.child.kill()
        check("Ctrl-C in " + label, False, script.finish()[1][-3:])
        continue
    script.until_asleep(0.4)
    early = script.child.poll() is not None
    sent = time.monotonic()
    script.interrupt()
    at, _ = script.wait_for("caught", 5)
    name = label if label.startswith("R12") else "Ctrl-C in " + label
    if label.startswith("connect"):
        name = "R12: " + name
    check(name, at is not None and not early, script.seen[-3:])
    if at is None:
        script.child.kill()
        script.finish()
        continue
    check("Ctrl-C in %s: soon" % label, in_time((at - sent) * 1000, 1500), "%.3f s" % (at - sent))
    status, lines = script.finish(20)
    check("Ctrl-C in %s: no descriptor left" % label, "left 0" in lines, lines[-3:])
    check("Ctrl-C in %s: the interpreter goes on" % label, "alive True" in lines and status == 0, (status, lines[-3:]))
    if after == KEPT:
        check("Ctrl-C in %s: received bytes are kept" % label, "kept True" in lines, lines)

# Many interrupts at random moments during a transfer: no crash, no hang.
STORM = """
import socket, time
from pairs import tcp_pair
a, b = tcp_pair()
caught = 0
print("ready")
end = time.ticks_add(time.ticks_ms(), 3000)
sent = got = b""
good = True
while time.ticks_diff(end, time.ticks_ms()) > 0:
    try:
        a.setblocking(False)
        b.setblocking(False)
        a.send(b"0123456789" * 10)
        b.settimeout(0.001)
        try:
            b.readline()
        except OSError:
            pass
        b.recv(100000)
        socket.socket().close()
    except KeyboardInterrupt:
        caught += 1
    except OSError as e:
        good = good and e.errno in (11, 110)
print("good", good, caught)
"""
script = Script(STORM)
script.wait_for("ready", 20)
n = 0
while script.child.poll() is None and n < 60:
    time.sleep(0.037)
    script.interrupt()
    n += 1
status, lines = script.finish(20)
# An interrupt after the end of the program, when the interpreter has given the signal back, ends the process by it.
check("sixty interrupts at random moments: no crash", status in (0, 1, -signal.SIGINT), (status, lines[-3:]))
print("end")
sys.exit(0)
