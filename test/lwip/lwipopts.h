/* lwIP's configuration in the tests: every feature that usocket can use, with the pools of a board with some memory. With
 * TEST_LWIP_TINY, the pools of a small board; tests that need more print a skip.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_LWIPOPTS_H
#define TEST_LWIPOPTS_H

/* A failed assertion or an argument that lwIP refuses ends the program (start.c). */
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

#define NO_SYS 0
#define SYS_LIGHTWEIGHT_PROT 1
#define LWIP_TCPIP_CORE_LOCKING 1
#define LWIP_NETCONN_FULLDUPLEX 0
#define LWIP_NETCONN_SEM_PER_THREAD 0
void sys_check_core_locking(void);
#define LWIP_ASSERT_CORE_LOCKED() sys_check_core_locking()
#define TCPIP_MBOX_SIZE 64
#define TCPIP_THREAD_STACKSIZE 65536

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
#define LWIP_NETIF_API 1
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_NETIF_STATUS_CALLBACK 0
#define LWIP_HAVE_LOOPIF 1
#define LWIP_NETIF_LOOPBACK 1
#define LWIP_NETIF_LOOPBACK_MULTITHREADING 1
#define LWIP_LOOPIF_MULTICAST 1
#define LWIP_MULTICAST_PING 1

#define LWIP_SOCKET 1
#define LWIP_NETCONN 1
#define LWIP_COMPAT_SOCKETS 0
#define LWIP_SOCKET_SELECT 1
#define LWIP_SOCKET_POLL 1
#define LWIP_SO_RCVTIMEO 1
#define LWIP_SO_SNDTIMEO 1
#define LWIP_SO_LINGER 1
#define LWIP_SO_RCVBUF 1
#define SO_REUSE 1
#define SO_REUSE_RXTOALL 1
#define LWIP_FIONREAD_LINUXMODE 1
#define LWIP_TCP_KEEPALIVE 1
#define TCP_LISTEN_BACKLOG 1
#define LWIP_TCP_PCB_NUM_EXT_ARGS 1
extern unsigned long test_lwip_msl; /* in start.c; in LAST_ACK lwIP waits twice this time for the peer, then resets the connection */
#define TCP_MSL test_lwip_msl
#define LWIP_TCP_CLOSE_TIMEOUT_MS_DEFAULT 2000 /* longest wait of close() for memory */

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
#define TCP_MSS 1460
#define LWIP_WND_SCALE 0

#ifdef TEST_LWIP_TINY

#define MEM_SIZE (16 * 1024)
#define MEMP_NUM_NETCONN 4
#define MEMP_NUM_TCP_PCB 4
#define MEMP_NUM_TCP_PCB_LISTEN 2
#define MEMP_NUM_UDP_PCB 4
#define MEMP_NUM_RAW_PCB 2
#define MEMP_NUM_NETBUF 8
#define MEMP_NUM_NETDB 1
#define MEMP_NUM_TCP_SEG 24
#define MEMP_NUM_PBUF 16
#define PBUF_POOL_SIZE 16
#define MEMP_NUM_IGMP_GROUP 8
#define MEMP_NUM_MLD6_GROUP 8
#define DNS_TABLE_SIZE 2
#define TCP_WND (4 * TCP_MSS)
#define TCP_SND_BUF (2 * TCP_MSS)
#define TCP_SND_QUEUELEN 8
#define DEFAULT_ACCEPTMBOX_SIZE 4
#define DEFAULT_TCP_RECVMBOX_SIZE 8
#define DEFAULT_UDP_RECVMBOX_SIZE 6
#define DEFAULT_RAW_RECVMBOX_SIZE 4

#else

#define MEM_SIZE (1024 * 1024)
#define MEMP_NUM_NETCONN 128
#define MEMP_NUM_TCP_PCB 128
#define MEMP_NUM_TCP_PCB_LISTEN 32
#define MEMP_NUM_UDP_PCB 64
#define MEMP_NUM_RAW_PCB 16
#define MEMP_NUM_NETBUF 256
#define MEMP_NUM_NETDB 1 /* as with larger pools */
#define MEMP_NUM_TCP_SEG 512
#define MEMP_NUM_PBUF 256
#define PBUF_POOL_SIZE 256
#define MEMP_NUM_IGMP_GROUP 32
#define MEMP_NUM_MLD6_GROUP 32
#define DNS_TABLE_SIZE 8
#define TCP_WND (16 * TCP_MSS)
#define TCP_SND_BUF (16 * TCP_MSS)
#define TCP_SND_QUEUELEN 64
#define DEFAULT_ACCEPTMBOX_SIZE 64
#define DEFAULT_TCP_RECVMBOX_SIZE 64
#define DEFAULT_UDP_RECVMBOX_SIZE 64
#define DEFAULT_RAW_RECVMBOX_SIZE 16

#endif

#define MEMP_NUM_TCPIP_MSG_INPKT 64
#define MEMP_NUM_SYS_TIMEOUT (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 4)

#endif
