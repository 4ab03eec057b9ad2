/* Lookups off the caller's thread.
 *
 * A lookup that needs the system's resolver is a job: queued, run by one of a few workers, waited for through an event.
 * Its memory belongs to the caller until usocket_lookup_free, and then, if a worker has it, to the worker.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lookup.h"

#if USOCKET_NAMES

#include <string.h>

static int run(usocket_lookup_t *l) {
    if (l->reverse) {
        int r = usocket_port_reverse(&l->addr[0], l->flags, l->canon);
        if (r == USOCKET_EAI_NONAME && !(l->flags & USOCKET_NI_NAMEREQD)) {
            memcpy(l->canon, l->host, sizeof(l->canon)); /* the numeric form */
            r = 0;
        }
        return r;
    }
    size_t n = USOCKET_RESOLVER_RESULTS;
    int r = usocket_port_resolve(l->host, l->family, l->flags, l->addr, &n, l->canon, &l->uncounted);
    if (r == 0) {
        l->n = n;
        r = n != 0 ? 0 : USOCKET_EAI_NONAME;
    }
    return r;
}

#if USOCKET_RESOLVER_WORKERS

#define GROWS (USOCKET_RESOLVER_WORKERS_MOST > USOCKET_RESOLVER_WORKERS)
#define PATIENCE_US 250000 /* how long the queue may stand still before there are more workers */

static usocket_lookup_t *queue;
static unsigned taken; /* jobs, out of the queue, ever; where there may be more workers */
static int workers;    /* running, or about to */
static int abandoned;  /* of those who ran, how many work for nobody: they count no more, and end with their job */

/* Take a job out of a list. With the lock held; false if it is not there. */
static bool take_out(usocket_lookup_t **p, usocket_lookup_t *l) {
    while (*p != NULL && *p != l) {
        p = &(*p)->next;
    }
    bool there = *p == l;
    if (there) {
        *p = l->next;
    }
    return there;
}

static void append(usocket_lookup_t **p, usocket_lookup_t *l) {
    while (*p != NULL) {
        p = &(*p)->next;
    }
    *p = l;
}

static void done(usocket_lookup_t *l, int error) {
    l->error = error;
    l->state = DONE;
    usocket_port_event_set(l->event);
}

/* ---- Lookups of one name share one worker -------------------------------------------------------------------------- */

/* All with the lock held. */
#if LOOKUPS_SHARE

static usocket_lookup_t *running;

static bool alike(const usocket_lookup_t *a, const usocket_lookup_t *b) {
    return !a->reverse && !b->reverse && !a->uncounted && a->family == b->family && a->flags == b->flags &&
        strcmp(a->host, b->host) == 0;
}

/* Wait for the answer to the same question, if somebody has asked it. */
static bool join(usocket_lookup_t *l) {
    usocket_lookup_t *lists[2] = {queue, running};
    for (size_t i = 0; i < 2; i++) {
        for (usocket_lookup_t *p = lists[i]; p != NULL; p = p->next) {
            if (alike(p, l)) {
                l->leader = p;
                l->next = p->same;
                p->same = l;
                return true;
            }
        }
    }
    return false;
}

/* Tell those who wait. */
static void share(usocket_lookup_t *l, int error) {
    for (usocket_lookup_t *p = l->same; p != NULL; p = p->next) {
        p->n = l->n;
        memcpy(p->addr, l->addr, sizeof(p->addr));
        memcpy(p->canon, l->canon, sizeof(p->canon));
        p->leader = NULL;
        done(p, error);
    }
    l->same = NULL;
}

/* One of those who wait for it stands behind it in the queue, and asks for the others, too. */
static void hand_over(usocket_lookup_t *l) {
    usocket_lookup_t *heir = l->same;
    if (heir != NULL) {
        heir->same = heir->next;
        for (usocket_lookup_t *p = heir->same; p != NULL; p = p->next) {
            p->leader = heir;
        }
        heir->leader = l->same = NULL;
        heir->next = l->next;
        l->next = heir;
    }
}

static bool has_others(const usocket_lookup_t *l) {
    return l->same != NULL;
}

/* False: it waits for nobody else's. */
static bool part(usocket_lookup_t *l, usocket_lookup_t **from) {
    *from = l->leader;
    return l->leader != NULL && take_out(&l->leader->same, l);
}

static void set_running(usocket_lookup_t *l, bool on) {
    if (on) {
        l->next = running;
        running = l;
    } else {
        take_out(&running, l);
    }
}

#else
#define join(l) false
#define share(l, error) ((void)0)
#define hand_over(l) ((void)0)
#define has_others(l) false
#define set_running(l, on) ((void)0)
#endif

/* ---- Workers ------------------------------------------------------------------------------------------------------ */

static void work(void *unused) {
    (void)unused;
    usocket_port_lock();
    while (queue != NULL) {
        usocket_lookup_t *l = queue;
        queue = l->next;
        taken += GROWS;
        l->state = RUNNING;
        set_running(l, true);
        usocket_port_unlock();
        int error = run(l);
        usocket_port_lock();
        set_running(l, false);
        share(l, error);
        if (l->abandoned) {
            bool gone = l->uncounted;
            usocket_port_free(l);
            if (gone) {
                abandoned--;
                usocket_port_unlock();
                return;
            }
        } else {
            done(l, error);
        }
    }
    workers--;
    usocket_port_unlock();
}

