/* Data: send and receive, the calls that know no short counts, and bytes put back.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/base.h"
#include "../tls/tls_state.h"

#include <string.h>

static size_t clip(size_t len) {
    return len < INT32_MAX ? len : INT32_MAX;
}

/* usocket_enter, for a call on a buffer; not inlined, for the arguments of its callers are its own. */
__attribute__((noinline)) static int enter(usocket_t *s, const void *buf, size_t len) {
    return buf == NULL && len != 0 ? USOCKET_EFAULT : usocket_enter(s);
}

/* The place in a buffer that may be NULL. */
static void *at(const void *buf, size_t off) {
    return buf != NULL ? (uint8_t *)(uintptr_t)buf + off : NULL;
}

/* ---- Bytes put back ----------------------------------------------------------------------------------------------- */

size_t usocket_unread_len(const usocket_t *s) {
    const usocket_t *base = LOOSE_LOAD(&s->base);
    base = base != NULL ? base : s;
    return ATOMIC_LOAD(&base->unread_len);
}

/* With the lock held. Where it cannot be done, for want of a descriptor, usocket_poll alone knows of the bytes. */
static void show_readable(usocket_t *base) {
    if (base->io == base->fd) {
        int io = usocket_port_dup(base->fd);
        if (io < 0) {
            return;
        }
        ATOMIC_STORE(&base->io, io); /* first: a call on the other then finds out where the socket went */
    }
    usocket_port_show_readable(base->fd, base->io);
}

int usocket_unread(usocket_t *s, void *buf, size_t len) {
    int r = enter(s, buf, len);
    if (r < 0) {
        return r;
    }
    usocket_t *base = base_of(s);
    lock_sockets();
    if (base->unread_len != 0) {
        r = USOCKET_EEXIST;
    } else if (len != 0) {
        base->unread = buf;
        base->unread_off = 0;
        ATOMIC_STORE(&base->unread_len, len);
        show_readable(base);
    }
    unlock_sockets();
    usocket_leave(s);
    return r;
}

/* With the lock held: the block is used up. */
static void forget_unread(usocket_t *base) {
    base->unread = NULL;
    ATOMIC_STORE(&base->unread_len, 0);
    if (base->io != base->fd) {
        usocket_port_show_socket(base->fd, base->io);
    }
}

void *usocket_unread_take(usocket_t *s, size_t *off, size_t *len) {
    usocket_t *base = base_of(s);
    void *block = NULL;
    *off = *len = 0;
    if (usocket_unread_len(s) != 0 && usocket_enter(s) == 0) {
        lock_sockets();
        if (base->unread_len != 0) {
            block = base->unread;
            *off = base->unread_off;
            *len = base->unread_len;
            forget_unread(base);
        }
        unlock_sockets();
        usocket_leave(s);
    }
    return block;
}

static size_t read_unread(usocket_t *base, void *buf, size_t len, bool peek) {
    lock_sockets();
    size_t n = base->unread_len < len ? base->unread_len : len;
    if (n != 0) {
        memcpy(buf, base->unread + base->unread_off, n);
        if (!peek) {
            if (n == base->unread_len) {
                forget_unread(base);
            } else {
                base->unread_off += n;
                ATOMIC_STORE(&base->unread_len, base->unread_len - n);
            }
        }
    }
    unlock_sockets();
    return n;
}

/* ---- One receive, one send ---------------------------------------------------------------------------------------- */

