/* RT-Thread's kernel on the host's threads: a tick of 10 ms, an errno that is reset by locks, semaphores, mutexes, threads.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "look.h"
#include "schedule.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define TICK_US 10000
#define ETIMEOUT (LOOK_VERSION < 50200 ? 2 : 116) /* newlib's number from 5.2 on */

struct look look = {
    .lwip = 212, .up = true, .address = true, .link = true, .loopback = true, .linger = true, .random = true, .sockets = 200, .dial_ms = 30};

static __thread int error;

int *look_errno(void) {
    return &error;
}

long rt_get_errno(void) {
    return error;
}

void rt_set_errno(long number) {
    error = (int)number;
}

void look_halt(const char *why) {
    fprintf(stderr, "RT-Thread would have halted: %s\n", why);
    abort();
}

static void read_word(const char *word) {
    if (strcmp(word, "202") == 0 || strcmp(word, "212") == 0) {
        look.lwip = atoi(word);
    } else if (strcmp(word, "at") == 0) {
        look.at = true;
    } else if (strcmp(word, "down") == 0) {
        look.up = false;
    } else if (strcmp(word, "noaddress") == 0) {
        look.address = false;
    } else if (strcmp(word, "nolink") == 0) {
        look.link = false;
    } else if (strcmp(word, "noloopback") == 0) {
        look.loopback = false;
    } else if (strcmp(word, "nolinger") == 0) {
        look.linger = false;
    } else if (strcmp(word, "norandom") == 0) {
        look.random = false;
    } else if (strncmp(word, "sockets=", 8) == 0) {
        look.sockets = atoi(word + 8);
    } else {
        fprintf(stderr, "LOOK: unknown word %s\n", word);
        exit(2);
    }
}

__attribute__((constructor)) static void read_environment(void) {
    char *words = getenv("LOOK");
    if (words == NULL) {
        return;
    }
    words = strdup(words);
    char *rest = words;
    for (char *word; (word = strsep(&rest, ",")) != NULL;) {
        if (*word != '\0') {
            read_word(word);
        }
    }
    free(words);
}

/* ---- Time --------------------------------------------------------------------------------------------------------- */

int64_t look_time(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

uint32_t look_tick(void) {
    return schedule_on() ? schedule_tick() : (uint32_t)(look_time() / TICK_US) + look.tick_base;
}

uint32_t rt_tick_get(void) {
    schedule_step();
    return look_tick();
}

uint32_t rt_tick_from_millisecond(int32_t ms) {
    return ms < 0 ? UINT32_MAX : (uint32_t)ms / 1000 * 100 + ((uint32_t)ms % 1000 * 100 + 999) / 1000;
}

/* Convert ticks from now to the host's time; the first of them may be nearly over. */
static struct timespec tick_end(int32_t ticks) {
    int64_t us = (look_time() / TICK_US + ticks) * TICK_US;
    return (struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
}

long rt_thread_delay(uint32_t ticks) {
    if (schedule_on()) {
        schedule_wait("the time", NULL, NULL, false, schedule_tick() + ticks);
        error = 0;
        return 0;
    }
    struct timespec end = tick_end((int32_t)ticks);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) != 0) {
    }
    error = 0;
    return 0;
}

long rt_thread_mdelay(int32_t ms) {
    return rt_thread_delay(rt_tick_from_millisecond(ms));
}

/* ---- Locks -------------------------------------------------------------------------------------------------------- */

struct rt_mutex {
    void *impl;
    const char *name;
};

struct mutex {
    pthread_mutex_t host;
    struct schedule_mutex scheduled;
};

long rt_mutex_init(struct rt_mutex *m, const char *name, uint8_t flag) {
    struct mutex *impl = calloc(1, sizeof(*impl));
    impl->scheduled.in_turn = flag == 0 && LOOK_VERSION < 40100; /* RT_IPC_FLAG_FIFO: later versions know it no more */
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&impl->host, &attr);
    m->impl = impl;
    m->name = name;
    return 0;
}

long rt_mutex_detach(struct rt_mutex *m) {
    pthread_mutex_destroy(&((struct mutex *)m->impl)->host);
    free(m->impl);
    m->impl = NULL;
    return 0;
}

long rt_mutex_take(struct rt_mutex *m, int32_t ticks) {
    (void)ticks;
    struct mutex *impl = m->impl;
    if (schedule_on()) {
        schedule_take(&impl->scheduled);
    } else {
        pthread_mutex_lock(&impl->host);
    }
    error = 0;
    return 0;
}

long rt_mutex_release(struct rt_mutex *m) {
    struct mutex *impl = m->impl;
    if (schedule_on()) {
        schedule_release(&impl->scheduled);
        return 0;
    }
    return pthread_mutex_unlock(&impl->host) == 0 ? 0 : -1;
}

static pthread_mutex_t interrupts = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

long rt_hw_interrupt_disable(void) {
    if (schedule_on()) {
        schedule_mask(true);
    } else {
        pthread_mutex_lock(&interrupts);
    }
    return 0;
}

