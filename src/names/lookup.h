/* The record of a lookup.
 *
 * Caller: src/names/. resolve.c fills in the question and answers what needs no resolver; workers.c
 * runs the others, or with USOCKET_ASKS ask.c asks the stack.
 * Memory: the port's heap. The program owns a lookup from usocket_lookup_start to
 * usocket_lookup_free; what it frees while a worker runs it belongs to that worker from then on.
 * Lock: usocket_port_lock around `next`, `same`, `leader`, `state`, `error`, `abandoned` and
 * `uncounted` from the dispatch on; the answer may be read without it once `state` is DONE.
 * With USOCKET_ASKS no other thread sees a lookup, and none of it needs the lock.
 * Never: a lookup is freed while a worker runs it. The worker frees one that has been abandoned.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_LOOKUP_H
#define USOCKET_LOOKUP_H

#include "../sockets/sockets.h"

#if USOCKET_NAMES

#include <string.h>

/* Lookups of the same name at the same time share a worker. */
#define LOOKUPS_SHARE (USOCKET_ASYNC && USOCKET_RESOLVER_WORKERS)

/* The states of a lookup. QUEUED is 0, the state of a new one, which no queue has yet. */
enum { QUEUED, RUNNING, DONE };

struct usocket_lookup {
    usocket_lookup_t *next; /* The next in the queue, among those running, or among the followers of one lookup. */
#if LOOKUPS_SHARE
    usocket_lookup_t *same;   /* The followers: lookups of the same name, which get a copy of this one's answer. */
    usocket_lookup_t *leader; /* The lookup that this one follows, or NULL. */
#endif
    int handle; /* The worker's event, or the port's question: readable at the end. -1: the lookup needs none. */
#if USOCKET_FORK
    unsigned process; /* The process that began it. */
#endif
    int error;                          /* The result: 0, or a code. */
    int (*reverse)(usocket_lookup_t *); /* It looks up the name of addr[0], by this function; NULL: it does not. */
    uint8_t state;                      /* QUEUED, RUNNING, DONE. */
    bool abandoned;                     /* The caller has freed it while a worker runs it. */
    bool uncounted;                     /* Abandoned, with its worker not counted in `workers` any more. */
    uint8_t kinds;                      /* Bit i: the answer has row i of resolve.c's table. */
    int proto;                          /* The protocol for the row that takes any. */
    int family, flags;                  /* As of the query; USOCKET_NI_* of a reverse lookup. */
    uint16_t ports[2];                  /* The port of a stream and of a datagram socket. */
    size_t n;                           /* The number of addresses in `addr`. */
    char service[USOCKET_SERVICE_MAX];  /* The service that a reverse lookup has found. */
    char host[USOCKET_HOST_MAX];        /* The name; of a reverse lookup, the address as text. */
    char canon[USOCKET_HOST_MAX];       /* The canonical name, or the name that a reverse lookup has found. */
    usocket_addr_t addr[USOCKET_RESOLVER_RESULTS];
};

/* True if the parent of a fork() has begun it: its workers are not in this process. */
static inline bool is_inherited(const usocket_lookup_t *l) {
#if USOCKET_FORK
    return l->process != process();
#else
    (void)l;
    return false;
#endif
}

/* Adapt the address that a dialer binds to: the "any" address
 * of one family becomes that of the family to connect to. */
void usocket_dial_source(usocket_addr_t *source, uint16_t family);

/* The end of the first of n equal parts of the time until the deadline. The division has 32 bits: a
 * part has 71 minutes at most, and the last one (n is 1) ends at the deadline. */
static inline usocket_time_t part_of_time(usocket_time_t now, usocket_time_t deadline, unsigned n) {
    if (n <= 1 || deadline == USOCKET_NEVER || deadline <= now) {
        return deadline;
    }
    usocket_time_t left = deadline - now;
    return now + (left < UINT32_MAX ? (uint32_t)left : UINT32_MAX) / n;
}

/* Run a lookup: on a worker where USOCKET_RESOLVER_WORKERS is not 0, with USOCKET_ASKS in the
 * stack, else here. 0, or the code that ends it; the caller frees the lookup then. Called without
 * the lock. */
int usocket_lookup_dispatch(usocket_lookup_t *l);

#if USOCKET_ASKS
/* Take the answer from the port, if it has come. True: the lookup is DONE. */
bool usocket_lookup_take(usocket_lookup_t *l);
#endif

/* Withdraw a lookup from the queue. True: the caller frees it. False: a worker runs it, and frees
 * it afterwards. Called without the lock. */
#if USOCKET_RESOLVER_WORKERS
bool usocket_lookup_withdraw(usocket_lookup_t *l);
#else
#define usocket_lookup_withdraw(l) true
#endif

#endif

#endif
