/* Shared by the files of the BSD port: the stack's calls, its addresses, its errors.
 *
 * A stack without BSD sockets says PLAT_BSD 0 in its platform.h: this header, port/bsd*.c,
 * port/guard*.c and port/events.c are empty then, and its own files implement all of port.h.
 *
 * The functions here run in the thread that has made the stack's call, with or without the
 * library's lock; they take no lock and never wait. An interrupt must not call them. SYS(name), of
 * guard.h, is the one way to a call that the guard may replace.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_BSD_H
#define USOCKET_BSD_H

#include "platform.h"

#ifndef PLAT_BSD
#define PLAT_BSD 1
#endif

#if PLAT_BSD

#include "events.h"
#include "guard.h"

#include "usocket/port.h"

/* Waiting: through events.c where the system's poll does not know events. Never under the library's
 * lock. */
#if PLAT_EVENTS
#define bsd_poll events_poll
#define bsd_woken() events_woken()
#define bsd_wake_fd() (-1)
#else
#define bsd_poll SYS(poll)
#define bsd_woken() false /* usocket_port_wake makes a descriptor of the poll readable */
#define bsd_wake_fd() plat_wake_fd()
#endif
#ifndef PLAT_LINE_MAX
#define PLAT_LINE_MAX 128 /* longest line that usocket_port_line finds; on the C stack */
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

/* Write an address in the stack's form. @return its length there */
socklen_t bsd_to_system(const usocket_addr_t *a, sys_addr_t *out);

/* Read an address in the stack's form. @return 0; USOCKET_EINVAL: too short;
 * USOCKET_EAFNOSUPPORT */
int bsd_from_system(const sys_addr_t *in, size_t len, usocket_addr_t *a);

/* The code for an error number of the stack, of either sign; the fallback for 0, which some stacks
 * leave after a failure. */
int bsd_translate(int number, int fallback);

/* The code of the call that has just failed. Must be called at once: it reads errno, which the next
 * call may change, and no other function of these files does. */
int bsd_failed(int fallback);

#endif

#endif
