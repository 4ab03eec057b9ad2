/* lwIP's options: those that MicroPython's own boards share (extmod/lwip-include/lwipopts_common.h), and what a board decides.
 *
 * BOARD_ROOMY: the pools of a board with more memory, counted. BOARD_TEST: for the test suite, both families, larger pools, names
 * without a server.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_LWIPOPTS_H
#define BOARD_LWIPOPTS_H

#include <stdint.h>

uint32_t board_random_u32(void);
#define LWIP_RAND() board_random_u32()

#define LWIP_IPV4 1
#ifdef BOARD_TEST
#define BOARD_ROOMY
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

#ifdef BOARD_TEST
#define MEM_SIZE (256 * 1024)
#define TCP_MSS 1460
#define TCP_WND (16 * TCP_MSS)
#define TCP_SND_BUF (16 * TCP_MSS)
#define TCP_SND_QUEUELEN 64
#define MEMP_NUM_TCP_SEG 512
#define MEMP_NUM_TCP_PCB 100
#define MEMP_NUM_TCP_PCB_LISTEN 16
#define MEMP_NUM_RAW_PCB 8
#define MEMP_NUM_IGMP_GROUP 16
#define MEMP_NUM_MLD6_GROUP 16
#define MEMP_NUM_PBUF 128
#define PBUF_POOL_SIZE 64
#define TCP_MSL 5000
#define DNS_TABLE_SIZE 8
#define DNS_MAX_SERVERS 1
#define DNS_MAX_RETRIES 2
#define DNS_LOCAL_HOSTLIST 1
#define DNS_LOCAL_HOSTLIST_INIT \
    { \
        DNS_LOCAL_HOSTLIST_ELEM("localhost", IPADDR4_INIT_BYTES(127, 0, 0, 1)), \
            DNS_LOCAL_HOSTLIST_ELEM("localhost", IPADDR6_INIT_HOST(0, 0, 0, 1)), \
            DNS_LOCAL_HOSTLIST_ELEM("five", IPADDR4_INIT_BYTES(127, 0, 0, 5)), \
            DNS_LOCAL_HOSTLIST_ELEM("six", IPADDR6_INIT_HOST(0, 0, 0, 1)), \
            DNS_LOCAL_HOSTLIST_ELEM("both", IPADDR4_INIT_BYTES(127, 0, 0, 1)), \
            DNS_LOCAL_HOSTLIST_ELEM("both", IPADDR6_INIT_HOST(0, 0, 0, 1)) \
    }
#define SO_REUSE_RXTOALL 1
#define IP_SOF_BROADCAST 1
#elif defined(BOARD_ROOMY)
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
#ifdef BOARD_TEST
#define MEMP_NUM_UDP_PCB 48
#else
#define MEMP_NUM_UDP_PCB 24
#endif
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
