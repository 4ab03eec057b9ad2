/* SAL's sendto, recvfrom, poll and lwIP's select.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "inside.h"
#include "schedule.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>

uint32_t rt_tick_from_millisecond(int32_t ms);

/* ---- Receiving ---------------------------------------------------------------------------------------------------- */

static int receive_failed(struct entry *e, int host, bool with_from) {
    int error = look_newlib(host);
    if (error == N_EAGAIN) {
        return look_fail(look.lwip == 212 && e->stream && with_from ? 0 : N_EAGAIN);
    }
    e->error = error; /* 2.0.2 reports it repeatedly */
    e->ended = true;
    e->errevent = true;
    e->remains = error;
    return look_fail(error);
}

static ssize_t host_receive(struct entry *e, void *buf, size_t len, int flags, struct sockaddr_storage *from) {
    socklen_t size = sizeof(*from);
    ssize_t r;
    do {
        r = recvfrom(e->host, buf, len, (flags & SAL_PEEK ? MSG_PEEK : 0) | MSG_DONTWAIT, (struct sockaddr *)from, &size);
    } while (r < 0 && (errno == EINTR || (!e->stream && errno == ECONNREFUSED))); /* lwIP does not report ICMP errors */
    return r;
}

int sal_recvfrom(int number, void *buf, size_t len, int flags, void *from, uint32_t *size) {
    look_called();
    struct entry *e = look_entry(number);
    if (e == NULL || !look.up) {
        return -1;
    }
    if (e->at) {
        return at_recvfrom(e, buf, len, flags, from);
    }
    if (e->poisoned) {
        return look_fail(N_EIO);
    }
    look_settle(e);
    bool wait = !e->nonblocking && !(flags & SAL_DONTWAIT);
    if (wait) {
        look_halt("a receive that may wait, by a port that never does");
    }
    if (e->stream && e->stage == LISTENING) {
        return look_fail(N_EINVAL);
    }
    if (e->stream && e->ended) {
        return look.lwip == 202 ? (e->error != 0 ? look_fail(e->error) : 0) : look_fail(N_ENOTCONN);
    }
    if (e->stream && e->stage == FAILED) {
        int error = e->error;
        e->error = look.lwip == 202 ? error : 0;
        return look_fail(error != 0 ? error : N_ENOTCONN);
    }
    if (!look.link || (e->stream && e->stage != CONNECTED)) {
        return look_fail(N_EAGAIN);
    }
    struct sockaddr_storage host;
    ssize_t r = host_receive(e, buf, len, flags, &host);
    if (r < 0) {
        return receive_failed(e, errno, from != NULL);
    }
    if (e->stream) {
        e->ended = r == 0 && len != 0;
        look_give(&e->peer, from, size);
    } else {
        struct sal_addr a;
        look_from_host(&host, &a);
        look_give(&a, from, size);
    }
    return (int)r;
}

/* ---- Sending ------------------------------------------------------------------------------------------------------ */

