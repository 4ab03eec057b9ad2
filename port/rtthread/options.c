/* Socket options of lwIP under SAL, as programs know them: flags are 0 or 1, numbers out of range are refused, and nothing is
 * asserted.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sockets.h"

#include <string.h>

typedef union {
    int number;
    uint8_t byte;
    struct timeval time;
    struct ip_mreq mreq;
    int linger[2];
    uint8_t bytes[64]; /* no option is longer */
} setting_t;

static int fail(int number) {
    errno = number;
    return -1;
}

static bool is_flag(int level, int name) {
    return level == SOL_SOCKET && (name == SO_KEEPALIVE || name == SO_BROADCAST || name == SO_REUSEADDR);
}

static bool is_time(int level, int name) {
    return level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO);
}

/* Two numbers: on, seconds. Only with LWIP_SO_LINGER. */
static bool is_linger(int level, int name) {
    return level == SOL_SOCKET && name == 0x0080;
}

/* One byte in lwIP, a number elsewhere. */
static bool is_byte(int level, int name) {
    return level == IPPROTO_IP && (name == IP_MULTICAST_TTL || name == IP_MULTICAST_LOOP);
}

/* A checksum's place, which only raw sockets have. */
static bool is_dangerous(int level, int name) {
    return (level == IPPROTO_IPV6 || level == IPPROTO_RAW) && name == 7;
}

int option_get(int fd, int level, int name, void *value, socklen_t *len) {
    setting_t s;
    socklen_t size = sizeof(s);
    memset(&s, 0, sizeof(s));
    if (is_dangerous(level, name)) {
        return fail(ENOPROTOOPT);
    }
    if (CALL(fd, getsockopt(fd, level, name, &s, &size)) < 0) {
        return -1;
    }
    if (is_byte(level, name)) {
        s.number = s.byte;
    } else if (is_flag(level, name)) {
        s.number = s.number != 0; /* one of lwIP's bits */
    }
    size = is_time(level, name) ? sizeof(s.time) : is_linger(level, name) ? 2 * sizeof(int) : sizeof(s.number);
    *len = *len < size ? *len : size;
    memcpy(value, &s, *len);
    return 0;
}

/* Parts of a millisecond would become none at all, which is for ever. */
static int prepare_time(struct timeval *t) {
    if (t->tv_sec < 0 || t->tv_usec < 0 || t->tv_usec >= 1000000) {
        return EDOM;
    }
    t->tv_sec = t->tv_sec < 1000000 ? t->tv_sec : 1000000;
    t->tv_usec = (t->tv_usec + 999) / 1000 * 1000;
    t->tv_sec += t->tv_usec / 1000000;
    t->tv_usec %= 1000000;
    return 0;
}

/* lwIP asserts that it is a group, and not the one that everybody is in. */
static int check_group(const struct ip_mreq *mreq) {
    uint32_t group = ntohl(mreq->imr_multiaddr.s_addr);
    return group >> 28 == 14 && group != 0xe0000001u ? 0 : EINVAL;
}

/* 0, or the number of the error. */
static int prepare(int level, int name, setting_t *s, socklen_t len) {
    if (is_time(level, name) && len >= sizeof(s->time)) {
        return prepare_time(&s->time);
    }
    if (level == IPPROTO_IP && (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP) && len >= sizeof(s->mreq)) {
        return check_group(&s->mreq);
    }
    if (len < sizeof(s->number)) {
        return 0;
    }
    if (is_linger(level, name) && len >= 2 * sizeof(int)) {
        s->linger[1] = s->linger[1] < 0x7fff ? s->linger[1] : 0x7fff; /* beyond, it would be off */
    }
    if (level == SOL_SOCKET && name == SO_RCVBUF) {
        s->number = s->number > 256 ? s->number : 256; /* below nothing could arrive */
    } else if (level == IPPROTO_IP && (name == IP_TTL || name == IP_TOS)) {
        if (name == IP_TTL && s->number == -1) {
            s->number = 255; /* lwIP's own */
        }
        return s->number < (name == IP_TTL) || s->number > 255 ? EINVAL : 0;
    } else if (is_byte(level, name)) {
        if (s->number < 0 || s->number > 255) {
            return EINVAL;
        }
        s->byte = (uint8_t)s->number;
    }
    return 0;
}

int option_set(int fd, int level, int name, const void *value, socklen_t len) {
    setting_t s;
    memset(&s, 0, sizeof(s));
    len = len < sizeof(s) ? len : (socklen_t)sizeof(s);
    if (len != 0) {
        memcpy(&s, value, len);
    }
    if (is_dangerous(level, name)) {
        return fail(ENOPROTOOPT);
    }
    int number = prepare(level, name, &s, len);
    return number != 0 ? fail(number) : CALL(fd, setsockopt(fd, level, name, &s, len));
}
