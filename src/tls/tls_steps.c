/* TLS as a state of the socket: where the handshake stands, who may be in the TLS library, what a call has to wait for.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tls_state.h"

#if USOCKET_TLS

#include <string.h>

/* ---- The state ---------------------------------------------------------------------------------------------------- */

usocket_tls_t *usocket_tls_new(usocket_t *base, usocket_tls_t *from, bool datagram) {
    usocket_tls_t *t = usocket_port_alloc(sizeof(*t));
    if (t == NULL) {
        return NULL;
    }
    memset(t, 0, sizeof(*t));
    t->base = base;
    t->io = -1;
    t->datagram = datagram;
    if (from != NULL) {
        t->server = true;
        t->stage = TLS_HANDSHAKE;
        lock_sockets();
        t->creds = from->creds;
        usocket_backend_creds_hold(t->creds);
        unlock_sockets();
    } else {
        t->creds = usocket_backend_creds();
        if (t->creds == NULL) {
            usocket_port_free(t);
            return NULL;
        }
    }
    return t;
}

static void free_name(usocket_tls_t *t) {
    usocket_port_free(t->name);
    t->name = NULL;
}

void usocket_tls_free(usocket_tls_t *t) {
    if (t != NULL) {
        usocket_tls_free(t->door);
        usocket_port_free(t->let_in);
        usocket_backend_close(t);
        usocket_backend_creds_drop(t->creds);
        free_name(t);
        usocket_port_free(t);
    }
}

bool usocket_tls_enter(usocket_tls_t *t) {
#if USOCKET_THREADS
    uint32_t nobody = 0;
    if (!ATOMIC_CAS(&t->busy, &nobody, 1)) {
        return false;
    }
#endif
    t->heard = 0;
    t->again = false;
#if USOCKET_FORK
    if (LOOSE_LOAD(&t->process) != process()) {
        LOOSE_STORE(&t->process, process());
#if USOCKET_THREADS
        t->sleepers = 0; /* those are the parent's */
        LOOSE_STORE(&t->waking, false);
#endif
    }
#endif
    return true;
}

#if USOCKET_THREADS

/* A number for the state in which a step leaves the session: bytes decrypted, the end, the stage. A step may take from the transport
 * what another thread waits for there; then this number is another one. */
static uint32_t news_of(const usocket_tls_t *t) {
    return (uint32_t)(t->conn != NULL ? usocket_backend_pending(t) : 0) << 4 | (uint32_t)t->ended << 3 | t->stage;
}

/* Have the sleepers look. The wake-up is on before one of them can end it. */
static void wake_sleepers(usocket_tls_t *t) {
    usocket_port_wake(true);
    lock_sockets();
    bool wakes = t->sleepers != 0 && !t->waking;
    if (wakes) {
        LOOSE_STORE(&t->waking, true);
    }
    unlock_sockets();
    if (!wakes) {
        usocket_port_wake(false);
    }
}

uint32_t usocket_tls_leave(usocket_tls_t *t) {
    uint32_t news = news_of(t);
    bool wake = false;
    ATOMIC_STORE(&t->steps, t->steps + 1);
    if (news != t->news) {
        lock_sockets();
        t->news = news;
        wake = t->sleepers != 0;
        unlock_sockets();
    }
    if (wake) {
        wake_sleepers(t);
    }
    ATOMIC_STORE(&t->busy, 0);
    return news;
}

int usocket_tls_wait(usocket_t *s, usocket_wait_t *w, usocket_time_t deadline, uint32_t news) {
    usocket_tls_t *t = base_of(s)->tls;
    lock_sockets();
    bool old = t->news != news;
    t->sleepers = (uint16_t)(t->sleepers + !old);
    unlock_sockets();
    if (old) {
        return 0;
    }
    int r = usocket_wait_or(s, w, 1, deadline, &t->waking);
    lock_sockets();
    bool last = --t->sleepers == 0 && t->waking;
    if (last) {
        LOOSE_STORE(&t->waking, false);
    }
    unlock_sockets();
    if (last) {
        usocket_port_wake(false);
    }
    return r;
}

#else

uint32_t usocket_tls_leave(usocket_tls_t *t) {
    t->steps++;
    return 0;
}

int usocket_tls_wait(usocket_t *s, usocket_wait_t *w, usocket_time_t deadline, uint32_t news) {
    (void)news;
    return usocket_wait_for(s, w, 1, deadline);
}

#endif

