/* The ground of src/: the socket's record, waiting, bytes put back.
 *
 * Caller: every file of src/sockets/ and src/tls/. All of it expects that the caller holds the socket (usocket_hold), so that its
 * descriptor stays open; the functions here neither hold nor release one.
 * Never: only usocket_wait_for, usocket_await and usocket_wait_want wait. No function here allocates.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_BASE_H
#define USOCKET_BASE_H

#include "sync.h"
#include "usocket/usocket.h"

/* ---- The record ------------------------------------------------------------------------------------------------------ */

/* usocket_t.users: the flag above, the number of calls in progress below. */
#define USER_CLOSED USOCKET_CLOSED_FLAG
#define USER_COUNT 0x7fffffffu

/* usocket_t.flags of a base */
#define FLAG_TIMEO 1     /* The program has set SO_RCVTIMEO or SO_SNDTIMEO. */
#define FLAG_SHUT_RD 2   /* A datagram socket has been shut down for reading. */
#define FLAG_CONNECTED 4 /* A wait of ours has seen the connect succeed; the stack may not have noticed. */
#define FLAG_FAILED 8    /* A wait of ours has seen the connect fail; likewise. */
#define FLAG_LOST USOCKET_LOST_FLAG

/* The socket that owns the connection: s itself, or the one that it shares. No socket is const; some calls only read it. */
static inline usocket_t *base_of(const usocket_t *s) {
    usocket_t *base = LOOSE_LOAD(&s->base);
    return base != NULL ? base : (usocket_t *)(uintptr_t)s;
}

/* The descriptor that the core uses. It changes once, from `fd` to a duplicate, when bytes are first put back
 * (usocket_put_back), and becomes -1 when the connection is closed or given away. */
static inline int base_io(const usocket_t *base) {
    return ATOMIC_LOAD(&base->io);
}

static inline int io_of(const usocket_t *s) {
    return base_io(base_of(s));
}

/* The number of bytes put back that a receive would return first. */
static inline size_t base_unread(const usocket_t *base) {
    return ATOMIC_LOAD(&base->unread_len);
}

static inline bool is_stream(const usocket_t *s) {
    return !USOCKET_DATAGRAMS || s->type == USOCKET_STREAM;
}

static inline bool is_closed(const usocket_t *s) {
    return (ATOMIC_LOAD(&s->users) & USER_CLOSED) != 0;
}

/* True if s is closed, or its descriptor has been given away. */
static inline bool is_gone(const usocket_t *s) {
    return is_closed(s) || io_of(s) < 0;
}

/* Clear flags of a base, then set others; calls in several threads do so. Not inlined: most of it is the atomic access. */
void usocket_change_flags(usocket_t *base, uint8_t clear, uint8_t set);

/* Note the port's result r of a send or a receive: after a timeout the connection is lost. */
static inline void note_lost(usocket_t *base, int32_t r) {
    if (r == USOCKET_ETIMEDOUT) {
        usocket_change_flags(base, 0, FLAG_LOST);
    }
}

/* True if r says that `io` is no socket because the connection has moved to another descriptor meanwhile. */
static inline bool has_moved(const usocket_t *base, int io, int32_t r) {
    return USOCKET_THREADS && r == USOCKET_ENOTSOCK && base_io(base) != io;
}

/* r = a call of the port on the descriptor `io` of base; again if that has moved. */
#define ON_SOCKET(r, base, call) \
    do { \
        int io; \
        do { \
            io = base_io(base); \
            (r) = (call); \
        } while (has_moved((base), io, (r))); \
    } while (0)

/* ---- Waiting: wait.c -------------------------------------------------------------------------------------------------- */

/* Wait until one of n entries is ready. s may be NULL; otherwise the wait ends with USOCKET_EBADF when s is closed.
 * Returns the number of ready entries, 0 at the deadline, USOCKET_EINTR, or a code of the port. */
int usocket_wait_for(usocket_t *s, usocket_wait_t *w, size_t n, usocket_time_t deadline);

/* The result that a TLS session's last step has left, and the threads that wait for its transport. A step may take bytes from the
 * transport into the library; no wait for the transport tells the other threads. */
typedef struct {
    uint32_t value;    /* Changes whenever a step leaves bytes, an end or a failure for others. Under the lock. */
    uint16_t sleepers; /* Threads in usocket_wait_want. Under the lock. */
    bool waking;       /* The sleepers have to look again; the last of them to leave clears it. */
} usocket_news_t;

