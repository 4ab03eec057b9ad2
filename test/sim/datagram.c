/* Datagrams of the simulated network.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "internal.h"

#define LARGEST 65507 /* the largest UDP payload of IPv4 */

static usocket_time_t latency(const struct sock *s) {
    return s->family == USOCKET_AF_UNIX ? 0 : world.latency;
}

void sim_datagram_tick(struct sock *s) {
    if (s->error_at <= world.now) {
        s->error = s->error_to_come;
        s->error_at = USOCKET_NEVER;
    }
}

usocket_time_t sim_datagram_next(const struct sock *s) {
    usocket_time_t next = s->refs ? s->error_at : USOCKET_NEVER;
    for (size_t i = 0; i < s->waiting; i++) {
        if (s->datagrams[i].at > world.now) {
            next = sim_earlier(next, s->datagrams[i].at);
        }
    }
    return next;
}

void sim_datagram_gone(struct sock *s) {
    for (size_t i = 0; i < s->waiting; i++) {
        free(s->datagrams[i].bytes);
    }
    s->waiting = 0;
    s->error_at = USOCKET_NEVER;
}

/* AF_UNIX waits for room at the receiver; poll reports it only on a connected sender, as on Linux. */
static bool full(const struct sock *s) {
    const struct sock *there = s->family != USOCKET_AF_UNIX ? NULL : s->peer ? s->peer : s->remote.family ? sim_bound_to(&s->remote, USOCKET_DGRAM) : NULL;
    return there && there->refs && there->waiting >= world.datagrams;
}

void sim_lose(unsigned one_in, unsigned seed) {
    world.lose = one_in;
    world.loss_seed = seed;
}

uint8_t sim_datagram_ready(struct sock *s) {
    uint8_t ready = full(s) ? 0 : USOCKET_POLL_OUT;
    ready |= s->error ? USOCKET_POLL_ERR : 0;
    ready |= (s->waiting && s->datagrams[0].at <= world.now) || s->shut_rd ? USOCKET_POLL_IN : 0;
    ready |= s->shut_rd && s->shut_wr ? USOCKET_POLL_HUP : 0;
    return ready;
}

int32_t sim_datagram_recv(struct sock *s, void *buf, size_t len, int flags, usocket_addr_t *from) {
    if (s->error) {
        int code = s->error;
        s->error = 0;
        return code;
    }
    if (!s->waiting || s->datagrams[0].at > world.now) {
        return s->shut_rd ? 0 : USOCKET_EAGAIN;
    }
    struct datagram *d = &s->datagrams[0];
    size_t whole = d->len, n = whole < len ? whole : len;
    if (n) {
        memcpy(buf, d->bytes, n);
    }
    if (from) {
        *from = d->from;
    }
    if (!(flags & MSG_PEEK)) {
        free(d->bytes);
        memmove(d, d + 1, --s->waiting * sizeof *d);
    }
    return (int32_t)(flags & MSG_TRUNC ? whole : n);
}

int32_t sim_datagram_send(struct sock *s, const void *buf, size_t len, const usocket_addr_t *to) {
    if (s->error) {
        int code = s->error;
        s->error = 0;
        return code;
    }
    if (s->shut_wr) {
        return USOCKET_EPIPE;
    }
    struct sock *there = to ? NULL : s->peer; /* one of a pair */
    if (!to && !there && !s->remote.family) {
        return USOCKET_EDESTADDRREQ;
    }
    if (len > LARGEST) {
        return USOCKET_EMSGSIZE;
    }
    if (!there) {
        to = to ? to : &s->remote;
        if (to->family != s->family) {
            return USOCKET_EAFNOSUPPORT;
        }
        if (s->family != USOCKET_AF_UNIX && sim_fate_of(to) == SIM_UNREACH) {
            return USOCKET_ENETUNREACH;
        }
        int code = sim_bind_any(s, to);
        if (code) {
            return code;
        }
        there = s->family == USOCKET_AF_UNIX ? sim_bound_to(to, USOCKET_DGRAM)
            : sim_fate_of(to) == SIM_LOCAL ? sim_datagram_at(to, &s->local)
                                           : NULL;
    }
    if (!there || !there->refs) {
        if (s->family == USOCKET_AF_UNIX) {
            return s->peer ? USOCKET_ECONNREFUSED : USOCKET_ENOENT;
        }
        if (s->remote.family && sim_fate_of(to) != SIM_HOLE) {
            s->error_to_come = USOCKET_ECONNREFUSED;
            s->error_at = world.now + 2 * latency(s);
        }
        return (int32_t)len;
    }
    if (world.lose && s->family != USOCKET_AF_UNIX) {
        world.loss_seed = world.loss_seed * 1103515245u + 12345u;
        if ((world.loss_seed >> 16) % world.lose == 0) {
            return (int32_t)len;
        }
    }
    if (there->waiting >= world.datagrams) {
        return s->family == USOCKET_AF_UNIX ? USOCKET_EAGAIN : (int32_t)len;
    }
    struct datagram *d = &there->datagrams[there->waiting++];
    d->from = s->local;
    d->at = world.now + latency(s);
    d->len = len;
    d->bytes = malloc(len + 1);
    if (!d->bytes) {
        abort();
    }
    if (len) {
        memcpy(d->bytes, buf, len);
    }
    return (int32_t)len;
}
