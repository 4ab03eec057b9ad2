/* The simulator's clock, actors, memory and lock.
 *
 * Actors are threads of which exactly one runs at a time: this is as deterministic as coroutines, and as transparent to
 * sanitizers and valgrind as threads.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "internal.h"

#define ACTORS 48
#define SPIN_LIMIT 20000 /* waits without an advance of the clock: a loop spins */

struct world world;

struct actor {
    pthread_t thread;
    pthread_cond_t go;
    void (*run)(void *);
    void *arg;
    bool worker, done, waiting, joining;
    usocket_wait_t *w;
    size_t n;
    usocket_time_t deadline, signal_at, cost;
};

static pthread_mutex_t baton = PTHREAD_MUTEX_INITIALIZER;
static struct actor *actors[ACTORS];
static int actor_count, current;
static int lock_depth, wake_depth;
static unsigned long waits, spins, worlds;

void sim_misuse(const char *what) {
    world.misuses++;
    fprintf(stderr, "simulator: misuse: %s\n", what);
}

static struct actor *actor_new(void (*run)(void *), void *arg) {
    struct actor *a = calloc(1, sizeof *a);
    if (!a || actor_count == ACTORS) {
        fprintf(stderr, "simulator: too many actors\n");
        abort();
    }
    pthread_cond_init(&a->go, NULL);
    a->run = run;
    a->arg = arg;
    a->signal_at = USOCKET_NEVER;
    actors[actor_count++] = a;
    return a;
}

static void actor_delete(int i) {
    if (actors[i]->run) {
        pthread_mutex_unlock(&baton);
        pthread_join(actors[i]->thread, NULL);
        pthread_mutex_lock(&baton);
    }
    pthread_cond_destroy(&actors[i]->go);
    free(actors[i]);
    actors[i] = actors[--actor_count];
}

void sim_begin(void) {
    static bool begun;
    if (!begun) {
        pthread_mutex_lock(&baton);
        begun = true;
    }
    if (actor_count == 1) {
        actor_delete(0);
    }
    actor_count = current = 0; /* actors of a failed test sleep for ever */
    lock_depth = wake_depth = 0;
    waits = spins = 0;
    sim_handles_begin();
    memset(&world, 0, sizeof world);
    worlds++;
    world.now = 1000000;
    world.latency = 100;
    world.receive_buffer = world.send_buffer = 32768;
    world.datagrams = DATAGRAMS;
    world.most_handles = HANDLES;
    world.next_port = 40000;
    world.random = 88172645463325252u;
    sim_wall_time((int64_t)time(NULL));
    sim_net_begin();
    sim_names_begin();
    sim_secrets_begin();
    sim_faults_begin();
    actor_new(NULL, NULL);
}

static int look(usocket_wait_t *w, size_t n) {
    int ready = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t mask = (uint8_t)(w[i].events | USOCKET_POLL_ERR | USOCKET_POLL_HUP | USOCKET_POLL_NVAL);
        w[i].ready = w[i].handle < 0 ? 0 : sim_ready(w[i].handle) & mask;
        ready += w[i].ready != 0;
    }
    return ready;
}

static bool others_done(const struct actor *me) {
    for (int i = 0; i < actor_count; i++) {
        if (actors[i] != me && actors[i]->run && !actors[i]->worker && !actors[i]->done) {
            return false;
        }
    }
    return true;
}

static bool runnable(struct actor *a) {
    if (a->done) {
        return false;
    }
    if (!a->waiting) {
        return true;
    }
    if (a->joining) {
        return others_done(a);
    }
    return a->signal_at <= world.now || a->deadline <= world.now || look(a->w, a->n) > 0 || (wake_depth > 0 && a->w)
        || (world.draining && a->worker);
}

/* Advance the clock to the next event. Returns false if there is none. */
static bool advance(void) {
    usocket_time_t next = sim_earlier(sim_earlier(sim_net_next(), sim_alarms_next()), sim_notify_next());
    for (int i = 0; i < actor_count; i++) {
        if (!actors[i]->done && actors[i]->waiting) {
            next = sim_earlier(next, sim_earlier(actors[i]->deadline, actors[i]->signal_at));
        }
    }
    if (next == USOCKET_NEVER) {
        return false;
    }
    if (next > world.now) {
        world.now = next;
        spins = 0;
    }
    return true;
}

