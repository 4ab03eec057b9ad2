/* Calls of lwIP's sockets that need more than another name.
 *
 * Callers: the guard, in any thread. None waits but plat_poll.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include <lwip/netif.h>
#include <lwip/tcpip.h>

int plat_set_nonblocking(int fd) {
    int on = 1;
    return lwip_ioctl(fd, (long)FIONBIO, &on);
}

static int not_blocking(int fd) {
    if (fd >= 0) {
        lwip_handle_is_new(fd);
        plat_set_nonblocking(fd);
    }
    return fd;
}

int plat_socket(int family, int type, int proto) {
    return not_blocking(lwip_socket(family, type, proto));
}

int plat_accept(int fd, struct sockaddr *addr, socklen_t *len) {
    return not_blocking(lwip_accept(fd, addr, len));
}

/* lwip_poll returns -1 for a bad descriptor; POLLNVAL tells which one. */
int plat_poll(plat_pollfd *fds, unsigned n, int32_t left) {
    int r = lwip_poll(fds, n, left < 0 ? -1 : (int)(((uint32_t)left + 999) / 1000));
    for (unsigned i = 0; r < 0 && i < n; i++) {
        r = fds[i].fd >= 0 && (fds[i].revents & POLLNVAL) ? 1 : r;
    }
    return r;
}

/* ---- Addresses ---------------------------------------------------------------------------------------------------- */

/* True if the host has the address, or may bind to it (any, multicast, broadcast). Under lwIP's
 * core lock. */
static bool is_own(const ip_addr_t *a) {
    if (ip_addr_isany(a) || ip_addr_ismulticast(a)) {
        return true;
    }
    struct netif *netif;
    NETIF_FOREACH(netif) {
#if LWIP_IPV4
        if (IP_IS_V4(a) &&
            (ip4_addr_eq(ip_2_ip4(a), netif_ip4_addr(netif)) || ip4_addr_isbroadcast(ip_2_ip4(a), netif) ||
                (ip4_addr_isloopback(ip_2_ip4(a)) && ip4_addr_isloopback(netif_ip4_addr(netif))))) {
            return true;
        }
#endif
#if LWIP_IPV6
        if (IP_IS_V6(a) && netif_get_ip6_addr_match(netif, ip_2_ip6(a)) >= 0) {
            return true;
        }
#endif
    }
    return false;
}

/* lwIP binds to any address, also to one that no interface has: EADDRNOTAVAIL, as elsewhere. */
int plat_bind(int fd, const struct sockaddr *addr, socklen_t len) {
    ip_addr_t a = IPADDR_ANY_TYPE_INIT;
#if LWIP_IPV4
    if (addr->sa_family == AF_INET) {
        inet_addr_to_ip4addr(ip_2_ip4(&a), &((const struct sockaddr_in *)(const void *)addr)->sin_addr);
        IP_SET_TYPE(&a, IPADDR_TYPE_V4);
    }
#endif
#if LWIP_IPV6
    if (addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)addr;
        inet6_addr_to_ip6addr(ip_2_ip6(&a), &in6->sin6_addr);
        if (ip6_addr_has_scope(ip_2_ip6(&a), IP6_UNKNOWN)) {
            ip6_addr_set_zone(ip_2_ip6(&a), (u8_t)in6->sin6_scope_id);
        }
        IP_SET_TYPE(&a, IPADDR_TYPE_V6);
    }
#if LWIP_IPV4
    if (IP_IS_V6(&a) && ip6_addr_isipv4mappedipv6(ip_2_ip6(&a))) {
        unmap_ipv4_mapped_ipv6(ip_2_ip4(&a), ip_2_ip6(&a));
        IP_SET_TYPE(&a, IPADDR_TYPE_V4);
    }
#endif
#endif
    LOCK_TCPIP_CORE();
    bool own = is_own(&a);
    UNLOCK_TCPIP_CORE();
    if (!own) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    return lwip_bind(fd, addr, len);
}

/* True for a broadcast address of an interface. */
static bool is_broadcast(const struct sockaddr *addr) {
#if LWIP_IPV4
    if (addr->sa_family == AF_INET) {
        ip4_addr_t a;
        struct netif *netif;
        bool found = false;
        inet_addr_to_ip4addr(&a, &((const struct sockaddr_in *)(const void *)addr)->sin_addr);
        LOCK_TCPIP_CORE();
        NETIF_FOREACH(netif) {
            found = found || ip4_addr_isbroadcast(&a, netif);
        }
        UNLOCK_TCPIP_CORE();
        return found;
    }
#endif
    return false;
}

ssize_t plat_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr, socklen_t alen) {
    ssize_t r = lwip_sendto(fd, buf, len, flags, addr, alen);
    if (r < 0 && errno == EINVAL && is_broadcast(addr)) {
        errno = EACCES; /* SO_BROADCAST is off */
    }
    return r;
}
