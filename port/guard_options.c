/* Options in a program's terms, and in lwIP's: guard_options.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guard_options.h"

#include "guard_state.h"

#if PLAT_GUARD

#include <string.h>

#ifndef SO_LINGER /* lwIP has it below SAL, though SAL's headers may lack it */
#define SO_LINGER 0x0080
#endif
#ifndef IP_DEFAULT_TTL
#define IP_DEFAULT_TTL 255
#endif

typedef union {
    int number;
    uint8_t byte;
    struct timeval time;
    int linger[2]; /* on, seconds */
#ifdef IP_ADD_MEMBERSHIP
    struct ip_mreq mreq;
#endif
    uint8_t bytes[64]; /* no option is longer */
} setting_t;

static bool is_flag(int level, int name) {
    return level == SOL_SOCKET && (name == SO_KEEPALIVE || name == SO_BROADCAST || name == SO_REUSEADDR);
}

static bool is_time(int level, int name) {
    return level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO);
}

static bool is_linger(int level, int name) {
    return level == SOL_SOCKET && name == SO_LINGER;
}

/* A byte in lwIP, an int in a program. */
static bool is_byte(int level, int name) {
#ifdef IP_MULTICAST_TTL
    return level == IPPROTO_IP && (name == IP_MULTICAST_TTL || name == IP_MULTICAST_LOOP);
#else
    (void)level, (void)name;
    return false;
#endif
}

/* Copy the value that a program gives. @return its length, at most the size of a setting_t */
static socklen_t read_setting(setting_t *s, const void *value, socklen_t len) {
    memset(s, 0, sizeof(*s));
    len = len < sizeof(*s) ? len : (socklen_t)sizeof(*s);
    if (len != 0) {
        memcpy(s, value, len);
    }
    return len;
}

/* lwIP counts milliseconds. A part of one is rounded up, since 0 means without end. */
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

#ifdef IP_ADD_MEMBERSHIP
static bool is_group(int level, int name) {
    return level == IPPROTO_IP && (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP);
}

/* lwIP asserts that the address is a group, and not 224.0.0.1, of which every host is a member. */
static int check_group(const struct ip_mreq *mreq) {
    uint32_t group = ntohl(mreq->imr_multiaddr.s_addr);
    return group >> 28 == 14 && group != 0xe0000001u ? 0 : EINVAL;
}
#endif

/* Translate the value to lwIP's, and check the ranges that lwIP asserts. @return 0, or an error
 * number */
static int prepare_setting(setting_t *s, int level, int name, socklen_t len) {
    if (is_time(level, name) && len >= sizeof(s->time)) {
        return prepare_time(&s->time);
    }
#ifdef IP_ADD_MEMBERSHIP
    if (is_group(level, name) && len >= sizeof(s->mreq)) {
        return check_group(&s->mreq);
    }
#endif
    if (len < sizeof(s->number)) {
        return 0;
    }
    if (is_linger(level, name) && len >= sizeof(s->linger)) {
        /* A larger number is negative in lwIP, which means off. */
        s->linger[1] = s->linger[1] < 0x7fff ? s->linger[1] : 0x7fff;
    } else if (level == SOL_SOCKET && name == SO_RCVBUF) {
        s->number = s->number > 256 ? s->number : 256; /* with less no datagram could arrive */
    } else if (level == IPPROTO_IP && (name == IP_TTL || name == IP_TOS)) {
        if (name == IP_TTL && s->number == -1) {
            s->number = IP_DEFAULT_TTL;
        }
        int least = name == IP_TTL ? 1 : 0;
        return s->number < least || s->number > 255 ? EINVAL : 0;
    } else if (is_byte(level, name)) {
        int number = s->number;
        if (number < 0 || number > 255) {
            return EINVAL;
        }
        s->byte = (uint8_t)number;
    }
    return 0;
}

/* Translate lwIP's value for a program. len: in: room; out: the length of the option */
static void tell_setting(setting_t *s, int level, int name, void *value, socklen_t *len) {
    socklen_t size = sizeof(s->number); /* IP_MULTICAST_IF has four bytes, too */
    if (is_time(level, name)) {
        size = sizeof(s->time);
    } else if (is_linger(level, name)) {
        size = sizeof(s->linger);
    } else if (is_byte(level, name)) {
        int number = s->byte;
        s->number = number;
    } else if (is_flag(level, name)) {
        s->number = s->number != 0; /* lwIP returns one of its bits */
    }
    *len = *len < size ? *len : size;
    memcpy(value, s, *len);
}

/* ---- The stack's calls, in a program's terms ------------------------------------------------------------------------ */

int guard_get_option(int handle, int level, int name, void *value, socklen_t *len) {
    if (!plat_lwip_options(handle)) {
        return plat_getsockopt(handle, level, name, value, len);
    }
    setting_t s;
    socklen_t size = sizeof(s);
    memset(&s, 0, sizeof(s));
    int r = plat_getsockopt(handle, level, name, &s, &size);
    if (r == 0) {
        tell_setting(&s, level, name, value, len);
    }
    return r;
}

int guard_set_option(int handle, int level, int name, const void *value, socklen_t len) {
    if (!plat_lwip_options(handle)) {
        return plat_setsockopt(handle, level, name, value, len);
    }
    setting_t s;
    len = read_setting(&s, value, len);
    int number = prepare_setting(&s, level, name, len);
    if (number != 0) {
        plat_set_errno(number);
        return -1;
    }
    return plat_setsockopt(handle, level, name, &s, len);
}

#endif
