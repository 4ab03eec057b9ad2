/* SO_LINGER. While data is on its way lwIP refuses to close, or to shut down the second half of, a socket that does not block; it
 * has forgotten by then whom to tell when the connection ends, and what is asked of the socket next may use memory that belongs to
 * another connection. On a listener it looks for such data where a listener keeps something else. So lwIP never sees the option
 * while it closes or shuts down, unless the time is up: then it resets the connection.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include "usocket/port.h"

#include <lwip/api.h>
#include <lwip/priv/sockets_priv.h>
#include <lwip/tcp.h>
#include <lwip/tcpip.h>

static const struct linger never = {0, 0}, at_once = {1, 0};

/* Take the option off a socket; returns what it was. errno stays. */
static struct linger take_off(int fd) {
    struct linger set = never;
    socklen_t len = sizeof(set);
    int number = errno;
    if (lwip_getsockopt(fd, SOL_SOCKET, SO_LINGER, &set, &len) == 0 && set.l_onoff) {
        lwip_setsockopt(fd, SOL_SOCKET, SO_LINGER, &never, sizeof(never));
    }
    errno = number;
    return set;
}

/* Whether a connection has data, or its end, that the peer has not acknowledged. */
static bool is_unfinished(int fd) {
    LOCK_TCPIP_CORE();
    struct lwip_sock *sock = lwip_socket_dbg_get_socket(fd);
    struct netconn *conn = sock != NULL ? sock->conn : NULL;
    const struct tcp_pcb *pcb = conn != NULL && NETCONNTYPE_GROUP(conn->type) == NETCONN_TCP ? conn->pcb.tcp : NULL;
    bool r = pcb != NULL && pcb->state >= ESTABLISHED && (pcb->unsent != NULL || pcb->unacked != NULL);
    UNLOCK_TCPIP_CORE();
    return r;
}

int lwip_shutdown_at_once(int fd, int how) {
    struct linger set = take_off(fd);
    int r = lwip_shutdown(fd, how);
    if (set.l_onoff) {
        int number = errno;
        lwip_setsockopt(fd, SOL_SOCKET, SO_LINGER, &set, sizeof(set));
        errno = number;
    }
    return r;
}

int plat_close(int fd) {
    struct linger set = take_off(fd);
    usocket_time_t until = usocket_port_now() + (usocket_time_t)set.l_linger * 1000000;
    while (set.l_onoff && is_unfinished(fd)) {
        if (usocket_port_now() >= until) {
            lwip_setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
            break;
        }
        sys_msleep(10);
    }
    return lwip_close(fd);
}
