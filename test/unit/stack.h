/* Constants and structures of the stack under test: its platform.h with TEST_PLATFORM, otherwise this system's headers.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_STACK_H
#define TEST_STACK_H

#ifdef TEST_PLATFORM
#include "platform.h"
#if defined(LWIP_HDR_OPT_H) && !LWIP_SOCKET /* port/lwip_raw: numbers of lwIP's sockets that the port does not know */
#define SOCK_STREAM 1
#define IPPROTO_UDP 17
#define IPPROTO_RAW 255
#define SO_NO_CHECK 0x100a
#define TCP_KEEPALIVE 0x02
#define IPV6_CHECKSUM 7
#define MSG_OOB 0x04
struct linger {
    int l_onoff, l_linger;
};
#endif
#else
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#endif

#endif
