/* A TLS session: its memory, its lock, and its steps to application data.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tls_state.h"

#if USOCKET_TLS

#include <string.h>

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* A listener's connection shares its credentials, which are counted under the library's lock. */
usocket_tls_t *usocket_tls_new(usocket_t *base, usocket_tls_t *from, bool datagram) {
    usocket_tls_t *t = usocket_port_alloc(sizeof(*t));
    if (t == NULL) {
        return NULL;
    }
    memset(t, 0, sizeof(*t));
    t->e.transport.base = base;
    t->e.transport.io = -1;
    t->e.datagram = datagram;
    if (from != NULL) {
        t->e.server = true;
        t->e.stage = TLS_HANDSHAKE;
        lock_sockets();
        t->e.creds = from->e.creds;
        usocket_engine_creds_hold(t->e.creds);
        unlock_sockets();
    } else {
        t->e.creds = usocket_engine_creds_new();
        if (t->e.creds == NULL) {
            usocket_port_free(t);
            return NULL;
        }
    }
    return t;
}

/* The connection goes before the credentials, into which its configuration points. */
void usocket_tls_free(usocket_tls_t *t) {
    if (t != NULL) {
        usocket_tls_free(t->pending);
        usocket_port_free(t->recent_hellos);
        usocket_engine_close(&t->e);
        usocket_engine_creds_release(t->e.creds);
        usocket_port_free(t->e.name);
        usocket_port_free(t);
    }
}

int usocket_tls_open(usocket_t *s, int type) {
    if (type != USOCKET_STREAM && (!USOCKET_DATAGRAMS || type != USOCKET_DGRAM)) {
        return USOCKET_EPROTONOSUPPORT;
    }
    s->tls = usocket_tls_new(s, NULL, type != USOCKET_STREAM);
    return s->tls != NULL ? 0 : USOCKET_ENOMEM;
}

void usocket_tls_abandon(usocket_t *s) {
    usocket_tls_free(s->tls);
    s->tls = NULL;
}

/* True while the stack connects: nothing can be sent, and a receive would block. It fails on a
 * socket without a connect and on a listener. */
static bool connect_goes_on(int handle) {
    usocket_wait_t w = {handle, USOCKET_POLL_OUT, 0};
    uint8_t byte;
    return usocket_port_wait(&w, 1, USOCKET_NOW) == 0 &&
        usocket_port_recv(handle, &byte, 1, usocket_port_msg_peek(), NULL) == USOCKET_EAGAIN;
}

/* Some stacks know the peer of a connect in progress. The second question for the peer finds a
 * connect that has succeeded since the first. */
void usocket_tls_adopted(usocket_t *s, int handle) {
    usocket_tls_t *t = s->tls;
    if (usocket_port_name(handle, true, &t->e.peer) == 0) {
        t->e.stage = t->e.datagram || usocket_port_connected(handle) ? TLS_HANDSHAKE : TLS_CONNECTING;
    } else if (!t->e.datagram && (connect_goes_on(handle) || usocket_port_name(handle, true, &t->e.peer) == 0)) {
        t->e.stage = TLS_CONNECTING;
    }
}

void usocket_tls_forget(void) {
    usocket_engine_forget();
}

/* ---- The session's lock ------------------------------------------------------------------------------------------ */

bool usocket_tls_trylock(usocket_tls_t *t) {
#if USOCKET_THREADS
    uint32_t unlocked = 0;
    if (!ATOMIC_CAS(&t->locked, &unlocked, 1)) {
        return false;
    }
#endif
    t->e.step_received = 0;
    t->e.step_full = false;
    /* A child of fork() takes an inherited session over with its first step. */
#if USOCKET_FORK
    if (LOOSE_LOAD(&t->process) != process()) {
        LOOSE_STORE(&t->process, process());
        t->news.sleepers = 0; /* the sleepers were the parent's threads */
        LOOSE_STORE(&t->news.waking, false);
    }
#endif
    return true;
}

/* A step never waits, so the lock is free again soon: it is
 * tried again after RETRY_LOCK_US, and a close ends the loop. */
int usocket_tls_lock(usocket_t *s, usocket_tls_t *t) {
    while (!usocket_tls_trylock(t)) {
        usocket_port_wait(NULL, 0, usocket_port_now() + RETRY_LOCK_US);
        if (is_gone(s)) {
            return USOCKET_EBADF;
        }
    }
    return 0;
}

