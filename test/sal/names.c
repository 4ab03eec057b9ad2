/* SAL's getaddrinfo: the whole system has one result at a time, with one address.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "inside.h"

#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SAL_NONAME = 200, SAL_SERVICE, SAL_FAIL, SAL_MEMORY, SAL_FAMILY };

long rt_thread_mdelay(int32_t ms);

struct sal_info {
    int flags, family, type, protocol;
    uint32_t len;
    struct sal_addr *addr;
    char *name;
    struct sal_info *next;
};

struct answer {
    struct sal_info info;
    struct sal_addr addr;
    char name[256];
};

static struct answer *slot;
static pthread_mutex_t slot_lock = PTHREAD_MUTEX_INITIALIZER;

/* The tests' own names: four.look, six.look; slow.look is slow. Returns 1 for any other name. */
static int known(const char *host, int family, struct sal_addr *out) {
    const char *dot = strrchr(host, '.');
    if (dot == NULL || strcmp(dot, ".look") != 0 || getenv("TEST_STACK") != NULL) {
        return 1; /* the Python tests have a name server */
    }
    struct sockaddr_storage a = {.ss_family = AF_INET};
    if (strcmp(host, "slow.look") == 0) {
        rt_thread_mdelay(150);
    }
    if (strcmp(host, "six.look") == 0) {
        a.ss_family = AF_INET6;
        ((struct sockaddr_in6 *)&a)->sin6_addr = in6addr_loopback;
    } else if (strcmp(host, "four.look") == 0 || strcmp(host, "slow.look") == 0) {
        ((struct sockaddr_in *)&a)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
        return SAL_FAIL;
    }
    look_from_host(&a, out);
    return family == 0 || family == out->family ? 0 : SAL_FAIL;
}

/* Resolve to IPv4, otherwise to IPv6. */
static int resolve(const char *host, int family, struct sal_addr *out) {
    int r = known(host, family, out);
    if (r != 1) {
        return r;
    }
    static const int families[] = {AF_INET, AF_INET6};
    for (int i = 0; i < 1 + LOOK_IPV6; i++) {
        struct addrinfo hints = {.ai_family = families[i], .ai_socktype = SOCK_STREAM}, *list;
        if ((family == 2 && i == 1) || (family == 10 && i == 0)) {
            continue;
        }
        if (getaddrinfo(host, NULL, &hints, &list) == 0) {
            struct sockaddr_storage first;
            memset(&first, 0, sizeof(first));
            memcpy(&first, list->ai_addr, list->ai_addrlen);
            look_from_host(&first, out);
            freeaddrinfo(list);
            return 0;
        }
    }
    return SAL_FAIL;
}

int look_getaddrinfo(const char *host, const char *service, const struct sal_info *hints, struct sal_info **out) {
    look_called();
    *out = NULL;
    if (!look.up) {
        return -1;
    }
    if (host == NULL && service == NULL) {
        return SAL_NONAME;
    }
    int family = hints != NULL ? hints->family : 0;
    if (family != 0 && family != 2 && (family != 10 || !LOOK_IPV6 || look.at)) {
        return SAL_FAMILY;
    }
    int port = service != NULL ? atoi(service) : 1;
    if (port <= 0 || port > 65535) {
        return SAL_SERVICE;
    }
    struct sal_addr addr;
    if (host == NULL) {
        struct sockaddr_in self = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        look_from_host((struct sockaddr_storage *)&self, &addr);
    } else if (*host == '\0' || strcmp(host, "localhost") == 0 || strlen(host) > 255 || !look.address || !look.link ||
        resolve(host, look.at ? 2 : family, &addr) != 0) {
        return SAL_FAIL;
    }
    addr.port = htons(service != NULL ? port : 0);
    pthread_mutex_lock(&slot_lock);
    struct answer *a = (slot != NULL || look.taken) && !look.at ? NULL : calloc(1, sizeof(*a));
    if (a != NULL) {
        a->addr = addr;
        a->info.family = addr.family;
        a->info.len = SAL_STORAGE;
        a->info.addr = &a->addr;
        if (host != NULL) {
            strcpy(a->name, host);
            a->info.name = a->name;
        }
        *out = &a->info;
        slot = a;
    }
    pthread_mutex_unlock(&slot_lock);
    return a != NULL ? 0 : SAL_MEMORY;
}

void look_freeaddrinfo(struct sal_info *list) {
    pthread_mutex_lock(&slot_lock);
    if (slot == NULL || list != &slot->info) {
        look_halt("freeaddrinfo of what is no answer");
    }
    free(slot);
    slot = NULL;
    pthread_mutex_unlock(&slot_lock);
}
