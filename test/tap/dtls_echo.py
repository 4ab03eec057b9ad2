# Under our module on the kernel's sockets: a DTLS server at any port, which it prints; it sends back what comes.
import sys
import usocket as socket


def read(name):
    with open(sys.argv[1] + "/" + name, "rb") as f:
        return f.read()


l = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_SEC)
l.setsockopt(socket.SOL_TLS, socket.TLS_OWN_CERT, read("ec.chain"))
l.setsockopt(socket.SOL_TLS, socket.TLS_OWN_KEY, read("ec.key"))
l.bind(("", 0))
l.listen(2)
print(l.getsockname()[1])
while True:
    s, _ = l.accept()
    s.settimeout(60)
    try:
        while data := s.recv(2000):  # to the goodbye
            s.send(data)
    except OSError:
        pass
    s.close()
