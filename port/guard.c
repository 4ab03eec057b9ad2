/* SPDX-License-Identifier: MIT */
#define GUARD_BELOW
#include "bsd.h"

#include "guard.h"

#if PLAT_GUARD

#include <string.h>

/* What a socket has come to. Datagram sockets are FRESH or CONNECTED. */
enum { FRESH, CONNECTING, CONNECTED, FAILED, BROKEN, LISTENING };

enum {
    BOUND = 1,
    HALF_IN = 2,  /* shut down for reading: what is there may be read, then the stream ends */
    HALF_OUT = 4, /* shut down for writing */
    ENDED = 8,    /* the stack has said once that the stream has ended */
    TROUBLE = 16, /* poll has told of an error, maybe for the only time */
    UNTOLD = 32,  /* how the connect has ended is news for the next connect (Linux) */
};

typedef struct {
    uint8_t family; /* 0: not open, or not known */
    uint8_t type;
    uint8_t stage;
    uint8_t flags;
    int error; /* the stack's number, positive: for the next call that asks */
} entry_t;

static entry_t table[PLAT_HANDLE_COUNT];

static entry_t *slot(int handle) {
    return handle >= PLAT_HANDLE_FIRST && handle < PLAT_HANDLE_FIRST + PLAT_HANDLE_COUNT
        ? &table[handle - PLAT_HANDLE_FIRST]
        : NULL;
}

static entry_t *lookup(int handle) {
    entry_t *e = slot(handle);
    return e != NULL && e->family != 0 ? e : NULL;
}

/* With the lock held, at once after a call that failed. */
static int number_of(int fallback) {
    int number = plat_errno();
    return number < 0 ? -number : number == 0 ? fallback : number;
}

/* Unlock, and leave the number where plat_errno() finds it: unlocking may change it. */
static int done(int r, int number) {
    usocket_port_unlock();
    if (r < 0) {
        plat_set_errno(number);
    }
    return r;
}

static bool would_block(int number) {
    return number == EAGAIN || number == EWOULDBLOCK;
}

/* ---- Learning how things stand, with the lock held ---------------------------------------------------------------- */

/* What the stack holds in SO_ERROR; 0 for what is no error but the remains of an earlier call. */
static int stack_error(int handle) {
    int value = 0;
    socklen_t len = sizeof(value);
    if (plat_getsockopt(handle, SOL_SOCKET, SO_ERROR, &value, &len) < 0) {
        return 0;
    }
    value = value < 0 ? -value : value;
    return value == EINPROGRESS || value == EALREADY || value == EISCONN || would_block(value) ? 0 : value;
}

static int look(int handle, int events) {
    plat_pollfd p;
    memset(&p, 0, sizeof(p));
    p.fd = handle;
    p.events = (short)events;
    return plat_poll(&p, 1, 0) > 0 ? p.revents : 0;
}

static bool has_peer(int handle) {
    sys_addr_t sys;
    socklen_t len = sizeof(sys);
    memset(&sys, 0, sizeof(sys));
    return plat_getpeername(handle, &sys.any, &len) == 0;
}

/* Poll says that the connect has ended. Only a peer proves that it ended well: a stack may tell its error once, or never. */
static void connect_ended(int handle, entry_t *e) {
    int error = stack_error(handle);
    if (error == 0 && has_peer(handle)) {
        e->stage = CONNECTED;
        return;
    }
    e->stage = FAILED;
    /* lwIP says reset and aborted, where others say refused and timed out. */
    e->error = error == 0 || error == ECONNRESET || error == ENOTCONN ? ECONNREFUSED
        : error == ECONNABORTED                                       ? ETIMEDOUT
                                                                      : error;
}

static void settle(int handle, entry_t *e) {
    if (e->stage == CONNECTING && (look(handle, POLLOUT) & (POLLOUT | POLLERR | POLLHUP))) {
        connect_ended(handle, e);
    }
}

/* The connection is gone, with an error that the program hears now. */
static int broken(int handle, entry_t *e, int number) {
    e->stage = BROKEN;
    e->flags &= (uint8_t)~TROUBLE;
    e->error = 0;
    stack_error(handle); /* it would be told again */
    return number;
}

