#!/usr/bin/env python3
"""Compare the module on lwIP with plain C on lwIP's own calls, across a tap interface to the kernel.

    bench/lwip.py [--rounds N] [--out DIR]

Both contenders take turns. A ratio is the time of plain C divided by that of usocket, as the median over the rounds.
"""

import argparse
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
LWIP = {"LWIP_TAP": "tap0", "LWIP_IP4": "192.0.2.2/24", "LWIP_GATEWAY": "192.0.2.1", "PEER": "192.0.2.1"}
# operation, role of the peer, number of operations
ROWS = (
    ("ping-pong", "echo", 3000), ("udp", "udp", 3000), ("connect", "accept", 500), ("send", "sink", 300), ("recv_into", "source", 300),
)


def compiled(out, name, options):
    binary = os.path.join(out, name)
    source = os.path.join(HERE, "peer.c" if name == "peer" else "raw.c")
    subprocess.run(["gcc", "-O2", "-o", binary, source, *options], check=True)
    return binary


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--lwip", default=os.path.join(ROOT, "build", "lwip-2.2.1"), help="lwIP's sources")
    p.add_argument("--out", default=os.path.join(ROOT, "build", "bench"))
    p.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    o = p.parse_args()
    if not o.inside:
        netns = os.path.join(ROOT, "test", "tap", "netns.sh")
        os.execv(netns, [netns, "tap", sys.executable, *sys.argv, "--inside"])
    os.makedirs(o.out, exist_ok=True)
    include = [os.path.join(ROOT, "test", "lwip"), o.lwip + "/src/include", o.lwip + "/contrib/ports/unix/port/include"]
    raw = compiled(o.out, "raw-lwip", ["-DRAW_LWIP", *("-I" + i for i in include), "-Wl,--whole-archive",
                                       os.path.join(ROOT, "build", "lwip", "liblwip.a"), "-Wl,--no-whole-archive", "-lpthread"])
    peer = compiled(o.out, "peer", [])
    clients = {"raw": [raw], "usocket": [os.path.join(ROOT, "build", "lwip", "micropython"), HERE + "/client.py", "usocket"]}
    env = dict(os.environ, **LWIP)
    print("%-10s %14s %14s %7s" % ("", "plain C", "usocket", "ratio"))
    for operation, role, count in ROWS:
        took = {name: [] for name in clients}
        for _ in range(o.rounds):
            for name, command in clients.items():
                # Each run has its own peer: lwIP sends no FIN when its process ends.
                server = subprocess.Popen([peer, role], env=env, stdout=subprocess.PIPE, text=True)
                port = server.stdout.readline().strip()
                done = subprocess.run([*command, operation, port, str(count), "0"], env=env, capture_output=True, text=True,
                                      check=True, timeout=60)
                took[name].append(int(done.stdout) / count / 1000)
                server.kill()
                server.wait()
        ratio = statistics.median(a / b for a, b in zip(took["raw"], took["usocket"]))
        print("%-10s %11.1f us %11.1f us %7.2f" % (operation, *(statistics.median(t) for t in took.values()), ratio), flush=True)


if __name__ == "__main__":
    main()
