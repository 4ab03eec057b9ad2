/* The guard around sockets: opening, addresses, connections, options.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guard_options.h"
#include "guard_state.h"

#if PLAT_GUARD

#include <string.h>

/* ---- Opening and closing ------------------------------------------------------------------------------------------ */

/* Check a kind of socket as Linux does: a stack may open another kind, or return another code.
 * @return 0, or an error number */
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

/* Enter a new handle in the table. One beyond the table is closed again: ENFILE. */
static int enter(int handle, int family, int type, int stage, int *number) {
    entry_t *e = guard_slot(handle);
    if (e == NULL) {
        plat_close(handle);
        *number = ENFILE;
        return -1;
    }
    *e = (entry_t){(uint8_t)type, (uint8_t)stage, USOCKET_IPV6 && family == AF_INET6 ? SIX : 0, 0};
    return handle;
}

int guard_socket(int family, int type, int proto) {
    usocket_port_lock_sockets();
    int number = check_kind(family, type, proto);
    int r = -1;
    if (number == 0) {
        r = plat_socket(family, type, proto);
        if (r < 0) {
            number = guard_number_of(ENFILE);
            /* The kind is supported, so there are too many sockets. */
            number = number == ENOBUFS || number == ENOMEM ? ENFILE : number;
        } else {
            r = enter(r, family, type, FRESH, &number);
        }
    }
    return guard_done(r, number);
}

/* Connections that have ended while they waited are skipped. */
int guard_accept(int handle, struct sockaddr *addr, socklen_t *len) {
    usocket_port_lock_sockets();
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
            number = EAGAIN; /* the stack's code for it */
        } else if (number == ECONNABORTED || number == ENOTCONN || number == ECONNRESET) {
            number = 0; /* that connection has ended already, or found no room: take the next one */
        }
    }
    if (r >= 0) {
        r = enter(r, guard_family(e), SOCK_STREAM, CONNECTED, &number);
    }
    if (r >= 0) {
        guard_lookup(r)->flags |= BOUND;
        guard_listener_give(handle, r);
        guard_map(e, &sys.any, &size);
        memcpy(addr, &sys, size < *len ? size : *len);
        *len = size;
    }
    return guard_done(r, number);
}

/* Enter a handle that another part of the program has opened, with the state that the stack
 * reports. */
