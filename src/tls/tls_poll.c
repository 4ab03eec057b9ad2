/* TLS sockets: polling. A look makes a step of the session without waiting; the wait between two
 * looks is for the transport.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tls_state.h"
#include "usocket/private.h"

#if USOCKET_TLS

/* The result of a look. */
struct look {
    uint8_t want;         /* USOCKET_POLL_*: what the transport has to become for more. */
    uint8_t stage;        /* enum tls_stage after the step. */
    bool as_transport;    /* The socket is ready when its transport is: there is no connection yet. */
    bool unsent;          /* A record is not sent as a whole. */
    bool soon;            /* Another thread was in the session, or the step has used up its budget: look again soon. */
    usocket_time_t timer; /* DTLS sends its flight again then; 0: off. */
    uint32_t steps;       /* The session's steps, this one included. */
    uint32_t news;        /* The session's news after the step. */
};

/* Poll a connect in progress. False: it has succeeded. True: it goes
 * on, or it has failed, and *ready has the events. The failure is left
 * for the next call or for SO_ERROR, because the stack reports it once. */
static bool is_connecting(usocket_t *s, struct look *look, int *ready) {
    usocket_wait_t w = {io_of(s), USOCKET_POLL_OUT, 0};
    int r = usocket_wait_for(s, &w, 1, USOCKET_NOW);
    if (r > 0 && !(w.ready & (USOCKET_POLL_ERR | USOCKET_POLL_HUP))) {
        return false;
    }
    look->want = USOCKET_POLL_OUT;
    *ready = r > 0 ? USOCKET_POLL_IN | USOCKET_POLL_OUT : 0;
    return true;
}

/* A step, locked. Returns USOCKET_POLL_IN and
 * USOCKET_POLL_OUT, as far as the session alone can tell. */
static int look_locked(usocket_t *s, usocket_tls_t *t, int events, struct look *look) {
    int ready = 0;
#if USOCKET_SERVER && USOCKET_DATAGRAMS
    if (t->listening) {
        int admitted = usocket_tls_admit(t);
        look->want = admitted == USOCKET_EAGAIN ? t->e.want : 0;
        return admitted == USOCKET_EAGAIN ? 0 : USOCKET_POLL_IN;
    }
#endif
    if (t->e.stage == TLS_NEW) {
        look->want = (uint8_t)events;
        look->as_transport = true;
        return 0;
    }
    if (t->e.stage == TLS_CONNECTING && is_connecting(s, look, &ready)) {
        return ready;
    }
    int r = LOOSE_LOAD(&base_of(s)->error);
    r = r != 0 ? r : usocket_tls_establish(s, t);
    if (r == USOCKET_EAGAIN) {
        look->want = t->e.want;
        return 0;
    }
    if (r < 0) {
        usocket_tls_keep_error(s, t, r);
        return USOCKET_POLL_IN | USOCKET_POLL_OUT; /* the next call reports it */
    }
    if (events & USOCKET_POLL_IN) {
        r = t->e.ended || t->e.shut_rd ? 1 : usocket_engine_read(&t->e, NULL, 0, true);
        usocket_tls_keep_error(s, t, r);
        ready |= r == USOCKET_EAGAIN ? 0 : USOCKET_POLL_IN;
        look->want |= r == USOCKET_EAGAIN ? USOCKET_POLL_IN : 0;
    }
    if ((events & USOCKET_POLL_OUT) || usocket_engine_unsent(&t->e)) {
        look->want |= USOCKET_POLL_OUT; /* writable when the transport is, with nothing unsent */
    }
    return ready;
}

/* Make a look, or find the session locked by another thread:
 * then nothing is ready, and the next look comes soon. */
static int look_once(usocket_t *s, usocket_tls_t *t, int events, struct look *look) {
    *look = (struct look){.stage = TLS_HANDSHAKE, .soon = true, .steps = ATOMIC_LOAD(&t->steps)};
    if (!usocket_tls_trylock(t)) {
        return 0;
    }
    int ready = look_locked(s, t, events, look);
    look->stage = t->e.stage;
    look->unsent = usocket_engine_unsent(&t->e);
    look->soon = t->e.step_full;
    look->timer = t->e.timer;
    look->steps = t->steps + 1;
    look->news = usocket_tls_unlock(t);
    return ready & events;
}

/* Wait until another look may find more: for the transport, for DTLS's timer, for news of the
 * session. *w receives what the transport is ready for. */
static int wait_for_look(
    usocket_t *s, usocket_tls_t *t, const struct look *look, usocket_wait_t *w, usocket_time_t deadline) {
    *w = (usocket_wait_t){io_of(s), look->want, 0};
    usocket_want_t want = WANT(look->want);
    want.at = look->timer != 0 ? look->timer : USOCKET_NEVER;
    want.in_session = !look->soon && deadline != USOCKET_NOW;
    want.seen = look->news;
    want.news = &t->news;
    if (look->soon) {
        w->events &= USOCKET_POLL_OUT; /* a readable transport would end each wait at once */
        want.at = usocket_port_now() + RETRY_LOCK_US;
    }
    return usocket_wait_want(s, w, 1, &want, deadline);
}

/* The events of the whole socket, from those of the session and the transport's `w`. */
static int ready_events(const struct look *look, int ready, int events, uint8_t transport) {
    int failing = transport & (USOCKET_POLL_ERR | USOCKET_POLL_HUP | USOCKET_POLL_NVAL);
    if (look->as_transport) {
        return ready | transport;
    }
    if (look->stage == TLS_OPEN && (transport & USOCKET_POLL_OUT) && !look->unsent) {
        ready |= events & USOCKET_POLL_OUT;
    }
    if (failing != 0 && look->stage == TLS_CONNECTING) {
        ready |= failing | (events & (USOCKET_POLL_IN | USOCKET_POLL_OUT));
    } else if (failing != 0 && look->stage >= TLS_OPEN) {
        ready |= failing;
    }
    return ready;
}

/* A look and a wait in turn. The wait polls the transport even if the look has found events, since
 * ERR and HUP are the transport's. */
int usocket_tls_poll(usocket_t *s, int events, usocket_time_t deadline, struct usocket_look *told) {
    usocket_tls_t *t = session_of(s);
    bool unread = usocket_unread_len(s) != 0;
    for (;;) {
        struct look look;
        int ready = look_once(s, t, events, &look) | (unread ? events & USOCKET_POLL_IN : 0);
#if USOCKET_POLLER
        if (told != NULL) {
            *told =
                (usocket_look_t){look.soon ? 0 : look.want, look.timer != 0 ? look.timer : USOCKET_NEVER, look.steps};
        }
#else
        (void)told;
#endif
        usocket_wait_t w;
        int r = wait_for_look(s, t, &look, &w, ready != 0 ? USOCKET_NOW : deadline);
        if (r < 0) {
            return r;
        }
        ready = ready_events(&look, ready, events, w.ready);
        if (ready != 0 || look.as_transport) {
            return ready;
        }
        if (deadline == USOCKET_NOW || usocket_port_now() >= deadline) {
            return 0;
        }
    }
}

#endif
