/* TLS as a state of the socket: where the handshake stands, who may be in the TLS library, what a call has to wait for.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tls_state.h"

#if USOCKET_TLS

#include <string.h>

/* ---- The state ---------------------------------------------------------------------------------------------------- */

usocket_tls_t *usocket_tls_new(usocket_t *base, usocket_tls_t *from) {
    usocket_tls_t *t = usocket_port_alloc(sizeof(*t));
    if (t == NULL) {
        return NULL;
    }
    memset(t, 0, sizeof(*t));
    t->base = base;
    t->io = -1;
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
        usocket_backend_close(t);
        usocket_backend_creds_drop(t->creds);
        free_name(t);
        usocket_port_free(t);
    }
}

/* One thread at a time is in the TLS library. Nothing there waits, so who finds another inside looks again soon. */
static bool enter_library(usocket_tls_t *t) {
#if USOCKET_THREADS
    uint32_t nobody = 0;
    return ATOMIC_CAS(&t->busy, &nobody, 1);
#else
    (void)t;
    return true;
#endif
}

static void leave_library(usocket_tls_t *t) {
#if USOCKET_THREADS
    ATOMIC_STORE(&t->busy, 0);
#else
    (void)t;
#endif
}

int usocket_tls_await(usocket_t *s, int want, patience_t *p) {
    if (want != 0) {
        return usocket_await(s, want, p);
    }
    if (p->deadline == USOCKET_NOW) {
        return p->late;
    }
    usocket_time_t soon = usocket_port_now() + 50;
    if (soon >= p->deadline) {
        return p->late;
    }
    int r = usocket_wait_for(s, NULL, 0, soon);
    return r < 0 ? r : 0;
}

/* ---- The transport ------------------------------------------------------------------------------------------------ */

int32_t usocket_tls_transport_recv(usocket_tls_t *t, void *buf, size_t len) {
    int32_t r;
    if (t->io >= 0) {
        return usocket_port_recv(t->io, buf, len, 0, NULL);
    }
    ON_SOCKET(r, t->base, usocket_port_recv(io, buf, len, 0, NULL));
    return r;
}

