/* The guard: refuses calls that the stack must not see, and remembers what the stack forgets.
 *
 * SYS(connect)(...) is the call that the BSD files make: guard_connect where platform.h says
 * PLAT_GUARD 1, otherwise the stack's own plat_connect. The names plat_* always mean the stack's
 * own.
 *
 * Stacks of lwIP's kind assert on a second connect, lose the end of a stream, and report an error
 * once or not at all. The guard keeps a few bits for each handle and gives Linux's answers.
 *
 * Callers: the BSD files and events.c, from any thread, without the library's lock; never an
 * interrupt. Each function takes the lock and makes its calls of the stack under it, so the stack
 * sees one at a time: two threads on one socket are safe even if the stack is not reentrant.
 * With USOCKET_THREADS 0 it is not taken.
 * Without the lock run only plat_close, a plat_poll that waits, and the plat_shutdown of a stream;
 * a call under the lock never waits.
 *
 * platform.h supplies, besides plat_*: PLAT_HANDLE_FIRST and PLAT_HANDLE_COUNT (the range of
 * handles; 4 bytes of memory each), plat_set_errno(number), and plat_lwip_options(handle), which is
 * true if the options of the handle are lwIP's (guard_options.h).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_GUARD_H
#define USOCKET_GUARD_H

#include "platform.h"

#if PLAT_GUARD

/* Each function has the parameters and results of the BSD call of its name; a failure is -1 with
 * the number in plat_errno(). NULL with the length 0 is allowed where a buffer is passed. */
int guard_socket(int family, int type, int proto);
int guard_accept(int handle, struct sockaddr *addr, socklen_t *len);
int guard_set_nonblocking(int handle);
int guard_close(int handle);
int guard_bind(int handle, const struct sockaddr *addr, socklen_t len);
int guard_listen(int handle, int backlog);
int guard_connect(int handle, const struct sockaddr *addr, socklen_t len);
int guard_shutdown(int handle, int how);
ssize_t guard_recvfrom(int handle, void *buf, size_t len, int flags, struct sockaddr *addr, socklen_t *alen);
ssize_t guard_sendto(int handle, const void *buf, size_t len, int flags, const struct sockaddr *addr, socklen_t alen);
int guard_getsockname(int handle, struct sockaddr *addr, socklen_t *len);
int guard_getpeername(int handle, struct sockaddr *addr, socklen_t *len);
int guard_getsockopt(int handle, int level, int name, void *value, socklen_t *len);
int guard_setsockopt(int handle, int level, int name, const void *value, socklen_t len);
int guard_pending(int handle, int *count);
/* As plat_poll. The only function here that waits, without the lock. @param left microseconds;
 * negative: without end */
int guard_poll(plat_pollfd *fds, unsigned n, int32_t left);
#define guard_recv(handle, buf, len, flags) guard_recvfrom((handle), (buf), (len), (flags), NULL, NULL)
#define guard_send(handle, buf, len, flags) guard_sendto((handle), (buf), (len), (flags), NULL, 0)

#define SYS(name) guard_##name

#else

#define SYS(name) plat_##name

#endif

#endif