/* An attempt's condition for its repetition. */
typedef struct {
    uint8_t events; /* USOCKET_POLL_*: what the descriptor has to become; 0: nothing tells, only `at` counts. */
#if USOCKET_TLS
    bool in_session;      /* News of the session end the wait, too. */
    uint32_t seen;        /* The session's news when the attempt ended. */
    usocket_news_t *news; /* NULL unless in_session. */
#endif
#if USOCKET_TLS || USOCKET_UNIX
    usocket_time_t at; /* The attempt is repeated then in any case; USOCKET_NEVER: not. */
#define WANT(poll_events) ((usocket_want_t){.events = (poll_events), .at = USOCKET_NEVER})
#define WANT_AT(time) ((usocket_want_t){.at = (time)})
#else
#define WANT(poll_events) ((usocket_want_t){.events = (poll_events)})
#endif
} usocket_want_t;

/* *want = WANT(events), without the members that only a session reads. */
static inline void want_events(usocket_want_t *want, uint8_t events) {
    want->events = events;
#if USOCKET_TLS
    want->in_session = false;
#endif
#if USOCKET_TLS || USOCKET_UNIX
    want->at = USOCKET_NEVER;
#endif
}

/* Time after which a call looks again at what no descriptor tells. */
#define RETRY_LOCK_US 50     /* another thread is in the TLS session, or a step has used up its budget */
#define RETRY_QUEUE_US 10000 /* the queue of an AF_UNIX peer is full */

#if USOCKET_TLS
/* Wait until one of n entries is ready, want->at, or other news. As usocket_wait_for; 1 with no entry ready: look again. */
int usocket_wait_want(usocket_t *s, usocket_wait_t *w, size_t n, const usocket_want_t *want, usocket_time_t deadline);

/* Publish a session's news, and wake its sleepers if they have changed. */
void usocket_news_set(usocket_news_t *news, uint32_t value);
#endif

/* The limit of one call that tries, waits and tries again. */
typedef struct {
    usocket_time_t deadline;
    int timeout_code; /* The call's result when the deadline has passed. */
    bool retried;     /* At least one attempt has been made in vain. */
} wait_limit_t;

/* The limit for a call of s in one direction: the deadline, or SO_RCVTIMEO/SO_SNDTIMEO where the call has none. */
wait_limit_t usocket_limit(usocket_t *s, bool output, usocket_time_t deadline);

/* Wait until the attempt may be repeated: 0; or the code that ends the call. */
int usocket_await(usocket_t *s, const usocket_want_t *want, wait_limit_t *limit);

/* Between the parts of one call, counted by `part`: 0, or the code that ends a call although the stack never lets it wait. */
int usocket_go_on(usocket_t *s, unsigned *part, usocket_time_t deadline);

/* The result of a connect that has ended: no error, or one that was reported before; only a peer proves a connection. */
static inline int connect_result(int io) {
    usocket_addr_t peer;
    int r = usocket_port_error(io);
    return r == 0 ? usocket_port_name(io, true, &peer) : r;
}

/* Wait for the end of a connect. 0: connected; USOCKET_EINPROGRESS (deadline USOCKET_NOW), USOCKET_ETIMEDOUT, or why not. */
int usocket_wait_connected(usocket_t *s, usocket_time_t deadline);

#if USOCKET_THREADS && UINTPTR_MAX <= UINT32_MAX
#define LOCKED_TIME(p) (*(p)) /* 64 bits are two loads there: under the lock */
#else
#define LOCKED_TIME(p) LOOSE_LOAD(p)
#endif
void usocket_store_time(usocket_time_t *p, usocket_time_t t);

/* ---- Bytes put back: unread.c --------------------------------------------------------------------------------------- */

/* Put back a block, which belongs to the base until it is used up or taken. 0; USOCKET_EEXIST: there is one already. */
int usocket_put_back(usocket_t *base, void *block, size_t len);

/* Remove the block: where it is, and the bytes that are left of it. NULL: there is none. */
void *usocket_take_back(usocket_t *base, size_t *off, size_t *len);

/* Receive from the block. Returns the number of bytes; 0: it is used up. */
size_t usocket_read_back(usocket_t *base, void *buf, size_t len, bool peek);

/* ---- Numbers as text: address.c ------------------------------------------------------------------------------------- */

/* Parse the digits at p. Returns where they end; NULL if the number needs more than 32 bits. */
const char *usocket_parse_digits(const char *p, const char *end, unsigned base, uint32_t *value);

/* Write v in base 10 or 16, without a NUL. Returns where it ends. */
char *usocket_format_number(char *p, uint32_t v, unsigned base);

#endif
