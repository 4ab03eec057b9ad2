/* Names to addresses and back: the question, the answers that need no resolver, and reading the
 * answers. workers.c asks the resolver, or ask.c the stack.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lookup.h"

#if USOCKET_NAMES

/* ---- Socket types of an answer ----------------------------------------------------------------------------------- */

/* The table of glibc, in its order (RFC 3493 leaves it
 * open); the first three rows answer a query without a type. */
static const struct {
    uint8_t type;
    uint16_t proto; /* 0: any */
} kinds[] = {
    {USOCKET_STREAM, USOCKET_PROTO_TCP}, {USOCKET_DGRAM, USOCKET_PROTO_UDP}, {USOCKET_RAW, 0},
    {USOCKET_STREAM, USOCKET_PROTO_SEC},
#if USOCKET_SERVICES
    {USOCKET_DGRAM, 136},  /* UDP-Lite */
    {USOCKET_STREAM, 132}, /* SCTP */
    {5, 132},              /* SCTP, SOCK_SEQPACKET */
    {6, 33},               /* DCCP */
#endif
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))
#define KIND_TCP 0
#define KIND_UDP 1
#define KIND_RAW 2
#define KIND_SEC 3
#define KINDS_DEFAULT (USOCKET_DATAGRAMS ? 7 : 1) /* the first three, or streams alone */

/* Choose the rows of the table that the answers have, by the type and protocol of the query: a
 * query without both gets KINDS_DEFAULT, any other query gets one row. 0, or the code of a
 * combination that no row has. */
static int choose_kinds(usocket_lookup_t *l, const usocket_query_t *q) {
    l->proto = q->proto;
    if (q->type == 0 && q->proto == 0) {
        l->kinds = KINDS_DEFAULT;
        return 0;
    }
    /* One row answers; the row that takes any protocol, if no other one has it. */
    size_t k = 0;
    while ((q->type != 0 && q->type != kinds[k].type) || (q->proto != 0 && q->proto != kinds[k].proto)) {
        if (++k == KINDS) {
            k = KIND_RAW;
            if (q->type != 0 && q->type != USOCKET_RAW) {
                return USOCKET_EAI_SOCKTYPE;
            }
            break;
        }
    }
    l->kinds = (uint8_t)(1u << k);
    return k == KIND_RAW && q->service != NULL ? USOCKET_EAI_SERVICE : 0;
}

/* Set the ports of the answers. A service that is a name also removes the rows for which the system
 * has no port of that name. 0, or a code. */
static int choose_ports(usocket_lookup_t *l, const usocket_query_t *q) {
    l->ports[0] = l->ports[1] = q->port;
    if (q->service == NULL) {
        return 0;
    }
    const char *end = q->service + strlen(q->service);
    uint32_t port;
    const char *behind = usocket_parse_digits(q->service, end, 10, &port);
    if (behind == end) {
        l->ports[0] = l->ports[1] = (uint16_t)port;
        return port < 65536 ? 0 : USOCKET_EAI_SERVICE;
    }
    if (behind != NULL && (q->flags & USOCKET_AI_NUMERICSERV)) {
        return USOCKET_EAI_NONAME;
    }
#if !USOCKET_SERVICES
    return USOCKET_EAI_SERVICE;
#else
    if (behind == NULL || *q->service <= '-') { /* more than 32 bits, or a sign: resolvers may cut it to 16 */
        return USOCKET_EAI_SERVICE;
    }
    /* A service by name may have a port for streams,
     * another for datagrams, or none for one of them. */
    unsigned found = 0;
    for (int dgram = 0; dgram < 2; dgram++) {
        int r = usocket_port_service(q->service, dgram != 0);
        if (r >= 0) {
            l->ports[dgram] = (uint16_t)r;
            found |= dgram ? 1u << KIND_UDP : 1u << KIND_TCP | 1u << KIND_SEC;
        }
    }
    l->kinds &= (uint8_t)found;
    return l->kinds != 0 ? 0 : USOCKET_EAI_SERVICE;
#endif
}

/* True if the lookup has ended: its members may be read without the lock. An answer that the stack
 * has is taken here, so even a lookup that is only read may change; none is const. */
static bool has_ended(const usocket_lookup_t *l) {
#if USOCKET_ASKS
    return usocket_lookup_take((usocket_lookup_t *)(uintptr_t)l);
#else
    usocket_port_lock();
    bool done = l->state == DONE;
    usocket_port_unlock();
    return done;
#endif
}

