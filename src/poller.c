/* Many descriptors to wait for: the port's sets, waited for as everything else is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "internal.h"

#if USOCKET_POLLER

#define AT_ONCE 64

int usocket_poller_open(void) {
    return usocket_port_set_open();
}

int usocket_poller_arm(int poller, int fd, int events) {
    return usocket_port_set_arm(poller, fd, events);
}

static int take(int poller, usocket_ready_t *out, size_t n) {
    usocket_wait_t w[AT_ONCE];
    int r = usocket_port_set_take(poller, w, n < AT_ONCE ? n : AT_ONCE);
    for (int i = 0; i < r; i++) {
        out[i] = (usocket_ready_t){w[i].handle, w[i].ready};
    }
    return r;
}

int usocket_poller_wait(int poller, usocket_ready_t *out, size_t n, usocket_time_t deadline) {
    int r = poller >= 0 ? take(poller, out, n) : 0;
    while (r == 0 && deadline != USOCKET_NOW) {
        usocket_wait_t w = {poller, USOCKET_POLL_IN, 0};
        r = usocket_wait_for(NULL, &w, 1, deadline);
        if (r <= 0) {
            break;
        }
        r = take(poller, out, n); /* 0: it is ready no more */
    }
    return r;
}

void usocket_poller_close(int poller) {
    usocket_port_event_close(poller);
}

#endif
