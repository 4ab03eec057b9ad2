/* lwIP's configuration in the tests of port/lwip_raw: no operating system, and nothing but the raw API. With TEST_LWIP_TINY, the
 * pools of a small board. With TEST_LWIP_PREEMPTS lwIP runs in a signal handler (strikes.c), else in the waits (idle.c).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_LWIPOPTS_H
#define TEST_LWIPOPTS_H

#include "../lwip/lwipopts_shared.h"
#include "board.h"

#define NO_SYS 1
#define LWIP_SOCKET 0
#define LWIP_NETCONN 0
#define LWIP_TIMERS 1

/* Each use of lwIP holds the lock; lwIP's own protection is the check of that. */
#define SYS_LIGHTWEIGHT_PROT 1
#define SYS_ARCH_DECL_PROTECT(lev) ((void)0)
#define SYS_ARCH_PROTECT(lev) test_lwip_check()
#define SYS_ARCH_UNPROTECT(lev) ((void)0)
#define LWIP_ASSERT_CORE_LOCKED() test_lwip_check()
#define TEST_LWIP_LOCK() unsigned held_before = test_lwip_enter()
#define TEST_LWIP_UNLOCK() test_lwip_exit(held_before)

#ifdef TEST_LWIP_TINY

#define MEM_SIZE (8 * 1024)
#define MEMP_NUM_TCP_PCB 5
#define MEMP_NUM_TCP_PCB_LISTEN 2
#define MEMP_NUM_UDP_PCB 4
#define MEMP_NUM_RAW_PCB 2
#define MEMP_NUM_TCP_SEG 32
#define MEMP_NUM_PBUF 16
#define PBUF_POOL_SIZE 16
#define MEMP_NUM_IGMP_GROUP 8
#define MEMP_NUM_MLD6_GROUP 8
#define DNS_TABLE_SIZE 2
#define TCP_MSS 800
#define TCP_WND (8 * TCP_MSS)
#define TCP_SND_BUF (8 * TCP_MSS)

#else

#define MEM_SIZE (1024 * 1024)
#define MEMP_NUM_TCP_PCB 300
#define MEMP_NUM_TCP_PCB_LISTEN 32
#define MEMP_NUM_UDP_PCB 64
#define MEMP_NUM_RAW_PCB 16
#define MEMP_NUM_TCP_SEG 512
#define MEMP_NUM_PBUF 256
#define PBUF_POOL_SIZE 256
#define MEMP_NUM_IGMP_GROUP 32
#define MEMP_NUM_MLD6_GROUP 32
#define DNS_TABLE_SIZE 8
#define TCP_MSS 1460
#define TCP_WND (16 * TCP_MSS)
#define TCP_SND_BUF (16 * TCP_MSS)
#define TCP_SND_QUEUELEN 64

#endif

#endif
