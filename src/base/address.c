/* Text to address and back. The only call of the port is for the number of an interface, which may
 * follow '%'.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base.h"

#include <string.h>

/* ---- IPv4 -------------------------------------------------------------------------------------------------------- */

/* The value of a decimal digit; more than 9 for other characters. */
static unsigned digit_10(char c) {
    return (unsigned)(unsigned char)c - '0';
}

/* The value of a digit in any base up to 16; 16 for other characters, which thus end a number. */
static unsigned digit(char c) {
    unsigned decimal = digit_10(c);
    unsigned letter = ((unsigned char)c | 0x20u) - 'a';
    return decimal < 10 ? decimal : letter < 6 ? letter + 10 : 16;
}

const char *usocket_parse_digits(const char *p, const char *end, unsigned base, uint32_t *value) {
    uint32_t v = 0;
    for (; p < end; p++) {
        unsigned d = digit(*p);
        if (d >= base) {
            break;
        }
        if (v > (UINT32_MAX - d) / base) {
            return NULL;
        }
        v = v * base + d;
    }
    *value = v;
    return p;
}

#if USOCKET_ATON

/* Parse one number of inet_aton(3): decimal, octal after 0, hexadecimal after 0x. Returns its end,
 * or NULL without a digit. */
static const char *parse_number(const char *p, const char *end, uint32_t *value) {
    unsigned base = 10;
    if (p < end && *p == '0') {
        base = 8;
        if (end - p > 1 && (p[1] | 0x20) == 'x') {
            base = 16;
            p += 2;
        }
    }
    const char *behind = usocket_parse_digits(p, end, base, value);
    return behind != p ? behind : NULL;
}

/* Write 32 bits in network byte order. */
static void put32(uint8_t *ip, uint32_t v) {
    for (int i = 3; i >= 0; i--, v >>= 8) {
        ip[i] = (uint8_t)v;
    }
}

#endif

/* Parse an IPv4 address in the one form that ntop4
 * writes: four decimal parts without leading zeros. A failure leaves any bytes in `ip`. */
static int pton4(const char *text, const char *end, uint8_t *ip) {
    int i = 0;
    do {
        unsigned v = text < end ? digit_10(*text) : 10;
        unsigned d;
        if (v > 9) {
            return USOCKET_EINVAL;
        }
        while (++text < end && (d = digit_10(*text)) < 10) {
            if (v == 0 || (v = v * 10 + d) > 255) {
                return USOCKET_EINVAL;
            }
        }
        ip[i++] = (uint8_t)v;
    } while (i < 4 && text < end && *text++ == '.');
    return i == 4 && text == end ? 0 : USOCKET_EINVAL;
}

int usocket_aton(const char *text, size_t len, uint8_t *ip) {
    if (text == NULL) {
        return USOCKET_EINVAL;
    }
    const char *end = text + len;
#if !USOCKET_ATON
    return pton4(text, end, ip);
#else
    if (USOCKET_QUICK && pton4(text, end, ip) == 0) { /* the usual form */
        return 0;
    }
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        uint32_t part;
        const char *p = parse_number(text, end, &part);
        if (p == NULL) {
            return USOCKET_EINVAL;
        }
        if (p == end) { /* the last part fills the remaining bytes */
            if (i != 0 && part >> (8 * (4 - i)) != 0) {
                return USOCKET_EINVAL;
            }
            put32(ip, value | part);
            return 0;
        }
        if (*p != '.' || part > 255) {
            return USOCKET_EINVAL;
        }
        value |= part << (24 - 8 * i);
        text = p + 1;
    }
    return USOCKET_EINVAL;
#endif
}

char *usocket_format_number(char *p, uint32_t v, unsigned base) {
    char digits[10];
    int n = 0;
    do {
        unsigned d = v % base;
        digits[n++] = (char)(d + (d < 10 ? '0' : 'a' - 10));
        v /= base;
    } while (v != 0);
    while (n > 0) {
        *p++ = digits[--n];
    }
    return p;
}

