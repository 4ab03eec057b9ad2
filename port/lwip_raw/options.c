/* Options of sockets. Those of streams are kept in the slot, because lwIP's pcb may be gone, or be
 * made anew; a change is then applied to the pcb that there is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "slots.h"

#include <lwip/netif.h>

#include <string.h>

void options_begin(slot_t *s, int family, int proto) {
    settings_t *set = &s->set;
    set->options = 0;
    set->family = (uint8_t)family;
    set->proto = (uint8_t)proto;
    set->ttl = 64; /* IANA's recommendation, and Linux's value */
    set->tos = 0;
    set->netif = 0;
    set->keep_cnt = 9;     /* this and the next two: as on Linux */
    set->keep_idle = 7200; /* RFC 1122, 4.2.3.6 */
    set->keep_intvl = 75;
    set->linger = 0;
    set->room = s->kind == STREAM ? TCP_WND : UINT16_MAX;
    set->timeo[0] = set->timeo[1] = 0;
}

/* Kinds of rows. TTL to WORD are numbers of a range, with a place in the settings. */
enum { FLAG, TTL, TOS, COUNT, WORD, ROOM, TIMEO, LINGER, DEVICE, TYPE, PENDING, LISTENS, MULTICAST, GROUP };

typedef struct {
    uint16_t level, name;
    uint8_t kind;
    uint8_t at; /* FLAG: OPT_*; MULTICAST: the name in IPv4; GROUP: to join; otherwise the place. */
} row_t;

static const row_t rows[] = {
    {SOL_SOCKET, SO_REUSEADDR, FLAG, OPT_REUSE},
    {SOL_SOCKET, SO_KEEPALIVE, FLAG, OPT_KEEPALIVE},
    {SOL_SOCKET, SO_LINGER, LINGER, 0},
    {SOL_SOCKET, SO_RCVTIMEO, TIMEO, offsetof(settings_t, timeo[0])},
    {SOL_SOCKET, SO_SNDTIMEO, TIMEO, offsetof(settings_t, timeo[1])},
    {SOL_SOCKET, SO_RCVBUF, ROOM, 0},
    {SOL_SOCKET, SO_BINDTODEVICE, DEVICE, 0},
    {SOL_SOCKET, SO_TYPE, TYPE, 0},
    {SOL_SOCKET, SO_ERROR, PENDING, 0},
    {SOL_SOCKET, SO_ACCEPTCONN, LISTENS, 0},
    {IPPROTO_TCP, TCP_NODELAY, FLAG, OPT_NODELAY},
    {IPPROTO_TCP, TCP_KEEPIDLE, WORD, offsetof(settings_t, keep_idle)},
#if LWIP_TCP_KEEPALIVE
    {IPPROTO_TCP, TCP_KEEPINTVL, WORD, offsetof(settings_t, keep_intvl)},
    {IPPROTO_TCP, TCP_KEEPCNT, COUNT, offsetof(settings_t, keep_cnt)},
#endif
    {IPPROTO_IP, IP_TTL, TTL, offsetof(settings_t, ttl)},
    {IPPROTO_IP, IP_TOS, TOS, offsetof(settings_t, tos)},
#if USOCKET_IPV6
    {IPPROTO_IPV6, IPV6_V6ONLY, FLAG, OPT_V6ONLY},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, TTL, offsetof(settings_t, ttl)},
#endif
#if USOCKET_DATAGRAMS
    {SOL_SOCKET, SO_BROADCAST, FLAG, OPT_BROADCAST},
#if LWIP_IGMP
    {IPPROTO_IP, IP_ADD_MEMBERSHIP, GROUP, true},
    {IPPROTO_IP, IP_DROP_MEMBERSHIP, GROUP, false},
#endif
#if LWIP_MULTICAST_TX_OPTIONS
    {IPPROTO_IP, IP_MULTICAST_TTL, MULTICAST, IP_MULTICAST_TTL},
    {IPPROTO_IP, IP_MULTICAST_LOOP, MULTICAST, IP_MULTICAST_LOOP},
    {IPPROTO_IP, IP_MULTICAST_IF, MULTICAST, IP_MULTICAST_IF},
#if USOCKET_IPV6
    {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, MULTICAST, IP_MULTICAST_TTL},
    {IPPROTO_IPV6, IPV6_MULTICAST_LOOP, MULTICAST, IP_MULTICAST_LOOP},
    {IPPROTO_IPV6, IPV6_MULTICAST_IF, MULTICAST, IP_MULTICAST_IF},
