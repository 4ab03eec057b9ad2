/* usocket - every knob of the library and of the MicroPython module, each with its cost.
 *
 * A build sets a knob with -D, or any number of them in one header that -DUSOCKET_CONFIG_FILE
 * names: -DUSOCKET_CONFIG_FILE='"my_config.h"'. All files of a build, and the programs that include
 * usocket.h, see the same values. No other file gives a knob a default.
 *
 * @cost L + M (A -> B) is the price of the value B over the value A, in bytes of flash on a
 * Cortex-M4 (-Os): L in the library with the POSIX port, M in the MicroPython module. "RAM R" adds
 * the static memory. "with" names other knobs that have to be set for it, "on" the port, if it is
 * another one. `make size-check` measures each and fails where a figure here is wrong by more than
 * 16 bytes and 5 %; bench/size.md has the figures of whole configurations. Memory of the heap is in
 * the text.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_CONFIG_H
#define USOCKET_CONFIG_H

#ifdef USOCKET_CONFIG_FILE
#include USOCKET_CONFIG_FILE
#endif

/* Never compiled. scons reads these lines, and does not find a file that a macro names: without
 * them it would compile nothing again when RT-Thread's menuconfig has changed an option. */
#if 0
#include "../../port/rtthread/usocket_config.h"
#include <rtconfig.h>
#endif

/* The programs of a Unix often have an event loop and memory to spare: some knobs are on there. */
#if defined(__unix__) && !defined(__RTTHREAD__)
#define USOCKET_LARGE 1
#else
#define USOCKET_LARGE 0
#endif

/* Four knobs had other names, which would be ignored. */
#if defined(PLAT_EVENT_COUNT) || defined(PLAT_SLICE_MS) || defined(PLAT_MIXED_SLICE_MS) || \
    defined(USOCKET_SLOW_SOCKETS)
#error "now USOCKET_EVENTS, USOCKET_EVENT_..SLICE_MS, USOCKET_BLOCKING_SOCKETS: see below"
#endif

/* ---- Sockets --------------------------------------------------------------------------------- */

/** IPv6: addresses, sockets, scopes. 0: usocket_open refuses AF_INET6 with USOCKET_EAFNOSUPPORT.
 *  @cost 868 + 176 (0 -> 1) */
#ifndef USOCKET_IPV6
#define USOCKET_IPV6 1
#endif

/** The older forms of an IPv4 address that inet_aton(3) reads ("127.1", "0x7f000001"). 0: a numeric
 *  address is a.b.c.d alone; with names the system's resolver sees the others, and may know them.
 *  @cost 146 + 0 (0 -> 1) */
#ifndef USOCKET_ATON
#define USOCKET_ATON 1
#endif

/** AF_UNIX addresses, where the system has them. They take 108 bytes in every usocket_addr_t.
 *  @cost 378 + 370 (0 -> 1) */
#ifndef USOCKET_UNIX
#define USOCKET_UNIX USOCKET_LARGE
#endif

/** Servers: listen and accept. 0: neither they nor usocket_backlog exist, nor create_server in
 *  Python; bind stays, for a source address and for receiving datagrams.
 *  @cost 338 + 842 (0 -> 1) */
#ifndef USOCKET_SERVER
#define USOCKET_SERVER 1
#endif

/** Datagram and raw sockets. 0: usocket_open refuses all but streams with USOCKET_ESOCKTNOSUPPORT;
 *  usocket_recvfrom and usocket_sendto do not exist (nor in Python, nor the constants); a lookup
 *  that names no type answers streams; an address given to usocket_send_by is ignored.
 *  @cost 274 + 422 (0 -> 1) */
#ifndef USOCKET_DATAGRAMS
#define USOCKET_DATAGRAMS 1
#endif

/** Bytes that the program puts back (usocket_unread), which the module's stream calls need. 2: any
 *  poll of the descriptor reports them, where the port's stack can duplicate a descriptor. 1: only
 *  usocket_poll does, and so MicroPython's select. 0: usocket_unread and usocket_unread_take do not
 *  exist.
 *  @cost 554 + 0 (0 -> 2) */
#ifndef USOCKET_UNREAD
#define USOCKET_UNREAD 2
#endif

/** SO_RCVTIMEO and SO_SNDTIMEO bound the waits of a blocking socket. 0: setting them is
 *  USOCKET_ENOPROTOOPT, and the module lacks their names; settimeout has to do.
 *  @cost 86 + 16 (0 -> 1) */
#ifndef USOCKET_SO_TIMEO
#define USOCKET_SO_TIMEO 1
#endif

/* ---- Names and connecting to them ------------------------------------------------------------ */

/** Names: getaddrinfo and its users (host names in connect, bind and sendto; usocket_dial). 0: only
 *  numeric addresses.
 *  @cost 3326 + 3815, RAM 12 (0 -> 1) */