/* Pass control to the next actor that can run, the caller last. */
static void schedule(void) {
    struct actor *me = actors[current];
    for (;;) {
        sim_net_tick();
        sim_notify_tick();
        for (int k = 1; k <= actor_count; k++) {
            int i = (current + k) % actor_count;
            if (!runnable(actors[i])) {
                continue;
            }
            current = i;
            if (actors[i] != me) {
                pthread_cond_signal(&actors[i]->go);
                if (me->done) {
                    return;
                }
                while (actors[current] != me) {
                    pthread_cond_wait(&me->go, &baton);
                }
            }
            return;
        }
        if (!advance()) {
            fprintf(stderr, "simulator: deadlock: every actor waits for ever\n");
            abort();
        }
    }
}

static void *actor_main(void *arg) {
    struct actor *me = arg;
    pthread_mutex_lock(&baton);
    while (actors[current] != me) {
        pthread_cond_wait(&me->go, &baton);
    }
    me->run(me->arg);
    me->done = true;
    schedule();
    pthread_mutex_unlock(&baton);
    return NULL;
}

static struct actor *start(void (*run)(void *), void *arg) {
    for (int i = 0; i < actor_count; i++) { /* end the remaining actors */
        if (actors[i]->done && i != current) {
            bool last_is_current = current == actor_count - 1;
            actor_delete(i);
            if (last_is_current) {
                current = i;
            }
            i--;
        }
    }
    struct actor *a = actor_new(run, arg);
    if (pthread_create(&a->thread, NULL, actor_main, a) != 0) {
        abort();
    }
    return a;
}

void sim_actor(void (*run)(void *), void *arg) {
    start(run, arg);
}

static void rest(usocket_wait_t *w, size_t n, usocket_time_t deadline, bool joining) {
    struct actor *me = actors[current];
    me->w = w;
    me->n = n;
    me->deadline = deadline;
    me->joining = joining;
    me->waiting = true;
    schedule();
    me->waiting = me->joining = false;
    me->w = NULL;
    me->n = 0;
}

void sim_join(void) {
    rest(NULL, 0, USOCKET_NEVER, true);
}

void sim_sleep(usocket_time_t us) {
    usocket_time_t until = us == USOCKET_NEVER ? us : world.now + us;
    usocket_time_t signal_at = actors[current]->signal_at;
    actors[current]->signal_at = USOCKET_NEVER;
    rest(NULL, 0, until, false);
    actors[current]->signal_at = signal_at;
}

void sim_cost(usocket_time_t us) {
    actors[current]->cost = us;
}

void sim_spend(void) {
    if (actors[current]->cost && !lock_depth) {
        sim_sleep(actors[current]->cost);
    }
}

void sim_signal_in(usocket_time_t us) {
    actors[current]->signal_at = world.now + us;
}

unsigned long sim_waits(void) {
    return waits;
}

bool sim_drain(void) {
    world.draining = true;
    sim_join();
    bool all = true;
    for (int rounds = 0; rounds < 10 * ACTORS; rounds++) {
        all = true;
        for (int i = 0; i < actor_count; i++) {
            all = all && (i == current || actors[i]->done);
        }
        if (all) {
            break;
        }
        sim_sleep(1);
    }
    for (int i = actor_count - 1; i >= 0 && all; i--) {
        if (i != current) {
            struct actor *me = actors[current];
            actor_delete(i);
            for (current = 0; actors[current] != me; current++) {
            }
        }
    }
    world.draining = false;
    return all;
}

sim_census_t sim_census(void) {
    sim_census_t c = { .allocations = world.allocations, .actors = actor_count - 1, .misuses = world.misuses };
    for (int i = 0; i < HANDLES; i++) {
        c.handles += world.handles[i].kind != FREE;
    }
    return c;
}

/* ---- The port ---- */

usocket_time_t usocket_port_now(void) {
    return world.now;
}

