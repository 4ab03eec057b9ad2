/* The simulator's sets of handles, and alarms (events that set themselves).
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "internal.h"

#if USOCKET_ASYNC || USOCKET_POLLER

#define ARMED 0x80 /* armed, at least for errors and the end */

static struct handle *handle_of(int h, enum kind kind) {
    static struct handle nowhere;
    if (h < 0 || h >= HANDLES || world.handles[h].kind != kind) {
        sim_misuse("a call with a handle that is no open set or alarm");
        return &nowhere;
    }
    return &world.handles[h];
}

/* The ready events of a member, among those that the set reports. */
static uint8_t member(const struct handle *set, int h) {
    if (!set->armed[h] || world.handles[h].kind == FREE) {
        return 0;
    }
    return sim_ready(h) & (uint8_t)(set->armed[h] | USOCKET_POLL_ERR | USOCKET_POLL_HUP);
}

uint8_t sim_set_ready(const struct handle *set) {
    for (int h = 0; h < HANDLES; h++) {
        if (member(set, h)) {
            return USOCKET_POLL_IN;
        }
    }
    return 0;
}

void sim_sets_forget(int handle) {
    for (int h = 0; h < HANDLES; h++) {
        world.handles[h].armed[handle] = 0;
    }
}

int usocket_port_set_open(void) {
    int code = sim_inject(SIM_SET_OPEN);
    return code ? code : sim_handle_new(SET, NULL);
}

int usocket_port_set_arm(int set, int handle, int events) {
    int code = sim_inject(SIM_SET_ARM);
    struct handle *s = handle_of(set, SET);
    if (handle < 0 || handle >= HANDLES || world.handles[handle].kind == FREE) {
        return USOCKET_EBADF; /* not counted as misuse: a program may do this with a poller */
    }
    if (!code) {
        s->armed[handle] = (uint8_t)(ARMED | events);
    }
    return code;
}

int usocket_port_set_take(int set, usocket_wait_t *out, size_t n) {
    if (set < 0 || set >= HANDLES || world.handles[set].kind != SET) {
        return USOCKET_EBADF; /* not counted as misuse: a poller may be closed while another thread waits in it */
    }
    struct handle *s = handle_of(set, SET);
    int found = 0;
    for (int h = 0; h < HANDLES && (size_t)found < n; h++) {
        uint8_t ready = member(s, h);
        if (ready) {
            out[found++] = (usocket_wait_t){ h, 0, ready };
            s->armed[h] = 0;
        }
    }
    return found;
}

int usocket_port_alarm_open(void) {
    int code = sim_inject(SIM_EVENT_OPEN);
    int h = code ? code : sim_handle_new(EVENT, NULL);
    if (h >= 0) {
        world.handles[h].at = USOCKET_NEVER;
    }
    return h;
}

void usocket_port_alarm_set(int alarm, usocket_time_t deadline) {
    handle_of(alarm, EVENT)->at = deadline < 1 ? 1 : deadline;
}

#else

uint8_t sim_set_ready(const struct handle *set) {
    (void)set;
    return 0;
}

void sim_sets_forget(int handle) {
    (void)handle;
}

#endif

usocket_time_t sim_alarms_next(void) {
    usocket_time_t next = USOCKET_NEVER;
    for (int h = 0; h < HANDLES; h++) {
        usocket_time_t at = world.handles[h].at;
        next = at > world.now ? sim_earlier(next, at) : next;
    }
    return next;
}
