/* usocket - every knob of the library, each with what it costs.
 *
 * A build overrides a knob with -D, or all of them in one header named by -DUSOCKET_CONFIG_FILE='"my_config.h"'.
 * Costs are bytes of flash on a Cortex-M4, -Os: of the library with the POSIX port, and of the MicroPython binding; `make size`
 * prints today's, and bench/size.md has them for whole configurations.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_CONFIG_H
#define USOCKET_CONFIG_H

#ifdef USOCKET_CONFIG_FILE
#include USOCKET_CONFIG_FILE
#endif

/** IPv6: addresses, sockets, scopes. Costs 760 + 70. 0: usocket_open refuses AF_INET6 with USOCKET_EAFNOSUPPORT. */
#ifndef USOCKET_IPV6
#define USOCKET_IPV6 1
#endif

/** AF_UNIX addresses, where the system has them. Costs 190 + 240, and 108 bytes in every usocket_addr_t. */
#ifndef USOCKET_UNIX
#if defined(__unix__) && !defined(__RTTHREAD__)
#define USOCKET_UNIX 1
#else
#define USOCKET_UNIX 0
#endif
#endif

/** The server's side: listen and accept. Costs 360 + 640. 0: neither they nor usocket_backlog exist, nor create_server in Python;
 *  bind stays, for a source address and for receiving datagrams. */
#ifndef USOCKET_SERVER
#define USOCKET_SERVER 1
#endif

/** Datagram and raw sockets. Costs 280 + 340. 0: streams alone; usocket_open refuses the rest with USOCKET_ESOCKTNOSUPPORT,
 *  usocket_recvfrom and usocket_sendto do not exist (nor in Python, nor the constants), a lookup that names no type answers
 *  streams, and an address given to usocket_send_by is ignored. */
#ifndef USOCKET_DATAGRAMS
#define USOCKET_DATAGRAMS 1
#endif

/** Names: getaddrinfo and what stands on it (host names in connect, bind, sendto; usocket_dial). Costs 3200 + 2300. 0: numeric
 *  addresses only. */
#ifndef USOCKET_NAMES
#define USOCKET_NAMES 1
#endif

/* What programs with an event loop use. On a small device it is chosen, not given. */
#if defined(__unix__) && !defined(__RTTHREAD__)
#define USOCKET_LARGE 1
#else
#define USOCKET_LARGE 0
#endif

/** Lookups run on a worker thread, so that a deadline or an interrupt ends the wait. Costs 390. 0: on the caller's thread,
 *  where they wait as long as the stack's resolver does. */
#ifndef USOCKET_RESOLVER_WORKERS
#define USOCKET_RESOLVER_WORKERS 4 /* threads, as a rule; further lookups queue */
#endif

/** When the queue stands still for 250 ms, because the name server is silent for the names before it, there are twice as many
 *  threads, up to these; and as many again may be at work on lookups that nobody waits for any more. Memory: a stack for each
 *  while it runs, and no more. USOCKET_RESOLVER_WORKERS: never more than those; saves 220. */
#ifndef USOCKET_RESOLVER_WORKERS_MOST
#if USOCKET_LARGE && USOCKET_RESOLVER_WORKERS > 1
#define USOCKET_RESOLVER_WORKERS_MOST (4 * USOCKET_RESOLVER_WORKERS)
#else
#define USOCKET_RESOLVER_WORKERS_MOST USOCKET_RESOLVER_WORKERS
#endif
#endif

/** Stack of a worker, in bytes. glibc's resolver wants about 100 KiB with its plug-ins; lwIP's 2 KiB. */
#ifndef USOCKET_RESOLVER_STACK
#define USOCKET_RESOLVER_STACK (256 * 1024)
#endif

/** Addresses kept from one lookup; a name with more is cut there. */
#ifndef USOCKET_RESOLVER_RESULTS
#define USOCKET_RESOLVER_RESULTS 16
#endif

/** Connecting to a name races its addresses as RFC 8305 says, at most this many at once (1 to 6). Costs 1680 + 250. 0: each in
 *  turn, the time shared out between them. */
