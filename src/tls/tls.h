/* TLS as src/sockets/ sees it: a state of the socket, and what each call does with it.
 *
 * Caller: src/sockets/, which holds the socket; each call here locks the session for the time of one step, and no longer.
 * Never: a call that is named an attempt waits. The others say in which case they do.
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

/* ---- Birth and death ------------------------------------------------------------------------------------------------ */

/* Give s, which is about to be opened, a session. 0, USOCKET_ENOMEM, USOCKET_EPROTONOSUPPORT. */
int usocket_tls_open(usocket_t *s, int type);

/* Likewise for conn, a connection of the listener s; EBADF: s has been closed. */
int usocket_tls_open_accepted(usocket_t *s, usocket_t *conn);

/* Take the session of a socket that could not be opened. */
void usocket_tls_abandon(usocket_t *s);

/* The connection of `handle` was made by others: the session is a client, or has the role that an option says. */
void usocket_tls_adopted(usocket_t *s, int handle);

/* The last user has released the socket: send close_notify, for at most `timeout`, and free the session. session may be NULL;
 * io: its transport, or -1 (given away). */
void usocket_tls_end(void *session, usocket_time_t timeout, int io);

/* ---- Connecting ------------------------------------------------------------------------------------------------------- */

/* 0 if the stack may connect; USOCKET_EISCONN: a datagram socket's stack would take another peer; USOCKET_EBADF. */
int usocket_tls_may_connect(usocket_t *s);

/* True if the transport's connect is over; USOCKET_EBADF. */
int usocket_tls_is_connected(usocket_t *s);

/* The stack's connect has returned r: go on with the handshake until the deadline. a: the address, or NULL.
 * Returns the result of the program's call. */
int usocket_tls_connected(usocket_t *s, const usocket_addr_t *a, int r, usocket_time_t deadline);

/* Wait for the end of the handshake. 0, USOCKET_EAGAIN, USOCKET_ETIMEDOUT, USOCKET_EINTR, or why it has failed. */
int usocket_tls_handshake(usocket_t *s, usocket_time_t deadline);

/* ---- Data ------------------------------------------------------------------------------------------------------------- */

/* An attempt. USOCKET_EAGAIN: *want. */
int32_t usocket_tls_recv(usocket_t *s, void *buf, size_t len, bool peek, usocket_want_t *want);

/* An attempt: 1 if usocket_tls_recv would return something, 0 at the end. USOCKET_EAGAIN: *want. */
int usocket_tls_readable(usocket_t *s, usocket_want_t *want);

/* Progress of one send, which may need several attempts. */
typedef struct {
    int32_t taken;   /* Bytes that are encrypted and on their way; -1: none yet. */
    uint32_t record; /* The number of the record with the last of them. */
} usocket_tls_sending_t;

/* An attempt. The number of bytes when all that it has taken is with the stack; USOCKET_EAGAIN: *want. */
int32_t usocket_tls_send(
    usocket_t *s, const void *buf, size_t len, usocket_tls_sending_t *sending, usocket_want_t *want);

/* The result of a send that has to end with r. */
int32_t usocket_tls_sent(usocket_t *s, const void *buf, const usocket_tls_sending_t *sending, int32_t r);

/* Bytes decrypted and not read. */
int32_t usocket_tls_pending(usocket_t *s);

/* ---- Ending ------------------------------------------------------------------------------------------------------------ */

/* Send close_notify on an open socket, waiting for room until the deadline. */
int usocket_tls_close_notify(usocket_t *s, usocket_time_t deadline);

/* As usocket_shutdown; waits for room until the socket's timeout. */
int usocket_tls_shutdown(usocket_t *s, int how);

/* Exchange close_notify, waiting until the deadline. */
int usocket_tls_unwrap(usocket_t *s, usocket_time_t deadline);

/* ---- Polling ----------------------------------------------------------------------------------------------------------- */

struct usocket_look;

/* As usocket_poll; *look, which may be NULL, tells what the last look found. USOCKET_EBADF. */
int usocket_tls_poll(usocket_t *s, int events, usocket_time_t deadline, struct usocket_look *look);

/* The number of steps that the session has made. */
uint32_t usocket_tls_steps(usocket_t *s);

/* ---- Options ------------------------------------------------------------------------------------------------------------ */

int usocket_tls_setopt(usocket_t *s, int name, const void *value, size_t len);
int usocket_tls_getopt(usocket_t *s, int name, void *value, size_t *len);

/* As usocket_tls_name and usocket_tls_why. */
int usocket_tls_set_name(usocket_t *s, const char *host, size_t len);
int usocket_tls_get_why(usocket_t *s, int *number, char *words);

/* ---- Listeners ----------------------------------------------------------------------------------------------------------- */

/* Before a listener of either kind listens: half a pair of credentials is USOCKET_ETLS_SETUP. */
int usocket_tls_check_listener(usocket_t *s);

/* A listener of DTLS. */
int usocket_tls_listen(usocket_t *s);

/* An attempt: a client that has returned its cookie becomes conn's session, and its handle is returned. USOCKET_EAGAIN: *want. */
int usocket_tls_accept(usocket_t *s, usocket_t *conn, usocket_addr_t *peer, usocket_want_t *want);

#endif
