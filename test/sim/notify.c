/* The simulator's reports of a handle that has become ready (usocket_port_notify). They come as from an interrupt: between two calls of
 * any actor, in whatever actor waits or arms.
 *
 * SPDX-License-Identifier: MIT
 */
#include "internal.h"

#if USOCKET_NOTIFIES

#define AGAIN 1000 /* a function that has refused is called again so much later */

static void call(struct handle *h) {
    bool (*ready)(void *) = h->ready;
    h->ready = NULL; /* `ready` may arm again */
    h->again_at = 0;
    if (!ready(h->arg) && !h->ready) {
        h->ready = ready;
        h->again_at = world.now + AGAIN;
    }
}

static bool is_due(int i) {
    struct handle *h = &world.handles[i];
    return h->ready && h->again_at <= world.now && (sim_ready(i) & (USOCKET_POLL_IN | USOCKET_POLL_ERR | USOCKET_POLL_HUP));
}

void sim_notify_tick(void) {
    for (int i = 0; i < HANDLES; i++) {
        if (is_due(i)) {
            call(&world.handles[i]);
        }
    }
}

usocket_time_t sim_notify_next(void) {
    usocket_time_t next = USOCKET_NEVER;
    for (int i = 0; i < HANDLES; i++) {
        const struct handle *h = &world.handles[i];
        next = h->ready && h->again_at > world.now ? sim_earlier(next, h->again_at) : next;
    }
    return next;
}

int usocket_port_notify(int handle, bool (*ready)(void *arg), void *arg) {
    int code = ready ? sim_inject(SIM_NOTIFY) : 0;
    bool open = handle >= 0 && handle < HANDLES && world.handles[handle].kind != FREE;
    struct handle *h = &world.handles[open ? handle : 0];
    if (!ready) {
        if (open && h->ready && h->arg == arg) {
            h->ready = NULL;
        }
        return 0;
    }
    if (code || !open) {
        return code ? code : USOCKET_EBADF;
    }
    h->ready = ready;
    h->arg = arg;
    h->again_at = 0;
    sim_net_tick();
    if (is_due(handle)) {
        call(h);
    }
    return 0;
}

#else

void sim_notify_tick(void) {
}

usocket_time_t sim_notify_next(void) {
    return USOCKET_NEVER;
}

#endif
