/* The lowest layer of src/: the socket's record, waiting, bytes put back.
 *
 * Caller: src/sockets/, src/tls/ and src/names/. The caller holds the socket (usocket_hold), so
 * that its descriptor stays open; no function here holds or releases one.
 * Lock: none on entry. A function that changes what several threads share takes lock_sockets()
 * itself.
 * Never: a function waits, except usocket_wait_for, usocket_wait_want, usocket_await and
 * usocket_wait_connected; a function allocates.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_BASE_H
#define USOCKET_BASE_H

#include "sync.h"
#include "usocket/usocket.h"

/* ---- The record -------------------------------------------------------------------------------------------------- */

/* usocket_t.users: the top bit is set while the socket
 * is closed, the others count the calls in progress. */
#define USER_CLOSED USOCKET_CLOSED_FLAG
#define USER_COUNT 0x7fffffffu

/* usocket_t.flags of a base; several threads set them, through usocket_change_flags. */
#define FLAG_TIMEO 1     /* The program has set SO_RCVTIMEO or SO_SNDTIMEO. */
#define FLAG_SHUT_RD 2   /* A datagram socket has been shut down for reading. */
#define FLAG_CONNECTED 4 /* A wait of the core has seen the connect succeed; the stack may not have noticed. */
#define FLAG_FAILED 8    /* A wait of the core has seen the connect fail; likewise. */
#define FLAG_LOST USOCKET_LOST_FLAG
#define FLAG_INSIDE 32  /* usocket_port_inside is on. Changed under the lock. */
#define FLAG_OUTSIDE 64 /* usocket_port_inside stays off. */

/* The socket that owns the connection: s itself, or the one that it shares. No socket is const;
 * some calls only read it. */
static inline usocket_t *base_of(const usocket_t *s) {
    usocket_t *base = LOOSE_LOAD(&s->base);
    return base != NULL ? base : (usocket_t *)(uintptr_t)s;
}

/* The descriptor that the core uses. With USOCKET_UNREAD 2 it changes once, from `fd` to a
 * duplicate, when bytes are first put back (usocket_put_back). It becomes -1 when the connection is
 * closed or given away. */
static inline int base_io(const usocket_t *base) {
    return ATOMIC_LOAD(&base->io);
}

static inline int io_of(const usocket_t *s) {
    return base_io(base_of(s));
}

