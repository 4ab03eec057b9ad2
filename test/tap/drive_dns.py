# run: limit=100 long=tiny
# Lookups over the link: results of getaddrinfo, its errors for missing names, silent servers, concurrent lookups.
import socket
import threading

import link
import names

server = names.start()


def stop():
    server.kill()
    server.wait()


def serve_both():
    """Listen on both families with one port; accept and close every connection."""
    s6, port = link.any_port("6")
    s4 = socket.socket()
    s4.bind(("", port))
    s4.listen(8)

    def loop(s):
        while True:
            s.settimeout(None)
            c, _ = s.accept()
            threading.Thread(target=lambda: (c.recv(1), c.close()), daemon=True).start()

    for s in (s4, s6):
        threading.Thread(target=loop, args=(s,), daemon=True).start()
    return port


link.run("on_dns.py", globals(), 95)