#endif
#endif
#if USOCKET_IPV6 && LWIP_IPV6_MLD
    {IPPROTO_IPV6, IPV6_JOIN_GROUP, GROUP, true},
    {IPPROTO_IPV6, IPV6_LEAVE_GROUP, GROUP, false},
#endif
#endif
};

/* True if a socket of this kind has options of the level. */
static bool has_level(const slot_t *s, int level) {
    return level == IPPROTO_TCP ? !is_datagram(s)
        : level == IPPROTO_IPV6 ? s->set.family == USOCKET_AF_INET6
                                : level == SOL_SOCKET || level == IPPROTO_IP;
}

/* The row of an option that the socket has, or NULL. */
static const row_t *row_of(const slot_t *s, int level, int name) {
    for (const row_t *row = rows; row < rows + sizeof(rows) / sizeof(rows[0]); row++) {
        if (row->level == level && row->name == name) {
            return has_level(s, level) && (row->kind != MULTICAST || s->kind == DATAGRAM) ? row : NULL;
        }
    }
    return NULL;
}

uint8_t version_of(const slot_t *s) {
    return s->set.family == USOCKET_AF_INET ? IPADDR_TYPE_V4
        : s->set.options & OPT_V6ONLY       ? IPADDR_TYPE_V6
                                            : IPADDR_TYPE_ANY;
}

/* The pcb of a listener is shorter; accepted sockets have the rest from the slot. */
void options_apply(slot_t *s) {
    struct ip_pcb *ip = s->pcb.any; /* all kinds of pcb begin with it */
    s->set.options |= OPT_OTHERS;
    if (ip == NULL) {
        return;
    }
    ip->so_options = (u8_t)((s->set.options & OPT_REUSE ? SOF_REUSEADDR : 0) |
        (s->set.options & OPT_KEEPALIVE ? SOF_KEEPALIVE : 0) | (s->set.options & OPT_BROADCAST ? SOF_BROADCAST : 0));
    ip->ttl = s->set.ttl;
    ip->tos = s->set.tos;
    ip->netif_idx = s->set.netif;
    if (s->kind != STREAM) {
        return;
    }
    struct tcp_pcb *pcb = s->pcb.tcp;
    if (s->set.options & OPT_NODELAY) {
        tcp_nagle_disable(pcb);
    } else {
        tcp_nagle_enable(pcb);
    }
    pcb->keep_idle = s->set.keep_idle * 1000u;
#if LWIP_TCP_KEEPALIVE
    pcb->keep_intvl = s->set.keep_intvl * 1000u;
    pcb->keep_cnt = s->set.keep_cnt;
#endif
}

/* ---- Numbers ------------------------------------------------------------------------------------------------------ */

static int set_number(slot_t *s, const row_t *row, int number) {
    uint8_t *place = (uint8_t *)&s->set + row->at;
    number = number == -1 && row->kind == TTL ? 64 : number; /* Linux: the default */
    if (number < (row->kind != TOS) ||
        number > (row->kind == WORD           ? INT16_MAX
                         : row->kind == COUNT ? INT8_MAX
                                              : UINT8_MAX)) {
        return USOCKET_EINVAL;
    }
    if (row->kind == WORD) {
        *(uint16_t *)(void *)place = (uint16_t)number;
    } else {
        *place = (uint8_t)number;
    }
    options_apply(s);
    return 0;
}

static int set_flag(slot_t *s, uint8_t flag, int number) {
    if (flag == OPT_V6ONLY) {
        if (s->flags & BOUND) {
            return USOCKET_EINVAL;
        }
#if USOCKET_IPV6
        u8_t type = number != 0 ? IPADDR_TYPE_V6 : IPADDR_TYPE_ANY;
        struct ip_pcb *pcb = s->pcb.any;
        if (pcb != NULL) {
            IP_SET_TYPE_VAL(pcb->local_ip, type);
            IP_SET_TYPE_VAL(pcb->remote_ip, type);
        }
#endif
    }
    s->set.options = (uint8_t)((s->set.options & ~flag) | (number != 0 ? flag : 0));
    options_apply(s);
    return 0;
}

/* ---- Multicast ---------------------------------------------------------------------------------------------------- */

#if LWIP_MULTICAST_TX_OPTIONS && USOCKET_DATAGRAMS

/* The interface by its number; 0: none. */
static int set_interface(struct udp_pcb *pcb, uint32_t number) {
    if (number > 0xff || (number != 0 && netif_get_by_index((u8_t)number) == NULL)) {
        return USOCKET_ENODEV;
    }
    udp_set_multicast_netif_index(pcb, (u8_t)number);
    udp_set_multicast_netif_addr(pcb, IP4_ADDR_ANY4);
    return 0;
}

