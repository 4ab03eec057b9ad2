/* Events and the wake-up on a system with a poll for sockets alone: events.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "events.h"
#include "guard.h"

#include "usocket/port.h"

#if PLAT_EVENTS

/* While a wake-up is pending, waits that it does not concern sleep this long per slice, so that a
 * thread of lower priority that is being woken gets to run. */
#define WOKEN_MS 1
#ifndef PLAT_EVENT_FIRST
#define PLAT_EVENT_FIRST 0x10000
#endif
#ifndef plat_before_poll
#define plat_before_poll() ((void)0)
#endif

typedef struct {
    plat_sem sem;
    bool used;  /* under the library's lock */
    bool on;    /* the event is set; atomic */
    bool token; /* the semaphore's count is 1, or is about to be; it never exceeds 1; atomic */
} event_t;

static event_t events[USOCKET_EVENTS];
static int wakes; /* calls of usocket_port_wake(true) without their counterpart; atomic */

/* NULL: the handle is a socket, or no handle. */
static event_t *event_of(int handle) {
    return handle >= PLAT_EVENT_FIRST ? &events[handle - PLAT_EVENT_FIRST] : NULL;
}

int usocket_port_event_open(void) {
    int i = 0;
    usocket_port_lock();
    while (i < USOCKET_EVENTS && events[i].used) {
        i++;
    }
    if (i < USOCKET_EVENTS) {
        events[i].used = true;
    }
    usocket_port_unlock();
    if (i == USOCKET_EVENTS) {
        return USOCKET_EMFILE;
    }
    events[i].on = events[i].token = false;
    if (!plat_sem_new(&events[i].sem)) {
        events[i].used = false;
        return USOCKET_ENOMEM;
    }
    return PLAT_EVENT_FIRST + i;
}

/* Make the semaphore takeable, once. */
static void give_token(event_t *e) {
    if (!__atomic_exchange_n(&e->token, true, __ATOMIC_ACQ_REL)) {
        plat_sem_set(&e->sem);
    }
}

void usocket_port_event_set(int event) {
    event_t *e = event_of(event);
    __atomic_store_n(&e->on, true, __ATOMIC_RELEASE);
    give_token(e);
}

void usocket_port_event_clear(int event) {
    __atomic_store_n(&event_of(event)->on, false, __ATOMIC_RELEASE);
}

void usocket_port_event_close(int event) {
    event_t *e = event_of(event);
    plat_sem_free(&e->sem);
    usocket_port_lock();
    e->used = false;
    usocket_port_unlock();
}

static bool is_on(event_t *e) {
    return __atomic_load_n(&e->on, __ATOMIC_ACQUIRE);
}

/* Sleep until the event is set, or for `ms`. The token goes back if it is set, since other threads
 * may wait for the same event. */
static void wait_for_event(event_t *e, unsigned ms) {
    if (plat_sem_take(&e->sem, ms)) {
        __atomic_store_n(&e->token, false, __ATOMIC_RELEASE);
        if (is_on(e)) {
            give_token(e);
        }
    }
}

void usocket_port_wake(bool on) {
    __atomic_add_fetch(&wakes, on ? 1 : -1, __ATOMIC_ACQ_REL);
}

bool events_woken(void) {
    return __atomic_load_n(&wakes, __ATOMIC_ACQUIRE) != 0;
}

/* Fill in `revents` of the entries that are events, and count those that are set. */
static int look_at_events(plat_pollfd *fds, unsigned n) {
    int ready = 0;
    for (unsigned i = 0; i < n; i++) {
        event_t *e = event_of(fds[i].fd);
        if (e != NULL) {
            fds[i].revents = is_on(e) ? POLLIN : 0;
            ready += fds[i].revents != 0;
        }
    }
    return ready;
}

/* The stack polls a copy, in which events are skipped. A wait for several events sleeps on the
 * first one: the others are noticed after the slice. */
int events_poll(plat_pollfd *fds, unsigned n, int32_t left) {
    plat_pollfd sockets[USOCKET_WAIT_MAX + 1];
    event_t *first = NULL;
    bool any = false;
    plat_before_poll();
    if (n == 1 && event_of(fds->fd) == NULL && fds->fd >= 0) { /* the usual case: a call on one socket */
        int most = (events_woken() ? WOKEN_MS : USOCKET_EVENT_SLICE_MS) * 1000;
        return SYS(poll)(fds, 1, left < 0 || left > most ? most : left);
    }
    for (unsigned i = 0; i < n; i++) {
        event_t *e = event_of(fds[i].fd);
        sockets[i] = fds[i];
        sockets[i].fd = e != NULL ? -1 : fds[i].fd;
        any = any || sockets[i].fd >= 0;
        first = first != NULL ? first : e;
    }
    int ready = look_at_events(fds, n);
    int slice = events_woken() ? WOKEN_MS
        : first != NULL && any ? USOCKET_EVENT_MIXED_SLICE_MS
                               : USOCKET_EVENT_SLICE_MS;
    if (left < 0 || left > slice * 1000) {
        left = slice * 1000;
    }
    if (ready != 0) {
        left = 0;
    }
    if (any) {
        int r = SYS(poll)(sockets, n, left);
        if (r < 0) {
            return r;
        }
        ready += r;
        for (unsigned i = 0; i < n; i++) {
            if (sockets[i].fd >= 0) {
                fds[i].revents = sockets[i].revents;
            }
        }
    } else if (left > 0) {
        unsigned ms = ((unsigned)left + 999) / 1000;
        if (first != NULL) {
            wait_for_event(first, ms);
        } else {
            plat_sleep(ms);
        }
    }
    if (first != NULL && ready == 0) {
        ready = look_at_events(fds, n);
    }
    return ready;
}

#endif
