/* Lookups off the caller's thread.
 *
 * A lookup that needs the system's resolver is a job. It waits in a queue until a worker, a
 * detached thread, runs it without the lock; its event reports the end. Workers are started when
 * jobs come, and end when the queue is empty, so that an idle process has none.
 *
 * A resolver that waits for a silent name server cannot be interrupted. Three rules keep one name
 * from blocking the others: a queue that stands still gets more workers (watch_queue); the worker
 * of a lookup that was abandoned is not counted any more, so that another takes its place
 * (uncount_worker); a second lookup of a name follows the first, and takes no worker (follow).
 *
 * SPDX-License-Identifier: MIT
 */
#include "lookup.h"

#if USOCKET_NAMES && !USOCKET_ASKS

/* Ask the system's resolver, and store the answer in l, which no other thread reads before it is
 * DONE. Waits as long as the resolver does. 0, or a code. */
static int run_lookup(usocket_lookup_t *l) {
    if (l->reverse != NULL) {
        return l->reverse(l);
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
#define STALL_US 250000 /* The queue may stand still so long before it gets more workers. */

/* Under the lock. */
static usocket_lookup_t *queue;
static unsigned taken; /* The number of jobs ever taken from the queue; used where the number of workers grows. */
static int workers;    /* The number of workers that run, or are being started. */
static int abandoned;  /* Workers of abandoned lookups. They are not in `workers`; each ends after its job. */

/* Remove a job from a list, under the lock. False if it is not there. */
static bool remove_job(usocket_lookup_t **p, usocket_lookup_t *l) {
    while (*p != NULL && *p != l) {
        p = &(*p)->next;
    }
    bool there = *p == l;
    if (there) {
        *p = l->next;
    }
    return there;
}

/* Append a job to a list, under the lock. */
static void append_job(usocket_lookup_t **p, usocket_lookup_t *l) {
    while (*p != NULL) {
        p = &(*p)->next;
    }
    *p = l;
}

/* End a lookup, under the lock. Its owner may free it as soon as the lock is released. */
static void complete(usocket_lookup_t *l, int error) {
    l->error = error;
    l->state = DONE;
    usocket_port_event_set(l->handle);
}

/* ---- Lookups of one name share one worker ------------------------------------------------------------------------ */

/* Everything here runs under the lock. */
#if LOOKUPS_SHARE

static usocket_lookup_t *running; /* The jobs that workers run, linked by `next`. */

/* True if b can have the answer of a. A reverse lookup is
 * not shared, nor one that its worker runs for no caller. */
static bool is_same_question(const usocket_lookup_t *a, const usocket_lookup_t *b) {
    return a->reverse == NULL && b->reverse == NULL && !a->uncounted && a->family == b->family &&
        a->flags == b->flags && strcmp(a->host, b->host) == 0;
}

/* Make l follow a lookup of the same name, if there is one. */
static bool follow(usocket_lookup_t *l) {
    usocket_lookup_t *lists[2] = {queue, running};
    for (size_t i = 0; i < 2; i++) {
        for (usocket_lookup_t *p = lists[i]; p != NULL; p = p->next) {
            if (is_same_question(p, l)) {
                l->leader = p;
                l->next = p->same;
                p->same = l;
                return true;
            }
        }
    }
    return false;
}

/* Give the followers of l a copy of its answer. */
static void share_answer(usocket_lookup_t *l, int error) {
    for (usocket_lookup_t *p = l->same; p != NULL; p = p->next) {
        p->n = l->n;
        memcpy(p->addr, l->addr, sizeof(p->addr));
        memcpy(p->canon, l->canon, sizeof(p->canon));
        p->leader = NULL;
        complete(p, error);
    }
    l->same = NULL;
}

/* Put the first follower of l into the queue behind it, with the other followers as its own. */
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

/* True if l has followers: callers other than its own wait for its answer. */
static bool has_followers(const usocket_lookup_t *l) {
    return l->same != NULL;
}

/* Stop following; *from is the leader. False: l follows none. */
static bool unfollow(usocket_lookup_t *l, usocket_lookup_t **from) {
    *from = l->leader;
    return l->leader != NULL && remove_job(&l->leader->same, l);
}

/* Enter a job that has left the queue in `running`, where `follow` finds it, or remove it. */
static void set_running(usocket_lookup_t *l, bool on) {
    if (on) {
        l->next = running;
        running = l;
    } else {
        remove_job(&running, l);
    }
}

#else
#define follow(l) false
#define share_answer(l, error) ((void)0)
#define hand_over(l) ((void)0)
#define has_followers(l) false
#define set_running(l, on) ((void)0)
#endif

/* ---- Workers ----------------------------------------------------------------------------------------------------- */

/* A worker. It holds the lock except while it runs a job; its last action under the lock is to
 * leave `workers` or `abandoned`. */
static void run_worker(void *unused) {
    (void)unused;
    usocket_port_lock();
    while (queue != NULL) {
        usocket_lookup_t *l = queue;
        queue = l->next;
        taken += GROWS;
        l->state = RUNNING;
        set_running(l, true);
        usocket_port_unlock();
        int error = run_lookup(l);
        usocket_port_lock();
        set_running(l, false);
        share_answer(l, error);
        if (l->abandoned) {
            bool gone = l->uncounted; /* this worker has been replaced, and ends */
            usocket_port_free(l);
            if (gone) {
                abandoned--;
                usocket_port_unlock();
                return;
            }
        } else {
            complete(l, error);
        }
    }
    workers--;
    usocket_port_unlock();
}

/* Start a worker, which is counted already. If the system has no thread for it, another worker gets
 * to the queue in time; if there is none, every lookup in the queue fails. */
static bool start_worker(void) {
    if (usocket_port_spawn(run_worker, NULL) == 0) {
        return true;
    }
    usocket_port_lock();
    workers--;
    while (workers == 0 && queue != NULL) {
        usocket_lookup_t *l = queue;
        queue = l->next;
        share_answer(l, USOCKET_EAI_AGAIN);
        complete(l, USOCKET_EAI_AGAIN);
    }
    usocket_port_unlock();
    return false;
}

#if GROWS

static bool watched; /* A thread runs watch_queue. Under the lock. */

/* Double the number of workers, up to USOCKET_RESOLVER_WORKERS_MOST, each time the queue stands
 * still because a name server is silent. */
static void watch_queue(void *unused) {
    (void)unused;
    int more = 0;
    usocket_port_lock();
    while (queue != NULL && workers < USOCKET_RESOLVER_WORKERS_MOST) {
        unsigned before = taken + (unsigned)more; /* each of those just started takes a job */
        usocket_port_unlock();
        usocket_wait_t nothing = {-1, USOCKET_POLL_IN, 0};
        usocket_port_wait(&nothing, 1, usocket_port_now() + STALL_US);
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

/* Decide, under the lock, whether to start watch_queue.
 * True: the caller has to; `watched` is set. */
static bool needs_watch(void) {
    bool start =
        !watched && queue != NULL && workers >= USOCKET_RESOLVER_WORKERS && workers < USOCKET_RESOLVER_WORKERS_MOST;
    watched = watched || start;
    return start;
}

/* Start watch_queue, without the lock. Without a thread for it the queue is not watched. */
static void start_watch(void) {
    if (usocket_port_spawn(watch_queue, NULL) < 0) {
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

/* Forget the workers and jobs of the parent in a child of fork(), under the lock. */
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

/* Threads are started without the lock; `workers` and `watched` are counted before, so that two
 * callers do not start one too many. */
int usocket_lookup_dispatch(usocket_lookup_t *l) {
    l->handle = usocket_port_event_open();
    if (l->handle < 0) {
        return l->handle;
    }
    usocket_port_lock();
    forget_parent();
    bool spawn = false;
    if (!follow(l)) {
        append_job(&queue, l);
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
    /* There was no thread. start_worker has ended the lookup,
     * unless a worker that runs will take it from the queue. */
    int r = l->state == DONE && l->error == USOCKET_EAI_AGAIN ? USOCKET_EAGAIN : 0;
    usocket_port_unlock();
    return r;
}

/* Stop counting the worker of an abandoned lookup, so that a name server that is silent for one
 * name does not hold up the others.
 * True: the caller has to start a worker in its place. */
static bool uncount_worker(usocket_lookup_t *l) {
    if (abandoned >= USOCKET_RESOLVER_WORKERS_MOST || has_followers(l)) {
        return false;
    }
    l->uncounted = true;
    abandoned++;
    bool spawn = queue != NULL;
    workers -= !spawn;
    return spawn;
}

/* A follower only leaves its leader. If the leader was abandoned before, and no follower is left,
 * its worker is uncounted now. A queued leader hands its place over to its first follower. */
bool usocket_lookup_withdraw(usocket_lookup_t *l) {
    if (is_inherited(l)) {
        return true;
    }
    usocket_port_lock();
    bool ours = l->state != RUNNING;
    bool spawn = false;
    if (!ours) {
        l->abandoned = true;
        spawn = uncount_worker(l);
    } else if (l->state == QUEUED) {
#if LOOKUPS_SHARE
        usocket_lookup_t *from;
        if (unfollow(l, &from)) {
            spawn = from->abandoned && uncount_worker(from);
        } else {
            hand_over(l);
            remove_job(&queue, l);
        }
#else
        remove_job(&queue, l);
#endif
    }
    usocket_port_unlock();
    if (spawn) {
        start_worker();
    }
    return ours;
}

#else

/* Without workers the lookup ends here, on the caller's thread; a deadline does not limit it. */
int usocket_lookup_dispatch(usocket_lookup_t *l) {
    l->error = run_lookup(l);
    l->state = DONE;
    return 0;
}

#endif

#endif
