/* Starts lwIP's thread once, before main(), with the interfaces of interfaces.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "interfaces.h"

#include "lwip/tcpip.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void tap_input(void *unused) {
    (void)unused;
    for (;;) {
        if (!test_lwip_frame()) {
            usleep(10000); /* the interface is down for now */
        }
    }
}

static void set_up(void *done) {
    test_lwip_interfaces(tcpip_input);
    sys_sem_signal(done);
}

__attribute__((constructor)) static void start(void) {
    sigset_t all, old;
    srand((unsigned)time(NULL) ^ (unsigned)getpid()); /* for the first ports and the identifiers of lookups */
    test_lwip_open_tap();
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* lwIP's threads block all signals */
    sys_sem_t done;
    sys_sem_new(&done, 0);
    tcpip_init(set_up, &done);
    sys_sem_wait(&done);
    sys_sem_free(&done);
    if (test_lwip_tap >= 0) {
        sys_thread_new("tap", tap_input, NULL, 0, 0);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}