/* The error that waits to be told, and forget it. */
static int take_error(int handle, entry_t *e) {
    int error = e->error;
    e->error = 0;
    if (error == 0 && (e->flags & TROUBLE)) {
        error = stack_error(handle);
        broken(handle, e, 0);
        error = error != 0 ? error : ECONNRESET;
    }
    return error;
}

/* ---- Opening and closing ------------------------------------------------------------------------------------------ */

static int check_kind(int family, int type, int proto) {
    if (family != AF_INET && (!USOCKET_IPV6 || family != AF_INET6)) {
        return EAFNOSUPPORT;
    }
    if (proto < 0 || proto > 255) {
        return EINVAL;
    }
    switch (type) {
        case SOCK_STREAM:
            return proto == 0 || proto == IPPROTO_TCP ? 0 : EPROTONOSUPPORT;
        case SOCK_DGRAM:
            return proto == 0 || proto == IPPROTO_UDP ? 0 : EPROTONOSUPPORT;
        case SOCK_RAW:
            return proto != 0 ? 0 : EPROTONOSUPPORT;
        default:
            return EINVAL;
    }
}

/* A new handle becomes known; one that has no place in the table goes back. */
static int enter(int handle, int family, int type, int stage, int *number) {
    entry_t *e = slot(handle);
    if (e == NULL) {
        plat_close(handle);
        *number = ENFILE;
        return -1;
    }
    memset(e, 0, sizeof(*e));
    e->family = (uint8_t)family;
    e->type = (uint8_t)type;
    e->stage = (uint8_t)stage;
    return handle;
}

int guard_socket(int family, int type, int proto) {
    usocket_port_lock();
    int number = check_kind(family, type, proto);
    int r = -1;
    if (number == 0) {
        r = plat_socket(family, type, proto);
        if (r < 0) {
            number = number_of(ENOBUFS);
        } else {
            r = enter(r, family, type, FRESH, &number);
        }
    }
    return done(r, number);
}

/* IPv4 on an IPv6 socket is a mapped address. */
static void map_v4(sys_addr_t *sys, socklen_t *len) {
#if USOCKET_IPV6
    usocket_addr_t a = {.family = USOCKET_AF_INET6, .port = ntohs(sys->in.sin_port)};
    memset(a.u.ip + 10, 0xff, 2);
    memcpy(a.u.ip + 12, &sys->in.sin_addr, 4);
    *len = bsd_to_system(&a, sys);
#else
    (void)sys, (void)len;
#endif
}

int guard_accept(int handle, struct sockaddr *addr, socklen_t *len) {
    usocket_port_lock();
    entry_t *e = lookup(handle);
    int number = e == NULL ? EBADF : e->type != SOCK_STREAM ? EOPNOTSUPP : e->stage != LISTENING ? EINVAL : 0;
    int r = -1;
    sys_addr_t sys;
    socklen_t size = 0;
    while (number == 0 && r < 0) {
        memset(&sys, 0, sizeof(sys));
        size = sizeof(sys);
        r = plat_accept(handle, &sys.any, &size);
        if (r >= 0) {
            break;
        }
        number = number_of(EAGAIN);
        if (number == ETIMEDOUT) {
            number = EAGAIN; /* the stack's word for it */
        } else if (number == ECONNABORTED || number == ENOTCONN || number == ECONNRESET) {
            number = 0; /* one that has gone again, or for which there was no room: the next one */
        }
    }
    if (r >= 0) {
        r = enter(r, e->family, SOCK_STREAM, CONNECTED, &number);
    }
    if (r >= 0) {
        lookup(r)->flags = BOUND;
        if (sys.any.sa_family == AF_INET && e->family != AF_INET) {
            map_v4(&sys, &size);
        }
        memcpy(addr, &sys, size < *len ? size : *len);
        *len = size;
    }
    return done(r, number);
}

