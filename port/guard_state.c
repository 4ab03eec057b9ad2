/* The state that the guard keeps for each handle.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guard_state.h"

#if PLAT_GUARD

#include <string.h>

entry_t guard_table[PLAT_HANDLE_COUNT];

int guard_family(const entry_t *e) {
    return USOCKET_IPV6 && (e->flags & SIX) ? AF_INET6 : AF_INET;
}

entry_t *guard_lookup(int handle) {
    entry_t *e = guard_slot(handle);
    return e != NULL && e->type != 0 ? e : NULL;
}

int guard_done(int r, int number) {
    usocket_port_unlock_sockets();
    if (r < 0) {
        plat_set_errno(number);
    }
    return r;
}

/* ---- The state of a connection ------------------------------------------------------------------------------------- */

int guard_stack_error(int handle) {
    int value = 0;
    socklen_t len = sizeof(value);
    if (plat_getsockopt(handle, SOL_SOCKET, SO_ERROR, &value, &len) < 0) {
        return 0;
    }
    value = value < 0 ? -value : value;
    return value == EINPROGRESS || value == EALREADY || value == EISCONN || guard_would_block(value) ? 0 : value;
}

int guard_poll_now(int handle, int events) {
    plat_pollfd p;
    memset(&p, 0, sizeof(p));
    p.fd = handle;
    p.events = (short)events;
    return plat_poll(&p, 1, 0) > 0 ? p.revents : 0;
}

bool guard_has_peer(int handle) {
    sys_addr_t sys;
    socklen_t len = sizeof(sys);
    memset(&sys, 0, sizeof(sys));
    return plat_getpeername(handle, &sys.any, &len) == 0;
}

/* Only a peer proves success: a stack may report the error of a failed connect once, or never. */
void guard_connect_ended(int handle, entry_t *e) {
    int error = guard_stack_error(handle);
    if (error == 0 && guard_has_peer(handle)) {
        e->stage = CONNECTED;
        return;
    }
    e->stage = FAILED;
    /* lwIP reports ECONNRESET and ECONNABORTED, where others report ECONNREFUSED and ETIMEDOUT. */
    e->error = (uint8_t)(error == 0 || error == ECONNRESET || error == ENOTCONN ? ECONNREFUSED
            : error == ECONNABORTED                                             ? ETIMEDOUT
                                                                                : error);
}

void guard_settle(int handle, entry_t *e) {
    if (e->stage == CONNECTING && (guard_poll_now(handle, POLLOUT) & (POLLOUT | POLLERR | POLLHUP))) {
        guard_connect_ended(handle, e);
    }
}

int guard_broken(int handle, entry_t *e, int number) {
    e->stage = BROKEN;
    e->flags &= (uint8_t)~TROUBLE;
    e->error = 0;
    guard_stack_error(handle); /* the stack would report it again */
    return number;
}

/* After TROUBLE the connection is broken, even if SO_ERROR has no number any more: that was a
 * reset. */
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

void guard_map(const entry_t *e, struct sockaddr *addr, socklen_t *len) {
#if USOCKET_IPV6
    if (addr->sa_family == AF_INET && (e->flags & SIX)) {
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

#endif
