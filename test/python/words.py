# run: net=lo
# Texts of errors: they name the call, the peer or the argument in the program's own words, and what is wanted instead.
import errno
import sys

import socket

from check import check, number, raised, sections, skip, summary, true
from pairs import close, free_port, tcp_pair, udp_pair
from where import HOST


def words(e):
    return e.args[1] if isinstance(e, OSError) and len(e.args) > 1 else repr(e)


def says(label, parts, fn, *args, **kw):
    e = raised(fn, args, kw)
    text = words(e)
    for part in parts:
        true("{}: {}".format(label, part), part in text, text)
    return e


def errorcode():
    codes = socket.errorcode
    known = [(name, getattr(errno, name)) for name in dir(errno) if name[0] == "E" and name[1] != "_"]
    known += [(name, getattr(socket, name)) for name in dir(socket) if name[0] == "E" and name[:4] not in ("EAI_", "ETLS")]
    for name, value in known:
        if name not in ("EISDIR",):  # raised for files alone
            check("errorcode[{}]".format(value), codes.get(value), name)
    check("errorcode is of ints and texts", sorted(set((type(k), type(v)) for k, v in codes.items()), key=str), [(int, str)])
    check("no name comes twice", len(set(codes.values())), len(codes))
    check("an unknown number", (codes.get(0), codes.get(9999), 9 in codes), (None, None, True))
    e = raised(codes.__setitem__ if hasattr(codes, "__setitem__") else lambda: put(codes))
    true("it is constant", isinstance(e, TypeError), e)
    for fn, args in ((socket.socket().send, (b"x",)), (socket.socket().connect, ((HOST, free_port()),)), (socket.socket().getpeername, ())):
        e = raised(fn, args)
        true("errorcode has the number of an error: {}".format(e), codes[number(e)] in str(e), e)


def put(codes):
    codes[1] = "x"


def on(kind, name):
    def call(host):
        with socket.socket(socket.AF_INET, kind) as s:
            s.settimeout(5)
            return getattr(s, name)(*((b"x", (host, 80)) if name == "sendto" else ((host, 80),)))

    return call


def hosts():
    calls = [
        ("connect", on(socket.SOCK_STREAM, "connect")), ("connect_ex", on(socket.SOCK_STREAM, "connect_ex")), ("bind", on(socket.SOCK_STREAM, "bind")),
        ("sendto", on(socket.SOCK_DGRAM, "sendto")), ("getaddrinfo", lambda host: socket.getaddrinfo(host, 80)), ("gethostbyname", socket.gethostbyname),
        ("create_connection", lambda host: socket.create_connection((host, 80), 5)), ("create_server", lambda host: socket.create_server((host, 0))),
        ("getnameinfo", lambda host: socket.getnameinfo((host, 80), 0)),
    ]  # fmt: skip
    if hasattr(socket, "dialer"):
        calls += [("dialer", lambda host: socket.dialer(host, 80)), ("resolver", lambda host: socket.resolver(host, 80))]
    for name, call in calls:
        say = "connect" if name == "connect_ex" else name
        for host in ("http://x/", "localhost/", "192.168.1.1/24", "mqtt://x:1883"):
            e = says("{}({})".format(name, host), ('{} "{}": '.format(say, host), "looks like a URL", '("example.org", 80)'), call, host)
            check("{}({}) is a gaierror".format(name, host), (type(e), number(e)), (socket.gaierror, -2))
        for host in ("127.0.0.1:80", "host:80", ":80"):
            says("{}({})".format(name, host), ("{} {}: ".format(say, host), "looks like host:port", '("127.0.0.1", 80)'), call, host)
        for host in ("[::1]", "[::1]:80"):
            says("{}({})".format(name, host), ("{} {}: ".format(say, host), "brackets", '("::1", 80)'), call, host)
        for host in (" 127.0.0.1", "a b", "127.0.0.1 "):
            says("{}({!r})".format(name, host), ('{} "{}": '.format(say, host), "blank"), call, host)
        says("{} with a line end".format(name), ('{} "{}": '.format(say, "x?"), "blank"), call, "x\n")
    says("a name in letters of a host name has no quotes", ("connect no-such_name.invalid: ",), on(socket.SOCK_STREAM, "connect"), "no-such_name.invalid")
    if hasattr(socket, "AF_INET6"):
        with socket.socket(socket.AF_INET6) as s:
            says("an unknown interface", ("connect fe80::1%no_such: ", "no such interface"), s.connect, ("fe80::1%no_such", 80))


