/* Lookups by SAL's getaddrinfo, "localhost" without a network, and the name of this host.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include <string.h>

#if USOCKET_NAMES

/* Answers for "localhost", which no DNS server has; lwIP's own table is seldom built in. */
static struct sockaddr_in self4 = {
    .sin_len = sizeof(self4), .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
static char self_name[] = "localhost";
#define SELF4 \
    .ai_canonname = self_name, .ai_family = AF_INET, .ai_addrlen = sizeof(self4), .ai_addr = (struct sockaddr *)&self4
static struct addrinfo only4 = {SELF4};
#if USOCKET_IPV6
static struct sockaddr_in6 self6 = {.sin6_len = sizeof(self6), .sin6_family = AF_INET6, .sin6_addr.s6_addr[15] = 1};
static struct addrinfo only6 = {.ai_canonname = self_name,
    .ai_family = AF_INET6,
    .ai_addrlen = sizeof(self6),
    .ai_addr = (struct sockaddr *)&self6};
static struct addrinfo both = {SELF4, .ai_next = &only6};
#endif

static struct addrinfo *localhost(int family) {
#if USOCKET_IPV6
    return family == AF_INET ? &only4 : family == AF_INET6 ? &only6 : &both;
#else
    return family == AF_INET6 ? NULL : &only4;
#endif
}

/* True for "localhost" and "localhost.", in any case of letters. */
static bool is_localhost(const char *host) {
    static const char name[] = "localhost";
    size_t i = 0;
    while (name[i] != '\0' && (host[i] | 0x20) == name[i]) {
        i++;
    }
    return name[i] == '\0' && (host[i] == '\0' || (host[i] == '.' && host[i + 1] == '\0'));
}

/* SAL has room for one answer, which another program may hold while it reads it: EAI_MEMORY is
 * repeated for 2 s. */
int plat_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out) {
    if (is_localhost(host)) {
        *out = localhost(hints->ai_family);
        return *out != NULL ? 0 : EAI_FAMILY;
    }
    int r;
    int tries = 40;
    while ((r = getaddrinfo(host, service, hints, out)) == EAI_MEMORY && --tries > 0) {
        rt_thread_mdelay(50);
    }
    return r;
}

/* The answers for "localhost" are static. */
void plat_freeaddrinfo(struct addrinfo *list) {
    if (list != localhost(AF_INET) && list != localhost(AF_INET6) && list != localhost(AF_UNSPEC)) {
        freeaddrinfo(list);
    }
}

int plat_gethostname(char *buf, size_t len) {
    static const char name[] = "rtthread";
    if (len < sizeof(name)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(buf, name, sizeof(name));
    return 0;
}

#endif
