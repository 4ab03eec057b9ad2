/* lwIP's sockets for port/bsd.c, and what system.c and events.c need. lwIP 2.1 or newer, with
 * LWIP_SOCKET, LWIP_SOCKET_POLL and threads.
 *
 * lwIP's sockets are not descriptors of the system, and cannot be duplicated. This port needs in
 * lwipopts.h LWIP_COMPAT_SOCKETS 0 if the program also uses another stack's sockets,
 * LWIP_FIONREAD_LINUXMODE 1, LWIP_SO_RCVBUF 1, LWIP_SO_RCVTIMEO and LWIP_SO_SNDTIMEO 1, SO_REUSE 1,
 * LWIP_NETIF_API 1, LWIP_TCPIP_CORE_LOCKING 1, LWIP_TCP_PCB_NUM_EXT_ARGS 1 (time_wait.c has the
 * reason); it works with less, without the feature.
 *
 * Callers: the guard calls plat_*, in any thread, as lwIP's sockets allow; never an interrupt, and
 * never with lwIP's core lock held, which some of them take. Only plat_poll, plat_close,
 * plat_shutdown, plat_sleep and plat_sem_take wait.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PLATFORM_H
#define USOCKET_PLATFORM_H

#if defined(__unix__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* lwIP's unix port needs SSIZE_MAX */
#endif

#include <lwip/opt.h>

#include <lwip/errno.h>
#include <lwip/if_api.h>
#include <lwip/netdb.h>
#include <lwip/sockets.h>
#include <lwip/sys.h>

#include <stdbool.h>
#include <stdint.h>

#include "usocket/config.h"

#if defined(__unix__)
#include <sys/random.h>
#include <sys/stat.h>
#define plat_getrandom(buf, len) getrandom((buf), (len), 0)
#endif

#if USOCKET_CLOCK_STEP_US < 1000
#error "sys_now() counts milliseconds: USOCKET_CLOCK_STEP_US must be 1000 or more; usocket_config.h has the knobs"
#endif

#if USOCKET_NAMES && !USOCKET_ASKS
#error "lwIP answers lookups by itself: USOCKET_ASKS must be 1; usocket_config.h has the knobs"
#endif

#define PLAT_HAS_GETNAMEINFO 0
#define PLAT_HAS_INTERFACES 1
#define PLAT_HAS_DUP 0
#define PLAT_MSG_URGENT 0 /* MSG_OOB reads on in the stream, if it does anything */
#define PLAT_HAS_SA_LEN 1
#define PLAT_PEER_MEANS_CONNECTED 0
#define PLAT_HANDLES_ARE_DESCRIPTORS 0
#define PLAT_EVENTS 1
#define PLAT_GUARD 1
#define PLAT_HANDLE_FIRST LWIP_SOCKET_OFFSET
#define PLAT_HANDLE_COUNT MEMP_NUM_NETCONN

#ifndef htons /* lwIP defines them only if the system has none */
#define htons(x) lwip_htons(x)
#define htonl(x) lwip_htonl(x)
#define ntohs(x) lwip_ntohs(x)
#define ntohl(x) lwip_ntohl(x)
#endif

/* lwIP defines these, but has no such feature. */
#undef SO_REUSEPORT
#undef SO_SNDBUF
#undef MSG_TRUNC

#ifndef SOMAXCONN
#define SOMAXCONN 255
#endif

int plat_socket(int family, int type, int proto);
int plat_accept(int fd, struct sockaddr *addr, socklen_t *len);
int plat_set_nonblocking(int fd);
int plat_close(int fd);
int plat_bind(int fd, const struct sockaddr *addr, socklen_t len);
#define plat_listen(fd, backlog) lwip_listen((fd), (backlog))
#define plat_connect(fd, addr, len) lwip_connect((fd), (addr), (len))
int lwip_shutdown_at_once(int fd, int how);

/* Run a function inside of lwIP: in its thread, or in this one with lwIP's core lock. Not with the
 * library's lock. */
void lwip_run(void (*run)(void *arg), void *arg);

/* Have each slice of a wait run a function inside of lwIP, with NULL; run NULL: no more. Called
 * inside of lwIP. */
enum { LATER_ASK, LATER_REPORT, LATER_COUNT };
void lwip_later(int which, void (*run)(void *arg));
void lwip_run_later(void);
#define plat_before_poll() lwip_run_later()

#if USOCKET_NOTIFIES
/* The part of usocket_port_notify that lwIP has: a report is made of what comes from now on. */
int lwip_arm(int fd, bool (*ready)(void *arg), void *arg);

/* Report a handle, if it is armed; and no more, since it is about to be closed. */
void lwip_report(int fd);
void lwip_disarm(int fd);
#define plat_is_shut(fd) lwip_report(fd)
#else
#define lwip_disarm(fd) ((void)(fd))
#endif

/* Forget the state of the number: it is a new socket's. */
void lwip_handle_is_new(int fd);

int plat_shutdown(int fd, int how);
ssize_t plat_recv(int fd, void *buf, size_t len, int flags);
#define plat_recvfrom(fd, buf, len, flags, addr, alen) lwip_recvfrom((fd), (buf), (len), (flags), (addr), (alen))
#define plat_send(fd, buf, len, flags) lwip_send((fd), (buf), (len), (flags))
#if LWIP_RAW && LWIP_IPV6
#define plat_raw_least(fd) lwip_raw_least(fd) /* the smallest raw packet, in bytes */
#endif
size_t lwip_raw_least(int fd);
ssize_t plat_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr, socklen_t alen);
#define plat_getsockname(fd, addr, len) lwip_getsockname((fd), (addr), (len))
#define plat_getpeername(fd, addr, len) lwip_getpeername((fd), (addr), (len))
int plat_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
int plat_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
#define plat_lwip_options(fd) true
#define plat_pending(fd, count) lwip_ioctl((fd), FIONREAD, (count))

#define plat_pollfd struct pollfd
int plat_poll(plat_pollfd *fds, unsigned n, int32_t left);

int plat_gethostname(char *buf, size_t len);
#define plat_if_nametoindex(name) lwip_if_nametoindex(name)
#define plat_if_indextoname(index, name) lwip_if_indextoname((index), (name))

#define plat_errno() (errno == -1 ? ENETDOWN : errno) /* -1: lwIP's ERR_IF */
#define plat_set_errno(number) (errno = (number))

#define plat_sem sys_sem_t
#define plat_sem_new(sem) (sys_sem_new((sem), 0) == ERR_OK)
#define plat_sem_free(sem) sys_sem_free(sem)
#define plat_sem_set(sem) sys_sem_signal(sem)
#define plat_sem_take(sem, ms) (sys_arch_sem_wait((sem), (ms)) != SYS_ARCH_TIMEOUT)
#define plat_sleep(ms) sys_msleep(ms)

#endif