#ifndef USOCKET_RACE
#if USOCKET_LARGE
#define USOCKET_RACE 4
#else
#define USOCKET_RACE 0
#endif
#endif

/** Milliseconds from one attempt of a race to the next (RFC 8305: 250; 10 at the least). */
#ifndef USOCKET_RACE_DELAY_MS
#define USOCKET_RACE_DELAY_MS 250
#endif

/** Lookups, and with USOCKET_RACE connects, that an event loop can wait for; lookups of one name under way share one worker.
 *  Costs 680 + 510, and with USOCKET_RACE more. 0: usocket_lookup_handle and usocket_dial_handle do not exist, nor resolver and dialer in Python. */
#ifndef USOCKET_ASYNC
#if USOCKET_LARGE && USOCKET_NAMES
#define USOCKET_ASYNC 1
#else
#define USOCKET_ASYNC 0
#endif
#endif

/** A poller whose cost follows the descriptors that are ready, not those that are open. Costs 490 + 2690. 0: none. */
#ifndef USOCKET_POLLER
#if USOCKET_LARGE
#define USOCKET_POLLER 1
#else
#define USOCKET_POLLER 0
#endif
#endif

/** Several threads may use the library, and one socket: an atomic counter per call, and close() wakes those who wait.
 *  Costs 1400 + 320. 0: one thread only; saves those, and one descriptor per process on POSIX. */
#ifndef USOCKET_THREADS
#define USOCKET_THREADS 1
#endif

/** fork(): a child may use the library afresh, and nothing that it does with what it has inherited reaches the parent (usocket.h says what
 *  it may do). Costs 0 where nobody forks. 0: it may not. */
#ifndef USOCKET_FORK
#define USOCKET_FORK USOCKET_LARGE
#endif

/** The steps in which the port's clock goes forward, in microseconds (10000 where it counts ticks of a hundredth of a second).
 *  Deadlines lie that much later, for a clock read within a step is behind: no timeout ends early. */
#ifndef USOCKET_CLOCK_STEP_US
#define USOCKET_CLOCK_STEP_US 0
#endif

/** Costs 40. With an interrupt hook installed, a wait is cut into slices of this many milliseconds, and the hook is asked between
 *  them. 0: never cut (right where a signal always wakes the thread that waits). */
#ifndef USOCKET_WAIT_SLICE_MS
#define USOCKET_WAIT_SLICE_MS 50
#endif

/** Words for error codes (usocket_strerror). Costs 1100; 0 leaves the names only. */
#ifndef USOCKET_WORDS
#define USOCKET_WORDS 1
#endif

/** TLS sockets (USOCKET_PROTO_SEC), on mbedTLS, which the build has to bring. Costs 16900 + 800, and mbedTLS. 0: opening one is
 *  USOCKET_EPROTONOSUPPORT. */
#ifndef USOCKET_TLS
#define USOCKET_TLS 0
#endif

/** Sessions that clients keep for later handshakes, for the whole process. About 200 bytes each, with a certificate 2 KiB. */
#ifndef USOCKET_TLS_SESSIONS
#define USOCKET_TLS_SESSIONS 8
#endif

/** The authorities of the last connections stay parsed, for the process, until others take their place or usocket_tls_forget: the
 *  system's bundle (for 144 certificates about 420 KB) as long as its file does not change, and those of one USOCKET_TLS_CA_CERT.
 *  0: they go with their last user. */
#ifndef USOCKET_TLS_KEEP_TRUST
#define USOCKET_TLS_KEEP_TRUST USOCKET_LARGE
#endif

/** What authorities in a chain may vouch for is looked at: extendedKeyUsage, nameConstraints, and a revocation list for each once one
 *  is given. mbedTLS does none of it, and refuses critical nameConstraints. Costs 1200. */
#ifndef USOCKET_TLS_CONSTRAINTS
#define USOCKET_TLS_CONSTRAINTS 1
#endif

/** How long usocket_close waits for room for TLS's goodbye, at the most. */
#ifndef USOCKET_TLS_CLOSE_MS
#define USOCKET_TLS_CLOSE_MS 1000
#endif

