/* Streams of the simulated network: TCP, and AF_UNIX without latency.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "internal.h"

#define SYN_RETRY 1000000
#define SYN_GIVE_UP 127000000
#define HOST_DOWN_AFTER 3000000

static usocket_time_t latency(const struct sock *s) {
    return s->family == USOCKET_AF_UNIX ? 0 : world.latency;
}

static void pipe_open(struct sock *s, size_t room) {
    s->in.room = room ? room : 1;
    s->in.bytes = malloc(s->in.room);
    if (!s->in.bytes) {
        abort();
    }
}

void sim_stream_join(struct sock *a, struct sock *b) {
    a->peer = b;
    b->peer = a;
    pipe_open(a, (size_t)a->rcvbuf + (size_t)b->sndbuf);
    pipe_open(b, (size_t)b->rcvbuf + (size_t)a->sndbuf);
    a->state = b->state = OPEN;
}

size_t sim_stream_pending(const struct sock *s) {
    size_t n = 0;
    for (size_t i = 0; i < s->in.count && s->in.segments[i].at <= world.now; i++) {
        n += s->in.segments[i].len;
    }
    return n;
}

static bool ended(const struct sock *s) {
    return s->shut_rd || s->state == DEAD || (s->in.fin_at <= world.now && sim_stream_pending(s) == s->in.len);
}

static size_t room_towards(const struct sock *s) {
    return s->peer ? s->peer->in.room - s->peer->in.len : 0;
}

/* Process an arrived SYN at the other end: queue the connection, drop the SYN or refuse. */
static void syn(struct sock *s) {
    struct sock *listener = NULL;
    s->syn_at = USOCKET_NEVER;
    s->settled_at = world.now + latency(s);
    switch (sim_fate_of(&s->remote)) {
        case SIM_HOLE:
            s->settled_at = s->give_up_at;
            s->verdict = USOCKET_ETIMEDOUT;
            return;
        case SIM_HOST_DOWN:
            s->settled_at = world.now + HOST_DOWN_AFTER;
            s->verdict = USOCKET_EHOSTUNREACH;
            return;
        case SIM_REFUSE:
            s->verdict = USOCKET_ECONNREFUSED;
            return;
        default:
            break;
    }
    listener = sim_bound_to(&s->remote, USOCKET_STREAM);
    if (!listener || listener->state != LISTENING) {
        s->verdict = USOCKET_ECONNREFUSED;
        return;
    }
    if (listener->queued > listener->backlog) { /* one more than requested, as on most systems */
        s->settled_at = USOCKET_NEVER;
        s->syn_at = world.now + SYN_RETRY;
        if (s->syn_at > s->give_up_at) {
            s->syn_at = USOCKET_NEVER;
            s->settled_at = world.now;
            s->verdict = USOCKET_ETIMEDOUT;
        }
        return;
    }
    struct sock *other = sim_sock_new(s->family, s->type, 0);
    other->rcvbuf = listener->rcvbuf;
    other->sndbuf = listener->sndbuf;
    other->local = s->remote;
    other->remote = s->local;
    sim_stream_join(s, other);
    s->state = CONNECTING;
    s->verdict = 0;
    listener->queue[listener->queued++] = other;
}

static void settle(struct sock *s) {
    s->settled_at = USOCKET_NEVER;
    if (s->verdict) {
        s->state = FRESH;
        s->error = s->verdict;
        s->told = false;
    } else {
        s->state = OPEN;
        s->told = false;
    }
}

static void reset(struct sock *s) {
    s->error = s->in.fin_at <= world.now ? USOCKET_EPIPE : USOCKET_ECONNRESET;
    s->state = DEAD;
    s->in.reset_at = USOCKET_NEVER;
}

void sim_stream_tick(struct sock *s) {
    if (s->state == CONNECTING && s->syn_at <= world.now) {
        syn(s);
    }
    if (s->state == CONNECTING && s->settled_at <= world.now) {
        settle(s);
    }
    if ((s->state == OPEN || s->state == CONNECTING) && s->in.reset_at <= world.now) {
        reset(s);
    }
}

usocket_time_t sim_stream_next(const struct sock *s) {
    usocket_time_t next = USOCKET_NEVER;
    if (!s->refs && s->state != CONNECTING) {
        return next;
    }
    if (s->state == CONNECTING) {
        next = sim_earlier(s->syn_at, s->settled_at);
    }
    for (size_t i = 0; i < s->in.count; i++) {
        if (s->in.segments[i].at > world.now) {
            next = sim_earlier(next, s->in.segments[i].at);
        }
    }
    if (s->in.fin_at > world.now) {
        next = sim_earlier(next, s->in.fin_at);
    }
    return s->state == DEAD ? next : sim_earlier(next, s->in.reset_at);
}