int usocket_tls_enter_for(usocket_t *s, usocket_tls_t *t) {
    while (!usocket_tls_enter(t)) {
        usocket_port_wait(NULL, 0, usocket_port_now() + SOON_US);
        if (is_gone(s)) {
            return USOCKET_EBADF;
        }
    }
    return 0;
}

int usocket_tls_stage(usocket_t *s) {
    usocket_tls_t *t = base_of(s)->tls;
    int r = usocket_tls_enter_for(s, t);
    if (r == 0) {
        r = t->stage;
        usocket_tls_leave(t);
    }
    return r;
}

int usocket_tls_await(usocket_t *s, tls_want_t want, patience_t *p) {
    usocket_time_t now = p->deadline == USOCKET_NOW ? 0 : usocket_port_now();
    if (now >= p->deadline) {
        return p->late;
    }
    usocket_time_t until = want.events == 0 ? now + SOON_US : want.timer != 0 ? want.timer : p->deadline;
    until = until < p->deadline ? until : p->deadline;
    usocket_wait_t w = {ATOMIC_LOAD(&base_of(s)->io), want.events, 0};
    int r = want.events != 0 ? usocket_tls_wait(s, &w, until, want.news) : usocket_wait_for(s, NULL, 0, until);
    return r < 0 ? r : 0;
}

/* ---- The transport ------------------------------------------------------------------------------------------------ */

int32_t usocket_tls_transport_recv(usocket_tls_t *t, void *buf, size_t len) {
    int32_t r;
    if (t->io >= 0) {
        return usocket_port_recv(t->io, buf, len, 0, NULL);
    }
    ON_SOCKET(r, t->base, usocket_port_recv(io, buf, len, 0, t->knocking ? &t->peer : NULL));
    note_lost(t->base, r);
    return r;
}

int32_t usocket_tls_transport_send(usocket_tls_t *t, const void *buf, size_t len) {
    int32_t r;
    if (t->io >= 0) {
        return usocket_port_send(t->io, buf, len, 0, NULL);
    }
    ON_SOCKET(r, t->base, usocket_port_send(io, buf, len, 0, t->knocking ? &t->peer : NULL));
    note_lost(t->base, r);
    return r;
}

/* A flight of the handshake is several small sends, and Nagle's algorithm holds the second back until the first is acknowledged,
 * which the peer delays: 40 ms for each flight. So, without it; afterwards as it was. */
static void without_nagle(usocket_tls_t *t, bool on) {
    const int tcp_nodelay = 1; /* Linux's, lwIP's, RT-Thread's, BSD's */
    int value = 0;
    size_t len = sizeof(value);
    int r;
    if (on) {
        ON_SOCKET(r, t->base, usocket_port_getopt(io, USOCKET_PROTO_TCP, tcp_nodelay, &value, &len));
        if (r < 0 || value != 0) {
            return;
        }
    } else if (!t->nodelay) {
        return;
    }
    value = on;
    ON_SOCKET(r, t->base, usocket_port_setopt(io, USOCKET_PROTO_TCP, tcp_nodelay, &value, sizeof(value)));
    t->nodelay = on && r == 0;
}

/* ---- Steps, inside the library ------------------------------------------------------------------------------------ */

int usocket_tls_open_up(usocket_t *s, usocket_tls_t *t) {
    int r = 0;
    if (t->stage == TLS_FAILED) {
        return t->failed;
    }
    if (t->stage == TLS_NEW) {
        return USOCKET_ENOTCONN;
    }
    if (t->stage == TLS_CONNECTING) {
        t->want = USOCKET_POLL_OUT;
        r = usocket_tcp_connected(s);
        if (r < 0) {
            if (r != USOCKET_EINPROGRESS && r != USOCKET_EINTR) {
                t->stage = TLS_NEW;
            }
            return r == USOCKET_EINPROGRESS ? USOCKET_EAGAIN : r;
        }
        t->stage = TLS_HANDSHAKE;
    }
    if (t->stage == TLS_HANDSHAKE) {
        if (t->conn == NULL) {
            without_nagle(t, true);
        }
        r = usocket_backend_handshake(t);
        if (r == 0) {
            t->stage = TLS_OPEN;
            without_nagle(t, false);
        }
    }
    if (t->stage == TLS_OPEN && usocket_backend_unsent(t)) {
        usocket_backend_flush(t); /* what it has to say, the call itself will find out */
    }
    return r;
}

int32_t usocket_tls_done(usocket_tls_t *t, int32_t r, tls_want_t *want) {
    want->events = t->again ? 0 : t->want | (usocket_backend_unsent(t) ? USOCKET_POLL_OUT : 0);
    want->timer = t->timer;
    want->news = usocket_tls_leave(t);
    return r;
}

