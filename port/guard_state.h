/* The state that the guard keeps for each handle, and the questions that its files ask the stack.
 *
 * Callers: the files of the guard, under the library's lock; guard_done releases it. Nothing here
 * waits. The table is static memory; an entry is valid while its handle is open.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_GUARD_STATE_H
#define USOCKET_GUARD_STATE_H

#include "bsd.h"

#if PLAT_GUARD

/* Stage of a socket. Datagram sockets are FRESH or CONNECTED. FAILED: the connect has failed;
 * BROKEN: the connection was lost. */
enum { FRESH, CONNECTING, CONNECTED, FAILED, BROKEN, LISTENING };

enum {
    BOUND = 1,    /* has an address */
    HALF_IN = 2,  /* shut down for reading: received data is left, then the stream ends */
    HALF_OUT = 4, /* shut down for writing */
    ENDED = 8,    /* the stack has reported the end of the stream, which it may do only once */
    TROUBLE = 16, /* poll has reported an error, which it may do only once */
    UNTOLD = 32,  /* the next connect returns the result of the one in progress, as on Linux */
    SIX = 64,     /* the family is AF_INET6 */
};

typedef struct {
    uint8_t type;  /* SOCK_*; 0: not open, or not known */
    uint8_t stage; /* FRESH to LISTENING */
    uint8_t flags; /* BOUND to SIX */
    uint8_t error; /* the stack's number, positive, for the next call that returns one; 0: none */
} entry_t;

extern entry_t guard_table[PLAT_HANDLE_COUNT];

/* AF_* of an entry. */
int guard_family(const entry_t *e);

/* The place of a handle in the table; NULL: it is beyond the table. */
static inline entry_t *guard_slot(int handle) {
    return handle >= PLAT_HANDLE_FIRST && handle < PLAT_HANDLE_FIRST + PLAT_HANDLE_COUNT
        ? &guard_table[handle - PLAT_HANDLE_FIRST]
        : NULL;
}

/* The entry of an open handle; NULL: it is not open, or not known. */
entry_t *guard_lookup(int handle);

/* The positive number of a call that has just failed; must be called at once. */
static inline int guard_number_of(int fallback) {
    int number = plat_errno();
    return number < 0 ? -number : number == 0 ? fallback : number;
}

static inline bool guard_would_block(int number) {
    return number == EAGAIN || number == EWOULDBLOCK;
}

/* Release the library's lock, and if r is negative store the number for plat_errno(); unlocking may
 * have changed it. @return r */
int guard_done(int r, int number);

/* Take SO_ERROR from the stack. @return a positive number; 0 also for the remains of an earlier
 * call, such as EINPROGRESS */
int guard_stack_error(int handle);

/* Poll one handle without waiting. @return its revents */
int guard_poll_now(int handle, int events);

/* True if the stack knows a peer. */
bool guard_has_peer(int handle);

/* Update the stage if a connect in progress has ended. */
void guard_settle(int handle, entry_t *e);

/* Update the stage after poll has reported the end of a connect. */
void guard_connect_ended(int handle, entry_t *e);

/* Make the stage BROKEN; the caller returns the error to the program. @return number */
int guard_broken(int handle, entry_t *e, int number);

/* Take the error that is to be returned next. @return a positive number; 0: none */
int guard_take_error(int handle, entry_t *e);

#if USOCKET_SERVER
/* The options of a listener, which accepted sockets inherit: guard_listener.c. */

/* Keep the options of a socket that is about to listen. @return false: no memory */
bool guard_listener_begin(int handle);

/* Drop them. Does nothing for any other socket. */
void guard_listener_end(int handle);

/* Set the options of an accepted socket. */
void guard_listener_give(int handle, int conn);

/* As guard_get_option and guard_set_option, for a listener. */
int guard_listener_get(int handle, int level, int name, void *value, socklen_t *len);
int guard_listener_set(int handle, int level, int name, const void *value, socklen_t len);
#else
#define guard_listener_begin(handle) true
#define guard_listener_end(handle) ((void)0)
#define guard_listener_give(handle, conn) ((void)0)
#define guard_listener_get guard_get_option
#define guard_listener_set guard_set_option
#endif

/* Make an IPv4 address of an IPv6 socket, as lwIP 2.0 returns it, a mapped one, or IPv6's any
 * address. `addr` is part of a sys_addr_t. */
void guard_map(const entry_t *e, struct sockaddr *addr, socklen_t *len);

#endif

#endif
