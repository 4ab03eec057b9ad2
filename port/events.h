/* Events on a system whose poll knows sockets alone.
 *
 * With PLAT_EVENTS 1 in platform.h, port/events.c gives the usocket_port_event_* and usocket_port_wake of port.h. An event is
 * a handle above all sockets with a semaphore behind it: a wait for events alone takes the semaphore; one for sockets and
 * events polls in short slices. Every wait is cut into slices of USOCKET_EVENT_SLICE_MS, between which usocket_port_wake is noticed.
 *
 * platform.h supplies a type and functions
 *   plat_sem
 *   bool plat_sem_new(plat_sem *)                 empty; false when there is none to be had
 *   void plat_sem_free(plat_sem *)
 *   void plat_sem_set(plat_sem *)                 from interrupts, too, if usocket_port_event_set is called there
 *   bool plat_sem_take(plat_sem *, unsigned ms)   false after that time; ms is 1 or more
 *   void plat_sleep(unsigned ms)
 * and PLAT_EVENT_FIRST, if its sockets may have numbers from 0x10000 on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_EVENTS_H
#define USOCKET_EVENTS_H

#include "platform.h"

#if PLAT_EVENTS

/* As plat_poll, for events, too; may return 0 before its time. */
int events_poll(plat_pollfd *fds, unsigned n, long long left);

/* Whether usocket_port_wake is on. */
bool events_woken(void);

#endif

#endif
