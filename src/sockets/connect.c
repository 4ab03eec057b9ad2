/* Connections: accept, connect.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../tls/tls_state.h"

#if USOCKET_SERVER

int usocket_accept_by(usocket_t *s, usocket_t *conn, usocket_addr_t *peer, usocket_time_t deadline) {
    int r = usocket_vacant(conn);
    if (r == 0) {
        r = usocket_enter(s);
    }
    if (r < 0) {
        return r;
    }
    usocket_t *base = base_of(s);
    usocket_addr_t from;
    patience_t patience = usocket_patience(s, false, deadline);
#if USOCKET_TLS && USOCKET_DATAGRAMS
    if (HAS_TLS(base) && !is_stream(base)) {
        r = usocket_tls_accept(s, conn, peer != NULL ? peer : &from, &patience);
        usocket_leave(s);
        return r;
    }
#endif
#if USOCKET_TLS
    if (HAS_TLS(base)) {
        r = usocket_tls_enter_for(s, base->tls); /* no option changes meanwhile */
        if (r == 0) {
            conn->tls = usocket_tls_new(conn, base->tls, false);
            usocket_tls_leave(base->tls);
            r = conn->tls != NULL ? 0 : USOCKET_ENOMEM;
        }
        if (r < 0) {
            usocket_leave(s);
            return r;
        }
    }
#endif
    do {
        ON_SOCKET(r, base, usocket_port_accept(io, &from));
    } while (r == USOCKET_EAGAIN && (r = usocket_await(s, USOCKET_POLL_IN, &patience)) == 0);
    /* From here on r is a code or a handle: usocket_await's 0 leads back into the loop. */
    if (r >= 0) {
        usocket_attach(conn, r, base->family, base->type, base->proto);
        if (peer != NULL) {
            *peer = from;
        }
        r = 0;
#if USOCKET_TLS
    } else {
        usocket_tls_free(conn->tls);
        conn->tls = NULL;
#endif
    }
    usocket_leave(s);
    return r;
}

#endif

static int connect_wait(usocket_t *s, usocket_time_t deadline) {
    usocket_t *base = base_of(s);
    usocket_wait_t w = {ATOMIC_LOAD(&base->io), USOCKET_POLL_OUT, 0};
    if (usocket_port_connected(w.handle)) {
        LOOSE_OR(&base->flags, FLAG_CONNECTED);
        return 0;
    }
    int r = usocket_wait_for(s, &w, 1, deadline);
    if (r == 0) {
        return deadline == USOCKET_NOW ? USOCKET_EINPROGRESS : USOCKET_ETIMEDOUT;
    }
    if (r > 0) {
        r = usocket_port_error(w.handle);
    }
    if (r == 0) { /* no error, or one that was told before: only a peer proves a connection */
        usocket_addr_t peer;
        r = usocket_port_name(w.handle, true, &peer);
    }
    LOOSE_AND(&base->flags, (uint8_t) ~(FLAG_CONNECTED | FLAG_FAILED));
    LOOSE_OR(&base->flags, r == 0 ? FLAG_CONNECTED : FLAG_FAILED);
    return r;
}

/* Linux remembers how an attempt that it could not finish at once has ended until connect(2) is called again, and answers
 * that call with it. Our waits have told the program already. */
static int begin_connect(usocket_t *base, const usocket_addr_t *a) {
    usocket_addr_t peer;
    if (is_stream(base) && (LOOSE_LOAD(&base->flags) & FLAG_CONNECTED) &&
        usocket_port_name(ATOMIC_LOAD(&base->io), true, &peer) == 0) {
        return USOCKET_EISCONN;
    }
    int r;
    ON_SOCKET(r, base, usocket_port_connect(io, a));
    if (r == USOCKET_ECONNABORTED && (LOOSE_LOAD(&base->flags) & FLAG_FAILED)) {
        ON_SOCKET(r, base, usocket_port_connect(io, a));
    }
    LOOSE_AND(&base->flags, (uint8_t) ~(FLAG_CONNECTED | FLAG_FAILED));
    return r;
}

#if USOCKET_TLS
int usocket_tcp_connected(usocket_t *s) {
    return connect_wait(s, USOCKET_NOW);
}
#endif

int usocket_connect_wait(usocket_t *s, usocket_time_t deadline) {
    int r = usocket_enter(s);
    if (r == 0) {
#if USOCKET_TLS
        usocket_tls_t *t = base_of(s)->tls;
        if (t != NULL) {
            int stage = usocket_tls_stage(s);
            r = stage < 0 ? stage : stage >= TLS_HANDSHAKE ? 0 : connect_wait(s, deadline);
            r = stage < 0 ? r : usocket_tls_connected(s, NULL, r, deadline);
            usocket_leave(s);
            return r;
        }
#endif
        r = connect_wait(s, deadline);
        usocket_leave(s);
    }
    return r;
}

int usocket_connect_by(usocket_t *s, const usocket_addr_t *a, usocket_time_t deadline) {
    int r = usocket_enter(s);
    if (r < 0) {
        return r;
    }
    for (;;) {
#if USOCKET_TLS
        /* A datagram socket's stack would take another peer. */
        const usocket_tls_t *t = base_of(s)->tls;
        int stage = t != NULL && t->datagram ? usocket_tls_stage(s) : TLS_NEW;
        if (stage != TLS_NEW) {
            r = stage < 0 ? stage : USOCKET_EISCONN;
            break;
        }
#endif
        r = begin_connect(base_of(s), a);
        if (r != USOCKET_EAGAIN || !USOCKET_UNIX || a->family != USOCKET_AF_UNIX || deadline == USOCKET_NOW) {
            break;
        }
        r = usocket_pause(s, deadline, USOCKET_ETIMEDOUT);
        if (r < 0) {
            break;
        }
    }
    if (r == USOCKET_EINPROGRESS && deadline != USOCKET_NOW) {
        r = connect_wait(s, deadline);
    }
    if (HAS_TLS(base_of(s))) {
        r = usocket_tls_connected(s, a, r, deadline);
    }
    usocket_leave(s);
    return r;
}