/* A handle from elsewhere: find out what it has come to. */
static int get_known(int handle) {
    entry_t *e = slot(handle);
    if (e == NULL) {
        return EBADF;
    }
    if (e->family != 0) {
        return 0;
    }
    int type = 0;
    int listening = 0;
    socklen_t len = sizeof(type);
    sys_addr_t sys;
    memset(&sys, 0, sizeof(sys));
    if (plat_getsockopt(handle, SOL_SOCKET, SO_TYPE, &type, &len) < 0) {
        return number_of(EBADF);
    }
    len = sizeof(sys);
    if (plat_getsockname(handle, &sys.any, &len) < 0) {
        return number_of(EBADF);
    }
#ifdef SO_ACCEPTCONN
    len = sizeof(listening);
    if (type != SOCK_STREAM || plat_getsockopt(handle, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) < 0) {
        listening = 0;
    }
#endif
    int number;
    enter(handle, sys.any.sa_family, type, listening ? LISTENING : has_peer(handle) ? CONNECTED : FRESH, &number);
    if (sys.in.sin_port != 0) { /* at the same place in sockaddr_in6 */
        e->flags = BOUND;
    }
    return 0;
}

int guard_set_nonblocking(int handle) {
    usocket_port_lock();
    int number = 0;
    int r = plat_set_nonblocking(handle);
    if (r < 0) {
        number = number_of(EBADF);
    } else {
        number = get_known(handle);
        r = number == 0 ? 0 : -1;
    }
    return done(r, number);
}

int guard_close(int handle) {
    usocket_port_lock();
    entry_t *e = slot(handle);
    if (e != NULL) {
        memset(e, 0, sizeof(*e));
    }
    usocket_port_unlock();
    return plat_close(handle); /* may linger */
}

/* ---- Addresses ---------------------------------------------------------------------------------------------------- */

int guard_bind(int handle, const struct sockaddr *addr, socklen_t len) {
    usocket_port_lock();
    entry_t *e = lookup(handle);
    int r = -1;
    int number = e == NULL                                                                             ? EBADF
        : addr->sa_family != e->family                                                                 ? EAFNOSUPPORT
        : e->type != SOCK_RAW && ((e->flags & BOUND) || (e->type == SOCK_STREAM && e->stage != FRESH)) ? EINVAL
                                                                                                       : 0;
    if (number == 0) {
        r = plat_bind(handle, addr, len);
        if (r < 0) {
            number = number_of(EADDRNOTAVAIL);
        } else {
            e->flags |= BOUND;
        }
    }
    return done(r, number);
}

int guard_getsockname(int handle, struct sockaddr *addr, socklen_t *len) {
    usocket_port_lock();
    socklen_t room = *len;
    int number = 0;
    int r = plat_getsockname(handle, addr, len);
    if (r < 0) {
        entry_t *e = lookup(handle);
        number = number_of(EBADF);
        if (e != NULL && number != EBADF) { /* the stack has forgotten it with the connection */
            usocket_addr_t a = {.family = e->family};
            sys_addr_t sys;
            *len = bsd_to_system(&a, &sys);
            memcpy(addr, &sys, *len < room ? *len : room);
            r = 0;
        }
    }
    return done(r, number);
}

int guard_getpeername(int handle, struct sockaddr *addr, socklen_t *len) {
    usocket_port_lock();
    entry_t *e = lookup(handle);
    int number = EBADF;
    int r = -1;
    if (e != NULL) {
        settle(handle, e);
        number = ENOTCONN;
        if (e->stage == CONNECTED) {
            r = plat_getpeername(handle, addr, len);
        }
    }
    return done(r, number);
}

/* ---- Connections -------------------------------------------------------------------------------------------------- */

/* 0: let the stack begin; 1: nothing to do; -1: *number. */
static int may_connect(int handle, entry_t *e, const struct sockaddr *addr, int *number) {
    if (addr->sa_family != e->family && !(e->type == SOCK_DGRAM && addr->sa_family == AF_UNSPEC)) {
        *number = EAFNOSUPPORT;
        return -1;
    }
    if (e->type != SOCK_STREAM) {
        return 0;
    }
    settle(handle, e);
    bool untold = (e->flags & UNTOLD) != 0;
    switch (e->stage) {
        case FRESH:
            return 0;
        case CONNECTING:
            *number = EALREADY;
            return -1;
        case CONNECTED:
            e->flags &= (uint8_t)~UNTOLD;
            *number = EISCONN;
            return untold ? 1 : -1;
        case FAILED:
        case BROKEN:
            e->flags &= (uint8_t)~UNTOLD;
            *number = take_error(handle, e);
            *number = *number != 0 ? *number : ECONNABORTED; /* the stack connects a socket once in its life */
            return -1;
        default:
            *number = EISCONN;
            return -1;
    }
}

