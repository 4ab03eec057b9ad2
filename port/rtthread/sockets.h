/* What the files of this port share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_RTTHREAD_SOCKETS_H
#define USOCKET_RTTHREAD_SOCKETS_H

#include "platform.h"

/* Sockets of stacks without a non-blocking mode; empty where no such stack is built in. */
#if !defined(SAL_USING_AT) && !defined(SAL_USING_WIZNET)
#define PLAT_BLOCKING 0
#else
#define PLAT_BLOCKING 1
#endif

#if PLAT_BLOCKING
typedef struct blocking blocking_t;
blocking_t *blocking_find(int fd);
int blocking_open(int fd, int type);
int blocking_close(blocking_t *s);
int blocking_connect(blocking_t *s, const struct sockaddr *addr, socklen_t len);
int blocking_recv(blocking_t *s, void *buf, size_t len, int flags, struct sockaddr *from, socklen_t *size);
int blocking_send(blocking_t *s, const void *buf, size_t len, const struct sockaddr *to, socklen_t size);
int blocking_peer(blocking_t *s, struct sockaddr *addr, socklen_t *len);
int blocking_getopt(blocking_t *s, int level, int name, void *value, socklen_t *len);
int blocking_setopt(blocking_t *s, int level, int name, const void *value, socklen_t len);
int blocking_pending(blocking_t *s, int *count);
short blocking_ready(blocking_t *s, short events);
#endif

/* A call's result with an errno that says something: positive, and not 0 after a failure if it can be known. */
int sal_result(int fd, int r);

/* The network of a socket is down. */
bool sal_is_down(int fd);

/* lwIP 2.0.2 keeps the errno of the last call for SO_ERROR; one that succeeds wipes it. */
static inline void sal_wipe_errno(int fd) {
    int type;
    socklen_t len = sizeof(type);
    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
}

void sal_forget_linger(int fd);

static inline int sal_fail(int number) {
    errno = number;
    return -1;
}

#define CALL(fd, call) (errno = 0, sal_result((fd), (int)(call)))

#endif