int usocket_lookup_get(const usocket_lookup_t *l, size_t n, usocket_addrinfo_t *out) {
    if (!has_ended(l) || l->error != 0 || l->reverse != NULL) {
        return USOCKET_ENOENT;
    }
    /* An answer is an address with a row of the table; n counts these pairs. IPv4 comes first, and
     * within a family the order is the resolver's (RFC 6724). */
    for (int v6 = 0; v6 <= USOCKET_IPV6; v6++) {
        for (const usocket_addr_t *a = l->addr; a < l->addr + l->n; a++) {
            unsigned rows = (a->family != USOCKET_AF_INET) == v6 ? l->kinds : 0;
            for (size_t k = 0; rows != 0; k++, rows >>= 1) {
                if ((rows & 1) == 0 || n-- != 0) {
                    continue;
                }
                out->addr = *a;
                out->addr.port = l->ports[kinds[k].type == USOCKET_DGRAM];
                out->family = a->family;
                out->type = kinds[k].type;
                out->proto = k == KIND_RAW ? l->proto : kinds[k].proto;
                return 0;
            }
        }
    }
    return USOCKET_ENOENT;
}

/* ---- Answers without the resolver -------------------------------------------------------------------------------- */

/* Answer with the loopback or the "any" address of each family. The addresses of a new lookup are
 * zero. Not inlined, because it has two callers. */
__attribute__((noinline)) static void answer_self(usocket_lookup_t *l, bool any) {
    usocket_addr_t *a = l->addr;
    if (!USOCKET_IPV6 || l->family != USOCKET_AF_INET6) {
        a->family = USOCKET_AF_INET;
        a->u.ip[0] = any ? 0 : 127;
        a->u.ip[3] = !any;
        l->n++;
        a++;
    }
    if (USOCKET_IPV6 && l->family != USOCKET_AF_INET) {
        a->family = USOCKET_AF_INET6;
        a->u.ip[15] = !any;
        l->n++;
    }
}

enum kind { NO_NAME, NAME, THIS_HOST };

/* Classify the text of a host that is not a numeric address. A name has labels of 1 to 63 printable
 * characters of ASCII, 253 in all (RFC 1035); a dot may stand at the end. "localhost" and the names
 * under it are this host (RFC 6761, 6.3). */
static enum kind kind_of(const char *host) {
    static const char local[] = "localhost";
    enum kind kind = NO_NAME;
    size_t label = 0;
    size_t alike = 0; /* characters of the label that are those of `local` */
    for (size_t i = 0;; i++) {
        char c = host[i];
        if (c == '.' || c == '\0') {
            if (c == '\0' && (label == 0 || i > 253)) {
                return i > 254 || label != 0 ? NO_NAME : kind;
            }
            if (label - 1 > 62) { /* 0 is too short, and wraps */
                return NO_NAME;
            }
            kind = label == alike && label == sizeof(local) - 1 ? THIS_HOST : NAME;
            if (c == '\0') {
                return kind;
            }
            label = alike = 0;
        } else if (c <= ' ' || c >= 0x7f) { /* bytes above ASCII are negative, or larger */
            return NO_NAME;
        } else {
            alike += label < sizeof(local) && (c | 0x20) == local[label];
            label++;
        }
    }
}

/* Answer a numeric address or this host's name. 0, a code, or 1: the resolver has to be asked. */
static int answer_numeric(usocket_lookup_t *l) {
    usocket_addr_t *a = &l->addr[0];
    int r = usocket_addr_parse(a, l->host, strlen(l->host), l->family);
    /* An IPv4 address that is asked for as IPv6 is returned in its mapped form, ::ffff:a.b.c.d. */
    if (USOCKET_IPV6 && r == USOCKET_EAI_ADDRFAMILY && l->family == USOCKET_AF_INET6 &&
        (l->flags & USOCKET_AI_V4MAPPED)) {
        r = usocket_addr_parse(a, l->host, strlen(l->host), USOCKET_AF_INET);
        if (r == 0) {
            a->family = USOCKET_AF_INET6;
            memcpy(a->u.ip + 12, a->u.ip, 4);
            memset(a->u.ip, 0, 4);
            a->u.ip[10] = a->u.ip[11] = 0xff;
        }
    }
    if (USOCKET_IPV6 && r == USOCKET_ENODEV) {
        return USOCKET_EAI_NONAME;
    }
    if (r == USOCKET_EAI_NONAME) {
        enum kind kind = kind_of(l->host);
        if (kind == NO_NAME || (l->flags & USOCKET_AI_NUMERICHOST)) {
            return r;
        }
        if (kind == NAME) {
            return l->flags & USOCKET_AI_LOCAL ? USOCKET_EAGAIN : 1;
        }
        answer_self(l, false);
        r = 0;
    } else if (r == 0) {
        l->n = 1;
    }
    if (r == 0 && (l->flags & USOCKET_AI_CANONNAME)) {
        strcpy(l->canon, l->host);
    }
    return r;
}