#ifndef USOCKET_NAMES
#define USOCKET_NAMES 1
#endif

/** The port has usocket_port_ask: its resolver reports an answer, and a lookup needs no thread.
 *  Deadlines, interrupts and event loops hold all the same. 0: usocket_port_resolve waits, in
 *  threads, at
 *  @cost 636 + 0, RAM 12 (1 -> 0) */
#ifndef USOCKET_ASKS
#define USOCKET_ASKS 0
#endif

/** Threads that look names up, so that a deadline or an interrupt ends the wait of a caller;
 *  further lookups queue. 0: a lookup runs on the caller's thread, and waits as long as the stack's
 *  resolver. With USOCKET_ASKS it is 0, without that disadvantage.
 *  @cost 430 + 0, RAM 12 (0 -> 4) */
#ifndef USOCKET_RESOLVER_WORKERS
#define USOCKET_RESOLVER_WORKERS (USOCKET_ASKS ? 0 : 4)
#endif
#if USOCKET_ASKS && USOCKET_RESOLVER_WORKERS
#error "with USOCKET_ASKS 1 a lookup needs no thread: USOCKET_RESOLVER_WORKERS must be 0"
#endif

/** The highest number of these threads. When the queue stands still for 250 ms, because the name
 *  server does not answer for the names before it, their number doubles, up to this one. As many
 *  again may be at work on lookups that nobody waits for any more. A thread takes the memory of its
 *  stack while it runs. USOCKET_RESOLVER_WORKERS: the number never grows.
 *  @cost 264 + 0, RAM 5 (4 -> 16) */
#ifndef USOCKET_RESOLVER_WORKERS_MOST
#if USOCKET_LARGE && USOCKET_RESOLVER_WORKERS > 1
#define USOCKET_RESOLVER_WORKERS_MOST (4 * USOCKET_RESOLVER_WORKERS)
#else
#define USOCKET_RESOLVER_WORKERS_MOST USOCKET_RESOLVER_WORKERS
#endif
#endif

/** Stack of such a thread, in bytes, on the heap while it runs. glibc's resolver needs about 100
 *  KiB with its plug-ins, lwIP's 2 KiB.
 *  @cost 0 + 0 (65536 -> 262144) */
#ifndef USOCKET_RESOLVER_STACK
#define USOCKET_RESOLVER_STACK (256 * 1024)
#endif

/** Priority of the library's threads on RT-Thread; a smaller number is more urgent.
 *  @cost 0 + 0 (20 -> 21, on rtthread) */
#ifndef USOCKET_RESOLVER_PRIORITY
#define USOCKET_RESOLVER_PRIORITY 20
#endif

/** Lookups know services by name, from the system's table, and the protocols besides TCP and UDP
 *  (SCTP, DCCP, UDP-Lite). 0: a service is a number, and any other is USOCKET_EAI_SERVICE.
 *  @cost 84 + 0 (0 -> 1) */
#ifndef USOCKET_SERVICES
#define USOCKET_SERVICES 1
#endif

/** Addresses kept from one lookup; further ones of the name are dropped. Each takes the size of a
 *  usocket_addr_t on the heap, and with USOCKET_RACE 8 bytes in a usocket_dial_t.
 *  @cost 0 + 0 (8 -> 16) */
#ifndef USOCKET_RESOLVER_RESULTS
#define USOCKET_RESOLVER_RESULTS 16
#endif

/** Connecting to a name races its addresses as RFC 8305 says; the value is the highest number of
 *  attempts at a time, 1 to 6. 0: each address in turn, and each has a share of the time.
 *  @cost 1886 + 489 (0 -> 4) */
#ifndef USOCKET_RACE
#if USOCKET_LARGE
#define USOCKET_RACE 4
#else
#define USOCKET_RACE 0
#endif
#endif

/** Milliseconds from one attempt of a race to the next, 10 or more (RFC 8305: 250).
 *  @cost 0 + 0 (100 -> 250, with USOCKET_RACE=4) */
#ifndef USOCKET_RACE_DELAY_MS
#define USOCKET_RACE_DELAY_MS 250
#endif

/* ---- Event loops ----------------------------------------------------------------------------- */

/** Lookups that an event loop can wait for, and with USOCKET_RACE connects; lookups of one name in
 *  progress share one thread. 0: usocket_lookup_handle and usocket_dial_handle do not exist, nor
 *  resolver and dialer in Python.
 *  @cost 740 + 596, RAM 4 (0 -> 1) */
#ifndef USOCKET_ASYNC
#if USOCKET_LARGE && USOCKET_NAMES
#define USOCKET_ASYNC 1
#else
#define USOCKET_ASYNC 0
#endif
#endif