/* Called when the last handle is closed. */
void sim_stream_gone(struct sock *s) {
    if (s->state == LISTENING) {
        for (int i = 0; i < s->queued; i++) {
            sim_sock_drop(s->queue[i]);
        }
        s->queued = 0;
    } else if (s->state == CONNECTING) {
        s->state = DEAD;
        if (s->peer) {
            s->peer->in.reset_at = world.now + latency(s);
        }
    } else if (s->state == OPEN && s->peer) {
        if (s->in.len) { /* unread bytes: the peer receives a reset */
            s->peer->in.reset_at = world.now + latency(s);
        } else if (!s->shut_wr) {
            s->peer->in.fin_at = world.now + latency(s);
        }
    }
    if (s->state != DEAD) {
        s->state = DEAD;
    }
}

uint8_t sim_stream_ready(struct sock *s) {
    uint8_t ready = s->error ? USOCKET_POLL_ERR : 0;
    switch (s->state) {
        case FRESH:
            return ready | USOCKET_POLL_OUT | USOCKET_POLL_HUP;
        case LISTENING:
            return ready | (s->queued ? USOCKET_POLL_IN : 0);
        case CONNECTING:
            return 0;
        case DEAD:
            return ready | USOCKET_POLL_IN | USOCKET_POLL_OUT | USOCKET_POLL_HUP;
        case OPEN:
            ready |= sim_stream_pending(s) || ended(s) ? USOCKET_POLL_IN : 0;
            ready |= room_towards(s) || s->shut_wr ? USOCKET_POLL_OUT : 0;
            ready |= ended(s) && s->shut_wr ? USOCKET_POLL_HUP : 0;
            return ready;
    }
    return ready;
}

int sim_stream_connect(struct sock *s, const usocket_addr_t *a) {
    if (s->state == CONNECTING) {
        return USOCKET_EALREADY;
    }
    if (s->state == LISTENING) {
        return USOCKET_EISCONN;
    }
    if (s->state == OPEN || s->state == DEAD) {
        bool first = !s->told && s->state == OPEN;
        s->told = true;
        return first ? 0 : USOCKET_EISCONN;
    }
    if (s->error) {
        int code = s->error;
        s->error = 0;
        return code;
    }
    if (a->family != s->family) {
        return USOCKET_EAFNOSUPPORT;
    }
    if (s->family == USOCKET_AF_UNIX) {
        struct sock *listener = sim_bound_to(a, USOCKET_STREAM);
        if (!listener || listener->state != LISTENING) {
            return listener ? USOCKET_ECONNREFUSED : USOCKET_ENOENT;
        }
        if (listener->queued > listener->backlog) {
            return USOCKET_EAGAIN;
        }
    } else if (sim_fate_of(a) == SIM_UNREACH) {
        return USOCKET_ENETUNREACH;
    }
    int code = sim_bind_any(s, a);
    if (code) {
        return code;
    }
    s->remote = *a;
    s->state = CONNECTING;
    s->told = true;
    s->verdict = 0;
    s->settled_at = USOCKET_NEVER;
    s->syn_at = world.now + latency(s);
    s->give_up_at = world.now + SYN_GIVE_UP;
    sim_stream_tick(s);
    sim_stream_tick(s);
    if (s->state == CONNECTING) {
        return USOCKET_EINPROGRESS;
    }
    code = s->error;
    s->error = 0;
    s->told = true;
    return code;
}

int32_t sim_stream_recv(struct sock *s, void *buf, size_t len, int flags) {
    size_t there = sim_stream_pending(s), n = there < len ? there : len;
    if (flags & MSG_OOB) {
        return USOCKET_EINVAL;
    }
    if (s->shut_rd) {
        return 0;
    }
    if (n == 0 || len == 0) {
        if (s->error) {
            int code = s->error;
            s->error = 0;
            return code;
        }
        if (s->state == FRESH || s->state == LISTENING) {
            return USOCKET_ENOTCONN;
        }
        return len == 0 || ended(s) ? 0 : USOCKET_EAGAIN;
    }
    n = world.piece && n > world.piece ? world.piece : n;
    for (size_t i = 0; i < n; i++) {
        ((uint8_t *)buf)[i] = s->in.bytes[(s->in.head + i) % s->in.room];
    }
    if (flags & MSG_PEEK) {
        return (int32_t)n;
    }
    s->in.head = (s->in.head + n) % s->in.room;
    s->in.len -= n;
    for (size_t left = n; left;) {
        struct segment *first = &s->in.segments[0];
        size_t part = first->len < left ? first->len : left;
        first->len -= part;
        left -= part;
        if (!first->len) {
            memmove(first, first + 1, --s->in.count * sizeof *first);
        }
    }
    return (int32_t)n;
}