uint32_t usocket_tls_unlock(usocket_tls_t *t) {
    /* The news: bytes decrypted, the end, the stage. They are published before the unlock, which
     * lets the next step change them. */
    uint32_t news =
        (uint32_t)(t->e.conn != NULL ? usocket_engine_pending(&t->e) : 0) << 4 | (uint32_t)t->e.ended << 3 | t->e.stage;
    ATOMIC_STORE(&t->steps, t->steps + 1);
    usocket_news_set(&t->news, news);
    ATOMIC_STORE(&t->locked, 0);
    return news;
}

/* A step that could go on at once is repeated after a
 * pause, so that the other threads of the session get in. */
int32_t usocket_tls_step_done(usocket_tls_t *t, int32_t r, usocket_want_t *want) {
    uint8_t events = t->e.step_full ? 0 : t->e.want | (usocket_engine_unsent(&t->e) ? USOCKET_POLL_OUT : 0);
    if (events == 0) {
        *want = WANT_AT(usocket_port_now() + RETRY_LOCK_US);
    } else {
        *want = WANT(events);
        want->at = t->e.timer != 0 ? t->e.timer : USOCKET_NEVER;
        want->in_session = true;
        want->news = &t->news;
    }
    want->seen = usocket_tls_unlock(t);
    return r;
}

int usocket_tls_locked_out(usocket_want_t *want) {
    *want = WANT_AT(usocket_port_now() + RETRY_LOCK_US);
    return USOCKET_EAGAIN;
}

int usocket_tls_stage(usocket_t *s) {
    usocket_tls_t *t = session_of(s);
    int r = usocket_tls_lock(s, t);
    if (r == 0) {
        r = t->e.stage;
        usocket_tls_unlock(t);
    }
    return r;
}

uint32_t usocket_tls_steps(usocket_t *s) {
    return ATOMIC_LOAD(&session_of(s)->steps);
}

/* ---- Proceeding to application data ------------------------------------------------------------------------------ */

/* Turn Nagle's algorithm off for the handshake, or back on after it. A
 * flight is several small sends; Nagle's algorithm holds the second one
 * back until the first is acknowledged, and the peer delays that by 40 ms. */
static void set_nodelay(usocket_tls_t *t, bool on) {
    const int tcp_nodelay = 1; /* Linux's, lwIP's, RT-Thread's, BSD's */
    int value = 0;
    size_t len = sizeof(value);
    int r;
    if (on) {
        ON_SOCKET(r, t->e.transport.base, usocket_port_getopt(io, USOCKET_PROTO_TCP, tcp_nodelay, &value, &len));
        if (r < 0 || value != 0) {
            return;
        }
    } else if (!t->nodelay) {
        return;
    }
    value = on;
    ON_SOCKET(r, t->e.transport.base, usocket_port_setopt(io, USOCKET_PROTO_TCP, tcp_nodelay, &value, sizeof(value)));
    t->nodelay = on && r == 0;
}

/* The stages in order; each falls through to the next one when it is complete. A connect that has
 * failed leads back to TLS_NEW. */
int usocket_tls_establish(usocket_t *s, usocket_tls_t *t) {
    int r = 0;
    if (t->e.stage == TLS_FAILED) {
        return t->e.failed;
    }
    if (t->e.stage == TLS_NEW) {
        return USOCKET_ENOTCONN;
    }
    if (t->e.stage == TLS_CONNECTING) {
        t->e.want = USOCKET_POLL_OUT;
        r = usocket_wait_connected(s, USOCKET_NOW);
        if (r < 0) {
            if (r != USOCKET_EINPROGRESS && r != USOCKET_EINTR) {
                t->e.stage = TLS_NEW;
            }
            return r == USOCKET_EINPROGRESS ? USOCKET_EAGAIN : r;
        }
        t->e.stage = TLS_HANDSHAKE;
    }
    if (t->e.stage == TLS_HANDSHAKE) {
        if (t->e.conn == NULL) {
            set_nodelay(t, true);
            if (t->e.peer.family == 0 && !t->e.server) { /* adopted while the stack connected */
                ON_SOCKET(r, t->e.transport.base, usocket_port_name(io, true, &t->e.peer));
            }
        }
        r = usocket_engine_handshake(&t->e);
        if (r == 0) {
            t->e.stage = TLS_OPEN;
            set_nodelay(t, false);
        }
    }
    if (t->e.stage == TLS_OPEN && usocket_engine_unsent(&t->e)) {
        usocket_engine_flush(&t->e); /* an error of it shows in what the call does next */
    }
    return r;
}

void usocket_tls_keep_error(usocket_t *s, const usocket_tls_t *t, int r) {
    if (r < 0 && r != USOCKET_EAGAIN && t->e.datagram && t->e.stage == TLS_OPEN) {
        LOOSE_STORE(&base_of(s)->error, r);
    }
}

#endif
