/* SO_LINGER on lwIP. While data is in transit, lwIP refuses to close a socket that does not block,
 * or to shut down its second half, and has by then forgotten the socket that it reports the end of
 * the connection to: a later call on the socket may use memory that belongs to another connection.
 * On a listener it reads such data from a field that has another meaning there. So lwIP never sees
 * the option while it closes or shuts down, unless the time has passed: then it resets the
 * connection.
 *
 * Callers: the guard and time_wait.c, in any thread. plat_close waits up to the option's time, so
 * it is called without the library's lock.
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

/* Clear the option of a socket. @return its value before; errno does not change */
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

/* True if a connection has data, or a FIN, that the peer has not acknowledged. */
static bool is_unfinished(int fd) {
    LOCK_TCPIP_CORE();
    struct lwip_sock *sock = lwip_socket_dbg_get_socket(fd);
    struct netconn *conn = sock != NULL ? sock->conn : NULL;
    const struct tcp_pcb *pcb = conn != NULL && NETCONNTYPE_GROUP(conn->type) == NETCONN_TCP ? conn->pcb.tcp : NULL;
    bool r = pcb != NULL && pcb->state >= ESTABLISHED && (pcb->unsent != NULL || pcb->unacked != NULL);
    UNLOCK_TCPIP_CORE();
    return r;
}

/* As lwip_shutdown, without the option; the option is set again afterwards. */
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

/* The wait for the peer's acknowledgement polls every 10 ms. When the time has passed, a linger
 * time of 0 resets the connection. */
int plat_close(int fd) {
    lwip_disarm(fd);
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
