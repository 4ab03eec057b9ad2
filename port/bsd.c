/* The sockets of port.h on any BSD-like stack: POSIX, lwIP, RT-Thread's SAL. A stack's own words
 * are in platform.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bsd.h"

#if PLAT_BSD

#include <string.h>

#if AF_INET != USOCKET_AF_INET || (USOCKET_IPV6 && AF_INET6 != USOCKET_AF_INET6)
#error "usocket.h freezes the numbers of the address families: this stack's differ"
#endif

typedef char
    same_types_check[SOCK_STREAM == USOCKET_STREAM && SOCK_DGRAM == USOCKET_DGRAM && SOCK_RAW == USOCKET_RAW ? 1 : -1];

/* Set r to the result of a call, or to its code. Make an interrupted call again. */
#define TRY(r, fallback, call) \
    do { \
        (r) = (call); \
    } while ((r) < 0 && ((r) = bsd_failed(fallback)) == USOCKET_EINTR)

/* A wait that is not longer is not woken: usocket_port_wake lets it run to its end. */
#define BRIEF (USOCKET_WAIT_SLICE_MS * 1000)

/* ---- Opening and closing ------------------------------------------------------------------------------------------ */

int usocket_port_open(int family, int type, int proto) {
    int r;
    TRY(r, USOCKET_ENOBUFS, SYS(socket)(family, type, proto));
    return r;
}

int usocket_port_pair(int family, int type, int proto, int handles[2]) {
    int r;
#ifdef plat_socketpair
    TRY(r, USOCKET_ENOBUFS, plat_socketpair(family, type, proto, handles));
#else
    (void)family, (void)type, (void)proto, (void)handles;
    r = USOCKET_EOPNOTSUPP;
#endif
    return r;
}

/* Read an option that is an int. */
static int int_option(int handle, int level, int name, int *value) {
    socklen_t len = sizeof(*value);
    int r;
    TRY(r, USOCKET_EBADF, SYS(getsockopt)(handle, level, name, value, &len));
    return r;
}

/* Members that the caller does not know come from SO_TYPE, the own address and SO_PROTOCOL; without
 * the last, the protocol is 0. */
int usocket_port_adopt(int handle, int *family, int *type, int *proto) {
    int value;
    int r = int_option(handle, SOL_SOCKET, SO_TYPE, &value);
    if (r < 0) {
        return r;
    }
    *type = *type != -1 ? *type : value;
    if (*family == -1) {
        usocket_addr_t a;
        r = usocket_port_name(handle, false, &a);
        if (r < 0) {
            return r;
        }
        *family = a.family;
    }
    if (*proto == -1) {
        *proto = 0;
#ifdef SO_PROTOCOL
        if (int_option(handle, SOL_SOCKET, SO_PROTOCOL, &value) == 0) {
            *proto = value;
        }
#endif
    }
    TRY(r, USOCKET_EBADF, SYS(set_nonblocking)(handle));
    return r < 0 ? r : 0;
}

int usocket_port_dup(int handle) {
    int r;
#if PLAT_HAS_DUP
    TRY(r, USOCKET_EBADF, plat_dup(handle));
#else
    (void)handle;
    r = USOCKET_EOPNOTSUPP;
#endif
    return r;
}

int usocket_port_close(int handle) {
    int r = SYS(close)(handle) < 0 ? bsd_failed(USOCKET_EIO) : 0;
    return r == USOCKET_EINTR ? 0 : r; /* Linux's close(2): the descriptor is closed even then */
}

void usocket_port_no_linger(int handle) {
#ifdef SO_LINGER
    int set[2] = {0, 0}; /* struct linger, which some headers lack: on, seconds */
    size_t len = sizeof(set);
    if (usocket_port_getopt(handle, SOL_SOCKET, SO_LINGER, set, &len) == 0 && set[0] != 0 && set[1] > 0) {
        set[0] = 0;
        usocket_port_setopt(handle, SOL_SOCKET, SO_LINGER, set, sizeof(set));
    }
#else
    (void)handle;
#endif
}

/* The number `fd` becomes an event that is always readable, and writable if the socket is now: the
 * socket lives on as `io`. */
