/* Waiting: look at the slots, then sleep until an interrupt comes. Events.
 *
 * SPDX-License-Identifier: MIT
 */
#include "wait.h"

#include <string.h>

static int wakes; /* calls of usocket_port_wake(true) without their counterpart */

void usocket_port_wake(bool on) {
#if USOCKET_THREADS
    __atomic_add_fetch(&wakes, on ? 1 : -1, __ATOMIC_ACQ_REL);
#else
    wakes += on ? 1 : -1;
#endif
    PLAT_KICK();
}

static bool is_woken(void) {
#if USOCKET_THREADS
    return __atomic_load_n(&wakes, __ATOMIC_ACQUIRE) != 0;
#else
    return wakes != 0;
#endif
}

uint8_t other_ready(const slot_t *s) {
    bool is = false;
    switch (s->kind) {
        case EVENT:
            is = s->more.on;
            break;
#if USOCKET_NAMES
        case QUESTION:
            question_go_on(&slots[handle_of(s)]);
            is = question_answered(s);
            break;
#endif
        case ALARM:
            is = alarm_rings(s);
            break;
        default:
            is = set_has_ready(s);
            break;
    }
    return is ? USOCKET_POLL_IN : 0;
}

/* Fill in `ready` of the entries. @return the number of those that are ready */
static int look(usocket_wait_t *w, size_t n) {
    int ready = 0;
    slot_call_again();
    for (size_t i = 0; i < n; i++) {
        w[i].ready = 0;
        if (w[i].handle >= 0) {
            const slot_t *s = slot_of(w[i].handle);
            w[i].ready = s != NULL ? slot_ready(s, w[i].events) : USOCKET_POLL_NVAL;
            ready += w[i].ready != 0;
        }
    }
    return ready;
}

#if USOCKET_QUICK

/* The members kind, stage, flags and error, with those bits of them that `mask` has. */
static inline uint32_t state_of(const slot_t *s, const uint8_t mask[4]) {
    uint32_t state, bits;
    memcpy(&state, &s->kind, sizeof(state));
    memcpy(&bits, mask, sizeof(bits));
    return state & bits;
}

/* True for a socket that is readable just if it has something: it is connected or has packets, and neither an end nor an
 * error is to be told. */
static inline bool is_simple(const slot_t *s) {
    static const uint8_t stream[4] = {0xff, 0xff, ENDED | HALF_IN | HALF_OUT, 0xff};
    static const uint8_t connected[4] = {STREAM, CONNECTED, 0, 0};
    static const uint8_t datagram[4] = {0xff, 0, ENDED | HALF_IN | HALF_OUT, 0xff};
    static const uint8_t any[4] = {DATAGRAM, 0, 0, 0};
    uint32_t wanted[2];
    memcpy(&wanted[0], connected, sizeof(connected));
    memcpy(&wanted[1], any, sizeof(any));
    return state_of(s, stream) == wanted[0] || (USOCKET_DATAGRAMS && state_of(s, datagram) == wanted[1]);
}

/* Not inlined, so that the usual case has no frame. */
__attribute__((noinline)) static int look_at(int handle, int events) {
    usocket_wait_t w = {handle, (uint8_t)events, 0};
    UNDER_LWIP(events, look(&w, 1));
    return w.ready;
}

/* A simple socket has something if one pointer is not NULL, which needs no lock. Calls of `ready` that were refused are
 * made again by the usual way: a program that only polls has no other. */
int usocket_port_ready(int handle, int events) {
    PLAT_PUMP();
    const slot_t *s = &slots[handle];
    if (events == USOCKET_POLL_IN && !slot_owes() && is_simple(s)) {
        return s->in != NULL ? USOCKET_POLL_IN : 0;
    }
    return look_at(handle, events);
}

#endif

/* Longest sleep, in milliseconds; an alarm, and a question that lwIP had no room for, are looked at
 * this often. */
#define NAP 50

int usocket_port_wait(usocket_wait_t *w, size_t n, usocket_time_t deadline) {
    for (;;) {
        PLAT_PUMP();
        int ready;
        UNDER_LWIP(ready, look(w, n));
        if (ready != 0 || deadline == USOCKET_NOW || is_woken()) {
            return ready;
        }
        usocket_time_t now = usocket_port_now();
        if (now >= deadline) {
            return 0;
        }
        uint32_t ms = deadline - now < NAP * 1000 ? (uint32_t)(deadline - now) / 1000 + 1 : NAP;
        (void)ms; /* A board may sleep until the next interrupt alone. */
        PLAT_IDLE(ms);
    }
}

/* ---- Events ------------------------------------------------------------------------------------------------------- */

static int open_event(void) {
    slot_t *s = slot_take(EVENT);
    return s != NULL ? handle_of(s) : USOCKET_EMFILE;
}

int usocket_port_event_open(void) {
    int r;
    UNDER_LWIP(r, open_event());
    return r;
}

static void set_event(slot_t *s, bool on) {
    s->more.on = on;
    if (on) {
        slot_changed(s);
    }
}

void usocket_port_event_set(int event) {
    DO_UNDER_LWIP(set_event(&slots[event], true));
}

void usocket_port_event_clear(int event) {
    DO_UNDER_LWIP(set_event(&slots[event], false));
}

static void close_event(slot_t *s) {
    set_close(s);
    slot_free(s);
}

void usocket_port_event_close(int event) {
    DO_UNDER_LWIP(close_event(&slots[event]));
}
