/* TLS sockets: connecting and ending.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tls_state.h"

#if USOCKET_TLS

/* ---- Connecting -------------------------------------------------------------------------------------------------- */

/* Repeat steps until the handshake is complete. timeout_code: the result if the deadline is
 * USOCKET_NOW and it is not complete. */
static int handshake_by(usocket_t *s, usocket_time_t deadline, int timeout_code) {
    usocket_tls_t *t = session_of(s);
    wait_limit_t limit = {deadline, deadline == USOCKET_NOW ? timeout_code : USOCKET_ETIMEDOUT, false};
    usocket_want_t want;
    int r;
    do {
        r = usocket_tls_trylock(t) ? usocket_tls_step_done(t, usocket_tls_establish(s, t), &want)
                                   : usocket_tls_locked_out(&want);
    } while (r == USOCKET_EAGAIN && (r = usocket_await(s, &want, &limit)) == 0);
    return r;
}

int usocket_tls_may_connect(usocket_t *s) {
    int stage = session_of(s)->e.datagram ? usocket_tls_stage(s) : TLS_NEW;
    return stage < 0 ? stage : stage != TLS_NEW ? USOCKET_EISCONN : 0;
}

int usocket_tls_is_connected(usocket_t *s) {
    int stage = usocket_tls_stage(s);
    return stage < 0 ? stage : stage >= TLS_HANDSHAKE;
}

/* The stage follows the stack's connect. An attempt that goes on
 * leaves TLS_CONNECTING, from which any later call proceeds; one that
 * has failed leads back to TLS_NEW, where options may change again. */
int usocket_tls_connected(usocket_t *s, const usocket_addr_t *a, int r, usocket_time_t deadline) {
    usocket_tls_t *t = session_of(s);
    int locked = usocket_tls_lock(s, t);
    if (locked < 0) {
        return locked;
    }
    uint8_t stage = t->e.stage;
    if (r == USOCKET_EISCONN) {
        r = stage == TLS_OPEN ? USOCKET_EISCONN : stage == TLS_FAILED ? t->e.failed : USOCKET_EALREADY;
        usocket_tls_unlock(t);
        return r;
    }
    bool begun = r == 0 || r == USOCKET_EINPROGRESS || r == USOCKET_EINTR || r == USOCKET_ETIMEDOUT;
    if (a != NULL && begun && stage <= TLS_CONNECTING) {
        t->e.peer = *a; /* after a failed attempt the address may be another one */
        t->e.stage = TLS_CONNECTING;
    } else if (!begun && r != USOCKET_EALREADY && stage == TLS_CONNECTING) {
        t->e.stage = TLS_NEW;
    }
    if (r == 0 && t->e.stage == TLS_CONNECTING) {
        t->e.stage = TLS_HANDSHAKE;
    }
    usocket_tls_unlock(t);
    return r == 0 ? handshake_by(s, deadline, USOCKET_EINPROGRESS) : r;
}

int usocket_tls_handshake(usocket_t *s, usocket_time_t deadline) {
    return handshake_by(s, deadline, USOCKET_EAGAIN);
}

/* ---- Ending ------------------------------------------------------------------------------------------------------ */

/* Attempt to send close_notify. USOCKET_EAGAIN sets *want. */
static int close_notify_once(usocket_tls_t *t, usocket_want_t *want) {
    return usocket_tls_trylock(t) ? usocket_tls_step_done(t, usocket_engine_close_notify(&t->e), want)
                                  : usocket_tls_locked_out(want);
}

/* Send close_notify, waiting for room until the limit. */
static int send_close_notify(usocket_t *s, wait_limit_t *limit) {
    usocket_want_t want;
    int r;
    do {
        r = close_notify_once(session_of(s), &want);
    } while (r == USOCKET_EAGAIN && (r = usocket_await(s, &want, limit)) == 0);
    return r;
}

/* The same for a socket that is being closed: no call is in it any more, and nothing can end the
 * wait but the deadline. */
static void send_last_close_notify(usocket_tls_t *t, usocket_time_t deadline) {
    usocket_want_t want;
    usocket_wait_t w = {t->e.transport.io, USOCKET_POLL_OUT, 0};
    while (close_notify_once(t, &want) == USOCKET_EAGAIN && usocket_port_now() < deadline &&
        usocket_wait_for(NULL, &w, 1, deadline) > 0) {
    }
}

