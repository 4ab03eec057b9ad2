/* Atomic access and the library's lock.
 *
 * Caller: every file of src/. A member that two threads may use at once is read and written through
 * these macros, or under the lock. Without USOCKET_THREADS they compile to plain loads and stores,
 * and the lock to nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_SYNC_H
#define USOCKET_SYNC_H

#include "usocket/port.h"

/* ATOMIC_*: acquire and release; what was written before the store is seen after the load. LOOSE_*:
 * relaxed; threads exchange the value alone, which orders nothing. */
#if USOCKET_THREADS
#define ATOMIC_LOAD(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define ATOMIC_STORE(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define ATOMIC_SUB(p, v) __atomic_sub_fetch((p), (v), __ATOMIC_ACQ_REL)
#define ATOMIC_OR(p, v) __atomic_fetch_or((p), (v), __ATOMIC_ACQ_REL)
#define ATOMIC_CAS(p, expected, v) \
    __atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
#define LOOSE_LOAD(p) __atomic_load_n((p), __ATOMIC_RELAXED)
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

/* The one lock of the library, held for a few loads and stores; it is not recursive. src/names/
 * calls usocket_port_lock itself, since workers exist without USOCKET_THREADS, too. Never held:
 * across a wait, a step of a TLS session, a callback, or a call of the port other than free,
 * event_set, dup, show_readable, show_socket, inside and end_inside. There is one exception: the
 * first connection under a server's credentials makes the keys of tickets and cookies under it,
 * once, and so allocates and calls usocket_port_random (src/mbedtls/mbed_connection.c). */
#define lock_sockets() usocket_port_lock_sockets()
#define unlock_sockets() usocket_port_unlock_sockets()

/* The number of this process; a child of fork(), in
 * which no thread of the parent runs, has another one. */
static inline unsigned process(void) {
#if USOCKET_FORK
    return usocket_port_forks();
#else
    return 0;
#endif
}

#endif