/* IPv4 names the interface by an address, or behind two addresses by its number. */
static int set_interface4(struct udp_pcb *pcb, const uint8_t *value, size_t len) {
    uint32_t number = 0;
    ip_addr_t ip;
    ip4_addr_t four;
    if (len >= 12) {
        memcpy(&number, value + 8, 4);
        if (number != 0) {
            return set_interface(pcb, number);
        }
    }
    memcpy(&four, value + (len >= 8 ? 4 : 0), 4);
    ip_addr_copy_from_ip4(ip, four);
    if (!ip4_addr_isany_val(four) && (ip_addr_ismulticast(&ip) || is_broadcast(&ip) || check_own(&ip) < 0)) {
        return USOCKET_EADDRNOTAVAIL;
    }
    udp_set_multicast_netif_index(pcb, NETIF_NO_INDEX);
    udp_set_multicast_netif_addr(pcb, &four);
    return 0;
}

/* The name is that of IPv4. */
static int set_multicast(slot_t *s, int level, int name, const uint8_t *value, size_t len, int number) {
    struct udp_pcb *pcb = s->pcb.udp;
    if (name == IP_MULTICAST_IF) {
        return len < 4            ? USOCKET_EINVAL
            : level == IPPROTO_IP ? set_interface4(pcb, value, len)
                                  : set_interface(pcb, (uint32_t)number);
    }
    if (name == IP_MULTICAST_TTL) {
        number = number == -1 ? 1 : number;
        if (number < 0 || number > 255) {
            return USOCKET_EINVAL;
        }
        udp_set_multicast_ttl(pcb, (u8_t)number);
    } else if (number != 0) {
        udp_set_flags(pcb, UDP_FLAGS_MULTICAST_LOOP);
    } else {
        udp_clear_flags(pcb, UDP_FLAGS_MULTICAST_LOOP);
    }
    return 0;
}

static int get_multicast(const slot_t *s, int level, int name) {
    const struct udp_pcb *pcb = s->pcb.udp;
    int number = 0;
    if (name == IP_MULTICAST_IF && level == IPPROTO_IP) {
        memcpy(&number, udp_get_multicast_netif_addr(pcb), sizeof(number));
        return number;
    }
    return name == IP_MULTICAST_IF ? pcb->mcast_ifindex
        : name == IP_MULTICAST_TTL ? udp_get_multicast_ttl(pcb)
                                   : (pcb->flags & UDP_FLAGS_MULTICAST_LOOP) != 0;
}

#else
#define set_multicast(s, level, name, value, len, number) USOCKET_ENOPROTOOPT
#define get_multicast(s, level, name) 0
#endif

/* ---- Setting ------------------------------------------------------------------------------------------------------ */

static int set_device(slot_t *s, const uint8_t *value, size_t len) {
    const char *name = (const char *)value;
    size_t n = 0;
    while (n < len && name[n] != '\0') {
        n++;
    }
    int index = n != 0 ? usocket_port_if_index(name, n) : 0;
    if (index < 0) {
        return index;
    }
    s->set.netif = (uint8_t)index;
    options_apply(s);
    return 0;
}

/* The stack's struct timeval. Milliseconds are rounded up, since 0 is without end. */
static int set_timeo(uint32_t *timeo, const uint8_t *value, size_t len) {
    long t[2]; /* seconds, microseconds */
    if (len < sizeof(t)) {
        return USOCKET_EINVAL;
    }
    memcpy(t, value, sizeof(t));
    if (t[0] < 0 || t[1] < 0 || t[1] >= 1000000) {
        return USOCKET_EDOM;
    }
    t[0] = t[0] < 1000000 ? t[0] : 1000000;
    *timeo = (uint32_t)t[0] * 1000 + (uint32_t)(t[1] + 999) / 1000;
    return 0;
}

static int set_linger(slot_t *s, const uint8_t *value, size_t len) {
    int set[2]; /* on, seconds */
    if (len < sizeof(set)) {
        return USOCKET_EINVAL;
    }
    memcpy(set, value, sizeof(set));
    s->flags &= (uint8_t)~LINGERS;
    if (set[0] != 0) { /* off leaves the time, as on Linux */
        s->flags |= LINGERS;
        s->set.linger = (uint16_t)(set[1] < 0 || set[1] > INT16_MAX ? INT16_MAX : set[1]);
    }
    return 0;
}