int usocket_port_show_readable(int fd, int io) {
#if PLAT_HAS_DUP
    plat_pollfd now = {.fd = io, .events = POLLOUT};
    int event = plat_readable_fd(bsd_poll(&now, 1, 0) > 0 && (now.revents & POLLOUT));
    if (event < 0) {
        return bsd_failed(USOCKET_EMFILE);
    }
    int r;
    TRY(r, USOCKET_EBADF, plat_dup_onto(event, fd));
    SYS(close)(event);
    return r < 0 ? r : 0;
#else
    (void)fd, (void)io;
    return USOCKET_EOPNOTSUPP;
#endif
}

void usocket_port_show_socket(int fd, int io) {
#if PLAT_HAS_DUP
    int r;
    TRY(r, USOCKET_EBADF, plat_dup_onto(io, fd));
    (void)r;
#else
    (void)fd, (void)io;
#endif
}

/* ---- Connections -------------------------------------------------------------------------------------------------- */

int usocket_port_bind(int handle, const usocket_addr_t *a) {
    sys_addr_t sys;
    socklen_t len = bsd_to_system(a, &sys);
    int r;
    TRY(r, USOCKET_EADDRNOTAVAIL, SYS(bind)(handle, &sys.any, len));
    return r;
}

#if USOCKET_SERVER

int usocket_port_listen(int handle, int backlog) {
    int r;
    TRY(r, USOCKET_EOPNOTSUPP, SYS(listen)(handle, backlog));
    return r;
}

int usocket_port_somaxconn(void) {
    return SOMAXCONN;
}

int usocket_port_accept(int handle, usocket_addr_t *peer) {
    sys_addr_t sys;
    sys.any.sa_family = AF_UNSPEC; /* for a stack that stores no address */
    socklen_t len = sizeof(sys);
    int r;
    TRY(r, USOCKET_EINVAL, SYS(accept)(handle, &sys.any, &len));
    if (r >= 0) {
        bsd_from_system(&sys, len, peer);
    }
    return r;
}

#endif

/* An interrupted connect goes on in the stack, so it must not be made again. */
int usocket_port_connect(int handle, const usocket_addr_t *a) {
    sys_addr_t sys;
    socklen_t len = bsd_to_system(a, &sys);
    if (SYS(connect)(handle, &sys.any, len) == 0) {
        return 0;
    }
    int r = bsd_failed(USOCKET_ECONNREFUSED);
    return r == USOCKET_EINTR ? USOCKET_EINPROGRESS : r;
}

bool usocket_port_connected(int handle) {
#if PLAT_PEER_MEANS_CONNECTED
    usocket_addr_t peer;
    return usocket_port_name(handle, true, &peer) == 0;
#else
    (void)handle;
    return false;
#endif
}

int usocket_port_error(int handle) {
    int value = 0;
    int r = int_option(handle, SOL_SOCKET, SO_ERROR, &value);
    return r < 0 ? r : bsd_translate(value, 0);
}

int usocket_port_shutdown(int handle, int how) {
    static const int hows[] = {SHUT_RD, SHUT_WR, SHUT_RDWR};
    if (how < 0 || how > USOCKET_SHUT_RDWR) {
        return USOCKET_EINVAL;
    }
    int r;
    TRY(r, USOCKET_ENOTCONN, SYS(shutdown)(handle, hows[how]));
#ifdef plat_is_shut
    if (r == 0 && how != USOCKET_SHUT_WR) {
        plat_is_shut(handle);
    }
#endif
    return r;
}

int usocket_port_name(int handle, bool peer, usocket_addr_t *a) {
    sys_addr_t sys;
    sys.any.sa_family = AF_UNSPEC;
    socklen_t len = sizeof(sys);
    int r;
    TRY(r, peer ? USOCKET_ENOTCONN : USOCKET_EBADF,
        peer ? SYS(getpeername)(handle, &sys.any, &len) : SYS(getsockname)(handle, &sys.any, &len));
    return r < 0 ? r : bsd_from_system(&sys, len, a);
}

/* ---- Data --------------------------------------------------------------------------------------------------------- */

int32_t usocket_port_recv(int handle, void *buf, size_t len, int flags, usocket_addr_t *from) {
    ssize_t r;
    if (!USOCKET_DATAGRAMS || from == NULL) {
        TRY(r, USOCKET_ENOTCONN, SYS(recv)(handle, buf, len, flags));
        return (int32_t)r;
    }
    sys_addr_t sys;
    socklen_t size = sizeof(sys);
    sys.any.sa_family = AF_UNSPEC;
    TRY(r, USOCKET_ENOTCONN, SYS(recvfrom)(handle, buf, len, flags, &sys.any, &size));
    if (r >= 0) {
        bsd_from_system(&sys, size, from);
    }
    return (int32_t)r;
}

