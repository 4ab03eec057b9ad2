/* Linux's socket calls with injected faults: bsd.c is compiled against this file in place of port/posix/platform.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef INJECT_PLATFORM_H
#define INJECT_PLATFORM_H

#include "../../../port/posix/platform.h"

#include "inject.h"

#undef plat_socket
#undef plat_socketpair
#undef plat_accept
#undef plat_set_nonblocking
#undef plat_dup
#undef plat_dup_onto
#undef plat_close
#undef plat_bind
#undef plat_listen
#undef plat_connect
#undef plat_shutdown
#undef plat_recv
#undef plat_recvfrom
#undef plat_recv_inside
#undef plat_send
#undef plat_sendto
#undef plat_getsockname
#undef plat_getpeername
#undef plat_getsockopt
#undef plat_setsockopt
#undef plat_pending
#undef plat_getaddrinfo
#undef plat_getnameinfo
#undef plat_gethostname
#undef plat_if_nametoindex
#undef plat_if_indextoname
#undef plat_errno

#define GUARD(call, real) (inject(call) ? -1 : (real))

#define plat_socket(family, type, proto) \
    GUARD(INJECT_SOCKET, socket((family), (type) | SOCK_CLOEXEC | SOCK_NONBLOCK, (proto)))
#define plat_socketpair(family, type, proto, fds) \
    GUARD(INJECT_SOCKETPAIR, socketpair((family), (type) | SOCK_CLOEXEC | SOCK_NONBLOCK, (proto), (fds)))
#define plat_accept(fd, addr, len) GUARD(INJECT_ACCEPT, accept4((fd), (addr), (len), SOCK_CLOEXEC | SOCK_NONBLOCK))
#define plat_set_nonblocking(fd) GUARD(INJECT_NONBLOCKING, fcntl((fd), F_SETFL, fcntl((fd), F_GETFL) | O_NONBLOCK))
#define plat_dup(fd) GUARD(INJECT_DUP, fcntl((fd), F_DUPFD_CLOEXEC, 0))
#define plat_dup_onto(from, to) GUARD(INJECT_DUP_ONTO, dup3((from), (to), O_CLOEXEC))
#define plat_close(fd) inject_close(fd)
#define plat_bind(fd, addr, len) GUARD(INJECT_BIND, bind((fd), (addr), (len)))
#define plat_listen(fd, backlog) GUARD(INJECT_LISTEN, listen((fd), (backlog)))
#define plat_connect(fd, addr, len) GUARD(INJECT_CONNECT, connect((fd), (addr), (len)))
#define plat_shutdown(fd, how) GUARD(INJECT_SHUTDOWN, shutdown((fd), (how)))
#define plat_recv(fd, buf, len, flags) GUARD(INJECT_RECV, recv((fd), (buf), inject_short(len), (flags) | MSG_DONTWAIT))
#define plat_recvfrom(fd, buf, len, flags, addr, alen) \
    GUARD(INJECT_RECV, recvfrom((fd), (buf), inject_short(len), (flags) | MSG_DONTWAIT, (addr), (alen)))
#define plat_recv_inside(fd, buf, len, flags, addr, alen) \
    GUARD(INJECT_RECV, recvfrom((fd), (buf), inject_short(len), (flags), (addr), (alen)))
#define plat_send(fd, buf, len, flags) GUARD(INJECT_SEND, send((fd), (buf), inject_short(len), (flags) | MSG_DONTWAIT | MSG_NOSIGNAL))
#define plat_sendto(fd, buf, len, flags, addr, alen) \
    GUARD(INJECT_SEND, sendto((fd), (buf), inject_short(len), (flags) | MSG_DONTWAIT | MSG_NOSIGNAL, (addr), (alen)))
#define plat_getsockname(fd, addr, len) GUARD(INJECT_SOCKNAME, getsockname((fd), (addr), (len)))
#define plat_getpeername(fd, addr, len) GUARD(INJECT_PEERNAME, getpeername((fd), (addr), (len)))
#define plat_getsockopt(fd, level, name, value, len) \
    GUARD(INJECT_GETSOCKOPT, inject_getsockopt((fd), (level), (name), (value), (len)))
#define plat_setsockopt(fd, level, name, value, len) GUARD(INJECT_SETSOCKOPT, setsockopt((fd), (level), (name), (value), (len)))
#define plat_pending(fd, count) GUARD(INJECT_PENDING, ioctl((fd), FIONREAD, (count)))
#define plat_poll(fds, n, left) inject_poll((fds), (n), (left))
#define plat_getaddrinfo(host, service, hints, out) inject_getaddrinfo((host), (service), (hints), (out))
#define plat_getnameinfo(addr, len, host, hlen, serv, slen, flags) \
    inject_getnameinfo((addr), (len), (host), (hlen), (serv), (slen), (flags))
#define plat_gethostname(buf, len) GUARD(INJECT_HOSTNAME, gethostname((buf), (len)))
#define plat_if_nametoindex(name) if_nametoindex(name)
#define plat_if_indextoname(index, name) if_indextoname((index), (name))
#define plat_errno() inject_errno()

#endif
