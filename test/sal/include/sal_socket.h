/* The socket API of RT-Thread's SAL: BSD addresses with a length field, lwIP's constants.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_SOCKET_H
#define SAL_SOCKET_H

#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>

#ifndef __socklen_t_defined
typedef uint32_t socklen_t;
#define __socklen_t_defined
#endif
typedef uint8_t sa_family_t;
typedef uint16_t in_port_t;

#define AF_UNSPEC 0
#if LOOK_VERSION >= 50001
#define AF_UNIX 1
#define PF_UNIX AF_UNIX
#endif
#define AF_INET 2
#define AF_INET6 10
#define AF_AT 45

#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#if LOOK_VERSION >= 50001
#define SOCK_PACKET 10
#define SOCK_NONBLOCK 04000
#define SOCK_CLOEXEC 02000000
#endif

#define IPPROTO_IP 0
#define IPPROTO_ICMP 1
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_IPV6 41
#define IPPROTO_ICMPV6 58
#define IPPROTO_UDPLITE 136
#define IPPROTO_RAW 255

#define SOL_SOCKET 0xfff
#define SO_DEBUG 0x0001
#define SO_ACCEPTCONN 0x0002
#define SO_REUSEADDR 0x0004
#define SO_KEEPALIVE 0x0008
#define SO_DONTROUTE 0x0010
#define SO_BROADCAST 0x0020
#define SO_LINGER 0x0080
#define SO_OOBINLINE 0x0100
#define SO_REUSEPORT 0x0200
#if LOOK_VERSION >= 50200 /* of no stack below */
#define SO_PASSCRED 16
#define SO_PEERCRED 17
#define SO_BINDTODEVICE 25
#define SO_ATTACH_FILTER 26
#define SO_DETACH_FILTER 27
#define SO_SNDBUFFORCE 32
#define SO_RCVBUFFORCE 33
#define SO_PROTOCOL 38
#define SO_DOMAIN 39
#endif
#define SO_SNDBUF 0x1001
#define SO_RCVBUF 0x1002
#define SO_SNDLOWAT 0x1003
#define SO_RCVLOWAT 0x1004
#define SO_SNDTIMEO 0x1005
#define SO_RCVTIMEO 0x1006
#define SO_ERROR 0x1007
#define SO_TYPE 0x1008
#define SO_CONTIMEO 0x1009
#define SO_NO_CHECK 0x100a

#define MSG_PEEK 0x01
#define MSG_WAITALL 0x02
#define MSG_OOB 0x04
#define MSG_DONTWAIT 0x08
#define MSG_MORE 0x10
#if LOOK_VERSION >= 50200
#define MSG_CONFIRM 0x0800
#define MSG_ERRQUEUE 0x2000
#endif

#define IP_TOS 1
#define IP_TTL 2
#define IP_ADD_MEMBERSHIP 3
#define IP_DROP_MEMBERSHIP 4
#define IP_MULTICAST_TTL 5
#define IP_MULTICAST_IF 6
#define IP_MULTICAST_LOOP 7

#define TCP_NODELAY 1
#define TCP_KEEPALIVE 2
#define TCP_KEEPIDLE 3
#define TCP_KEEPINTVL 4
#define TCP_KEEPCNT 5

#define SHUT_RD 0
#define SHUT_WR 1
#define SHUT_RDWR 2

typedef struct ip_mreq {
    struct in_addr imr_multiaddr;
    struct in_addr imr_interface;
} ip_mreq;

struct sockaddr {
    uint8_t sa_len;
    sa_family_t sa_family;
    char sa_data[14];
};

#if LOOK_VERSION >= 50200
struct sockaddr_un {
    unsigned short sa_family;
    char sun_path[108];
};
#elif LOOK_VERSION >= 50001
struct sockaddr_un {
    uint8_t sa_len;
    sa_family_t sa_family;
    char sun_path[108];
};
#endif

struct sockaddr_in {
    uint8_t sin_len;
    sa_family_t sin_family;
    in_port_t sin_port;
    struct in_addr sin_addr;
    char sin_zero[8];
};

#if NETDEV_IPV6
struct sockaddr_in6 {
    uint8_t sin6_len;
    sa_family_t sin6_family;
    in_port_t sin6_port;
    uint32_t sin6_flowinfo;
    struct in6_addr sin6_addr;
    uint32_t sin6_scope_id;
};
#endif

struct sockaddr_storage {
    uint8_t s2_len;
    sa_family_t ss_family;
    char s2_data1[2];
    uint32_t s2_data2[3];
#if NETDEV_IPV6
    uint32_t s2_data3[3];
#endif
};

int sal_accept(int s, struct sockaddr *addr, socklen_t *len);
int sal_bind(int s, const struct sockaddr *addr, socklen_t len);
int sal_shutdown(int s, int how);
int sal_getpeername(int s, struct sockaddr *addr, socklen_t *len);
int sal_getsockname(int s, struct sockaddr *addr, socklen_t *len);
int sal_getsockopt(int s, int level, int name, void *value, socklen_t *len);
int sal_setsockopt(int s, int level, int name, const void *value, socklen_t len);
int sal_connect(int s, const struct sockaddr *addr, socklen_t len);
int sal_listen(int s, int backlog);
int sal_recvfrom(int s, void *buf, size_t len, int flags, struct sockaddr *from, socklen_t *size);
int sal_sendto(int s, const void *buf, size_t len, int flags, const struct sockaddr *to, socklen_t size);
int sal_socket(int domain, int type, int protocol);
int sal_closesocket(int s);
int sal_ioctlsocket(int s, long command, void *arg);

#endif
