/* The lock of lwIP, and the sleep of a thread that waits for it to run.
 *
 * A futex of its own, for a signal handler may try to take it at any instruction, and no lock of the system allows that.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lwip/opt.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../lwip/interfaces.h"

#define IDLE_MAX_MS 2

/* ---- The lock ----------------------------------------------------------------------------------------------------------- */

static unsigned word;           /* 0: free, 1: held, 2: held, and others may wait */
static _Thread_local char self; /* its address stands for the thread */
static char *owner;             /* atomic */
static unsigned depth;          /* the owner's */

static void futex_wait(unsigned *at, unsigned value, unsigned long ms) {
    struct timespec most = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    syscall(SYS_futex, at, FUTEX_WAIT_PRIVATE, value, ms != 0 ? &most : NULL, NULL, 0);
}

static void futex_wake(unsigned *at, int n) {
    syscall(SYS_futex, at, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
}

static bool is_mine(void) {
    return __atomic_load_n(&owner, __ATOMIC_RELAXED) == &self;
}

static void mine(void) {
    __atomic_store_n(&owner, &self, __ATOMIC_RELAXED);
    depth = 1;
}

bool test_lwip_try(void) {
    unsigned is = 0;
    if (!__atomic_compare_exchange_n(&word, &is, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        return false;
    }
    mine();
    return true;
}

void test_lwip_release(void) {
    depth = 0;
    __atomic_store_n(&owner, NULL, __ATOMIC_RELAXED);
    if (__atomic_exchange_n(&word, 0, __ATOMIC_SEQ_CST) == 2) {
        int number = errno;
        futex_wake(&word, 1);
        errno = number;
    }
}

unsigned test_lwip_enter(void) {
    if (is_mine()) {
        return depth++;
    }
    if (!test_lwip_try()) {
        int number = errno;
        while (__atomic_exchange_n(&word, 2, __ATOMIC_SEQ_CST) != 0) {
            futex_wait(&word, 2, 0);
        }
        errno = number;
        mine();
    }
    return 0;
}

void test_lwip_exit(unsigned before) {
    if (!is_mine() || depth != before + 1) {
        test_lwip_failed("PLAT_LWIP_EXIT without its PLAT_LWIP_ENTER", __FILE__, __LINE__);
    }
    if (before != 0) {
        depth = before;
        return;
    }
    test_lwip_release();
    test_lwip_released();
}

void test_lwip_check(void) {
    if (!is_mine()) {
        test_lwip_failed("lwIP is used outside of PLAT_LWIP_ENTER and PLAT_LWIP_EXIT", __FILE__, __LINE__);
    }
}

/* ---- The sleep ---------------------------------------------------------------------------------------------------------- */

/* As an event register of each processor, which WFE reads and clears: `kicks` has changed since this thread's last sleep. */
static unsigned kicks;              /* atomic */
static _Thread_local unsigned seen; /* `kicks` as of the last sleep */
static unsigned sleepers;           /* atomic */

void test_lwip_kick(void) {
    __atomic_add_fetch(&kicks, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&sleepers, __ATOMIC_SEQ_CST) != 0) {
        int number = errno;
        futex_wake(&kicks, 1000);
        errno = number;
    }
}

bool test_lwip_is_idle(void) {
    return __atomic_load_n(&sleepers, __ATOMIC_SEQ_CST) != 0;
}

void test_lwip_idle(unsigned long ms) {
    unsigned now = __atomic_load_n(&kicks, __ATOMIC_SEQ_CST);
    ms = ms < IDLE_MAX_MS ? ms : IDLE_MAX_MS;
    if (now != seen || ms == 0) {
        seen = now;
        return;
    }
#ifndef TEST_LWIP_PREEMPTS
    if (test_lwip_tap >= 0) {
        struct pollfd wait = {.fd = test_lwip_tap, .events = POLLIN};
        poll(&wait, 1, 1);
        return;
    }
#endif
    __atomic_add_fetch(&sleepers, 1, __ATOMIC_SEQ_CST);
    futex_wait(&kicks, now, ms);
    __atomic_sub_fetch(&sleepers, 1, __ATOMIC_SEQ_CST);
}

/* ---- The library's lock ------------------------------------------------------------------------------------------------- */

static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;

void test_lwip_lock(void) {
    pthread_mutex_lock(&library);
}

void test_lwip_unlock(void) {
    pthread_mutex_unlock(&library);
}