int guard_connect(int handle, const struct sockaddr *addr, socklen_t len) {
    usocket_port_lock();
    entry_t *e = lookup(handle);
    int number = EBADF;
    int r = e == NULL ? -1 : may_connect(handle, e, addr, &number);
    if (r == 0) {
        r = plat_connect(handle, addr, len);
        if (r == 0) {
            bool dissolved = addr->sa_family == AF_UNSPEC;
            e->stage = dissolved ? FRESH : CONNECTED;
            e->flags |= dissolved ? 0 : BOUND;
        } else {
            number = number_of(e->type == SOCK_STREAM ? EINPROGRESS : EHOSTUNREACH);
            if (number == EINPROGRESS || number == EALREADY || would_block(number)) {
                number = EINPROGRESS;
                e->stage = CONNECTING;
                e->flags |= BOUND | UNTOLD;
            }
        }
    }
    return done(r > 0 ? 0 : r, number);
}

int guard_listen(int handle, int backlog) {
    usocket_port_lock();
    entry_t *e = lookup(handle);
    int number = e == NULL ? EBADF : e->type != SOCK_STREAM ? EOPNOTSUPP : e->stage != FRESH ? EINVAL : 0;
    int r = -1;
    if (e != NULL && e->stage == LISTENING) {
        plat_listen(handle, backlog); /* some can change the backlog */
        r = 0;
    }
    if (number == 0 && !(e->flags & BOUND)) { /* to a port of the stack's choice */
        usocket_addr_t a = {.family = e->family};
        sys_addr_t sys;
        socklen_t len = bsd_to_system(&a, &sys);
        number = plat_bind(handle, &sys.any, len) < 0 ? number_of(EADDRINUSE) : 0;
    }
    if (number == 0) {
        e->flags |= BOUND;
        r = plat_listen(handle, backlog);
        if (r < 0) {
            number = number_of(EADDRINUSE);
        } else {
            e->stage = LISTENING;
        }
    }
    return done(r, number);
}

static int shut_listener(int handle, entry_t *e, int how) {
    if (how != SHUT_WR) {
        e->stage = FAILED;
        plat_shutdown(handle, SHUT_RDWR);
    }
    return 0;
}

int guard_shutdown(int handle, int how) {
    usocket_port_lock();
    entry_t *e = lookup(handle);
    if (e == NULL) {
        return done(-1, EBADF);
    }
    settle(handle, e);
    if (e->stage == LISTENING) {
        return done(shut_listener(handle, e, how), 0);
    }
    bool stream = e->type == SOCK_STREAM;
    if (stream && e->stage != CONNECTED) {
        return done(-1, ENOTCONN);
    }
    /* Reading is shut down here alone: the stack would lose what has arrived, and reset the connection if more came. */
    bool write = how != SHUT_RD && !(e->flags & HALF_OUT);
    e->flags |= (uint8_t)((how != SHUT_WR ? HALF_IN : 0) | (how != SHUT_RD ? HALF_OUT : 0));
    int r = e->stage == CONNECTED ? 0 : -1;
    done(r, ENOTCONN);
    if (stream && write && plat_shutdown(handle, SHUT_WR) < 0) { /* may wait for memory */
        usocket_port_lock();
        return done(-1, number_of(ENOTCONN));
    }
    return r;
}

/* ---- Data --------------------------------------------------------------------------------------------------------- */

/* A stream that has not come, or is past, the point where data flow: 0 go on, 1 the end, -1 *number. */
static int may_transfer(int handle, entry_t *e, bool output, int *number) {
    settle(handle, e);
    switch (e->stage) {
        case CONNECTED:
            *number = EPIPE;
            return output && (e->flags & HALF_OUT) ? -1 : 0;
        case CONNECTING:
            *number = EAGAIN;
            return -1;
        case FAILED:
        case BROKEN:
            *number = take_error(handle, e);
            if (*number == 0 && output) {
                *number = EPIPE;
            }
            return *number != 0 ? -1 : 1;
        default:
            *number = output ? EPIPE : ENOTCONN;
            return -1;
    }
}

