# run: limit=60
# Lookups over the link: what getaddrinfo gives, what it says where there is nothing, servers that do not answer, several at once.
import socket

import link
import names

server = names.start()
listeners = []


def stop():
    server.kill()
    server.wait()


def serve_both():
    """A listener on both families, on the same port."""
    s6, port = link.any_port("6")
    s4 = socket.socket()
    s4.bind(("", port))
    s4.listen(8)
    listeners.extend((s4, s6))
    return port


link.run("on_dns.py", globals(), 50)
