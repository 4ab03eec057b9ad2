/* Attempts to receive and to send on a TLS socket.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tls_state.h"

#if USOCKET_TLS

int32_t usocket_tls_recv(usocket_t *s, void *buf, size_t len, bool peek, usocket_want_t *want) {
    usocket_tls_t *t = session_of(s);
    if (!usocket_tls_trylock(t)) {
        return usocket_tls_locked_out(want);
    }
    int32_t r = usocket_tls_establish(s, t);
    if (r == 0 && !t->e.ended && !t->e.shut_rd && len != 0) {
        r = usocket_engine_read(&t->e, buf, len, peek);
    }
    return usocket_tls_step_done(t, r, want);
}

/* A kept error counts as something to receive. One that this
 * step meets is kept in turn: the stack reports it once. */
int usocket_tls_readable(usocket_t *s, usocket_want_t *want) {
    usocket_tls_t *t = session_of(s);
    if (!usocket_tls_trylock(t)) {
        return usocket_tls_locked_out(want);
    }
    int r = 0;
    if (LOOSE_LOAD(&base_of(s)->error) == 0) {
        r = usocket_tls_establish(s, t);
        if (r == 0 && !t->e.ended && !t->e.shut_rd) {
            r = usocket_engine_read(&t->e, NULL, 0, true);
        }
        usocket_tls_keep_error(s, t, r);
    }
    return usocket_tls_step_done(t, r, want);
}

/* A locked session has 0: the count is a lower bound. */
int32_t usocket_tls_pending(usocket_t *s) {
    usocket_tls_t *t = session_of(s);
    if (!usocket_tls_trylock(t)) {
        return 0;
    }
    int32_t r = (int32_t)usocket_engine_pending(&t->e);
    usocket_tls_unlock(t);
    return r;
}

/* Encrypt and send some of buf. Locked. A record that is encrypted can be neither changed nor taken
 * back: what does not go out now goes with the next call. A record that is not sent as a whole is
 * counted one byte short; the caller offers that byte again, and it is skipped here. So a caller
 * that has seen all its bytes counted may close. */
static int32_t send_some(usocket_tls_t *t, const uint8_t *buf, size_t len) {
    int32_t r = usocket_engine_flush(&t->e);
    if (len == 0) {
        return r == USOCKET_EAGAIN ? 0 : r;
    }
    if (r < 0) {
        return r;
    }
    size_t skip = t->uncounted == 1 + buf[0];
    t->uncounted = 0;
    if (skip == len) {
        return (int32_t)skip;
    }
    r = usocket_engine_write(&t->e, buf + skip, len - skip);
    t->records += r > 0;
    return r < 0 ? (skip != 0 ? (int32_t)skip : r) : r + (int32_t)skip;
}

/* The first attempt that encrypts notes in *sending what it has taken; the attempts after it only
 * send the rest of the record. */
int32_t usocket_tls_send(
    usocket_t *s, const void *buf, size_t len, usocket_tls_sending_t *sending, usocket_want_t *want) {
    usocket_tls_t *t = session_of(s);
    if (!usocket_tls_trylock(t)) {
        return usocket_tls_locked_out(want);
    }
    int32_t r = t->shut_wr ? USOCKET_EPIPE : usocket_tls_establish(s, t);
    if (r == 0) {
        r = sending->taken >= 0 ? usocket_engine_flush(&t->e) : send_some(t, buf, len);
    }
    if (sending->taken < 0 && r >= 0) {
        sending->taken = r;
        sending->record = t->records;
    }
    bool sent = sending->taken >= 0 && (len == 0 || !usocket_engine_unsent(&t->e));
    r = usocket_tls_step_done(t, r, want);
    return sent ? sending->taken : r >= 0 ? USOCKET_EAGAIN : r;
}

/* If the record of this send is still unsent, its last byte is left out of the count (send_some). A
 * send of a single byte then counts none, and returns r. Another thread's send may have written a
 * later record: then this one has gone out. */
int32_t usocket_tls_sent(usocket_t *s, const void *buf, const usocket_tls_sending_t *sending, int32_t r) {
    usocket_tls_t *t = session_of(s);
    int32_t taken = sending->taken;
    if (taken < 0) {
        return r;
    }
    if (taken == 0 || t->e.datagram || !usocket_tls_trylock(t)) {
        return taken;
    }
    bool unsent = t->records == sending->record && usocket_engine_unsent(&t->e);
    if (unsent) {
        t->uncounted = 1 + ((const uint8_t *)buf)[taken - 1];
    }
    usocket_tls_unlock(t);
    return !unsent ? taken : taken > 1 ? taken - 1 : r;
}

#endif
