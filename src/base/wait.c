/* Time, and the one place that waits.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base.h"

usocket_time_t usocket_deadline_in(usocket_time_t timeout) {
    if (timeout < 0) {
        return USOCKET_NEVER;
    }
    if (timeout == 0) {
        return USOCKET_NOW;
    }
    usocket_time_t now = usocket_port_now() + USOCKET_CLOCK_STEP_US;
    return timeout < USOCKET_NEVER - now ? now + timeout : USOCKET_NEVER;
}

static bool (*interrupt_hook)(void);

static bool interrupted(void) {
    bool (*hook)(void) = LOOSE_LOAD(&interrupt_hook);
    return hook != NULL && hook();
}

void usocket_set_interrupt_hook(bool (*hook)(void)) {
    LOOSE_STORE(&interrupt_hook, hook);
}

/* stop: what ends the wait like its deadline, when another thread sets it and wakes all waits; NULL: nothing. */
static int wait_or(usocket_t *s, usocket_wait_t *w, size_t n, usocket_time_t deadline, const bool *stop) {
    for (;;) {
        if (USOCKET_THREADS && s != NULL && is_gone(s)) {
            return USOCKET_EBADF;
        }
        usocket_time_t until = deadline;
        bool hook = LOOSE_LOAD(&interrupt_hook) != NULL;
        if (hook && deadline != USOCKET_NOW) {
            if (interrupted()) {
                return USOCKET_EINTR;
            }
#if USOCKET_WAIT_SLICE_MS
            usocket_time_t slice = usocket_port_now() + (usocket_time_t)USOCKET_WAIT_SLICE_MS * 1000;
            until = slice < deadline ? slice : deadline;
#endif
        }
        int r = usocket_port_wait(w, n, until);
        if (USOCKET_THREADS && s != NULL && is_gone(s)) {
            return USOCKET_EBADF;
        }
        if (r > 0 || (r < 0 && (r != USOCKET_EINTR || !hook))) {
            return r;
        }
        if (deadline == USOCKET_NOW || usocket_port_now() >= deadline || (stop != NULL && LOOSE_LOAD(stop))) {
            return 0;
        }
    }
}

int usocket_wait_for(usocket_t *s, usocket_wait_t *w, size_t n, usocket_time_t deadline) {
    return wait_or(s, w, n, deadline, NULL);
}

#if USOCKET_TLS && USOCKET_THREADS
int usocket_wait_or(usocket_t *s, usocket_wait_t *w, size_t n, usocket_time_t deadline, const bool *stop) {
    return wait_or(s, w, n, deadline, stop);
}
#endif

int usocket_go_on(usocket_t *s, unsigned *part, usocket_time_t deadline) {
    if (USOCKET_THREADS && is_gone(s)) {
        return USOCKET_EBADF;
    }
    ++*part;
    if (deadline == USOCKET_NOW) {
        return *part > 256 ? USOCKET_EAGAIN : 0; /* more is there for ever */
    }
    if (*part % 8 != 0) { /* a look costs as much as a part does */
        return 0;
    }
    if (interrupted()) {
        return USOCKET_EINTR;
    }
    return usocket_port_now() >= deadline ? USOCKET_ETIMEDOUT : 0;
}

patience_t usocket_patience(usocket_t *s, bool output, usocket_time_t deadline) {
    patience_t p = {deadline, deadline == USOCKET_NOW ? USOCKET_EAGAIN : USOCKET_ETIMEDOUT, false};
    usocket_t *base = base_of(s);
    if ((LOOSE_LOAD(&base->flags) & FLAG_TIMEO) && deadline == USOCKET_NEVER) {
        usocket_time_t timeo = usocket_port_timeo(ATOMIC_LOAD(&base->io), output);
        if (timeo > 0) {
            p.deadline = usocket_deadline_in(timeo);
            p.late = USOCKET_EAGAIN; /* what the stack itself would say */
        }
    }
    return p;
}

int usocket_await(usocket_t *s, int events, patience_t *p) {
    if (p->deadline == USOCKET_NOW) {
        return p->late;
    }
    /* Ready, tried in vain, and ready again: where a stack's poll says so for ever, the deadline still holds. */
    if (p->again && usocket_port_now() >= p->deadline) {
        return p->late;
    }
    p->again = true;
    usocket_wait_t w = {ATOMIC_LOAD(&base_of(s)->io), (uint8_t)events, 0};
    int r = usocket_wait_for(s, &w, 1, p->deadline);
    return r > 0 ? 0 : r == 0 ? p->late : r;
}

int usocket_pause(usocket_t *s, usocket_time_t deadline, int late) {
    usocket_time_t soon = usocket_deadline_in(10000);
    int r = usocket_wait_for(s, NULL, 0, soon < deadline ? soon : deadline);
    return r == 0 && soon >= deadline ? late : r;
}
