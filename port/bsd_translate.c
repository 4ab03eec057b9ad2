/* Translation between a stack's terms and the library's: errno and addresses.
 *
 * The BSD files and the guard call these functions, which call nothing of the port.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bsd.h"

#if PLAT_BSD

#include <string.h>

/* ---- Errors ------------------------------------------------------------------------------------------------------- */

/* clang-format off */
#define ERRNOS \
    ERRNO(EINPROGRESS) ERRNO(ECONNREFUSED) ERRNO(ECONNRESET) ERRNO(ENOTCONN) ERRNO(EPIPE) ERRNO(EINTR) \
    ERRNO(EBADF) ERRNO(EADDRINUSE) ERRNO(EADDRNOTAVAIL) ERRNO(EINVAL) ERRNO(EISCONN) ERRNO(EALREADY) \
    ERRNO(ETIMEDOUT) ERRNO(ECONNABORTED) ERRNO(EHOSTUNREACH) ERRNO(ENETUNREACH) ERRNO(ENETDOWN) ERRNO(EACCES) \
    ERRNO(EPERM) ERRNO(EMFILE) ERRNO(ENFILE) ERRNO(ENOMEM) ERRNO(ENOBUFS) ERRNO(EMSGSIZE) ERRNO(EDESTADDRREQ) \
    ERRNO(EAFNOSUPPORT) ERRNO(EPROTONOSUPPORT) ERRNO(ENOPROTOOPT) ERRNO(EPROTOTYPE) ERRNO(EOPNOTSUPP) \
    ERRNO(ENOTSOCK) ERRNO(EFAULT) ERRNO(EIO) ERRNO(ENOENT) ERRNO(ENOTDIR) ERRNO(ENODEV) ERRNO(ENXIO) \
    ERRNO(EBUSY) ERRNO(EEXIST) ERRNO(ENOSPC) ERRNO(EROFS) ERRNO(EDOM) ERRNO(ERANGE) ERRNO(ENAMETOOLONG) \
    ERRNO(ENOSYS) ERRNO(ELOOP) ERRNO(EPROTO) ERRNO(EOVERFLOW) ERRNO(ENETRESET)

#define ERRNO(name) || (name) > UINT8_MAX
typedef char small_errnos_check[0 ERRNOS ? -1 : 1];
#undef ERRNO

/* Two arrays of bytes take less flash than one of pairs: the stack's numbers, and the codes without
 * their sign. */
static const uint8_t errno_numbers[] = {
#define ERRNO(name) name,
    ERRNOS
#ifdef EHOSTDOWN
    EHOSTDOWN,
#endif
#ifdef ESOCKTNOSUPPORT
    ESOCKTNOSUPPORT, EPFNOSUPPORT,
#endif
#ifdef ESHUTDOWN
    ESHUTDOWN,
#endif
#undef ERRNO
};

static const uint8_t errno_codes[] = {
#define ERRNO(name) -USOCKET_##name,
    ERRNOS
#ifdef EHOSTDOWN
    -USOCKET_EHOSTDOWN,
#endif
#ifdef ESOCKTNOSUPPORT
    -USOCKET_ESOCKTNOSUPPORT, -USOCKET_EPFNOSUPPORT,
#endif
#ifdef ESHUTDOWN
    -USOCKET_ESHUTDOWN,
#endif
#undef ERRNO
};
/* clang-format on */

int bsd_translate(int number, int fallback) {
    if (number < 0) {
        number = -number;
    }
    if (number == EAGAIN || number == EWOULDBLOCK) {
        return USOCKET_EAGAIN;
    }
    for (size_t i = 0; i < sizeof(errno_codes); i++) {
        if (errno_numbers[i] == number) {
            return -errno_codes[i];
        }
    }
    return number == 0 ? fallback : USOCKET_EIO;
}

int bsd_failed(int fallback) {
    return bsd_translate(plat_errno(), fallback);
}

/* ---- Addresses ---------------------------------------------------------------------------------------------------- */

socklen_t bsd_to_system(const usocket_addr_t *a, sys_addr_t *out) {
    memset(out, 0, sizeof(*out));
#if PLAT_HAS_SA_LEN
    out->any.sa_len = a->family == USOCKET_AF_INET ? sizeof(out->in) : sizeof(*out);
#endif
    out->any.sa_family = (sa_family_t)a->family;
    switch (a->family) {
#if USOCKET_IPV6
        case USOCKET_AF_INET6:
            out->in6.sin6_port = htons(a->port);
            out->in6.sin6_flowinfo = htonl(a->flowinfo);
            out->in6.sin6_scope_id = a->scope;
            memcpy(&out->in6.sin6_addr, a->u.ip, 16);
            return sizeof(out->in6);
#endif
#if USOCKET_UNIX
        case USOCKET_AF_UNIX: {
            size_t len = a->port < sizeof(out->un.sun_path) ? a->port : sizeof(out->un.sun_path);
            memcpy(out->un.sun_path, a->u.path, len);
            if (len != 0 && len < sizeof(out->un.sun_path) && a->u.path[0] != '\0') {
                len++; /* a path counts its NUL, an abstract name has none */
            }
            return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
        }
#endif
        default:
            out->in.sin_port = htons(a->port);
            memcpy(&out->in.sin_addr, a->u.ip, 4);
            return sizeof(out->in);
    }
}

/* Fields that the family does not have become 0. A path may fill its field without a NUL. */
int bsd_from_system(const sys_addr_t *in, size_t len, usocket_addr_t *a) {
    memset(a, 0, sizeof(*a));
    if (len < offsetof(struct sockaddr, sa_data)) {
        return USOCKET_EINVAL;
    }
    switch (in->any.sa_family) {
        case USOCKET_AF_INET:
            if (len < sizeof(in->in)) {
                return USOCKET_EINVAL;
            }
            a->port = ntohs(in->in.sin_port);
            memcpy(a->u.ip, &in->in.sin_addr, 4);
            break;
#if USOCKET_IPV6
        case USOCKET_AF_INET6:
            if (len < sizeof(in->in6)) {
                return USOCKET_EINVAL;
            }
            a->port = ntohs(in->in6.sin6_port);
            a->flowinfo = ntohl(in->in6.sin6_flowinfo);
            a->scope = in->in6.sin6_scope_id;
            memcpy(a->u.ip, &in->in6.sin6_addr, 16);
            break;
#endif
#if USOCKET_UNIX
        case USOCKET_AF_UNIX: {
            size_t n = len - offsetof(struct sockaddr_un, sun_path);
            n = n < sizeof(a->u.path) ? n : sizeof(a->u.path);
            if (n != 0 && in->un.sun_path[0] != '\0') {
                const char *end = memchr(in->un.sun_path, '\0', n);
                n = end != NULL ? (size_t)(end - in->un.sun_path) : n;
            }
            memcpy(a->u.path, in->un.sun_path, n);
            a->port = (uint16_t)n;
            break;
        }
#endif
        default:
            return USOCKET_EAFNOSUPPORT;
    }
    a->family = in->any.sa_family;
    return 0;
}

/* The copy is aligned, and zero beyond the given length. */
int usocket_port_sockaddr(const void *raw, size_t len, usocket_addr_t *a) {
    sys_addr_t in;
    memset(&in, 0, sizeof(in));
    memcpy(&in, raw, len < sizeof(in) ? len : sizeof(in));
    usocket_addr_t out;
    int r = bsd_from_system(&in, len, &out);
    if (r == 0) {
        *a = out;
    }
    return r;
}

#endif
