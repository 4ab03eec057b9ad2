/* What the files of the BSD port share: a stack's words, its addresses, its errors.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_BSD_H
#define USOCKET_BSD_H

#include "platform.h"

#include "events.h"
#include "guard.h"

#include "usocket/port.h"

/* Waiting, for events, too. */
#if PLAT_EVENTS
#define bsd_poll events_poll
#define bsd_woken() events_woken()
#define bsd_wake_fd() (-1)
#else
#define bsd_poll SYS(poll)
#define bsd_woken() false /* usocket_port_wake ends a poll by itself */
#define bsd_wake_fd() plat_wake_fd()
#endif
#if !PLAT_SERIAL_NAMES
#define plat_names_lock() ((void)0)
#define plat_names_unlock() ((void)0)
#endif

typedef union {
    struct sockaddr any;
    struct sockaddr_in in;
#if USOCKET_IPV6
    struct sockaddr_in6 in6;
#endif
#if USOCKET_UNIX
    struct sockaddr_un un;
#endif
} sys_addr_t;

/* Returns the length that the stack wants to hear. */
socklen_t bsd_to_system(const usocket_addr_t *a, sys_addr_t *out);

/* Reads what a stack has stored. @return 0; USOCKET_EINVAL: too short; USOCKET_EAFNOSUPPORT */
int bsd_from_system(const sys_addr_t *in, size_t len, usocket_addr_t *a);

/* The code for a stack's error number, of either sign; the fallback for 0. */
int bsd_translate(int number, int fallback);

/* The code of the call that has just failed. The one place that reads errno: at once, before anything can touch it. */
int bsd_failed(int fallback);

#endif