/* Write an IPv4 address, without a NUL. Returns its end. */
static char *ntop4(const uint8_t *ip, char *p) {
    for (int i = 0; i < 4; i++) {
        unsigned v = ip[i];
        if (v >= 100) {
            *p++ = (char)('0' + v / 100);
        }
        if (v >= 10) {
            *p++ = (char)('0' + v / 10 % 10);
        }
        *p++ = (char)('0' + v % 10);
        *p++ = '.';
    }
    return p - 1;
}

/* ---- IPv6 -------------------------------------------------------------------------------------------------------- */

#if USOCKET_IPV6

/* Parse an IPv6 address without a scope. "::" stands
 * for at least one group of zeros, and may occur once. */
static int pton6(const char *text, const char *end, uint8_t *ip) {
    uint8_t out[16];
    size_t n = 0; /* bytes written */
    int gap = -1; /* the offset in `out` of the zeros that "::" stands for */
    if (end - text >= 2 && text[0] == ':' && text[1] == ':') {
        gap = 0;
        text += 2;
    }
    while (text < end) {
        uint32_t v;
        const char *p = usocket_parse_digits(text, end, 16, &v);
        if (p == NULL || p == text || p - text > 4 || n > 14) {
            return USOCKET_EINVAL;
        }
        if (p < end && *p == '.') { /* the last 32 bits as IPv4 */
            if (n > 12 || pton4(text, end, out + n) < 0) {
                return USOCKET_EINVAL;
            }
            n += 4;
            break;
        }
        out[n++] = (uint8_t)(v >> 8);
        out[n++] = (uint8_t)v;
        if (p == end) {
            break;
        }
        text = p + 1;
        if (*p != ':' || text == end) { /* a lone ':' at the end */
            return USOCKET_EINVAL;
        }
        if (*text == ':') {
            if (gap >= 0) {
                return USOCKET_EINVAL;
            }
            gap = (int)n;
            text++;
        }
    }
    if (gap < 0 ? n != 16 : n == 16) {
        return USOCKET_EINVAL;
    }
    memset(ip, 0, 16);
    size_t head = gap < 0 ? n : (size_t)gap;
    memcpy(ip, out, head);
    memcpy(ip + 16 - (n - head), out + head, n - head);
    return 0;
}

/* The i-th group of 16 bits. */
static unsigned group(const uint8_t *ip, int i) {
    return (unsigned)(ip[2 * i] << 8 | ip[2 * i + 1]);
}

/* Write an IPv6 address as RFC 5952 says, without a NUL. Returns its end. A mapped IPv4 address,
 * and a compatible one, ends in four decimal parts, as glibc writes it. */
static char *ntop6(const uint8_t *ip, char *p) {
    /* The longest run of two or more zero groups
     * becomes "::", the first one if several are equal. */
    int best = 0, best_len = 1;
    for (int i = 0; i < 8; i++) {
        int len = 0;
        while (i + len < 8 && group(ip, i + len) == 0) {
            len++;
        }
        if (len > best_len) {
            best = i;
            best_len = len;
        }
        i += len;
    }
    bool mapped = best == 0 && (best_len == 6 || (best_len == 5 && group(ip, 5) == 0xffff));
    for (int i = 0; i < 8; i++) {
        if (best_len > 1 && i == best) {
            *p++ = ':';
            i += best_len - 1;
            if (i == 7) {
                *p++ = ':';
            }
            continue;
        }
        if (i != 0) {
            *p++ = ':';
        }
        if (mapped && i == 6) {
            return ntop4(ip + 12, p);
        }
        p = usocket_format_number(p, group(ip, i), 16);
    }
    return p;
}

/* Parse the number or the name of an interface. 0; USOCKET_ENODEV. */
static int parse_scope(const char *text, const char *end, uint32_t *scope) {
    if (text == end) {
        return USOCKET_ENODEV;
    }
    if (usocket_parse_digits(text, end, 10, scope) == end) {
        return 0;
    }
    int index = usocket_port_if_index(text, (size_t)(end - text));
    *scope = (uint32_t)index;
    return index > 0 ? 0 : USOCKET_ENODEV;
}

#endif

/* ---- Either ------------------------------------------------------------------------------------------------------ */

