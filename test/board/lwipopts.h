/* lwIP's options: those that MicroPython's own boards share (extmod/lwip-include/lwipopts_common.h), and what a board decides.
 *
 * BOARD_ROOMY: the pools of a board with more memory, and counted pools, for the test suite. BOARD_IPV6: both families.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_LWIPOPTS_H
#define BOARD_LWIPOPTS_H

#include <stdint.h>

uint32_t board_random_u32(void);
#define LWIP_RAND() board_random_u32()

#define LWIP_IPV4 1
#ifdef BOARD_IPV6
#define LWIP_IPV6 1
#define LWIP_ND6_NUM_DESTINATIONS 4
#define LWIP_ND6_QUEUEING 0
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS 0
#else
#define LWIP_IPV6 0
#endif

#define LWIP_HAVE_LOOPIF 1
#define LWIP_NETIF_LOOPBACK 1
#define LWIP_LOOPIF_MULTICAST 1
#define LWIP_MULTICAST_TX_OPTIONS 1
#define LWIP_TCP_KEEPALIVE 1

#ifdef BOARD_ROOMY
#define MEM_SIZE (48 * 1024)
#define TCP_MSS 1460
#define TCP_WND (4 * TCP_MSS)
#define TCP_SND_BUF (4 * TCP_MSS)
#define MEMP_NUM_TCP_SEG 64
#define MEMP_NUM_TCP_PCB 32
#define MEMP_NUM_TCP_PCB_LISTEN 8
#define MEMP_NUM_RAW_PCB 4
#define MEMP_NUM_IGMP_GROUP 8
#define PBUF_POOL_SIZE 24
#endif

#include "extmod/lwip-include/lwipopts_common.h"

/* The responder for NAME.local would keep two pcbs of the few. */
#undef LWIP_MDNS_RESPONDER
#define LWIP_MDNS_RESPONDER 0

#ifdef BOARD_ROOMY
#undef MEMP_NUM_UDP_PCB
#define MEMP_NUM_UDP_PCB 24
#undef LWIP_STATS
#define LWIP_STATS 1
#define LWIP_STATS_DISPLAY 1 /* the pools' names */
#define LINK_STATS 0
#define ETHARP_STATS 0
#define IP_STATS 0
#define IPFRAG_STATS 0
#define ICMP_STATS 0
#define IGMP_STATS 0
#define UDP_STATS 0
#define TCP_STATS 0
#define SYS_STATS 0
#define IP6_STATS 0
#define ICMP6_STATS 0
#define IP6_FRAG_STATS 0
#define MLD6_STATS 0
#define ND6_STATS 0
#endif

#endif