/** A poller: its time grows with the descriptors that are ready, not with those that are open.
 *  0: usocket_poller_* do not exist, nor poller in Python.
 *  @cost 658 + 3936, RAM 4 (0 -> 1) */
#ifndef USOCKET_POLLER
#define USOCKET_POLLER USOCKET_LARGE
#endif

/* ---- Threads, processes, time ---------------------------------------------------------------- */

/** Several threads may use the library, and one socket: calls are counted atomically, and close()
 *  wakes the threads that wait. POSIX: one descriptor per process. 0: one thread alone.
 *  @cost 1408 + 322, RAM 4 (0 -> 1) */
#ifndef USOCKET_THREADS
#define USOCKET_THREADS 1
#endif

/** The port has usocket_port_notify: the stack reports that a socket has become ready, and
 *  usocket_watch needs no thread, nor USOCKET_THREADS. 0: it has a thread for each socket, at
 *  @cost 252 + 0 (1 -> 0) */
#ifndef USOCKET_NOTIFIES
#define USOCKET_NOTIFIES 0
#endif

/** A call of the module tries the stack at once, and looks at the clock only if it has to wait:
 *  right where a try is no system call. The port has usocket_port_ready and usocket_port_line. 2: a
 *  receive that has lately come before its bytes is not tried, which is right where a try in vain
 *  costs as much as a wait.
 *  @cost 458 + 672 (0 -> 1) */
#ifndef USOCKET_QUICK
#define USOCKET_QUICK 0
#endif

/** A child of fork() may use the library afresh, and nothing that it does with what it has
 *  inherited reaches the parent (usocket.h: fork). 0: a child must not use it.
 *  @cost 274 + 0, RAM 9 (0 -> 1) */
#ifndef USOCKET_FORK
#define USOCKET_FORK USOCKET_LARGE
#endif

/** The step of the port's clock, in microseconds (10000 where it counts hundredths of a second).
 *  Deadlines lie that much later, since a clock read within a step is behind: no timeout ends
 *  early.
 *  @cost 8 + 8 (0 -> 1000) */
#ifndef USOCKET_CLOCK_STEP_US
#define USOCKET_CLOCK_STEP_US 0
#endif

/** With an interrupt hook installed, a wait is cut into slices of this many milliseconds, and the
 *  hook is asked between them. 0: a wait is never cut, which is right where a signal always wakes
 *  the thread that waits.
 *  @cost 32 + 0 (0 -> 50) */
#ifndef USOCKET_WAIT_SLICE_MS
#define USOCKET_WAIT_SLICE_MS 50
#endif

/** A receive that has lately come before its bytes waits for one slice in the stack's own call, if
 *  an interrupt hook is installed: one system call where a wait and an attempt are two. The port
 *  has usocket_port_inside, usocket_port_recv_inside, usocket_port_end_inside and
 *  usocket_port_rules_inside, and USOCKET_FORK is 1. 0: every wait is usocket_port_wait's.
 *  @cost 890 + 0 (0 -> 1) */
#ifndef USOCKET_WAIT_INSIDE
#if defined(__linux__) && USOCKET_FORK && USOCKET_WAIT_SLICE_MS > 0
#define USOCKET_WAIT_INSIDE 1
#else
#define USOCKET_WAIT_INSIDE 0
#endif
#endif

/** Events that may exist at a time where the system's poll knows sockets alone (PLAT_EVENTS: lwIP,
 *  RT-Thread). Each lookup in progress and each watcher has one. Static memory of one:
 *  @cost 0 + 0, RAM 8 (16 -> 17, on lwip) */
#ifndef USOCKET_EVENTS
#define USOCKET_EVENTS 16
#endif

/** Longest piece of a wait there, in milliseconds. close() in another thread ends a wait when the
 *  piece is over.
 *  @cost 0 + 0 (20 -> 50, on lwip) */
#ifndef USOCKET_EVENT_SLICE_MS
#define USOCKET_EVENT_SLICE_MS 50
#endif

/** The same for a wait for sockets and events together, which notices an event when the piece is
 *  over.
 *  @cost 0 + 0 (20 -> 10, on lwip) */
#ifndef USOCKET_EVENT_MIXED_SLICE_MS
#define USOCKET_EVENT_MIXED_SLICE_MS 10
#endif

/** Sockets of stacks without a non-blocking mode that may be open at a time (RT-Thread: AT modules,
 *  WIZnet, which have 4 to 6). Static memory of one:
 *  @cost 0 + 0, RAM 64 (8 -> 9, on rtthread) */
#ifndef USOCKET_BLOCKING_SOCKETS
#define USOCKET_BLOCKING_SOCKETS 8
#endif

/* ---- Texts ----------------------------------------------------------------------------------- */

/** Texts for error codes (usocket_strerror). 0: their names only, and an exception of the module
 *  says what was tried and with whom, but not why: its number has to do.
 *  @cost 1067 + 1076 (0 -> 1) */