/* The number of bytes put back that a receive would return first. */
static inline size_t base_unread(const usocket_t *base) {
    return USOCKET_UNREAD ? ATOMIC_LOAD(&base->unread_len) : 0;
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

/* Clear flags of a base, then set others. Two steps: another thread may see the flags between them.
 * Not inlined, because the atomic access is most of it. */
void usocket_change_flags(usocket_t *base, uint8_t clear, uint8_t set);

/* Note the port's result r of a send or a receive: the stack
 * reports USOCKET_ETIMEDOUT once the connection is lost. */
static inline void note_lost(usocket_t *base, int32_t r) {
    if (r == USOCKET_ETIMEDOUT) {
        usocket_change_flags(base, 0, FLAG_LOST);
    }
}

/* True if the port found no socket at `io` because
 * another thread has moved the connection to a duplicate. */
static inline bool has_moved(const usocket_t *base, int io, int32_t r) {
    return USOCKET_THREADS && USOCKET_UNREAD > 1 && r == USOCKET_ENOTSOCK && base_io(base) != io;
}

/* Set r to the result of a call of the port on the descriptor `io` of base, and repeat the call if
 * the connection has moved. */
#define ON_SOCKET(r, base, call) \
    do { \
        int io; \
        do { \
            io = base_io(base); \
            (r) = (call); \
        } while (has_moved((base), io, (r))); \
    } while (0)

/* ---- Waiting: wait.c --------------------------------------------------------------------------------------------- */

/* Wait until one of n entries is ready. s may be NULL; otherwise the wait
 * ends with USOCKET_EBADF when s is closed. Returns the number of ready
 * entries, 0 at the deadline, USOCKET_EINTR, or a code of the port. */
int usocket_wait_for(usocket_t *s, usocket_wait_t *w, size_t n, usocket_time_t deadline);

/* The result that a TLS session's last step has left, and the threads
 * that wait for its transport. A step may take bytes from the transport
 * into the library; no wait for the transport tells the other threads. */
typedef struct {
    uint32_t value;    /* It changes whenever a step leaves bytes, an end or a failure for others. Under the lock. */
    uint16_t sleepers; /* The number of threads in usocket_wait_want. Under the lock. */
    bool waking;       /* The sleepers have to look again; the last of them to leave clears it. */
} usocket_news_t;

/* The condition under which an attempt that returned USOCKET_EAGAIN is worth repeating. */
typedef struct {
    uint8_t events; /* USOCKET_POLL_* that the descriptor has to become ready for; 0: only `at` counts. */
#if USOCKET_TLS
    bool in_session;      /* News of the session end the wait, too. */
    uint32_t seen;        /* The session's news when the attempt ended. */
    usocket_news_t *news; /* NULL unless in_session. */
#endif
#if USOCKET_TLS || USOCKET_UNIX
    usocket_time_t at; /* The time at which the attempt is repeated in any case. */
#define WANT(poll_events) ((usocket_want_t){.events = (poll_events), .at = USOCKET_NEVER})
#define WANT_AT(time) ((usocket_want_t){.at = (time)})
#else
#define WANT(poll_events) ((usocket_want_t){.events = (poll_events)})
#endif
} usocket_want_t;

/* Set *want to WANT(events), except for the members that only a session reads. */
static inline void want_events(usocket_want_t *want, uint8_t events) {
    want->events = events;
#if USOCKET_TLS
    want->in_session = false;
#endif
#if USOCKET_TLS || USOCKET_UNIX
    want->at = USOCKET_NEVER;
#endif
}

/* Microseconds until a call repeats an attempt that no descriptor reports as worth repeating.
 * RETRY_LOCK_US is added to usocket_port_now() alone: the attempt may come early, and the step of a
 * coarse clock, which usocket_deadline_in adds, is longer. */
#define RETRY_LOCK_US 50     /* Another thread is in the TLS session, or a step has used up its budget. */
#define RETRY_QUEUE_US 10000 /* The queue of an AF_UNIX peer is full. */

#if USOCKET_TLS
/* Wait until one of n entries is ready, until want->at, or until the session has news. As
 * usocket_wait_for; after want->at and after news it returns 1, perhaps with no entry ready. */
int usocket_wait_want(usocket_t *s, usocket_wait_t *w, size_t n, const usocket_want_t *want, usocket_time_t deadline);

/* Publish a session's news, and wake its sleepers if they have changed. */
void usocket_news_set(usocket_news_t *news, uint32_t value);
#endif

/* The limit of one call that repeats attempts. */
typedef struct {
    usocket_time_t deadline;
    int timeout_code; /* The result of the call once the deadline has passed. */
    bool retried;     /* The call has waited at least once. */
} wait_limit_t;

/* The limit for a call of s in one direction: the deadline,
 * or SO_RCVTIMEO/SO_SNDTIMEO where the call has none. */
wait_limit_t usocket_limit(usocket_t *s, bool output, usocket_time_t deadline);

/* Wait until the attempt is worth repeating. 0, or the code that ends the call. */
int usocket_await(usocket_t *s, const usocket_want_t *want, wait_limit_t *limit);

#if USOCKET_WAIT_INSIDE
/* True if a receive of s may wait for a slice in usocket_port_recv_inside: no deadline and no interruption comes first,
 * and no other socket, process or program's own call can meet the descriptor. */
bool usocket_waits_inside(usocket_t *s, usocket_time_t deadline);

/* Let no further receive of the base wait inside. One that is in progress ends within a slice. */
void usocket_wait_outside(usocket_t *base);

/* The same in front of a call of the stack that would wait if the handle is prepared. */
static inline void leave_inside(usocket_t *base) {
    if (LOOSE_LOAD(&base->flags) & FLAG_INSIDE) {
        usocket_wait_outside(base);
    }
}

/* End all receives that wait inside: a close of the base has begun. */
void usocket_end_inside(usocket_t *base);
#else
static inline void usocket_wait_outside(usocket_t *base) {
    (void)base;
}
static inline void leave_inside(usocket_t *base) {
    (void)base;
}
static inline void usocket_end_inside(usocket_t *base) {
    (void)base;
}
#endif

/* Check, between two parts of one call, the end of a call that the stack never lets wait. *part
 * counts them, from 0. 0, or the code that ends the call. */
int usocket_go_on(usocket_t *s, unsigned *part, usocket_time_t deadline);

/* The result of a connect that has ended. Without an error to report, which may have been read
 * before, only a peer's address proves a connection. */
static inline int connect_result(int io) {
    usocket_addr_t peer;
    int r = usocket_port_error(io);
    return r == 0 ? usocket_port_name(io, true, &peer) : r;
}

/* Wait for the end of a connect. 0: connected; USOCKET_EINPROGRESS (deadline USOCKET_NOW),
 * USOCKET_ETIMEDOUT, or why not. */
int usocket_wait_connected(usocket_t *s, usocket_time_t deadline);

#if USOCKET_THREADS && UINTPTR_MAX <= UINT32_MAX
#define LOCKED_TIME(p) (*(p)) /* Under the lock, because 64 bits are two loads there. */
#else
#define LOCKED_TIME(p) LOOSE_LOAD(p)
#endif

/* Store a time that other threads load, which takes the lock where LOCKED_TIME needs it. */
#if USOCKET_THREADS && UINTPTR_MAX <= UINT32_MAX
void usocket_store_time(usocket_time_t *p, usocket_time_t t);
#else
static inline void usocket_store_time(usocket_time_t *p, usocket_time_t t) {
    LOOSE_STORE(p, t);
}
#endif

/* ---- Bytes put back: unread.c ------------------------------------------------------------------------------------ */

/* Put back a block, which belongs to the base until it is
 * used up or taken. 0; USOCKET_EEXIST: the base has one. */
int usocket_put_back(usocket_t *base, void *block, size_t len);

/* Remove the block and return it, with the offset and the number of the bytes that are left of it.
 * NULL: the base has none. */
void *usocket_take_back(usocket_t *base, size_t *off, size_t *len);

/* Receive from the block. Returns the number of bytes; 0: it is used up. */
size_t usocket_read_back(usocket_t *base, void *buf, size_t len, bool peek);

/* ---- Numbers as text: address.c ---------------------------------------------------------------------------------- */

/* Parse the digits at p. Returns their end; NULL if the number needs more than 32 bits. */
const char *usocket_parse_digits(const char *p, const char *end, unsigned base, uint32_t *value);

/* Write v in base 10 or 16, without a NUL. Returns its end. */
char *usocket_format_number(char *p, uint32_t v, unsigned base);

#endif
