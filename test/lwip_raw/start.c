/* Starts lwIP before main(), with the interfaces of test/lwip/interfaces.c, and runs it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../lwip/interfaces.h"

#include "lwip/init.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define FRAMES 32 /* in one run of lwIP, at most */

/* ---- What lwIP needs ---------------------------------------------------------------------------------------------------- */

u32_t sys_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (u32_t)now.tv_sec * 1000u + (u32_t)(now.tv_nsec / 1000000);
}

u32_t sys_jiffies(void) {
    return sys_now();
}

/* For ports and identifiers; rand() takes a lock, which a signal handler must not. */
unsigned int lwip_port_rand(void) {
    static unsigned state;
    if (state == 0 && getrandom(&state, sizeof(state), 0) < 0) {
        state = (unsigned)getpid();
    }
    state = state * 1664525u + 1013904223u;
    return state >> 8 ^ state << 16;
}

/* For TLS: the board's source of randomness. */
int usocket_port_random(void *buf, size_t len);

int usocket_port_random(void *buf, size_t len) {
    return getrandom(buf, len, 0) == (ssize_t)len ? 0 : -5; /* USOCKET_EIO */
}

const char *test_lwip_trust(void) {
    return getenv("SSL_CERT_FILE");
}

/* ---- Running it --------------------------------------------------------------------------------------------------------- */

bool test_lwip_has_packets(void) {
    struct netif *netif;
    NETIF_FOREACH(netif) {
        if (__atomic_load_n(&netif->loop_first, __ATOMIC_RELAXED) != NULL) {
            return true;
        }
    }
    return false;
}

void test_lwip_run(void) {
    for (int i = 0; test_lwip_tap >= 0 && i < FRAMES && test_lwip_frame(); i++) {
    }
    netif_poll_all();
    sys_check_timeouts();
}

void test_lwip_pump(void) {
    unsigned before = test_lwip_enter();
    test_lwip_run();
    test_lwip_exit(before);
}

/* ---- Starting ----------------------------------------------------------------------------------------------------------- */

static struct {
    unsigned us;
    void (*run)(void);
} ticker;

static void *repeat(void *arg) {
    struct timespec pause = {0, (long)ticker.us * 1000};
    for (;;) {
        nanosleep(&pause, NULL);
        ticker.run();
    }
    return arg;
}

void test_lwip_every(unsigned us, void (*run)(void)) {
    pthread_t thread;
    sigset_t all, old;
    ticker.us = us;
    ticker.run = run;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    if (pthread_create(&thread, NULL, repeat, NULL) != 0) {
        perror("the thread of lwIP");
        _exit(97);
    }
    pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

__attribute__((constructor)) static void start(void) {
    unsigned before = test_lwip_enter();
    lwip_init();
    test_lwip_open_tap();
    if (test_lwip_tap >= 0) {
        fcntl(test_lwip_tap, F_SETFL, O_NONBLOCK);
    }
    test_lwip_interfaces(netif_input);
    test_lwip_exit(before);
    test_lwip_begin();
}
