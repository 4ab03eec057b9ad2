/* The behaviour of an AT module's sockets: they only block, are only clients, and report few errors.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "inside.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#define PACKET 2048

uint32_t rt_tick_from_millisecond(int32_t ms);
long rt_thread_delay(uint32_t ticks);
long rt_thread_mdelay(int32_t ms);

static int wrong(struct entry *e) {
    e->errevent = true; /* and never cleared */
    return -1;
}

/* Make the module connect. It answers after a delay and gives no reason for a failure. */
static int dial(struct entry *e, const struct sal_addr *a, uint32_t len) {
    struct sockaddr_storage host;
    socklen_t size = look_to_host(e, a, len, &host);
    if (e->stream) {
        rt_thread_mdelay(look.dial_ms);
    }
    if (!look.link || !look.address || connect(e->host, (struct sockaddr *)&host, size) < 0) {
        if (look.link && look.address && errno == EINPROGRESS && look_host_poll(e, POLLOUT, 3000) != 0) {
            int error = 0;
            socklen_t n = sizeof(error);
            getsockopt(e->host, SOL_SOCKET, SO_ERROR, &error, &n);
            if (error == 0) {
                e->stage = CONNECTED;
                return 0;
            }
        }
        return -1;
    }
    e->stage = CONNECTED;
    return 0;
}

int at_connect(struct entry *e, const struct sal_addr *a, uint32_t len) {
    e->dialling = true;
    int r = e->stage != FRESH || e->closed ? -1 : dial(e, a, len);
    e->dialling = false;
    if (r < 0) {
        e->errevent = true;
    }
    e->sendevent = true;
    return r;
}

/* Fetch the bytes that the module has passed up; datagrams lose their boundaries. */
static void fetch(struct entry *e) {
    if (e->data == NULL) {
        e->data = malloc(PACKET);
    }
    if (e->kept_from < e->kept || !look.link || e->stage != CONNECTED) {
        return;
    }
    ssize_t r;
    do {
        r = recv(e->host, e->data, PACKET, MSG_DONTWAIT);
    } while (r < 0 && (errno == EINTR || (!e->stream && errno == ECONNREFUSED)));
    e->kept = r > 0 ? (unsigned)r : 0;
    e->kept_from = 0;
    if (e->stream && (r == 0 || (r < 0 && errno != EAGAIN))) {
        e->closed = true;
    }
}

static int take(struct entry *e, void *buf, size_t len) {
    size_t got = 0;
    for (fetch(e); got < len && e->kept_from < e->kept; fetch(e)) {
        size_t n = e->kept - e->kept_from < len - got ? e->kept - e->kept_from : len - got;
        memcpy((char *)buf + got, e->data + e->kept_from, n);
        e->kept_from += (unsigned)n;
        got += n;
    }
    if (got != 0) {
        e->drained++;
    }
    return (int)got;
}

int at_recvfrom(struct entry *e, void *buf, size_t len, int flags, const struct sal_addr *from) {
    if (buf == NULL || len == 0) {
        return -1;
    }
    if (from != NULL && !e->stream && e->stage == FRESH && dial(e, from, 16) < 0) {
        return wrong(e);
    }
    long ms = e->timeo[0][0] * 1000 + e->timeo[0][1] / 1000;
    uint32_t ticks = rt_tick_from_millisecond((int32_t)ms);
    for (uint32_t waited = 0;; waited++) {
        int got = take(e, buf, len);
        if (got > 0) {
            return got;
        }
        if (e->closed) {
            return 0;
        }
        if (flags & SAL_DONTWAIT) {
            e->errevent = true;
            e->drained = 0;
            return 0; /* looks like the end of the stream */
        }
        if (ms == 0) {
            look_halt("a receive that may wait for ever, by a port that never does");
        }
        if (waited == ticks) {
            e->drained = 0;
            wrong(e);
            return look_fail(N_EAGAIN);
        }
        rt_thread_delay(1);
    }
}

int at_sendto(struct entry *e, const void *buf, size_t len, const struct sal_addr *to) {
    if (buf == NULL || len == 0) {
        return wrong(e);
    }
    if (e->closed) {
        return 0;
    }
    if (to != NULL && !e->stream && e->stage == FRESH && dial(e, to, 16) < 0) {
        return wrong(e);
    }
    if (e->stage != CONNECTED) {
        return wrong(e);
    }
    size_t sent = 0;
    while (sent < len) { /* waits until the module has accepted everything */
        ssize_t r = look.link ? send(e->host, (const char *)buf + sent, len - sent, MSG_DONTWAIT | MSG_NOSIGNAL) : -1;
        if (r < 0 && (!look.link || (errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED))) {
            return wrong(e);
        }
        if (r < 0 && errno == EAGAIN && look_host_poll(e, POLLOUT, 3000) == 0) {
            return wrong(e);
        }
        sent += r > 0 ? (size_t)r : 0;
    }
    return (int)len;
}

int at_poll(struct entry *e) {
    fetch(e);
    bool stale = e->drained != 0 && e->drained % 2 == 0;
    return (e->kept_from < e->kept || e->closed || stale ? SAL_POLLIN : 0) | (e->sendevent ? SAL_POLLOUT : 0) |
        (e->errevent ? SAL_POLLERR : 0);
}

int at_option(struct entry *e, bool set, int level, int name, void *value, uint32_t *len) {
    if (level == SAL_SOL_SOCKET && (name == 0x1005 || name == 0x1006)) {
        return look_option(e, set, level, name, value, len) == 0 ? 0 : -1;
    }
    return set && level == 6 ? 0 : -1;
}

void at_close(struct entry *e) {
    if (e->dialling) {
        look_halt("an AT socket closed under a connect");
    }
    rt_thread_mdelay(100);
    free(e->data);
    e->data = NULL;
}
