# A second host in a namespace of its own: it serves on one IPv4 and one IPv6 address; other addresses of its network drop every packet.
import subprocess
import sys
import time

LIVE4, LIVE6, DEAD4, DEAD6 = "192.0.2.9", "2001:db8::9", "192.0.2.1", "2001:db8::1"
SERVER = """
import socket, threading
def serve(family, address):
    s = socket.socket(family)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, 8000))
    s.listen(50)
    while True:
        c, _ = s.accept()
        c.close()
threading.Thread(target=serve, args=(socket.AF_INET, %r), daemon=True).start()
print("ready", flush=True)
serve(socket.AF_INET6, %r)
""" % (LIVE4, LIVE6)


def run(*command):
    return subprocess.run(command, check=True, capture_output=True)


class Neighbour:
    """Make a second host at the far end of v0: a namespace that contains v1."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo there; exec sleep 1000"], stdout=subprocess.PIPE, text=True)
        self.holder.stdout.readline()
        run("ip", "link", "set", "v1", "netns", str(self.holder.pid))
        inside = ["nsenter", "-t", str(self.holder.pid), "-n"]
        for command in (
            "ip link set lo up", "ip addr add %s/24 dev v1" % LIVE4, "ip -6 addr add %s/64 dev v1 nodad" % LIVE6, "ip link set v1 up",
        ):
            run(*inside, *command.split())
        self.server = subprocess.Popen([*inside, sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
        self.server.stdout.readline()
        # No host has this link-layer address.
        for address in (DEAD4, DEAD6, "2001:db8::101", "2001:db8::102"):
            family = "-6" if ":" in address else "-4"
            run("ip", family, "neigh", "replace", address, "lladdr", "02:00:00:00:00:09", "dev", "v0", "nud", "permanent")

    def reached(self):
        """Wait until both of its addresses answer; the links need a moment."""
        probe = "import socket; [socket.create_connection((a, 8000), 1).close() for a in (%r, %r)]" % (LIVE4, LIVE6)
        for _ in range(50):
            if subprocess.run([sys.executable, "-c", probe], stderr=subprocess.DEVNULL).returncode == 0:
                return True
            time.sleep(0.1)
        return False

    def leave(self):
        for child in (self.server, self.holder):
            child.kill()
            child.wait()