int32_t usocket_tls_transport_send(usocket_tls_t *t, const void *buf, size_t len) {
    int32_t r;
    if (t->io >= 0) {
        return usocket_port_send(t->io, buf, len, 0, NULL);
    }
    ON_SOCKET(r, t->base, usocket_port_send(io, buf, len, 0, NULL));
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

/* Get as far as application data can flow. 0: it can; USOCKET_EAGAIN with t->want; or a code. */
static int open_up(usocket_t *s, usocket_tls_t *t) {
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

/* The tail of every step: what to wait for, if there is more to be sent than the call knows of. */
static int32_t done(usocket_tls_t *t, int32_t r, int *want) {
    *want = t->want | (usocket_backend_unsent(t) ? USOCKET_POLL_OUT : 0);
    leave_library(t);
    return r;
}

#define OTHER_THREAD_INSIDE(t, want) (!enter_library(t) && ((want) = 0, true))

int32_t usocket_tls_recv(usocket_t *s, void *buf, size_t len, bool peek, int *want) {
    usocket_tls_t *t = base_of(s)->tls;
    if (OTHER_THREAD_INSIDE(t, *want)) {
        return USOCKET_EAGAIN;
    }
    int32_t r = open_up(s, t);
    if (r == 0 && !t->ended && !t->shut_rd && len != 0) {
        r = usocket_backend_read(t, buf, len, peek);
    }
    return done(t, r, want);
}

int usocket_tls_readable(usocket_t *s, int *want) {
    usocket_tls_t *t = base_of(s)->tls;
    if (OTHER_THREAD_INSIDE(t, *want)) {
        return USOCKET_EAGAIN;
    }
    int r = open_up(s, t);
    if (r == 0 && !t->ended && !t->shut_rd) {
        r = usocket_backend_read(t, NULL, 0, true);
    }
    return done(t, r, want);
}

int32_t usocket_tls_pending(usocket_t *s) {
    usocket_tls_t *t = base_of(s)->tls;
    if (!enter_library(t)) {
        return 0;
    }
    int32_t r = (int32_t)usocket_backend_pending(t);
    leave_library(t);
    return r;
}

/* Once encrypted, bytes are as good as sent: they go out with the next call if they cannot now, and counting them later would
 * have a program send them twice. A call that may wait sees them off. */
int32_t usocket_tls_send(usocket_t *s, const void *buf, size_t len, patience_t *p) {
    usocket_tls_t *t = base_of(s)->tls;
    int32_t taken = USOCKET_EAGAIN;
    for (;;) {
        int want = 0;
        int32_t r = USOCKET_EAGAIN;
        if (enter_library(t)) {
            r = open_up(s, t);
            if (r == 0 && t->shut_wr) {
                r = USOCKET_EPIPE;
            } else if (r == 0) {
                r = taken >= 0 ? usocket_backend_flush(t) : len != 0 ? usocket_backend_write(t, buf, len) : 0;
            }
            if (taken < 0 && r >= 0) {
                taken = r;
            }
            bool unsent = usocket_backend_unsent(t);
            r = done(t, r, &want);
            if (taken >= 0 && !unsent) {
                return taken;
            }
        }
        if (r < 0 && r != USOCKET_EAGAIN) {
            return taken >= 0 ? taken : r;
        }
        r = usocket_tls_await(s, want, p);
        if (r < 0) {
            return taken >= 0 ? taken : r;
        }
    }
}

/* ---- Connecting --------------------------------------------------------------------------------------------------- */

/* late: what to say when a non-blocking call has to end before the handshake. */
static int handshake_by(usocket_t *s, usocket_time_t deadline, int late) {
    usocket_tls_t *t = base_of(s)->tls;
    patience_t p = {deadline, deadline == USOCKET_NOW ? late : USOCKET_ETIMEDOUT, false};
    for (;;) {
        int want = 0;
        int r = USOCKET_EAGAIN;
        if (enter_library(t)) {
            r = done(t, open_up(s, t), &want);
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
    if (r == USOCKET_EISCONN) {
        return t->stage == TLS_OPEN ? USOCKET_EISCONN : t->stage == TLS_FAILED ? t->failed : USOCKET_EALREADY;
    }
    bool begun = r == 0 || r == USOCKET_EINPROGRESS || r == USOCKET_EINTR || r == USOCKET_ETIMEDOUT;
    if (a != NULL && begun && t->stage == TLS_NEW) {
        t->peer = *a;
        t->stage = TLS_CONNECTING;
    }
    if (r == 0 && t->stage == TLS_CONNECTING) {
        t->stage = TLS_HANDSHAKE;
    }
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
        int want = 0;
        int r = USOCKET_EAGAIN;
        if (enter_library(t)) {
            r = done(t, usocket_backend_goodbye(t), &want);
        }
        if (r != USOCKET_EAGAIN) {
            return r;
        }
        if (s != NULL) {
            r = usocket_tls_await(s, want, p);
        } else {
            usocket_wait_t w = {t->io, USOCKET_POLL_OUT, 0};
            usocket_time_t now = usocket_port_now();
            r = p->deadline <= now || usocket_port_wait(&w, 1, p->deadline) <= 0 ? USOCKET_EAGAIN : 0;
        }
        if (r < 0) {
            return r;
        }
    }
}

void usocket_tls_end(usocket_tls_t *t, usocket_time_t timeout, int io) {
    if (t != NULL && io >= 0 && t->stage == TLS_OPEN && !t->eof) {
        usocket_time_t most = (usocket_time_t)USOCKET_TLS_CLOSE_MS * 1000;
        patience_t p = {usocket_deadline_in(timeout >= 0 && timeout < most ? timeout : most), USOCKET_EAGAIN, false};
        t->io = io;
        goodbye(NULL, t, &p);
    }
    usocket_tls_free(t);
}

int usocket_tls_shutdown(usocket_t *s, int how) {
    usocket_tls_t *t = base_of(s)->tls;
    int r = 0;
    if (how == USOCKET_SHUT_RD || how == USOCKET_SHUT_RDWR) {
        t->shut_rd = true;
    }
    if (how == USOCKET_SHUT_WR || how == USOCKET_SHUT_RDWR) {
        if (t->stage == TLS_OPEN) {
            patience_t p = usocket_patience(s, true, usocket_deadline(s));
            r = goodbye(s, t, &p);
        }
        if (r == 0) {
            t->shut_wr = true;
        }
    }
    return r;
}

/* ---- Polling ------------------------------------------------------------------------------------------------------ */

/* Whether s is readable or writable, of events; *want: what the transport has to become for more. */
static int ready(usocket_t *s, usocket_tls_t *t, int events, int *want) {
    *want = 0;
    if (!enter_library(t)) {
        return 0;
    }
    int got = 0;
    int r = open_up(s, t);
    if (r == USOCKET_EAGAIN) {
        *want = t->want;
    } else if (r < 0) {
        got = USOCKET_POLL_IN | USOCKET_POLL_OUT; /* the call itself says what it is */
    } else {
        if (events & USOCKET_POLL_IN) {
            r = t->ended || t->shut_rd ? 1 : usocket_backend_read(t, NULL, 0, true);
            got |= r == USOCKET_EAGAIN ? 0 : USOCKET_POLL_IN;
            *want |= r == USOCKET_EAGAIN ? USOCKET_POLL_IN : 0;
        }
        if ((events & USOCKET_POLL_OUT) || usocket_backend_unsent(t)) {
            *want |= USOCKET_POLL_OUT; /* writable as the transport is, with nothing left over */
        }
    }
    leave_library(t);
    return got & events;
}

int usocket_tls_poll(usocket_t *s, int events, usocket_time_t deadline) {
    usocket_t *base = base_of(s);
    usocket_tls_t *t = base->tls;
    bool unread = usocket_unread_len(s) != 0;
    for (;;) {
        int want = events;
        int got = unread ? events & USOCKET_POLL_IN : 0;
        bool watching =
            t->stage == TLS_NEW; /* a listener, or a socket of which nothing is known yet: as the transport */
        if (!watching) {
            got |= ready(s, t, events, &want);
        }
        usocket_wait_t w = {base->io, (uint8_t)want, 0};
        usocket_time_t until = got != 0 ? USOCKET_NOW : deadline;
        if (want == 0 && got == 0 && !watching && t->stage != TLS_FAILED) {
            usocket_time_t soon = usocket_port_now() + 50; /* another thread is inside */
            until = deadline < soon ? deadline : soon;
        }
        int r = usocket_wait_for(s, &w, 1, until);
        if (r < 0) {
            return r;
        }
        if (watching) {
            return got | w.ready;
        }
        int failing = w.ready & (USOCKET_POLL_ERR | USOCKET_POLL_HUP | USOCKET_POLL_NVAL);
        if (t->stage == TLS_OPEN && (w.ready & USOCKET_POLL_OUT) && !usocket_backend_unsent(t)) {
            got |= events & USOCKET_POLL_OUT;
        }
        if (failing != 0 && t->stage >= TLS_OPEN) {
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

/* ---- Options ------------------------------------------------------------------------------------------------------ */

static int set_name(usocket_tls_t *t, const char *host, size_t len) {
    if (len >= USOCKET_HOST_MAX) {
        return USOCKET_ENAMETOOLONG;
    }
    char *name = NULL;
    if (len != 0) {
        name = usocket_port_alloc(len + 1);
        if (name == NULL) {
            return USOCKET_ENOMEM;
        }
        memcpy(name, host, len);
        name[len] = '\0';
    }
    free_name(t);
    t->name = name;
    return 0;
}

int usocket_tls_setopt(usocket_t *s, int name, const void *value, size_t len) {
    usocket_tls_t *t = base_of(s)->tls;
    if (t->conn != NULL || t->stage > TLS_HANDSHAKE) {
        return USOCKET_EISCONN;
    }
    if (value == NULL && len != 0) {
        return USOCKET_EINVAL;
    }
    if (name == USOCKET_TLS_HOSTNAME) {
        int r = len != 0 && memchr(value, '\0', len) != NULL ? USOCKET_EINVAL : set_name(t, value, len);
        if (r == 0) {
            t->named = len != 0;
        }
        return r;
    }
    if (usocket_backend_creds_shared(t->creds)) {
        return USOCKET_EBUSY;
    }
    return usocket_backend_set(t, name, value, len);
}

int usocket_tls_getopt(usocket_t *s, int name, void *value, size_t *len) {
    usocket_tls_t *t = base_of(s)->tls;
    if (name == USOCKET_TLS_HOSTNAME) {
        size_t n = t->name != NULL ? strlen(t->name) : 0;
        if (value != NULL) {
            n = n < *len ? n : *len;
            if (n != 0) {
                memcpy(value, t->name, n);
            }
        }
        *len = n;
        return 0;
    }
    while (!enter_library(t)) {
        int r = usocket_wait_for(s, NULL, 0, usocket_port_now() + 50);
        if (r < 0) {
            return r;
        }
    }
    int r = usocket_backend_get(t, name, value, len);
    leave_library(t);
    return r;
}

int usocket_tls_name(usocket_t *s, const char *host, size_t len) {
    int r = usocket_enter(s);
    if (r < 0) {
        return r;
    }
    usocket_tls_t *t = base_of(s)->tls;
    if (t == NULL) {
        r = USOCKET_ENOPROTOOPT;
    } else if (t->stage > TLS_CONNECTING) {
        r = USOCKET_EISCONN;
    } else if (!t->named) {
        r = set_name(t, host, len);
    }
    usocket_leave(s);
    return r;
}

int usocket_tls_why(usocket_t *s, int *number, char *words) {
    words[0] = '\0';
    if (number != NULL) {
        *number = 0;
    }
    int r = usocket_enter(s);
    if (r < 0) {
        return r;
    }
    const usocket_tls_t *t = base_of(s)->tls;
    if (t == NULL) {
        r = USOCKET_ENOPROTOOPT;
    } else {
        memcpy(words, t->words, USOCKET_TLS_WORDS);
        if (number != NULL) {
            *number = t->number;
        }
    }
    usocket_leave(s);
    return r;
}

#endif