def services():
    for name, fn in (("getaddrinfo", lambda port: socket.getaddrinfo(HOST, port)), ("create_connection", lambda port: socket.create_connection((HOST, port), 5)),
                     ("getservbyname", socket.getservbyname)):
        says("{} of an unknown service".format(name), ("{} nosuch: ".format(name), "service"), fn, "nosuch")
        says("{} of a service with a blank".format(name), ('{} "8 0": '.format(name), "service"), fn, "8 0")
    says("getservbyname of an unknown protocol", ("getservbyname sctp: ",), socket.getservbyname, "http", "sctp")
    says("getservbyport of an unknown port", ("getservbyport 59999: ",), socket.getservbyport, 59999)
    says("getservbyport of an unknown protocol", ("getservbyport sctp: ",), socket.getservbyport, 80, "sctp")


def descriptors():
    for label, fn in (("socket", lambda: socket.socket(fileno=1000)), ("fromfd", lambda: socket.fromfd(1000, socket.AF_INET, socket.SOCK_STREAM))):
        e = says(label + " of a number that is not open", (label + " 1000: ", "not open"), fn)
        check(label + " of a number that is not open is EBADF", number(e), 9)
        true(label + " of a number does not speak of a closed socket", "socket is closed" not in words(e), e)
    if hasattr(socket, "poller"):
        p = socket.poller()
        e = says("register(-1)", ("negative file descriptor",), p.register, -1)
        true("register(-1) is a ValueError", isinstance(e, ValueError), e)
        e = says("modify of what is not registered", ("modify: ", "not registered"), p.modify, socket.socket(), 1)
        check("modify of what is not registered is ENOENT", number(e), 2)
        p.close()
        for name, args in (("poll", (1,)), ("ipoll", (1,)), ("register", (socket.socket(),))):
            says(name + " of a closed poller", ("poller: it is closed",), getattr(p, name), *args)
    if hasattr(socket, "resolver"):
        r = socket.resolver(HOST, 80)
        r.close()
        says("result of a closed resolver", ("resolver: it is closed",), r.result)