void usocket_dial_source(usocket_addr_t *source, uint16_t family) {
    unsigned set = 0;
    for (int i = source->family == USOCKET_AF_INET ? 4 : 16; i > 0; i--) {
        set |= source->u.ip[i - 1];
    }
    if (set == 0) {
        source->family = family;
    }
}

/* ---- The calls --------------------------------------------------------------------------------------------------- */

static usocket_lookup_t *new_lookup(void) {
    usocket_lookup_t *l = usocket_port_alloc(sizeof(*l));
    if (l != NULL) {
        memset(l, 0, sizeof(*l));
        l->handle = -1;
#if USOCKET_FORK
        l->process = process();
#endif
    }
    return l;
}

/* Start a lookup: r is 0 if it is answered, 1 if the resolver has to be asked, or a code. On
 * failure l is freed, and *out becomes NULL. */
static int start_lookup(usocket_lookup_t **out, usocket_lookup_t *l, int r) {
    if (r == 0) {
        l->state = DONE;
    } else if (r > 0) {
        r = usocket_lookup_dispatch(l);
    }
    if (r < 0) {
        usocket_lookup_free(l);
        l = NULL;
    }
    *out = l;
    return r;
}

/* Check the parts of a query that do not depend on each other. 0, or a code. */
static int check_query(const usocket_query_t *q) {
    const int known = USOCKET_AI_PASSIVE | USOCKET_AI_CANONNAME | USOCKET_AI_NUMERICHOST | USOCKET_AI_V4MAPPED |
        USOCKET_AI_ALL | USOCKET_AI_ADDRCONFIG | USOCKET_AI_NUMERICSERV | USOCKET_AI_LOCAL;
    if ((q->flags & ~known) || (q->host == NULL && (q->flags & USOCKET_AI_CANONNAME))) {
        return USOCKET_EAI_BADFLAGS;
    }
    if (q->host == NULL && q->service == NULL && q->port == 0) {
        return USOCKET_EAI_NONAME;
    }
    if (q->family != USOCKET_AF_UNSPEC && q->family != USOCKET_AF_INET &&
        (!USOCKET_IPV6 || q->family != USOCKET_AF_INET6)) {
        return USOCKET_EAI_FAMILY;
    }
    return q->host != NULL && strlen(q->host) >= USOCKET_HOST_MAX ? USOCKET_EAI_NONAME : 0;
}

int usocket_lookup_start(usocket_lookup_t **lookup, const usocket_query_t *q) {
    *lookup = NULL;
    int r = check_query(q);
    if (r < 0) {
        return r;
    }
    usocket_lookup_t *l = new_lookup();
    if (l == NULL) {
        return USOCKET_EAI_MEMORY;
    }
    l->family = q->family;
    l->flags = q->flags;
    r = choose_kinds(l, q);
    if (r == 0) {
        r = choose_ports(l, q);
    }
    if (r == 0 && q->host != NULL) {
        strcpy(l->host, q->host);
        r = answer_numeric(l);
    } else if (r == 0) {
        answer_self(l, (l->flags & USOCKET_AI_PASSIVE) != 0);
    }
    return start_lookup(lookup, l, r);
}

/* Find the name of addr[0], on this thread. 0, or a code. Only usocket_lookup_reverse names it, so
 * that a program without that call does not link the port's part. */
static int run_reverse(usocket_lookup_t *l) {
    int r = usocket_port_reverse(&l->addr[0], l->flags, l->canon);
    if (r == USOCKET_EAI_NONAME && !(l->flags & USOCKET_NI_NAMEREQD)) {
        memcpy(l->canon, l->host, sizeof(l->canon)); /* the numeric form stands for the name */
        r = 0;
    }
    return r;
}

