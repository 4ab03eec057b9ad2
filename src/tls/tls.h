/* TLS as src/sockets/ sees it: a state of the socket, and what each call does with it.
 *
 * Caller: src/sockets/, which holds the socket. Each call here locks the session for one step at a
 * time.
 * Never: an attempt does not wait. Any other call says when it waits; the calls for options, names
 * and stages wait only for the step of another thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_TLS_CALLS_H
#define USOCKET_TLS_CALLS_H

#include "../base/base.h"
#include "usocket/tls.h"

#if USOCKET_TLS
#define HAS_TLS(base) ((base)->tls != NULL)
#else
#define HAS_TLS(base) false
#endif

/* ---- Opening and freeing ----------------------------------------------------------------------------------------- */

/* Give s, which is about to be opened, a session: s->tls. 0, USOCKET_ENOMEM,
 * USOCKET_EPROTONOSUPPORT. */
int usocket_tls_open(usocket_t *s, int type);

/* Likewise for conn, a connection of the listener s; EBADF: s has been closed. */
int usocket_tls_open_accepted(usocket_t *s, usocket_t *conn);

/* Free the session of a socket that could not be opened. */
void usocket_tls_abandon(usocket_t *s);

/* Note that the program has connected `handle` itself: the
 * session is a client's, unless TLS_ROLE says otherwise. */
void usocket_tls_adopted(usocket_t *s, int handle);

/* End the session of a socket that the last call has released: send close_notify, waiting at most
 * `timeout` microseconds for room, and free the session. session may be NULL; io: its transport, or
 * -1 if that has been given away. */
void usocket_tls_end(void *session, usocket_time_t timeout, int io);

/* ---- Connecting -------------------------------------------------------------------------------------------------- */

/* Check that the stack may connect. 0; USOCKET_EISCONN: the stack would give a datagram socket
 * another peer; USOCKET_EBADF. */
int usocket_tls_may_connect(usocket_t *s);

/* True if the transport's connect is over; USOCKET_EBADF. */
int usocket_tls_is_connected(usocket_t *s);

/* Note the result r of the stack's connect, and go on with the handshake until the deadline. a: the
 * address, or NULL. Returns the result of the program's call. */
int usocket_tls_connected(usocket_t *s, const usocket_addr_t *a, int r, usocket_time_t deadline);

/* Wait for the end of the handshake. 0, USOCKET_EAGAIN,
 * USOCKET_ETIMEDOUT, USOCKET_EINTR, or why it has failed. */
int usocket_tls_handshake(usocket_t *s, usocket_time_t deadline);

/* ---- Data -------------------------------------------------------------------------------------------------------- */

/* Attempt to receive. USOCKET_EAGAIN sets *want. */
int32_t usocket_tls_recv(usocket_t *s, void *buf, size_t len, bool peek, usocket_want_t *want);

/* Attempt to find data: 1 if usocket_tls_recv would
 * return some, 0 at the end. USOCKET_EAGAIN sets *want. */
int usocket_tls_readable(usocket_t *s, usocket_want_t *want);

/* Progress of one send, which may need several attempts. */
typedef struct {
    int32_t taken;   /* Bytes that are encrypted and on their way; -1: none yet. */
    uint32_t record; /* The number of the record with the last of them. */
} usocket_tls_sending_t;

/* Attempt to send. Returns the number of bytes once the stack has taken all of their record;
 * USOCKET_EAGAIN sets *want. */
int32_t usocket_tls_send(
    usocket_t *s, const void *buf, size_t len, usocket_tls_sending_t *sending, usocket_want_t *want);

/* End a send at its limit, with the code r.
 * Returns the bytes that count, or r if none do. */
int32_t usocket_tls_sent(usocket_t *s, const void *buf, const usocket_tls_sending_t *sending, int32_t r);

/* Bytes decrypted and not read. */
int32_t usocket_tls_pending(usocket_t *s);

/* ---- Ending ------------------------------------------------------------------------------------------------------ */

/* Send close_notify on an open socket, waiting for room until the deadline. */
int usocket_tls_close_notify(usocket_t *s, usocket_time_t deadline);

/* As usocket_shutdown; waits for room until the socket's timeout. */
int usocket_tls_shutdown(usocket_t *s, int how);

/* Exchange close_notify, waiting until the deadline. */
int usocket_tls_unwrap(usocket_t *s, usocket_time_t deadline);

/* ---- Polling ----------------------------------------------------------------------------------------------------- */

struct usocket_look;

/* As usocket_poll, waiting until the deadline. *look, which may be NULL, receives how to wait for
 * the socket. USOCKET_EBADF. */
int usocket_tls_poll(usocket_t *s, int events, usocket_time_t deadline, struct usocket_look *look);

/* The number of steps that the session has made. */
uint32_t usocket_tls_steps(usocket_t *s);

/* ---- Options ----------------------------------------------------------------------------------------------------- */

int usocket_tls_setopt(usocket_t *s, int name, const void *value, size_t len);
int usocket_tls_getopt(usocket_t *s, int name, void *value, size_t *len);

/* As usocket_tls_name and usocket_tls_why. */
int usocket_tls_set_name(usocket_t *s, const char *host, size_t len);
int usocket_tls_get_why(usocket_t *s, int *number, char *words);

/* ---- Listeners --------------------------------------------------------------------------------------------------- */

/* As usocket_engine_check. */
int usocket_tls_check_options(usocket_t *s, bool server, bool all);

/* As usocket_listen, for a listener of DTLS. */
int usocket_tls_listen(usocket_t *s);

/* Attempt to accept: the session of a client that has returned its cookie becomes conn's, and its
 * handle is returned. USOCKET_EAGAIN sets *want. */
int usocket_tls_accept(usocket_t *s, usocket_t *conn, usocket_addr_t *peer, usocket_want_t *want);

#endif