/* Receive and drop what a client has not read, such as a server's tickets: a stack resets a
 * connection that is closed with unread bytes, and what was sent before would be lost. */
static void drop_received(int io) {
    uint8_t rest[256];
    for (int i = 0; i < 64 && usocket_port_recv(io, rest, sizeof(rest), 0, NULL) > 0; i++) {
    }
}

/* True in a child of fork() that has not used the session: it is the parent's. */
static bool is_inherited(const usocket_tls_t *t) {
#if USOCKET_FORK
    return LOOSE_LOAD(&t->process) != process();
#else
    (void)t;
    return false;
#endif
}

/* In a child of fork() nothing is sent on a session that only
 * the parent has used, and that the parent goes on using. */
int usocket_tls_close_notify(usocket_t *s, usocket_time_t deadline) {
    usocket_tls_t *t = session_of(s);
    wait_limit_t limit = {deadline, USOCKET_EAGAIN, false};
    bool inherited = is_inherited(t); /* the lock makes it this process's */
    int r = usocket_tls_lock(s, t);
    if (r < 0) {
        return r;
    }
    bool open = t->e.stage == TLS_OPEN && !t->e.eof && !inherited;
    usocket_tls_unlock(t);
    return open ? send_close_notify(s, &limit) : 0;
}

/* No other thread is in the session any more, so its members are read without the lock. */
void usocket_tls_end(void *session, usocket_time_t timeout, int io) {
    usocket_tls_t *t = session;
    if (t != NULL && io >= 0 && t->e.stage == TLS_OPEN && !t->e.eof && !is_inherited(t)) {
        usocket_time_t most = (usocket_time_t)USOCKET_TLS_CLOSE_MS * 1000;
        t->e.transport.io = io;
        send_last_close_notify(t, usocket_deadline_in(timeout >= 0 && timeout < most ? timeout : most));
        if (!t->e.server) {
            drop_received(io);
        }
    }
    usocket_tls_free(t);
}

/* Refuse sends from now on, after close_notify is sent. */
static int stop_writing(usocket_t *s) {
    usocket_tls_t *t = session_of(s);
    int r = usocket_tls_lock(s, t);
    if (r == 0) {
        t->shut_wr = true;
        usocket_tls_unlock(t);
    }
    return r;
}

/* Reading is shut down in the session alone; writing sends
 * close_notify first. The stack's shutdown is the caller's. */
int usocket_tls_shutdown(usocket_t *s, int how) {
    usocket_tls_t *t = session_of(s);
    int r = usocket_tls_lock(s, t);
    if (r < 0) {
        return r;
    }
    t->e.shut_rd = t->e.shut_rd || how == USOCKET_SHUT_RD || how == USOCKET_SHUT_RDWR;
    bool open = t->e.stage == TLS_OPEN;
    usocket_tls_unlock(t);
    if (how == USOCKET_SHUT_WR || how == USOCKET_SHUT_RDWR) {
        if (open) {
            wait_limit_t limit = usocket_limit(s, true, usocket_deadline(s));
            r = send_close_notify(s, &limit);
        }
        if (r == 0) {
            r = stop_writing(s);
        }
    }
    return r;
}

/* The peer's close_notify is found by a peek: data that
 * it has sent before it stay, and are USOCKET_EBUSY. */
int usocket_tls_unwrap(usocket_t *s, usocket_time_t deadline) {
    usocket_tls_t *t = session_of(s);
    if (t->e.datagram) {
        return USOCKET_EOPNOTSUPP;
    }
    int r = usocket_tls_stage(s);
    if (r != TLS_OPEN) {
        return r < 0 ? r : r == TLS_FAILED ? t->e.failed : USOCKET_ENOTCONN;
    }
    if (usocket_unread_len(s) != 0) {
        return USOCKET_EBUSY;
    }
    wait_limit_t limit = {deadline, deadline == USOCKET_NOW ? USOCKET_EAGAIN : USOCKET_ETIMEDOUT, false};
    r = send_close_notify(s, &limit);
    if (r == 0) {
        r = stop_writing(s);
    }
    if (r < 0) {
        return r;
    }
    uint8_t byte;
    usocket_want_t want;
    do {
        r = usocket_tls_recv(s, &byte, 1, true, &want);
    } while (r == USOCKET_EAGAIN && (r = usocket_await(s, &want, &limit)) == 0);
    return r > 0 ? USOCKET_EBUSY : r;
}

#endif