static int send_stream(struct entry *e, const void *buf, size_t len) {
    if (e->stage != CONNECTED) {
        e->remains = e->stage == CONNECTING ? N_EINPROGRESS : N_ENOTCONN;
        return look_fail(e->remains);
    }
    if (!look.link) {
        return look_fail(N_EAGAIN);
    }
    ssize_t r;
    do {
        r = send(e->host, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (r < 0 && errno == EINTR);
    return r < 0 ? look_fail(look_newlib(errno)) : (int)r;
}

static int send_datagram(struct entry *e, const void *buf, size_t len, const void *to, uint32_t size) {
    struct sockaddr_storage host;
    socklen_t host_size = 0;
    if (to != NULL) {
        host_size = look_to_host(e, to, size, &host);
        if (host_size == 0) {
            return look_fail(N_EINVAL);
        }
    } else if (e->stage != CONNECTED) {
        return look_fail(N_EHOSTUNREACH);
    }
    if (!look.address) {
        return look_fail(N_EHOSTUNREACH);
    }
    if (len > 65507 || !look.link) {
        return (int)len; /* SAL reports success */
    }
    ssize_t r;
    do {
        r = sendto(e->host, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL, host_size ? (struct sockaddr *)&host : NULL, host_size);
    } while (r < 0 && (errno == EINTR || errno == ECONNREFUSED));
    return r < 0 ? look_fail(look_newlib(errno)) : (int)r;
}

int sal_sendto(int number, const void *buf, size_t len, int flags, const void *to, uint32_t size) {
    (void)flags;
    look_called();
    struct entry *e = look_entry(number);
    if (e == NULL || !look.up) {
        return -1;
    }
    if (e->at) {
        return at_sendto(e, buf, len, to);
    }
    if (e->poisoned) {
        return look_fail(N_EIO);
    }
    look_settle(e);
    return e->stream ? send_stream(e, buf, len) : send_datagram(e, buf, len, to, size);
}

/* ---- Polling ------------------------------------------------------------------------------------------------------ */

/* The events that one poll of the socket reports. */
static int events_of(int number) {
    struct entry *e = look_entry(number);
    if (e == NULL) {
        return SAL_POLLNVAL;
    }
    if (e->at) {
        return at_poll(e);
    }
    look_settle(e);
    int host = look_host_poll(e, POLLIN | POLLOUT, 0);
    if (!e->stream && (host & POLLERR)) { /* lwIP does not report ICMP errors */
        int error;
        socklen_t len = sizeof(error);
        getsockopt(e->host, SOL_SOCKET, SO_ERROR, &error, &len);
    }
    int seen = (look.link && host & (POLLIN | POLLHUP) ? SAL_POLLIN : 0) | (look.link && host & POLLOUT ? SAL_POLLOUT : 0);
    if (e->stream) {
        if (e->stage == FRESH || e->stage == CONNECTING) {
            seen = 0;
        } else if (e->stage == FAILED) {
            seen = SAL_POLLIN | SAL_POLLOUT;
        } else if (e->stage == CONNECTED && (host & POLLERR) && !e->told) {
            e->errevent = true;
        }
        if (e->ended) {
            seen &= ~SAL_POLLIN; /* the mailbox is empty */
        }
    }
    if (e->errevent) {
        seen |= SAL_POLLERR;
    }
    return seen;
}

/* A wait until a tick, of which the first may be nearly over. The host's sockets are polled again from time to time. */
struct until {
    bool ever;
    uint32_t tick;
};

struct hosts {
    struct pollfd *list;
    unsigned n;
};

static struct until until(int ms) {
    return (struct until){ms < 0, look_tick() + (ms < 0 ? 0 : rt_tick_from_millisecond(ms))};
}

static void add(struct pollfd *host, unsigned *n, int number, int events) {
    struct entry *e = look_entry(number);
    if (e != NULL && look.link && !e->ended && (!e->stream || (e->stage != FRESH && e->stage != FAILED))) {
        host[*n].fd = e->host;
        host[*n].events = (short)((events & SAL_POLLIN ? POLLIN : 0) |
            (events & SAL_POLLOUT || e->stage == CONNECTING ? POLLOUT : 0));
        host[(*n)++].revents = 0;
    }
}

static bool host_ready(void *arg) {
    struct hosts *h = arg;
    return poll(h->list, h->n, 0) > 0;
}

static bool over(struct until end, struct pollfd *host, unsigned n) {
    if (!end.ever && (int32_t)(look_tick() - end.tick) >= 0) {
        return true;
    }
    if (schedule_on()) {
        struct hosts h = {host, n};
        schedule_poll(host_ready, &h, end.ever, end.tick);
        return false;
    }
    int64_t begin = look_time();
    poll(host, n, 3);
    if (look_time() - begin < 100) { /* an event that the host reports and lwIP does not */
        struct timespec t = {0, 300000};
        nanosleep(&t, NULL);
    }
    return false;
}

static void enter_queue(int number, int by) {
    struct entry *e = look_entry(number);
    if (e != NULL) {
        __atomic_add_fetch(&e->polled, by, __ATOMIC_ACQ_REL);
    }
}

struct sal_pollfd {
    int fd;
    short events;
    short revents;
};

static int poll_queued(struct sal_pollfd *fds, unsigned n, int ms) {
    for (struct until end = until(ms);;) {
        struct pollfd host[n + 1];
        unsigned hosts = 0;
        int ready = 0;
        for (unsigned i = 0; i < n; i++) {
            fds[i].revents = 0;
            int number = fds[i].fd - FIRST_DESCRIPTOR;
            if (fds[i].fd < 0 || look_entry(number) == NULL) {
                continue; /* SAL does not report POLLNVAL */
            }
            if (!look.up) {
                return -1;
            }
            int seen = events_of(number);
            fds[i].revents = (short)(seen & (fds[i].events | SAL_POLLERR));
            if (seen & SAL_POLLERR) {
                struct entry *e = look_entry(number);
                e->errevent = e->at; /* an AT module's error stays for ever */
                e->told = true;
            }
            ready += fds[i].revents != 0;
            add(host, &hosts, number, fds[i].events);
        }
        if (ready != 0 || over(end, host, hosts)) {
            *look_errno() = 0;
            return ready;
        }
    }
}

int look_poll(struct sal_pollfd *fds, unsigned n, int ms) {
    look_called();
    for (unsigned i = 0; i < n; i++) {
        enter_queue(fds[i].fd - FIRST_DESCRIPTOR, fds[i].fd < 0 ? 0 : 1);
    }
    int r = poll_queued(fds, n, ms);
    for (unsigned i = 0; i < n; i++) {
        enter_queue(fds[i].fd - FIRST_DESCRIPTOR, fds[i].fd < 0 ? 0 : -1);
    }
    return r;
}

/* lwIP's select, without DFS: it ignores SAL's interfaces, and an error stays. */
int lwip_select(int n, fd_set *in, fd_set *out, fd_set *error, struct timeval *timeout) {
    look_called();
    fd_set wanted[3] = {*in, *out, *error};
    fd_set *given[3] = {in, out, error};
    static const int events[3] = {SAL_POLLIN, SAL_POLLOUT, SAL_POLLERR};
    for (struct until end = until(timeout == NULL ? -1 : (int)(timeout->tv_sec * 1000 + timeout->tv_usec / 1000));;) {
        struct pollfd host[n + 1];
        unsigned hosts = 0;
        int ready = 0;
        for (int k = 0; k < 3; k++) {
            FD_ZERO(given[k]);
        }
        for (int i = 0; i < n; i++) {
            int asked = 0;
            for (int k = 0; k < 3; k++) {
                asked |= FD_ISSET(i, &wanted[k]) ? events[k] : 0;
            }
            int seen = asked != 0 ? events_of(i) : 0;
            if (seen & SAL_POLLNVAL) {
                return look_fail(N_EBADF);
            }
            for (int k = 0; k < 3; k++) {
                if (asked & seen & events[k]) {
                    FD_SET(i, given[k]);
                    ready++;
                }
            }
            if (asked != 0) {
                add(host, &hosts, i, asked);
            }
        }
        if (ready != 0 || over(end, host, hosts)) {
            return ready;
        }
    }
}
