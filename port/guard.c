/* SPDX-License-Identifier: MIT */
#include "guard_state.h"

#if PLAT_GUARD

#include <string.h>

static entry_t table[PLAT_HANDLE_COUNT];

static entry_t *slot(int handle) {
    return handle >= PLAT_HANDLE_FIRST && handle < PLAT_HANDLE_FIRST + PLAT_HANDLE_COUNT
        ? &table[handle - PLAT_HANDLE_FIRST]
        : NULL;
}

entry_t *guard_lookup(int handle) {
    entry_t *e = slot(handle);
    return e != NULL && e->family != 0 ? e : NULL;
}

int guard_done(int r, int number) {
    usocket_port_unlock();
    if (r < 0) {
        plat_set_errno(number);
    }
    return r;
}

/* ---- Learning how things stand ---------------------------------------------------------------- */

int guard_stack_error(int handle) {
    int value = 0;
    socklen_t len = sizeof(value);
    if (plat_getsockopt(handle, SOL_SOCKET, SO_ERROR, &value, &len) < 0) {
        return 0;
    }
    value = value < 0 ? -value : value;
    return value == EINPROGRESS || value == EALREADY || value == EISCONN || guard_would_block(value) ? 0 : value;
}

int guard_look(int handle, int events) {
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
void guard_connect_ended(int handle, entry_t *e) {
    int error = guard_stack_error(handle);
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

void guard_settle(int handle, entry_t *e) {
    if (e->stage == CONNECTING && (guard_look(handle, POLLOUT) & (POLLOUT | POLLERR | POLLHUP))) {
        guard_connect_ended(handle, e);
    }
}

int guard_broken(int handle, entry_t *e, int number) {
    e->stage = BROKEN;
    e->flags &= (uint8_t)~TROUBLE;
    e->error = 0;
    guard_stack_error(handle); /* it would be told again */
    return number;
}

int guard_take_error(int handle, entry_t *e) {
    int error = e->error;
    e->error = 0;
    if (error == 0 && (e->flags & TROUBLE)) {
        error = guard_stack_error(handle);
        guard_broken(handle, e, 0);
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
            number = guard_number_of(ENFILE);
            number = number == ENOBUFS || number == ENOMEM ? ENFILE : number; /* the kind is right: too many sockets */
        } else {
            r = enter(r, family, type, FRESH, &number);
        }
    }
    return guard_done(r, number);
}

void guard_map(const entry_t *e, struct sockaddr *addr, socklen_t *len) {
#if USOCKET_IPV6
    if (addr->sa_family == AF_INET && e->family == AF_INET6) {
        sys_addr_t *sys = (sys_addr_t *)addr;
        usocket_addr_t a = {.family = USOCKET_AF_INET6, .port = ntohs(sys->in.sin_port)};
        if (sys->in.sin_addr.s_addr != INADDR_ANY) {
            memset(a.u.ip + 10, 0xff, 2);
            memcpy(a.u.ip + 12, &sys->in.sin_addr, 4);
        }
        *len = bsd_to_system(&a, sys);
    }
#else
    (void)e, (void)addr, (void)len;
#endif
}

int guard_accept(int handle, struct sockaddr *addr, socklen_t *len) {
    usocket_port_lock();
    entry_t *e = guard_lookup(handle);
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
        number = guard_number_of(EAGAIN);
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
        guard_lookup(r)->flags = BOUND;
        guard_listener_give(handle, r);
        guard_map(e, &sys.any, &size);
        memcpy(addr, &sys, size < *len ? size : *len);
        *len = size;
    }
    return guard_done(r, number);
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
        return guard_number_of(EBADF);
    }
    len = sizeof(sys);
    if (plat_getsockname(handle, &sys.any, &len) < 0) {
        return guard_number_of(EBADF);
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
        number = guard_number_of(EBADF);
    } else {
        number = get_known(handle);
        r = number == 0 ? 0 : -1;
    }
    return guard_done(r, number);
}

int guard_close(int handle) {
    usocket_port_lock();
    entry_t *e = slot(handle);
    if (e != NULL) {
        memset(e, 0, sizeof(*e));
    }
    guard_listener_end(handle);
    usocket_port_unlock();
    return plat_close(handle); /* may linger */
}

/* ---- Addresses ---------------------------------------------------------------------------------------------------- */

int guard_bind(int handle, const struct sockaddr *addr, socklen_t len) {
    usocket_port_lock();
    entry_t *e = guard_lookup(handle);
    int r = -1;
    int number = e == NULL                                                                             ? EBADF
        : addr->sa_family != e->family                                                                 ? EAFNOSUPPORT
        : e->type != SOCK_RAW && ((e->flags & BOUND) || (e->type == SOCK_STREAM && e->stage != FRESH)) ? EINVAL
                                                                                                       : 0;
    if (number == 0) {
        r = plat_bind(handle, addr, len);
        if (r < 0) {
            number = guard_number_of(EADDRNOTAVAIL);
        } else {
            e->flags |= BOUND;
        }
    }
    return guard_done(r, number);
}

