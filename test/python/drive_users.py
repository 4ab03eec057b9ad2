# run: limit=90
# A process of another user cannot bind an address that a socket of the module uses, in any state and with any option. Another process of
# the same user cannot either, except with SO_REUSEPORT, which lets sockets of one user share an address on Linux; a DTLS listener and its
# connections use it.
import os
import subprocess
import sys

from drive import SLOW, Script, check

OTHER_PROCESS = """
import os, socket, sys, time
uid, kind, port, seconds, shared = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), sys.argv[5] == "True"
if uid:
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
until = time.monotonic() + seconds
while True:
    for host in "127.0.0.1", "0.0.0.0":
        for options in (), (socket.SO_REUSEADDR,), (socket.SO_REUSEPORT,), (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            if shared and uid == 0 and socket.SO_REUSEPORT in options:
                continue
            with socket.socket(socket.AF_INET, kind) as s:
                for option in options:
                    s.setsockopt(socket.SOL_SOCKET, option, 1)
                try:
                    s.bind((host, port))
                    if kind == socket.SOCK_STREAM:
                        s.listen()
                    print("taken", host, *["REUSEADDR" if o == socket.SO_REUSEADDR else "REUSEPORT" for o in options])
                    sys.exit()
                except OSError as e:
                    assert e.errno == 98, e
    if time.monotonic() >= until:
        break
print("refused")
"""

PLAIN = """
import socket, sys, time
ends = {
    "TCP": lambda: socket.create_server(("127.0.0.1", 0)),
    "TCP with REUSEADDR": lambda: reusing(socket.SOCK_STREAM),
    "UDP": lambda: bound(socket.SOCK_DGRAM),
}
def bound(kind):
    s = socket.socket(socket.AF_INET, kind)
    s.bind(("127.0.0.1", 0))
    return s
def reusing(kind):
    s = socket.socket(socket.AF_INET, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", 0))
    s.listen()
    return s
for name in "TCP", "TCP with REUSEADDR", "UDP":
    s = ends[name]()
    print("at", s.getsockname()[1], s.type, name)
    sys.stdin.readline()
    s.close()
print("end")
"""

DTLS = """
import socket, sys, time
def options(s):
    s.setsockopt(socket.SOL_TLS, socket.TLS_PSK, bytes(range(32)))
    s.setsockopt(socket.SOL_TLS, socket.TLS_PSK_IDENTITY, "us")
    s.setsockopt(socket.SOL_TLS, socket.TLS_PEER_VERIFY, 0)
    return s
def sec():
    return options(socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_SEC))
def client():
    # Both ends in one program: each does its steps.
    c = sec()
    c.setblocking(False)
    try:
        c.connect(l.getsockname())
    except OSError:
        pass
    start = time.ticks_ms()
    s = None
    while time.ticks_diff(time.ticks_ms(), start) < 20000:
        try:
            c.do_handshake()
        except OSError as e:
            if e.errno not in (11, 115):
                raise
        try:
            s, peer = l.accept()
            break
        except OSError as e:
            if e.errno != 11:
                raise
        time.sleep_ms(1)
    s.setblocking(False)
    while time.ticks_diff(time.ticks_ms(), start) < 20000:
        done = 0
        for end in c, s:
            try:
                end.do_handshake()
                done += 1
            except OSError as e:
                if e.errno not in (11, 115):
                    raise
        if done == 2:
            break
    c.settimeout(10)
    s.settimeout(10)
    c.send(b"hello")
    assert s.recv(10) == b"hello"
    return c, s
l = sec()
l.bind(("127.0.0.1", 0))
l.listen(5)
l.setblocking(False)
def at(state):
    print("at", l.getsockname()[1], socket.SOCK_DGRAM, state)
    sys.stdin.readline()
at("DTLS before the first accept")
port = l.getsockname()[1]
first = client()
at("DTLS after an accept")
more = [client() for _ in range(3)]
at("DTLS after some")
print("at", port, socket.SOCK_DGRAM, "DTLS while accepting")
start = time.ticks_ms()
while time.ticks_diff(time.ticks_ms(), start) < 2500:
    for end in client():
        end.close()
sys.stdin.readline()
at("DTLS when clients have gone")
l.close()
print("at", port, socket.SOCK_DGRAM, "DTLS closed, with clients")
sys.stdin.readline()
first[0].send(b"again")
assert first[1].recv(10) == b"again"
for pair in [first] + more:
    for end in pair:
        end.close()
print("end")
"""


def other_process(uid, kind, port, seconds, shared):
    return subprocess.Popen([sys.executable, "-c", OTHER_PROCESS, str(uid), kind, port, str(seconds), str(shared)], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def run(source):
    """Run the script; at each of its stops processes of other users try to bind."""
    child = Script(source, talk=True)
    while True:
        _, line = child.wait_for(("at ", "end", "Traceback"), 60)
        if line is None or not line.startswith("at "):
            break
        _, port, kind, state = line.split(" ", 3)
        seconds = 2 if "while" in state else 0
        users = [("the same user", 0)] if os.getuid() else [("another user", 65534), ("the same user", 0)]
        shared = state.startswith("DTLS") and "before" not in state
        for user, uid in users:
            said = other_process(uid, kind, port, seconds, shared).communicate(timeout=60 * SLOW)[0].strip().split("\n")[-1]
            check("%s: %s gets nothing" % (state, user), said == "refused", said)
        child.child.stdin.write(b"\n")
        child.child.stdin.flush()
    status, lines = child.finish()
    check("the script ends well", status == 0 and lines[-1] == "end", lines[-5:])


if os.getuid():
    print("skip another user: only root can become one")
run(PLAIN)
if subprocess.run([os.environ["INTERP"], "-c", "import socket\nsocket.socket(2, 2, socket.IPPROTO_SEC)"], stderr=subprocess.DEVNULL).returncode:
    print("skip DTLS: this interpreter has no TLS")
else:
    run(DTLS)
print("end")
