/* usocket - the codes of failure, their names and texts. Any thread may call, an interrupt too; no
 * function waits or takes a lock.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_ERRORS_H
#define USOCKET_ERRORS_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Negative results. The numbers are Linux's (asm-generic/errno.h) on every system, and never
 *  change. */
enum usocket_error {
    USOCKET_EPERM = -1,
    USOCKET_ENOENT = -2,
    USOCKET_EINTR = -4,
    USOCKET_EIO = -5,
    USOCKET_ENXIO = -6,
    USOCKET_EBADF = -9,
    USOCKET_EAGAIN = -11,
    USOCKET_ENOMEM = -12,
    USOCKET_EACCES = -13,
    USOCKET_EFAULT = -14,
    USOCKET_EBUSY = -16,
    USOCKET_EEXIST = -17,
    USOCKET_ENODEV = -19,
    USOCKET_ENOTDIR = -20,
    USOCKET_EINVAL = -22,
    USOCKET_ENFILE = -23,
    USOCKET_EMFILE = -24,
    USOCKET_ENOSPC = -28,
    USOCKET_EROFS = -30,
    USOCKET_EPIPE = -32,
    USOCKET_EDOM = -33,
    USOCKET_ERANGE = -34,
    USOCKET_ENAMETOOLONG = -36,
    USOCKET_ENOSYS = -38,
    USOCKET_ELOOP = -40,
    USOCKET_EPROTO = -71,
    USOCKET_EOVERFLOW = -75,
    USOCKET_ENOTSOCK = -88,
    USOCKET_EDESTADDRREQ = -89,
    USOCKET_EMSGSIZE = -90,
    USOCKET_EPROTOTYPE = -91,
    USOCKET_ENOPROTOOPT = -92,
    USOCKET_EPROTONOSUPPORT = -93,
    USOCKET_ESOCKTNOSUPPORT = -94,
    USOCKET_EOPNOTSUPP = -95,
    USOCKET_EPFNOSUPPORT = -96,
    USOCKET_EAFNOSUPPORT = -97,
    USOCKET_EADDRINUSE = -98,
    USOCKET_EADDRNOTAVAIL = -99,
    USOCKET_ENETDOWN = -100,
    USOCKET_ENETUNREACH = -101,
    USOCKET_ENETRESET = -102,
    USOCKET_ECONNABORTED = -103,
    USOCKET_ECONNRESET = -104,
    USOCKET_ENOBUFS = -105,
    USOCKET_EISCONN = -106,
    USOCKET_ENOTCONN = -107,
    USOCKET_ESHUTDOWN = -108,
    USOCKET_ETIMEDOUT = -110,
    USOCKET_ECONNREFUSED = -111,
    USOCKET_EHOSTDOWN = -112,
    USOCKET_EHOSTUNREACH = -113,
    USOCKET_EALREADY = -114,
    USOCKET_EINPROGRESS = -115,

    /* Lookups: USOCKET_EAI_BASE plus glibc's EAI_* (netdb.h). */
    USOCKET_EAI_BASE = -1000,
    USOCKET_EAI_BADFLAGS = -1001,
    USOCKET_EAI_NONAME = -1002,
    USOCKET_EAI_AGAIN = -1003,
    USOCKET_EAI_FAIL = -1004,
    USOCKET_EAI_NODATA = -1005,
    USOCKET_EAI_FAMILY = -1006,
    USOCKET_EAI_SOCKTYPE = -1007,
    USOCKET_EAI_SERVICE = -1008,
    USOCKET_EAI_ADDRFAMILY = -1009,
    USOCKET_EAI_MEMORY = -1010,
    USOCKET_EAI_SYSTEM = -1011,
    USOCKET_EAI_OVERFLOW = -1012,
};

/** True for the code of a lookup (USOCKET_EAI_*). */
static inline bool usocket_is_eai(int code) {
    return code < USOCKET_EAI_BASE && code > USOCKET_EAI_BASE - 100;
}

/** The name of a code, as "ECONNREFUSED" or "EAI_NONAME"; "E?" for any other number. Never NULL. */
const char *usocket_errname(int code);

/** An English text for a code, as "connection refused"; its name where USOCKET_WORDS is 0. Never
 *  NULL. */
const char *usocket_strerror(int code);

#ifdef __cplusplus
}
#endif

#endif