int32_t usocket_port_send(int handle, const void *buf, size_t len, int flags, const usocket_addr_t *to) {
    ssize_t r;
    if (!USOCKET_DATAGRAMS || to == NULL) {
        TRY(r, USOCKET_ENOTCONN, SYS(send)(handle, buf, len, flags));
    } else {
        sys_addr_t sys;
        socklen_t size = bsd_to_system(to, &sys);
        TRY(r, USOCKET_EHOSTUNREACH, SYS(sendto)(handle, buf, len, flags, &sys.any, size));
    }
    return (int32_t)r;
}

int usocket_port_flags(int flags) {
    return (flags & MSG_PEEK ? USOCKET_PORT_PEEK : 0) | (flags & MSG_DONTWAIT ? USOCKET_PORT_DONTWAIT : 0) |
        (flags & MSG_WAITALL ? USOCKET_PORT_WAITALL : 0) | (flags & PLAT_MSG_URGENT ? USOCKET_PORT_URGENT : 0);
}

int usocket_port_msg_peek(void) {
    return MSG_PEEK;
}

int32_t usocket_port_pending(int handle) {
    int count = 0;
    int r;
    TRY(r, USOCKET_EOPNOTSUPP, SYS(pending)(handle, &count));
    return r < 0 ? r : count;
}

#if USOCKET_WAIT_INSIDE

/* Both timeouts of a prepared handle are a slice, so that no call at all waits longer on it. */
int usocket_port_inside(int handle, bool on) {
    static const int names[] = {SO_RCVTIMEO, SO_SNDTIMEO};
    struct timeval slice = {.tv_usec = on ? BRIEF : 0};
    if (on && (plat_is_shared() || usocket_port_timeo(handle, false) != 0 || usocket_port_timeo(handle, true) != 0)) {
        return USOCKET_EOPNOTSUPP;
    }
    if (!on) {
        plat_set_waits(handle, false);
    }
    for (size_t i = 0; i < 2; i++) {
        if (SYS(setsockopt)(handle, SOL_SOCKET, names[i], &slice, sizeof(slice)) < 0) {
            return USOCKET_EOPNOTSUPP;
        }
    }
    return !on || plat_set_waits(handle, true) == 0 ? 0 : USOCKET_EOPNOTSUPP;
}

int32_t usocket_port_recv_inside(int handle, void *buf, size_t len, int flags, usocket_addr_t *from) {
    sys_addr_t sys;
    socklen_t size = sizeof(sys);
    ssize_t r = plat_recv_inside(handle, buf, len, flags, from != NULL ? &sys.any : NULL, from != NULL ? &size : NULL);
    if (r < 0) {
        r = bsd_failed(USOCKET_ENOTCONN);
        return r == USOCKET_EINTR ? USOCKET_EAGAIN : (int32_t)r;
    }
    if (from != NULL) {
        bsd_from_system(&sys, size, from);
    }
    return (int32_t)r;
}

void usocket_port_end_inside(int handle) {
    if (!plat_is_shared()) {
        SYS(shutdown)(handle, SHUT_RD);
    }
}

bool usocket_port_rules_inside(int level, int name) {
    return level == SOL_SOCKET && PLAT_RULES_INSIDE(name);
}

#endif

/* ---- Options ------------------------------------------------------------------------------------------------------ */

int usocket_port_getopt(int handle, int level, int name, void *value, size_t *len) {
    socklen_t size = *len < INT32_MAX ? (socklen_t)*len : INT32_MAX;
    int r;
    if (value == NULL && size != 0) {
        return USOCKET_EFAULT;
    }
    TRY(r, USOCKET_ENOPROTOOPT, SYS(getsockopt)(handle, level, name, value, &size));
    if (r < 0) {
        return r;
    }
    *len = size;
    int error;
    if (level == SOL_SOCKET && name == SO_ERROR && size == sizeof(error)) {
        memcpy(&error, value, sizeof(error));
        error = -bsd_translate(error, 0); /* with this library's numbers, as all codes */
        memcpy(value, &error, sizeof(error));
    }
    return 0;
}

