/* Events on a system with a poll for sockets alone.
 *
 * With PLAT_EVENTS 1 in platform.h, port/events.c has the usocket_port_event_* and
 * usocket_port_wake of port.h. An event is a handle above all sockets with a semaphore behind it: a
 * wait for events alone takes the semaphore; a wait for sockets and events polls in short slices.
 * Every wait is cut into slices of USOCKET_EVENT_SLICE_MS, and checks usocket_port_wake between
 * them.
 *
 * Callers: the BSD files, from any thread. events_poll must not be called under the library's lock,
 * which it takes through the guard. usocket_port_event_set may be called under it, and from an
 * interrupt if plat_sem_set may; it takes no lock and never waits.
 *
 * platform.h supplies a type and functions
 *   plat_sem
 *   bool plat_sem_new(plat_sem *)                 empty; false: there is none left
 *   void plat_sem_free(plat_sem *)
 *   void plat_sem_set(plat_sem *)
 *   bool plat_sem_take(plat_sem *, unsigned ms)   false: the time has passed; ms is 1 or more
 *   void plat_sleep(unsigned ms)
 *   plat_before_poll()                            called before each slice of a wait, without a lock;
 *                                                may be left out
 * and PLAT_EVENT_FIRST, if its sockets may have numbers from 0x10000 on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_EVENTS_H
#define USOCKET_EVENTS_H

#include "platform.h"

#if PLAT_EVENTS

/* Poll sockets and events. Waits for one slice at most, so it may return 0 before the time has
 * passed. @param left microseconds; negative: without end @return the number of ready entries; -1
 * with errno */
int events_poll(plat_pollfd *fds, unsigned n, int32_t left);

/* True while usocket_port_wake is on. */
bool events_woken(void);

#endif

#endif
