/* The stream or the datagrams below a TLS session.
 *
 * SPDX-License-Identifier: MIT
 */
#include "transport.h"
#include "base.h"

#if USOCKET_TLS

/* A socket that is being closed has no other user, so its descriptor cannot move, and it needs no
 * note of a lost connection. */
int32_t usocket_transport_recv(const usocket_transport_t *t, void *buf, size_t len, usocket_addr_t *from) {
    if (t->io >= 0) {
        return usocket_port_recv(t->io, buf, len, 0, NULL);
    }
    int32_t r;
    ON_SOCKET(r, t->base, usocket_port_recv(io, buf, len, 0, from));
    note_lost(t->base, r);
    return r;
}

int32_t usocket_transport_send(const usocket_transport_t *t, const void *buf, size_t len, const usocket_addr_t *to) {
    if (t->io >= 0) {
        return usocket_port_send(t->io, buf, len, 0, NULL);
    }
    int32_t r;
    ON_SOCKET(r, t->base, usocket_port_send(io, buf, len, 0, to));
    note_lost(t->base, r);
    return r;
}

#endif
