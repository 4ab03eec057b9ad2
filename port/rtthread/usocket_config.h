/* menuconfig's symbols as usocket's knobs. A build names this file in USOCKET_CONFIG_FILE.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_RTTHREAD_CONFIG_H
#define USOCKET_RTTHREAD_CONFIG_H

#include <rtconfig.h>

#ifdef USOCKET_USING_IPV6
#define USOCKET_IPV6 1
#else
#define USOCKET_IPV6 0
#endif

#ifdef USOCKET_USING_NAMES
#define USOCKET_NAMES 1
#else
#define USOCKET_NAMES 0
#endif

#ifdef USOCKET_USING_SERVER
#define USOCKET_SERVER 1
#else
#define USOCKET_SERVER 0
#endif

#ifdef USOCKET_USING_DGRAM
#define USOCKET_DATAGRAMS 1
#else
#define USOCKET_DATAGRAMS 0
#endif

/* Also of the look-alike on Linux. */
#define USOCKET_WAIT_INSIDE 0

/* SAL's getaddrinfo has room for one answer, so further workers would wait for it. */
#ifdef USOCKET_USING_RESOLVER_WORKER
#define USOCKET_RESOLVER_WORKERS 1
#else
#define USOCKET_RESOLVER_WORKERS 0
#endif

#ifdef USOCKET_RESOLVER_STACK_SIZE
#define USOCKET_RESOLVER_STACK USOCKET_RESOLVER_STACK_SIZE
#else
#define USOCKET_RESOLVER_STACK 4096
#endif

/* lwIP's getaddrinfo finds one address of each family at most. */
#define USOCKET_RESOLVER_RESULTS 2

#ifdef USOCKET_USING_THREADS
#define USOCKET_THREADS 1
#else
#define USOCKET_THREADS 0
#endif

#ifdef USOCKET_USING_WORDS
#define USOCKET_WORDS 1
#else
#define USOCKET_WORDS 0
#endif

#ifdef USOCKET_USING_EXTRAS
#define USOCKET_PY_EXTRAS 1
#else
#define USOCKET_PY_EXTRAS 0
#endif

/* A lookup has two addresses at most, so a race has two attempts. */
#ifdef USOCKET_USING_EVENT_LOOP
#define USOCKET_RACE 2
#define USOCKET_ASYNC 1
#define USOCKET_POLLER 1
#endif

#ifdef USOCKET_USING_TLS
#define USOCKET_TLS 1
#else
#define USOCKET_TLS 0
#endif

#define USOCKET_UNIX 0

/* No descriptor can be duplicated. */
#define USOCKET_UNREAD 1

/* A send of a stack without a non-blocking mode waits, so it must not be tried with the GIL held. */
#if !defined(SAL_USING_AT) && !defined(SAL_USING_WIZNET)
#define USOCKET_QUICK 2
#endif

/* The clock counts the kernel's ticks. */
#define USOCKET_CLOCK_STEP_US ((1000000 + RT_TICK_PER_SECOND - 1) / RT_TICK_PER_SECOND)

#endif
