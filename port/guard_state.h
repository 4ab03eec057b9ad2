/* What the files of the guard share. All of it is for callers that hold the library's lock.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_GUARD_STATE_H
#define USOCKET_GUARD_STATE_H

#include "bsd.h"

#if PLAT_GUARD

/* What a socket has come to. Datagram sockets are FRESH or CONNECTED. */
enum { FRESH, CONNECTING, CONNECTED, FAILED, BROKEN, LISTENING };

enum {
    BOUND = 1,
    HALF_IN = 2,  /* shut down for reading: what is there may be read, then the stream ends */
    HALF_OUT = 4, /* shut down for writing */
    ENDED = 8,    /* the stack has said once that the stream has ended */
    TROUBLE = 16, /* poll has told of an error, maybe for the only time */
    UNTOLD = 32,  /* how the connect has ended is news for the next connect (Linux) */
};

typedef struct {
    uint8_t family; /* 0: not open, or not known */
    uint8_t type;
    uint8_t stage;
    uint8_t flags;
    int error; /* the stack's number, positive: for the next call that asks */
} entry_t;

extern entry_t guard_table[PLAT_HANDLE_COUNT];

/* The place of a handle in the table; NULL: it is beyond the table. */
static inline entry_t *guard_slot(int handle) {
    return handle >= PLAT_HANDLE_FIRST && handle < PLAT_HANDLE_FIRST + PLAT_HANDLE_COUNT
        ? &guard_table[handle - PLAT_HANDLE_FIRST]
        : NULL;
}

/* NULL: no handle of ours, or one that is not open. */
entry_t *guard_lookup(int handle);

/* At once after a call that failed. */
static inline int guard_number_of(int fallback) {
    int number = plat_errno();
    return number < 0 ? -number : number == 0 ? fallback : number;
}

static inline bool guard_would_block(int number) {
    return number == EAGAIN || number == EWOULDBLOCK;
}

/* Unlock, and leave the number where plat_errno() finds it: unlocking may change it. */
int guard_done(int r, int number);

/* What the stack holds in SO_ERROR; 0 for what is no error but the remains of an earlier call. */
int guard_stack_error(int handle);

/* What poll says now. */
int guard_poll_now(int handle, int events);

bool guard_has_peer(int handle);

/* A connect that may have ended: find out; and one that has, by poll's word. */
void guard_settle(int handle, entry_t *e);
void guard_connect_ended(int handle, entry_t *e);

/* The connection is gone, with an error that the program hears now. @return number */
int guard_broken(int handle, entry_t *e, int number);

/* The error that waits to be told, and forget it. */
int guard_take_error(int handle, entry_t *e);

#if USOCKET_SERVER
/* The options of a listener, which the sockets that it accepts have from it: guard_listener.c. */
bool guard_listener_begin(int handle); /* false: no memory */
void guard_listener_end(int handle);   /* harmless for what is no listener */
void guard_listener_give(int handle, int conn);
int guard_listener_get(int handle, int level, int name, void *value, socklen_t *len);
int guard_listener_set(int handle, int level, int name, const void *value, socklen_t len);
#else
#define guard_listener_begin(handle) true
#define guard_listener_end(handle) ((void)0)
#define guard_listener_give(handle, conn) ((void)0)
#define guard_listener_get guard_get_option
#define guard_listener_set guard_set_option
#endif

/* IPv4 on an IPv6 socket is a mapped address, or any: lwIP 2.0 says it is IPv4. addr: of a sys_addr_t. */
void guard_map(const entry_t *e, struct sockaddr *addr, socklen_t *len);

#endif

#endif
