/* Codes to names and words.
 *
 * SPDX-License-Identifier: MIT
 */
#include "usocket/tls.h"

#include <string.h>

#if USOCKET_TLS
#define TLS_CODES(ROW) \
    ROW(ETLS_CERTIFICATE, "ETLS_CERTIFICATE", "certificate not trusted") \
    ROW(ETLS_ALERT, "ETLS_ALERT", "refused by the peer") \
    ROW(ETLS_TRUNCATED, "ETLS_TRUNCATED", "cut without close_notify") \
    ROW(ETLS_PROTOCOL, "ETLS_PROTOCOL", "not TLS, or tampered with") \
    ROW(ETLS_HANDSHAKE, "ETLS_HANDSHAKE", "nothing in common") \
    ROW(ETLS_OPTION, "ETLS_OPTION", "bad value of a TLS option") \
    ROW(ETLS_SETUP, "ETLS_SETUP", "TLS lacks something") \
    ROW(ETLS_CLOCK, "ETLS_CLOCK", "clock was never set")
#else
#define TLS_CODES(ROW)
#endif

/* One string for all, and a byte for each code: no table of pointers to keep in flash. */
#define CODES(ROW) \
    ROW(EPERM, "EPERM", "not permitted") \
    ROW(ENOENT, "ENOENT", "no such file") \
    ROW(EINTR, "EINTR", "interrupted") \
    ROW(EIO, "EIO", "I/O error") \
    ROW(ENXIO, "ENXIO", "no such device") \
    ROW(EBADF, "EBADF", "socket is closed") \
    ROW(EAGAIN, "EAGAIN", "would block") \
    ROW(ENOMEM, "ENOMEM", "out of memory") \
    ROW(EACCES, "EACCES", "permission denied") \
    ROW(EFAULT, "EFAULT", "bad address") \
    ROW(EBUSY, "EBUSY", "busy") \
    ROW(EEXIST, "EEXIST", "exists") \
    ROW(ENODEV, "ENODEV", "no such interface") \
    ROW(ENOTDIR, "ENOTDIR", "not a directory") \
    ROW(EINVAL, "EINVAL", "invalid argument") \
    ROW(ENFILE, "ENFILE", "system out of descriptors") \
    ROW(EMFILE, "EMFILE", "out of descriptors") \
    ROW(ENOSPC, "ENOSPC", "no space left") \
    ROW(EROFS, "EROFS", "read-only") \
    ROW(EPIPE, "EPIPE", "not open for writing") \
    ROW(EDOM, "EDOM", "out of range") \
    ROW(ERANGE, "ERANGE", "out of range") \
    ROW(ENAMETOOLONG, "ENAMETOOLONG", "name too long") \
    ROW(ENOSYS, "ENOSYS", "not implemented") \
    ROW(ELOOP, "ELOOP", "too many links") \
    ROW(EPROTO, "EPROTO", "protocol error") \
    ROW(EOVERFLOW, "EOVERFLOW", "too large") \
    ROW(ENOTSOCK, "ENOTSOCK", "not a socket") \
    ROW(EDESTADDRREQ, "EDESTADDRREQ", "no destination") \
    ROW(EMSGSIZE, "EMSGSIZE", "message too long") \
    ROW(EPROTOTYPE, "EPROTOTYPE", "wrong protocol") \
    ROW(ENOPROTOOPT, "ENOPROTOOPT", "option not known") \
    ROW(EPROTONOSUPPORT, "EPROTONOSUPPORT", "protocol not supported") \
    ROW(ESOCKTNOSUPPORT, "ESOCKTNOSUPPORT", "no such type") \
    ROW(EOPNOTSUPP, "EOPNOTSUPP", "operation not supported") \
    ROW(EPFNOSUPPORT, "EPFNOSUPPORT", "no such family") \
    ROW(EAFNOSUPPORT, "EAFNOSUPPORT", "no such address family") \
    ROW(EADDRINUSE, "EADDRINUSE", "address in use") \
    ROW(EADDRNOTAVAIL, "EADDRNOTAVAIL", "address not available") \
    ROW(ENETDOWN, "ENETDOWN", "network down") \
    ROW(ENETUNREACH, "ENETUNREACH", "network unreachable") \
    ROW(ENETRESET, "ENETRESET", "reset by the network") \
    ROW(ECONNABORTED, "ECONNABORTED", "connection aborted") \
    ROW(ECONNRESET, "ECONNRESET", "connection reset") \
    ROW(ENOBUFS, "ENOBUFS", "no buffer space") \
    ROW(EISCONN, "EISCONN", "connected already") \
    ROW(ENOTCONN, "ENOTCONN", "not connected") \
    ROW(ESHUTDOWN, "ESHUTDOWN", "shut down") \
    ROW(ETIMEDOUT, "ETIMEDOUT", "timed out") \
    ROW(ECONNREFUSED, "ECONNREFUSED", "connection refused") \
    ROW(EHOSTDOWN, "EHOSTDOWN", "host down") \
    ROW(EHOSTUNREACH, "EHOSTUNREACH", "no route to host") \
    ROW(EALREADY, "EALREADY", "in progress already") \
    ROW(EINPROGRESS, "EINPROGRESS", "in progress") \
    ROW(EAI_BADFLAGS, "EAI_BADFLAGS", "bad flags") \
    ROW(EAI_NONAME, "EAI_NONAME", "unknown name") \
    ROW(EAI_AGAIN, "EAI_AGAIN", "temporary failure") \
    ROW(EAI_FAIL, "EAI_FAIL", "lookup failed") \
    ROW(EAI_NODATA, "EAI_NODATA", "name has no address") \
    ROW(EAI_FAMILY, "EAI_FAMILY", "no such address family") \
    ROW(EAI_SOCKTYPE, "EAI_SOCKTYPE", "no such type") \
    ROW(EAI_SERVICE, "EAI_SERVICE", "service not known") \
    ROW(EAI_ADDRFAMILY, "EAI_ADDRFAMILY", "the address is of another family") \
    ROW(EAI_MEMORY, "EAI_MEMORY", "out of memory") \
    ROW(EAI_SYSTEM, "EAI_SYSTEM", "system error") \
    ROW(EAI_OVERFLOW, "EAI_OVERFLOW", "name too long") \
    TLS_CODES(ROW)