/* A receive on a stream has failed: 0 that is the end; or the number. */
static int receive_failed(int handle, entry_t *e, int number) {
    if (would_block(number)) {
        int error = take_error(handle, e);
        return error != 0 ? error : e->flags & HALF_IN ? 0 : EAGAIN;
    }
    if (number == ENOTCONN) { /* it has told before, or it never will */
        number = take_error(handle, e);
        e->flags |= ENDED;
        return number;
    }
    return broken(handle, e, number);
}

static ssize_t receive_stream(int handle, entry_t *e, void *buf, size_t len, int flags, int *number) {
    ssize_t r;
    if (e->stage == BROKEN && len != 0) { /* what had arrived before is still there */
        r = plat_recv(handle, buf, len, flags);
        if (r > 0) {
            return r;
        }
    }
    r = may_transfer(handle, e, false, number);
    if (r != 0 || (e->flags & ENDED) || len == 0) {
        return r < 0 ? -1 : 0;
    }
    r = plat_recv(handle, buf, len, flags);
    if (r == 0) {
        e->flags |= ENDED;
    } else if (r < 0) {
        *number = receive_failed(handle, e, number_of(EAGAIN));
        r = *number != 0 ? -1 : 0;
    }
    return r;
}

ssize_t guard_recvfrom(int handle, void *buf, size_t len, int flags, struct sockaddr *addr, socklen_t *alen) {
    usocket_port_lock();
    entry_t *e = lookup(handle);
    int number = EBADF;
    ssize_t r = -1;
    if (e != NULL && e->type == SOCK_STREAM) {
        r = receive_stream(handle, e, buf, len, flags, &number);
        if (alen != NULL) {
            *alen = 0;
        }
    } else if (e != NULL) {
        r = addr == NULL ? plat_recv(handle, buf, len, flags) : plat_recvfrom(handle, buf, len, flags, addr, alen);
        if (r < 0) {
            number = number_of(EAGAIN);
        }
    }
    return done((int)r, number);
}

/* The longest datagram, with headers, is of 65535 bytes. */
#define DATAGRAM_MAX(family) ((size_t)65535 - 8 - ((family) == AF_INET ? 20 : 0))

static int may_send(const entry_t *e, size_t len, const struct sockaddr *to) {
    if (e->flags & HALF_OUT) {
        return EPIPE;
    }
    if (to == NULL && e->stage != CONNECTED) {
        return EDESTADDRREQ;
    }
    if (to != NULL && to->sa_family != e->family) {
        return EAFNOSUPPORT;
    }
    return len > DATAGRAM_MAX(e->family) ? EMSGSIZE : 0;
}

static ssize_t send_stream(int handle, entry_t *e, const void *buf, size_t len, int flags, int *number) {
    ssize_t r = may_transfer(handle, e, true, number);
    if (r != 0 || len == 0) {
        return r < 0 ? -1 : 0;
    }
    r = plat_send(handle, buf, len, flags);
    if (r >= 0) {
        return r;
    }
    *number = number_of(look(handle, POLLOUT) & POLLERR ? ECONNRESET : EAGAIN);
    if (*number == EINPROGRESS || *number == ENOMEM || *number == ENOBUFS) {
        *number = EAGAIN; /* there will be room again */
    } else if (*number == ENOTCONN) {
        *number = take_error(handle, e);
        *number = broken(handle, e, *number != 0 ? *number : EPIPE);
    } else if (!would_block(*number)) {
        broken(handle, e, *number);
    }
    return -1;
}

ssize_t guard_sendto(int handle, const void *buf, size_t len, int flags, const struct sockaddr *addr, socklen_t alen) {
    usocket_port_lock();
    entry_t *e = lookup(handle);
    int number = EBADF;
    ssize_t r = -1;
    if (e != NULL && e->type == SOCK_STREAM) {
        r = send_stream(handle, e, buf, len, flags, &number);
    } else if (e != NULL) {
        number = may_send(e, len, addr);
        if (number == 0) {
            r = addr == NULL ? plat_send(handle, buf, len, flags) : plat_sendto(handle, buf, len, flags, addr, alen);
            if (r < 0) {
                number = number_of(EHOSTUNREACH);
                number = number == ENOMEM ? ENOBUFS : number;
            } else {
                e->flags |= BOUND;
            }
        }
    }
    return done((int)r, number);
}