def arguments():
    s = socket.socket()
    for name, fn in (("connect", s.connect), ("bind", s.bind), ("create_server", socket.create_server), ("create_connection", socket.create_connection),
                     ("getnameinfo", lambda a: socket.getnameinfo(a, 0))):
        e = says(name + " of a str", ("address must be a tuple (host, port), not str",), fn, "127.0.0.1:80")
        true(name + " of a str is a TypeError", isinstance(e, TypeError), e)
    says("a str as source", ("source_address must be a tuple (host, port), not str",), socket.create_connection, (HOST, 9), 1, "x")
    says("gethostbyname(None)", ("host must be a str, not NoneType",), socket.gethostbyname, None)
    e = says("connect of bytes", ("connect: ", "sockaddr", "(host, port)"), s.connect, b"127.0.0.1")
    true("connect of bytes is an OSError", isinstance(e, OSError), e)
    for name in ("htons", "htonl", "ntohs", "ntohl"):
        fn = getattr(socket, name)
        says(name + " of a str", ("x must be an int, not str",), fn, "x")
        e = says(name + " of a negative number", ("x must be 0-", "65535" if name[-1] == "s" else "4294967295"), fn, -1)
        true(name + " of a negative number is an OverflowError", isinstance(e, OverflowError), e)
    says("htons(65536)", ("x must be 0-65535",), socket.htons, 65536)
    says("htonl(2**32)", ("x must be 0-4294967295",), socket.htonl, 2**32)
    for n in (2**31, 2**64, -(2**64)):
        says("listen({})".format(n), ("backlog is out of range",), s.listen, n)
    says("recv(2**64)", ("size is out of range",), s.recv, 2**64)
    says("setsockopt of 2**64", ("value is out of range",), s.setsockopt, socket.SOL_SOCKET, socket.SO_REUSEADDR, 2**64)
    says("a port of 2**64", ("port",), s.connect, (HOST, 2**64))
    says("an unknown option", ("setsockopt: level {}, option 9999: ".format(socket.SOL_SOCKET), "option not known"), s.setsockopt, socket.SOL_SOCKET, 9999, 1)
    says("an unknown option", ("getsockopt: level {}, option 9999: ".format(socket.SOL_SOCKET), "option not known"), s.getsockopt, socket.SOL_SOCKET, 9999)
    says("a buffer that is too long", ("getsockopt: buflen must be 0-1024",), s.getsockopt, socket.SOL_SOCKET, socket.SO_ERROR, 5000)
    e = says("a value of the wrong length", ("setsockopt: level {}, option {}, 2 bytes: ".format(socket.IPPROTO_TCP, socket.TCP_NODELAY),),
             s.setsockopt, socket.IPPROTO_TCP, socket.TCP_NODELAY, "on")  # fmt: skip
    check("a value of the wrong length is EINVAL", number(e), 22)
    says("an int where a struct is wanted", ("setsockopt: level {}, option {}, value -5: ".format(socket.SOL_SOCKET, socket.SO_LINGER),),
         s.setsockopt, socket.SOL_SOCKET, socket.SO_LINGER, -5)  # fmt: skip
    says("a length without a value", ("setsockopt: level {}, option 9999, 3 bytes: ".format(socket.SOL_SOCKET), "bad address"), s.setsockopt, socket.SOL_SOCKET, 9999, None, 3)
    for values in ((77, 1, 0), (socket.AF_INET, 99, 0), (socket.AF_INET, socket.SOCK_STREAM, 250), (socket.AF_INET, socket.SOCK_STREAM, -3)):
        says("socket%r" % (values,), ("socket: family {}, type {}, proto {}: ".format(*values),), socket.socket, *values)
    if hasattr(socket, "socketpair"):
        says("socketpair of an unknown type", ("socketpair: family {}, type 99, proto 0: ".format(socket.AF_INET),), socket.socketpair, socket.AF_INET, 99)
    says("inet_pton", ("inet_pton 1.2.3: ", "numeric"), socket.inet_pton, socket.AF_INET, "1.2.3")
    says("inet_aton", ('inet_aton "x y": ', "numeric"), socket.inet_aton, "x y")
    says("inet_ntoa", ("inet_ntoa: ", "4 bytes"), socket.inet_ntoa, b"123")
    if hasattr(socket, "if_nametoindex"):
        says("an unknown interface", ('if_nametoindex "no such": ',), socket.if_nametoindex, "no such")
        says("an unknown interface", ("if_indextoname 9999: ",), socket.if_indextoname, 9999)
    if hasattr(socket, "SOL_TLS"):
        says("an option of TLS on a plain socket", ("setsockopt: ", "not a TLS socket"), s.setsockopt, socket.SOL_TLS, socket.TLS_HOSTNAME, "x")
        if hasattr(s, "do_handshake"):
            says("a handshake of a plain socket", ("do_handshake: ", "not a TLS socket"), s.do_handshake)
    s.close()


TEXTS = ("HOSTNAME", "CIPHERSUITE_LIST", "ALPN_LIST", "CA_CERT", "OWN_CERT", "OWN_KEY", "PSK", "PSK_IDENTITY")
NUMBERS = ("PEER_VERIFY", "SESSION_CACHE", "MIN_VERSION", "MAX_VERSION", "MAX_FRAGMENT", "ROLE")