#ifndef USOCKET_WORDS
#define USOCKET_WORDS 1
#endif

/* ---- TLS ------------------------------------------------------------------------------------- */

/** TLS sockets (USOCKET_PROTO_SEC), on mbedTLS, which the build brings: the figure is without
 *  mbedTLS. 0: opening one is USOCKET_EPROTONOSUPPORT.
 *  @cost 31357 + 3194, RAM 172 (0 -> 1) */
#ifndef USOCKET_TLS
#define USOCKET_TLS 0
#endif

/** Sessions that clients keep for later handshakes, for the whole process. Each takes about 200
 *  bytes of heap, with a certificate 2 KiB.
 *  @cost 0 + 0 (4 -> 8, with USOCKET_TLS=1) */
#ifndef USOCKET_TLS_SESSIONS
#define USOCKET_TLS_SESSIONS 8
#endif

/** The parsed authorities of the last connections stay in memory, for the process, until others
 *  take their place or usocket_tls_forget: the system's bundle (about 420 KB for 144 certificates)
 *  while its file does not change, and those of one USOCKET_TLS_CA_CERT. 0: the last connection
 *  that uses them frees them.
 *  @cost 32 + 0 (0 -> 1, with USOCKET_TLS=1) */
#ifndef USOCKET_TLS_KEEP_TRUST
#define USOCKET_TLS_KEEP_TRUST USOCKET_LARGE
#endif

/** Authorities in a chain are held to their limits: extendedKeyUsage, nameConstraints, and a
 *  revocation list for each once one is given. mbedTLS checks none of these, and refuses critical
 *  nameConstraints.
 *  @cost 1483 + 0 (0 -> 1, with USOCKET_TLS=1) */
#ifndef USOCKET_TLS_CONSTRAINTS
#define USOCKET_TLS_CONSTRAINTS 1
#endif

/** Milliseconds that usocket_close waits at most until close_notify can be sent.
 *  @cost 0 + 0 (500 -> 1000, with USOCKET_TLS=1) */
#ifndef USOCKET_TLS_CLOSE_MS
#define USOCKET_TLS_CLOSE_MS 1000
#endif

/* ---- The MicroPython module ------------------------------------------------------------------ */

/** Functions beyond RT-Thread's documented module (create_server, makefile, inet_*, if_* and more).
 *  0: nor has a socket the argument fileno, the attributes family, type, proto and timeout, or a
 *  repr of its own; a timeout has no attribute sent, and the exceptions print as their class and
 *  a tuple (number, words); SHUT_*, INADDR_*, SOMAXCONN, has_ipv6 and __version__ do not exist.
 *  @cost 0 + 12025 (0 -> 1) */
#ifndef USOCKET_PY_EXTRAS
#define USOCKET_PY_EXTRAS 1
#endif

/** Text files of makefile(): UTF-8, line ends, calls that count characters. 0: makefile() returns
 *  binary files, its default mode is 'rb', and a mode without 'b' is a ValueError.
 *  @cost 0 + 641 (0 -> 1) */
#ifndef USOCKET_PY_TEXT
#define USOCKET_PY_TEXT 1
#endif

/** Bytes that a file of makefile() reads ahead, on MicroPython's heap.
 *  @cost 0 + 0 (256 -> 512) */
#ifndef USOCKET_PY_FILE_BUFFER
#define USOCKET_PY_FILE_BUFFER (sizeof(void *) > 4 ? 8192 : 512)
#endif

/** Bytes of C stack that a call of the library, and the network stack below it, may need beyond
 *  MicroPython's own limit, which leaves 1 KB on RT-Thread. A program that has recursed further
 *  gets RuntimeError.
 *  @cost 0 + 0 (512 -> 1024) */
#ifndef USOCKET_PY_STACK
#define USOCKET_PY_STACK 1024
#endif

/* ---- Structures and knobs -------------------------------------------------------------------- */

/* A structure that depends on a knob has another size in a program that was compiled with another
 * value of it than the library. The functions that take such a structure are therefore named after
 * the knob, and the linker says that there is no usocket_dial_end_compiled_with_USOCKET_TLS_1.
 * USOCKET_RESOLVER_RESULTS has to be a plain number. */
#define USOCKET_JOIN2(a, b) a##b
#define USOCKET_JOIN(a, b) USOCKET_JOIN2(a, b)

#if USOCKET_UNIX
#define USOCKET_NAME_UNIX _USOCKET_UNIX_1
#else
#define USOCKET_NAME_UNIX _USOCKET_UNIX_0
#endif
#if USOCKET_RACE
#define USOCKET_NAME_RACE \
    USOCKET_JOIN(_USOCKET_RACE_not_0_USOCKET_RESOLVER_RESULTS_, USOCKET_RESOLVER_RESULTS)
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
