# run: net=lo
# getaddrinfo, getnameinfo, gethostbyname, inet_*, byte order, if_*: valid and invalid input, numeric or with names of /etc/hosts.
import socket
from alike import attempt, done, plain, say
from check import env
from where import INTERFACE

ST, DG = socket.SOCK_STREAM, socket.SOCK_DGRAM
I, I6 = socket.AF_INET, socket.AF_INET6


def gai(*args, **kw):
    # Sorted, because the module promises IPv4 first and CPython returns the system's order.
    return sorted(plain(socket.getaddrinfo(*args, **kw)))


def lookup(label, *args, **kw):
    attempt("getaddrinfo " + label, gai, *args, **kw)


lookup("numeric", "127.0.0.1", 80)
lookup("numeric stream", "127.0.0.1", 80, 0, ST)
lookup("numeric datagram", "127.0.0.1", 80, 0, DG)
lookup("numeric INET", "127.0.0.1", 80, I)
lookup("numeric INET stream", "127.0.0.1", 80, I, ST)
lookup("numeric INET6", "127.0.0.1", 80, I6)
lookup("stream, proto TCP", "127.0.0.1", 80, 0, ST, socket.IPPROTO_TCP)
lookup("proto UDP alone", "127.0.0.1", 80, 0, 0, socket.IPPROTO_UDP)
lookup("stream, proto UDP", "127.0.0.1", 80, 0, ST, socket.IPPROTO_UDP)
lookup("keywords", host="127.0.0.1", port=80, family=I, type=ST, proto=6, flags=0)
lookup("keyword type", "127.0.0.1", 80, type=DG)
lookup("unknown keyword", "127.0.0.1", 80, bogus=1)
lookup("::1", "::1", 80, 0, ST)
lookup("::1 as INET", "::1", 80, I, ST)
lookup("::ffff:1.2.3.4", "::ffff:1.2.3.4", 80, 0, ST)
lookup("scope by name", "fe80::1%" + INTERFACE, 80, 0, ST)
lookup("scope by number", "fe80::1%1", 80, 0, ST)
lookup("scope unknown", "fe80::1%nope9", 80, 0, ST)
lookup("short IPv4", "127.1", 80, 0, ST)
lookup("hexadecimal IPv4", "0x7f.1", 80, 0, ST)
lookup("None", None, 80, 0, ST)
lookup("None passive", None, 80, 0, ST, 0, socket.AI_PASSIVE)
lookup("None INET passive", None, 80, I, ST, 0, socket.AI_PASSIVE)
lookup("None INET6", None, 80, I6, ST)
lookup("None None", None, None)
lookup("port None", "127.0.0.1", None, 0, ST)
lookup("port '80'", "127.0.0.1", "80", 0, ST)
lookup("port b'80'", "127.0.0.1", b"80", 0, ST)
lookup("port http", "127.0.0.1", "http", 0, ST)
lookup("port domain", "127.0.0.1", "domain", 0, DG)
lookup("port ''", "127.0.0.1", "", 0, ST)
lookup("port unknown", "127.0.0.1", "nosuchservice", 0, ST)
lookup("port 0", "127.0.0.1", 0, 0, ST)
lookup("port 65535", "127.0.0.1", 65535, 0, ST)
lookup("host 5", 5, 80)
lookup("host []", [], 80)
lookup("host bytes", b"127.0.0.1", 80, 0, ST)
lookup("no arguments")
lookup("host alone", "127.0.0.1")
lookup("numeric host flag", "127.0.0.1", 80, 0, ST, 0, socket.AI_NUMERICHOST)
lookup("numeric host flag on a name", "localhost", 80, 0, ST, 0, socket.AI_NUMERICHOST)
lookup("numeric service flag", "127.0.0.1", "80", 0, ST, 0, socket.AI_NUMERICSERV)
lookup("numeric service flag on a name", "127.0.0.1", "http", 0, ST, 0, socket.AI_NUMERICSERV)
lookup("canonical name", "127.0.0.1", 80, I, ST, 0, socket.AI_CANONNAME)
lookup("canonical name of a name", "five", 80, I, ST, 0, socket.AI_CANONNAME)
lookup("canonical name of nothing", None, 80, I, ST, 0, socket.AI_CANONNAME)
lookup("bad flags", "127.0.0.1", 80, 0, ST, 0, 0x8000000)
lookup("family 9999", "127.0.0.1", 80, 9999)
lookup("type 77", "127.0.0.1", 80, 0, 77)
lookup("family not int", "127.0.0.1", 80, "x")
lookup("localhost", "localhost", 80, 0, ST)
say("localhost INET", sorted(set(a[4] for a in socket.getaddrinfo("localhost", 80, I, ST))))  # glibc returns ::1 of /etc/hosts as a second 127.0.0.1
lookup("localhost INET6", "localhost", 80, I6, ST)
lookup("five", "five", 80, 0, ST)
lookup("six", "six", 80, 0, ST)
lookup("six INET", "six", 80, I, ST)
lookup("both", "both", 80, 0, ST)
lookup("v4 mapped", "five", 80, I6, ST, 0, socket.AI_V4MAPPED)
lookup("v4 mapped all", "both", 80, I6, ST, 0, socket.AI_V4MAPPED | socket.AI_ALL)
lookup("a space", "no such", 80, I, ST, 0, socket.AI_NUMERICHOST)
lookup("trailing garbage", "127.0.0.1x", 80, 0, ST, 0, socket.AI_NUMERICHOST)
lookup("256 in IPv4", "127.0.0.256", 80, 0, ST, 0, socket.AI_NUMERICHOST)
lookup("bad IPv6", ":::1", 80, 0, ST, 0, socket.AI_NUMERICHOST)

