/* The system below lwIP: a clock, memory, the library's lock, threads.
 *
 * A board replaces by macros, which it defines in lwipopts.h or on the command line: PLAT_MALLOC
 * and PLAT_FREE, PLAT_THREAD_PRIO, PLAT_THREAD_END, PLAT_WALL_TIME, PLAT_TRUST.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include "usocket/port.h"

#include <stdlib.h>

#if defined(__unix__) /* lwIP's unix port has POSIX threads */
#include <pthread.h>
#include <signal.h>
#endif

/* ---- Clock -------------------------------------------------------------------------------------------------------- */

/* sys_now() wraps every 49.7 days; the difference of two calls is right if they lie closer together
 * than that. */
usocket_time_t usocket_port_now(void) {
    static u32_t last;
    static usocket_time_t total;
    SYS_ARCH_DECL_PROTECT(lev);
    SYS_ARCH_PROTECT(lev);
    u32_t now = sys_now();
    total += (u32_t)(now - last);
    last = now;
    usocket_time_t result = total;
    SYS_ARCH_UNPROTECT(lev);
    return result * 1000 + 1;
}

/* ---- Memory ------------------------------------------------------------------------------------------------------- */

#ifndef PLAT_MALLOC /* lwIP's own heap holds packets */
#define PLAT_MALLOC malloc
#define PLAT_FREE free
#endif

void *usocket_port_alloc(size_t size) {
    return PLAT_MALLOC(size);
}

void usocket_port_free(void *p) {
    PLAT_FREE(p);
}

/* ---- Locks -------------------------------------------------------------------------------------------------------- */

static sys_mutex_t library;
static bool ready;

/* Several threads may get here at a time: the first one to finish keeps its lock. */
static void make_lock(void) {
    sys_mutex_t mine;
    while (sys_mutex_new(&mine) != ERR_OK) { /* the library needs a lock */
        sys_msleep(10);
    }
    SYS_ARCH_DECL_PROTECT(lev);
    SYS_ARCH_PROTECT(lev);
    bool late = ready;
    if (!late) {
        library = mine;
        __atomic_store_n(&ready, true, __ATOMIC_RELEASE);
    }
    SYS_ARCH_UNPROTECT(lev);
    if (late) {
        sys_mutex_free(&mine);
    }
}

void usocket_port_lock(void) {
    if (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE)) {
        make_lock();
    }
    sys_mutex_lock(&library);
}

void usocket_port_unlock(void) {
    sys_mutex_unlock(&library);
}

/* ---- Threads ------------------------------------------------------------------------------------------------------ */

#ifndef PLAT_THREAD_PRIO
#define PLAT_THREAD_PRIO DEFAULT_THREAD_PRIO
#endif

typedef struct {
    void (*run)(void *);
    void *arg;
} job_t;

/* The function of a thread: run its job, between lwIP's calls for threads that use sockets. Frees p. */
static void run_job(void *p) {
    job_t job = *(job_t *)p;
    PLAT_FREE(p);
    lwip_socket_thread_init();
    job.run(job.arg);
    lwip_socket_thread_cleanup();
#ifdef PLAT_THREAD_END
    PLAT_THREAD_END; /* for a system in which a thread must not return */
#endif
}

#if defined(__unix__)
static void *run_detached(void *p) {
    run_job(p);
    return NULL;
}

/* sys_thread_new() would set the name of a thread that may have ended by then. All signals are
 * blocked: the program's own threads handle them. */
static bool begin_thread(job_t *job) {
    pthread_t thread;
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    bool begun = pthread_create(&thread, NULL, run_detached, job) == 0;
    if (begun) {
        pthread_detach(thread);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return begun;
}
#else
static bool begin_thread(job_t *job) {
    return sys_thread_new("usocket", run_job, job, USOCKET_RESOLVER_STACK, PLAT_THREAD_PRIO) != NULL;
}
#endif

#if USOCKET_FORK
unsigned usocket_port_forks(void) { /* a child of fork() has no lwIP thread, so it cannot use the library */
    return 0;
}
#endif

int usocket_port_spawn(void (*run)(void *), void *arg) {
    job_t *job = PLAT_MALLOC(sizeof(*job));
    if (job == NULL) {
        return USOCKET_ENOMEM;
    }
    job->run = run;
    job->arg = arg;
    if (!begin_thread(job)) {
        PLAT_FREE(job);
        return USOCKET_EAGAIN;
    }
    return 0;
}

/* ---- For TLS ------------------------------------------------------------------------------------------------------ */

/* On a Unix port/bsd_tls.c has these functions. Elsewhere the board writes usocket_port_random. */

#if USOCKET_TLS && !defined(plat_getrandom)

#include <time.h>

#ifndef PLAT_WALL_TIME
#define PLAT_WALL_TIME() time(NULL)
#endif
#ifndef PLAT_TRUST
#define PLAT_TRUST NULL /* or the name of a file of certificates, PEM */
#endif

int64_t usocket_port_wall_time(void) {
    time_t now = PLAT_WALL_TIME();
    return now > 0 ? (int64_t)now : 0;
}

const char *usocket_port_trust(uint64_t *version) {
    *version = 0;
    return PLAT_TRUST;
}

#endif
