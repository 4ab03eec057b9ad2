/* lwIP without an OS (NO_SYS 1) through its raw API: what a board provides, and the numbers of options. lwIP 2.1 or newer.
 *
 * A board provides, in lwipopts.h, with -D, or in the header that PLAT_FILE names; in MicroPython
 * micropython.h has them from MicroPython's own:
 *   PLAT_LWIP_ENTER, PLAT_LWIP_EXIT   keep lwIP from running meanwhile; a pair in one block, which
 *                                     may declare a variable; they nest
 *   PLAT_IDLE(ms)                     sleep until an interrupt, or that long at most; it may return
 *                                     at once
 *   PLAT_PUMP()                       run lwIP (input, netif_poll_all, sys_check_timeouts), where
 *                                     no interrupt does; default: nothing
 *   PLAT_MALLOC(size), PLAT_FREE(p)    memory of lookups and TLS; default: malloc and free
 *   PLAT_LOCK(), PLAT_UNLOCK()        the library's lock, where USOCKET_THREADS is 1
 *   PLAT_KICK()                       end a PLAT_IDLE of another thread, where USOCKET_THREADS is 1
 *   PLAT_WALL_TIME()                  seconds since 1970; 0: not known; default: time(NULL)
 *   PLAT_TRUST                        with TLS the name of a file of authorities; default: NULL
 *   PLAT_HANDLE_COUNT                 handles; default: one for each pcb and each lookup
 *   PLAT_SET_COUNT                    pollers and dialers that may be open at a time; default: 2
 *   PLAT_PBUFS_WAITING                pbufs that received datagrams may take, of all sockets; each
 *                                     socket may keep one datagram in any case; default: half of
 *                                     lwIP's pool
 * With TLS the board also writes usocket_port_random; an image without it does not link.
 *
 * Callers: the files of this folder. lwIP's callbacks run in an interrupt, in PLAT_PUMP, or in the
 * caller's own call of lwIP; they write to a slot, and neither wait nor allocate.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PLATFORM_H
#define USOCKET_PLATFORM_H

#include <lwip/opt.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "usocket/config.h"

#ifdef PLAT_FILE
#include PLAT_FILE
#elif defined(USOCKET_IN_MICROPYTHON)
#include "micropython.h"
#endif

/* ---- What lwipopts.h must say ------------------------------------------------------------------------------------- */

#if !NO_SYS
#error "port/lwip_raw is for NO_SYS 1: with an OS use port/lwip"
#endif
#if !LWIP_TCP || !LWIP_CALLBACK_API
#error "lwipopts.h: LWIP_TCP 1 and LWIP_CALLBACK_API 1 are missing"
#endif
#if !LWIP_IPV4
#error "lwipopts.h: LWIP_IPV4 1 is missing"
#endif
#if USOCKET_IPV6 && !LWIP_IPV6
#error "lwipopts.h: LWIP_IPV6 1 is missing, or set USOCKET_IPV6 to 0"
#endif
#if USOCKET_DATAGRAMS && !LWIP_UDP
#error "lwipopts.h: LWIP_UDP 1 is missing, or set USOCKET_DATAGRAMS to 0"
#endif
#if USOCKET_NAMES && !LWIP_DNS
#error "lwipopts.h: LWIP_DNS 1 is missing, or set USOCKET_NAMES to 0"
#endif
#if USOCKET_SERVER && !TCP_LISTEN_BACKLOG
#error "lwipopts.h: TCP_LISTEN_BACKLOG 1 is missing: listen(n) would have no limit"
#endif
#if !SO_REUSE
#error "lwipopts.h: SO_REUSE 1 is missing: SO_REUSEADDR would do nothing"
#endif
#if USOCKET_CLOCK_STEP_US < 1000
#error "sys_now() counts milliseconds: USOCKET_CLOCK_STEP_US must be 1000 or more; usocket_config.h has the knobs"
#endif
#if USOCKET_UNIX || USOCKET_FORK || USOCKET_RESOLVER_WORKERS
#error "lwIP has neither AF_UNIX nor fork() nor threads for lookups: usocket_config.h has the knobs"
#endif
#if !defined(PLAT_LWIP_ENTER) || !defined(PLAT_LWIP_EXIT) || !defined(PLAT_IDLE)
#error "define PLAT_LWIP_ENTER, PLAT_LWIP_EXIT and PLAT_IDLE: platform.h describes them"
#endif
#if USOCKET_THREADS && (!defined(PLAT_LOCK) || !defined(PLAT_UNLOCK))
#error "USOCKET_THREADS 1 takes PLAT_LOCK and PLAT_UNLOCK: platform.h describes them"
#endif

