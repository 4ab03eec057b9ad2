/* What a lookup is, for resolve.c, which asks and answers, and workers.c, which runs it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_LOOKUP_H
#define USOCKET_LOOKUP_H

#include "../sockets/sockets.h"

#if USOCKET_NAMES

/* Lookups of one name at one time share a worker. */
#define LOOKUPS_SHARE (USOCKET_ASYNC && USOCKET_RESOLVER_WORKERS)

enum { QUEUED, RUNNING, DONE };

struct usocket_lookup {
    usocket_lookup_t *next;
#if LOOKUPS_SHARE
    usocket_lookup_t *same;   /* those that wait for this one's answer */
    usocket_lookup_t *leader; /* the one whose answer this one waits for */
#endif
    int event; /* -1 if none was needed */
#if USOCKET_FORK
    unsigned process; /* that began it */
#endif
    int error;
    uint8_t state;
    bool abandoned;
    bool uncounted;
    bool reverse;
    uint8_t kinds; /* bit i: rows of the table below */
    int proto;     /* for the row that takes any */
    int family, flags;
    uint16_t ports[2]; /* stream's and datagram's */
    size_t n;
    char service[USOCKET_SERVICE_MAX];
    char host[USOCKET_HOST_MAX];
    char canon[USOCKET_HOST_MAX];
    usocket_addr_t addr[USOCKET_RESOLVER_RESULTS];
};

/* Begun by the parent of a fork(): its workers are not in this process. */
static inline bool is_inherited(const usocket_lookup_t *l) {
#if USOCKET_FORK
    return l->process != process();
#else
    (void)l;
    return false;
#endif
}

/* Before a dialer binds to an address: any address becomes one of the family that is dialed. */
void usocket_dial_source(usocket_addr_t *source, uint16_t family);

/* Have it run, on a worker where there are some. 0, or the code that ends it. */
int usocket_lookup_dispatch(usocket_lookup_t *l);

/* Take it from whoever has it. False: the worker that runs it will free it. */
#if USOCKET_RESOLVER_WORKERS
bool usocket_lookup_withdraw(usocket_lookup_t *l);
#else
#define usocket_lookup_withdraw(l) true
#endif

#endif

#endif
