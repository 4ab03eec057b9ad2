/* The other end of a test in a build without servers or without datagrams: the port's and the system's own calls under the
 * names that the tests use.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OTHER_END_H
#define OTHER_END_H

#if !USOCKET_SERVER

#ifdef TEST_SIM
#include "usocket/port.h"
#else
#include <errno.h>
#include <sys/socket.h>
#endif

static inline int other_listen(usocket_t *s, int backlog) {
    int fd = usocket_fileno(s);
    if (fd < 0) {
        return USOCKET_EBADF;
    }
#ifdef TEST_SIM
    return usocket_port_listen(fd, backlog);
#else
    return listen(fd, backlog) < 0 ? -errno : 0;
#endif
}

static inline int other_accept_by(usocket_t *s, usocket_t *conn, usocket_addr_t *peer, usocket_time_t deadline) {
    int fd;
    if (usocket_fileno(conn) >= 0) {
        return USOCKET_EISCONN;
    }
    for (;;) {
        if (usocket_fileno(s) < 0) {
            return USOCKET_EBADF;
        }
#ifdef TEST_SIM
        usocket_addr_t from;
        fd = usocket_port_accept(usocket_fileno(s), &from);
#else
        fd = accept4(usocket_fileno(s), NULL, NULL, SOCK_CLOEXEC);
        fd = fd < 0 ? -errno : fd;
#endif
        if (fd != USOCKET_EAGAIN || deadline == USOCKET_NOW) {
            break;
        }
        int r = usocket_poll(s, USOCKET_POLL_IN, deadline);
        if (r <= 0 || r == USOCKET_POLL_NVAL) {
            return r == 0 ? USOCKET_ETIMEDOUT : r < 0 ? r : USOCKET_EBADF;
        }
    }
    if (fd < 0) {
        return fd;
    }
    usocket_addr_t other;
    if (usocket_adopt(conn, fd, s->family, s->type, s->proto) < 0) {
        usocket_close_fd(fd);
        return USOCKET_ECONNABORTED;
    }
    if (usocket_getpeername(conn, peer != NULL ? peer : &other) < 0) {
        usocket_close(conn);
        return USOCKET_ECONNABORTED;
    }
    return 0;
}

static inline int other_accept(usocket_t *s, usocket_t *conn, usocket_addr_t *peer) {
    return other_accept_by(s, conn, peer, usocket_deadline(s));
}

#define usocket_listen other_listen
#undef usocket_accept_by /* a macro of config.h */
#define usocket_accept_by other_accept_by
#define usocket_accept other_accept

#endif

#if !USOCKET_DATAGRAMS
#define usocket_recvfrom(s, buf, len, from) usocket_recv_by((s), (buf), (len), 0, (from), usocket_deadline(s))
#define usocket_sendto(s, buf, len, to) usocket_send_by((s), (buf), (len), 0, (to), usocket_deadline(s))
#endif

#endif
