/* Polling: one socket, and pollers, which are the port's sets of descriptors.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sockets.h"
#include "usocket/poller.h"
#include "usocket/private.h"

/* Bytes put back make the socket readable; the other events are then those of this moment. A look
 * needs none of what a wait is about. */
static int poll_plain(usocket_t *s, int events, usocket_time_t deadline) {
    int unread = usocket_unread_len(s) != 0 ? events & USOCKET_POLL_IN : 0;
    usocket_wait_t w = {io_of(s), (uint8_t)events, 0};
    deadline = unread ? USOCKET_NOW : deadline;
    int r = deadline == USOCKET_NOW ? usocket_port_wait(&w, 1, deadline) : usocket_wait_for(s, &w, 1, deadline);
    return r < 0 ? r : w.ready | unread;
}

int usocket_poll(usocket_t *s, int events, usocket_time_t deadline) {
    int r = usocket_hold(s);
    if (r == 0) {
        if (HAS_TLS(base_of(s))) {
            r = usocket_tls_poll(s, events, deadline, NULL);
        } else {
            r = poll_plain(s, events, deadline);
        }
        usocket_release(s);
    }
    return r == USOCKET_EBADF ? USOCKET_POLL_NVAL : r;
}

#if USOCKET_POLLER

#define AT_ONCE 64 /* Entries that one call takes from the set; they are on the stack. */

int usocket_poller_open(void) {
    return usocket_port_set_open();
}

int usocket_poller_arm(int poller, int fd, int events) {
    return usocket_port_set_arm(poller, fd, events);
}

/* Take ready descriptors from the set. Returns their number, or a code. */
static int take_ready(int poller, usocket_ready_t *out, size_t n) {
    usocket_wait_t w[AT_ONCE];
    int r = usocket_port_set_take(poller, w, n < AT_ONCE ? n : AT_ONCE);
    for (int i = 0; i < r; i++) {
        out[i] = (usocket_ready_t){w[i].handle, w[i].ready};
    }
    return r;
}

/* The set is taken from before the first wait, which saves that wait where something is ready. */
int usocket_poller_wait(int poller, usocket_ready_t *out, size_t n, usocket_time_t deadline) {
    if (poller >= 0 && (n == 0 || out == NULL)) {
        return n == 0 ? USOCKET_EINVAL : USOCKET_EFAULT;
    }
    int r = poller >= 0 ? take_ready(poller, out, n) : 0;
    while (r == 0 && deadline != USOCKET_NOW) {
        usocket_wait_t w = {poller, USOCKET_POLL_IN, 0};
        r = usocket_wait_for(NULL, &w, 1, deadline);
        if (r <= 0) {
            break;
        }
        /* 0: another thread has taken what was ready; a code: the poller has been closed. */
        r = take_ready(poller, out, n);
    }
    return r;
}

/* A plain socket is ready when its descriptor is, so look->want is `events`. */
int usocket_poller_look(usocket_t *s, int events, usocket_look_t *look) {
    *look = (usocket_look_t){events, USOCKET_NEVER, 0};
#if USOCKET_TLS
    if (usocket_hold(s) < 0) {
        return USOCKET_POLL_NVAL;
    }
    int r = HAS_TLS(base_of(s)) ? usocket_tls_poll(s, events, USOCKET_NOW, look) : USOCKET_EOPNOTSUPP;
    usocket_release(s);
    if (r != USOCKET_EOPNOTSUPP) {
        return r == USOCKET_EBADF ? USOCKET_POLL_NVAL : r;
    }
#endif
    return usocket_poll(s, events, USOCKET_NOW);
}

bool usocket_poller_stale(usocket_t *s, const usocket_look_t *look) {
    bool stale = usocket_hold(s) < 0;
    if (!stale) {
        stale = HAS_TLS(base_of(s)) && usocket_tls_steps(s) != look->steps;
        usocket_release(s);
    }
    return stale;
}

int usocket_poller_close(int poller) {
    usocket_wait_t w;
    /* Only a set is closed: the number of a closed one may be another descriptor by now. */
    int r = usocket_port_set_take(poller, &w, 1);
    if (r >= 0) {
        usocket_port_event_close(poller);
    }
    return r < 0 ? r : 0;
}

#endif