int32_t sim_stream_send(struct sock *s, const void *buf, size_t len, int flags) {
    (void)flags;
    if (s->error) {
        int code = s->error;
        s->error = 0;
        return code;
    }
    if (s->state == CONNECTING) {
        return USOCKET_EAGAIN;
    }
    if (s->state != OPEN || s->shut_wr) {
        return USOCKET_EPIPE;
    }
    struct sock *to = s->peer;
    if (!to->refs || to->state == DEAD) { /* closed at the other end, which will answer with a reset */
        s->in.reset_at = sim_earlier(s->in.reset_at, world.now + 2 * latency(s));
        return (int32_t)len;
    }
    size_t n = room_towards(s);
    n = n < len ? n : len;
    n = world.piece && n > world.piece ? world.piece : n;
    if (len == 0) {
        return 0;
    }
    if (n == 0) {
        return USOCKET_EAGAIN;
    }
    for (size_t i = 0; i < n; i++) {
        to->in.bytes[(to->in.head + to->in.len + i) % to->in.room] = ((const uint8_t *)buf)[i];
    }
    to->in.len += n;
    if (to->in.count == SEGMENTS) {
        to->in.segments[SEGMENTS - 1].len += n;
    } else {
        to->in.segments[to->in.count++] = (struct segment){ .len = n };
    }
    to->in.segments[to->in.count - 1].at = world.now + latency(s);
    return (int32_t)n;
}

void sim_reset(int handle) {
    struct sock *s = sim_sock(handle);
    s->in.reset_at = world.now + latency(s);
    if (s->peer) {
        s->peer->in.reset_at = world.now + latency(s);
    }
}

int usocket_port_shutdown(int handle, int how) {
    int code = sim_inject(SIM_SHUTDOWN);
    struct sock *s = sim_sock(handle);
    if (code || !s) {
        return code ? code : USOCKET_EBADF;
    }
    if (how < USOCKET_SHUT_RD || how > USOCKET_SHUT_RDWR) {
        return USOCKET_EINVAL;
    }
    if (is_stream(s) ? s->state != OPEN : !s->remote.family) {
        return USOCKET_ENOTCONN;
    }
    if (how != USOCKET_SHUT_WR) {
        s->shut_rd = true;
    }
    if (how != USOCKET_SHUT_RD && !s->shut_wr) {
        s->shut_wr = true;
        if (is_stream(s)) {
            s->peer->in.fin_at = world.now + latency(s);
        }
    }
    return 0;
}

int usocket_port_listen(int handle, int backlog) {
    int code = sim_inject(SIM_LISTEN);
    struct sock *s = sim_sock(handle);
    if (code || !s) {
        return code ? code : USOCKET_EBADF;
    }
    if (!is_stream(s)) {
        return USOCKET_EOPNOTSUPP;
    }
    if (s->state != FRESH && s->state != LISTENING) {
        return USOCKET_EINVAL;
    }
    code = s->family == USOCKET_AF_UNIX && !s->bound ? USOCKET_EINVAL : sim_bind_any(s, NULL);
    if (code) {
        return code;
    }
    s->state = LISTENING;
    s->backlog = backlog < 0 ? 0 : backlog > BACKLOG ? BACKLOG : backlog;
    return 0;
}

int usocket_port_somaxconn(void) {
    return BACKLOG;
}

int usocket_port_accept(int handle, usocket_addr_t *peer) {
    int code = sim_inject(SIM_ACCEPT);
    struct sock *s = sim_sock(handle);
    if (code || !s) {
        return code ? code : USOCKET_EBADF;
    }
    if (!is_stream(s)) {
        return USOCKET_EOPNOTSUPP;
    }
    if (s->state != LISTENING) {
        return USOCKET_EINVAL;
    }
    if (!s->queued) {
        return USOCKET_EAGAIN;
    }
    struct sock *conn = s->queue[0];
    int h = sim_handle_new(SOCKET, conn);
    if (h >= 0) {
        memmove(s->queue, s->queue + 1, (size_t)--s->queued * sizeof *s->queue);
        *peer = conn->remote;
        peer->family = (uint16_t)conn->family;
        conn->told = true;
    }
    return h;
}

bool usocket_port_connected(int handle) {
    struct sock *s = sim_sock(handle);
    return s && !world.connected_unknown && (is_stream(s) ? s->state == OPEN : s->remote.family != 0);
}

int usocket_port_connect(int handle, const usocket_addr_t *a) {
    int code = sim_inject(SIM_CONNECT);
    struct sock *s = sim_sock(handle);
    if (code || !s) {
        return code ? code : USOCKET_EBADF;
    }
    if (is_stream(s)) {
        return sim_stream_connect(s, a);
    }
    if (a->family == USOCKET_AF_UNSPEC) {
        s->remote = *a;
        return 0;
    }
    if (a->family != s->family) {
        return USOCKET_EAFNOSUPPORT;
    }
    if (s->family != USOCKET_AF_UNIX && sim_fate_of(a) == SIM_UNREACH) {
        return USOCKET_ENETUNREACH;
    }
    code = sim_bind_any(s, a);
    if (!code) {
        s->remote = *a;
    }
    return code;
}
