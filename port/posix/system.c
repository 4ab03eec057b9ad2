/* The system on POSIX: a clock, memory, the library's lock, events, the wake-up, threads.
 *
 * The wake-up takes one descriptor for the whole process; the first wait opens it, and it is never
 * closed. Of the two locks, wake_lock is taken after library_lock.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include "usocket/port.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>

usocket_time_t usocket_port_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    /* A product of 32 bits each: the seconds count from the system's start. */
    return (usocket_time_t)((uint64_t)(uint32_t)t.tv_sec * 1000000u + (uint32_t)t.tv_nsec / 1000u + 1);
}

void *usocket_port_alloc(size_t size) {
    return malloc(size);
}

void usocket_port_free(void *p) {
    free(p);
}

static pthread_mutex_t library_lock = PTHREAD_MUTEX_INITIALIZER;

void usocket_port_lock(void) {
    pthread_mutex_lock(&library_lock);
}

void usocket_port_unlock(void) {
    pthread_mutex_unlock(&library_lock);
}

/* ---- fork() ------------------------------------------------------------------------------------------------------- */

static pthread_mutex_t wake_lock = PTHREAD_MUTEX_INITIALIZER;
static int wake_fd = -1; /* an eventfd; -1: not open yet */
static int wakes;        /* calls of usocket_port_wake(true) without their counterpart */

#if USOCKET_FORK

static unsigned forks; /* written in a child of fork() only, while it has one thread */
static bool shared;    /* there was a fork(); under library_lock */

/* fork() happens with both locks held, so that no other thread is in the middle of a change. */
static void before_fork(void) {
    pthread_mutex_lock(&library_lock);
    pthread_mutex_lock(&wake_lock);
    shared = true;
}

static void after_fork(void) {
    pthread_mutex_unlock(&wake_lock);
    pthread_mutex_unlock(&library_lock);
}

/* The child needs a descriptor of its own: the parent's wake-up must not end the child's waits, and
 * the child may end while it is on. */
static void in_child(void) {
    if (wake_fd >= 0) {
        close(wake_fd);
    }
    wake_fd = -1;
    wakes = 0;
    forks++;
    after_fork();
}

__attribute__((constructor)) static void watch_forks(void) {
    pthread_atfork(before_fork, after_fork, in_child);
}

unsigned usocket_port_forks(void) {
    return forks;
}

bool plat_is_shared(void) {
    return shared;
}

#endif

/* ---- Events ------------------------------------------------------------------------------------------------------- */

int usocket_port_event_open(void) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd >= 0) {
        return fd;
    }
    switch (plat_errno()) {
        case EMFILE:
            return USOCKET_EMFILE;
        case ENFILE:
            return USOCKET_ENFILE;
        default:
            return USOCKET_ENOMEM;
    }
}

void usocket_port_event_set(int event) {
    eventfd_write(event, 1);
}

void usocket_port_event_clear(int event) {
    eventfd_t value;
    eventfd_read(event, &value);
}

void usocket_port_event_close(int event) {
    close(event);
}

int plat_readable_fd(bool writable) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd >= 0) {
        eventfd_write(fd, writable ? 1 : UINT64_MAX - 1); /* eventfd(2): writable while a 1 can be added */
    }
    return fd;
}

/* Opened once, by the first thread that waits; set at once if the wake-up is on already. */
int plat_wake_fd(void) {
#if USOCKET_THREADS
    int fd = __atomic_load_n(&wake_fd, __ATOMIC_ACQUIRE);
    if (fd < 0) {
        pthread_mutex_lock(&wake_lock);
        if (wake_fd < 0) {
            fd = usocket_port_event_open();
            if (fd >= 0 && wakes != 0) {
                eventfd_write(fd, 1);
            }
            __atomic_store_n(&wake_fd, fd < 0 ? -1 : fd, __ATOMIC_RELEASE);
        }
        fd = wake_fd;
        pthread_mutex_unlock(&wake_lock);
    }
    return fd;
#else
    return -1;
#endif
}

/* The first call makes the descriptor readable, the last one makes it silent again. */
void usocket_port_wake(bool on) {
    plat_wake_fd();
    pthread_mutex_lock(&wake_lock);
    wakes += on ? 1 : -1;
    if (wake_fd >= 0) {
        eventfd_t value;
        if (on && wakes == 1) {
            eventfd_write(wake_fd, 1);
        } else if (!on && wakes == 0) {
            eventfd_read(wake_fd, &value);
        }
    }
    pthread_mutex_unlock(&wake_lock);
}

/* ---- Threads ------------------------------------------------------------------------------------------------------ */

/* A thread's function with its argument; the thread frees it. */
typedef struct {
    void (*run)(void *);
    void *arg;
} job_t;

/* The function of a thread. Frees p. */
static void *run_job(void *p) {
    job_t job = *(job_t *)p;
    free(p);
    job.run(job.arg);
    return NULL;
}

int usocket_port_spawn(void (*run)(void *), void *arg) {
    job_t *job = malloc(sizeof(*job));
    if (job == NULL) {
        return USOCKET_ENOMEM;
    }
    job->run = run;
    job->arg = arg;
    size_t stack = USOCKET_RESOLVER_STACK < PTHREAD_STACK_MIN ? (size_t)PTHREAD_STACK_MIN : USOCKET_RESOLVER_STACK;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, stack);
    /* All signals are blocked: the program's own threads handle them. MicroPython's collector
     * interrupts its threads by one. */
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_t thread;
    int r = pthread_create(&thread, &attr, run_job, job);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    if (r != 0) {
        free(job);
        return USOCKET_EAGAIN;
    }
    return 0;
}
