/* Half-closed connections. When both ends have sent their FIN, the one that sent it first keeps the
 * connection in TIME_WAIT. Then lwIP frees the pcb without a report to the socket, which may still
 * be open: its next call, even close(), would use memory that belongs to another connection by
 * then. With LWIP_TCP_PCB_NUM_EXT_ARGS 1 or more (lwIP 2.2), lwIP reports the end of the pcb, and
 * this file clears the socket's pointer. Without it, a socket that was shut down for writing must
 * be closed within 2 * TCP_MSL of its peer's FIN.
 *
 * Callers: the guard, in any thread. forget_pcb() runs in lwIP's thread, with lwIP's core lock held;
 * the other functions take that lock for a moment.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include <lwip/api.h>
#include <lwip/priv/sockets_priv.h>
#include <lwip/tcp.h>
#include <lwip/tcpip.h>

#if defined(LWIP_TCP_PCB_NUM_EXT_ARGS) && LWIP_TCP_PCB_NUM_EXT_ARGS && LWIP_TCPIP_CORE_LOCKING

/* The pcb of the handle was freed while its socket was open; under lwIP's core lock. */
static bool over[PLAT_HANDLE_COUNT];

/* lwIP frees the pcb of a connection that was shut down: find its socket, and clear the pointer. */
static void forget_pcb(u8_t id, void *pcb) {
    (void)id;
    for (int i = 0; i < PLAT_HANDLE_COUNT; i++) {
        struct lwip_sock *sock = lwip_socket_dbg_get_socket(PLAT_HANDLE_FIRST + i);
        struct netconn *conn = sock != NULL ? sock->conn : NULL;
        if (conn != NULL && conn->pcb.tcp == pcb) {
            over[i] = true;
            conn->pcb.tcp = NULL;
        }
    }
}

void lwip_handle_is_new(int fd) {
    LOCK_TCPIP_CORE();
    over[fd - PLAT_HANDLE_FIRST] = false;
    UNLOCK_TCPIP_CORE();
}

/* The slot for this file's callback in each pcb, allocated once. */
static u8_t get_id(void) {
    static int id = -1;
    if (id < 0) {
        id = tcp_ext_arg_alloc_id();
    }
    return (u8_t)id;
}

/* Shut down, and have lwIP report the end of the pcb from now on. */
int plat_shutdown(int fd, int how) {
    static const struct tcp_ext_arg_callbacks callbacks = {.destroy = forget_pcb};
    LOCK_TCPIP_CORE();
    struct lwip_sock *sock = lwip_socket_dbg_get_socket(fd);
    struct tcp_pcb *pcb = sock != NULL && sock->conn != NULL ? sock->conn->pcb.tcp : NULL;
    if (pcb != NULL && pcb->state != LISTEN) {
        over[fd - PLAT_HANDLE_FIRST] = false;
        tcp_ext_arg_set_callbacks(pcb, get_id(), &callbacks);
        tcp_ext_arg_set(pcb, get_id(), pcb);
    }
    UNLOCK_TCPIP_CORE();
    return lwip_shutdown_at_once(fd, how);
}

/* Without a pcb lwIP returns ECONNRESET, which is the end of the stream here. It reports a real
 * reset before it frees the pcb. */
ssize_t plat_recv(int fd, void *buf, size_t len, int flags) {
    ssize_t r = lwip_recv(fd, buf, len, flags);
    if (r < 0 && errno == ECONNRESET) {
        LOCK_TCPIP_CORE();
        bool ended = over[fd - PLAT_HANDLE_FIRST];
        UNLOCK_TCPIP_CORE();
        return ended ? 0 : r;
    }
    return r;
}

#else

void lwip_handle_is_new(int fd) {
    (void)fd;
}

int plat_shutdown(int fd, int how) {
    return lwip_shutdown_at_once(fd, how);
}

ssize_t plat_recv(int fd, void *buf, size_t len, int flags) {
    return lwip_recv(fd, buf, len, flags);
}

#endif
