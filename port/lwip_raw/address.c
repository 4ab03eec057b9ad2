/* Addresses and errors in lwIP's terms and in the library's.
 *
 * SPDX-License-Identifier: MIT
 */
#include "slots.h"

#include <lwip/netif.h>

#include <string.h>

/* ---- Errors ------------------------------------------------------------------------------------------------------- */

int code_of(err_t err) {
    /* By lwIP's numbers, 0 to -16 (lwip/err.h). */
    static const uint8_t codes[] = {0, -USOCKET_ENOBUFS, -USOCKET_ENOBUFS, -USOCKET_ETIMEDOUT, -USOCKET_ENETUNREACH,
        -USOCKET_EINPROGRESS, -USOCKET_EINVAL, -USOCKET_EAGAIN, -USOCKET_EADDRINUSE, -USOCKET_EALREADY,
        -USOCKET_EISCONN, -USOCKET_ENOTCONN, -USOCKET_ENETDOWN, -USOCKET_ETIMEDOUT, -USOCKET_ECONNRESET,
        -USOCKET_ENOTCONN, -USOCKET_EINVAL};
    int i = -err;
    return i >= 0 && i < (int)sizeof(codes) ? -codes[i] : USOCKET_EIO;
}

/* ---- Forms -------------------------------------------------------------------------------------------------------- */

static void set_four(ip_addr_t *out, const uint8_t *ip) {
    ip4_addr_t four;
    memcpy(&four, ip, 4);
    ip_addr_copy_from_ip4(*out, four);
}

int to_lwip(const slot_t *s, const usocket_addr_t *a, ip_addr_t *out) {
    if (a->family != s->set.family) {
        return USOCKET_EAFNOSUPPORT;
    }
#if USOCKET_IPV6
    if (a->family == USOCKET_AF_INET6) {
        ip6_addr_t six;
        memcpy(six.addr, a->u.ip, 16);
        ip6_addr_clear_zone(&six);
        if (ip6_addr_isipv4mappedipv6(&six)) {
            set_four(out, a->u.ip + 12);
            return s->set.options & OPT_V6ONLY ? USOCKET_ENETUNREACH : 0;
        }
        if (ip6_addr_has_scope(&six, IP6_UNKNOWN) && a->scope != 0) {
            ip6_addr_set_zone(&six, (u8_t)a->scope);
        }
        ip_addr_copy_from_ip6(*out, six);
        if (ip6_addr_isany(&six) && !(s->set.options & OPT_V6ONLY)) {
            IP_SET_TYPE_VAL(*out, IPADDR_TYPE_ANY);
        }
        return 0;
    }
#endif
    set_four(out, a->u.ip);
    return 0;
}

void from_lwip(const slot_t *s, const ip_addr_t *ip, uint16_t port, usocket_addr_t *out) {
    out->family = s->set.family;
    out->port = port;
    out->flowinfo = out->scope = 0;
    memset(&out->u, 0, sizeof(out->u));
    uint8_t *four = out->u.ip;
#if USOCKET_IPV6
    if (s->set.family == USOCKET_AF_INET6) {
        if (!IP_IS_V4(ip)) {
            memcpy(out->u.ip, ip_2_ip6(ip)->addr, 16);
            out->scope = ip6_addr_zone(ip_2_ip6(ip));
            return;
        }
        if (ip_addr_isany(ip)) {
            return;
        }
        memset(out->u.ip + 10, 0xff, 2);
        four += 12;
    }
#endif
    u32_t word = ip4_addr_get_u32(ip_2_ip4(ip));
    memcpy(four, &word, 4);
}

/* lwIP's own layout of a struct sockaddr: length, family, port, address; IPv6 has the flow before
 * the address and the scope behind it. */
int usocket_port_sockaddr(const void *raw, size_t len, usocket_addr_t *a) {
    const uint8_t *p = raw;
    if (len < 2) {
        return USOCKET_EINVAL;
    }
    bool six = USOCKET_IPV6 && p[1] == USOCKET_AF_INET6;
    if (!six && p[1] != USOCKET_AF_INET) {
        return USOCKET_EAFNOSUPPORT;
    }
    if (len < (six ? 28 : 8)) {
        return USOCKET_EINVAL;
    }
    memset(a, 0, sizeof(*a));
    a->family = p[1];
    a->port = (uint16_t)(p[2] << 8 | p[3]);
    if (six) {
        a->flowinfo = (uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 | p[7];
        memcpy(a->u.ip, p + 8, 16);
        memcpy(&a->scope, p + 24, 4);
    } else {
        memcpy(a->u.ip, p + 4, 4);
    }
    return 0;
}

/* ---- Questions about them ----------------------------------------------------------------------------------------- */

/* lwIP binds to any address, also to one that no interface has. */
int check_own(const ip_addr_t *ip) {
    if (ip_addr_isany(ip) || ip_addr_ismulticast(ip)) {
        return 0;
    }
    struct netif *netif;
    NETIF_FOREACH(netif) {
        if (IP_IS_V4(ip)) {
            const ip4_addr_t *four = ip_2_ip4(ip);
            if (ip4_addr_eq(four, netif_ip4_addr(netif)) || ip4_addr_isbroadcast(four, netif) ||
                (ip4_addr_isloopback(four) && ip4_addr_isloopback(netif_ip4_addr(netif)))) {
                return 0;
            }
        }
#if USOCKET_IPV6
        if (IP_IS_V6(ip) && netif_get_ip6_addr_match(netif, ip_2_ip6(ip)) >= 0) {
            return 0;
        }
#endif
    }
    return USOCKET_EADDRNOTAVAIL;
}

bool is_broadcast(const ip_addr_t *ip) {
    if (IP_IS_V4(ip)) {
        struct netif *netif;
        if (ip4_addr_get_u32(ip_2_ip4(ip)) == IPADDR_BROADCAST) {
            return true;
        }
        NETIF_FOREACH(netif) {
            if (!ip_addr_isany(ip) && ip4_addr_isbroadcast(ip_2_ip4(ip), netif)) {
                return true;
            }
        }
    }
    return false;
}

void replace_any(ip_addr_t *ip) {
    if (!ip_addr_isany(ip)) {
        return;
    }
#if LWIP_HAVE_LOOPIF
#if USOCKET_IPV6
    if (!IP_IS_V4(ip)) {
        ip6_addr_t six;
        ip6_addr_set_loopback(&six);
        ip_addr_copy_from_ip6(*ip, six);
        return;
    }
#endif
    ip_addr_set_loopback_val(false, *ip);
#else
    if (netif_default != NULL && IP_IS_V4(ip)) {
        ip_addr_copy(*ip, *netif_ip_addr4(netif_default));
    }
#endif
}

const ip_addr_t *source_for(const slot_t *s, const ip_addr_t *to) {
    struct netif *netif = s->set.netif != 0 ? netif_get_by_index(s->set.netif) : ip_route(&s->own, to);
    return netif != NULL ? ip_netif_get_local_ip(netif, to) : NULL;
}
