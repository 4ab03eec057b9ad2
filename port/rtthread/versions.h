/* The differences between RT-Thread's versions, 4.0.3 to 5.2: headers, and names without a stack.
 *
 * | from  | difference                                                                    |
 * |-------|-------------------------------------------------------------------------------|
 * | 4.1.0 | poll is in <poll.h>; dfs_poll.h is no longer on the path                       |
 * | 4.1.0 | FIONBIO and FIONREAD are in <sys/ioctl.h>; before, <rtthread.h> brings them    |
 * | 4.1.1 | SAL's own view of a socket is in sal_low_lvl.h; before, in sal.h               |
 * | 4.1.1 | RT_VERSION_CHECK exists; RTTHREAD_VERSION is 10000, 100 and 1 in all versions  |
 * | 5.0   | DFS's struct dfs_fd is named struct dfs_file; fd_get counts no reference, and there is no fd_put |
 * | 5.0   | closesocket counts down in memory that it has freed, up to 5.0.x: SAL_CLOSES_LATE |
 * | 5.2   | SAL's header has Linux's numbers of options that no stack below it knows       |
 *
 * The other files of this port are the same for all versions. menuconfig's differences are in
 * Kconfig.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_RTTHREAD_VERSIONS_H
#define USOCKET_RTTHREAD_VERSIONS_H

#include <rtthread.h>

#include <sys/socket.h>

#include <netdev.h>

#if RTTHREAD_VERSION >= 40100
#include <sys/ioctl.h>
#endif

#if RTTHREAD_VERSION >= 40101
#include <sal_low_lvl.h>
#else
#include <sal.h>
#endif

#ifndef SAL_USING_POSIX
#define POLLIN 0x01
#define POLLOUT 0x02
#define POLLERR 0x04
#define POLLHUP 0x08
#define POLLNVAL 0x10
struct pollfd {
    int fd;
    short events;
    short revents;
};
#elif RTTHREAD_VERSION >= 40100
#include <poll.h>
#else
#include <dfs_poll.h>
#endif

/* DFS's view of a descriptor. SAL has sal_poll, but no header with it. */
#ifdef SAL_USING_POSIX
#include <dfs.h>
#include <dfs_file.h>
#include <rtdevice.h>
#if RTTHREAD_VERSION >= 50000
typedef struct dfs_file sal_file_t;
#define SAL_FILE_NUMBER(file) ((int)(intptr_t)(file)->vnode->data)
#define SAL_FILE_TYPE(file) ((file)->vnode->type)
#define SAL_FILE_PUT(file) ((void)0)
#else
typedef struct dfs_fd sal_file_t;
#define SAL_FILE_NUMBER(file) ((int)(intptr_t)(file)->data)
#define SAL_FILE_TYPE(file) ((file)->type)
#define SAL_FILE_PUT(file) fd_put(file)
#endif
#ifdef DFS_FD_OFFSET
#define SAL_FILE_INDEX(fd) ((fd)-DFS_FD_OFFSET)
#else
#define SAL_FILE_INDEX(fd) (fd)
#endif
int sal_poll(sal_file_t *file, struct rt_pollreq *req);
#endif

/* closesocket frees the node of the descriptor, and then releases the descriptor, which counts down in
 * the node: by then another thread may have that memory. */
#if defined(SAL_USING_POSIX) && RTTHREAD_VERSION >= 50000 && RTTHREAD_VERSION < 50100
#define SAL_CLOSES_LATE 1
#else
#define SAL_CLOSES_LATE 0
#endif

/* lwIP's generation below SAL. The online package, from 5.0 on, is 2.1 or newer. */
#if defined(RT_USING_LWIP212) || defined(RT_USING_LWIP_LATEST) || RT_USING_LWIP_VER_NUM >= 0x20100
#define SAL_LWIP_21 1
#else
#define SAL_LWIP_21 0
#endif

/* SAL's headers define these, but no stack below has them, or not with this number. */
#undef AF_UNIX
#undef SO_BINDTODEVICE
#undef SO_DOMAIN
#undef SO_PASSCRED
#undef SO_PEERCRED
#undef SO_PROTOCOL
#undef SO_REUSEPORT
#undef SO_SNDBUF
#if defined(RT_USING_LWIP) && !LWIP_SO_LINGER
#undef SO_LINGER
#endif

#endif
