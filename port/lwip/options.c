/* Socket options of lwIP, as programs know them: lengths told exactly, numbers out of range refused, and nothing asserted.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include "usocket/port.h"

#include <lwip/igmp.h>
#include <lwip/netif.h>
#include <lwip/tcpip.h>

#include <string.h>

#define SETTING_MAX 64 /* no option is longer */

typedef union {
    int number;
    u8_t byte;
    struct timeval time;
    struct linger linger;
    struct ifreq interface;
#if LWIP_IGMP
    struct ip_mreq mreq;
#endif
#if LWIP_IPV6_MLD
    struct ipv6_mreq mreq6;
#endif
    u8_t bytes[SETTING_MAX];
} setting_t;

static int fail(int number) {
    errno = number;
    return -1;
}

/* One byte in lwIP, a number elsewhere. */
static bool is_byte(int level, int name) {
#if LWIP_MULTICAST_TX_OPTIONS
    return level == IPPROTO_IP && (name == IP_MULTICAST_TTL || name == IP_MULTICAST_LOOP);
#else
    (void)level, (void)name;
    return false;
#endif
}

static bool is_time(int level, int name) {
    return level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO);
}

static int type_of(int fd) {
    int type = 0;
    socklen_t len = sizeof(type);
    return lwip_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 ? -1 : type;
}

/* Groups of the other family would be left as if they were of the socket's own when it is closed. */
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

/* IPV6_CHECKSUM reads what only a raw socket has. */
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

static socklen_t true_length(int level, int name) {
    if (is_time(level, name)) {
        return sizeof(struct timeval);
    }
    if (level == SOL_SOCKET && name == SO_LINGER) {
        return sizeof(struct linger);
    }
    return sizeof(int); /* IP_MULTICAST_IF: four bytes, too */
}

int plat_getsockopt(int fd, int level, int name, void *value, socklen_t *len) {
    setting_t s;
    socklen_t size = sizeof(s);
    memset(&s, 0, sizeof(s));
    if (is_dangerous(fd, level, name)) {
        return fail(ENOPROTOOPT);
    }
    if (lwip_getsockopt(fd, level, name, &s, &size) < 0) {
        return -1;
    }
    if (is_byte(level, name)) {
        s.number = s.byte;
    } else if (level == SOL_SOCKET && (name == SO_KEEPALIVE || name == SO_BROADCAST || name == SO_REUSEADDR)) {
        s.number = s.number != 0; /* one of lwIP's bits */
    }
    size = true_length(level, name);
    *len = *len < size ? *len : size;
    memcpy(value, &s, *len);
    return 0;
}

#if LWIP_RAW && LWIP_IPV6
/* lwIP fills in the checksum, and asserts that there is room for it. */
size_t lwip_raw_least(int fd) {
    int offset = -1;
    socklen_t len = sizeof(offset);
    return lwip_getsockopt(fd, IPPROTO_RAW, IPV6_CHECKSUM, &offset, &len) < 0 || offset < 0 ? 0 : (size_t)offset + 2;
}
#endif

/* SO_BINDTODEVICE writes to the connection without looking whether there is one. It can go at any moment: so never while
 * connected. */
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

#if LWIP_IGMP
static int check_membership(const struct ip_mreq *mreq) {
    ip4_addr_t group;
    inet_addr_to_ip4addr(&group, &mreq->imr_multiaddr);
    return ip4_addr_ismulticast(&group) && group.addr != PP_HTONL(0xe0000001UL) ? 0 : EINVAL;
}
#endif

#if LWIP_IPV6_MLD
/* Interface 0 is the stack's choice. */
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

/* 0, or the number of the error. */
static int prepare(int level, int name, setting_t *s, socklen_t *len) {
    if (is_time(level, name) && *len >= sizeof(s->time)) {
        /* Parts of a millisecond would become none at all, which is for ever. */
        if (s->time.tv_sec < 0 || s->time.tv_usec < 0 || s->time.tv_usec >= 1000000) {
            return EDOM;
        }
        s->time.tv_sec = s->time.tv_sec < 1000000 ? s->time.tv_sec : 1000000;
        s->time.tv_usec = (s->time.tv_usec + 999) / 1000 * 1000;
        s->time.tv_sec += s->time.tv_usec / 1000000;
        s->time.tv_usec %= 1000000;
    } else if (level == SOL_SOCKET && name == SO_LINGER && *len >= sizeof(s->linger)) {
        s->linger.l_linger = s->linger.l_linger < 0x7fff ? s->linger.l_linger : 0x7fff; /* beyond, it would be off */
    } else if (level == SOL_SOCKET && name == SO_BINDTODEVICE) {
        *len = sizeof(s->interface); /* a name of any length; the rest is zero */
    } else if (level == SOL_SOCKET && name == SO_RCVBUF && *len >= sizeof(int)) {
        s->number = s->number > 256 ? s->number : 256; /* below nothing could arrive */
    } else if (level == IPPROTO_IP && (name == IP_TTL || name == IP_TOS) && *len >= sizeof(int)) {
        int least = name == IP_TTL;
        if (name == IP_TTL && s->number == -1) {
            s->number = IP_DEFAULT_TTL;
        }
        return s->number < least || s->number > 255 ? EINVAL : 0;
    } else if (is_byte(level, name) && *len >= sizeof(int)) {
        if (s->number < 0 || s->number > 255) {
            return EINVAL;
        }
        s->byte = (u8_t)s->number;
#if LWIP_IGMP
    } else if (level == IPPROTO_IP && (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP) &&
        *len >= sizeof(s->mreq)) {
        return check_membership(&s->mreq);
#endif
#if LWIP_IPV6_MLD
    } else if (level == IPPROTO_IPV6 && (name == IPV6_JOIN_GROUP || name == IPV6_LEAVE_GROUP) &&
        *len >= sizeof(s->mreq6)) {
        return check_membership6(&s->mreq6);
#endif
    }
    return 0;
}

int plat_setsockopt(int fd, int level, int name, const void *value, socklen_t len) {
    setting_t s;
    memset(&s, 0, sizeof(s));
    len = len < sizeof(s) ? len : (socklen_t)sizeof(s);
    if (len != 0) {
        memcpy(&s, value, len);
    }
    if (is_dangerous(fd, level, name)) {
        return fail(ENOPROTOOPT);
    }
    int number = level == SOL_SOCKET && name == SO_BINDTODEVICE ? check_bind_to(fd) : 0;
    if (number == 0) {
        number = prepare(level, name, &s, &len);
    }
    return number != 0 ? fail(number) : lwip_setsockopt(fd, level, name, &s, len);
}
