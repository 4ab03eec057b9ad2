/* Names and words of the codes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "usocket/tls.h"

#include <string.h>

#if USOCKET_TLS
#define TLS_CODES(ROW, NEXT) \
    ROW(ETLS_CERTIFICATE, "ETLS_CERTIFICATE", "certificate not trusted") \
    NEXT(ETLS_ALERT, "ETLS_ALERT", "refused by the peer") \
    NEXT(ETLS_TRUNCATED, "ETLS_TRUNCATED", "cut without close_notify") \
    NEXT(ETLS_PROTOCOL, "ETLS_PROTOCOL", "not TLS, or tampered with") \
    NEXT(ETLS_HANDSHAKE, "ETLS_HANDSHAKE", "nothing in common") \
    NEXT(ETLS_OPTION, "ETLS_OPTION", "bad value of a TLS option") \
    NEXT(ETLS_SETUP, "ETLS_SETUP", "TLS lacks something") \
    NEXT(ETLS_CLOCK, "ETLS_CLOCK", "clock was never set")
#else
#define TLS_CODES(ROW, NEXT)
#endif

/* The codes in the order of their packed numbers. A row of NEXT has the number after that of the
 * row before; a row of SAME does, too, and has the words of another code. */
#define CODES(ROW, NEXT, SAME) \
    ROW(EPERM, "EPERM", "not permitted") \
    NEXT(ENOENT, "ENOENT", "no such file") \
    ROW(EINTR, "EINTR", "interrupted") \
    NEXT(EIO, "EIO", "I/O error") \
    NEXT(ENXIO, "ENXIO", "no such device") \
    ROW(EBADF, "EBADF", "socket is closed") \
    ROW(EAGAIN, "EAGAIN", "would block") \
    NEXT(ENOMEM, "ENOMEM", "out of memory") \
    NEXT(EACCES, "EACCES", "permission denied") \
    NEXT(EFAULT, "EFAULT", "bad address") \
    ROW(EBUSY, "EBUSY", "busy") \
    NEXT(EEXIST, "EEXIST", "exists") \
    ROW(ENODEV, "ENODEV", "no such interface") \
    NEXT(ENOTDIR, "ENOTDIR", "not a directory") \
    ROW(EINVAL, "EINVAL", "invalid argument") \
    NEXT(ENFILE, "ENFILE", "system out of descriptors") \
    NEXT(EMFILE, "EMFILE", "out of descriptors") \
    ROW(ENOSPC, "ENOSPC", "no space left") \
    ROW(EROFS, "EROFS", "read-only") \
    ROW(EPIPE, "EPIPE", "not open for writing") \
    SAME(EDOM, "EDOM", ERANGE) \
    NEXT(ERANGE, "ERANGE", "out of range") \
    ROW(ENAMETOOLONG, "ENAMETOOLONG", "name too long") \
    ROW(ENOSYS, "ENOSYS", "not implemented") \
    ROW(ELOOP, "ELOOP", "too many links") \
    ROW(EPROTO, "EPROTO", "protocol error") \
    ROW(EOVERFLOW, "EOVERFLOW", "too large") \
    ROW(ENOTSOCK, "ENOTSOCK", "not a socket") \
    NEXT(EDESTADDRREQ, "EDESTADDRREQ", "no destination") \
    NEXT(EMSGSIZE, "EMSGSIZE", "message too long") \
    NEXT(EPROTOTYPE, "EPROTOTYPE", "wrong protocol") \
    NEXT(ENOPROTOOPT, "ENOPROTOOPT", "option not known") \
    NEXT(EPROTONOSUPPORT, "EPROTONOSUPPORT", "protocol not supported") \
    NEXT(ESOCKTNOSUPPORT, "ESOCKTNOSUPPORT", "no such type") \
    NEXT(EOPNOTSUPP, "EOPNOTSUPP", "operation not supported") \
    NEXT(EPFNOSUPPORT, "EPFNOSUPPORT", "no such family") \
    NEXT(EAFNOSUPPORT, "EAFNOSUPPORT", "no such address family") \
    NEXT(EADDRINUSE, "EADDRINUSE", "address in use") \
    NEXT(EADDRNOTAVAIL, "EADDRNOTAVAIL", "address not available") \
    NEXT(ENETDOWN, "ENETDOWN", "network down") \
    NEXT(ENETUNREACH, "ENETUNREACH", "network unreachable") \
    NEXT(ENETRESET, "ENETRESET", "reset by the network") \
    NEXT(ECONNABORTED, "ECONNABORTED", "connection aborted") \
    NEXT(ECONNRESET, "ECONNRESET", "connection reset") \
    NEXT(ENOBUFS, "ENOBUFS", "no buffer space") \
    NEXT(EISCONN, "EISCONN", "connected already") \
    NEXT(ENOTCONN, "ENOTCONN", "not connected") \
    NEXT(ESHUTDOWN, "ESHUTDOWN", "shut down") \
    ROW(ETIMEDOUT, "ETIMEDOUT", "timed out") \
    NEXT(ECONNREFUSED, "ECONNREFUSED", "connection refused") \
    NEXT(EHOSTDOWN, "EHOSTDOWN", "host down") \
    NEXT(EHOSTUNREACH, "EHOSTUNREACH", "no route to host") \
    NEXT(EALREADY, "EALREADY", "in progress already") \
    NEXT(EINPROGRESS, "EINPROGRESS", "in progress") \
    ROW(EAI_BADFLAGS, "EAI_BADFLAGS", "bad flags") \
    NEXT(EAI_NONAME, "EAI_NONAME", "unknown name") \
    NEXT(EAI_AGAIN, "EAI_AGAIN", "temporary failure") \
    NEXT(EAI_FAIL, "EAI_FAIL", "lookup failed") \
    NEXT(EAI_NODATA, "EAI_NODATA", "name has no address") \
    SAME(EAI_FAMILY, "EAI_FAMILY", EAFNOSUPPORT) \
    SAME(EAI_SOCKTYPE, "EAI_SOCKTYPE", ESOCKTNOSUPPORT) \
    NEXT(EAI_SERVICE, "EAI_SERVICE", "service not known") \
    NEXT(EAI_ADDRFAMILY, "EAI_ADDRFAMILY", "the address is of another family") \
    SAME(EAI_MEMORY, "EAI_MEMORY", ENOMEM) \
    NEXT(EAI_SYSTEM, "EAI_SYSTEM", "system error") \
    SAME(EAI_OVERFLOW, "EAI_OVERFLOW", ENAMETOOLONG) \
    TLS_CODES(ROW, NEXT)