#ifndef PLAT_PUMP
#define PLAT_PUMP() ((void)0)
#define PLAT_PUMPS 0
#else
#define PLAT_PUMPS 1
#endif
#ifndef PLAT_KICK
#define PLAT_KICK() ((void)0)
#endif
#ifndef PLAT_HANDLE_COUNT
#define PLAT_HANDLE_COUNT \
    (MEMP_NUM_TCP_PCB + MEMP_NUM_TCP_PCB_LISTEN + MEMP_NUM_UDP_PCB + MEMP_NUM_RAW_PCB + \
        (USOCKET_NAMES ? DNS_TABLE_SIZE : 0))
#endif
#ifndef PLAT_SET_COUNT
#define PLAT_SET_COUNT 2
#endif
#ifndef PLAT_PBUFS_WAITING
#define PLAT_PBUFS_WAITING (PBUF_POOL_SIZE / 2)
#endif

#define PLAT_BSD 0 /* the files of port/ are for stacks with BSD sockets */
#define PLAT_HANDLES_ARE_DESCRIPTORS 0
#define PLAT_HAS_GETNAMEINFO 0
#define PLAT_HAS_SA_LEN 1

/* ---- Numbers ------------------------------------------------------------------------------------------------------ */

/* The numbers are those of lwIP's sockets, which do not exist here; lwIP lacks some, which are free ones there. */
#define SOL_SOCKET 0xfff
#define SO_ACCEPTCONN 0x0002
#define SO_REUSEADDR 0x0004
#define SO_KEEPALIVE 0x0008
#define SO_LINGER 0x0080
#define SO_RCVBUF 0x1002
#define SO_SNDTIMEO 0x1005
#define SO_RCVTIMEO 0x1006
#define SO_ERROR 0x1007
#define SO_TYPE 0x1008
#define SO_BINDTODEVICE 0x100b
#if USOCKET_DATAGRAMS
#define SO_BROADCAST 0x0020
#endif

#define IPPROTO_IP 0
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_IPV6 41

#define IP_TOS 1
#define IP_TTL 2
#if LWIP_IGMP
#define IP_ADD_MEMBERSHIP 3
#define IP_DROP_MEMBERSHIP 4
#endif
#if LWIP_MULTICAST_TX_OPTIONS
#define IP_MULTICAST_TTL 5
#define IP_MULTICAST_IF 6
#define IP_MULTICAST_LOOP 7
#endif

#define TCP_NODELAY 1
#define TCP_KEEPIDLE 3
#if LWIP_TCP_KEEPALIVE
#define TCP_KEEPINTVL 4
#define TCP_KEEPCNT 5
#endif

#if USOCKET_IPV6
#define IPV6_V6ONLY 27
#define IPV6_UNICAST_HOPS 16
#if LWIP_IPV6_MLD
#define IPV6_JOIN_GROUP 12
#define IPV6_LEAVE_GROUP 13
#endif
#if LWIP_MULTICAST_TX_OPTIONS
#define IPV6_MULTICAST_IF 17
#define IPV6_MULTICAST_HOPS 18
#define IPV6_MULTICAST_LOOP 19
#endif
#endif

#define MSG_PEEK 0x01
#define MSG_WAITALL 0x02
#define MSG_DONTWAIT 0x08
#define MSG_MORE 0x10
#define MSG_NOSIGNAL 0x20
#define MSG_TRUNC 0x40

#define SOMAXCONN 255

#endif
