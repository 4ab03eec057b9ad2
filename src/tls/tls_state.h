/* The sockets' half of a TLS session, for the files of src/tls/.
 *
 * Law: every member is read and written with the session's lock (usocket_tls_trylock), except those
 * that say otherwise. The lock is tried, never waited for, by calls with a deadline: another thread
 * is in the TLS library for one step, and nothing there waits. lock_sockets() may be taken with it;
 * the session's lock is never taken with lock_sockets().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_TLS_STATE_H
#define USOCKET_TLS_STATE_H

#include "../base/engine.h"
#include "tls.h"

#if USOCKET_TLS

/* The latest clients of a DTLS listener that have got a socket, by the end of their ClientHello's
 * random. A datagram may come twice, and a second socket for the same client would receive all that
 * is meant for the first. */
struct recent_hellos {
    uint8_t client_random[8][CLIENT_RANDOM];
    unsigned next; /* The entry that the next client overwrites, the oldest one. */
};

typedef struct usocket_tls {
    usocket_engine_t e;  /* The engine's half. */
    uint32_t locked;     /* The session's lock: 1 while a thread is in the TLS library. Atomic. */
    uint32_t steps;      /* Steps so far. Atomic. */
    usocket_news_t news; /* The result of the last step, for threads that wait for the transport. */
#if USOCKET_FORK
    unsigned process; /* The process that has used the session last. Atomic. */
#endif
    bool listening;   /* It is a listener of DTLS, and its stage stays TLS_NEW. */
    bool shut_wr;     /* The program has shut down writing, and close_notify is sent. */
    bool nodelay;     /* TCP_NODELAY is on for the handshake alone. */
    int uncounted;    /* 1 + the value of the byte that a send has left out of its count (send_some); 0: none. */
    uint32_t records; /* Records of application data written so far. */
    struct usocket_tls *pending; /* Of a DTLS listener: the client in the cookie exchange, owned; NULL: none yet. */
    struct recent_hellos *recent_hellos; /* Of a DTLS listener, owned; NULL before it listens. */
} usocket_tls_t;

static inline usocket_tls_t *session_of(usocket_t *s) {
    return base_of(s)->tls;
}

/* A session for base; for a connection of the listener
 * `from`, if that is not NULL. NULL: no memory. */
usocket_tls_t *usocket_tls_new(usocket_t *base, usocket_tls_t *from, bool datagram);

/* Free the session, its pending client and its credentials. t may be NULL. */
void usocket_tls_free(usocket_tls_t *t);

/* Enter the session without waiting, and begin a step. False: another thread is in it. */
bool usocket_tls_trylock(usocket_tls_t *t);

/* End a step, publish its news, and wake the sleepers if they have changed. Returns the news
 * (usocket_want_t.seen). */
uint32_t usocket_tls_unlock(usocket_tls_t *t);

/* For calls without a deadline: wait until the other thread's
 * step has ended. 0; USOCKET_EBADF: closed, not locked. */
int usocket_tls_lock(usocket_t *s, usocket_tls_t *t);

/* End an attempt that has returned r: unlock, and fill in *want. Returns r. */
int32_t usocket_tls_step_done(usocket_tls_t *t, int32_t r, usocket_want_t *want);

/* For an attempt that finds another thread in the
 * session: fill in *want. Returns USOCKET_EAGAIN. */
int usocket_tls_locked_out(usocket_want_t *want);

/* Proceed to application data: the end of the stack's connect, and the handshake. Locked. 0: data
 * can flow; USOCKET_EAGAIN with e.want; or a code. */
int usocket_tls_establish(usocket_t *s, usocket_tls_t *t);

/* Keep a datagram socket's error r, which the stack reports once, for the next receive. */
void usocket_tls_keep_error(usocket_t *s, const usocket_tls_t *t, int r);

/* Make a step of a DTLS listener's cookie exchange. Locked. 0: the pending client has returned its
 * cookie; USOCKET_EAGAIN with e.want; or a code. */
int usocket_tls_admit(usocket_tls_t *t);

/* Returns the stage (enum tls_stage); USOCKET_EBADF: closed. Waits for another thread's step. */
int usocket_tls_stage(usocket_t *s);

#endif

#endif
