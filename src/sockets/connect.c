/* Connections: accept, connect.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sockets.h"

#if USOCKET_SERVER

/* Attempt to accept. Returns the handle of the connection, with its session in conn->tls;
 * USOCKET_EAGAIN sets *want. */
static int accept_once(usocket_t *s, usocket_t *base, usocket_t *conn, usocket_addr_t *peer, usocket_want_t *want) {
    int r;
#if USOCKET_TLS && USOCKET_DATAGRAMS
    if (HAS_TLS(base) && !is_stream(base)) {
        return usocket_tls_accept(s, conn, peer, want);
    }
#endif
    (void)s;
    (void)conn;
    *want = WANT(USOCKET_POLL_IN);
    ON_SOCKET(r, base, usocket_port_accept(io, peer));
    return r;
}

/* A TLS stream's session is made before the connection is taken from the stack, so that a lack of
 * memory leaves it in the queue. conn is not open yet, and belongs to this call alone. */
int usocket_accept_by(usocket_t *s, usocket_t *conn, usocket_addr_t *peer, usocket_time_t deadline) {
    int r = usocket_vacant(conn);
    if (r == 0) {
        r = usocket_hold(s);
    }
    if (r < 0) {
        return r;
    }
    usocket_t *base = base_of(s);
    usocket_addr_t unused;
    if (peer == NULL) {
        peer = &unused;
    }
    wait_limit_t limit = usocket_limit(s, false, deadline);
    usocket_want_t want;
    if (HAS_TLS(base) && is_stream(base)) {
        r = usocket_tls_open_accepted(s, conn);
        if (r < 0) {
            usocket_release(s);
            return r;
        }
    }
    do {
        r = accept_once(s, base, conn, peer, &want);
    } while (r == USOCKET_EAGAIN && (r = usocket_await(s, &want, &limit)) == 0);
    /* r is a code or a handle: a 0 of usocket_await has led back into the loop. */
    if (r >= 0) {
        usocket_attach(conn, r, base->family, base->type, base->proto);
        r = 0;
    } else if (HAS_TLS(base) && is_stream(base)) {
        usocket_tls_abandon(conn);
    }
    usocket_release(s);
    return r;
}

#endif

/* Start connecting. Linux keeps the result of an attempt that it could not finish at once for the
 * next connect(2); a wait of the core has reported it before, so that this call asks once more. */
static int start_connect(usocket_t *base, const usocket_addr_t *a) {
    usocket_addr_t peer;
    if (is_stream(base) && (LOOSE_LOAD(&base->flags) & FLAG_CONNECTED) &&
        usocket_port_name(base_io(base), true, &peer) == 0) {
        return USOCKET_EISCONN;
    }
    uint8_t flags;
    int r;
    leave_inside(base);
    do {
        flags = LOOSE_LOAD(&base->flags);
        ON_SOCKET(r, base, usocket_port_connect(io, a));
        usocket_change_flags(base, FLAG_CONNECTED | FLAG_FAILED, 0);
    } while (r == USOCKET_ECONNABORTED && (flags & FLAG_FAILED));
    return r;
}

/* On a TLS socket this also continues the handshake, after the transport's connect. */
int usocket_connect_wait(usocket_t *s, usocket_time_t deadline) {
    int r = usocket_hold(s);
    if (r < 0) {
        return r;
    }
    if (HAS_TLS(base_of(s))) {
        r = usocket_tls_is_connected(s);
        if (r >= 0) {
            r = usocket_tls_connected(s, NULL, r != 0 ? 0 : usocket_wait_connected(s, deadline), deadline);
        }
    } else {
        r = usocket_wait_connected(s, deadline);
    }
    usocket_release(s);
    return r;
}

/* Attempt to connect. USOCKET_EAGAIN: the queue of an
 * AF_UNIX listener is full, which no poll reports. */
static int connect_once(usocket_t *s, const usocket_addr_t *a) {
    usocket_t *base = base_of(s);
    int r = HAS_TLS(base) ? usocket_tls_may_connect(s) : 0;
    return r == 0 ? start_connect(base, a) : r;
}

int usocket_connect_by(usocket_t *s, const usocket_addr_t *a, usocket_time_t deadline) {
    int r = usocket_hold(s);
    if (r < 0) {
        return r;
    }
    r = connect_once(s, a);
    /* AF_UNIX refuses with a full queue, and begins nothing: the connect is repeated. */
#if USOCKET_UNIX
    wait_limit_t limit = {deadline, USOCKET_ETIMEDOUT, false};
    while (r == USOCKET_EAGAIN && a->family == USOCKET_AF_UNIX && deadline != USOCKET_NOW) {
        usocket_want_t want = WANT_AT(usocket_deadline_in(RETRY_QUEUE_US));
        r = usocket_await(s, &want, &limit);
        r = r == 0 ? connect_once(s, a) : r;
    }
#endif
    if (r == USOCKET_EINPROGRESS && deadline != USOCKET_NOW) {
        r = usocket_wait_connected(s, deadline);
    }
    if (HAS_TLS(base_of(s))) {
        r = usocket_tls_connected(s, a, r, deadline);
    }
    usocket_release(s);
    return r;
}