attempt("gethostbyname numeric", socket.gethostbyname, "127.0.0.1")
attempt("gethostbyname five", socket.gethostbyname, "five")
attempt("gethostbyname ''", socket.gethostbyname, "")
attempt("gethostbyname <broadcast>", socket.gethostbyname, "<broadcast>")
attempt("gethostbyname 5", socket.gethostbyname, 5)
say("gethostname", len(socket.gethostname()) > 0 if env("TEST_STACK") else socket.gethostname())

NUM = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
attempt("getnameinfo numeric", socket.getnameinfo, ("127.0.0.1", 80), NUM)
attempt("getnameinfo numeric IPv6", socket.getnameinfo, ("::1", 80, 0, 0), NUM)
attempt("getnameinfo numeric scope", lambda: socket.getnameinfo(("fe80::1", 80, 0, 1), NUM) == ("fe80::1%" + INTERFACE, "80"))
attempt("getnameinfo service", socket.getnameinfo, ("127.0.0.5", 80), socket.NI_NUMERICHOST)
attempt("getnameinfo datagram service", socket.getnameinfo, ("127.0.0.5", 53), socket.NI_NUMERICHOST | socket.NI_DGRAM)
attempt("getnameinfo name", socket.getnameinfo, ("127.0.0.5", 80), socket.NI_NUMERICSERV)
attempt("getnameinfo of no name, required", socket.getnameinfo, ("127.0.0.77", 80), socket.NI_NAMEREQD)
attempt("getnameinfo with flags that are none", socket.getnameinfo, ("127.0.0.1", 80), 1 << 30)
attempt("getnameinfo int", socket.getnameinfo, 5, 0)
attempt("getnameinfo port 'x'", socket.getnameinfo, ("127.0.0.1", "x"), NUM)
attempt("getnameinfo empty tuple", socket.getnameinfo, (), NUM)
attempt("getnameinfo without flags", socket.getnameinfo, ("127.0.0.1", 80))

for text in ("127.0.0.1", "0.0.0.0", "255.255.255.255", "1.2.3", "1.2.3.4.5", "256.1.1.1", "", "x", "1.2.3.4 ", " 1.2.3.4",
             "01.2.3.4", "1.2.3.-4", "1..3.4"):  # fmt: skip
    attempt("inet_pton INET %r" % text, socket.inet_pton, I, text)