/* A worker more, counted already. Where there is no thread to be had, another worker comes to the queue in time; without
 * one, all that wait in it fail. */
static bool start_worker(void) {
    if (usocket_port_spawn(work, NULL) == 0) {
        return true;
    }
    usocket_port_lock();
    workers--;
    while (workers == 0 && queue != NULL) {
        usocket_lookup_t *l = queue;
        queue = l->next;
        share(l, USOCKET_EAI_AGAIN);
        done(l, USOCKET_EAI_AGAIN);
    }
    usocket_port_unlock();
    return false;
}

#if GROWS

static bool watched; /* the queue, by watch() */

/* Workers that all wait for a silent server leave the queue as it is: then there are twice as many, up to the most. */
static void watch(void *unused) {
    (void)unused;
    int more = 0;
    usocket_port_lock();
    while (queue != NULL && workers < USOCKET_RESOLVER_WORKERS_MOST) {
        unsigned before = taken + (unsigned)more; /* those that have just begun take one each */
        usocket_port_unlock();
        usocket_wait_t nothing = {-1, USOCKET_POLL_IN, 0};
        usocket_port_wait(&nothing, 1, usocket_port_now() + PATIENCE_US);
        usocket_port_lock();
        more = 0;
        if (taken == before) {
            int room = USOCKET_RESOLVER_WORKERS_MOST - workers;
            room = workers < room ? workers : room;
            for (const usocket_lookup_t *l = queue; l != NULL && more < room; l = l->next) {
                more++;
            }
            workers += more;
        }
        usocket_port_unlock();
        for (int i = 0; i < more; i++) {
            start_worker();
        }
        usocket_port_lock();
    }
    watched = false;
    usocket_port_unlock();
}

/* With the lock held. True: a watch is to be started, and is counted already. */
static bool needs_watch(void) {
    bool start =
        !watched && queue != NULL && workers >= USOCKET_RESOLVER_WORKERS && workers < USOCKET_RESOLVER_WORKERS_MOST;
    watched = watched || start;
    return start;
}

static void start_watch(void) {
    if (usocket_port_spawn(watch, NULL) < 0) {
        usocket_port_lock();
        watched = false; /* the next lookup tries again */
        usocket_port_unlock();
    }
}

#else
#define needs_watch() false
#define start_watch() ((void)0)
#endif

#if USOCKET_FORK

/* With the lock held: in a child of fork() there are no workers yet, and no jobs. */
static void forget_parent(void) {
    static unsigned mine;
    if (mine != process()) {
        mine = process();
        queue = NULL;
        workers = abandoned = 0;
#if LOOKUPS_SHARE
        running = NULL;
#endif
#if GROWS
        watched = false;
#endif
    }
}

#else
#define forget_parent() ((void)0)
#endif

int usocket_lookup_dispatch(usocket_lookup_t *l) {
    l->event = usocket_port_event_open();
    if (l->event < 0) {
        return l->event;
    }
    usocket_port_lock();
    forget_parent();
    bool spawn = false;
    if (!join(l)) {
        append(&queue, l);
        spawn = workers < USOCKET_RESOLVER_WORKERS;
        workers += spawn;
    }
    bool to_watch = !spawn && needs_watch();
    usocket_port_unlock();
    if (to_watch) {
        start_watch();
    }
    if (!spawn || start_worker()) {
        return 0;
    }
    usocket_port_lock();
    int r = l->state == DONE && l->error == USOCKET_EAI_AGAIN ? USOCKET_EAGAIN : 0;
    usocket_port_unlock();
    return r;
}

/* A worker runs it for nobody any more. Another may take its place: a server that is silent for one name must not hold up
 * every other. True: it is to be started. */
static bool forsake(usocket_lookup_t *l) {
    if (abandoned >= USOCKET_RESOLVER_WORKERS_MOST || has_others(l)) {
        return false;
    }
    l->uncounted = true;
    abandoned++;
    bool spawn = queue != NULL;
    workers -= !spawn;
    return spawn;
}

bool usocket_lookup_withdraw(usocket_lookup_t *l) {
    if (is_inherited(l)) {
        return true;
    }
    usocket_port_lock();
    bool ours = l->state != RUNNING;
    bool spawn = false;
    if (!ours) {
        l->abandoned = true;
        spawn = forsake(l);
    } else if (l->state == QUEUED) {
#if LOOKUPS_SHARE
        usocket_lookup_t *from;
        if (part(l, &from)) {
            spawn = from->abandoned && forsake(from);
        } else {
            hand_over(l);
            take_out(&queue, l);
        }
#else
        take_out(&queue, l);
#endif
    }
    usocket_port_unlock();
    if (spawn) {
        start_worker();
    }
    return ours;
}

#else

int usocket_lookup_dispatch(usocket_lookup_t *l) {
    l->error = run(l);
    l->state = DONE;
    return 0;
}

#endif

#endif
