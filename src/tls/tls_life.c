/* TLS sockets: connecting, ending, polling.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tls_state.h"

#if USOCKET_TLS

/* ---- Connecting --------------------------------------------------------------------------------------------------- */

/* late: what to say when a non-blocking call has to end before the handshake. */
static int handshake_by(usocket_t *s, usocket_time_t deadline, int late) {
    usocket_tls_t *t = base_of(s)->tls;
    patience_t p = {deadline, deadline == USOCKET_NOW ? late : USOCKET_ETIMEDOUT, false};
    for (;;) {
        tls_want_t want = {0, 0, 0};
        int r = USOCKET_EAGAIN;
        if (usocket_tls_enter(t)) {
            r = usocket_tls_done(t, usocket_tls_open_up(s, t), &want);
        }
        if (r == USOCKET_EAGAIN) {
            r = usocket_tls_await(s, want, &p);
            if (r == 0) {
                continue;
            }
        }
        return r;
    }
}

int usocket_tls_connected(usocket_t *s, const usocket_addr_t *a, int r, usocket_time_t deadline) {
    usocket_tls_t *t = base_of(s)->tls;
    int entered = usocket_tls_enter_for(s, t);
    if (entered < 0) {
        return entered;
    }
    if (r == USOCKET_EISCONN) {
        r = t->stage == TLS_OPEN ? USOCKET_EISCONN : t->stage == TLS_FAILED ? t->failed : USOCKET_EALREADY;
        usocket_tls_leave(t);
        return r;
    }
    bool begun = r == 0 || r == USOCKET_EINPROGRESS || r == USOCKET_EINTR || r == USOCKET_ETIMEDOUT;
    if (a != NULL && begun && t->stage <= TLS_CONNECTING) {
        t->peer = *a; /* another than the time before, if that has failed */
        t->stage = TLS_CONNECTING;
    } else if (!begun && r != USOCKET_EALREADY && t->stage == TLS_CONNECTING) {
        t->stage = TLS_NEW;
    }
    if (r == 0 && t->stage == TLS_CONNECTING) {
        t->stage = TLS_HANDSHAKE;
    }
    usocket_tls_leave(t);
    return r == 0 ? handshake_by(s, deadline, USOCKET_EINPROGRESS) : r;
}

void usocket_tls_adopted(usocket_t *s, int handle) {
    usocket_tls_t *t = s->tls;
    if (usocket_port_name(handle, true, &t->peer) == 0) {
        t->stage = TLS_HANDSHAKE;
    }
}

int usocket_tls_handshake_by(usocket_t *s, usocket_time_t deadline) {
    int r = usocket_enter(s);
    if (r == 0) {
        r = base_of(s)->tls != NULL ? handshake_by(s, deadline, USOCKET_EAGAIN) : USOCKET_ENOPROTOOPT;
        usocket_leave(s);
    }
    return r;
}

/* ---- Ending ------------------------------------------------------------------------------------------------------- */

/* Say goodbye, on the socket or, with s NULL, on what is left of it. */
static int goodbye(usocket_t *s, usocket_tls_t *t, patience_t *p) {
    for (;;) {
        tls_want_t want = {0, 0, 0};
        int r = USOCKET_EAGAIN;
        if (usocket_tls_enter(t)) {
            r = usocket_tls_done(t, usocket_backend_goodbye(t), &want);
        }
        if (r != USOCKET_EAGAIN) {
            return r;
        }
        if (s != NULL) {
            r = usocket_tls_await(s, want, p);
        } else {
            usocket_wait_t w = {t->io, USOCKET_POLL_OUT, 0};
            usocket_time_t now = usocket_port_now();
            r = p->deadline <= now || usocket_wait_for(NULL, &w, 1, p->deadline) <= 0 ? USOCKET_EAGAIN : 0;
        }
        if (r < 0) {
            return r;
        }
    }
}

/* A client that never reads has its server's tickets unread, and a stack resets what is closed with something unread: what was sent
 * before would be lost. */
static void forget_tickets(int io) {
    uint8_t rest[256];
    for (int i = 0; i < 64 && usocket_port_recv(io, rest, sizeof(rest), 0, NULL) > 0; i++) {
    }
}

/* Inherited over a fork(), and not used since: the session is the parent's. */
static bool is_inherited(const usocket_tls_t *t) {
#if USOCKET_FORK
    return LOOSE_LOAD(&t->process) != process();
#else
    (void)t;
    return false;
#endif
}