static int32_t receive(usocket_t *s, void *buf, size_t len, int flags, usocket_addr_t *from, usocket_time_t deadline) {
    usocket_t *base = base_of(s);
    bool stream = is_stream(base);
    int meaning = flags == 0 ? 0 : usocket_port_flags(flags);
    patience_t patience =
        usocket_patience(s, false, meaning & (USOCKET_PORT_DONTWAIT | USOCKET_PORT_URGENT) ? USOCKET_NOW : deadline);
    uint8_t *place = buf != NULL ? buf : (uint8_t *)s; /* of an empty buffer: an address that can be counted from */
    size_t got = 0;
    unsigned part = 0;
    int32_t r;
    for (;;) {
        if (usocket_unread_len(s) != 0 && len != 0 && !(meaning & USOCKET_PORT_URGENT)) {
            r = (int32_t)read_unread(base, place + got, len - got, (meaning & USOCKET_PORT_PEEK) != 0);
            if (r != 0) {
                goto some;
            }
        }
        r = LOOSE_LOAD(&base->error);
        if (r != 0) {
            LOOSE_STORE(&base->error, 0);
            break;
        }
        uint8_t guess = LOOSE_LOAD(&base->guess);
        if (guess != 0 && len != 0 && !patience.again && patience.deadline != USOCKET_NOW) {
            /* The last receive came too early, so this one will, too: as a rule save the attempt (2 to 3 % of a ping-pong). */
            LOOSE_STORE(&base->guess, (uint8_t)(guess - 1));
            if ((r = usocket_await(s, USOCKET_POLL_IN, &patience)) < 0) {
                break;
            }
        }
        if (HAS_TLS(base)) {
            tls_want_t want;
            if (meaning & USOCKET_PORT_URGENT) {
                r = USOCKET_EOPNOTSUPP;
                break;
            }
            r = usocket_tls_recv(s, place + got, len - got, (meaning & USOCKET_PORT_PEEK) != 0, &want);
            if (r == USOCKET_EAGAIN && (r = usocket_tls_await(s, want, &patience)) == 0) {
                continue;
            }
            goto some;
        }
        ON_SOCKET(r, base, usocket_port_recv(io, place + got, len - got, flags, stream ? NULL : from));
        note_lost(base, r);
        if (r == USOCKET_EAGAIN) {
            if ((stream && len == 0) || (USOCKET_DATAGRAMS && (LOOSE_LOAD(&base->flags) & FLAG_SHUT_RD))) {
                r = 0; /* shut down for reading, Linux polls readable for ever and says this */
                break;
            }
            LOOSE_STORE(&base->guess, 15);
            r = usocket_await(s, USOCKET_POLL_IN, &patience);
            if (r < 0) {
                break;
            }
            continue;
        }
    some:
        if (r <= 0 || !stream || !(meaning & USOCKET_PORT_WAITALL) || (meaning & USOCKET_PORT_PEEK)) {
            break;
        }
        got += (size_t)r;
        if (got >= len) {
            r = 0;
            break;
        }
        r = usocket_go_on(s, &part, patience.deadline);
        if (r < 0) {
            r = r == USOCKET_ETIMEDOUT ? patience.late : r;
            break;
        }
    }
    if (got != 0) {
        if (r < 0 && r != patience.late && r != USOCKET_EINTR && r != USOCKET_EBADF) {
            LOOSE_STORE(&base->error, r); /* the stack says it once */
        }
        r = (int32_t)got; /* what has arrived counts; an error shows in the next call */
    }
    if (from != NULL && r >= 0 && (stream || HAS_TLS(base) || usocket_unread_len(s) != 0)) {
        if (usocket_port_name(ATOMIC_LOAD(&base->io), true, from) < 0) {
            from->family = USOCKET_AF_UNSPEC;
        }
    }
    return r;
}

int32_t usocket_recv_by(usocket_t *s, void *buf, size_t len, int flags, usocket_addr_t *from, usocket_time_t deadline) {
    int32_t r = enter(s, buf, len);
    if (r == 0) {
        if (from != NULL) {
            from->family = USOCKET_AF_UNSPEC;
        }
        r = receive(s, buf, clip(len), flags, from, deadline);
        usocket_leave(s);
    }
    return r;
}

