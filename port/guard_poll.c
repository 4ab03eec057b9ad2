/* The guard around poll: Linux's answers, from the state of a handle and the stack's own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guard_state.h"

#if PLAT_GUARD

/* The events that Linux's poll reports by the state alone. */
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

/* Correct the stack's answer, and update the state by it. */
static int judge(int handle, int events, int revents) {
    entry_t *e = guard_lookup(handle);
    if (e == NULL) {
        return revents;
    }
    if (e->stage == CONNECTING && (revents & (POLLOUT | POLLERR | POLLHUP))) {
        guard_connect_ended(handle, e);
    } else if (e->stage == CONNECTED && e->type == SOCK_STREAM && (revents & POLLERR)) {
        e->flags |= TROUBLE;
    }
    if (e->type == SOCK_STREAM) {
        revents &= e->stage == CONNECTING || e->stage == FRESH ? 0 : ~(POLLERR | POLLHUP);
    }
    return revents | standing(e, events);
}

/* An entry that is ready by its state makes the poll not wait. The stack polls without the lock. */
int guard_poll(plat_pollfd *fds, unsigned n, long long left) {
    usocket_port_lock();
    for (unsigned i = 0; i < n; i++) {
        entry_t *e = fds[i].fd < 0 ? NULL : guard_lookup(fds[i].fd);
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
    return guard_done(ready, 0);
}

#endif