int usocket_tls_say_end(usocket_t *s, usocket_time_t deadline) {
    usocket_tls_t *t = base_of(s)->tls;
    patience_t p = {deadline, USOCKET_EAGAIN, false};
    bool inherited = is_inherited(t); /* before it is entered, and so used by this process */
    int r = usocket_tls_enter_for(s, t);
    if (r < 0) {
        return r;
    }
    bool open = t->stage == TLS_OPEN && !t->eof && !inherited;
    usocket_tls_leave(t);
    return open ? goodbye(s, t, &p) : 0;
}

void usocket_tls_end(usocket_tls_t *t, usocket_time_t timeout, int io) {
    if (t != NULL && io >= 0 && t->stage == TLS_OPEN && !t->eof && !is_inherited(t)) {
        usocket_time_t most = (usocket_time_t)USOCKET_TLS_CLOSE_MS * 1000;
        patience_t p = {usocket_deadline_in(timeout >= 0 && timeout < most ? timeout : most), USOCKET_EAGAIN, false};
        t->io = io;
        goodbye(NULL, t, &p);
        if (!t->server) {
            forget_tickets(io);
        }
    }
    usocket_tls_free(t);
}

static int stop_writing(usocket_t *s, usocket_tls_t *t) {
    int r = usocket_tls_enter_for(s, t);
    if (r == 0) {
        t->shut_wr = true;
        usocket_tls_leave(t);
    }
    return r;
}

int usocket_tls_shutdown(usocket_t *s, int how) {
    usocket_tls_t *t = base_of(s)->tls;
    int r = usocket_tls_enter_for(s, t);
    if (r < 0) {
        return r;
    }
    t->shut_rd = t->shut_rd || how == USOCKET_SHUT_RD || how == USOCKET_SHUT_RDWR;
    bool open = t->stage == TLS_OPEN;
    usocket_tls_leave(t);
    if (how == USOCKET_SHUT_WR || how == USOCKET_SHUT_RDWR) {
        if (open) {
            patience_t p = usocket_patience(s, true, usocket_deadline(s));
            r = goodbye(s, t, &p);
        }
        if (r == 0) {
            r = stop_writing(s, t);
        }
    }
    return r;
}

static int unwrap(usocket_t *s, usocket_tls_t *t, usocket_time_t deadline) {
    if (t->datagram) {
        return USOCKET_EOPNOTSUPP;
    }
    int r = usocket_tls_stage(s);
    if (r != TLS_OPEN) {
        return r < 0 ? r : r == TLS_FAILED ? t->failed : USOCKET_ENOTCONN;
    }
    if (usocket_unread_len(s) != 0) {
        return USOCKET_EBUSY;
    }
    patience_t p = {deadline, deadline == USOCKET_NOW ? USOCKET_EAGAIN : USOCKET_ETIMEDOUT, false};
    r = goodbye(s, t, &p);
    if (r == 0) {
        r = stop_writing(s, t);
    }
    while (r == 0) {
        uint8_t byte;
        tls_want_t want;
        r = usocket_tls_recv(s, &byte, 1, true, &want);
        if (r == 0) {
            break;
        }
        r = r == USOCKET_EAGAIN ? usocket_tls_await(s, want, &p) : r > 0 ? USOCKET_EBUSY : r;
    }
    return r;
}

int usocket_tls_unwrap_by(usocket_t *s, usocket_time_t deadline) {
    int r = usocket_enter(s);
    if (r == 0) {
        r = base_of(s)->tls != NULL ? unwrap(s, base_of(s)->tls, deadline) : USOCKET_ENOPROTOOPT;
        usocket_leave(s);
    }
    return r;
}

/* ---- Polling ------------------------------------------------------------------------------------------------------ */

/* What a look has seen. */
struct seen {
    uint8_t want; /* what the transport has to become for more */
    uint8_t stage;
    bool watching; /* a listener, or a socket of which nothing is known yet: as the transport */
    bool unsent;
    bool again; /* to be looked at soon: another thread is inside, or there may be more than one step may receive */
    usocket_time_t timer; /* 0: off */
    uint32_t steps, news;
};

