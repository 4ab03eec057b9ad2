# TLS sockets for on_*.py, with the certificates of secure.py; the script's argument is their directory.
import sys

import socket
from far import ST

TLS = socket.SOL_TLS


def read(name):
    with open(sys.argv[1] + "/" + name, "rb") as f:
        return f.read()


def make(kind=ST, **options):
    s = socket.socket(socket.AF_INET, kind, socket.IPPROTO_SEC)
    s.settimeout(20)
    for name, value in options.items():
        s.setsockopt(TLS, getattr(socket, "TLS_" + name), value)
    return s


def own(name):
    return {"OWN_CERT": read(name + ".chain"), "OWN_KEY": read(name + ".key")}


def trusting(kind=ST, **options):
    return make(kind, CA_CERT=read("root.pem"), HOSTNAME="host.example.test", **options)
