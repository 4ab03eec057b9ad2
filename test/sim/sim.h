/* The simulated network: a port (include/usocket/port.h) without a system below it, for tests.
 *
 * It runs in one process with a virtual clock and is deterministic. The clock stands still while code runs (but see sim_cost); when every
 * actor waits, it jumps to the next event or deadline. An actor is a thread of the simulation: exactly one runs at a time, and control
 * passes to another only where a port call waits. The thread that calls sim_begin is the first actor.
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

/** End all running activity (unanswered lookups, actors). @return false if an actor cannot end */
bool sim_drain(void);

/** Counts of open resources; all are 0 at the end of a passing test. */
typedef struct sim_census {
    int handles;     /**< open sockets and events */
    int allocations; /**< live blocks */
    int actors;      /**< running actors besides the first */
    int misuses;     /**< calls that port.h forbids: a closed handle, a lock taken twice or held during a wait ... */
} sim_census_t;
sim_census_t sim_census(void);

/** Live bytes of one owner, and their peak since sim_begin or sim_heap_again. */
typedef struct sim_heap {
    size_t live, peak;
} sim_heap_t;
sim_heap_t sim_heap(int owner);
void sim_heap_again(void);
void sim_heap_owner(int owner); /* owner of later allocations: 0 at first, at most SIM_OWNERS - 1 */
#define SIM_OWNERS 3

/* ---- The network ---- */

void sim_latency(usocket_time_t us);                  /**< one-way delay */
void sim_buffers(size_t receive, size_t send);        /**< for streams made from now on; their sum limits the bytes in flight */
void sim_datagrams(size_t most);                      /**< maximum queued on one socket; further ones are lost */
void sim_lose(unsigned one_in, unsigned seed);        /**< loses one in so many datagrams, at random; 0: none */
void sim_piece(size_t most);                          /**< maximal bytes of one receive or send; 0: no limit */
void sim_handles(int most);                           /**< maximum; further ones fail with USOCKET_EMFILE */
void sim_pending_unknown(bool unknown);               /**< usocket_port_pending returns 0, as if unsupported */
void sim_connected_unknown(bool unknown);             /**< usocket_port_connected returns false, as if unsupported */
void sim_show_readable(bool able);                    /**< false: usocket_port_show_readable fails */

enum sim_fate {
    SIM_LOCAL,     /**< local: a listener answers, or the connection is refused */
    SIM_HOLE,      /**< never answers; ETIMEDOUT after 127 s */
    SIM_UNREACH,   /**< ENETUNREACH at once */
    SIM_HOST_DOWN, /**< EHOSTUNREACH after 3 s */
    SIM_REFUSE,    /**< refused after one round trip, with or without a listener */
};
/** Set the fate of packets to an address. 127.0.0.0/8 and ::1 are local, all others unreachable by default. */
void sim_host(const char *address, enum sim_fate fate);

/** Set the time that each port call costs the calling actor, 0 at first; other actors run meanwhile. A loop that ignores the clock
 *  thus meets a peer that is faster than it. */
void sim_cost(usocket_time_t us);

/** Reset a connection, as a middlebox would. Both ends see it after the latency. */
void sim_reset(int handle);

/* ---- For TLS ---- */

void sim_wall_time(int64_t seconds);      /**< the current calendar time; by default the system's */
/** Set the CA file and usocket_port_trust's version of it; NULL, the initial value: no file. */
void sim_trust(const char *path, uint64_t version);

/** Declare a secret of 12 or more bytes, which freed memory must not contain in this or the reverse order. */
void sim_secret(const char *what, const void *bytes, size_t len);
/** From now on, results of usocket_port_random that are long enough for a key are secrets as well. */
void sim_secrets_from_random(bool on);
/** Number of secrets found since sim_begin, and the name of the last one. */
unsigned sim_secrets_spilt(const char **what);

/* ---- Names ---- */

/** Define a name. @param addresses numeric, separated by spaces @param code 0, or the USOCKET_EAI_* code of the answer
 *  @param delay until the answer; USOCKET_NEVER: until sim_drain */
void sim_name(const char *name, const char *addresses, usocket_time_t delay, int code);

/** Define a separate answer for one address family of a name. */
void sim_name_family(const char *name, int family, const char *addresses, usocket_time_t delay, int code);

/** The resolver accepts no query until this time; queries retry every 100 ms unless they are abandoned. With USOCKET_ASKS they begin then. */
void sim_busy(usocket_time_t until);

int sim_resolving(void); /**< number of running lookups */
int sim_resolved(void);  /**< number of all lookups so far */

/* ---- Actors and signals ---- */

void sim_actor(void (*run)(void *), void *arg);
void sim_join(void);                      /**< wait until all actors besides the caller and the workers have ended */
void sim_sleep(usocket_time_t us);
void sim_signal_in(usocket_time_t us);    /**< sends a signal to the calling actor, which ends its wait with USOCKET_EINTR */
unsigned long sim_waits(void);            /**< number of calls of usocket_port_wait */

/* ---- Faults ---- */

enum sim_call {
    SIM_OPEN, SIM_PAIR, SIM_ADOPT, SIM_DUP, SIM_CLOSE, SIM_BIND, SIM_LISTEN, SIM_ACCEPT, SIM_CONNECT, SIM_ERROR, SIM_SHUTDOWN,
    SIM_RECV, SIM_SEND, SIM_PENDING, SIM_NAME, SIM_PEER, SIM_GETOPT, SIM_SETOPT, SIM_SOCKADDR, SIM_WAIT, SIM_SHOW, SIM_RESOLVE,
    SIM_REVERSE, SIM_SERVICE, SIM_SERVICE_NAME, SIM_IF_INDEX, SIM_IF_NAME, SIM_IF_NEXT, SIM_HOSTNAME, SIM_SPAWN, SIM_EVENT_OPEN,
    SIM_SET_OPEN, SIM_SET_ARM, SIM_ASK, SIM_ANSWER, SIM_NOTIFY,
    SIM_RANDOM,
    SIM_CALLS,
};

/** Make the n-th port call from now (1 is the next) fail with the pick-th code of its list, once or from then on; n = 0: none. */
void sim_fault(unsigned n, unsigned pick, bool for_good);

/** Make the n-th allocation from now fail, once or from then on; n = 0: none. */
void sim_fault_alloc(unsigned n, bool for_good);

/** True if the fault has happened; stores its call and the length of that call's list of codes. */
bool sim_faulted(enum sim_call *call, unsigned *codes);
bool sim_faulted_alloc(void);
const char *sim_call_name(enum sim_call call);

#endif
