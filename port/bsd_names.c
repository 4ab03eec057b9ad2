/* The names of port.h on any BSD-like stack: getaddrinfo, getnameinfo, interfaces.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bsd.h"

#if PLAT_BSD

#include <string.h>

#if USOCKET_NAMES

static void copy_text(char *to, const char *from, size_t room) {
    size_t len = strlen(from);
    len = len < room ? len : room - 1;
    memcpy(to, from, len);
    to[len] = '\0';
}

#if !USOCKET_ASKS || PLAT_HAS_GETNAMEINFO

#define EAI(name) {name, USOCKET_##name},

static const struct {
    int16_t number; /* glibc's are below 0, lwIP's from 200 on */
    int16_t code;
} eais[] = {EAI(EAI_NONAME) EAI(EAI_SERVICE) EAI(EAI_FAIL) EAI(EAI_MEMORY) EAI(EAI_FAMILY)
#ifdef EAI_AGAIN
        EAI(EAI_AGAIN) EAI(EAI_BADFLAGS) EAI(EAI_SOCKTYPE) EAI(EAI_SYSTEM) EAI(EAI_OVERFLOW)
#endif
#ifdef EAI_NODATA
            EAI(EAI_NODATA)
#endif
#ifdef EAI_ADDRFAMILY
                EAI(EAI_ADDRFAMILY)
#endif
};

/* EAI_FAIL stands for numbers that no row has. */
static int translate_eai(int number) {
    for (size_t i = 0; i < sizeof(eais) / sizeof(eais[0]); i++) {
        if (eais[i].number == number) {
            return eais[i].code;
        }
    }
    return USOCKET_EAI_FAIL;
}

/* The code of a failed lookup. Must be called at once: EAI_SYSTEM leaves its reason, such as a lack
 * of descriptors, in errno. */
static int gai_failed(int number) {
#ifdef EAI_SYSTEM
    int error = bsd_failed(USOCKET_EAI_SYSTEM);
    if (number == EAI_SYSTEM && (error == USOCKET_EMFILE || error == USOCKET_ENFILE)) {
        return error;
    }
#endif
    return translate_eai(number);
}

#endif

#if !USOCKET_ASKS

static int system_flags(int flags) {
    int out = 0;
#ifdef AI_CANONNAME
    out |= flags & USOCKET_AI_CANONNAME ? AI_CANONNAME : 0;
#endif
#ifdef AI_ADDRCONFIG
    out |= flags & USOCKET_AI_ADDRCONFIG ? AI_ADDRCONFIG : 0;
#endif
#ifdef AI_V4MAPPED
    out |= !USOCKET_IPV6 ? 0 : (flags & USOCKET_AI_V4MAPPED ? AI_V4MAPPED : 0) | (flags & USOCKET_AI_ALL ? AI_ALL : 0);
#endif
    return out;
}

#if PLAT_RESOLVES_ONE && USOCKET_IPV6

/* A flag that another thread sets under the library's lock. */
static bool is_set(const bool *flag) {
    usocket_port_lock();
    bool set = *flag;
    usocket_port_unlock();
    return set;
}

#endif

/* Look one family up, or both, and add the addresses to the *n in out. */
static int resolve(const char *host, int family, int flags, usocket_addr_t *out, size_t room, size_t *n, char *canon) {
    struct addrinfo hints;
    memset(&hints, 0, sizeof(hints));
    hints.ai_family = family;
    hints.ai_socktype = SOCK_STREAM; /* one entry per address, not one per type */
    hints.ai_flags = system_flags(flags);
    struct addrinfo *list = NULL;
    int r = plat_getaddrinfo(host, NULL, &hints, &list);
    if (r != 0) {
        return gai_failed(r);
    }
    for (struct addrinfo *ai = list; ai != NULL && *n < room; ai = ai->ai_next) {
        if ((flags & USOCKET_AI_CANONNAME) && ai->ai_canonname != NULL && canon[0] == '\0') {
            copy_text(canon, ai->ai_canonname, USOCKET_HOST_MAX);
        }
        if (usocket_port_sockaddr(ai->ai_addr, ai->ai_addrlen, &out[*n]) == 0) {
            ++*n;
        }
    }
    plat_freeaddrinfo(list);
    return 0;
}

/* A resolver that returns one family at a time is called twice, IPv4 first. A failure of IPv6
 * counts only if there is no address. */
int usocket_port_resolve(
    const char *host, int family, int flags, usocket_addr_t *out, size_t *n, char *canon, const bool *unwanted) {
    size_t room = *n;
    *n = 0;
    canon[0] = '\0';
    plat_names_lock();
#if PLAT_RESOLVES_ONE && USOCKET_IPV6
    int r = 0;
    if (family != AF_INET6) {
        r = resolve(host, AF_INET, flags, out, room, n, canon);
    }
    if (family != AF_INET && !is_set(unwanted)) {
        int r6 = resolve(host, AF_INET6, flags, out, room, n, canon);
        r = r6 == 0 || family == AF_INET6 ? r6 : r;
    }
    r = *n != 0 ? 0 : r;
#else
    int r = resolve(host, family, flags, out, room, n, canon);
    (void)unwanted;
#endif
    plat_names_unlock();
    return r;
}

