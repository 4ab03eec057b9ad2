/* The scheduler of schedule.h. One lock protects it; each thread waits for its turn at a condition of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "schedule.h"
#include "look.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS 32
#define STEP_US 100 /* a step of the clock's time */
#define TICK_US 10000

struct thread {
    pthread_t id;
    pthread_cond_t turn;
    char name[12];
    unsigned priority;
    void (*entry)(void *);
    void *arg;
    bool used, done, blocked, answer;
    const char *waits;          /* what it waits for */
    bool (*ready)(void *);      /* NULL: for the time alone */
    void *ready_arg;
    bool ever;
    uint32_t until;
    struct schedule_mutex *mutex; /* the mutex that it waits for */
    uint64_t since;               /* the order in which waiters came, and the turns of a priority */
};

struct poll {
    bool (*ready)(void *);
    void *arg;
    bool woken;
    struct poll *next;
};

static struct {
    pthread_mutex_t lock;
    bool ending;
    struct schedule set;
    struct thread threads[THREADS];
    struct thread *current;
    unsigned steps, masked, slice;
    uint64_t time, order;
    unsigned asked, served; /* calls of lwIP's thread */
    struct poll *polls;
    int fence; /* a datagram socket that is connected to itself */
    cpu_set_t cpus; /* before the program was pinned to one */
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static __thread struct thread *self;

static unsigned dice(unsigned sides) {
    all.set.seed = all.set.seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(all.set.seed >> 33) % sides;
}

bool schedule_on(void) {
    return self != NULL;
}

uint32_t schedule_tick(void) {
    return (uint32_t)(all.time / TICK_US);
}

/* The priority of a thread, or the highest of the threads that wait for its mutexes; `depth` ends a circle of them. */
static unsigned rank_at(const struct thread *t, unsigned depth) {
    unsigned best = t->priority;
    for (struct thread *w = all.threads; depth != 0 && w < all.threads + THREADS; w++) {
        if (w->used && !w->done && w->blocked && w->mutex != NULL && w->mutex->owner == t) {
            unsigned r = rank_at(w, depth - 1);
            best = r < best ? r : best;
        }
    }
    return best;
}

static unsigned rank(const struct thread *t) {
    return rank_at(t, 4);
}

static bool comes_first(const struct thread *a, const struct thread *b, bool in_turn) {
    unsigned x = in_turn ? 0 : rank(a), y = in_turn ? 0 : rank(b);
    return x < y || (x == y && a->since < b->since);
}

static void hang(const char *why) {
    fprintf(stderr, "%s after %u steps on %u processors, at tick %u:\n", why, all.steps, all.set.processors, schedule_tick());
    for (struct thread *t = all.threads; t < all.threads + THREADS; t++) {
        if (t->used && !t->done) {
            struct thread *owner = t->blocked && t->mutex != NULL ? t->mutex->owner : NULL;
            fprintf(stderr, "  %-10s priority %2u (%2u) %s%s%s%s\n", t->name, t->priority, rank(t), t->blocked ? "waits for " : "is ready",
                    t->blocked ? t->waits : "", owner != NULL ? " of " : "", owner != NULL ? owner->name : "");
        }
    }
    abort();
}

/* Wake the threads of waits that are over, the oldest wait first. */
static void wake(void) {
    struct thread *waiters[THREADS];
    unsigned n = 0;
    for (struct thread *t = all.threads; t < all.threads + THREADS; t++) {
        if (t->used && !t->done && t->blocked) {
            unsigned i = n++;
            for (; i > 0 && waiters[i - 1]->since > t->since; i--) {
                waiters[i] = waiters[i - 1];
            }
            waiters[i] = t;
        }
    }
    for (unsigned i = 0; i < n; i++) {
        struct thread *t = waiters[i];
        t->answer = t->ready != NULL && t->ready(t->ready_arg);
        if (t->answer || (!t->ever && (int32_t)(schedule_tick() - t->until) >= 0)) {
            t->blocked = false;
            t->since = ++all.order;
        }
    }
}

/* The ready threads that the processors run, the highest first. */
static unsigned running(struct thread **out) {
    unsigned n = 0;
    for (struct thread *t = all.threads; t < all.threads + THREADS; t++) {
        if (!t->used || t->done || t->blocked) {
            continue;
        }
        struct thread *next = t;
        for (unsigned i = 0; i < all.set.processors; i++) {
            if (i == n) {
                out[n++] = next;
                break;
            }
            if (comes_first(next, out[i], false)) {
                struct thread *other = out[i];
                out[i] = next;
                next = other;
            }
        }
    }
    return n;
}

/* Wait until the host has delivered everything, however busy it is. One processor delivers in order: a datagram that is sent now comes
 * last. The answers that the host has given to others come in the next rounds. */
static void deliver(void) {
    char c = 0;
    for (int i = 0; i < 4; i++) {
        struct pollfd p = {.fd = all.fence, .events = POLLIN};
        if (send(all.fence, &c, 1, 0) != 1 || poll(&p, 1, 60000) != 1 || recv(all.fence, &c, 1, 0) != 1) {
            hang("The host delivers nothing");
        }
    }
}

static void pin(void) {
    cpu_set_t one;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    all.fence = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (sched_getaffinity(0, sizeof(all.cpus), &all.cpus) < 0 || sched_setaffinity(0, sizeof(one), &one) < 0 ||
        bind(all.fence, (struct sockaddr *)&a, len) < 0 || getsockname(all.fence, (struct sockaddr *)&a, &len) < 0 ||
        connect(all.fence, (struct sockaddr *)&a, len) < 0) {
        hang("The host has no processor or no loopback");
    }
}

/* Let the time pass to the end of the earliest wait. */
static void idle(void) {
    deliver();
    wake();
    struct thread *some[2];
    if (running(some) != 0) {
        return;
    }
    bool any = false;
    uint32_t first = 0;
    for (struct thread *w = all.threads; w < all.threads + THREADS; w++) {
        if (w->used && !w->done && w->blocked && !w->ever && (!any || (int32_t)(w->until - first) < 0)) {
            first = w->until;
            any = true;
        }
    }
    if (!any) {
        hang("Every thread waits");
    }
    all.time = (all.time / TICK_US + (first - schedule_tick())) * TICK_US;
    wake();
}

/* Hand over to the thread that is next. Under the lock. */
static void hand_over(void) {
    if (++all.steps > all.set.most) {
        hang("No end");
    }
    all.time += STEP_US;
    wake();
    struct thread *some[2];
    unsigned n;
    while ((n = running(some)) == 0) {
        idle();
    }
    /* The time slice of a thread is over: another of its priority comes first. */
    if (all.slice-- == 0) {
        all.slice = 1 + dice(60);
        all.current->since = ++all.order;
        n = running(some);
    }
    all.current = some[n > 1 ? dice(n) : 0];
    if (all.current != self) {
        pthread_cond_signal(&all.current->turn);
    }
}

static void await_turn(void) {
    while (all.current != self) {
        pthread_cond_wait(&self->turn, &all.lock);
    }
}

/* In a library that is compiled with -finstrument-functions each function is a step. */
void __cyg_profile_func_enter(void *function, void *from);
void __cyg_profile_func_exit(void *function, void *from);

void __cyg_profile_func_enter(void *function, void *from) {
    (void)function, (void)from;
    schedule_step();
}

void __cyg_profile_func_exit(void *function, void *from) {
    (void)function, (void)from;
}

void schedule_step(void) {
    if (self == NULL || all.masked != 0) {
        return;
    }
    pthread_mutex_lock(&all.lock);
    hand_over();
    await_turn();
    pthread_mutex_unlock(&all.lock);
}

static bool wait_for(const char *what, bool (*ready)(void *), void *arg, bool ever, uint32_t until, struct schedule_mutex *m) {
    pthread_mutex_lock(&all.lock);
    self->waits = what;
    self->ready = ready;
    self->ready_arg = arg;
    self->ever = ever;
    self->until = until;
    self->mutex = m;
    self->since = ++all.order;
    self->blocked = true;
    hand_over();
    await_turn();
    self->mutex = NULL;
    pthread_mutex_unlock(&all.lock);
    return self->answer;
}

bool schedule_wait(const char *what, bool (*ready)(void *), void *arg, bool ever, uint32_t until) {
    return wait_for(what, ready, arg, ever, until, NULL);
}

void schedule_mask(bool on) {
    all.masked += on ? 1u : -1u;
}

/* ---- Mutexes ------------------------------------------------------------------------------------------------------ */

static bool is_owner(void *arg) {
    const struct thread *t = arg;
    return t->mutex->owner == t;
}

void schedule_take(struct schedule_mutex *m) {
    schedule_step();
    if (m->owner == NULL || m->owner == self) {
        m->owner = self;
    } else {
        wait_for("a mutex", is_owner, self, true, 0, m);
    }
    m->count++;
}

void schedule_release(struct schedule_mutex *m) {
    if (m->owner != self || m->count == 0) {
        hang("A mutex is released by another thread");
    }
    if (--m->count == 0) {
        struct thread *next = NULL;
        for (struct thread *t = all.threads; t < all.threads + THREADS; t++) {
            if (t->used && !t->done && t->blocked && t->mutex == m && (next == NULL || comes_first(t, next, m->in_turn))) {
                next = t;
            }
        }
        m->owner = next;
    }
    schedule_step();
}

/* ---- lwIP's thread ------------------------------------------------------------------------------------------------ */

static bool has_work(void *unused) {
    (void)unused;
    for (const struct poll *p = all.polls; p != NULL; p = p->next) {
        if (!p->woken && p->ready(p->arg)) {
            return true;
        }
    }
    return all.served != all.asked || all.ending;
}

static void run_tcpip(void *unused) {
    while (!all.ending) {
        schedule_wait("work", has_work, unused, true, 0);
        all.served += all.served != all.asked;
        for (struct poll *p = all.polls; p != NULL; p = p->next) {
            p->woken = p->woken || p->ready(p->arg);
        }
    }
}

static bool is_served(void *arg) {
    return (int)(all.served - *(unsigned *)arg) >= 0;
}

void schedule_call(void) {
    if (self != NULL) {
        unsigned number = ++all.asked;
        wait_for("lwIP's thread", is_served, &number, true, 0, NULL);
    }
}

static bool is_woken(void *arg) {
    return ((struct poll *)arg)->woken;
}

void schedule_poll(bool (*ready)(void *), void *arg, bool ever, uint32_t until) {
    struct poll p = {.ready = ready, .arg = arg, .next = all.polls};
    all.polls = &p;
    wait_for("a poll", is_woken, &p, ever, until, NULL);
    struct poll **at = &all.polls;
    while (*at != &p) {
        at = &(*at)->next;
    }
    *at = p.next;
}

/* ---- Threads ------------------------------------------------------------------------------------------------------ */

static struct thread *enter(const char *name, unsigned priority) {
    struct thread *t = all.threads;
    while (t->used && !t->done) {
        if (++t == all.threads + THREADS) {
            hang("Too many threads");
        }
    }
    if (t->used) {
        pthread_join(t->id, NULL);
    }
    memset(t, 0, sizeof(*t));
    pthread_cond_init(&t->turn, NULL);
    snprintf(t->name, sizeof(t->name), "%s", name);
    t->priority = priority;
    t->since = ++all.order;
    t->used = true;
    return t;
}

static void *start(void *arg) {
    self = arg;
    pthread_mutex_lock(&all.lock);
    await_turn();
    pthread_mutex_unlock(&all.lock);
    self->entry(self->arg);
    pthread_mutex_lock(&all.lock);
    self->done = true;
    hand_over();
    pthread_mutex_unlock(&all.lock);
    return NULL;
}

void schedule_spawn(const char *name, unsigned priority, void (*entry)(void *), void *arg) {
    struct thread *t = enter(name, priority);
    t->entry = entry;
    t->arg = arg;
    if (pthread_create(&t->id, NULL, start, t) != 0) {
        hang("No thread");
    }
    schedule_step();
}

void schedule_begin(const struct schedule *s) {
    memset(all.threads, 0, sizeof(all.threads));
    all.set = *s;
    all.set.seed = s->seed * 0x9e3779b97f4a7c15u + 1;
    all.steps = all.masked = all.asked = all.served = all.slice = 0;
    all.time = 0;
    all.ending = false;
    all.polls = NULL;
    all.current = self = enter("main", s->priority);
    self->id = pthread_self();
    pin();
    schedule_spawn("tcpip", s->tcpip, run_tcpip, NULL);
}

static unsigned living(void) {
    unsigned n = 0;
    for (struct thread *t = all.threads; t < all.threads + THREADS; t++) {
        n += t->used && !t->done;
    }
    return n;
}

static bool is_alone(void *most) {
    return living() <= *(unsigned *)most;
}

unsigned schedule_end(void) {
    unsigned two = 2, one = 1;
    schedule_wait("the other threads", is_alone, &two, true, 0);
    all.ending = true;
    schedule_wait("lwIP's thread to end", is_alone, &one, true, 0);
    for (struct thread *t = all.threads; t < all.threads + THREADS; t++) {
        if (t->used && t != self) {
            pthread_join(t->id, NULL);
        }
    }
    self = NULL;
    close(all.fence);
    sched_setaffinity(0, sizeof(all.cpus), &all.cpus);
    return all.steps;
}
