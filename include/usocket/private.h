/* usocket - calls between the core and the MicroPython module. Not part of the API: a program must
 * not use them, and any version may change them.
 *
 * Each takes a hold on its socket for the call, so that another thread may close the socket
 * meanwhile. They never wait, and an interrupt must not call them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PRIVATE_H
#define USOCKET_PRIVATE_H

#include "usocket/usocket.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The module's poller: poll.c ------------------------------------------------------------- */

/* It calls these under its own lock, for sockets that it has registered. */

/** The way to wait for a socket that usocket_poller_look has found not ready. */
typedef struct usocket_look {
    /** Events to arm its descriptor for, USOCKET_POLL_*. 0 where @p events was not 0: its
     *  descriptor cannot tell, so look again soon. */
    int want;
    /** Time to look again, whatever the descriptor tells; USOCKET_NEVER for none. */
    usocket_time_t until;
    /** State of the TLS session at the look, for usocket_poller_stale. */
    uint32_t steps;
} usocket_look_t;

/** The events that a socket is ready for, as usocket_poll with USOCKET_NOW tells them. A TLS socket
 *  may be ready while its descriptor is not, and may wait for another direction than @p events.
 *
 * @param look receives how to wait for the socket
 * @return a mask; as usocket_poll
 */
int usocket_poller_look(usocket_t *s, int events, usocket_look_t *look);

/** True if @p look no longer holds, because a call has used the socket since. */
bool usocket_poller_stale(usocket_t *s, const usocket_look_t *look);

/* ---- The state of a socket: socket.c --------------------------------------------------------- */

/** True if usocket_fileno would return a descriptor. That call also hands it out, and the library
 *  uses it otherwise from then on. */
#if USOCKET_WAIT_INSIDE
bool usocket_is_open(const usocket_t *s);
#else
#define usocket_is_open(s) (usocket_fileno(s) >= 0)
#endif

/* ---- TLS before a connection: secure.c ------------------------------------------------------- */

#if USOCKET_TLS

/** Check the options of a TLS socket together, as its handshake would.
 *
 * @return 0; USOCKET_ETLS_SETUP, with a text (usocket_tls_why): something is missing, or options
 *         contradict each other; USOCKET_EBADF, USOCKET_ENOPROTOOPT
 */
int usocket_tls_check(usocket_t *s, bool server);

/** Move a TLS socket that has not connected to another handle; its own is closed. No other thread
 * may use it.
 *
 * @param handle a connected one, from usocket_detach; -1: none for now, and every call but
 *               usocket_close and this one returns USOCKET_EBADF
 */
void usocket_tls_move(usocket_t *s, int family, int handle);

#endif

/* ---- First tries: quick.c -------------------------------------------------------------------- */

/* A call on a plain socket (open, its connection not shared, no TLS, nothing put back, no error
 * kept) that returns at once. USOCKET_EAGAIN: it would wait, or the socket is not plain; the usual
 * call then goes on. Any other result is that of the usual call, and an error has been taken from
 * the stack. A datagram of 0 bytes is a result, and so is the end of the stream. */
#if USOCKET_QUICK

/** As usocket_recv_by without flags. @param from NULL, or receives the sender of a datagram */
int32_t usocket_try_recv(usocket_t *s, void *buf, size_t len, usocket_addr_t *from);

/** The length of the line that a receive from a plain stream would begin with, its end included, if
 *  all of it has arrived; @p most if that many bytes have arrived without an end; else 0. */
size_t usocket_try_line(usocket_t *s, size_t most);

/** As usocket_send_by without flags. @param to NULL, or the destination of a datagram */
int32_t usocket_try_send(usocket_t *s, const void *buf, size_t len, const usocket_addr_t *to);

/** As usocket_poll with USOCKET_NOW, of any socket. @return 0 for a failure, too */
int usocket_try_poll(usocket_t *s, int events);

#else

static inline size_t usocket_try_line(usocket_t *s, size_t most) {
    (void)s, (void)most;
    return 0;
}

static inline int32_t usocket_try_recv(usocket_t *s, void *buf, size_t len, usocket_addr_t *from) {
    (void)s, (void)buf, (void)len, (void)from;
    return USOCKET_EAGAIN;
}

static inline int32_t usocket_try_send(
    usocket_t *s, const void *buf, size_t len, const usocket_addr_t *to) {
    (void)s, (void)buf, (void)len, (void)to;
    return USOCKET_EAGAIN;
}

#endif

#ifdef __cplusplus
}
#endif

#endif
