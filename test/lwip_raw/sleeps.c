/* The sleeps of the C library that a signal ends in spite of SA_RESTART, without strikes; every other signal ends them. Nothing
 * without TEST_LWIP_PREEMPTS.
 *
 * And MicroPython's section without interrupts, by the linker's --wrap: no strike runs lwIP there.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lwip/opt.h"

#ifdef TEST_LWIP_PREEMPTS

#include "strikes.h"

#include <dlfcn.h>
#include <poll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

static int (*real_select)(int, fd_set *, fd_set *, fd_set *, struct timeval *);
static int (*real_poll)(struct pollfd *, nfds_t, int);
static int (*real_nanosleep)(const struct timespec *, struct timespec *);
static int (*real_usleep)(useconds_t);

__attribute__((constructor(101))) static void find(void) {
    *(void **)&real_select = dlsym(RTLD_NEXT, "select");
    *(void **)&real_poll = dlsym(RTLD_NEXT, "poll");
    *(void **)&real_nanosleep = dlsym(RTLD_NEXT, "nanosleep");
    *(void **)&real_usleep = dlsym(RTLD_NEXT, "usleep");
}

#define ASLEEP(call) \
    do { \
        bool was_open = test_lwip_sleeps(); \
        int r = call; \
        test_lwip_wakes(was_open); \
        return r; \
    } while (0)

int select(int n, fd_set *in, fd_set *out, fd_set *err, struct timeval *most) {
    ASLEEP(real_select(n, in, out, err, most));
}

int poll(struct pollfd *fds, nfds_t n, int ms) {
    ASLEEP(real_poll(fds, n, ms));
}

int nanosleep(const struct timespec *time, struct timespec *left) {
    ASLEEP(real_nanosleep(time, left));
}

int usleep(useconds_t us) {
    ASLEEP(real_usleep(us));
}

/* ---- MicroPython -------------------------------------------------------------------------------------------------------- */

void __real_mp_thread_unix_begin_atomic_section(void) __attribute__((weak));
void __real_mp_thread_unix_end_atomic_section(void) __attribute__((weak));
void __wrap_mp_thread_unix_begin_atomic_section(void);
void __wrap_mp_thread_unix_end_atomic_section(void);

static bool is_main(void) {
    return getpid() == gettid();
}

void __wrap_mp_thread_unix_begin_atomic_section(void) {
    if (is_main()) {
        test_lwip_hold_off();
    }
    __real_mp_thread_unix_begin_atomic_section();
}

void __wrap_mp_thread_unix_end_atomic_section(void) {
    __real_mp_thread_unix_end_atomic_section();
    if (is_main()) {
        test_lwip_go_on();
    }
}

#endif
