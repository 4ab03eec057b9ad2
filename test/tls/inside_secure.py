# Options and methods of TLS sockets in MicroPython, with usocket at both ends. The output has the form of inside.py's.
import sys, errno, time
import usocket as socket
from ends import CHAIN, KEY, TLS, check, error, is_error, make_client, make_listener, pair, read, spin


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
    check("the earlier value stays", s.getsockopt(TLS, socket.TLS_ALPN_LIST) == "h2,http/1.1")
    for value in ([1], [None], [["h2"]]):
        e = error(s.setsockopt, TLS, socket.TLS_ALPN_LIST, value)
        check("a list of something else is a TypeError", isinstance(e, TypeError) and "str or bytes" in str(e), repr(e))
    check("a list for another option is a TypeError", isinstance(error(s.setsockopt, TLS, socket.TLS_CA_CERT, [CHAIN]), TypeError))
    s.close()


def adopted_while_connecting():
    # The TLS socket takes over a connect that is in progress; without a name it verifies the address.
    l, at = make_listener()
    plain = socket.socket()
    plain.setblocking(False)
    check("adopted while connecting: the connect", is_error(error(plain.connect, at), errno.EINPROGRESS))
    c = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC, plain.detach())
    c.setblocking(False)
    c.setsockopt(TLS, socket.TLS_CA_CERT, read("root.pem"))
    e = error(c.do_handshake)
    check("adopted while connecting: in progress", is_error(e, errno.EAGAIN), repr(e))
    s, _ = l.accept()
    s.setblocking(False)
    e = error(spin, c, s)
    check("adopted while connecting: the handshake", e is None, repr(e))
    for end in (c, s):
        end.settimeout(5)
    error(s.send, b"here")
    check("adopted while connecting: data", error(c.recv, 10) == b"here")
    for end in (c, s, l):
        end.close()


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
    # STARTTLS: plain text first, then TLS on both descriptors.
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
    check("a server of datagrams has to listen", isinstance(e, socket.TLSError) and "has to listen" in str(e), repr(e))
    d.close()


def methods():
    plain = socket.socket()
    check("without TLS there are no properties", plain.version() is None and plain.cipher() is None and plain.selected_alpn_protocol() is None
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
        check("getpeercert() names the alternative " + name, isinstance(e, ValueError) and "getpeercert(True)" in str(e), repr(e))
        s.sendall(b"12345")
        check("pending() " + name, c.pending() == 0 and c.recv(2) == b"12" and c.pending() == 3 and c.recv(5) == b"345" and c.pending() == 0)
        s.sendall(b"unread")
        c.settimeout(5)
        e = error(c.unwrap)
        check("unwrap() loses nothing that has come " + name, isinstance(e, ValueError) and c.recv(10) == b"unread", repr(e))
        c.settimeout(0)
        check("unwrap() waits for the peer's close_notify " + name, is_error(error(c.unwrap), errno.EAGAIN))
        c.settimeout(5)
        p = s.unwrap()
        p.sendall(b"in clear\n")  # directly after close_notify
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


def of_tls(e, number, words):
    return isinstance(e, socket.TLSError) and e.errno == number and words in str(e)


def refusals():
    "Each raises a TLSError with mbedTLS's text."
    e = error(lambda: socket.create_server(("127.0.0.1", 0), ssl={socket.TLS_OWN_CERT: CHAIN}))
    check("create_server misses the key of a certificate", of_tls(e, -2007, "TLS_OWN_KEY"), repr(e))
    d = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_SEC)
    for name, v in (("OWN_CERT", CHAIN), ("OWN_KEY", KEY), ("MIN_VERSION", socket.TLS_1_3)):
        d.setsockopt(TLS, getattr(socket, "TLS_" + name), v)
    d.bind(("127.0.0.1", 0))
    d.listen(1)
    d.settimeout(1)
    e = error(d.accept)
    check("accept of datagrams asks for TLS 1.3", of_tls(e, -2007, "DTLS is 1.2 only"), repr(e))
    d.close()


def failures():
    l, at = make_listener()
    c = make_client(0, HOSTNAME="other.example.test")
    error(c.connect, at)
    s, _ = l.accept()
    s.settimeout(0)
    e = error(spin, c, s)
    check("a handshake that fails", of_tls(e, -2001, "not other.example.test"), repr(e))
    check("after it there is no version", c.version() is None and is_error(error(c.getsockopt, TLS, socket.TLS_VERSION_USED), errno.ENOTCONN))
    c.close()
    s.close()
    l.close()


