/* usocket_port_notify: reports.c, after a look at the socket.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include "usocket/port.h"

#if USOCKET_NOTIFIES

/* The poll knows what the guard does, too. What comes after it is reported by lwIP, for the function
 * is armed before. */
int usocket_port_notify(int handle, bool (*ready)(void *arg), void *arg) {
    int r = lwip_arm(handle, ready, arg);
    usocket_wait_t w = {handle, USOCKET_POLL_IN, 0};
    if (ready != NULL && r == 0 && usocket_port_wait(&w, 1, USOCKET_NOW) > 0) {
        lwip_report(handle);
    }
    return r;
}

#endif
