/* Data: receive and send, the calls without short counts, and bytes put back.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sockets.h"

#include <string.h>

/* Limit a length, so that a count fits into an int32_t. */
static size_t clip(size_t len) {
    return len < INT32_MAX ? len : INT32_MAX;
}

/* Hold s for a call with a buffer. Not inlined, because its arguments are in its callers'
 * registers: each call is short. */
__attribute__((noinline)) static int hold_for_buffer(usocket_t *s, const void *buf, size_t len) {
    return buf == NULL && len != 0 ? USOCKET_EFAULT : usocket_hold(s);
}

/* Add an offset to a buffer, which may be NULL. */
static void *at_offset(const void *buf, size_t off) {
    return buf != NULL ? (uint8_t *)(uintptr_t)buf + off : NULL;
}

/* ---- Bytes put back ---------------------------------------------------------------------------------------------- */

#if USOCKET_UNREAD

int usocket_unread(usocket_t *s, void *buf, size_t len) {
    int r = hold_for_buffer(s, buf, len);
    if (r == 0) {
        r = usocket_put_back(base_of(s), buf, len);
        usocket_release(s);
    }
    return r;
}

void *usocket_unread_take(usocket_t *s, size_t *off, size_t *len) {
    void *block = NULL;
    *off = *len = 0;
    if (usocket_unread_len(s) != 0 && usocket_hold(s) == 0) {
        block = usocket_take_back(base_of(s), off, len);
        usocket_release(s);
    }
    return block;
}

#endif

/* ---- Receive ----------------------------------------------------------------------------------------------------- */

/* One receive in progress. */
struct receive {
    usocket_t *s;
    usocket_t *base;
    int flags;            /* The stack's MSG_*. */
    int meaning;          /* USOCKET_PORT_* of them. */
    usocket_addr_t *from; /* The sender of a datagram, or NULL. */
    wait_limit_t limit;   /* The limit of the whole call. */
};

/* Take the error that a receive has kept for the next one. */
static int take_error(usocket_t *base) {
    int r = LOOSE_LOAD(&base->error);
    if (r != 0) {
        LOOSE_STORE(&base->error, 0);
    }
    return r;
}

/* True if the first attempt is not worth its system call, because a receive has lately come before
 * its bytes. It saves 2 to 3 % of a ping-pong. */
static bool comes_early(const struct receive *c, size_t len) {
    uint8_t guess = LOOSE_LOAD(&c->base->guess);
    if (guess == 0 || len == 0 || c->limit.retried || c->limit.deadline == USOCKET_NOW) {
        return false;
    }
    LOOSE_STORE(&c->base->guess, (uint8_t)(guess - 1));
    return true;
}

#if USOCKET_WAIT_INSIDE
/* Wait in the receive, for a slice at most. USOCKET_EAGAIN: in vain, or not at all. The first waits of a socket are not
 * worth the calls that prepare it. */
static int32_t receive_inside(const struct receive *c, void *buf, size_t len) {
    usocket_t *base = c->base;
    int32_t r = USOCKET_EAGAIN;
    bool settled = (LOOSE_LOAD(&base->flags) & FLAG_INSIDE) || LOOSE_LOAD(&base->guess) < GUESS_EARLY - 1;
    if (settled && !(c->meaning & USOCKET_PORT_WAITALL) && usocket_waits_inside(c->s, c->limit.deadline)) {
        ON_SOCKET(r, base, usocket_port_recv_inside(io, buf, len, c->flags, c->from));
        note_lost(base, r);
        if (r == 0 && is_gone(c->s)) { /* usocket_end_inside has ended it */
            return USOCKET_EBADF;
        }
        /* Bytes put back meanwhile may have moved the connection: no poll of the new descriptor tells of them. */
        if (r == USOCKET_EAGAIN && base_unread(base) != 0) {
            int32_t n = (int32_t)usocket_read_back(base, buf, len, (c->meaning & USOCKET_PORT_PEEK) != 0);
            r = n != 0 ? n : r;
        }
    }
    return r;
}

/* A wait inside costs no more than an attempt. */
static uint8_t next_guess(const usocket_t *base) {
    return LOOSE_LOAD(&base->flags) & FLAG_INSIDE ? UINT8_MAX : GUESS_EARLY;
}
#else
#define receive_inside(c, buf, len) USOCKET_EAGAIN
#define next_guess(base) GUESS_EARLY
#endif

