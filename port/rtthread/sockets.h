/* Shared by the files of this port.
 *
 * Callers: the files of port/rtthread, in any thread; sal_result and the others run at once after
 * SAL's call, in the same thread, since errno belongs to it. blocking_* run under the library's
 * lock, except blocking_close and, in a wait, blocking_ready; blocking_send releases it while the
 * module sends.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_RTTHREAD_SOCKETS_H
#define USOCKET_RTTHREAD_SOCKETS_H

#include "platform.h"

/* blocking.c is empty if no stack without a non-blocking mode is built in. */
#if !defined(SAL_USING_AT) && !defined(SAL_USING_WIZNET)
#define PLAT_BLOCKING 0
#else
#define PLAT_BLOCKING 1
#endif

/* files.c and wait.c are for SAL's sockets as descriptors. From 5.1 on the scheduler does not end a sleep as
 * wait.c begins it: DFS's poll waits there. */
#ifdef SAL_USING_POSIX
#define PLAT_FILES 1
#define PLAT_WAITS (RTTHREAD_VERSION < 50100)
#else
#define PLAT_FILES 0
#define PLAT_WAITS 0
#endif

#if PLAT_FILES
/* DFS's view of a descriptor that this port has opened; NULL: another part of the program has. */
sal_file_t *sal_file(int fd);

/* A descriptor was opened; it is about to be closed. */
void sal_opened(int fd);
void sal_closed(int fd);

/* Wait for one socket that is a descriptor, for its events, at most so long. May end early. Without
 * a lock. @return its events; 0: none; -1: the network is down */
int sal_wait(sal_file_t *file, short events, int ms);
#endif

#if PLAT_BLOCKING
/* One such socket. NULL from blocking_find: the handle is another stack's. The calls are those of
 * the BSD names. */
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

/* SAL's number for a handle; negative: it is not open. */
#ifdef SAL_USING_POSIX
int sal_number(int fd);
#else
static inline int sal_number(int fd) {
    return fd;
}
#endif

/* Close a handle. The socket is closed, even if the stack fails. */
#if SAL_CLOSES_LATE
void sal_close(int fd);
#else
static inline void sal_close(int fd) {
    closesocket(fd);
}
#endif

/* The result of a call, with errno repaired: positive, and after a failure not 0 if the reason can
 * be found. */
int sal_result(int fd, int r);

/* True if the network of a socket is down. */
bool sal_is_down(int fd);

/* lwIP 2.0.2 keeps the errno of the last call for SO_ERROR; one that succeeds wipes it. */
static inline void sal_wipe_errno(int fd) {
    int type;
    socklen_t len = sizeof(type);
    sal_getsockopt(sal_number(fd), SOL_SOCKET, SO_TYPE, &type, &len);
}

/* Clear a time that was set with SO_LINGER: linger.c. */
void sal_forget_linger(int fd);

/* Fail with an errno. @return -1 */
static inline int sal_fail(int number) {
    errno = number;
    return -1;
}

/* Make a call of SAL with errno 0 before it, and its repair after it. */
#define CALL(fd, call) (errno = 0, sal_result((fd), (int)(call)))

#endif
