/* Sets of descriptors: Linux's epoll. Its cost grows with the descriptors that are ready. Other
 * systems have no sets here, and the core asks each socket in turn.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bsd.h"

#if PLAT_BSD && (USOCKET_ASYNC || USOCKET_POLLER)

#if PLAT_HAS_EPOLL

int usocket_port_set_open(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? bsd_failed(USOCKET_ENOMEM) : fd;
}

int usocket_port_set_arm(int set, int handle, int events) {
    struct epoll_event e = {.data.fd = handle};
    bool edge = events & USOCKET_POLL_EDGE;
    e.events = (edge ? (uint32_t)EPOLLET : (uint32_t)EPOLLONESHOT) |
        (events & USOCKET_POLL_IN ? (uint32_t)EPOLLIN | (edge ? (uint32_t)(EPOLLRDHUP | EPOLLPRI) : 0) : 0) |
        (events & USOCKET_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
    /* The descriptor is usually in the set already. */
    if (epoll_ctl(set, EPOLL_CTL_MOD, handle, &e) == 0 ||
        (plat_errno() == ENOENT && epoll_ctl(set, EPOLL_CTL_ADD, handle, &e) == 0)) {
        return 0;
    }
    return bsd_failed(USOCKET_EINVAL);
}

/* Descriptors in one call; the others come in the next one. They take 12 bytes of stack each. */
#define READY_MAX 64

int usocket_port_set_take(int set, usocket_wait_t *out, size_t n) {
    struct epoll_event e[READY_MAX];
    int r = epoll_wait(set, e, n < READY_MAX ? (int)n : READY_MAX, 0);
    for (int i = 0; i < r; i++) {
        uint32_t is = e[i].events;
        out[i].handle = e[i].data.fd;
        out[i].events = 0;
        out[i].ready = (uint8_t)((is & EPOLLIN ? USOCKET_POLL_IN : 0) | (is & EPOLLOUT ? USOCKET_POLL_OUT : 0) |
            (is & EPOLLERR ? USOCKET_POLL_ERR : 0) | (is & EPOLLHUP ? USOCKET_POLL_HUP : 0) |
            (is & (EPOLLRDHUP | EPOLLPRI) ? USOCKET_POLL_EDGE : 0));
    }
    return r >= 0 ? r : plat_errno() == EINTR ? 0 : USOCKET_EBADF;
}

int usocket_port_alarm_open(void) {
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return fd < 0 ? bsd_failed(USOCKET_ENOMEM) : fd;
}

/* The time has 32 bits, so that its division needs no function of the compiler. */
void usocket_port_alarm_set(int alarm, usocket_time_t deadline) {
    struct itimerspec t = {{0, 0}, {0, 0}}; /* all zero: the timer is off */
    if (deadline != USOCKET_NEVER) {
        usocket_time_t left = deadline <= USOCKET_NOW ? 0 : deadline - usocket_port_now();
        uint32_t us = left < 1 ? 1 : left < INT32_MAX ? (uint32_t)left : INT32_MAX;
        t.it_value.tv_sec = (time_t)(us / 1000000);
        t.it_value.tv_nsec = (long)(us % 1000000) * 1000;
    }
    timerfd_settime(alarm, 0, &t, NULL);
}

#else

int usocket_port_set_open(void) {
    return USOCKET_EOPNOTSUPP;
}

int usocket_port_set_arm(int set, int handle, int events) {
    (void)set, (void)handle, (void)events;
    return USOCKET_EINVAL;
}

int usocket_port_set_take(int set, usocket_wait_t *out, size_t n) {
    (void)set, (void)out, (void)n;
    return 0;
}

int usocket_port_alarm_open(void) {
    return USOCKET_EOPNOTSUPP;
}

void usocket_port_alarm_set(int alarm, usocket_time_t deadline) {
    (void)alarm, (void)deadline;
}

#endif

#endif
