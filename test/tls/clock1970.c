/* For LD_PRELOAD: the wall clock of a board on which it was never set. The monotonic clock is unchanged.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *t) {
    long r = syscall(SYS_clock_gettime, clock, t);
    if (clock == CLOCK_REALTIME && r == 0) {
        *t = (struct timespec){.tv_sec = 5};
    }
    return (int)r;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone) {
    (void)zone;
    *t = (struct timeval){.tv_sec = 5};
    return 0;
}

time_t time(time_t *t) {
    if (t != NULL) {
        *t = 5;
    }
    return 5;
}
