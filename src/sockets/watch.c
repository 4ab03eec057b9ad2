/* Watching a socket from a thread of the library's own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/base.h"

#if USOCKET_THREADS

#include <string.h>

struct usocket_watch {
    usocket_t sock; /* shares the connection: it stays open while we look */
    int event;      /* set: look at the flags below */
    uint32_t flags; /* atomic */
#if USOCKET_FORK
    unsigned process; /* that its thread is in */
#endif
    bool (*ready)(void *arg);
    void *arg;
};

enum { STOP = 1, GONE = 2 };

/* The part that waits and tells, until told to stop. */
static void look(usocket_watch_t *w) {
    bool armed = true;
    for (;;) {
        usocket_wait_t set[2] = {
            {w->event, USOCKET_POLL_IN, 0}, {armed ? LOOSE_LOAD(&w->sock.base->fd) : -1, USOCKET_POLL_IN, 0}};
        int r = usocket_port_wait(set, 2, USOCKET_NEVER);
        if (set[0].ready) {
            /* Before the flags are read: one that is set later sets the event again. */
            usocket_port_event_clear(w->event);
            armed = true;
        }
        if (ATOMIC_LOAD(&w->flags) & STOP) {
            return;
        }
        bool offered = r > 0 && !set[0].ready && set[1].ready;
        if (offered && w->ready(w->arg)) {
            armed = false;
        } else if (offered || r < 0) {
            /* Nobody could take it, or there was no memory for the wait: again a moment later. */
            usocket_port_wait(set, offered, usocket_deadline_in(1000));
        }
    }
}

static void run(void *arg) {
    usocket_watch_t *w = arg;
    look(w);
    ATOMIC_OR(&w->flags, GONE);
}

int usocket_watch(usocket_watch_t **watch, usocket_t *s, bool (*ready)(void *arg), void *arg) {
    *watch = NULL;
    usocket_watch_t *w = usocket_port_alloc(sizeof(*w));
    if (w == NULL) {
        return USOCKET_ENOMEM;
    }
    memset(w, 0, sizeof(*w));
    usocket_init(&w->sock);
#if USOCKET_FORK
    w->process = process();
#endif
    w->ready = ready;
    w->arg = arg;
    w->event = usocket_port_event_open();
    int r = w->event < 0 ? w->event : usocket_share(&w->sock, s);
    if (r == 0) {
        r = usocket_port_spawn(run, w);
    }
    if (r < 0) {
        usocket_close(&w->sock);
        if (w->event >= 0) {
            usocket_port_event_close(w->event);
        }
        usocket_port_free(w);
        return r;
    }
    *watch = w;
    return 0;
}

/* In a child of fork() there is no thread, and the event is the parent's. */
static bool is_inherited(const usocket_watch_t *w) {
#if USOCKET_FORK
    return w->process != process();
#else
    (void)w;
    return false;
#endif
}

void usocket_watch_again(usocket_watch_t *w) {
    if (!is_inherited(w)) {
        usocket_port_event_set(w->event);
    }
}

void usocket_watch_end(usocket_watch_t *w) {
    if (!is_inherited(w)) {
        ATOMIC_OR(&w->flags, STOP);
        usocket_port_event_set(w->event);
        while (!(ATOMIC_LOAD(&w->flags) & GONE)) {
            usocket_port_wait(NULL, 0, usocket_deadline_in(500));
        }
    }
    usocket_close(&w->sock);
    usocket_port_event_close(w->event);
    usocket_port_free(w);
}

#endif
