/* Features of lwIP in the tests, with an operating system and without one: all that usocket can use.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_LWIPOPTS_SHARED_H
#define TEST_LWIPOPTS_SHARED_H

/* A failed assertion or an argument that lwIP refuses ends the program (interfaces.c). */
void test_lwip_failed(const char *what, const char *file, int line) __attribute__((noreturn));
#undef LWIP_PLATFORM_ASSERT /* lwip/arch.h may have defined it */
#define LWIP_PLATFORM_ASSERT(x) test_lwip_failed(x, __FILE__, __LINE__)
#define LWIP_ERROR(message, expression, handler) \
    do { \
        if (!(expression)) { \
            test_lwip_failed(message, __FILE__, __LINE__); \
            handler; \
        } \
    } while (0)

#define LWIP_IPV4 1
#define LWIP_IPV6 1
#define LWIP_TCP 1
#define LWIP_UDP 1
#define LWIP_RAW 1
#define LWIP_ICMP 1
#define LWIP_IGMP 1
#define LWIP_IPV6_MLD 1
#define LWIP_MULTICAST_TX_OPTIONS 1
#define LWIP_DNS 1
#define LWIP_ARP 1
#define IP_REASSEMBLY 1
#define IP_FRAG 1
#define IPV6_FRAG_COPYHEADER 1 /* its helper does not fit into the header with 64-bit pointers */
#define IP_SOF_BROADCAST 1
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS 0
#define LWIP_IPV6_SEND_ROUTER_SOLICIT 0
#define LWIP_IPV6_NUM_ADDRESSES 4
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_NETIF_STATUS_CALLBACK 0
#define LWIP_HAVE_LOOPIF 1
#define LWIP_NETIF_LOOPBACK 1
#define LWIP_LOOPIF_MULTICAST 1
#define LWIP_MULTICAST_PING 1

#define SO_REUSE 1
#define SO_REUSE_RXTOALL 1
#define LWIP_TCP_KEEPALIVE 1
#define TCP_LISTEN_BACKLOG 1
extern unsigned long test_lwip_msl; /* in interfaces.c; in LAST_ACK lwIP waits twice this time for the peer, then resets the connection */
#define TCP_MSL test_lwip_msl

#define LWIP_DNS_SECURE 7
#define DNS_MAX_SERVERS 1
#define DNS_MAX_RETRIES 2 /* an unanswered query ends after 2 s */
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

#define MEM_ALIGNMENT 8
#define MEM_LIBC_MALLOC 0
#define LWIP_STATS 1
#define LWIP_STATS_LARGE 1
#define LWIP_WND_SCALE 0

#endif