int usocket_port_wait(usocket_wait_t *w, size_t n, usocket_time_t deadline) {
    struct actor *me = actors[current];
    waits++;
    if (lock_depth) {
        sim_misuse("a wait with the lock held");
    }
    if (n > USOCKET_WAIT_MAX) {
        sim_misuse("a wait for too many things");
    }
    for (size_t i = 0; i < n; i++) {
        w[i].ready = 0;
        if (w[i].handle >= HANDLES || (w[i].handle >= 0 && world.handles[w[i].handle].kind == FREE)) {
            sim_misuse("a wait on a closed handle");
        }
    }
    if (++spins > SPIN_LIMIT) {
        sim_misuse("too many waits at one moment: something spins");
        world.now += 1000; /* lets the test end and fail */
        spins = 0;
    }
    int fault = sim_inject(SIM_WAIT);
    if (fault) {
        rest(NULL, 0, world.now + 1, false); /* with a permanent fault the clock and other actors still advance */
        return fault;
    }
    if (deadline == USOCKET_NOW || wake_depth) {
        if (deadline != USOCKET_NOW) {
            schedule();
        }
        sim_net_tick();
        return look(w, n);
    }
    rest(w, n, deadline, false);
    if (me->signal_at <= world.now) {
        me->signal_at = USOCKET_NEVER;
        return USOCKET_EINTR;
    }
    return look(w, n);
}

void usocket_port_wake(bool on) {
    wake_depth += on ? 1 : -1;
    if (wake_depth < 0) {
        sim_misuse("a wake-up ended twice");
    }
}

void usocket_port_lock(void) {
    if (lock_depth++) {
        sim_misuse("the lock taken twice");
    }
}

void usocket_port_unlock(void) {
    if (--lock_depth) {
        sim_misuse("the lock released twice");
    }
}

/* The header of every block. A block of an earlier world is counted only there. */
struct block {
    size_t size;
    unsigned long world;
    sim_heap_t *heap;
    union {
        long double number;
        long long integer;
        void *pointer;
    } bytes[];
};

void *usocket_port_alloc(size_t size) {
    if (sim_inject_alloc()) {
        return NULL;
    }
    struct block *b = malloc(sizeof *b + size);
    if (!b) {
        return NULL;
    }
    memset(b->bytes, 0xa5, size);
    b->size = size;
    b->world = worlds;
    world.allocations++;
    b->heap = &world.heap[world.owner];
    b->heap->live += size;
    b->heap->peak = b->heap->live > b->heap->peak ? b->heap->live : b->heap->peak;
    return b->bytes;
}

void usocket_port_free(void *p) {
    if (p) {
        struct block *b = (struct block *)(void *)((char *)p - offsetof(struct block, bytes));
        if (b->world == worlds) {
            world.allocations--;
            b->heap->live -= b->size;
        }
        sim_secrets_freed(b->bytes, b->size);
        free(b);
    }
}

sim_heap_t sim_heap(int owner) {
    return world.heap[owner];
}

void sim_heap_again(void) {
    for (int i = 0; i < SIM_OWNERS; i++) {
        world.heap[i].peak = world.heap[i].live;
    }
}

void sim_heap_owner(int owner) {
    world.owner = owner;
}

#if USOCKET_TLS

int usocket_port_random(void *buf, size_t len) {
    int fault = sim_inject(SIM_RANDOM);
    uint8_t *p = buf;
    for (size_t i = 0; !fault && i < len; i++) {
        world.random ^= world.random << 13;
        world.random ^= world.random >> 7;
        world.random ^= world.random << 17;
        p[i] = (uint8_t)(world.random >> 32);
    }
    if (!fault) {
        sim_secrets_random(buf, len);
    }
    return fault;
}

int64_t usocket_port_wall_time(void) {
    return world.now / 1000000 + world.wall_offset;
}

const char *usocket_port_trust(uint64_t *version) {
    *version = world.trust_version;
    return world.trust;
}

#endif

void sim_wall_time(int64_t seconds) {
    world.wall_offset = seconds - world.now / 1000000;
}

void sim_trust(const char *path, uint64_t version) {
    world.trust = path;
    world.trust_version = version;
}

int usocket_port_spawn(void (*run)(void *), void *arg) {
    int fault = sim_inject(SIM_SPAWN);
    if (fault) {
        return fault;
    }
    start(run, arg)->worker = true;
    return 0;
}

#if USOCKET_FORK
unsigned usocket_port_forks(void) {
    return 0;
}
#endif
