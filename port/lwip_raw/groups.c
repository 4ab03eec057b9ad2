/* Multicast groups: a table of who is in which, since lwIP counts the members of an interface alone.
 *
 * SPDX-License-Identifier: MIT
 */
#include "slots.h"

#include <lwip/igmp.h>
#include <lwip/mld6.h>
#include <lwip/netif.h>

#include <string.h>

#if USOCKET_DATAGRAMS

#if LWIP_IGMP || (USOCKET_IPV6 && LWIP_IPV6_MLD)

#if !LWIP_IGMP
#define PLAT_GROUPS MEMP_NUM_MLD6_GROUP
#elif !(USOCKET_IPV6 && LWIP_IPV6_MLD)
#define PLAT_GROUPS MEMP_NUM_IGMP_GROUP
#else
#define PLAT_GROUPS (MEMP_NUM_IGMP_GROUP + MEMP_NUM_MLD6_GROUP)
#endif

static struct {
    slot_t *socket; /* NULL: the row is free. */
    uint8_t netif;
    ip_addr_t group;
} members[PLAT_GROUPS];

static err_t tell_lwip(bool join, struct netif *netif, const ip_addr_t *group) {
    if (IP_IS_V4(group)) {
#if LWIP_IGMP
        return join ? igmp_joingroup_netif(netif, ip_2_ip4(group)) : igmp_leavegroup_netif(netif, ip_2_ip4(group));
#endif
    } else {
#if USOCKET_IPV6 && LWIP_IPV6_MLD
        return join ? mld6_joingroup_netif(netif, ip_2_ip6(group)) : mld6_leavegroup_netif(netif, ip_2_ip6(group));
#endif
    }
    return ERR_VAL;
}

/* The interface of an IPv4 address; the default one for 0.0.0.0. */
static struct netif *netif_of(const uint8_t *ip) {
    ip4_addr_t four;
    memcpy(&four, ip, 4);
    if (ip4_addr_isany_val(four)) {
        return netif_default != NULL ? netif_default : netif_list;
    }
    struct netif *netif;
    NETIF_FOREACH(netif) {
        if (ip4_addr_eq(netif_ip4_addr(netif), &four)) {
            return netif;
        }
    }
    return NULL;
}

/* The interface of a number in the host's byte order; the default one for 0. */
static struct netif *netif_by(const uint8_t *number) {
    uint32_t index;
    memcpy(&index, number, sizeof(index));
    if (index == 0) {
        return netif_default != NULL ? netif_default : netif_list;
    }
    return index <= 0xff ? netif_get_by_index((u8_t)index) : NULL;
}

/* Read the option's value: the group, and its interface, NULL if there is none. 0, or a code. */
static int read_group(int level, const uint8_t *value, size_t len, ip_addr_t *group, struct netif **netif) {
    if (level == IPPROTO_IP) {
        if (len < 8) {
            return USOCKET_EINVAL;
        }
        ip4_addr_t four;
        memcpy(&four, value, 4);
        ip_addr_copy_from_ip4(*group, four);
        *netif = len >= 12 && memcmp(value + 8, "\0\0\0", 4) != 0 ? netif_by(value + 8) : netif_of(value + 4);
    } else {
#if USOCKET_IPV6
        if (len < 20) {
            return USOCKET_EINVAL;
        }
        ip6_addr_t six;
        memcpy(six.addr, value, 16);
        ip6_addr_clear_zone(&six);
        *netif = netif_by(value + 16);
        if (*netif != NULL && ip6_addr_lacks_zone(&six, IP6_MULTICAST)) {
            ip6_addr_assign_zone(&six, IP6_MULTICAST, *netif);
        }
        ip_addr_copy_from_ip6(*group, six);
#endif
    }
    /* Every host is a member of 224.0.0.1, and lwIP asserts that none joins it. */
    bool fits =
        ip_addr_ismulticast(group) && !(IP_IS_V4(group) && ip4_addr_get_u32(ip_2_ip4(group)) == PP_HTONL(0xe0000001UL));
    return fits ? 0 : USOCKET_EINVAL;
}

int group_change(slot_t *s, bool join, int level, const uint8_t *value, size_t len) {
    ip_addr_t group;
    struct netif *netif = NULL;
    int r = s->kind == DATAGRAM || s->kind == RAW ? read_group(level, value, len, &group, &netif) : USOCKET_EPROTO;
    if (r < 0) {
        return r;
    }
    int free = -1;
    for (int i = 0; i < PLAT_GROUPS; i++) {
        if (members[i].socket == NULL) {
            free = free < 0 ? i : free;
        } else if (members[i].socket == s && ip_addr_eq(&members[i].group, &group) &&
            (netif == NULL || members[i].netif == netif_get_index(netif))) {
            if (join) {
                return USOCKET_EADDRINUSE;
            }
            members[i].socket = NULL;
            return netif != NULL ? code_of(tell_lwip(false, netif, &group)) : 0;
        }
    }
    if (netif == NULL) {
        return USOCKET_ENODEV;
    }
    if (!join || free < 0) {
        return join ? USOCKET_ENOBUFS : USOCKET_EADDRNOTAVAIL;
    }
    r = code_of(tell_lwip(true, netif, &group));
    if (r == 0) {
        members[free].socket = s;
        members[free].netif = netif_get_index(netif);
        ip_addr_copy(members[free].group, group);
    }
    return r;
}

void group_leave_all(slot_t *s) {
    for (int i = 0; i < PLAT_GROUPS; i++) {
        if (members[i].socket == s) {
            struct netif *netif = netif_get_by_index(members[i].netif);
            members[i].socket = NULL;
            if (netif != NULL) {
                tell_lwip(false, netif, &members[i].group);
            }
        }
    }
}

#else

int group_change(slot_t *s, bool join, int level, const uint8_t *value, size_t len) {
    (void)s, (void)join, (void)level, (void)value, (void)len;
    return USOCKET_ENOPROTOOPT;
}

void group_leave_all(slot_t *s) {
    (void)s;
}

#endif

#endif