int usocket_pton(int family, const char *text, size_t len, uint8_t *ip) {
    if (text == NULL) {
        return USOCKET_EINVAL;
    }
    const char *end = text + len;
#if USOCKET_IPV6
    if (family == USOCKET_AF_INET6) {
        return pton6(text, end, ip);
    }
#endif
    return family == USOCKET_AF_INET ? pton4(text, end, ip) : USOCKET_EINVAL;
}

int usocket_ntop(int family, const uint8_t *ip, char *buf) {
    char *end;
    if (family == USOCKET_AF_INET) {
        end = ntop4(ip, buf);
#if USOCKET_IPV6
    } else if (family == USOCKET_AF_INET6) {
        end = ntop6(ip, buf);
#endif
    } else {
        return USOCKET_EAFNOSUPPORT;
    }
    *end = '\0';
    return (int)(end - buf);
}

int usocket_addr_parse(usocket_addr_t *a, const char *text, size_t len, int family) {
    if (text == NULL) {
        return USOCKET_EAI_NONAME;
    }
    usocket_addr_t out = {0};
    int found = USOCKET_AF_INET;
#if USOCKET_IPV6
    const char *end = text + len;
    const char *host_end = end;
#endif
    if (usocket_aton(text, len, out.u.ip) < 0) {
#if USOCKET_IPV6
        found = USOCKET_AF_INET6;
        const char *percent = memchr(text, '%', len);
        host_end = percent != NULL ? percent : end;
        if (pton6(text, host_end, out.u.ip) < 0)
#endif
            return USOCKET_EAI_NONAME;
    }
    if (family != USOCKET_AF_UNSPEC && family != found) {
        return USOCKET_EAI_ADDRFAMILY;
    }
#if USOCKET_IPV6
    if (host_end != end && parse_scope(host_end + 1, end, &out.scope) < 0) {
        return USOCKET_ENODEV;
    }
#endif
    out.family = (uint16_t)found;
    *a = out;
    return 0;
}

#if USOCKET_UNIX
/* The length of an AF_UNIX path is in `port`, which a program may have set to any value. */
static size_t path_len(const usocket_addr_t *a) {
    return a->port < USOCKET_UNIX_MAX ? a->port : USOCKET_UNIX_MAX;
}
#endif

int usocket_addr_format(const usocket_addr_t *a, char *buf) {
    char *p = buf;
#if USOCKET_UNIX
    if (a->family == USOCKET_AF_UNIX) {
        size_t len = path_len(a);
        for (size_t i = 0; i < len; i++) {
            char c = a->u.path[i];
            *p++ = c == '\0' ? '@' : c; /* as ss(8) and netstat(8) show the abstract name space */
        }
        *p = '\0';
        return (int)(p - buf);
    }
#endif
    bool six = a->family == USOCKET_AF_INET6;
    if (six) {
        *p++ = '[';
    }
    int n = usocket_ntop(a->family, a->u.ip, p);
    if (n < 0) {
        *p++ = '?';
    } else {
        p += n;
    }
    if (six) {
        if (a->scope != 0) {
            *p++ = '%';
            p = usocket_format_number(p, a->scope, 10);
        }
        *p++ = ']';
    }
    *p++ = ':';
    p = usocket_format_number(p, a->port, 10);
    *p = '\0';
    return (int)(p - buf);
}

int usocket_addr_raw(usocket_addr_t *a, const void *raw, size_t len) {
    return raw != NULL ? usocket_port_sockaddr(raw, len, a) : USOCKET_EINVAL;
}

bool usocket_addr_equal(const usocket_addr_t *a, const usocket_addr_t *b) {
    if (a->family != b->family || a->port != b->port) {
        return false;
    }
    size_t len = a->family == USOCKET_AF_INET ? 4 : a->family == USOCKET_AF_INET6 ? 16 : 0;
#if USOCKET_UNIX
    if (a->family == USOCKET_AF_UNIX) {
        len = path_len(a);
    }
#endif
    return memcmp(&a->u, &b->u, len) == 0 && (a->family != USOCKET_AF_INET6 || a->scope == b->scope);
}
