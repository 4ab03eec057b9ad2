/* Socket options that lwIP must not see, or only with another value. port/guard_options.c
 * translates the values of the others.
 *
 * Callers: the guard, in any thread, with the library's lock held. No function waits; lwIP's core
 * lock is held for a moment.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include "usocket/port.h"

#include <lwip/igmp.h>
#include <lwip/netif.h>
#include <lwip/tcpip.h>

#include <string.h>

static int fail(int number) {
    errno = number;
    return -1;
}

/* SOCK_* of a socket; -1: not a socket. */
static int type_of(int fd) {
    int type = 0;
    socklen_t len = sizeof(type);
    return lwip_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 ? -1 : type;
}

/* True for a group of the other family than the socket's: lwIP leaves it at the close as if it were
 * of the socket's own family. */
static bool is_foreign_group(int fd, int level, int name) {
    struct sockaddr_storage own;
    socklen_t len = sizeof(own);
    int family = AF_UNSPEC;
#if LWIP_IGMP
    family = level == IPPROTO_IP && (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP) ? AF_INET : family;
#endif
#if LWIP_IPV6_MLD
    family = level == IPPROTO_IPV6 && (name == IPV6_JOIN_GROUP || name == IPV6_LEAVE_GROUP) ? AF_INET6 : family;
#endif
    return family != AF_UNSPEC && lwip_getsockname(fd, (struct sockaddr *)&own, &len) == 0 && own.ss_family != family;
}

/* IPV6_CHECKSUM uses a field that only a raw socket has. */
static bool is_dangerous(int fd, int level, int name) {
    if (is_foreign_group(fd, level, name)) {
        return true;
    }
#if LWIP_IPV6
    if ((level == IPPROTO_IPV6 || level == IPPROTO_RAW) && name == IPV6_CHECKSUM) {
        return type_of(fd) != SOCK_RAW;
    }
#endif
    return false;
}

int plat_getsockopt(int fd, int level, int name, void *value, socklen_t *len) {
    return is_dangerous(fd, level, name) ? fail(ENOPROTOOPT) : lwip_getsockopt(fd, level, name, value, len);
}

#if LWIP_RAW && LWIP_IPV6
/* The smallest packet, in bytes: lwIP fills in the checksum, and asserts that there is room for
 * it. */
size_t lwip_raw_least(int fd) {
    int offset = -1;
    socklen_t len = sizeof(offset);
    return lwip_getsockopt(fd, IPPROTO_RAW, IPV6_CHECKSUM, &offset, &len) < 0 || offset < 0 ? 0 : (size_t)offset + 2;
}
#endif

/* SO_BINDTODEVICE writes to the pcb without a check that there is one. The pcb of a connected
 * stream can go at any moment, so the option is refused there. @return 0, or an error number */
static int check_bind_to(int fd) {
    struct sockaddr_storage peer;
    int value;
    socklen_t len = sizeof(peer);
    if (type_of(fd) == SOCK_STREAM && lwip_getpeername(fd, (struct sockaddr *)&peer, &len) == 0) {
        return EISCONN;
    }
    len = sizeof(value);
    return lwip_getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &len) < 0 ? EINVAL : 0;
}

/* ---- Setting ------------------------------------------------------------------------------------------------------ */

#if LWIP_IPV6_MLD
/* Check a group, and replace interface 0, which means any, by the default one. @return 0, or an
 * error number */
static int check_membership6(struct ipv6_mreq *mreq) {
    if (mreq->ipv6mr_multiaddr.un.u8_addr[0] != 0xff) {
        return EINVAL;
    }
    if (mreq->ipv6mr_interface == 0) {
        LOCK_TCPIP_CORE();
        struct netif *netif = netif_default != NULL ? netif_default : netif_list;
        mreq->ipv6mr_interface = netif != NULL ? netif_get_index(netif) : 0;
        UNLOCK_TCPIP_CORE();
    }
    return mreq->ipv6mr_interface - 1 < 0xff ? 0 : ENODEV;
}
#endif

int plat_setsockopt(int fd, int level, int name, const void *value, socklen_t len) {
    if (is_dangerous(fd, level, name)) {
        return fail(ENOPROTOOPT);
    }
    if (level == SOL_SOCKET && name == SO_BINDTODEVICE) {
        struct ifreq interface; /* the name may be shorter; the rest is zero */
        memset(&interface, 0, sizeof(interface));
        memcpy(&interface, value, len < sizeof(interface) ? len : sizeof(interface));
        int number = check_bind_to(fd);
        return number != 0 ? fail(number) : lwip_setsockopt(fd, level, name, &interface, sizeof(interface));
    }
#if LWIP_IPV6_MLD
    struct ipv6_mreq mreq;
    if (level == IPPROTO_IPV6 && (name == IPV6_JOIN_GROUP || name == IPV6_LEAVE_GROUP) && len >= sizeof(mreq)) {
        memcpy(&mreq, value, sizeof(mreq));
        int number = check_membership6(&mreq);
        return number != 0 ? fail(number) : lwip_setsockopt(fd, level, name, &mreq, sizeof(mreq));
    }
#endif
    return lwip_setsockopt(fd, level, name, value, len);
}
