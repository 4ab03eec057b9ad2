/* lwIP runs in a signal handler, as in PendSV on a board: a timer interrupts the main thread at random instructions. While lwIP is
 * in use, by any thread, the handler leaves a note, and the thread that ends that use runs lwIP. Nothing without TEST_LWIP_PREEMPTS.
 *
 * A sleep of the program in a system call is not interrupted; a thread then runs lwIP meanwhile (sleeps.c). TEST_STRIKES in the
 * environment names a file to which the counts are appended at the end.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lwip/opt.h"

#ifdef TEST_LWIP_PREEMPTS

#include "strikes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STRIKE (SIGRTMIN + 9)

static timer_t timer;
static bool pending;               /* atomic: lwIP is to run */
static volatile unsigned held_off; /* the main thread's; 0: a strike may run lwIP */
static bool asleep;                /* atomic: the main thread is in a system call, with strikes blocked */
static unsigned long strikes, deferred;
static unsigned chance;

/* The next strike comes after 5 to 68 microseconds, in an idle wait after up to 255. */
static void arm(void) {
    chance ^= chance << 13;
    chance ^= chance >> 17;
    chance ^= chance << 5;
    long ns = 5000 + (long)(chance % (test_lwip_is_idle() ? 250000 : 63000));
    struct itimerspec next = {.it_value = {0, ns}};
    timer_settime(timer, 0, &next, NULL);
}

/* Run lwIP if it is to run and not in use. */
void test_lwip_released(void) {
    while (__atomic_load_n(&pending, __ATOMIC_SEQ_CST) && test_lwip_try()) {
        __atomic_store_n(&pending, false, __ATOMIC_SEQ_CST);
        test_lwip_run();
        test_lwip_release();
    }
}

static void strike(int number) {
    int before = errno;
    (void)number;
    strikes++;
    __atomic_store_n(&pending, true, __ATOMIC_SEQ_CST);
    if (held_off == 0) {
        test_lwip_released();
    }
    if (__atomic_load_n(&pending, __ATOMIC_RELAXED)) {
        deferred++;
    }
    arm();
    errno = before;
}

void test_lwip_hold_off(void) {
    held_off = held_off + 1;
}

void test_lwip_go_on(void) {
    held_off = held_off - 1;
    if (held_off == 0) {
        test_lwip_released();
    }
}

bool test_lwip_sleeps(void) {
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, STRIKE);
    pthread_sigmask(SIG_BLOCK, &set, &old);
    if (getpid() == gettid()) {
        __atomic_store_n(&asleep, true, __ATOMIC_SEQ_CST);
    }
    return sigismember(&old, STRIKE) == 0;
}

void test_lwip_wakes(bool was_open) {
    sigset_t set;
    int number = errno;
    sigemptyset(&set);
    sigaddset(&set, STRIKE);
    if (getpid() == gettid()) {
        __atomic_store_n(&asleep, false, __ATOMIC_SEQ_CST);
    }
    if (was_open) {
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    }
    errno = number;
}

static void run_meanwhile(void) {
    if (__atomic_load_n(&asleep, __ATOMIC_SEQ_CST)) {
        test_lwip_pump();
    }
}

test_lwip_strikes_t test_lwip_strikes(void) {
    return (test_lwip_strikes_t){strikes, deferred};
}

__attribute__((destructor)) static void report(void) {
    const char *path = getenv("TEST_STRIKES");
    char line[128];
    int fd = path != NULL ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : -1;
    if (fd >= 0) {
        int n =
            snprintf(line, sizeof(line), "%lu strikes, %lu deferred, %s\n", strikes, deferred, program_invocation_name);
        if (write(fd, line, (size_t)n) < 0) {
            perror(path);
        }
        close(fd);
    }
}

void test_lwip_begin(void) {
    struct sigaction action = {.sa_handler = strike, .sa_flags = SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = STRIKE};
    event._sigev_un._tid = gettid(); /* glibc has no other name for it */
    chance = (((unsigned)getpid() * 2654435761u) ^ (unsigned)time(NULL)) | 1;
    test_lwip_every(1000, run_meanwhile);
    sigemptyset(&action.sa_mask);
    if (sigaction(STRIKE, &action, NULL) != 0 || timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) {
        perror("the timer of strikes");
        _exit(97);
    }
    arm();
}

#endif