static int set_option(slot_t *s, int level, int name, const void *value, size_t len) {
    if (s == NULL || (value == NULL && len != 0)) {
        return s == NULL ? USOCKET_EBADF : USOCKET_EFAULT;
    }
    const row_t *row = row_of(s, level, name);
    if (row == NULL && level != SOL_SOCKET) {
        return USOCKET_ENOPROTOOPT;
    }
    uint8_t kind = row != NULL ? row->kind : TYPE; /* which cannot be set */
    if (kind == DEVICE) {
        return set_device(s, value, len);
    }
    if (kind == GROUP) {
        return group_change(s, row->at, level, value, len);
    }
    int number;
    if (len >= sizeof(number)) {
        memcpy(&number, value, sizeof(number));
    } else if (len != 0 && level == IPPROTO_IP) { /* may be a byte */
        number = *(const uint8_t *)value;
    } else {
        return USOCKET_EINVAL;
    }
    switch (kind) {
        case FLAG:
            return set_flag(s, row->at, number);
        case ROOM:
            s->set.room = (uint32_t)(number > 256 ? number : 256); /* with less no datagram could arrive */
            return 0;
        case TIMEO:
            return set_timeo((uint32_t *)(void *)((uint8_t *)&s->set + row->at), value, len);
        case LINGER:
            return set_linger(s, value, len);
        case MULTICAST:
            return set_multicast(s, level, row->at, value, len, number);
        default:
            return kind >= TTL && kind <= WORD ? set_number(s, row, number) : USOCKET_ENOPROTOOPT;
    }
}

int usocket_port_setopt(int handle, int level, int name, const void *value, size_t len) {
    int r;
    UNDER_LWIP(r, set_option(socket_of(handle), level, name, value, len));
    return r;
}

/* ---- Getting ------------------------------------------------------------------------------------------------------ */

static int get_option(slot_t *s, int level, int name, void *value, size_t *len) {
    if (s == NULL || (value == NULL && *len != 0)) {
        return s == NULL ? USOCKET_EBADF : USOCKET_EFAULT;
    }
    const row_t *row = row_of(s, level, name);
    if (row == NULL) {
        return has_level(s, level) ? USOCKET_ENOPROTOOPT : USOCKET_EOPNOTSUPP; /* as Linux tells them apart */
    }
    union {
        int number, linger[2];
        long timeo[2];
        char device[NETIF_NAMESIZE];
    } is;
    const uint8_t *place = (const uint8_t *)&s->set + row->at;
    size_t size = sizeof(is.number);
    switch (row->kind) {
        case FLAG:
            is.number = (s->set.options & row->at) != 0;
            break;
        case WORD:
            is.number = *(const uint16_t *)(const void *)place;
            break;
        case ROOM:
            is.number = (int)s->set.room;
            break;
        case TIMEO:
            is.timeo[0] = (long)(*(const uint32_t *)(const void *)place / 1000);
            is.timeo[1] = (long)(*(const uint32_t *)(const void *)place % 1000 * 1000);
            size = sizeof(is.timeo);
            break;
        case LINGER:
            is.linger[0] = (s->flags & LINGERS) != 0;
            is.linger[1] = s->set.linger;
            size = sizeof(is.linger);
            break;
        case DEVICE:
            size =
                s->set.netif != 0 && netif_index_to_name(s->set.netif, is.device) != NULL ? strlen(is.device) + 1 : 0;
            break;
        case TYPE:
            is.number = s->kind == DATAGRAM ? USOCKET_DGRAM : s->kind == RAW ? USOCKET_RAW : USOCKET_STREAM;
            break;
        case PENDING:
            is.number = -slot_take_error(s);
            break;
        case LISTENS:
            is.number = s->kind == LISTENER;
            break;
        case MULTICAST:
            is.number = get_multicast(s, level, row->at);
            break;
        case GROUP:
            return USOCKET_ENOPROTOOPT;
        default:
            is.number = *place;
            break;
    }
    *len = *len < size ? *len : size;
    if (*len != 0) {
        memcpy(value, &is, *len);
    }
    return 0;
}

int usocket_port_getopt(int handle, int level, int name, void *value, size_t *len) {
    int r;
    UNDER_LWIP(r, get_option(socket_of(handle), level, name, value, len));
    return r;
}

bool usocket_port_is_timeo(int level, int name) {
    return level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO);
}

usocket_time_t usocket_port_timeo(int handle, bool output) {
    const slot_t *s = socket_of(handle);
    return s != NULL ? (usocket_time_t)s->set.timeo[output] * 1000 : 0;
}