for text in ("::", "::1", "fe80::1", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::ffff:1.2.3.4", ":::", "1::2::3", "",
             "fe80::1%lo", "12345::", "g::", "1:2:3:4:5:6:7::", "::1.2.3.256", "ABCD::EF"):  # fmt: skip
    attempt("inet_pton INET6 %r" % text, socket.inet_pton, I6, text)
attempt("inet_pton family 99", socket.inet_pton, 99, "1.2.3.4")
attempt("inet_pton int", socket.inet_pton, I, 5)
attempt("inet_pton one argument", socket.inet_pton, I)
for raw in (b"\x7f\0\0\1", bytearray(b"\1\2\3\4"), b"", b"\0\0\0", b"\0\0\0\0\0", bytes(16)):
    attempt("inet_ntop INET %r" % bytes(raw), socket.inet_ntop, I, raw)
for raw in (bytes(16), bytes(15) + b"\1", b"\xfe\x80" + bytes(13) + b"\1", bytes(10) + b"\xff\xff\1\2\3\4", b"\0", bytes(15), bytes(17),
            bytes(12) + b"\1\2\3\4", b"\0\1\0\0\0\0\0\2\0\0\0\0\0\0\0\3", b"\0\1" * 8):  # fmt: skip
    attempt("inet_ntop INET6 %r" % raw, socket.inet_ntop, I6, raw)
attempt("inet_ntop family 99", socket.inet_ntop, 99, bytes(4))
attempt("inet_ntop text", socket.inet_ntop, I, "abcd")
for text in ("127.0.0.1", "127.1", "1.2.3", "0x7f.0.0.1", "0177.0.0.1", "1", "4294967295", "4294967296", "1.2.3.256", "", "x", "1.2.3.4.5"):
    attempt("inet_aton %r" % text, socket.inet_aton, text)
attempt("inet_aton int", socket.inet_aton, 5)
attempt("inet_ntoa", socket.inet_ntoa, b"\1\2\3\4")
attempt("inet_ntoa bytearray", socket.inet_ntoa, bytearray(b"\xff\2\3\4"))
attempt("inet_ntoa short", socket.inet_ntoa, b"\1\2\3")
attempt("inet_ntoa long", socket.inet_ntoa, b"\1\2\3\4\5")
attempt("inet_ntoa int", socket.inet_ntoa, 5)

for name in ("htons", "ntohs"):
    f = getattr(socket, name)
    for v in (0, 1, 0x1234, 0xFFFF, 0x10000, -1):
        attempt("%s(%d)" % (name, v), f, v)
    attempt(name + "('x')", f, "x")
for name in ("htonl", "ntohl"):
    f = getattr(socket, name)
    for v in (0, 1, 0x12345678, 0xFFFFFFFF, 0x80000000):
        attempt("%s(%d)" % (name, v), f, v)
    attempt(name + "(2**32)", f, 1 << 32)
    attempt(name + "(-1)", f, -1)
    attempt(name + "('x')", f, "x")

attempt("if_nametoindex lo", socket.if_nametoindex, INTERFACE)
attempt("if_nametoindex 5", socket.if_nametoindex, 5)
attempt("if_indextoname 1", lambda: socket.if_indextoname(1) == INTERFACE)
attempt("if_indextoname 9999", socket.if_indextoname, 9999)
attempt("if_indextoname 0", socket.if_indextoname, 0)
attempt("if_indextoname 'x'", socket.if_indextoname, "x")
attempt("if_nameindex", lambda: socket.if_nameindex()[0] == (1, INTERFACE))
say("getaddrinfo gives a list", isinstance(socket.getaddrinfo("127.0.0.1", 1), list))
say("getaddrinfo gives tuples", isinstance(socket.getaddrinfo("127.0.0.1", 1)[0], tuple))
done()