void rt_hw_interrupt_enable(long level) {
    (void)level;
    if (schedule_on()) {
        schedule_mask(false);
        schedule_step();
    } else {
        pthread_mutex_unlock(&interrupts);
    }
}

void rt_enter_critical(void) {
    rt_hw_interrupt_disable();
}

void rt_exit_critical(void) {
    rt_hw_interrupt_enable(0);
}

/* ---- Semaphores --------------------------------------------------------------------------------------------------- */

struct look_sem {
    pthread_mutex_t lock;
    pthread_cond_t more;
    uint32_t value;
};

struct look_sem *rt_sem_create(const char *name, uint32_t value, uint8_t flag) {
    (void)name, (void)flag;
    struct look_sem *sem = calloc(1, sizeof(*sem));
    pthread_mutex_init(&sem->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&sem->more, &attr);
    sem->value = value;
    return sem;
}

long rt_sem_delete(struct look_sem *sem) {
    pthread_mutex_lock(&sem->lock); /* the thread that has just released it may still be inside */
    pthread_mutex_unlock(&sem->lock);
    pthread_cond_destroy(&sem->more);
    pthread_mutex_destroy(&sem->lock);
    free(sem);
    return 0;
}

static bool has_value(void *arg) {
    struct look_sem *sem = arg;
    return sem->value != 0 && sem->value-- != 0;
}

/* The scheduler itself takes a value, for the thread that has waited longest. */
static long take_scheduled(struct look_sem *sem, int32_t ticks) {
    schedule_step();
    bool good = has_value(sem) ||
        (ticks != 0 && schedule_wait("a semaphore", has_value, sem, ticks < 0, schedule_tick() + (uint32_t)ticks));
    error = good ? 0 : -ETIMEOUT;
    return error;
}

long rt_sem_take(struct look_sem *sem, int32_t ticks) {
    if (schedule_on()) {
        return take_scheduled(sem, ticks);
    }
    struct timespec end = tick_end(ticks);
    int r = 0;
    pthread_mutex_lock(&sem->lock);
    error = 0;
    while (sem->value == 0 && r == 0) {
        r = ticks == 0 ? 1
            : ticks < 0 ? pthread_cond_wait(&sem->more, &sem->lock)
                        : pthread_cond_timedwait(&sem->more, &sem->lock, &end);
    }
    if (sem->value != 0) {
        sem->value--;
        r = 0;
    } else {
        error = -ETIMEOUT;
        r = -ETIMEOUT;
    }
    pthread_mutex_unlock(&sem->lock);
    return r;
}

long rt_sem_trytake(struct look_sem *sem) {
    return rt_sem_take(sem, 0);
}

long rt_sem_release(struct look_sem *sem) {
    if (schedule_on()) {
        sem->value++;
        schedule_step();
        return 0;
    }
    pthread_mutex_lock(&sem->lock);
    sem->value++;
    pthread_cond_signal(&sem->more);
    pthread_mutex_unlock(&sem->lock);
    return 0;
}

/* ---- Threads ------------------------------------------------------------------------------------------------------ */

struct look_thread {
    const char *name;
    void (*entry)(void *);
    void *arg;
    uint8_t priority;
};

struct look_thread *rt_thread_create(
    const char *name, void (*entry)(void *), void *arg, uint32_t stack, uint8_t priority, uint32_t tick) {
    if (stack < 512 || priority >= 32 || tick == 0) {
        return NULL;
    }
    struct look_thread *thread = malloc(sizeof(*thread));
    thread->name = name;
    thread->entry = entry;
    thread->arg = arg;
    thread->priority = priority;
    return thread;
}

long rt_thread_delete(struct look_thread *thread) {
    free(thread);
    return 0;
}

static void *start(void *arg) {
    struct look_thread thread = *(struct look_thread *)arg;
    free(arg);
    thread.entry(thread.arg);
    return NULL;
}

long rt_thread_startup(struct look_thread *thread) {
    if (schedule_on()) {
        struct look_thread t = *thread;
        free(thread);
        schedule_spawn(t.name, t.priority, t.entry, t.arg);
        return 0;
    }
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigset_t all, old;
    sigfillset(&all); /* the board has no signals */
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_t id;
    int r = pthread_create(&id, &attr, start, thread);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    return r == 0 ? 0 : -1;
}

/* ---- Memory ------------------------------------------------------------------------------------------------------- */

void *rt_malloc(unsigned long size) {
    return malloc(size);
}

void *rt_calloc(unsigned long count, unsigned long size) {
    return calloc(count, size);
}

void rt_free(void *p) {
    free(p);
}

int rt_kprintf(const char *format, ...) {
    va_list args;
    va_start(args, format);
    int n = vfprintf(stderr, format, args);
    va_end(args);
    return n;
}

/* The chip's random number generator, which cannot report a failure. */
uint32_t rt_hwcrypto_rng_update(void) {
    uint32_t word = 0;
    if (look.random && getrandom(&word, sizeof(word), 0) != sizeof(word)) {
        abort();
    }
    return word;
}
