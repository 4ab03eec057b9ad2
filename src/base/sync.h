/* Atomic access and the library's lock, for every file of src/.
 *
 * Without USOCKET_THREADS all of it compiles to plain loads and stores, and the lock to nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_SYNC_H
#define USOCKET_SYNC_H

#include "usocket/port.h"

/* ATOMIC_*: acquire and release; what was written before a store is seen after the load. LOOSE_*: relaxed; the value alone is
 * exchanged between threads, and orders nothing. */
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

/* The one lock of the library, held for a few loads and stores; it is not recursive. Never held: across a wait, a step of a TLS
 * session, or a call of the port other than dup, show_readable and show_socket. A listener's first connection makes the keys of
 * tickets and cookies under it, once (src/mbedtls/mbed_connection.c). */
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

/* A number for this process: a child of fork() has another one than its parent. The parent's threads do not run in the child. */
static inline unsigned process(void) {
#if USOCKET_FORK
    return usocket_port_forks();
#else
    return 0;
#endif
}

#endif
