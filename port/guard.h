/* What a stack must never see, refused before it gets there; what it forgets, remembered.
 *
 * SYS(connect)(...) is the call that the BSD files make: guard_connect where platform.h says PLAT_GUARD 1, else the stack's own
 * plat_connect. The names plat_* always mean the stack's own.
 *
 * Stacks of lwIP's kind assert on a second connect, lose the end of a stream, report an error once or not at all. With
 * PLAT_GUARD 1 in platform.h the BSD files reach the stack through these functions, which keep a few bits per handle and give
 * Linux's answers. They call the stack's plat_* under the library's lock, one at a time: two threads on one socket are safe
 * even where the stack is not. Only plat_close and a plat_poll that waits are called without it.
 *
 * platform.h supplies, besides plat_*: PLAT_HANDLE_FIRST and PLAT_HANDLE_COUNT (the range of handles; 8 bytes each),
 * plat_set_errno(number), and plat_lwip_options(handle): whether its options are lwIP's, see guard_options.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_GUARD_H
#define USOCKET_GUARD_H

#include "platform.h"

#if PLAT_GUARD

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
int guard_poll(plat_pollfd *fds, unsigned n, long long left);
#define guard_recv(handle, buf, len, flags) guard_recvfrom((handle), (buf), (len), (flags), NULL, NULL)
#define guard_send(handle, buf, len, flags) guard_sendto((handle), (buf), (len), (flags), NULL, 0)

#define SYS(name) guard_##name

#else

#define SYS(name) plat_##name

#endif

#endif
