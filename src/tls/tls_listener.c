/* Listeners: the sessions of accepted connections, and servers of DTLS.
 *
 * A client of DTLS has to return a cookie, which shows that its address is its own (RFC 6347,
 * 4.2.1). Until then nothing is kept for it but the one pending session of the listener, for all
 * clients together. Then it gets a handle on the listener's address, connected to it, and the
 * pending session moves there.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tls_state.h"

#if USOCKET_TLS

#include <string.h>

int usocket_tls_open_accepted(usocket_t *s, usocket_t *conn) {
    usocket_tls_t *t = session_of(s);
    int r = usocket_tls_lock(s, t); /* no option changes meanwhile */
    if (r == 0) {
        conn->tls = usocket_tls_new(conn, t, false);
        usocket_tls_unlock(t);
        r = conn->tls != NULL ? 0 : USOCKET_ENOMEM;
    }
    return r;
}

#if USOCKET_SERVER && USOCKET_DATAGRAMS

#define RECENT (sizeof(((struct recent_hellos *)NULL)->client_random) / CLIENT_RANDOM)

/* True if a socket was made for this ClientHello lately: the datagram is a duplicate. */
static bool is_recent(const struct recent_hellos *recent, const usocket_tls_t *client) {
    for (size_t i = 0; i < RECENT; i++) {
        if (memcmp(recent->client_random[i], client->e.client_random, CLIENT_RANDOM) == 0) {
            return true;
        }
    }
    return false;
}

static void note_recent(struct recent_hellos *recent, const usocket_tls_t *client) {
    memcpy(recent->client_random[recent->next], client->e.client_random, CLIENT_RANDOM);
    recent->next = (recent->next + 1) % RECENT;
}

/* Locked. 0; USOCKET_EINVAL: connected, or not bound; USOCKET_ENOMEM. */
static int start_listening(usocket_t *s, usocket_tls_t *t) {
    if (t->e.stage != TLS_NEW) {
        return USOCKET_EINVAL;
    }
    usocket_addr_t own;
    int r = usocket_port_name(io_of(s), false, &own);
    if (r == 0 && own.port == 0) {
        r = USOCKET_EINVAL; /* not bound: no client could reach it */
    }
    if (r == 0 && t->recent_hellos == NULL) {
        t->recent_hellos = usocket_port_alloc(sizeof(*t->recent_hellos));
        if (t->recent_hellos == NULL) {
            return USOCKET_ENOMEM;
        }
        memset(t->recent_hellos, 0, sizeof(*t->recent_hellos));
    }
    t->listening = t->listening || r == 0;
    return r;
}

int usocket_tls_listen(usocket_t *s) {
    usocket_tls_t *t = session_of(s);
    int r = usocket_tls_lock(s, t);
    if (r == 0) {
        r = start_listening(s, t);
        usocket_tls_unlock(t);
    }
    return r;
}

/* Free the pending session; the next datagram begins another one. Locked. */
static void drop_pending(usocket_tls_t *t) {
    usocket_tls_free(t->pending);
    t->pending = NULL;
}

/* A failure of the exchange ends this client alone; its words move to the listener, where
 * usocket_tls_why finds them. */
int usocket_tls_admit(usocket_tls_t *t) {
    if (t->e.shut_rd) {
        return USOCKET_EINVAL;
    }
    if (t->pending == NULL) {
        t->pending = usocket_tls_new(t->e.transport.base, t, true);
        if (t->pending == NULL) {
            return USOCKET_ENOMEM;
        }
        t->pending->e.in_cookie_exchange = true;
    }
    usocket_engine_t *client = &t->pending->e;
    int r = usocket_engine_cookie_exchange(client);
    t->e.want = client->want;
    if (r == 0 && is_recent(t->recent_hellos, t->pending)) {
        drop_pending(t);
        t->e.want = USOCKET_POLL_IN; /* other datagrams may follow it */
        r = USOCKET_EAGAIN;
    }
    if (r < 0 && r != USOCKET_EAGAIN) {
        memcpy(t->e.words, client->words, sizeof(t->e.words));
        t->e.number = client->number;
        drop_pending(t);
    }
    return r;
}

/* The code of accept for a client that gets no socket: a lack of descriptors or memory is reported
 * as such, any other code ends this client alone. */
static int accept_code(int r) {
    switch (r) {
        case USOCKET_EMFILE:
        case USOCKET_ENFILE:
        case USOCKET_ENOBUFS:
        case USOCKET_ENOMEM:
            return r;
        default:
            return USOCKET_ECONNABORTED;
    }
}

/* Open a socket beside the listener's, connected to the client. Returns its handle, or a code. */
static int open_beside(int listener, int family, const usocket_addr_t *client) {
    int handle = usocket_port_open(family, USOCKET_DGRAM, 0);
    if (handle < 0) {
        return accept_code(handle);
    }
    usocket_addr_t own;
    int r = usocket_port_name(listener, false, &own);
    r = r == 0 ? usocket_port_bind_beside(handle, listener, &own) : r;
    r = r == 0 ? usocket_port_connect(handle, client) : r;
    if (r < 0) {
        usocket_port_close(handle);
    }
    return r < 0 ? accept_code(r) : handle;
}

/* The client is taken out of `pending` under the lock, so its
 * session belongs to this call before the lock is released. */
int usocket_tls_accept(usocket_t *s, usocket_t *conn, usocket_addr_t *peer, usocket_want_t *want) {
    usocket_tls_t *t = session_of(s);
    if (!usocket_tls_trylock(t)) {
        return usocket_tls_locked_out(want);
    }
    int r = t->listening ? usocket_tls_admit(t) : USOCKET_EINVAL;
    usocket_tls_t *client = NULL;
    if (r == 0) {
        client = t->pending;
        t->pending = NULL;
        r = open_beside(io_of(s), base_of(s)->family, &client->e.peer);
        if (r >= 0) {
            note_recent(t->recent_hellos, client);
        }
    }
    usocket_tls_step_done(t, r, want);
    if (client != NULL && r < 0) {
        usocket_tls_free(client);
    } else if (client != NULL) {
        client->e.in_cookie_exchange = false;
        client->e.transport.base = conn;
        conn->tls = client;
        *peer = client->e.peer;
    }
    return r;
}

#endif

#endif