/* Attempt to receive from the stack. */
static int32_t receive_plain(const struct receive *c, void *buf, size_t len, usocket_want_t *want) {
    usocket_t *base = c->base;
    int32_t r = USOCKET_EAGAIN;
    bool early = comes_early(c, len);
    if (early) {
        r = receive_inside(c, buf, len);
        if (r != USOCKET_EAGAIN) {
            return r;
        }
    } else {
        ON_SOCKET(r, base, usocket_port_recv(io, buf, len, c->flags, c->from));
        note_lost(base, r);
        if (r != USOCKET_EAGAIN) {
            return r;
        }
        if ((is_stream(base) && len == 0) || (USOCKET_DATAGRAMS && (LOOSE_LOAD(&base->flags) & FLAG_SHUT_RD))) {
            /* Shut down for reading, a datagram socket of Linux polls readable for ever and receives EAGAIN. */
            return 0;
        }
        LOOSE_STORE(&base->guess, next_guess(base));
    }
    want_events(want, USOCKET_POLL_IN);
    return r;
}

/* Attempt to receive: from bytes put back, a kept error, TLS or the stack, in this order. It never waits;
 * USOCKET_EAGAIN sets *want. */
static int32_t receive_once(const struct receive *c, void *buf, size_t len, usocket_want_t *want) {
    usocket_t *base = c->base;
    bool urgent = (c->meaning & USOCKET_PORT_URGENT) != 0;
    bool peek = (c->meaning & USOCKET_PORT_PEEK) != 0;
    int32_t r = 0;
    if (base_unread(base) != 0 && len != 0 && !urgent) {
        r = (int32_t)usocket_read_back(base, buf, len, peek);
    }
    if (r == 0) {
        r = take_error(base);
    }
    if (r != 0) {
        return r;
    }
    if (HAS_TLS(base)) {
        return urgent ? USOCKET_EOPNOTSUPP : usocket_tls_recv(c->s, buf, len, peek, want);
    }
    return receive_plain(c, buf, len, want);
}

/* Repeat the attempt, with waits between, until it returns another result than USOCKET_EAGAIN or
 * the limit is reached. Not inlined, so that receive_once is, and its prologue runs once for a
 * receive that has to wait. */
__attribute__((noinline)) static int32_t receive_some(struct receive *c, void *buf, size_t len) {
    usocket_want_t want;
    int32_t r;
    do {
        r = receive_once(c, buf, len, &want);
    } while (r == USOCKET_EAGAIN && (r = usocket_await(c->s, &want, &c->limit)) == 0);
    return r;
}

/* Receive until the buffer is full (MSG_WAITALL). Bytes that
 * have arrived count; the next call gets an error after them. */
static int32_t receive_all(struct receive *c, uint8_t *buf, size_t len) {
    size_t got = 0;
    unsigned part = 0;
    int32_t r;
    while ((r = receive_some(c, buf + got, len - got)) > 0) {
        got += (size_t)r;
        if (got == len || usocket_go_on(c->s, &part, c->limit.deadline) < 0) {
            return (int32_t)got; /* no code of usocket_go_on is an error of the connection */
        }
    }
    if (got == 0) {
        return r;
    }
    if (r < 0 && r != c->limit.timeout_code && r != USOCKET_EINTR && r != USOCKET_EBADF) {
        LOOSE_STORE(&c->base->error, r); /* the stack reports an error once */
    }
    return (int32_t)got;
}

/* Where the stack does not report a sender, the peer is the sender. */
static void name_sender(usocket_t *base, usocket_addr_t *from) {
    if ((is_stream(base) || HAS_TLS(base) || base_unread(base) != 0) &&
        usocket_port_name(base_io(base), true, from) < 0) {
        from->family = USOCKET_AF_UNSPEC;
    }
}

/* Not inlined, because gcc -O2 would then split it at its
 * first branch: 25 instructions more in each receive. */
