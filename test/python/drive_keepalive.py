# run: net=lo limit=60
# The stack gives up a connection because the peer does not answer: the error must differ from a missed deadline.
import subprocess

from drive import Script, check

SOURCE = """
import socket, sys, time
def dead(options):
    l = socket.create_server(("10.9.9.9", 0))
    c = socket.create_connection(l.getsockname(), 10)
    s, _ = l.accept()
    c.settimeout(30)
    for level, option, value in options:
        c.setsockopt(level, option, value)
    return c, s, l
KEEPALIVE = ((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1), (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 1))
connections = [dead(KEEPALIVE) for _ in range(6)]
def missed(call):
    try:
        call()
    except socket.timeout as e:
        print("missed", e.errno, e)
for c, _, _ in connections[:1]:
    c.settimeout(0.05)
    missed(lambda: c.recv(1))
    missed(lambda: c.read(1))
    missed(lambda: c.makefile("rb").read(1))
    c.settimeout(30)
print("cut")
sys.stdin.readline()
calls = (lambda c: c.recv(1), lambda c: c.recv_into(bytearray(1)), lambda c: c.read(1), lambda c: c.readinto(bytearray(1)), lambda c: c.readline(),
    lambda c: c.makefile("rb").read(1))
for call, (c, _, _) in zip(calls, connections):
    try:
        call(c)
        print("gone nothing")
    except OSError as e:
        print("gone", isinstance(e, socket.timeout), e.errno, e)
print("end")
"""


def ip(*words):
    subprocess.run(["ip", *words], check=True)


ip("addr", "add", "10.9.9.9/32", "dev", "lo")
child = Script(SOURCE, talk=True)
seen = []
while True:
    _, line = child.wait_for(("missed ", "cut", "gone ", "end", "Traceback"), 30)
    if line is None or line.startswith(("end", "Traceback")):
        break
    seen.append(line)
    if line == "cut":
        ip("addr", "del", "10.9.9.9/32", "dev", "lo")  # from now on the peer does not answer
        child.child.stdin.write(b"\n")
        child.child.stdin.flush()
missed = [line for line in seen if line.startswith("missed")]
gone = [line for line in seen if line.startswith("gone")]
check("a missed deadline is called that", len(missed) == 3 and all("timed out" in line and "peer" not in line for line in missed), missed)
for name, line in zip(("recv", "recv_into", "read", "readinto", "readline", "makefile"), gone):
    check("%s: a peer that answers no keepalive: the errno is ETIMEDOUT, the class timeout" % name, line.startswith("gone True 110"), line)
    check("%s: a peer that answers no keepalive: the words say so" % name, "the peer no longer answers" in line, line)
status, lines = child.finish()
check("each of six calls raised", len(gone) == 6, (gone, status, lines[-5:]))
print("end")
