/* The simulated network: include/usocket/port.h as a port without a system below it, for tests.
 *
 * One process, a virtual clock, deterministic. The clock stands still while code runs (but see sim_cost); when every actor waits,
 * it jumps to the next event or deadline. An actor is a thread of the simulation: exactly one runs at a time, and they change places
 * only where a port call waits. The thread that calls sim_begin is the first actor.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "usocket/port.h"

/** Begin with an empty world: 100 us of latency, 64 KiB buffers, the interfaces lo (1) and eth0 (2). */
void sim_begin(void);

/** Let everything end that still goes on (lookups that never answer, actors). @return false: an actor cannot end */
bool sim_drain(void);

/** What is left. All 0 at the end of a good test. */
typedef struct sim_census {
    int handles;     /**< open: sockets and events */
    int allocations; /**< live */
    int actors;      /**< besides the first */
    int misuses;     /**< calls that port.h forbids: with a closed handle, a lock held twice or around a wait ... */
} sim_census_t;
sim_census_t sim_census(void);

/** Bytes of the live allocations of one owner, and of the most that were live at a time since the world, or sim_heap_again, began. */
typedef struct sim_heap {
    size_t live, peak;
} sim_heap_t;
sim_heap_t sim_heap(int owner);
void sim_heap_again(void);
void sim_heap_owner(int owner); /* whose the allocations from now on are: 0 at first, up to SIM_OWNERS - 1 */
#define SIM_OWNERS 3

/* ---- The network ---- */

void sim_latency(usocket_time_t us);                  /**< one way */
void sim_buffers(size_t receive, size_t send);        /**< of streams made from now on; together they bound what is on its way */
void sim_datagrams(size_t most);                      /**< that wait on one socket; further ones are lost */
void sim_lose(unsigned one_in, unsigned seed);        /**< of the datagrams one in so many, by chance; 0: none */
void sim_piece(size_t most);                          /**< bytes that one receive or send moves at most; 0: any number */
void sim_handles(int most);                           /**< further ones are USOCKET_EMFILE */
void sim_pending_unknown(bool unknown);               /**< usocket_port_pending cannot tell: 0 */
void sim_connected_unknown(bool unknown);             /**< usocket_port_connected cannot tell: false */
void sim_show_readable(bool able);                    /**< whether usocket_port_show_readable can be done */

enum sim_fate {
    SIM_LOCAL,     /**< ours: a listener answers, or the connection is refused */
    SIM_HOLE,      /**< never answers; ETIMEDOUT after 127 s */
    SIM_UNREACH,   /**< ENETUNREACH at once */
    SIM_HOST_DOWN, /**< EHOSTUNREACH after 3 s */
    SIM_REFUSE,    /**< refused after one round trip, whoever listens */
};
/** What becomes of packets to an address. 127.0.0.0/8 and ::1 are local, the others unreachable unless said here. */
void sim_host(const char *address, enum sim_fate fate);

/** The time that each call of the port takes the calling actor, 0 at first; the others go on meanwhile. So a loop that looks at no
 *  clock meets a peer that is faster than it. */
void sim_cost(usocket_time_t us);

/** Reset a connection, as a middlebox would. Both ends see it after the latency. */
void sim_reset(int handle);

/* ---- For TLS ---- */

void sim_wall_time(int64_t seconds);      /**< what the calendar says now; the system's own time unless said here */
/** The file of certificates to trust, and usocket_port_trust's number for it; NULL, as at first: none. */
void sim_trust(const char *path, uint64_t version);

/** Bytes, 12 or more, that no memory may hold when it is freed, be it in this order or the other. */
void sim_secret(const char *what, const void *bytes, size_t len);
/** What comes from usocket_port_random from now on is such a secret, too, if it is long enough for a key. */
void sim_secrets_from_random(bool on);
/** How often one was found since the world began, and which was the last. */
unsigned sim_secrets_spilt(const char **what);

/* ---- Names ---- */

/** A name. @param addresses numeric, separated by spaces @param code 0, or the USOCKET_EAI_* that comes instead
 *  @param delay until the answer; USOCKET_NEVER: until sim_drain */
void sim_name(const char *name, const char *addresses, usocket_time_t delay, int code);

/** A name whose addresses of one family have an answer of their own. */
void sim_name_family(const char *name, int family, const char *addresses, usocket_time_t delay, int code);

/** The resolver has no room for questions until then: those that come look again every 100 ms, unless nobody wants them. */
void sim_busy(usocket_time_t until);

int sim_resolving(void); /**< lookups that run now */
int sim_resolved(void);  /**< lookups that the resolver was ever asked for */

/* ---- Actors and signals ---- */

void sim_actor(void (*run)(void *), void *arg);
void sim_join(void);                      /**< wait until all actors besides the caller and the workers have ended */
void sim_sleep(usocket_time_t us);
void sim_signal_in(usocket_time_t us);    /**< a signal for the calling actor: ends its wait with USOCKET_EINTR */
unsigned long sim_waits(void);            /**< how often usocket_port_wait was called */

/* ---- Faults ---- */

enum sim_call {
    SIM_OPEN, SIM_PAIR, SIM_ADOPT, SIM_DUP, SIM_CLOSE, SIM_BIND, SIM_LISTEN, SIM_ACCEPT, SIM_CONNECT, SIM_ERROR, SIM_SHUTDOWN,
    SIM_RECV, SIM_SEND, SIM_PENDING, SIM_NAME, SIM_PEER, SIM_GETOPT, SIM_SETOPT, SIM_SOCKADDR, SIM_WAIT, SIM_SHOW, SIM_RESOLVE,
    SIM_REVERSE, SIM_SERVICE, SIM_SERVICE_NAME, SIM_IF_INDEX, SIM_IF_NAME, SIM_IF_NEXT, SIM_HOSTNAME, SIM_SPAWN, SIM_EVENT_OPEN,
    SIM_SET_OPEN, SIM_SET_ARM,
    SIM_RANDOM,
    SIM_CALLS,
};

/** The n-th port call from now (1 is the next) fails with the pick-th code of its list, once or from then on. 0: none. */
void sim_fault(unsigned n, unsigned pick, bool for_good);

/** The n-th allocation from now fails, once or from then on. 0: none. */
void sim_fault_alloc(unsigned n, bool for_good);

/** Whether the fault has happened, of which call it was, and how many codes its list has. */
bool sim_faulted(enum sim_call *call, unsigned *codes);
bool sim_faulted_alloc(void);
const char *sim_call_name(enum sim_call call);

#endif
