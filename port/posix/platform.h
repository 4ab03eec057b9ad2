/* Linux's sockets for port/bsd.c: every name that a stack may spell in its own way.
 *
 * Callers: the files of port/, in any thread. plat_* have no lock and never wait, except plat_poll,
 * plat_getaddrinfo, plat_getnameinfo, and plat_close with SO_LINGER.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PLATFORM_H
#define USOCKET_PLATFORM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* accept4, ppoll, dup3 */
#endif

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PLAT_HAS_GETNAMEINFO 1
#define PLAT_HAS_INTERFACES 1
#define PLAT_HAS_DUP 1
#define PLAT_PEER_MEANS_CONNECTED 1 /* getpeername(2) knows no peer before the connect has ended */
#define PLAT_HAS_EPOLL 1
#ifdef MSG_OOB
#define PLAT_MSG_URGENT MSG_OOB
#else
#define PLAT_MSG_URGENT 0
#endif

/* A socket is close-on-exec and non-blocking from its first moment. */
#define plat_socket(family, type, proto) socket((family), (type) | SOCK_CLOEXEC | SOCK_NONBLOCK, (proto))
#define plat_socketpair(family, type, proto, fds) \
    socketpair((family), (type) | SOCK_CLOEXEC | SOCK_NONBLOCK, (proto), (fds))
#define plat_accept(fd, addr, len) accept4((fd), (addr), (len), SOCK_CLOEXEC | SOCK_NONBLOCK)
#define plat_set_nonblocking(fd) fcntl((fd), F_SETFL, fcntl((fd), F_GETFL) | O_NONBLOCK)
#define plat_dup(fd) fcntl((fd), F_DUPFD_CLOEXEC, 0)
#define plat_dup_onto(from, to) dup3((from), (to), O_CLOEXEC)
#define plat_close(fd) close(fd)

#define plat_bind(fd, addr, len) bind((fd), (addr), (len))
#define plat_listen(fd, backlog) listen((fd), (backlog))
#define plat_connect(fd, addr, len) connect((fd), (addr), (len))
#define plat_shutdown(fd, how) shutdown((fd), (how))
/* MSG_DONTWAIT counts on a handle that usocket_port_inside has prepared. */
#define plat_recv(fd, buf, len, flags) recv((fd), (buf), (len), (flags) | MSG_DONTWAIT)
#define plat_recvfrom(fd, buf, len, flags, addr, alen) \
    recvfrom((fd), (buf), (len), (flags) | MSG_DONTWAIT, (addr), (alen))
#define plat_send(fd, buf, len, flags) send((fd), (buf), (len), (flags) | MSG_DONTWAIT | MSG_NOSIGNAL)
#define plat_sendto(fd, buf, len, flags, addr, alen) \
    sendto((fd), (buf), (len), (flags) | MSG_DONTWAIT | MSG_NOSIGNAL, (addr), (alen))
#define plat_recv_inside(fd, buf, len, flags, addr, alen) recvfrom((fd), (buf), (len), (flags), (addr), (alen))
#define plat_getsockname(fd, addr, len) getsockname((fd), (addr), (len))
#define plat_getpeername(fd, addr, len) getpeername((fd), (addr), (len))
#define plat_getsockopt(fd, level, name, value, len) getsockopt((fd), (level), (name), (value), (len))
#define plat_setsockopt(fd, level, name, value, len) setsockopt((fd), (level), (name), (value), (len))
#define plat_pending(fd, count) ioctl((fd), FIONREAD, (count))

/* Let calls without MSG_DONTWAIT wait, or not. */
#define plat_set_waits(fd, on) ioctl((fd), FIONBIO, &(int){!(on)})
/* The timeouts, also for 64-bit times (66 and 67 in Linux's asm-generic/socket.h), and SO_RCVLOWAT. */
#define PLAT_RULES_INSIDE(name) \
    ((name) == SO_RCVTIMEO || (name) == SO_SNDTIMEO || (name) == SO_RCVLOWAT || ((name) >= 66 && (name) <= 67))

/* Wait with the precision of the clock. left: microseconds; negative: without end. */
#define plat_pollfd struct pollfd
static inline int plat_poll(plat_pollfd *fds, unsigned n, int32_t left) {
    struct timespec t = {
        .tv_sec = (time_t)((uint32_t)left / 1000000), .tv_nsec = (long)((uint32_t)left % 1000000) * 1000};
    return ppoll(fds, n, left < 0 ? NULL : &t, NULL);
}

#define plat_getaddrinfo(host, service, hints, out) getaddrinfo((host), (service), (hints), (out))
#define plat_freeaddrinfo(list) freeaddrinfo(list)
#define plat_getnameinfo(addr, len, host, hlen, serv, slen, flags) \
    getnameinfo((addr), (len), (host), (hlen), (serv), (slen), (flags))
#define plat_gethostname(buf, len) gethostname((buf), (len))
#define plat_if_nametoindex(name) if_nametoindex(name)
#define plat_if_indextoname(index, name) if_indextoname((index), (name))

#define plat_if_nameindex() if_nameindex()
#define plat_if_freenameindex(list) if_freenameindex(list)

#define plat_errno() errno

#define plat_getrandom(buf, len) getrandom((buf), (len), 0)

/* Open a descriptor that always polls readable, and writable or not. In system.c. */
int plat_readable_fd(bool writable);

/* True once this process has forked: another one may have its descriptors. Under the library's lock. In system.c. */
bool plat_is_shared(void);

/* The descriptor that is readable while usocket_port_wake is on; -1: there is none. In system.c. */
int plat_wake_fd(void);

#endif