int usocket_port_setopt(int handle, int level, int name, const void *value, size_t len) {
    if (len > INT32_MAX) {
        return USOCKET_EINVAL;
    }
    if (value == NULL && len != 0 && level == SOL_SOCKET) {
        return USOCKET_EFAULT; /* other levels have options without a value; glibc for 32 bits reads times itself */
    }
    int r;
    TRY(r, USOCKET_ENOPROTOOPT, SYS(setsockopt)(handle, level, name, value, (socklen_t)len));
    return r;
}

bool usocket_port_is_timeo(int level, int name) {
    return level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO);
}

usocket_time_t usocket_port_timeo(int handle, bool output) {
    struct timeval t = {0};
    socklen_t len = sizeof(t);
    if (SYS(getsockopt)(handle, SOL_SOCKET, output ? SO_SNDTIMEO : SO_RCVTIMEO, &t, &len) < 0) {
        return 0;
    }
    return (usocket_time_t)t.tv_sec * 1000000 + t.tv_usec;
}

/* ---- Waiting ------------------------------------------------------------------------------------------------------ */

static uint8_t poll_mask(int revents) {
    return (uint8_t)((revents & POLLIN ? USOCKET_POLL_IN : 0) | (revents & POLLOUT ? USOCKET_POLL_OUT : 0) |
        (revents & POLLERR ? USOCKET_POLL_ERR : 0) | (revents & POLLHUP ? USOCKET_POLL_HUP : 0) |
        (revents & POLLNVAL ? USOCKET_POLL_NVAL : 0));
}

/* Microseconds until the deadline; negative: without end. The loop of usocket_port_wait polls again
 * after 35 minutes, so that no poll divides 64 bits. */
static int32_t time_left(usocket_time_t deadline) {
    if (deadline <= USOCKET_NOW || deadline == USOCKET_NEVER) {
        return deadline <= USOCKET_NOW ? 0 : -1;
    }
    usocket_time_t left = deadline - usocket_port_now();
    return left < 0 ? 0 : left < INT32_MAX ? (int32_t)left : INT32_MAX;
}

/* A poll may end early, by rounding or after a slice: then the loop polls for the rest of the
 * time. */
int usocket_port_wait(usocket_wait_t *w, size_t n, usocket_time_t deadline) {
    plat_pollfd fds[USOCKET_WAIT_MAX + 1];
    for (size_t i = 0; i < n; i++) {
        fds[i].fd = w[i].handle;
        fds[i].events =
            (short)((w[i].events & USOCKET_POLL_IN ? POLLIN : 0) | (w[i].events & USOCKET_POLL_OUT ? POLLOUT : 0));
        fds[i].revents = 0;
    }
    for (;;) {
        int32_t left = time_left(deadline);
        unsigned count = (unsigned)n;
        if (USOCKET_THREADS && (left < 0 || left > BRIEF)) { /* the descriptor costs 2 % of a ping-pong */
            fds[n].fd = bsd_wake_fd();
            fds[n].events = POLLIN;
            fds[n].revents = 0;
            count += fds[n].fd >= 0;
        }
        int r = bsd_poll(fds, count, left);
        if (r < 0) {
            return bsd_failed(USOCKET_ENOMEM);
        }
        if (r > 0) {
            break;
        }
        if (left == 0 || bsd_woken()) {
            return 0;
        }
    }
    int ready = 0;
    for (size_t i = 0; i < n; i++) {
        w[i].ready = poll_mask(fds[i].revents);
        ready += w[i].ready != 0;
    }
    return ready;
}

#if USOCKET_QUICK

int usocket_port_ready(int handle, int events) {
    usocket_wait_t w = {handle, (uint8_t)events, 0};
    return usocket_port_wait(&w, 1, USOCKET_NOW) > 0 ? w.ready : 0;
}

/* The bytes are peeked at; a longer line is left to the usual call. */
size_t usocket_port_line(int handle, size_t most) {
    char line[PLAT_LINE_MAX];
    size_t n = most < sizeof(line) ? most : sizeof(line);
    int32_t r = usocket_port_recv(handle, line, n, MSG_PEEK, NULL);
    const char *end = r > 0 ? memchr(line, '\n', (size_t)r) : NULL;
    return end != NULL ? (size_t)(end - line) + 1 : r > 0 && (size_t)r == most ? most : 0;
}

#endif

#endif
