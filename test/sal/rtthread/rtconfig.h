/* The configuration of a board in the form that menuconfig writes.
 *
 * LOOK_VERSION is the version of RT-Thread that is imitated, e.g. 40003 or 50200. A header that the version lacks is an error.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_RTCONFIG_H
#define SAL_RTCONFIG_H

#ifndef LOOK_VERSION
#define LOOK_VERSION 40003
#endif

#define RT_NAME_MAX 8
#ifndef RT_TICK_PER_SECOND
#define RT_TICK_PER_SECOND 100
#endif
#define RT_USING_SEMAPHORE
#define RT_USING_MUTEX
#define RT_USING_HEAP
#define RT_USING_LIBC
#define RT_USING_NEWLIB
#define RT_USING_NETDEV
#define NETDEV_USING_IPV4 1
#define NETDEV_IPV4 1
#define RT_USING_SAL
#define RT_USING_LWIP
#define RT_USING_LWIP212
#define LWIP_SO_LINGER 1
#define SAL_USING_LWIP
#ifndef LOOK_NO_AT
#define SAL_USING_AT
#endif

#ifndef LOOK_NO_POSIX
#if LOOK_VERSION < 40100
#define RT_USING_POSIX
#else
#define RT_USING_POSIX_FS
#define RT_USING_POSIX_POLL
#define RT_USING_POSIX_SELECT
#define RT_USING_POSIX_SOCKET
#endif
#define SAL_USING_POSIX
#define DFS_FD_MAX 256
#endif

#ifdef LOOK_NO_IPV6
#define NETDEV_IPV6 0
#else
#define RT_USING_LWIP_IPV6
#define NETDEV_USING_IPV6 1
#define NETDEV_IPV6 1
#define USOCKET_USING_IPV6
#endif

#define PKG_USING_USOCKET
#define USOCKET_USING_NAMES
#define USOCKET_USING_SERVER
#define USOCKET_USING_DGRAM
#define USOCKET_USING_RESOLVER_WORKER
#define USOCKET_USING_THREADS
#define USOCKET_USING_WORDS
#define USOCKET_USING_EXTRAS
#define USOCKET_RESOLVER_STACK_SIZE 4096
#define USOCKET_RESOLVER_PRIORITY 20

#define RT_HWCRYPTO_USING_RNG
#define USOCKET_TLS_TRUST_FILE "/etc/ssl/certs/ca-certificates.crt"

#endif