/* Codes fit one byte: 1 to 127 as they are, lookups from 128, TLS from 192. */
static uint8_t pack(int code) {
    if (usocket_is_eai(code)) {
        return code > USOCKET_EAI_BASE - 64 ? (uint8_t)(128 + USOCKET_EAI_BASE - code) : 0;
    }
#if USOCKET_TLS
    if (usocket_is_tls(code)) {
        return code > USOCKET_ETLS_BASE - 64 ? (uint8_t)(192 + USOCKET_ETLS_BASE - code) : 0;
    }
#endif
    return code < 0 && code > -128 ? (uint8_t)-code : 0;
}

#define PACKED(code) \
    ((int)USOCKET_##code > -128                            ? -(int)USOCKET_##code \
            : (int)USOCKET_##code > (int)USOCKET_ETLS_BASE ? 128 + (int)USOCKET_EAI_BASE - (int)USOCKET_##code \
                                                           : 192 + (int)USOCKET_ETLS_BASE - (int)USOCKET_##code)

static const uint8_t numbers[] = {
#define NUMBER(code, name, words) (uint8_t) PACKED(code),
    CODES(NUMBER)
#undef NUMBER
};

static const char texts[] =
#if USOCKET_WORDS
#define TEXT(code, name, words) name "\0" words "\0"
#else
#define TEXT(code, name, words) name "\0"
#endif
    CODES(TEXT);

#define TEXTS_EACH (1 + (USOCKET_WORDS != 0))

static const char *find(int code, size_t which) {
    uint8_t packed = pack(code);
    const char *p = texts;
    for (size_t i = 0; i < sizeof(numbers); i++) {
        for (size_t j = 0; j < TEXTS_EACH; j++) {
            if (numbers[i] == packed && j == which) {
                return p;
            }
            p += strlen(p) + 1;
        }
    }
    return "E?";
}

const char *usocket_errname(int code) {
    return find(code, 0);
}

const char *usocket_strerror(int code) {
    return find(code, TEXTS_EACH - 1);
}