/** Calls beyond the documented module in the MicroPython binding (create_server, makefile, inet_*, if_* ...). Costs 0 + 6000. */
#ifndef USOCKET_PY_EXTRAS
#define USOCKET_PY_EXTRAS 1
#endif

/* A structure that depends on a knob has another size in a program that was compiled with another value of it than the library. The
 * functions that take such a structure are therefore named after the knob, and the linker says that there is no
 * usocket_dial_end_compiled_with_USOCKET_TLS_1. USOCKET_RESOLVER_RESULTS has to be a plain number. */
#define USOCKET_JOIN2(a, b) a##b
#define USOCKET_JOIN(a, b) USOCKET_JOIN2(a, b)

#if USOCKET_UNIX
#define USOCKET_NAME_UNIX _USOCKET_UNIX_1
#else
#define USOCKET_NAME_UNIX _USOCKET_UNIX_0
#endif
#if USOCKET_RACE
#define USOCKET_NAME_RACE USOCKET_JOIN(_USOCKET_RACE_not_0_USOCKET_RESOLVER_RESULTS_, USOCKET_RESOLVER_RESULTS)
#else
#define USOCKET_NAME_RACE _USOCKET_RACE_0
#endif
#if USOCKET_TLS
#define USOCKET_NAME_TLS _USOCKET_TLS_1
#else
#define USOCKET_NAME_TLS _USOCKET_TLS_0
#endif

#define usocket_addr_parse USOCKET_JOIN(usocket_addr_parse_compiled_with, USOCKET_NAME_UNIX)
#define usocket_addr_format USOCKET_JOIN(usocket_addr_format_compiled_with, USOCKET_NAME_UNIX)
#define usocket_addr_raw USOCKET_JOIN(usocket_addr_raw_compiled_with, USOCKET_NAME_UNIX)
#define usocket_addr_equal USOCKET_JOIN(usocket_addr_equal_compiled_with, USOCKET_NAME_UNIX)
#define usocket_bind USOCKET_JOIN(usocket_bind_compiled_with, USOCKET_NAME_UNIX)
#define usocket_accept_by USOCKET_JOIN(usocket_accept_by_compiled_with, USOCKET_NAME_UNIX)
#define usocket_connect_by USOCKET_JOIN(usocket_connect_by_compiled_with, USOCKET_NAME_UNIX)
#define usocket_getsockname USOCKET_JOIN(usocket_getsockname_compiled_with, USOCKET_NAME_UNIX)
#define usocket_getpeername USOCKET_JOIN(usocket_getpeername_compiled_with, USOCKET_NAME_UNIX)
#define usocket_recv_by USOCKET_JOIN(usocket_recv_by_compiled_with, USOCKET_NAME_UNIX)
#define usocket_send_by USOCKET_JOIN(usocket_send_by_compiled_with, USOCKET_NAME_UNIX)
#define usocket_lookup_reverse USOCKET_JOIN(usocket_lookup_reverse_compiled_with, USOCKET_NAME_UNIX)
#define usocket_lookup_get USOCKET_JOIN(usocket_lookup_get_compiled_with, USOCKET_NAME_UNIX)
#define usocket_dial_attempt USOCKET_JOIN(usocket_dial_attempt_compiled_with, USOCKET_NAME_UNIX)
#define usocket_dial_start \
    USOCKET_JOIN(usocket_dial_start_compiled_with, \
        USOCKET_JOIN(USOCKET_NAME_UNIX, USOCKET_JOIN(USOCKET_NAME_RACE, USOCKET_NAME_TLS)))
#define usocket_dial_by USOCKET_JOIN(usocket_dial_by_compiled_with, USOCKET_NAME_RACE)
#define usocket_dial_step USOCKET_JOIN(usocket_dial_step_compiled_with, USOCKET_NAME_RACE)
#define usocket_dial_end USOCKET_JOIN(usocket_dial_end_compiled_with, USOCKET_NAME_TLS)

#endif
