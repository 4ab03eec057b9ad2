/* Watching a socket: by the stack's report (USOCKET_NOTIFIES), or from a thread of the library's
 * own.
 *
 * The watcher shares the connection, which stays open for the stack or for the thread without a
 * hold on the program's socket.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/base.h"

#if USOCKET_NOTIFIES

struct usocket_watch {
    usocket_t sock; /* It shares the connection. */
    int handle;     /* The handle that is armed. The program may have taken it away since (usocket_detach). */
    bool (*ready)(void *arg);
    void *arg;
};

/* The port calls this, perhaps in an interrupt. */
static bool report(void *arg) {
    usocket_watch_t *w = arg;
    return w->ready(w->arg);
}

static int arm(usocket_watch_t *w) {
    return usocket_port_notify(w->handle, report, w);
}

/* `ready` may be called before usocket_watch returns. */
static int begin(usocket_watch_t *w, usocket_t *s) {
    int r = usocket_share(&w->sock, s);
    if (r == 0) {
        w->handle = LOOSE_LOAD(&w->sock.base->fd);
        r = arm(w);
    }
    return r;
}

void usocket_watch_again(usocket_watch_t *w) {
    if (LOOSE_LOAD(&w->sock.base->fd) >= 0) {
        arm(w);
    }
}

/* The port names the watcher by its address, so a handle that is another socket's by now keeps its
 * own watcher. */
void usocket_watch_end(usocket_watch_t *w) {
    usocket_port_notify(w->handle, NULL, w);
    usocket_close(&w->sock);
    usocket_port_free(w);
}

#elif USOCKET_THREADS

/* After `ready` has returned true the thread waits for the event alone, until usocket_watch_again
 * sets it. The caller of usocket_watch_end frees the watcher, after the thread has set GONE, its
 * last access. */

struct usocket_watch {
    usocket_t sock;   /* It shares the connection, which thus stays open for the thread. */
    int event;        /* The event that ends the thread's wait; the caller sets it after it has changed `flags`. */
    uint32_t flags;   /* STOP, GONE; atomic. */
#if USOCKET_FORK
    unsigned process; /* The process that its thread runs in. */
#endif
    bool (*ready)(void *arg);
    void *arg;
};

enum { STOP = 1, GONE = 2 };

/* Wait and call `ready`, until STOP is set. */
static void watch_socket(usocket_watch_t *w) {
    bool armed = true;
    for (;;) {
        usocket_wait_t set[2] = {
            {w->event, USOCKET_POLL_IN, 0}, {armed ? LOOSE_LOAD(&w->sock.base->fd) : -1, USOCKET_POLL_IN, 0}};
        int r = usocket_port_wait(set, 2, USOCKET_NEVER);
        if (set[0].ready) {
            /* Clear it before the flags are read: a flag that is set later sets the event again. */
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
            /* The callback has refused, or the wait had
             * no memory: repeat it after a millisecond. */
            usocket_port_wait(set, offered, usocket_deadline_in(1000));
        }
    }
}

static void run_watch(void *arg) {
    usocket_watch_t *w = arg;
    watch_socket(w);
    ATOMIC_OR(&w->flags, GONE);
}

/* On failure there is neither thread nor event. */
static int begin(usocket_watch_t *w, usocket_t *s) {
#if USOCKET_FORK
    w->process = process();
#endif
    w->flags = 0;
    w->event = usocket_port_event_open();
    int r = w->event < 0 ? w->event : usocket_share(&w->sock, s);
    if (r == 0) {
        r = usocket_port_spawn(run_watch, w);
    }
    if (r < 0 && w->event >= 0) {
        usocket_port_event_close(w->event);
    }
    return r;
}

/* True in a child of fork(), which has no such thread, and in which the event is the parent's. */
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

/* The thread is detached, so its end is polled; it comes at once unless `ready` runs. */
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

#if USOCKET_NOTIFIES || USOCKET_THREADS

/* On failure nothing is left, and no share. */
int usocket_watch(usocket_watch_t **watch, usocket_t *s, bool (*ready)(void *arg), void *arg) {
    *watch = NULL;
    usocket_watch_t *w = usocket_port_alloc(sizeof(*w));
    if (w == NULL) {
        return USOCKET_ENOMEM;
    }
    usocket_init(&w->sock);
    w->ready = ready;
    w->arg = arg;
    int r = begin(w, s);
    if (r < 0) {
        usocket_close(&w->sock);
        usocket_port_free(w);
        return r;
    }
    *watch = w;
    return 0;
}

#endif