int guard_pending(int handle, int *count) {
    usocket_port_lock();
    entry_t *e = lookup(handle);
    int number = EBADF;
    int r = -1;
    if (e != NULL && ((e->flags & ENDED) || e->stage == LISTENING)) {
        *count = 0;
        r = 0;
    } else if (e != NULL) {
        r = plat_pending(handle, count);
        number = r < 0 ? number_of(EOPNOTSUPP) : 0;
    }
    return done(r, number);
}

/* ---- Options ------------------------------------------------------------------------------------------------------ */

int guard_getsockopt(int handle, int level, int name, void *value, socklen_t *len) {
    usocket_port_lock();
    entry_t *e = lookup(handle);
    int number = 0;
    int r = 0;
    if (e != NULL && level == SOL_SOCKET && name == SO_ERROR) {
        settle(handle, e);
        int error = take_error(handle, e);
        if (error == 0 && e->stage != CONNECTING) {
            error = stack_error(handle);
            if (error != 0 && e->stage == CONNECTED && e->type == SOCK_STREAM) {
                broken(handle, e, 0);
            }
        }
        *len = *len < sizeof(error) ? *len : (socklen_t)sizeof(error);
        memcpy(value, &error, *len);
    } else {
        r = plat_getsockopt(handle, level, name, value, len);
        number = r < 0 ? number_of(ENOPROTOOPT) : 0;
    }
    return done(r, number);
}

int guard_setsockopt(int handle, int level, int name, const void *value, socklen_t len) {
    usocket_port_lock();
    int number = EBADF;
    int r = -1;
    if (lookup(handle) != NULL) {
        r = plat_setsockopt(handle, level, name, value, len);
        number = r < 0 ? number_of(ENOPROTOOPT) : 0;
    }
    return done(r, number);
}

/* ---- Waiting ------------------------------------------------------------------------------------------------------ */

/* What Linux's poll would say of it, whatever the stack says. */
static int standing(const entry_t *e, int events) {
    int bits = 0;
    if (e->type != SOCK_STREAM) {
        bits = e->flags & HALF_IN ? POLLIN : 0;
    } else if (e->stage == FRESH) {
        bits = POLLOUT | POLLHUP;
    } else if (e->stage == FAILED || e->stage == BROKEN || (e->flags & TROUBLE)) {
        bits = POLLIN | POLLOUT | POLLHUP | (e->error != 0 || (e->flags & TROUBLE) ? POLLERR : 0);
    } else if (e->stage == CONNECTED) {
        bool in = (e->flags & (ENDED | HALF_IN)) != 0;
        bool out = (e->flags & HALF_OUT) != 0;
        bits = (in ? POLLIN : 0) | (out ? POLLOUT : 0) | (in && out ? POLLHUP : 0);
    }
    return bits & (events | POLLERR | POLLHUP);
}

/* What the stack says of it, put right. */
static int judge(int handle, int events, int revents) {
    entry_t *e = lookup(handle);
    if (e == NULL) {
        return revents;
    }
    if (e->stage == CONNECTING && (revents & (POLLOUT | POLLERR | POLLHUP))) {
        connect_ended(handle, e);
    } else if (e->stage == CONNECTED && e->type == SOCK_STREAM && (revents & POLLERR)) {
        e->flags |= TROUBLE;
    }
    if (e->type == SOCK_STREAM) {
        revents &= e->stage == CONNECTING || e->stage == FRESH ? 0 : ~(POLLERR | POLLHUP);
    }
    return revents | standing(e, events);
}

int guard_poll(plat_pollfd *fds, unsigned n, long long left) {
    usocket_port_lock();
    for (unsigned i = 0; i < n; i++) {
        entry_t *e = fds[i].fd < 0 ? NULL : lookup(fds[i].fd);
        if (e != NULL && standing(e, fds[i].events) != 0) {
            left = 0;
        }
    }
    usocket_port_unlock();
    int r = plat_poll(fds, n, left);
    if (r < 0) {
        return r;
    }
    int ready = 0;
    usocket_port_lock();
    for (unsigned i = 0; i < n; i++) {
        if (fds[i].fd >= 0) {
            fds[i].revents = (short)judge(fds[i].fd, fds[i].events, r == 0 ? 0 : fds[i].revents);
            ready += fds[i].revents != 0;
        }
    }
    return done(ready, 0);
}

#endif
