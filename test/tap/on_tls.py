import time

from far import *
from tlsfar import make, own, read, trusting

TLS = socket.SOL_TLS
NAMES = {0x303: "TLSv1.2", 0x304: "TLSv1.3"}
SIZE = 200003


def pour(s, size):
    "Echo data, one part at a time."
    for at in range(0, size, 10000):
        part = content(at, min(10000, size - at))
        s.write(part)
        if s.read(len(part)) != part:
            return False
    return True


def clients():
    for version, key, ask in ((0x303, "ec", False), (0x303, "rsa", True), (0x304, "ec", True), (0x304, "rsa", False)):
        t = "our client, %s, %s%s: " % (NAMES[version], key, ", with a certificate" if ask else "")
        port = kernel.server(version, key, ask, 3)
        for size in (SIZE, 10, 10):
            s = trusting(ALPN_LIST="h2", SESSION_CACHE=1, **(own("client-rsa") if ask else {}))
            s.connect((KERNEL4, port))
            check(t + "%d bytes there and back" % size, pour(s, size), True)
            check(t + "version, ALPN", (s.getsockopt(TLS, socket.TLS_VERSION_USED), s.getsockopt(TLS, socket.TLS_ALPN_USED)), (version, "h2"))
            s.close()
        check(t + "seen from there", kernel.seen(port), [(NAMES[version], "h2", again, ask) for again in (False, True, True)])


def servers():
    for version, key, ask in ((0x303, "rsa", False), (0x303, "ec", True), (0x304, "ec", False), (0x304, "rsa", True)):
        t = "our server, %s, %s%s: " % (NAMES[version], key, ", asking for a certificate" if ask else "")
        more = dict(CA_CERT=read("root.pem"), PEER_VERIFY=2) if ask else {}
        more.update(own(key))
        l = make(ALPN_LIST="h2", SESSION_CACHE=1, **more)
        l.bind(("", 0))
        l.listen(4)
        called = kernel.begin_client(l.getsockname()[1], version, ask, 2, 30011)
        for _ in range(2):
            s, _ = l.accept()
            s.settimeout(20)
            while True:
                data = s.recv(4096)
                if not data:
                    break
                s.sendall(data)
            s.close()
        check(t + "seen from there", kernel.end(called), [(NAMES[version], "h2", again, True) for again in (False, True)])
        l.close()


def refused(name, words, version=0x304):
    port = kernel.server(version, name, False, 1)
    s = trusting()
    try:
        s.connect((KERNEL4, port))
        check("%s is refused" % name, "connected", words)
    except socket.TLSError as e:
        check("%s is refused" % name, words in str(e), True)
    s.close()
    kernel.seen(port)


def openssl(kind, name):
    port = kernel.openssl_server(kind == DG)
    s = trusting(kind)
    s.connect((KERNEL4, port))
    s.send(b"hello\n")
    check(name + ", our client, openssl's server", s.recv(100), b"answer\n")
    s.close()
    kernel.openssl_end(port)
    l = make(kind, **own("ec"))
    l.bind(("", 0))
    l.listen(2)
    called = kernel.begin_openssl_client(l.getsockname()[1], kind == DG)
    s, _ = l.accept()
    s.settimeout(20)
    s.send(s.recv(100))
    check(name + ", openssl's client, our server: the words, the verdict", kernel.end(called), [True, True])
    s.close()
    l.close()


def deadline():
    s = trusting()
    s.settimeout(0.5)
    begin = time.ticks_ms()
    try:
        s.connect((KERNEL4, kernel.silent()))
        check("a silent server", "connected", "timeout")
    except socket.timeout:
        took = time.ticks_diff(time.ticks_ms(), begin)
        check("a silent server: the deadline", 500 <= took and in_time(took, 500 + LATE), True)
    s.close()


clients()
servers()
for name, words in (("expired", "expired on 20"), ("wrong-host", "is for other.example.test"), ("self-signed", "self-signed, and not trusted"), ("rsa1024", "too weak")):
    refused(name, words)
openssl(ST, "TLS")
openssl(DG, "DTLS")
deadline()
finish()