/* Codes fit one byte: 1 to 127 as they are, lookups from 128, TLS from 192. */
#define PACKED(code) \
    ((uint8_t)((int)USOCKET_##code > -128                  ? -(int)USOCKET_##code \
            : (int)USOCKET_##code > (int)USOCKET_ETLS_BASE ? 128 + (int)USOCKET_EAI_BASE - (int)USOCKET_##code \
                                                           : 192 + (int)USOCKET_ETLS_BASE - (int)USOCKET_##code))

/* Pack a code. A number that is no code becomes one that no row has. */
static uint8_t pack(int code) {
    unsigned number = 0u - (unsigned)code;
    unsigned eai = number + (unsigned)USOCKET_EAI_BASE;
    if (eai < 64) {
        return (uint8_t)(128 + eai);
    }
#if USOCKET_TLS
    unsigned tls = number + (unsigned)USOCKET_ETLS_BASE;
    if (tls < 64) {
        return (uint8_t)(192 + tls);
    }
#endif
    return number < 128 ? (uint8_t)number : 0;
}

/* The compiler counts the rows as find_name does, and
 * refuses a row of NEXT or SAME that is out of order. */
enum {
#define ROW(code, name, words) COUNT_##code = PACKED(code),
#define NEXT(code, name, words) COUNT_##code,
#define SAME(code, name, other) COUNT_##code,
    CODES(ROW, NEXT, SAME)
#undef ROW
#undef NEXT
#undef SAME
};

#define ROW(code, name, words)
#define NEXT(code, name, words) typedef char order_of_##code[COUNT_##code == PACKED(code) ? 1 : -1];
#define SAME(code, name, other) NEXT(code, , )
CODES(ROW, NEXT, SAME)
#undef ROW
#undef NEXT
#undef SAME

/* A row is the packed number (not in NEXT and SAME), the name, and the words; in SAME the packed
 * number of the other code, as one character, stands for the words. The members are bytes alone,
 * one behind the other, so that no table of pointers takes flash. Number 0 ends the table. */
static const struct {
#if USOCKET_WORDS
#define TEXT(name, words) name "\0" words
#define SAME(code, name, other) \
    char name_##code[sizeof(name)]; \
    uint8_t other_##code[2];
#else
#define TEXT(name, words) name
#define SAME(code, name, other) NEXT(code, name, )
#endif
#define NEXT(code, name, words) char text_##code[sizeof(TEXT(name, words))];
#define ROW(code, name, words) \
    uint8_t number_##code; \
    NEXT(code, name, words)
    CODES(ROW, NEXT, SAME)
#undef ROW
#undef NEXT
    char last[1 + sizeof(TEXT("E?", "E?"))];
} rows = {
#if USOCKET_WORDS
#undef SAME
#define SAME(code, name, other) name, {PACKED(other), 0},
#endif
#define NEXT(code, name, words) TEXT(name, words),
#define ROW(code, name, words) PACKED(code), TEXT(name, words),
    CODES(ROW, NEXT, SAME) "\0" TEXT("E?", "E?"),
};

/* Not inlined, because four copies of it are larger. */
__attribute__((noinline)) static const char *behind(const char *text) {
    return text + strlen(text) + 1;
}

static const char *find_name(uint8_t packed) {
    const char *row = (const char *)&rows;
    uint8_t number = 0;
    for (;;) {
        number = (uint8_t)(*row != 'E' ? *row++ : number + 1); /* no number is 'E' (69), and each name begins with it */
        if (number == packed || number == 0) {
            return row;
        }
        row = behind(row);
#if USOCKET_WORDS
        row = behind(row);
#endif
    }
}

const char *usocket_errname(int code) {
    return find_name(pack(code));
}

const char *usocket_strerror(int code) {
    const char *text = usocket_errname(code);
#if USOCKET_WORDS
    text = behind(text);
    if (text[1] == '\0') { /* one character: the packed code that has the words */
        text = behind(find_name((uint8_t)*text));
    }
#endif
    return text;
}
