# What the options and the methods of a TLS socket are, in MicroPython: both ends are ours. Prints as inside.py does.
import sys, errno
import usocket as socket
from ends import CHAIN, KEY, TLS, check, error, is_error, make_client, make_listener, pair, read


def lists():
    s = make_client()
    for value in (["h2", "http/1.1"], (b"h2", b"http/1.1"), [b"h2", "http/1.1"], "h2,http/1.1", b"h2,http/1.1", [bytearray(b"h2"), "http/1.1"]):
        s.setsockopt(TLS, socket.TLS_ALPN_LIST, value)
        check("a list of ALPN, of str and of bytes", s.getsockopt(TLS, socket.TLS_ALPN_LIST) == "h2,http/1.1", value)
    s.setsockopt(TLS, socket.TLS_CIPHERSUITE_LIST, [b"TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"])
    check("a list of suites, of bytes too", s.getsockopt(TLS, socket.TLS_CIPHERSUITE_LIST).startswith("TLS_AES_128_GCM_SHA256,"))
    for value in (["a,b"], ["a b"], [b"a,b"], ["h2", ""]):
        e = error(s.setsockopt, TLS, socket.TLS_ALPN_LIST, value)
        check("a comma within one name of a list makes no two names", isinstance(e, ValueError) and "comma" in str(e), repr(e))
    check("what was set before stays", s.getsockopt(TLS, socket.TLS_ALPN_LIST) == "h2,http/1.1")
    for value in ([1], [None], [["h2"]]):
        e = error(s.setsockopt, TLS, socket.TLS_ALPN_LIST, value)
        check("a list of something else is a TypeError", isinstance(e, TypeError) and "str or bytes" in str(e), repr(e))
    check("a list for another option is a TypeError", isinstance(error(s.setsockopt, TLS, socket.TLS_CA_CERT, [CHAIN]), TypeError))
    s.close()


def halves():
    l = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC)
    l.bind(("127.0.0.1", 0))
    l.setsockopt(TLS, socket.TLS_OWN_CERT, CHAIN)
    e = error(l.listen)
    check("listen misses the key of a certificate", isinstance(e, socket.TLSError) and "TLS_OWN_KEY" in str(e), repr(e))
    l.setsockopt(TLS, socket.TLS_OWN_KEY, KEY)
    check("and listens once it is given", error(l.listen) is None)
    l.close()


def role():
    l = socket.socket()
    l.bind(("127.0.0.1", 0))
    l.listen(1)
    a = socket.create_connection(l.getsockname())
    b = l.accept()[0]
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC, b.detach())
    check("an adopted descriptor is a client's by default", server.getsockopt(TLS, socket.TLS_ROLE) == 0)
    server.close()
    a.close()
    # STARTTLS: in clear at first, then TLS on both descriptors.
    for turned in (False, True):
        a = socket.create_connection(l.getsockname())
        b = l.accept()[0]
        a.sendall(b"STARTTLS\n")
        check("in clear", b.readline() == b"STARTTLS\n")
        a, b = (b, a) if turned else (a, b)
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC, b.detach())
        server.setsockopt(TLS, socket.TLS_ROLE, 1)
        server.setsockopt(TLS, socket.TLS_OWN_CERT, CHAIN)
        server.setsockopt(TLS, socket.TLS_OWN_KEY, KEY)
        client = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC, a.detach())
        for name, v in (("CA_CERT", read("root.pem")), ("HOSTNAME", "host.example.test")):
            client.setsockopt(TLS, getattr(socket, "TLS_" + name), v)
        client.settimeout(0)
        server.settimeout(0)
        spin(client, server)
        client.settimeout(5)
        server.settimeout(5)
        client.sendall(b"over TLS\n")
        check("TLS_ROLE 1 on an adopted descriptor is a server", server.readline() == b"over TLS\n" and client.version() == server.version() == "TLSv1.3")
        e = error(server.setsockopt, TLS, socket.TLS_ROLE, 0)
        check("no other role after the handshake", is_error(e, 106), repr(e))
        client.close()
        server.close()
    l.close()
    s = make_client()
    e = error(s.setsockopt, TLS, socket.TLS_ROLE, 2)
    check("a role is 0 or 1", isinstance(e, socket.TLSError) and "TLS_ROLE" in str(e), repr(e))
    s.close()
    d = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_SEC)
    e = error(d.setsockopt, TLS, socket.TLS_ROLE, 1)
    check("a server of datagrams listens", isinstance(e, socket.TLSError) and "listens" in str(e), repr(e))
    d.close()


def methods():
    plain = socket.socket()
    check("without TLS there is nothing", plain.version() is None and plain.cipher() is None and plain.selected_alpn_protocol() is None
          and plain.getpeercert(True) is None and plain.pending() == 0)
    check("without TLS nothing can be unwrapped", isinstance(error(plain.unwrap), ValueError))
    plain.close()
    s = make_client()
    check("before the handshake", s.version() is None and s.cipher() is None and s.selected_alpn_protocol() is None and s.pending() == 0)
    check("before the handshake there is no certificate", isinstance(error(s.getpeercert, True), ValueError) and isinstance(error(s.unwrap), ValueError))
    s.close()
    for version, name in ((socket.TLS_1_2, "TLSv1.2"), (socket.TLS_1_3, "TLSv1.3")):
        c, s = pair({"ALPN_LIST": "h2"}, MAX_VERSION=version, ALPN_LIST=["http/1.1", "h2"])
        check("version() " + name, c.version() == s.version() == name)
        suite = c.getsockopt(TLS, socket.TLS_CIPHERSUITE_USED, 60).decode()
        check("cipher() " + name, c.cipher() == s.cipher() == (suite, name, 256), c.cipher())
        check("selected_alpn_protocol() " + name, c.selected_alpn_protocol() == s.selected_alpn_protocol() == "h2")
        check("getpeercert(True) " + name, c.getpeercert(True) == c.getpeercert(binary_form=True) == c.getsockopt(TLS, socket.TLS_PEER_CERT)
              and len(c.getpeercert(True)) > 300 and s.getpeercert(True) is None and s.getpeercert() is None)
        e = error(c.getpeercert)
        check("getpeercert() says what there is " + name, isinstance(e, ValueError) and "getpeercert(True)" in str(e), repr(e))
        s.sendall(b"12345")
        check("pending() " + name, c.pending() == 0 and c.recv(2) == b"12" and c.pending() == 3 and c.recv(5) == b"345" and c.pending() == 0)
        s.sendall(b"unread")
        c.settimeout(5)
        e = error(c.unwrap)
        check("unwrap() loses nothing that has come " + name, isinstance(e, ValueError) and c.recv(10) == b"unread", repr(e))
        c.settimeout(0)
        check("unwrap() waits for the peer's goodbye " + name, is_error(error(c.unwrap), errno.EAGAIN))
        c.settimeout(5)
        p = s.unwrap()
        p.sendall(b"in clear\n")  # right behind the goodbye
        q = c.unwrap()
        check("in clear after unwrap() " + name, q.readline() == b"in clear\n" and q.proto == 0 and q.gettimeout() == 5)
        q.sendall(b"back\n")
        check("and back " + name, p.readline() == b"back\n" and c.fileno() == s.fileno() == -1)
        p.close()
        q.close()
    c, s = pair(PEER_VERIFY=0)
    check("of a certificate that was not verified, as in CPython", c.getpeercert() == {})
    c.close()
    s.close()


from ends import spin

for part in (lists, halves, role, methods):
    try:
        part()
    except Exception as e:
        sys.print_exception(e)
        check(part.__name__, False, repr(e))
print("end")
