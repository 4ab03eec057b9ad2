/* usocket - calls between the core and the MicroPython module. Not part of the API: a program must
 * not use them, and any version may change them.
 *
 * The module's poller calls them, under its own lock, for sockets that it has registered. Each
 * takes a hold on its socket for the call, so that another thread may close the socket meanwhile.
 * They never wait, and an interrupt must not call them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PRIVATE_H
#define USOCKET_PRIVATE_H

#include "usocket/usocket.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The way to wait for a socket that usocket_poller_look has found not ready. */
typedef struct usocket_look {
    /** Events to arm its descriptor for, USOCKET_POLL_*. 0 where @p events was not 0: its
     *  descriptor cannot tell, so look again soon. */
    int want;
    /** Time to look again, whatever the descriptor tells; USOCKET_NEVER for none. */
    usocket_time_t until;
    /** State of the TLS session at the look, for usocket_poller_stale. */
    uint32_t steps;
} usocket_look_t;

/** The events that a socket is ready for, as usocket_poll with USOCKET_NOW tells them. A TLS socket
 *  may be ready while its descriptor is not, and may wait for another direction than @p events.
 *
 * @param look receives how to wait for the socket
 * @return a mask; as usocket_poll
 */
int usocket_poller_look(usocket_t *s, int events, usocket_look_t *look);

/** True if @p look no longer holds, because a call has used the socket since. */
bool usocket_poller_stale(usocket_t *s, const usocket_look_t *look);

#ifdef __cplusplus
}
#endif

#endif
