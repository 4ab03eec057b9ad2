/* The guard around data: receiving, sending, and the count of bytes that have arrived.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guard_state.h"

#if PLAT_GUARD

#include <string.h>

/* Decide by the stage whether data may flow. @return 0: call the stack; 1: end of stream; -1: fail
 * with *number */
static int may_transfer(int handle, entry_t *e, bool output, int *number) {
    guard_settle(handle, e);
    switch (e->stage) {
        case CONNECTED:
            *number = EPIPE;
            return output && (e->flags & HALF_OUT) ? -1 : 0;
        case CONNECTING:
            *number = EAGAIN;
            return -1;
        case FAILED:
        case BROKEN:
            *number = guard_take_error(handle, e);
            if (*number == 0 && output) {
                *number = EPIPE;
            }
            return *number != 0 ? -1 : 1;
        default:
            *number = output ? EPIPE : ENOTCONN;
            return -1;
    }
}

/* Interpret the failure of a receive on a stream. @return 0: end of stream; or a positive number */
static int receive_failed(int handle, entry_t *e, int number) {
    if (guard_would_block(number)) {
        int error = guard_take_error(handle, e);
        return error != 0 ? error : e->flags & HALF_IN ? 0 : EAGAIN;
    }
    if (number == ENOTCONN) {
        /* The stack has reported the end before, or never will. Only poll knows of a reset behind a
         * full mailbox (lwIP). */
        if (!(e->flags & ENDED) && (guard_poll_now(handle, POLLIN) & POLLERR)) {
            e->flags |= TROUBLE;
        }
        number = guard_take_error(handle, e);
        e->flags |= ENDED;
        return number;
    }
    return guard_broken(handle, e, number);
}

static ssize_t receive_stream(int handle, entry_t *e, void *buf, size_t len, int flags, int *number) {
    ssize_t r;
    if (e->stage == BROKEN && len != 0) { /* data that had arrived before is left */
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
        int error = guard_stack_error(handle); /* the only place where lwIP 2.0 reports a reset */
        if (error == ECONNRESET || error == ECONNABORTED) {
            *number = guard_broken(handle, e, error);
            return -1;
        }
        e->flags |= ENDED;
    } else if (r < 0) {
        *number = receive_failed(handle, e, guard_number_of(EAGAIN));
        r = *number != 0 ? -1 : 0;
    }
    return r;
}

ssize_t guard_recvfrom(int handle, void *buf, size_t len, int flags, struct sockaddr *addr, socklen_t *alen) {
    char none = 0;
    buf = buf != NULL ? buf : &none; /* stacks need an address, even of an empty buffer */
    usocket_port_lock_sockets();
    entry_t *e = guard_lookup(handle);
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
            number = guard_number_of(EAGAIN);
        } else if (addr != NULL) {
            guard_map(e, addr, alen);
        }
    }
    return guard_done((int)r, number);
}

/* Most bytes in a datagram. lwIP counts a packet's bytes in 16 bits, its headers included; lwIP 2.0
 * stops the system if they overflow. */
#define DATAGRAM_MAX(family) ((size_t)65535 - 8 - ((family) == AF_INET ? 20 : 40))

/* Check a datagram before the stack sees it. @return 0, or an error number */
static int may_send(int handle, const entry_t *e, size_t len, const struct sockaddr *to) {
    if (e->flags & HALF_OUT) {
        return EPIPE;
    }
    if (to == NULL && e->stage != CONNECTED) {
        return EDESTADDRREQ;
    }
    if (to != NULL && to->sa_family != guard_family(e)) {
        return EAFNOSUPPORT;
    }
#ifdef plat_raw_least
    if (e->type == SOCK_RAW && len < plat_raw_least(handle)) {
        return EINVAL;
    }
#else
    (void)handle;
#endif
    return len > DATAGRAM_MAX(guard_family(e)) ? EMSGSIZE : 0;
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
    *number = guard_number_of(0); /* first, since a poll may change it */
    if (*number == 0) {
        *number = guard_poll_now(handle, POLLOUT) & POLLERR ? ECONNRESET : EAGAIN;
    }
    if (guard_would_block(*number) && (e->flags & TROUBLE)) {
        *number = guard_take_error(handle, e); /* poll has reported the error, and goes on reporting it */
    } else if (*number == EINPROGRESS || *number == ENOMEM || *number == ENOBUFS) {
        *number = EAGAIN; /* the lack of memory passes */
    } else if (*number == ENOTCONN) {
        *number = guard_take_error(handle, e);
        *number = guard_broken(handle, e, *number != 0 ? *number : EPIPE);
    } else if (!guard_would_block(*number)) {
        guard_broken(handle, e, *number);
    }
    return -1;
}

ssize_t guard_sendto(int handle, const void *buf, size_t len, int flags, const struct sockaddr *addr, socklen_t alen) {
    const char none = 0;
    buf = buf != NULL ? buf : &none;
    usocket_port_lock_sockets();
    entry_t *e = guard_lookup(handle);
    int number = EBADF;
    ssize_t r = -1;
    if (e != NULL && e->type == SOCK_STREAM) {
        r = send_stream(handle, e, buf, len, flags, &number);
    } else if (e != NULL) {
        number = may_send(handle, e, len, addr);
        if (number == 0) {
            r = addr == NULL ? plat_send(handle, buf, len, flags) : plat_sendto(handle, buf, len, flags, addr, alen);
            if (r < 0) {
                number = guard_number_of(EHOSTUNREACH);
                number = number == ENOMEM ? ENOBUFS : number;
            } else {
                e->flags |= BOUND;
            }
        }
    }
    return guard_done((int)r, number);
}

/* After the end of a stream the stack may count what it has dropped; a listener has no data. */
int guard_pending(int handle, int *count) {
    usocket_port_lock_sockets();
    entry_t *e = guard_lookup(handle);
    int number = EBADF;
    int r = -1;
    if (e != NULL && ((e->flags & ENDED) || e->stage == LISTENING)) {
        *count = 0;
        r = 0;
    } else if (e != NULL) {
        r = plat_pending(handle, count);
        number = r < 0 ? guard_number_of(EOPNOTSUPP) : 0;
    }
    return guard_done(r, number);
}

#endif
