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

/* The bit of a flag; 0: the option is none. */
static uint8_t flag_of(const slot_t *s, int level, int name) {
    bool stream = s->kind == STREAM || s->kind == LISTENER;
    if (level == SOL_SOCKET) {
        return name == SO_REUSEADDR ? OPT_REUSE
            : name == SO_KEEPALIVE  ? OPT_KEEPALIVE
#if USOCKET_DATAGRAMS
            : name == SO_BROADCAST ? OPT_BROADCAST
#endif
                                   : 0;
    }
#if USOCKET_IPV6
    if (level == IPPROTO_IPV6 && s->set.family == USOCKET_AF_INET6 && name == IPV6_V6ONLY) {
        return OPT_V6ONLY;
    }
#endif
    return level == IPPROTO_TCP && stream && name == TCP_NODELAY ? OPT_NODELAY : 0;
}

uint8_t version_of(const slot_t *s) {
    return s->set.family == USOCKET_AF_INET ? IPADDR_TYPE_V4
        : s->set.options & OPT_V6ONLY       ? IPADDR_TYPE_V6
                                            : IPADDR_TYPE_ANY;
}

/* The pcb of a listener is shorter; accepted sockets have the rest from the slot. */
void options_apply(slot_t *s) {
    struct ip_pcb *ip = s->pcb.any; /* all kinds of pcb begin with it */
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

/* An option with a number has a place in the slot, and a range. */
typedef struct {
    int least, most;
    uint8_t *byte;
    uint16_t *word;
} place_t;

static bool place_of(slot_t *s, int level, int name, place_t *place) {
    bool stream = s->kind == STREAM || s->kind == LISTENER;
    *place = (place_t){1, 255, NULL, NULL};
    if (level == IPPROTO_IP && name == IP_TTL) {
        place->byte = &s->set.ttl;
    } else if (level == IPPROTO_IP && name == IP_TOS) {
        place->least = 0;
        place->byte = &s->set.tos;
#if USOCKET_IPV6
    } else if (level == IPPROTO_IPV6 && s->set.family == USOCKET_AF_INET6 && name == IPV6_UNICAST_HOPS) {
        place->byte = &s->set.ttl;
#endif
    } else if (level == IPPROTO_TCP && stream && name == TCP_KEEPIDLE) {
        place->most = INT16_MAX;
        place->word = &s->set.keep_idle;
#if LWIP_TCP_KEEPALIVE
    } else if (level == IPPROTO_TCP && stream && name == TCP_KEEPINTVL) {
        place->most = INT16_MAX;
        place->word = &s->set.keep_intvl;
    } else if (level == IPPROTO_TCP && stream && name == TCP_KEEPCNT) {
        place->most = INT8_MAX;
        place->byte = &s->set.keep_cnt;
#endif
    }
    return place->byte != NULL || place->word != NULL;
}

static int set_number(slot_t *s, const place_t *place, int number) {
    number = number == -1 && place->byte == &s->set.ttl ? 64 : number; /* Linux: the default */
    if (number < place->least || number > place->most) {
        return USOCKET_EINVAL;
    }
    if (place->byte != NULL) {
        *place->byte = (uint8_t)number;
    } else {
        *place->word = (uint16_t)number;
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

/* A multicast option of both families, by its IPv4 name; 0: none. */
static int multicast_of(const slot_t *s, int level, int name) {
    if (s->kind != DATAGRAM) {
        return 0;
    }
    if (level == IPPROTO_IP) {
        return name == IP_MULTICAST_TTL || name == IP_MULTICAST_LOOP || name == IP_MULTICAST_IF ? name : 0;
    }
#if USOCKET_IPV6
    if (level == IPPROTO_IPV6 && s->set.family == USOCKET_AF_INET6) {
        return name == IPV6_MULTICAST_HOPS ? IP_MULTICAST_TTL
            : name == IPV6_MULTICAST_LOOP  ? IP_MULTICAST_LOOP
            : name == IPV6_MULTICAST_IF    ? IP_MULTICAST_IF
                                           : 0;
    }
#endif
    return 0;
}

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

static int set_multicast(slot_t *s, int level, int name, const uint8_t *value, size_t len) {
    struct udp_pcb *pcb = s->pcb.udp;
    int number = value[0];
    if (len >= sizeof(number)) {
        memcpy(&number, value, sizeof(number));
    }
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
#define multicast_of(s, level, name) 0
#define set_multicast(s, level, name, value, len) USOCKET_ENOPROTOOPT
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

static int set_at_socket(slot_t *s, int name, const uint8_t *value, size_t len, int number) {
    switch (name) {
        case SO_LINGER:
            return set_linger(s, value, len);
        case SO_RCVTIMEO:
            return set_timeo(&s->set.timeo[0], value, len);
        case SO_SNDTIMEO:
            return set_timeo(&s->set.timeo[1], value, len);
        case SO_RCVBUF:
            s->set.room = (uint32_t)(number > 256 ? number : 256); /* with less no datagram could arrive */
            return 0;
        default:
            return USOCKET_ENOPROTOOPT;
    }
}

static int set_option(slot_t *s, int level, int name, const void *value, size_t len) {
    if (s == NULL || (value == NULL && len != 0)) {
        return s == NULL ? USOCKET_EBADF : USOCKET_EFAULT;
    }
    place_t place;
    int number = 0;
    uint8_t flag = flag_of(s, level, name);
    int multicast = multicast_of(s, level, name);
    bool placed = place_of(s, level, name, &place);
    if (level == SOL_SOCKET && name == SO_BINDTODEVICE) {
        return set_device(s, value, len);
    }
#if USOCKET_DATAGRAMS && LWIP_IGMP
    if (level == IPPROTO_IP && (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP)) {
        return group_change(s, name == IP_ADD_MEMBERSHIP, level, value, len);
    }
#endif
#if USOCKET_DATAGRAMS && USOCKET_IPV6 && LWIP_IPV6_MLD
    if (level == IPPROTO_IPV6 && s->set.family == USOCKET_AF_INET6 &&
        (name == IPV6_JOIN_GROUP || name == IPV6_LEAVE_GROUP)) {
        return group_change(s, name == IPV6_JOIN_GROUP, level, value, len);
    }
#endif
    bool known = level == SOL_SOCKET || flag != 0 || placed || multicast != 0;
    if (!known) {
        return USOCKET_ENOPROTOOPT;
    }
    if (len < sizeof(number) && (len == 0 || level != IPPROTO_IP)) { /* options of IP may be a byte */
        return USOCKET_EINVAL;
    }
    if (multicast != 0) {
        return set_multicast(s, level, multicast, value, len);
    }
    if (len < sizeof(number)) {
        number = *(const uint8_t *)value;
    } else {
        memcpy(&number, value, sizeof(number));
    }
    return flag != 0 ? set_flag(s, flag, number)
        : placed     ? set_number(s, &place, number)
                     : set_at_socket(s, name, value, len, number);
}

int usocket_port_setopt(int handle, int level, int name, const void *value, size_t len) {
    int r;
    UNDER_LWIP(r, set_option(socket_of(handle), level, name, value, len));
    return r;
}

/* ---- Getting ------------------------------------------------------------------------------------------------------ */

static void tell_timeo(uint32_t timeo, void *value, size_t *len) {
    long t[2] = {(long)(timeo / 1000), (long)(timeo % 1000 * 1000)};
    *len = *len < sizeof(t) ? *len : sizeof(t);
    memcpy(value, t, *len);
}

/* The options at SOL_SOCKET that are no int. True: told. */
static bool tell_other(const slot_t *s, int name, void *value, size_t *len) {
    char device[NETIF_NAMESIZE] = "";
    int linger[2] = {(s->flags & LINGERS) != 0, s->set.linger};
    size_t size;
    switch (name) {
        case SO_LINGER:
            *len = *len < sizeof(linger) ? *len : sizeof(linger);
            memcpy(value, linger, *len);
            return true;
        case SO_RCVTIMEO:
        case SO_SNDTIMEO:
            tell_timeo(s->set.timeo[name == SO_SNDTIMEO], value, len);
            return true;
        case SO_BINDTODEVICE:
            size = s->set.netif != 0 && netif_index_to_name(s->set.netif, device) != NULL ? strlen(device) + 1 : 0;
            *len = *len < size ? *len : size;
            memcpy(value, device, *len);
            return true;
        default:
            return false;
    }
}

static int number_at_socket(slot_t *s, int name, int *number) {
    switch (name) {
        case SO_TYPE:
            *number = s->kind == DATAGRAM ? USOCKET_DGRAM : s->kind == RAW ? USOCKET_RAW : USOCKET_STREAM;
            return 0;
        case SO_ERROR:
            *number = -slot_take_error(s);
            return 0;
        case SO_ACCEPTCONN:
            *number = s->kind == LISTENER;
            return 0;
        case SO_RCVBUF:
            *number = (int)s->set.room;
            return 0;
        default:
            return USOCKET_ENOPROTOOPT;
    }
}

static int get_option(slot_t *s, int level, int name, void *value, size_t *len) {
    int none = 0;
    if (s == NULL || (value == NULL && *len != 0)) {
        return s == NULL ? USOCKET_EBADF : USOCKET_EFAULT;
    }
    value = value != NULL ? value : &none;
    int number = 0;
    int r = 0;
    place_t place;
    uint8_t flag = flag_of(s, level, name);
    int multicast = multicast_of(s, level, name);
    if (flag != 0) {
        number = (s->set.options & flag) != 0;
    } else if (multicast != 0) {
        number = get_multicast(s, level, multicast);
    } else if (place_of(s, level, name, &place)) {
        number = place.byte != NULL ? *place.byte : *place.word;
    } else if (level == SOL_SOCKET) {
        if (tell_other(s, name, value, len)) {
            return 0;
        }
        r = number_at_socket(s, name, &number);
    } else {
        bool stream = s->kind == STREAM || s->kind == LISTENER;
        bool own = level == IPPROTO_IP || (level == IPPROTO_TCP && stream) ||
            (level == IPPROTO_IPV6 && s->set.family == USOCKET_AF_INET6);
        r = own ? USOCKET_ENOPROTOOPT : USOCKET_EOPNOTSUPP; /* as Linux tells them apart */
    }
    if (r == 0) {
        *len = *len < sizeof(number) ? *len : sizeof(number);
        memcpy(value, &number, *len);
    }
    return r;
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