/* Inside: whether s is readable or writable, of events. */
static int look_inside(usocket_t *s, usocket_tls_t *t, int events, struct seen *seen) {
    int got = 0;
    int r;
#if USOCKET_SERVER && USOCKET_DATAGRAMS
    if (t->listening) {
        r = usocket_tls_admit(t);
        seen->want = r == USOCKET_EAGAIN ? t->want : 0;
        return r == USOCKET_EAGAIN ? 0 : USOCKET_POLL_IN;
    }
#endif
    if (t->stage == TLS_NEW) {
        seen->want = (uint8_t)events;
        seen->watching = true;
        return 0;
    }
    if (t->stage == TLS_CONNECTING) {
        /* Why it has failed is for the next call, or for SO_ERROR: the stack tells once. */
        usocket_wait_t w = {ATOMIC_LOAD(&base_of(s)->io), USOCKET_POLL_OUT, 0};
        r = usocket_wait_for(s, &w, 1, USOCKET_NOW);
        if (r <= 0 || (w.ready & (USOCKET_POLL_ERR | USOCKET_POLL_HUP))) {
            seen->want = USOCKET_POLL_OUT;
            return r > 0 ? USOCKET_POLL_IN | USOCKET_POLL_OUT : 0;
        }
    }
    r = LOOSE_LOAD(&base_of(s)->error);
    r = r != 0 ? r : usocket_tls_open_up(s, t);
    if (r == USOCKET_EAGAIN) {
        seen->want = t->want;
    } else if (r < 0) {
        usocket_tls_keep_error(s, t, r);
        got = USOCKET_POLL_IN | USOCKET_POLL_OUT; /* the call itself says what it is */
    } else {
        if (events & USOCKET_POLL_IN) {
            r = t->ended || t->shut_rd ? 1 : usocket_backend_read(t, NULL, 0, true);
            usocket_tls_keep_error(s, t, r);
            got |= r == USOCKET_EAGAIN ? 0 : USOCKET_POLL_IN;
            seen->want |= r == USOCKET_EAGAIN ? USOCKET_POLL_IN : 0;
        }
        if ((events & USOCKET_POLL_OUT) || usocket_backend_unsent(t)) {
            seen->want |= USOCKET_POLL_OUT; /* writable as the transport is, with nothing left over */
        }
    }
    return got;
}

static int look(usocket_t *s, usocket_tls_t *t, int events, struct seen *seen) {
    *seen = (struct seen){.stage = TLS_HANDSHAKE, .again = true, .steps = ATOMIC_LOAD(&t->steps)};
    if (!usocket_tls_enter(t)) {
        return 0;
    }
    int got = look_inside(s, t, events, seen);
    seen->stage = t->stage;
    seen->unsent = usocket_backend_unsent(t);
    seen->again = t->again;
    seen->timer = t->timer;
    seen->steps = t->steps + 1;
    seen->news = usocket_tls_leave(t);
    return got & events;
}

int usocket_tls_poll(usocket_t *s, int events, usocket_time_t deadline, struct usocket_look *told) {
    usocket_t *base = base_of(s);
    usocket_tls_t *t = base->tls;
    bool unread = usocket_unread_len(s) != 0;
    for (;;) {
        struct seen seen;
        int got = look(s, t, events, &seen) | (unread ? events & USOCKET_POLL_IN : 0);
#if USOCKET_POLLER
        if (told != NULL) {
            *told =
                (usocket_look_t){seen.again ? 0 : seen.want, seen.timer != 0 ? seen.timer : USOCKET_NEVER, seen.steps};
        }
#else
        (void)told;
#endif
        usocket_wait_t w = {ATOMIC_LOAD(&base->io), seen.want, 0};
        usocket_time_t until = got != 0 ? USOCKET_NOW : deadline;
        if (seen.timer != 0 && seen.timer < until) {
            until = seen.timer;
        }
        if (seen.again) { /* that it is readable is no news */
            w.events &= USOCKET_POLL_OUT;
            usocket_time_t soon = usocket_port_now() + SOON_US;
            until = until < soon ? until : soon;
        }
        int r = seen.again || until == USOCKET_NOW ? usocket_wait_for(s, &w, 1, until)
                                                   : usocket_tls_wait(s, &w, until, seen.news);
        if (r < 0) {
            return r;
        }
        if (seen.watching) {
            return got | w.ready;
        }
        int failing = w.ready & (USOCKET_POLL_ERR | USOCKET_POLL_HUP | USOCKET_POLL_NVAL);
        if (seen.stage == TLS_OPEN && (w.ready & USOCKET_POLL_OUT) && !seen.unsent) {
            got |= events & USOCKET_POLL_OUT;
        }
        if (failing != 0 && seen.stage == TLS_CONNECTING) {
            got |= failing | (events & (USOCKET_POLL_IN | USOCKET_POLL_OUT));
        } else if (failing != 0 && seen.stage >= TLS_OPEN) {
            got |= failing;
        }
        if (got != 0) {
            return got;
        }
        if (deadline == USOCKET_NOW || usocket_port_now() >= deadline) {
            return 0;
        }
    }
}

#endif