int guard_getsockname(int handle, struct sockaddr *addr, socklen_t *len) {
    usocket_port_lock();
    socklen_t room = *len;
    int number = 0;
    entry_t *e = guard_lookup(handle);
    int r = plat_getsockname(handle, addr, len);
    if (r == 0 && e != NULL) {
        guard_map(e, addr, len);
    } else if (r < 0) {
        number = guard_number_of(EBADF);
        if (e != NULL && number != EBADF && number != EOPNOTSUPP) { /* the stack has forgotten it with the connection */
            usocket_addr_t a = {.family = e->family};
            sys_addr_t sys;
            *len = bsd_to_system(&a, &sys);
            memcpy(addr, &sys, *len < room ? *len : room);
            r = 0;
        }
    }
    return guard_done(r, number);
}

int guard_getpeername(int handle, struct sockaddr *addr, socklen_t *len) {
    usocket_port_lock();
    entry_t *e = guard_lookup(handle);
    int number = EBADF;
    int r = -1;
    if (e != NULL) {
        guard_settle(handle, e);
        number = ENOTCONN;
        if (e->stage == CONNECTED) {
            r = plat_getpeername(handle, addr, len);
            if (r == 0) {
                guard_map(e, addr, len);
            }
        }
    }
    return guard_done(r, number);
}

/* ---- Connections -------------------------------------------------------------------------------------------------- */

/* 0: let the stack begin; 1: nothing to do; -1: *number. */
static int may_connect(int handle, entry_t *e, const struct sockaddr *addr, int *number) {
    bool dissolves = e->type == SOCK_DGRAM && addr->sa_family == AF_UNSPEC && plat_lwip_options(handle);
    if (addr->sa_family != e->family && !dissolves) {
        *number = EAFNOSUPPORT;
        return -1;
    }
    if (e->type != SOCK_STREAM) {
        return 0;
    }
    guard_settle(handle, e);
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
            *number = guard_take_error(handle, e);
            *number = *number != 0 ? *number : ECONNABORTED; /* the stack connects a socket once in its life */
            return -1;
        default:
            *number = EISCONN;
            return -1;
    }
}

int guard_connect(int handle, const struct sockaddr *addr, socklen_t len) {
    usocket_port_lock();
    entry_t *e = guard_lookup(handle);
    int number = EBADF;
    int r = e == NULL ? -1 : may_connect(handle, e, addr, &number);
    if (r == 0) {
        r = plat_connect(handle, addr, len);
        if (r == 0) {
            bool dissolved = addr->sa_family == AF_UNSPEC;
            e->stage = dissolved ? FRESH : CONNECTED;
            e->flags |= dissolved ? 0 : BOUND;
        } else {
            number = guard_number_of(e->type == SOCK_STREAM ? EINPROGRESS : EHOSTUNREACH);
            if (number == EINPROGRESS || number == EALREADY || guard_would_block(number)) {
                number = EINPROGRESS;
                e->stage = CONNECTING;
                e->flags |= BOUND | UNTOLD;
            }
        }
    }
    return guard_done(r > 0 ? 0 : r, number);
}

int guard_listen(int handle, int backlog) {
    usocket_port_lock();
    entry_t *e = guard_lookup(handle);
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
        number = plat_bind(handle, &sys.any, len) < 0 ? guard_number_of(EADDRINUSE) : 0;
    }
    if (number == 0) {
        e->flags |= BOUND;
        number = guard_listener_begin(handle) ? 0 : ENOMEM;
    }
    if (number == 0) {
        r = plat_listen(handle, backlog);
        if (r < 0) {
            number = guard_number_of(EADDRINUSE);
            guard_listener_end(handle);
        } else {
            e->stage = LISTENING;
        }
    }
    return guard_done(r, number);
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
    entry_t *e = guard_lookup(handle);
    if (e == NULL) {
        return guard_done(-1, EBADF);
    }
    guard_settle(handle, e);
    if (e->stage == LISTENING) {
        return guard_done(shut_listener(handle, e, how), 0);
    }
    bool stream = e->type == SOCK_STREAM;
    if (stream && e->stage != CONNECTED) {
        return guard_done(-1, ENOTCONN);
    }
    /* Reading is shut down here alone: the stack would lose what has arrived, and reset the connection if more came. */
    bool write = how != SHUT_RD && !(e->flags & HALF_OUT);
    e->flags |= (uint8_t)((how != SHUT_WR ? HALF_IN : 0) | (how != SHUT_RD ? HALF_OUT : 0));
    int r = e->stage == CONNECTED ? 0 : -1;
    guard_done(r, ENOTCONN);
    if (stream && write && plat_shutdown(handle, SHUT_WR) < 0) { /* may wait for memory */
        plat_set_errno(guard_number_of(ENOTCONN));
        return -1;
    }
    return r;
}

#endif
