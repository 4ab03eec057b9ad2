/* What the core needs of lwIP beside sockets: a clock, a lock, threads; and calls that take more than another name.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include "usocket/port.h"

#include <lwip/api.h>
#include <lwip/dns.h>
#include <lwip/mem.h>
#include <lwip/netif.h>
#include <lwip/tcpip.h>

#include <stdlib.h>
#include <string.h>

#if defined(__unix__) /* lwIP's unix port: its threads are POSIX's */
#include <pthread.h>
#include <signal.h>
#endif

/* ---- Clock -------------------------------------------------------------------------------------------------------- */

/* sys_now() comes round every 49.7 days; somebody asks more often than that. */
usocket_time_t usocket_port_now(void) {
    static u32_t last;
    static usocket_time_t total;
    SYS_ARCH_DECL_PROTECT(lev);
    SYS_ARCH_PROTECT(lev);
    u32_t now = sys_now();
    total += (u32_t)(now - last);
    last = now;
    usocket_time_t result = total;
    SYS_ARCH_UNPROTECT(lev);
    return result * 1000 + 1;
}

/* ---- Memory ------------------------------------------------------------------------------------------------------- */

#ifndef PLAT_MALLOC /* lwIP's own heap is for packets */
#define PLAT_MALLOC malloc
#define PLAT_FREE free
#endif

void *usocket_port_alloc(size_t size) {
    return PLAT_MALLOC(size);
}

void usocket_port_free(void *p) {
    PLAT_FREE(p);
}

/* ---- Locks -------------------------------------------------------------------------------------------------------- */

static sys_mutex_t library;
static bool ready;

static void make_lock(void) {
    sys_mutex_t mine;
    while (sys_mutex_new(&mine) != ERR_OK) { /* nothing works without */
        sys_msleep(10);
    }
    SYS_ARCH_DECL_PROTECT(lev);
    SYS_ARCH_PROTECT(lev);
    bool late = ready;
    if (!late) {
        library = mine;
        __atomic_store_n(&ready, true, __ATOMIC_RELEASE);
    }
    SYS_ARCH_UNPROTECT(lev);
    if (late) {
        sys_mutex_free(&mine);
    }
}

void usocket_port_lock(void) {
    if (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE)) {
        make_lock();
    }
    sys_mutex_lock(&library);
}

void usocket_port_unlock(void) {
    sys_mutex_unlock(&library);
}

/* ---- Threads ------------------------------------------------------------------------------------------------------ */

#ifndef PLAT_THREAD_PRIO
#define PLAT_THREAD_PRIO DEFAULT_THREAD_PRIO
#endif

typedef struct {
    void (*run)(void *);
    void *arg;
} job_t;

static void start(void *p) {
    job_t job = *(job_t *)p;
    PLAT_FREE(p);
    lwip_socket_thread_init();
    job.run(job.arg);
    lwip_socket_thread_cleanup();
#ifdef PLAT_THREAD_END
    PLAT_THREAD_END; /* where a thread's function must not return */
#endif
}

#if defined(__unix__)
static void *start_detached(void *p) {
    start(p);
    return NULL;
}

/* Not by sys_thread_new(), which names a thread that may have ended by then. Signals are for the threads that know them. */
static bool begin(job_t *job) {
    pthread_t thread;
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    bool begun = pthread_create(&thread, NULL, start_detached, job) == 0;
    if (begun) {
        pthread_detach(thread);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return begun;
}
#else
static bool begin(job_t *job) {
    return sys_thread_new("usocket", start, job, USOCKET_RESOLVER_STACK, PLAT_THREAD_PRIO) != NULL;
}
#endif

#if USOCKET_FORK
unsigned usocket_port_forks(void) { /* a child of fork() would be without lwIP's own thread */
    return 0;
}
#endif

int usocket_port_spawn(void (*run)(void *), void *arg) {
    job_t *job = PLAT_MALLOC(sizeof(*job));
    if (job == NULL) {
        return USOCKET_ENOMEM;
    }
    job->run = run;
    job->arg = arg;
    if (!begin(job)) {
        PLAT_FREE(job);
        return USOCKET_EAGAIN;
    }
    return 0;
}

/* ---- Sockets ------------------------------------------------------------------------------------------------------ */

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

int plat_poll(plat_pollfd *fds, unsigned n, long long left) {
    int r = lwip_poll(fds, n, left < 0 ? -1 : (int)((left + 999) / 1000));
    for (unsigned i = 0; r < 0 && i < n; i++) {
        r = fds[i].fd >= 0 && (fds[i].revents & POLLNVAL) ? 1 : r;
    }
    return r;
}

/* ---- Addresses ---------------------------------------------------------------------------------------------------- */

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

/* lwIP binds to any address, its own or not. */
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
        errno = EACCES; /* without SO_BROADCAST */
    }
    return r;
}

/* ---- Names -------------------------------------------------------------------------------------------------------- */

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

/* One address of one family; lwIP keeps no more. Not lwip_getaddrinfo(), whose results come from a pool that may have one entry:
 * without it, a lookup that nobody waits for any more does not hold up others. lwIP has one word for a name that does not exist,
 * a server that does not answer, and no server at all. */
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
        return PLAT_EAI_BUSY; /* its table of lookups in progress is full */
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
    answer->info.ai_canonname = (char *)host; /* lwIP follows aliases and does not tell */
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
    size_t size = strlen(name) + 1; /* not strncpy(), which fills all that the buffer is said to have */
    memcpy(buf, name, size < len ? size : len);
    return 0;
}

/* ---- For TLS: on a Unix, port/bsd_tls.c has these. Elsewhere usocket_port_random is the board's to write. ----------- */

#if USOCKET_TLS && !defined(plat_getrandom)

#include <time.h>

#ifndef PLAT_WALL_TIME
#define PLAT_WALL_TIME() time(NULL)
#endif
#ifndef PLAT_TRUST
#define PLAT_TRUST NULL /* or the name of a file of certificates, PEM */
#endif

int64_t usocket_port_wall_time(void) {
    time_t now = PLAT_WALL_TIME();
    return now > 0 ? (int64_t)now : 0;
}

const char *usocket_port_trust(uint64_t *version) {
    *version = 0;
    return PLAT_TRUST;
}

#endif