def early_ends():
    "The connection ends within the handshake."
    l = socket.socket()
    l.bind(("127.0.0.1", 0))
    l.listen(1)
    c = make_client(0)
    error(c.connect, l.getsockname())
    s, _ = l.accept()
    s.settimeout(5)
    error(c.do_handshake)
    hello = s.recv(2000)
    s.send(b"\x15\3\3\0\2\1\0")
    c.settimeout(5)
    e = error(c.do_handshake)
    check("a close_notify in the handshake is the peer's refusal", of_tls(e, -2002, "close_notify"), repr(e))
    c.close()
    check("and is not answered", hello[:1] == b"\x16" and s.recv(100) == b"")
    s.close()
    c = make_client(0)
    error(c.connect, l.getsockname())
    s, _ = l.accept()
    c.settimeout(5)
    c.shutdown(socket.SHUT_WR)
    e = error(c.send, b"x")
    check("nothing is sent behind a shutdown of our own, the handshake neither", is_error(e, 32), repr(e))
    c.close()
    s.close()
    l.close()


def names():
    "The host name of an earlier connect is not used to verify an address given as bytes."
    if sys.argv[2] != "-":
        print("skip an address in bytes: its form is this system's")
        return
    l, at = make_listener(OWN_CERT=read("second.chain"), OWN_KEY=read("second.key"))
    c = make_client(5, HOSTNAME="")
    error(c.connect, ("localhost", 1))
    check("the host's name is kept", c.getsockopt(TLS, socket.TLS_HOSTNAME, 60) == b"localhost")
    e = error(c.connect, b"\2\0" + bytes([1 >> 8, 1]) + b"\x7f\0\0\1" + bytes(8))
    check("until one without a name comes", isinstance(e, OSError) and c.getsockopt(TLS, socket.TLS_HOSTNAME, 60) == b"", repr(e))
    c.close()
    l.close()


def urgent():
    "TLS has no urgent data."
    c, s = pair()
    flag = getattr(socket, "MSG_OOB", None)
    if flag is None or sys.argv[2] != "-":
        print("skip urgent data: this stack has none")
    else:
        s.send(b"data")
        check("urgent data are not received", is_error(error(c.recv, 10, flag), errno.EOPNOTSUPP))
        check("nor sent", is_error(error(c.send, b"x", flag), errno.EOPNOTSUPP))
        check("and nothing is lost", c.recv(10) == b"data")
    c.close()
    s.close()


def transports():
    "A session of a stream is not offered to datagrams of the same port."
    for attempt in range(20):
        l, at = make_listener(SESSION_CACHE=1)
        d = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_SEC)
        for name, v in (("OWN_CERT", CHAIN), ("OWN_KEY", KEY), ("SESSION_CACHE", 1)):
            d.setsockopt(TLS, getattr(socket, "TLS_" + name), v)
        if error(d.bind, at) is None:
            break
        l.close()
        d.close()
    d.listen(1)
    d.settimeout(0)
    for listener, kind, used in ((l, socket.SOCK_STREAM, "TLSv1.3"), (d, socket.SOCK_DGRAM, "TLSv1.2")):
        c = socket.socket(socket.AF_INET, kind, socket.IPPROTO_SEC)
        for name, v in (("CA_CERT", read("root.pem")), ("HOSTNAME", "host.example.test"), ("SESSION_CACHE", 1)):
            c.setsockopt(TLS, getattr(socket, "TLS_" + name), v)
        c.settimeout(0)
        error(c.connect, at)
        s = None
        for _ in range(2000):
            error(c.do_handshake)
            r = error(listener.accept) if s is None else None
            s = r[0] if isinstance(r, tuple) else s
            if s:
                break
            time.sleep(0.001)
        s.settimeout(0)
        e = error(spin, c, s)
        check("a handshake of %s" % used, e is None and c.version() == used, repr(e))
        s.settimeout(5)
        c.settimeout(5)
        s.send(b"hi")
        check("and its data", c.recv(2) == b"hi")
        c.close()
        s.close()
    l.close()
    d.close()


for part in (lists, adopted_while_connecting, halves, role, methods, refusals, failures, early_ends, names, urgent, transports):
    try:
        part()
    except Exception as e:
        sys.print_exception(e)
        check(part.__name__, False, repr(e))
print("end")
