/* The stream or the datagrams below a TLS session.
 *
 * Caller: the TLS library, within a step. The caller of the step holds the socket, or is the last
 * user of one that is being closed.
 * Never: a call here waits, holds a socket or takes the lock.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_TRANSPORT_H
#define USOCKET_TRANSPORT_H

#include "usocket/port.h"

#if USOCKET_TLS

struct usocket;

typedef struct {
    struct usocket *base; /* The socket's record; its descriptor may change while bytes are put back. */
    int io; /* The descriptor of a socket that is being closed and has no record any more; -1 while it is open. */
} usocket_transport_t;

/* Receive without waiting; from: the sender of a datagram, or NULL. As usocket_port_recv. */
int32_t usocket_transport_recv(const usocket_transport_t *t, void *buf, size_t len, usocket_addr_t *from);

/* Send without waiting; to: NULL where it is connected. As usocket_port_send. */
int32_t usocket_transport_send(const usocket_transport_t *t, const void *buf, size_t len, const usocket_addr_t *to);

#endif

#endif
