/* lwIP's configuration in the tests of port/lwip: its sockets and its thread, with the pools of a board with some memory. With
 * TEST_LWIP_TINY, the pools of a small board; tests that need more print a skip.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_LWIPOPTS_H
#define TEST_LWIPOPTS_H

#include "lwipopts_shared.h"

#define NO_SYS 0
#define SYS_LIGHTWEIGHT_PROT 1
#define LWIP_TCPIP_CORE_LOCKING 1
#define LWIP_NETCONN_FULLDUPLEX 0
#define LWIP_NETCONN_SEM_PER_THREAD 0
void sys_check_core_locking(void);
#define LWIP_ASSERT_CORE_LOCKED() sys_check_core_locking()
#define TEST_LWIP_LOCK() LOCK_TCPIP_CORE()
#define TEST_LWIP_UNLOCK() UNLOCK_TCPIP_CORE()
#define TCPIP_MBOX_SIZE 64
#define TCPIP_THREAD_STACKSIZE 65536
#define LWIP_NETIF_API 1
#define LWIP_NETIF_LOOPBACK_MULTITHREADING 1

#define LWIP_SOCKET 1
#define LWIP_NETCONN 1
#define LWIP_COMPAT_SOCKETS 0
#define LWIP_SOCKET_SELECT 1
#define LWIP_SOCKET_POLL 1
#define LWIP_SO_RCVTIMEO 1
#define LWIP_SO_SNDTIMEO 1
#define LWIP_SO_LINGER 1
#define LWIP_SO_RCVBUF 1
#define LWIP_FIONREAD_LINUXMODE 1
#define LWIP_TCP_PCB_NUM_EXT_ARGS 1
#define LWIP_TCP_CLOSE_TIMEOUT_MS_DEFAULT 2000 /* longest wait of close() for memory */
#define TCP_MSS 1460

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
