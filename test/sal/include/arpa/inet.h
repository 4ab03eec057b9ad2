/* Addresses as RT-Thread's netdev has them. Its inet_* are left out, because the library must not call them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_ARPA_INET_H
#define SAL_ARPA_INET_H

#include <stdint.h>

#include <rtconfig.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define htons(x) ((uint16_t)((((x) & 0xffu) << 8) | (((x) & 0xff00u) >> 8)))
#define htonl(x) \
    ((uint32_t)((((x) & 0xffu) << 24) | (((x) & 0xff00u) << 8) | (((x) & 0xff0000u) >> 8) | (((x) & 0xff000000u) >> 24)))
#else
#define htons(x) ((uint16_t)(x))
#define htonl(x) ((uint32_t)(x))
#endif
#define ntohs(x) htons(x)
#define ntohl(x) htonl(x)

typedef uint32_t in_addr_t;

struct in_addr {
    in_addr_t s_addr;
};

#if NETDEV_IPV6
struct in6_addr {
    union {
        uint32_t u32_addr[4];
        uint8_t u8_addr[16];
    } un;
#define s6_addr un.u8_addr
};
#endif

#define INADDR_NONE ((uint32_t)0xffffffffu)
#define INADDR_LOOPBACK ((uint32_t)0x7f000001u)
#define INADDR_ANY ((uint32_t)0)
#define INADDR_BROADCAST ((uint32_t)0xffffffffu)

#endif