void usocket_tls_keep_error(usocket_t *s, const usocket_tls_t *t, int r) {
    if (r < 0 && r != USOCKET_EAGAIN && t->datagram && t->stage == TLS_OPEN) {
        LOOSE_STORE(&base_of(s)->error, r);
    }
}

#define OTHER_THREAD_INSIDE(t, want) (!usocket_tls_enter(t) && ((want) = (tls_want_t){0, 0, 0}, true))

int32_t usocket_tls_recv(usocket_t *s, void *buf, size_t len, bool peek, tls_want_t *want) {
    usocket_tls_t *t = base_of(s)->tls;
    if (OTHER_THREAD_INSIDE(t, *want)) {
        return USOCKET_EAGAIN;
    }
    int32_t r = usocket_tls_open_up(s, t);
    if (r == 0 && !t->ended && !t->shut_rd && len != 0) {
        r = usocket_backend_read(t, buf, len, peek);
    }
    return usocket_tls_done(t, r, want);
}

int usocket_tls_readable(usocket_t *s, tls_want_t *want) {
    usocket_tls_t *t = base_of(s)->tls;
    if (OTHER_THREAD_INSIDE(t, *want)) {
        return USOCKET_EAGAIN;
    }
    int r = 0;
    if (LOOSE_LOAD(&base_of(s)->error) == 0) {
        r = usocket_tls_open_up(s, t);
        if (r == 0 && !t->ended && !t->shut_rd) {
            r = usocket_backend_read(t, NULL, 0, true);
        }
        usocket_tls_keep_error(s, t, r);
    }
    return usocket_tls_done(t, r, want);
}

int32_t usocket_tls_pending(usocket_t *s) {
    usocket_tls_t *t = base_of(s)->tls;
    if (!usocket_tls_enter(t)) {
        return 0;
    }
    int32_t r = (int32_t)usocket_backend_pending(t);
    usocket_tls_leave(t);
    return r;
}

/* One attempt. A record that is encrypted can be neither changed nor taken back: what does not go out now goes with the next call.
 * Until then its last byte is not counted, and skipped when it is offered again: so who closes when all is counted has sent it
 * all. */
static int32_t send_some(usocket_tls_t *t, const uint8_t *buf, size_t len) {
    int32_t r = usocket_backend_flush(t);
    if (len == 0) {
        return r == USOCKET_EAGAIN ? 0 : r;
    }
    if (r < 0) {
        return r;
    }
    size_t skip = t->held == 1 + buf[0];
    t->held = 0;
    if (skip == len) {
        return (int32_t)skip;
    }
    r = usocket_backend_write(t, buf + skip, len - skip);
    t->records += r > 0;
    return r < 0 ? (skip != 0 ? (int32_t)skip : r) : r + (int32_t)skip;
}

/* What a call says that has to end with r: `taken` bytes are on their way, the last of them in the record of this number. */
static int32_t count(usocket_tls_t *t, const uint8_t *buf, int32_t taken, uint32_t record, int32_t r) {
    if (taken <= 0 || t->datagram || !usocket_tls_enter(t)) {
        return taken;
    }
    bool unsent = t->records == record && usocket_backend_unsent(t);
    if (unsent) {
        t->held = 1 + buf[taken - 1];
    }
    usocket_tls_leave(t);
    return !unsent ? taken : taken > 1 ? taken - 1 : r;
}

int32_t usocket_tls_send(usocket_t *s, const void *buf, size_t len, patience_t *p) {
    usocket_tls_t *t = base_of(s)->tls;
    int32_t taken = USOCKET_EAGAIN;
    uint32_t record = 0;
    for (;;) {
        tls_want_t want = {0, 0, 0};
        int32_t r = USOCKET_EAGAIN;
        if (usocket_tls_enter(t)) {
            r = t->shut_wr ? USOCKET_EPIPE : usocket_tls_open_up(s, t);
            if (r == 0) {
                r = taken >= 0 ? usocket_backend_flush(t) : send_some(t, buf, len);
            }
            if (taken < 0 && r >= 0) {
                taken = r;
                record = t->records;
            }
            bool unsent = usocket_backend_unsent(t);
            r = usocket_tls_done(t, r, &want);
            if (taken >= 0 && (!unsent || len == 0)) {
                return taken;
            }
        }
        if (r >= 0 || r == USOCKET_EAGAIN) {
            r = usocket_tls_await(s, want, p);
        }
        if (r < 0) {
            return taken >= 0 ? count(t, buf, taken, record, r) : r;
        }
    }
}

#endif