static int get_known(int handle) {
    entry_t *e = guard_slot(handle);
    if (e == NULL) {
        return EBADF;
    }
    if (e->type != 0) {
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
    enter(handle, sys.any.sa_family, type, listening ? LISTENING : guard_has_peer(handle) ? CONNECTED : FRESH, &number);
    if (sys.in.sin_port != 0) { /* sockaddr_in6 has its port at the same place */
        e->flags |= BOUND;
    }
    return 0;
}

int guard_set_nonblocking(int handle) {
    usocket_port_lock_sockets();
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
    usocket_port_lock_sockets();
    entry_t *e = guard_slot(handle);
    if (e != NULL) {
        e->type = 0;
    }
    guard_listener_end(handle);
    usocket_port_unlock_sockets();
    return plat_close(handle); /* without the lock, since it may linger */
}

/* ---- Addresses ---------------------------------------------------------------------------------------------------- */

/* Set the "any" address of the family. @return its length */
static socklen_t set_any(const entry_t *e, sys_addr_t *sys) {
    usocket_addr_t a = {.family = (uint16_t)guard_family(e)};
    return bsd_to_system(&a, sys);
}

int guard_bind(int handle, const struct sockaddr *addr, socklen_t len) {
    usocket_port_lock_sockets();
    entry_t *e = guard_lookup(handle);
    int r = -1;
    int number = e == NULL                                                                             ? EBADF
        : addr->sa_family != guard_family(e)                                                           ? EAFNOSUPPORT
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
    usocket_port_lock_sockets();
    socklen_t room = *len;
    int number = 0;
    entry_t *e = guard_lookup(handle);
    int r = plat_getsockname(handle, addr, len);
    if (r == 0 && e != NULL) {
        guard_map(e, addr, len);
    } else if (r < 0) {
        number = guard_number_of(EBADF);
        /* The stack forgets the address with the connection: the "any" address stands for it. */
        if (e != NULL && number != EBADF && number != EOPNOTSUPP) {
            sys_addr_t sys;
            *len = set_any(e, &sys);
            memcpy(addr, &sys, *len < room ? *len : room);
            r = 0;
        }
    }
    return guard_done(r, number);
}

int guard_getpeername(int handle, struct sockaddr *addr, socklen_t *len) {
    usocket_port_lock_sockets();
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

/* Decide on a connect by the stage. @return 0: call the stack; 1: success without a call; -1: fail
 * with *number */
static int may_connect(int handle, entry_t *e, const struct sockaddr *addr, int *number) {
    bool dissolves = e->type == SOCK_DGRAM && addr->sa_family == AF_UNSPEC && plat_lwip_options(handle);
    if (addr->sa_family != guard_family(e) && !dissolves) {
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
            *number = *number != 0 ? *number : ECONNABORTED; /* the stack connects a socket only once */
            return -1;
        default:
            *number = EISCONN;
            return -1;
    }
}

int guard_connect(int handle, const struct sockaddr *addr, socklen_t len) {
    usocket_port_lock_sockets();
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
    usocket_port_lock_sockets();
    entry_t *e = guard_lookup(handle);
    int number = e == NULL ? EBADF : e->type != SOCK_STREAM ? EOPNOTSUPP : e->stage != FRESH ? EINVAL : 0;
    int r = -1;
    if (e != NULL && e->stage == LISTENING) {
        plat_listen(handle, backlog); /* some stacks can change the backlog */
        r = 0;
    }
    if (number == 0 && !(e->flags & BOUND)) { /* bind to a port that the stack chooses */
        sys_addr_t sys;
        socklen_t len = set_any(e, &sys);
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

/* The stack ends a listener only as a whole. */
static int shut_listener(int handle, entry_t *e, int how) {
    if (how != SHUT_WR) {
        e->stage = FAILED;
        plat_shutdown(handle, SHUT_RDWR);
    }
    return 0;
}

int guard_shutdown(int handle, int how) {
    usocket_port_lock_sockets();
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
    /* The guard alone shuts reading down: the stack would drop what has arrived, and reset the
     * connection if more came. */
    bool write = how != SHUT_RD && !(e->flags & HALF_OUT);
    e->flags |= (uint8_t)((how != SHUT_WR ? HALF_IN : 0) | (how != SHUT_RD ? HALF_OUT : 0));
    int r = e->stage == CONNECTED ? 0 : -1;
    guard_done(r, ENOTCONN);
    if (stream && write && plat_shutdown(handle, SHUT_WR) < 0) { /* without the lock, since it may wait for memory */
        plat_set_errno(guard_number_of(ENOTCONN));
        return -1;
    }
    return r;
}

/* ---- Options ------------------------------------------------------------------------------------------------------ */

#define IS_LISTENER(e) ((e) != NULL && (e)->stage == LISTENING)

int guard_getsockopt(int handle, int level, int name, void *value, socklen_t *len) {
    usocket_port_lock_sockets();
    entry_t *e = guard_lookup(handle);
    int number = EFAULT;
    int r = 0;
    int none = 0;
    bool missing = value == NULL && *len != 0;
    value = value != NULL ? value : &none;
    if (missing) {
        r = -1; /* a stack would write there */
    } else if (e != NULL && level == SOL_SOCKET && name == SO_ERROR) {
        guard_settle(handle, e);
        int error = guard_take_error(handle, e);
        /* Without a connection the stack has reported its error already, and may repeat it without
         * end. */
        if (error == 0 && e->stage != CONNECTING && e->stage != FAILED && e->stage != BROKEN) {
            error = guard_stack_error(handle);
            if (error != 0 && e->stage == CONNECTED && e->type == SOCK_STREAM) {
                guard_broken(handle, e, 0);
            }
        }
        *len = *len < sizeof(error) ? *len : (socklen_t)sizeof(error);
        memcpy(value, &error, *len);
    } else {
        r = IS_LISTENER(e) ? guard_listener_get(handle, level, name, value, len)
                           : guard_get_option(handle, level, name, value, len);
        number = r < 0 ? guard_number_of(ENOPROTOOPT) : 0;
    }
    return guard_done(r, number);
}

int guard_setsockopt(int handle, int level, int name, const void *value, socklen_t len) {
    usocket_port_lock_sockets();
    int number = EBADF;
    int r = -1;
    const entry_t *e = guard_lookup(handle);
    if (e != NULL && value == NULL && len != 0) {
        number = EFAULT; /* a stack would read there */
    } else if (e != NULL) {
        r = IS_LISTENER(e) ? guard_listener_set(handle, level, name, value, len)
                           : guard_set_option(handle, level, name, value, len);
        number = r < 0 ? guard_number_of(ENOPROTOOPT) : 0;
    }
    return guard_done(r, number);
}

#endif
