import struct

import socket
from far import *

IP, IP6 = socket.IPPROTO_IP, socket.IPPROTO_IPV6
EADDRNOTAVAIL, EACCES = 99, 13


def member(group, interface=STACK4):
    return socket.inet_aton(group) + socket.inet_aton(interface)


def member6(group, index):
    return socket.inet_pton(socket.AF_INET6, group) + struct.pack("I", index)


def groups4():
    s, port = datagrams("4", 5)
    for group, interface in (("239.1.2.3", STACK4), ("239.7.7.7", "0.0.0.0")):
        t = group + ": "
        s.settimeout(0.2)
        kernel.send("4", group, port, b"too early")
        timed(t + "not a member yet", s.recv, (100,), 200, 200 + LATE)
        wire = kernel.watch()
        s.setsockopt(IP, socket.IP_ADD_MEMBERSHIP, member(group, interface))
        check(t + "the join reaches the wire", kernel.seen(wire, "join", group), True)
        s.settimeout(5)
        kernel.send("4", group, port, b"hello")
        check(t + "a member hears", (lambda d, a: (d, a[0]))(*s.recvfrom(100)), (b"hello", KERNEL4))
        wire = kernel.watch()
        s.setsockopt(IP, socket.IP_DROP_MEMBERSHIP, member(group, interface))
        check(t + "so does leaving", kernel.seen(wire, "leave", group), True)
        s.settimeout(0.2)
        kernel.send("4", group, port, b"too late")
        timed(t + "a member no more", s.recv, (100,), 200, 200 + LATE)
        raises(t + "leave twice", EADDRNOTAVAIL, s.setsockopt, IP, socket.IP_DROP_MEMBERSHIP, member(group, interface))
    raises("join without a group", OSError, s.setsockopt, IP, socket.IP_ADD_MEMBERSHIP, member("192.0.2.77"))
    raises("join, too short", OSError, s.setsockopt, IP, socket.IP_ADD_MEMBERSHIP, b"\xef\x01")
    # There are two members, and one leaves.
    other, other_port = datagrams("4", 5)
    s.setsockopt(IP, socket.IP_ADD_MEMBERSHIP, member("239.1.1.1"))
    other.setsockopt(IP, socket.IP_ADD_MEMBERSHIP, member("239.1.1.1"))
    s.close()
    kernel.send("4", "239.1.1.1", other_port, b"still")
    check("one of two members closes: the other hears", other.recv(10), b"still")
    wire = kernel.watch()
    other.close()
    check("closing leaves the group", kernel.seen(wire, "leave", "239.1.1.1"), True)


def sending4():
    port = kernel.receiver("4", "239.4.4.4")
    s, own = datagrams("4", 5)
    check("to a group", s.sendto(b"out", ("239.4.4.4", port)), 3)
    got = kernel.receive(port, 3)
    check("the kernel's member hears", got, (b"out", (STACK4, own)))
    s.setsockopt(IP, socket.IP_MULTICAST_IF, socket.inet_aton(STACK4))
    check("IP_MULTICAST_IF is read back", s.getsockopt(IP, socket.IP_MULTICAST_IF, 4), socket.inet_aton(STACK4))
    for ttl in (1, 7):
        s.setsockopt(IP, socket.IP_MULTICAST_TTL, ttl)
        check("IP_MULTICAST_TTL {}".format(ttl), s.getsockopt(IP, socket.IP_MULTICAST_TTL), ttl)
        wire = kernel.watch()
        s.sendto(b"ttl", ("239.4.4.4", port))
        check("TTL {} on the wire".format(ttl), kernel.hops(wire, port), ttl)
        kernel.receive(port, 3)
    # A member on this host receives its own datagram unless loopback is off.
    r, rport = datagrams("4", 1)
    r.setsockopt(IP, socket.IP_ADD_MEMBERSHIP, member("239.4.4.4"))
    s.setsockopt(IP, socket.IP_MULTICAST_LOOP, 1)
    s.sendto(b"loop", ("239.4.4.4", rport))
    check("a member here hears", r.recv(10), b"loop")
    s.setsockopt(IP, socket.IP_MULTICAST_LOOP, 0)
    check("IP_MULTICAST_LOOP", s.getsockopt(IP, socket.IP_MULTICAST_LOOP), 0)
    s.sendto(b"no loop", ("239.4.4.4", rport))
    r.settimeout(0.3)
    timed("not without the loop", r.recv, (10,), 300, 300 + LATE)
    close(r, s)


def groups6():
    index = own_index()
    for group in ("ff02::77", "ff05::1234"):
        t = group + ": "
        s, port = datagrams("6", 0.2)
        kernel.send("6", group, port, b"too early")
        timed(t + "not a member yet", s.recv, (100,), 200, 200 + LATE)
        wire = kernel.watch()
        s.setsockopt(IP6, socket.IPV6_JOIN_GROUP, member6(group, index))
        check(t + "the join reaches the wire", kernel.seen(wire, "join", group), True)
        s.settimeout(5)
        kernel.send("6", group, port, b"hello six")
        data, peer = s.recvfrom(100)
        check(t + "a member hears", data, b"hello six")
        if peer[0].startswith("fe80"):
            check(t + "with the sender's scope", peer[3], index)
        wire = kernel.watch()
        s.setsockopt(IP6, socket.IPV6_LEAVE_GROUP, member6(group, index))
        check(t + "so does leaving", kernel.seen(wire, "leave", group), True)
        s.settimeout(0.2)
        kernel.send("6", group, port, b"too late")
        timed(t + "a member no more", s.recv, (100,), 200, 200 + LATE)
        raises(t + "leave twice", EADDRNOTAVAIL, s.setsockopt, IP6, socket.IPV6_LEAVE_GROUP, member6(group, index))
        s.close()
        port = kernel.receiver("6", group)
        s, own = datagrams("6")
        s.sendto(b"out", (group, port, 0, index))
        got = kernel.receive(port, 3)
        check(t + "the kernel's member hears", got and (got[0], got[1][1]), (b"out", own))
        s.close()


def broadcast():
    port = kernel.receiver("4")
    s, own = datagrams("4", 5)
    raises("without permission", EACCES, s.sendto, b"no", ("192.0.2.255", port))
    raises("nor to all", EACCES, s.sendto, b"no", ("<broadcast>", port))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    true("SO_BROADCAST", s.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST))
    s.sendto(b"directed", ("192.0.2.255", port))
    check("directed, out", kernel.receive(port, 3), (b"directed", (STACK4, own)))
    if raised(s.setsockopt, (socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"v0")) is None:
        ok("a socket bound to an interface")
    s.sendto(b"limited", ("<broadcast>", port))
    check("limited, out", kernel.receive(port, 3), (b"limited", (STACK4, own)))
    kernel.send("4", "192.0.2.255", own, b"directed")
    check("directed, in", (lambda d, a: (d, a[0]))(*s.recvfrom(100)), (b"directed", KERNEL4))
    kernel.send_limited(own, b"limited")
    check("limited, in", s.recv(100), b"limited")
    s.close()


for section in (groups4, sending4, groups6, broadcast):
    run(section)
finish()
