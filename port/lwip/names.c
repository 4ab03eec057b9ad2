/* Lookups by lwIP's DNS client, and the name of this host.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include "usocket/port.h"

#include <lwip/api.h>
#include <lwip/netif.h>

#include <string.h>

typedef struct {
    struct addrinfo info;
    union {
        struct sockaddr any;
#if LWIP_IPV4
        struct sockaddr_in in;
#endif
#if LWIP_IPV6
        struct sockaddr_in6 in6;
#endif
    } sys;
} answer_t;

/* lwIP keeps one address of one family for a name. The results of lwip_getaddrinfo() come from a
 * pool that may have one entry, so that an abandoned lookup would block others; this function takes
 * memory of the port. lwIP has one code for a name that does not exist, a server that does not
 * answer, and no server at all: EAI_NONAME. */
int plat_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out) {
    (void)service;
    ip_addr_t addr;
#if LWIP_IPV4 && LWIP_IPV6
    bool six = hints->ai_family == AF_INET6;
    err_t err = netconn_gethostbyname_addrtype(host, &addr, six ? NETCONN_DNS_IPV6 : NETCONN_DNS_IPV4);
#else
    bool six = LWIP_IPV6;
    err_t err = netconn_gethostbyname(host, &addr);
#endif
    if (err == ERR_MEM) {
        return PLAT_EAI_BUSY; /* lwIP's table of lookups in progress is full */
    }
    if (err != ERR_OK || (hints->ai_family != AF_UNSPEC && hints->ai_family != (six ? AF_INET6 : AF_INET))) {
        return EAI_NONAME;
    }
    answer_t *answer = usocket_port_alloc(sizeof(*answer));
    if (answer == NULL) {
        return EAI_MEMORY;
    }
    memset(answer, 0, sizeof(*answer));
    answer->info.ai_family = answer->sys.any.sa_family = six ? AF_INET6 : AF_INET;
    answer->info.ai_addr = &answer->sys.any;
#if LWIP_IPV6
    if (six) {
        answer->info.ai_addrlen = sizeof(answer->sys.in6);
        inet6_addr_from_ip6addr(&answer->sys.in6.sin6_addr, ip_2_ip6(&addr));
        answer->sys.in6.sin6_scope_id = ip6_addr_zone(ip_2_ip6(&addr));
    }
#endif
#if LWIP_IPV4
    if (!six) {
        answer->info.ai_addrlen = sizeof(answer->sys.in);
        inet_addr_from_ip4addr(&answer->sys.in.sin_addr, ip_2_ip4(&addr));
    }
#endif
    answer->info.ai_canonname = (char *)host; /* lwIP follows aliases without a report */
    *out = &answer->info;
    return 0;
}

void plat_freeaddrinfo(struct addrinfo *list) {
    usocket_port_free(list);
}

int plat_gethostname(char *buf, size_t len) {
    const char *name = NULL;
#if LWIP_NETIF_HOSTNAME
    name = netif_default != NULL ? netif_get_hostname(netif_default) : NULL;
#endif
    name = name != NULL ? name : "lwip";
    size_t size = strlen(name) + 1; /* strncpy() would fill the rest of the buffer */
    memcpy(buf, name, size < len ? size : len);
    return 0;
}
