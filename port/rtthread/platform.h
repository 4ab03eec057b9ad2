/* RT-Thread's SAL for port/bsd.c, with SAL_USING_POSIX and without it.
 *
 * Properties of SAL
 * - errno is a field of the thread that every lock resets, has either sign, and is unchanged by
 *   many failures. So each call begins with errno 0, and errno.c finds the number of a failure that
 *   leaves 0.
 * - lwIP below SAL asserts, and an assertion halts the board: port/guard.c keeps such calls from
 *   it.
 * - Without SAL_USING_POSIX there is no poll; lwIP's own select takes its place (RT_USING_LWIP).
 * - Stacks without a non-blocking mode (AT modules, WIZnet) are in blocking.c: only as a client.
 *
 * Callers: the guard calls plat_*, in any thread; guard.h lists those without the library's lock.
 * Never an interrupt. Only plat_poll, plat_close, plat_getaddrinfo, plat_sleep, plat_sem_take and
 * the three locks wait, and on stacks without a non-blocking mode a send, for which the library's
 * lock is released.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PLATFORM_H
#define USOCKET_PLATFORM_H

#include <rtthread.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>

#include "usocket/config.h"

#include "versions.h"

#if !defined(SAL_USING_POSIX) && !defined(RT_USING_LWIP)
#error "without SAL_USING_POSIX nothing but lwIP can be waited for: switch on SAL_USING_POSIX"
#endif
#if USOCKET_IPV6 && !NETDEV_IPV6
#error "USOCKET_IPV6 without IPv6 in RT-Thread's stack: switch on RT_USING_LWIP_IPV6 or NETDEV_USING_IPV6"
#endif

#define PLAT_HAS_GETNAMEINFO 0
#define PLAT_HAS_INTERFACES 0
#define PLAT_HAS_DUP 0
#define PLAT_MSG_URGENT 0 /* MSG_OOB reads on in the stream, if it does anything */
#define PLAT_HAS_SA_LEN 1
#define PLAT_PEER_MEANS_CONNECTED 0 /* lwIP knows a peer from the first SYN */
#define PLAT_GUARD 1
#define PLAT_EVENTS 1
#define PLAT_HANDLES_ARE_DESCRIPTORS 0

/* Handles are DFS's descriptors, which begin behind the three of the console, or SAL's own
 * numbers. */
#define PLAT_HANDLE_FIRST 0
#ifdef SAL_USING_POSIX
#define PLAT_HANDLE_COUNT (DFS_FD_MAX + 3)
#else
#define PLAT_HANDLE_COUNT (SAL_SOCKETS_NUM + SAL_SOCKET_OFFSET)
#endif

#ifndef SOMAXCONN
#define SOMAXCONN 255 /* lwIP counts them in a byte */
#endif
#if USOCKET_IPV6 && !defined(IPV6_V6ONLY)
#define IPV6_V6ONLY 27 /* lwIP has it, SAL's headers lack it */
#endif

#if USOCKET_IPV6 && SAL_LWIP_21 && !defined(IPV6_JOIN_GROUP)
#define IPV6_JOIN_GROUP 12
#define IPV6_LEAVE_GROUP 13
#endif

/* SAL's getaddrinfo returns -1 if no interface is up, which is temporary. It never returns the
 * others. */
#ifndef EAI_AGAIN
#define EAI_AGAIN (-1)
#define EAI_BADFLAGS (-2)
#define EAI_SOCKTYPE (-3)
#define EAI_SYSTEM (-4)
#define EAI_OVERFLOW (-5)
#endif

int plat_socket(int family, int type, int proto);
int plat_accept(int fd, struct sockaddr *addr, socklen_t *len);
int plat_set_nonblocking(int fd);
int plat_close(int fd);
int plat_bind(int fd, const struct sockaddr *addr, socklen_t len);
int plat_listen(int fd, int backlog);
int plat_connect(int fd, const struct sockaddr *addr, socklen_t len);
int plat_shutdown(int fd, int how);
int plat_recv(int fd, void *buf, size_t len, int flags);
int plat_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *from, socklen_t *size);
int plat_send(int fd, const void *buf, size_t len, int flags);
int plat_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to, socklen_t size);
int plat_getsockname(int fd, struct sockaddr *addr, socklen_t *len);
int plat_getpeername(int fd, struct sockaddr *addr, socklen_t *len);
int plat_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
int plat_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
bool plat_lwip_options(int fd); /* false for AT modules */
int plat_pending(int fd, int *count);

/* left: microseconds; negative: without end. */
#define plat_pollfd struct pollfd
int plat_poll(plat_pollfd *fds, unsigned n, int32_t left);

#define plat_errno() errno
#define plat_set_errno(number) ((void)(errno = (number)))

/* SAL's getaddrinfo has room for one answer, of one address. */
#define PLAT_SERIAL_NAMES 1
#define PLAT_RESOLVES_ONE 1
void plat_names_lock(void);
void plat_names_unlock(void);
int plat_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out);
void plat_freeaddrinfo(struct addrinfo *list);
int plat_gethostname(char *buf, size_t len);

/* Semaphores for port/events.c, in system.c. */
typedef rt_sem_t plat_sem;
bool plat_sem_new(plat_sem *sem);
void plat_sem_free(plat_sem *sem);
void plat_sem_set(plat_sem *sem);
bool plat_sem_take(plat_sem *sem, unsigned ms);
void plat_sleep(unsigned ms);

/* The lock of the sockets in blocking.c, in system.c. */
void plat_blocking_lock(void);
void plat_blocking_unlock(void);

#endif