#define NI_ALL \
    (USOCKET_NI_NUMERICHOST | USOCKET_NI_NUMERICSERV | USOCKET_NI_NOFQDN | USOCKET_NI_NAMEREQD | USOCKET_NI_DGRAM)

int usocket_lookup_reverse(usocket_lookup_t **lookup, const usocket_addr_t *a, int flags) {
    *lookup = NULL;
    if (a->family != USOCKET_AF_INET && (!USOCKET_IPV6 || a->family != USOCKET_AF_INET6)) {
        return USOCKET_EAI_FAMILY;
    }
    if (flags & ~NI_ALL) {
        return USOCKET_EAI_BADFLAGS;
    }
    usocket_lookup_t *l = new_lookup();
    if (l == NULL) {
        return USOCKET_EAI_MEMORY;
    }
    l->reverse = run_reverse;
    l->flags = flags;
    l->addr[0] = *a;
    /* The numeric form of the service, and of the host
     * below, stands where the system knows no name. */
    if ((flags & USOCKET_NI_NUMERICSERV) ||
        usocket_port_service_name(a->port, (flags & USOCKET_NI_DGRAM) != 0, l->service) < 0) {
        *usocket_format_number(l->service, a->port, 10) = '\0';
    }
    int len = usocket_ntop(a->family, a->u.ip, l->host);
    if (a->family == USOCKET_AF_INET6 && a->scope != 0) {
        l->host[len] = '%';
        if (usocket_port_if_name(a->scope, l->host + len + 1) < 0) {
            l->host[len] = '\0';
        }
    }
    int r = 1;
    if (flags & USOCKET_NI_NUMERICHOST) {
        strcpy(l->canon, l->host);
        r = flags & USOCKET_NI_NAMEREQD ? USOCKET_EAI_NONAME : 0;
    }
    return start_lookup(lookup, l, r);
}

/* Wait for the end of a lookup; s ends the wait when it is closed, and may be NULL. A lookup of the
 * parent of a fork() never ends in the child, because its worker does not run there. */
static int wait_lookup(usocket_lookup_t *l, usocket_t *s, usocket_time_t deadline) {
    for (;;) {
        if (has_ended(l)) {
            return l->error;
        }
        if (is_inherited(l)) {
            return USOCKET_EAI_AGAIN;
        }
        if (deadline == USOCKET_NOW) {
            return USOCKET_EAGAIN;
        }
        usocket_wait_t w = {l->handle, USOCKET_POLL_IN, 0};
        int r = usocket_wait_for(s, &w, 1, deadline);
        if (r <= 0) {
            return r < 0 ? r : USOCKET_ETIMEDOUT;
        }
    }
}

int usocket_lookup_wait_for(usocket_lookup_t *l, usocket_t *s, usocket_time_t deadline) {
    int r = s != NULL ? usocket_hold(s) : 0;
    if (r == 0) {
        r = wait_lookup(l, s, deadline);
        if (s != NULL) {
            usocket_release(s);
        }
    }
    return r;
}

int usocket_lookup_wait(usocket_lookup_t *l, usocket_time_t deadline) {
    return usocket_lookup_wait_for(l, NULL, deadline);
}

#if USOCKET_ASYNC || USOCKET_RACE

int usocket_lookup_handle(const usocket_lookup_t *l) {
    return l->handle < 0 ? USOCKET_ENOENT : l->handle;
}

#endif

const char *usocket_lookup_name(const usocket_lookup_t *l) {
#if USOCKET_ASKS
    has_ended(l); /* takes the answer */
#endif
    return l->canon;
}

const char *usocket_lookup_service(const usocket_lookup_t *l) {
    return l->service;
}

void usocket_lookup_free(usocket_lookup_t *l) {
    if (l == NULL) {
        return;
    }
    int handle = l->handle; /* read first, since the worker may free a lookup that is not ours any more */
    bool ours = usocket_lookup_withdraw(l);
    /* The event is closed afterwards: no worker sets it for a lookup that has been withdrawn. */
#if USOCKET_ASKS
    if (handle >= 0) {
        usocket_port_forget(handle);
    }
#else
    if (USOCKET_RESOLVER_WORKERS && handle >= 0) {
        usocket_port_event_close(handle);
    }
#endif
    if (ours) {
        usocket_port_free(l);
    }
}

#endif
