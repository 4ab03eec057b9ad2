# A DTLS echo server on the module over the kernel's sockets. It prints its port.
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
        while data := s.recv(2000):  # until close_notify
            s.send(data)
    except OSError:
        pass
    s.close()