__attribute__((noinline)) int32_t usocket_recv_by(
    usocket_t *s, void *buf, size_t len, int flags, usocket_addr_t *from, usocket_time_t deadline) {
    int32_t r = hold_for_buffer(s, buf, len);
    if (r == 0) {
        int meaning = flags == 0 ? 0 : usocket_port_flags(flags);
        bool now = (meaning & (USOCKET_PORT_DONTWAIT | USOCKET_PORT_URGENT)) != 0;
        usocket_t *base = base_of(s);
        struct receive c = {s, base, flags, meaning, NULL, usocket_limit(s, false, now ? USOCKET_NOW : deadline)};
        if (from != NULL) {
            from->family = USOCKET_AF_UNSPEC;
            c.from = is_stream(s) ? NULL : from;
        }
        if (buf == NULL) {
            buf = s; /* any address that an offset may be added to */
        }
        bool all = (meaning & (USOCKET_PORT_WAITALL | USOCKET_PORT_PEEK)) == USOCKET_PORT_WAITALL && is_stream(s);
        r = all ? receive_all(&c, buf, clip(len)) : receive_some(&c, buf, clip(len));
        if (from != NULL && r >= 0) {
            name_sender(base, from);
        }
        usocket_release(s);
    }
    return r;
}

/* ---- Send -------------------------------------------------------------------------------------------------------- */

/* Attempt to send. USOCKET_EAGAIN sets *want. */
static int32_t send_once(
    usocket_t *base, const void *buf, size_t len, int flags, const usocket_addr_t *to, usocket_want_t *want) {
    int32_t r;
    ON_SOCKET(r, base, usocket_port_send(io, buf, len, flags, to));
    note_lost(base, r);
    if (r == USOCKET_EAGAIN) {
        want_events(want, USOCKET_POLL_OUT);
#if USOCKET_UNIX
        if (to != NULL && base->family == USOCKET_AF_UNIX) {
            *want = WANT_AT(usocket_deadline_in(RETRY_QUEUE_US)); /* the peer's queue is full, which no poll reports */
        }
#endif
    }
    return r;
}

#if USOCKET_TLS
/* Send on a TLS socket. A record that has been encrypted is sent by the attempts that follow;
 * usocket_tls_sent reports how much of it counts if the limit comes first. */
static int32_t send_tls(
    usocket_t *s, const void *buf, size_t len, int meaning, const usocket_addr_t *to, wait_limit_t *limit) {
    if (meaning & USOCKET_PORT_URGENT) {
        return USOCKET_EOPNOTSUPP;
    }
    if (to != NULL && !is_stream(base_of(s))) {
        return USOCKET_EISCONN;
    }
    usocket_tls_sending_t sending = {-1, 0};
    usocket_want_t want;
    int32_t r;
    do {
        r = usocket_tls_send(s, buf, len, &sending, &want);
    } while (r == USOCKET_EAGAIN && (r = usocket_await(s, &want, limit)) == 0);
    return r < 0 ? usocket_tls_sent(s, buf, &sending, r) : r;
}
#endif

int32_t usocket_send_by(
    usocket_t *s, const void *buf, size_t len, int flags, const usocket_addr_t *to, usocket_time_t deadline) {
    int32_t r = hold_for_buffer(s, buf, len);
    if (r < 0) {
        return r;
    }
    len = clip(len);
    int meaning = flags == 0 ? 0 : usocket_port_flags(flags);
    wait_limit_t limit = usocket_limit(s, true, meaning & USOCKET_PORT_DONTWAIT ? USOCKET_NOW : deadline);
#if USOCKET_TLS
    if (HAS_TLS(base_of(s))) {
        r = send_tls(s, buf, len, meaning, to, &limit);
        usocket_release(s);
        return r;
    }
#endif
    usocket_t *base = base_of(s);
    usocket_want_t want;
    do {
        r = send_once(base, buf, len, flags, to, &want);
    } while (r == USOCKET_EAGAIN && (r = usocket_await(s, &want, &limit)) == 0);
    usocket_release(s);
    return r;
}

/* ---- No short counts --------------------------------------------------------------------------------------------- */

/* *got counts across calls: after USOCKET_EINTR the next call continues behind the bytes that have
 * arrived. A code does not take them back. */
int usocket_recv_all_by(usocket_t *s, void *buf, size_t len, size_t *got, usocket_time_t deadline) {
    unsigned part = 0;
    int32_t r = 0;
    while (r == 0 && *got < len) {
        r = usocket_recv_by(s, at_offset(buf, *got), len - *got, 0, NULL, deadline);
        if (r <= 0) {
            return r;
        }
        *got += (size_t)r;
        if (!is_stream(s) || *got == len) {
            return 0;
        }
        r = usocket_go_on(s, &part, deadline);
    }
    return r;
}

