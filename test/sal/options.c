/* Socket options: the constants of SAL's headers, and lwIP's behaviour.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "inside.h"

#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>

enum { SOCKET = 1, IP, TCP, IP6 };

static const struct option {
    uint16_t level, name;
    uint8_t kind; /* the host's number */
    uint8_t size; /* size of the value; 0: a flag, read as its own bit */
    bool tcp;
    int host;
} options[] = {
    {SAL_SOL_SOCKET, 0x0004, SOCKET, 0, false, SO_REUSEADDR}, {SAL_SOL_SOCKET, 0x0008, SOCKET, 0, false, SO_KEEPALIVE},
    {SAL_SOL_SOCKET, 0x0020, SOCKET, 0, false, SO_BROADCAST}, {SAL_SOL_SOCKET, 0x0080, SOCKET, 8, true, SO_LINGER}, {SAL_SOL_SOCKET, 0x1002, SOCKET, 4, false, SO_RCVBUF},
    {0, 1, IP, 4, false, IP_TOS}, {0, 2, IP, 4, false, IP_TTL}, {0, 3, IP, 8, false, IP_ADD_MEMBERSHIP},
    {0, 4, IP, 8, false, IP_DROP_MEMBERSHIP}, {0, 5, IP, 1, false, IP_MULTICAST_TTL}, {0, 6, IP, 4, false, IP_MULTICAST_IF},
    {0, 7, IP, 1, false, IP_MULTICAST_LOOP}, {6, 1, TCP, 4, true, TCP_NODELAY}, {6, 3, TCP, 4, true, TCP_KEEPIDLE},
    {6, 4, TCP, 4, true, TCP_KEEPINTVL}, {6, 5, TCP, 4, true, TCP_KEEPCNT}, {41, 27, IP6, 4, false, IPV6_V6ONLY},
    {41, 12, IP6, 20, false, IPV6_JOIN_GROUP}, {41, 13, IP6, 20, false, IPV6_LEAVE_GROUP},
};

static const int levels[] = {0, SOL_SOCKET, IPPROTO_IP, IPPROTO_TCP, IPPROTO_IPV6};

static const struct option *find(const struct entry *e, int level, int name) {
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        const struct option *o = &options[i];
        if (o->level == level && o->name == name && (!o->tcp || e->stream) && (o->kind != IP6 || e->family == 10) &&
            (o->size != 20 || look.lwip == 212) && (o->host != SO_LINGER || o->kind != SOCKET || look.linger)) {
            return o;
        }
    }
    return NULL;
}

static int timeout(struct entry *e, bool set, bool send, void *value, uint32_t len) {
    if (len < sizeof(e->timeo[0])) {
        return N_EINVAL;
    }
    if (set) {
        memcpy(e->timeo[send], value, sizeof(e->timeo[0]));
    } else {
        memcpy(value, e->timeo[send], sizeof(e->timeo[0]));
    }
    return 0;
}

static int tell(struct entry *e, int name, int *value) {
    switch (name) {
        case 0x1008: /* SO_TYPE */
            *value = e->stream ? 1 : 2;
            return 0;
        case 0x0002: /* SO_ACCEPTCONN */
            *value = e->stage == LISTENING;
            return e->stream ? 0 : N_ENOPROTOOPT;
        default:
            return -1;
    }
}

static int set_host(struct entry *e, const struct option *o, const void *value) {
    int number = 0;
    memcpy(&number, value, o->size == 1 ? 1 : sizeof(number));
    bool whole = o->size >= 8 || o->host == IP_MULTICAST_IF;
    bool member = o->kind == IP && (o->host == IP_ADD_MEMBERSHIP || o->host == IP_DROP_MEMBERSHIP);
    if (member && (ntohl((uint32_t)number) >> 28 != 14 || number == (int)htonl(0xe0000001))) {
        look_halt("a membership in what is no group");
    }
    if (o->kind == TCP && o->host != TCP_NODELAY) {
        number = number < 1 ? 1 : number > 127 ? 127 : number; /* lwIP accepts any value */
    }
    const void *host = whole ? value : &number;
    int r = setsockopt(e->host, levels[o->kind], o->host, host, whole && o->size >= 8 ? o->size : sizeof(number));
    return r == 0 ? 0 : o->size == 8 || o->size == 20 ? N_EADDRNOTAVAIL : N_EINVAL;
}

static int get_host(struct entry *e, const struct option *o, void *value, uint32_t *len) {
    int number = 0;
    socklen_t size = sizeof(number);
    if (o->host == SO_LINGER && o->kind == SOCKET) {
        size = 8;
        return getsockopt(e->host, SOL_SOCKET, SO_LINGER, value, &size) < 0 ? N_EINVAL : 0;
    }
    if (o->size >= 8 || getsockopt(e->host, levels[o->kind], o->host, &number, &size) < 0) {
        return N_ENOPROTOOPT;
    }
    if (o->size == 0) {
        number = number != 0 ? o->name : 0; /* lwIP returns the flag's bit */
    }
    memcpy(value, &number, o->size == 1 ? 1 : *len < sizeof(number) ? *len : sizeof(number));
    return 0;
}

int look_option(struct entry *e, bool set, int level, int name, void *value, uint32_t *len) {
    if (level == SAL_SOL_SOCKET && (name == 0x1005 || name == 0x1006)) {
        return timeout(e, set, name == 0x1005, value, *len);
    }
    if (level == SAL_SOL_SOCKET && !set) {
        int number;
        int r = tell(e, name, &number);
        if (r >= 0) {
            if (r == 0 && *len < sizeof(number)) {
                return N_EINVAL;
            }
            memcpy(value, &number, r == 0 ? sizeof(number) : 0);
            return r;
        }
    }
    const struct option *o = find(e, level, name);
    if (o == NULL) {
        return N_ENOPROTOOPT;
    }
    if (*len < (o->size == 0 ? 4 : o->size)) {
        return N_EINVAL;
    }
    return set ? set_host(e, o, value) : get_host(e, o, value, len);
}
