/* What the files of src/ share with each other.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_BASE_H
#define USOCKET_BASE_H

#include "usocket/port.h"
#include "usocket/usocket.h"

#if USOCKET_THREADS
#define ATOMIC_LOAD(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define ATOMIC_STORE(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define ATOMIC_SUB(p, v) __atomic_sub_fetch((p), (v), __ATOMIC_ACQ_REL)
#define ATOMIC_OR(p, v) __atomic_fetch_or((p), (v), __ATOMIC_ACQ_REL)
#define ATOMIC_CAS(p, expected, v) \
    __atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
#define LOOSE_LOAD(p) __atomic_load_n((p), __ATOMIC_RELAXED) /* a plain load, that another thread may change */
#define LOOSE_STORE(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define LOOSE_OR(p, v) ((void)__atomic_fetch_or((p), (v), __ATOMIC_RELAXED))
#define LOOSE_AND(p, v) ((void)__atomic_fetch_and((p), (v), __ATOMIC_RELAXED))
#else
#define ATOMIC_LOAD(p) (*(p))
#define ATOMIC_STORE(p, v) (*(p) = (v))
#define LOOSE_LOAD(p) (*(p))
#define LOOSE_STORE(p, v) (*(p) = (v))
#define LOOSE_OR(p, v) (*(p) = (uint8_t)(*(p) | (v)))
#define LOOSE_AND(p, v) (*(p) = (uint8_t)(*(p) & (v)))
#endif

/* A number that is another one in a child of fork(): what a thread of the parent was to do, nobody does there. */
static inline unsigned process(void) {
#if USOCKET_FORK
    return usocket_port_forks();
#else
    return 0;
#endif
}

/* Around what several threads may do to one connection. */
static inline void lock_sockets(void) {
#if USOCKET_THREADS
    usocket_port_lock();
#endif
}

static inline void unlock_sockets(void) {
#if USOCKET_THREADS
    usocket_port_unlock();
#endif
}

/* usocket_t.users: flags above, the number of calls in progress below. */
#define USER_CLOSED USOCKET_CLOSED_FLAG
#define USER_COUNT 0x7fffffffu

/* usocket_t.flags */
#define FLAG_TIMEO 1     /* the program has set SO_RCVTIMEO or SO_SNDTIMEO */
#define FLAG_SHUT_RD 2   /* a datagram socket shut down for reading */
#define FLAG_CONNECTED 4 /* a wait of ours has seen the connect end well, which a stack may not have noticed */
#define FLAG_FAILED 8    /* ... or badly, likewise */
#define FLAG_LOST USOCKET_LOST_FLAG

/* A port's result r of sending or receiving: a timeout is the connection's end. */
static inline void note_lost(usocket_t *base, int32_t r) {
    if (r == USOCKET_ETIMEDOUT) {
        LOOSE_OR(&base->flags, FLAG_LOST);
    }
}

static inline usocket_t *base_of(usocket_t *s) {
    usocket_t *base = LOOSE_LOAD(&s->base);
    return base != NULL ? base : s;
}

static inline bool is_stream(const usocket_t *s) {
    return !USOCKET_DATAGRAMS || s->type == USOCKET_STREAM;
}

static inline bool is_closed(const usocket_t *s) {
    return (ATOMIC_LOAD(&s->users) & USER_CLOSED) != 0;
}

/* Closed, or its descriptor given away. */
static inline bool is_gone(usocket_t *s) {
    return is_closed(s) || ATOMIC_LOAD(&base_of(s)->io) < 0;
}

/* Every call on a socket stands between enter() and leave(): no descriptor is closed under a call in progress. */
int usocket_enter(usocket_t *s);
#if USOCKET_THREADS
void usocket_leave(usocket_t *s);
#else
static inline void usocket_leave(usocket_t *s) {
    (void)s;
}
#endif

/* Putting bytes back moves the socket to another descriptor. A call that still held the first is made again. */
static inline bool has_moved(usocket_t *base, int io, int32_t r) {
    return USOCKET_THREADS && r == USOCKET_ENOTSOCK && ATOMIC_LOAD(&base->io) != io;
}

/* r = a call of the port on the descriptor `io` of base. */
#define ON_SOCKET(r, base, call) \
    do { \
        int io; \
        do { \
            io = ATOMIC_LOAD(&(base)->io); \
            (r) = (call); \
        } while (has_moved((base), io, (r))); \
    } while (0)

/* The one place that waits. s may be NULL; otherwise its being closed ends the wait.
 * Returns how many entries are ready, 0 at the deadline, or a code. */
int usocket_wait_for(usocket_t *s, usocket_wait_t *w, size_t n, usocket_time_t deadline);

/* The same; *stop, which another thread sets before it wakes all waits (usocket_port_wake), ends it with 0, too. */
int usocket_wait_or(usocket_t *s, usocket_wait_t *w, size_t n, usocket_time_t deadline, const bool *stop);

/* Waiting inside one call that tries, waits and tries again. */
typedef struct {
    usocket_time_t deadline;
    int late; /* the code when the deadline passes */
    bool again;
} patience_t;

patience_t usocket_patience(usocket_t *s, bool output, usocket_time_t deadline);

/* 0: try again; or the code that ends the call. */
int usocket_await(usocket_t *s, int events, patience_t *p);

/* Between the parts of one call, of which `part` counts: 0, or what ends it though the stack never lets it wait. */
int usocket_go_on(usocket_t *s, unsigned *part, usocket_time_t deadline);

/* The digits at p, as a number: where they end; NULL if it needs more than 32 bits. */
const char *usocket_parse_digits(const char *p, const char *end, unsigned base, uint32_t *value);

/* In base 10, or 16, without a NUL: where it ends. */
char *usocket_format_number(char *p, uint32_t v, unsigned base);

/* The queue of an AF_UNIX peer is full, which no poll reports: 0 after 10 ms, when it is worth another look; `late` at the
 * deadline, or the code that ends the call. */
int usocket_pause(usocket_t *s, usocket_time_t deadline, int late);

/* Make a socket of a handle. */
void usocket_attach(usocket_t *s, int handle, int family, int type, int proto);

/* 0 if s can become a new socket, else the code. */
int usocket_vacant(usocket_t *s);

#endif