int usocket_send_all_by(usocket_t *s, const void *buf, size_t len, size_t *sent, usocket_time_t deadline) {
    unsigned part = 0;
    int32_t r;
    if (*sent > len) {
        return USOCKET_EINVAL;
    }
    do {
        r = usocket_send_by(s, at_offset(buf, *sent), len - *sent, 0, NULL, deadline);
        if (r < 0) {
            return r;
        }
        *sent += (size_t)r;
        if (*sent >= len) {
            return 0;
        }
        if (r == 0) {
            return USOCKET_EIO; /* the stack has taken nothing and reported nothing */
        }
        r = usocket_go_on(s, &part, deadline);
    } while (r == 0);
    return r;
}

/* Count those of the n bytes at p that belong to the line, its end included. */
static size_t line_part(const uint8_t *p, size_t n) {
    const uint8_t *end = memchr(p, '\n', n);
    return end != NULL ? (size_t)(end - p) + 1 : n;
}

/* A line of a stream is found by a peek, and its bytes alone are received: the rest stays in the
 * stack for other calls. A datagram is received whole. */
int usocket_recv_line_by(usocket_t *s, void *buf, size_t len, size_t *got, usocket_time_t deadline) {
    int peek = is_stream(s) ? usocket_port_msg_peek() : 0;
    unsigned part = 0;
    bool whole = false;
    while (*got < len && !whole) {
        uint8_t *p = at_offset(buf, *got);
        int32_t r = usocket_go_on(s, &part, deadline);
        if (r == 0) {
            r = usocket_recv_by(s, p, len - *got, peek, NULL, deadline);
        }
        if (r > 0 && is_stream(s)) {
            /* The bytes have arrived: this receive waits
             * only if another thread takes them first. */
            r = usocket_recv_by(s, p, line_part(p, (size_t)r), 0, NULL, deadline);
        }
        if (r <= 0) {
            return r;
        }
        *got += (size_t)r;
        whole = p[r - 1] == '\n';
        if (!is_stream(s)) {
            break;
        }
    }
    return whole;
}

#if USOCKET_TLS
/* The next receive reports a failure. A send of nothing completes a handshake. */
static int await_tls(usocket_t *s, bool output, wait_limit_t *limit) {
    usocket_want_t want = WANT(USOCKET_POLL_IN);
    int r;
    if (output) {
        r = send_tls(s, NULL, 0, 0, NULL, limit);
        r = r == 0 ? usocket_tls_poll(s, USOCKET_POLL_OUT, limit->deadline, NULL) : r;
        return r > 0 ? 0 : r < 0 ? r : limit->timeout_code;
    }
    do {
        r = usocket_tls_readable(s, &want);
    } while (r == USOCKET_EAGAIN && (r = usocket_await(s, &want, limit)) == 0);
    return r == limit->timeout_code || r == USOCKET_EINTR || r == USOCKET_EBADF || r == USOCKET_ENOMEM ? r : 0;
}
#endif

/* A kept error and bytes put back are found at once, as a receive would. */
static int ready_by(usocket_t *s, bool output, usocket_time_t deadline) {
    int r = usocket_hold(s);
    if (r == 0) {
        usocket_t *base = base_of(s);
        wait_limit_t limit = usocket_limit(s, output, deadline);
        usocket_want_t want = WANT(output ? USOCKET_POLL_OUT : USOCKET_POLL_IN);
        if (!output && base_unread(base) != 0) {
            r = 0;
#if USOCKET_TLS
        } else if (HAS_TLS(base)) {
            r = await_tls(s, output, &limit);
#endif
        } else if (output || LOOSE_LOAD(&base->error) == 0) {
            r = usocket_await(s, &want, &limit);
        }
        usocket_release(s);
    }
    return r;
}

int usocket_readable_by(usocket_t *s, usocket_time_t deadline) {
    return ready_by(s, false, deadline);
}

int usocket_writable_by(usocket_t *s, usocket_time_t deadline) {
    return ready_by(s, true, deadline);
}