#endif

#if PLAT_HAS_GETNAMEINFO

int usocket_port_reverse(const usocket_addr_t *a, int flags, char *host) {
    sys_addr_t sys;
    socklen_t len = bsd_to_system(a, &sys);
    int system = NI_NAMEREQD | (flags & USOCKET_NI_NOFQDN ? NI_NOFQDN : 0);
    int r = plat_getnameinfo(&sys.any, len, host, USOCKET_HOST_MAX, NULL, 0, system);
    return r == 0 ? 0 : gai_failed(r);
}

int usocket_port_service(const char *name, bool dgram) {
    struct addrinfo hints;
    memset(&hints, 0, sizeof(hints));
    hints.ai_family = AF_INET;
    hints.ai_socktype = dgram ? SOCK_DGRAM : SOCK_STREAM;
    struct addrinfo *list = NULL;
    usocket_addr_t a;
    if (plat_getaddrinfo(NULL, name, &hints, &list) != 0) {
        return USOCKET_EAI_SERVICE;
    }
    int r = usocket_port_sockaddr(list->ai_addr, list->ai_addrlen, &a);
    plat_freeaddrinfo(list);
    return r == 0 ? a.port : USOCKET_EAI_SERVICE;
}

/* getnameinfo returns the number itself for a port without a service. */
int usocket_port_service_name(uint16_t port, bool dgram, char *name) {
    usocket_addr_t a = {.family = USOCKET_AF_INET, .port = port};
    sys_addr_t sys;
    socklen_t len = bsd_to_system(&a, &sys);
    int r = plat_getnameinfo(&sys.any, len, NULL, 0, name, USOCKET_SERVICE_MAX, dgram ? NI_DGRAM : 0);
    return r == 0 && (name[0] < '0' || name[0] > '9') ? 0 : USOCKET_EAI_SERVICE;
}

#endif

int usocket_port_hostname(char *buf, size_t len) {
    if (buf == NULL || len == 0) {
        return len != 0 ? USOCKET_EFAULT : USOCKET_ENAMETOOLONG;
    }
    if (plat_gethostname(buf, len) < 0) {
        return bsd_failed(USOCKET_EOPNOTSUPP);
    }
    return memchr(buf, '\0', len) != NULL ? 0 : USOCKET_ENAMETOOLONG;
}

#endif

/* ---- Interfaces --------------------------------------------------------------------------------------------------- */

int usocket_port_if_index(const char *name, size_t len) {
#if PLAT_HAS_INTERFACES
    char text[IF_NAMESIZE];
    if (len >= sizeof(text)) {
        return USOCKET_ENODEV;
    }
    memcpy(text, name, len);
    text[len] = '\0';
    unsigned index = plat_if_nametoindex(text);
    return index != 0 ? (int)index : USOCKET_ENODEV;
#else
    (void)name, (void)len;
    return USOCKET_EOPNOTSUPP;
#endif
}

#if USOCKET_NAMES

/* Interfaces come in the order of their numbers, one for each call, so that no list has to be
 * kept. */
int usocket_port_if_next(unsigned *index, char *name) {
#if PLAT_HAS_INTERFACES && !defined(plat_if_nameindex)
    char text[IF_NAMESIZE];
    for (unsigned i = *index + 1; i <= 255; i++) { /* small stacks have no higher numbers */
        if (plat_if_indextoname(i, text) != NULL) {
            *index = i;
            copy_text(name, text, USOCKET_IFNAME_MAX);
            return 0;
        }
    }
    return USOCKET_ENXIO;
#elif PLAT_HAS_INTERFACES
    struct if_nameindex *list = plat_if_nameindex();
    if (list == NULL) {
        return bsd_failed(USOCKET_ENOBUFS);
    }
    struct if_nameindex *best = NULL;
    for (struct if_nameindex *i = list; i->if_index != 0; i++) {
        if (i->if_index > *index && (best == NULL || i->if_index < best->if_index)) {
            best = i;
        }
    }
    if (best != NULL) {
        *index = best->if_index;
        copy_text(name, best->if_name, USOCKET_IFNAME_MAX);
    }
    plat_if_freenameindex(list);
    return best != NULL ? 0 : USOCKET_ENXIO;
#else
    (void)index, (void)name;
    return USOCKET_EOPNOTSUPP;
#endif
}

int usocket_port_if_name(unsigned index, char *name) {
#if PLAT_HAS_INTERFACES
    return plat_if_indextoname(index, name) != NULL ? 0 : USOCKET_ENXIO;
#else
    (void)index, (void)name;
    return USOCKET_EOPNOTSUPP;
#endif
}

#endif

#endif