int32_t usocket_send_by(
    usocket_t *s, const void *buf, size_t len, int flags, const usocket_addr_t *to, usocket_time_t deadline) {
    int32_t r = enter(s, buf, len);
    if (r < 0) {
        return r;
    }
    usocket_t *base = base_of(s);
    int meaning = flags == 0 ? 0 : usocket_port_flags(flags);
    patience_t patience = usocket_patience(s, true, meaning & USOCKET_PORT_DONTWAIT ? USOCKET_NOW : deadline);
    if (HAS_TLS(base)) {
        r = meaning & USOCKET_PORT_URGENT    ? USOCKET_EOPNOTSUPP
            : to != NULL && !is_stream(base) ? USOCKET_EISCONN
                                             : usocket_tls_send(s, buf, clip(len), &patience);
        usocket_leave(s);
        return r;
    }
    for (;;) {
        ON_SOCKET(r, base, usocket_port_send(io, buf, clip(len), flags, to));
        note_lost(base, r);
        if (r != USOCKET_EAGAIN) {
            break;
        }
        if (USOCKET_UNIX && to != NULL && base->family == USOCKET_AF_UNIX && patience.deadline != USOCKET_NOW) {
            r = usocket_pause(s, patience.deadline, patience.late);
        } else {
            r = usocket_await(s, USOCKET_POLL_OUT, &patience);
        }
        if (r < 0) {
            break;
        }
    }
    usocket_leave(s);
    return r;
}

/* ---- No short counts ---------------------------------------------------------------------------------------------- */

int usocket_recv_all_by(usocket_t *s, void *buf, size_t len, size_t *got, usocket_time_t deadline) {
    unsigned part = 0;
    int32_t r = 0;
    while (r == 0 && *got < len) {
        r = usocket_recv_by(s, at(buf, *got), len - *got, 0, NULL, deadline);
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
    do {
        r = *sent > len ? USOCKET_EINVAL : usocket_send_by(s, at(buf, *sent), len - *sent, 0, NULL, deadline);
        if (r < 0) {
            return r;
        }
        if (r == 0 && *sent < len) {
            return USOCKET_EIO; /* a stack that takes nothing and says nothing */
        }
        *sent += (size_t)r;
        if (*sent >= len) {
            return 0;
        }
        r = usocket_go_on(s, &part, deadline);
    } while (r == 0);
    return r;
}

/* How many of the n bytes at p belong to the line; *whole if its end is among them. */
static size_t line_part(const uint8_t *p, size_t n, bool *whole) {
    const uint8_t *end = memchr(p, '\n', n);
    *whole = end != NULL;
    return end != NULL ? (size_t)(end - p) + 1 : n;
}

int usocket_recv_line_by(usocket_t *s, void *buf, size_t len, size_t *got, usocket_time_t deadline) {
    bool stream = is_stream(s);
    int peek = stream ? usocket_port_msg_peek() : 0;
    bool whole = false;
    unsigned part = 0;
    while (*got < len && !whole) {
        int ended = usocket_go_on(s, &part, deadline);
        if (ended < 0) {
            return ended;
        }
        uint8_t *p = at(buf, *got);
        int32_t r = usocket_recv_by(s, p, len - *got, peek, NULL, deadline);
        if (r <= 0) {
            return r;
        }
        if (!stream) {
            *got += (size_t)r;
            return p[r - 1] == '\n';
        }
        /* They are there: what follows cannot wait, unless another thread takes them first. */
        r = usocket_recv_by(s, p, line_part(p, (size_t)r, &whole), 0, NULL, deadline);
        if (r <= 0) {
            return r;
        }
        line_part(p, (size_t)r, &whole);
        *got += (size_t)r;
    }
    return whole;
}

int usocket_readable_by(usocket_t *s, usocket_time_t deadline) {
    int r = usocket_enter(s);
    if (r == 0) {
        patience_t patience = usocket_patience(s, false, deadline);
        if (HAS_TLS(base_of(s)) && usocket_unread_len(s) == 0) {
            tls_want_t want;
            do {
                r = usocket_tls_readable(s, &want);
            } while (r == USOCKET_EAGAIN && (r = usocket_tls_await(s, want, &patience)) == 0);
            usocket_leave(s);
            return r == patience.late || r == USOCKET_EINTR || r == USOCKET_EBADF || r == USOCKET_ENOMEM ? r : 0;
        }
        r = usocket_unread_len(s) != 0 || LOOSE_LOAD(&base_of(s)->error) != 0
            ? 0
            : usocket_await(s, USOCKET_POLL_IN, &patience);
        usocket_leave(s);
    }
    return r;
}