def tls_values():
    try:
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC)
    except OSError as e:
        check("TLS that is not there", number(e), 93)
        return
    plain = socket.socket()
    for names, values, wanted in ((TEXTS, (5, 0, -1, True, 2**70), "bytes-like or str"), (NUMBERS, ("2", "true", "", "none"), "an int")):
        for name in names:
            option = getattr(socket, "TLS_" + name)
            for value in values:
                label = "TLS_{} of {!r}".format(name, value)
                e = says(label, ("value must be {}, not {}".format(wanted, type(value).__name__),), s.setsockopt, socket.SOL_TLS, option, value)
                true(label + " is a TypeError", isinstance(e, TypeError), e)
                if value != 2**70:
                    check(label + " on a plain socket is ENOPROTOOPT", number(raised(plain.setsockopt, (socket.SOL_TLS, option, value))), 92)
    for option in (socket.TLS_PSK, socket.TLS_HOSTNAME):
        e = raised(socket.create_connection, ((HOST, free_port()), 5, None), {"ssl": {option: 1234}})
        true("an int in the dict is a TypeError before the connection", isinstance(e, TypeError) and "bytes-like or str, not int" in str(e), e)
    e = raised(socket.create_connection, ((HOST, free_port()), 5, None), {"ssl": {socket.TLS_PEER_VERIFY: "0"}})
    true("a str for a number in the dict is a TypeError", isinstance(e, TypeError) and "an int, not str" in str(e), e)
    s.setsockopt(socket.SOL_TLS, socket.TLS_PEER_VERIFY, (1).to_bytes(4, sys.byteorder))
    check("a number in the system's layout is taken", s.getsockopt(socket.SOL_TLS, socket.TLS_PEER_VERIFY), 1)
    for sock in (s, plain):
        e = says("an unknown TLS option", ("setsockopt: ",), sock.setsockopt, socket.SOL_TLS, 9999, 1)
        check("an unknown TLS option is ENOPROTOOPT", number(e), 92)
        check("an unknown TLS option of a str is ENOPROTOOPT", number(raised(sock.setsockopt, (socket.SOL_TLS, 9999, "x"))), 92)
    check("nothing was changed", (s.getsockopt(socket.SOL_TLS, socket.TLS_HOSTNAME), s.getsockopt(socket.SOL_TLS, socket.TLS_ROLE)), ("", 0))
    close(s, plain)


def peers():
    a, b = tcp_pair()
    a.settimeout(0.01)
    at = "{}:{}".format(*b.getsockname())
    for name, args in (("recv", (1,)), ("recv_into", (bytearray(1),)), ("read", (1,)), ("readinto", (bytearray(1),)), ("readline", ())):
        e = says("a late " + name, ("{} {}: timed out".format(name, at),), getattr(a, name), *args)
        true("a late {} is a timeout".format(name), isinstance(e, socket.timeout), e)
    data = bytes(100000)
    for _ in range(1000):
        e = raised(a.sendall, (data,))
        if e is not None:
            break
    true("a late sendall names the peer", words(e).startswith("sendall {}: timed out; ".format(at)), e)
    close(a, b)
    u, v = udp_pair()
    u.settimeout(0.01)
    says("a connected one has", ("recv {}:{}: timed out".format(*v.getsockname()),), u.recv, 1)
    w = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    w.bind((HOST, 0))
    w.settimeout(0.01)
    says("an unconnected one has no peer", ("recvfrom: timed out",), w.recvfrom, 1)
    close(u, v, w)
    port = free_port()
    says("create_connection is named", ("create_connection {}:{}: connection refused".format(HOST, port),), socket.create_connection, (HOST, port), 5)
    says("the source is blamed for what it lacks", ("create_connection 192.0.2.77:0: address not available",),
         socket.create_connection, (HOST, port), 5, ("192.0.2.77", 0))
    if hasattr(socket, "AF_UNIX"):
        with socket.socket(socket.AF_UNIX) as s:
            says("a path is quoted", ('connect "/no such/path": no such file',), s.connect, "/no such/path")
            says("a long path", ("connect: ", "path"), s.connect, "x" * 300)
    f = None
    with socket.socket() as s:
        e = says("EPIPE or ENOTCONN before connect", ("send: ", "not connected"), s.send, b"x")


sections(errorcode, hosts, services, descriptors, arguments, tls_values, peers)
summary()
