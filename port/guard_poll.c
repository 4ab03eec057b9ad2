/* The guard around poll: Linux's answers, from the state of a handle and the stack's own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guard_state.h"

#if PLAT_GUARD

/* True if the state has nothing to add to the stack's answer: the usual case while data flows. */
static inline bool is_calm(const entry_t *e) {
    return e->stage == CONNECTED && !(e->flags & (HALF_IN | HALF_OUT | ENDED | TROUBLE));
}

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

/* Update the state after the stack's answer. */
static void learn(int handle, entry_t *e, int revents) {
    usocket_port_lock_sockets();
    if (guard_lookup(handle) == NULL) {
        /* closed meanwhile */
    } else if (e->stage == CONNECTING) {
        guard_connect_ended(handle, e);
    } else if (e->stage == CONNECTED && e->type == SOCK_STREAM && (revents & POLLERR)) {
        e->flags |= TROUBLE;
    }
    usocket_port_unlock_sockets();
}

/* Correct the stack's answer, and update the state by it. The lock is for the update alone: a
 * state that another thread changes at this moment may be the old or the new one. */
static int judge(int handle, int events, int revents) {
    entry_t *e = guard_lookup(handle);
    if (e == NULL || (is_calm(e) && !(revents & (POLLERR | POLLHUP)))) {
        return revents;
    }
    bool stream = e->type == SOCK_STREAM;
    if (revents & (e->stage == CONNECTING ? POLLOUT | POLLERR | POLLHUP : stream ? POLLERR : 0)) {
        learn(handle, e, revents);
    }
    if (stream) {
        revents &= e->stage == CONNECTING || e->stage == FRESH ? 0 : ~(POLLERR | POLLHUP);
    }
    return revents | standing(e, events);
}

/* An entry that is ready by its state makes the poll not wait. The stack polls without the lock. */
int guard_poll(plat_pollfd *fds, unsigned n, int32_t left) {
    for (unsigned i = 0; i < n; i++) {
        const entry_t *e = fds[i].fd < 0 ? NULL : guard_lookup(fds[i].fd);
        if (e != NULL && !is_calm(e) && standing(e, fds[i].events) != 0) {
            left = 0;
        }
    }
    int r = plat_poll(fds, n, left);
    if (r < 0) {
        return r;
    }
    int ready = 0;
    for (unsigned i = 0; i < n; i++) {
        if (fds[i].fd >= 0) {
            fds[i].revents = (short)judge(fds[i].fd, fds[i].events, r == 0 ? 0 : fds[i].revents);
            ready += fds[i].revents != 0;
        }
    }
    return ready;
}

#endif
