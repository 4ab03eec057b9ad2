/* Names and words of the codes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "usocket/tls.h"

#include <string.h>

#if USOCKET_TLS
#define TLS_CODES(ROW, NEXT) \
    ROW(ETLS_CERTIFICATE, "certificate not trusted") \
    NEXT(ETLS_ALERT, "refused by the peer") \
    NEXT(ETLS_TRUNCATED, "cut without close_notify") \
    NEXT(ETLS_PROTOCOL, "not TLS, or tampered with") \
    NEXT(ETLS_HANDSHAKE, "nothing in common") \
    NEXT(ETLS_OPTION, "bad value of a TLS option") \
    NEXT(ETLS_SETUP, "TLS lacks something") \
    NEXT(ETLS_CLOCK, "clock was never set")
#else
#define TLS_CODES(ROW, NEXT)
#endif

/* The codes in the order of their packed numbers, with their words. A row of NEXT has the number
 * after that of the row before; a row of SAME does, too, and has the words of another code. */
#define CODES(ROW, NEXT, SAME) \
    ROW(EPERM, "not permitted") \
    NEXT(ENOENT, "no such file") \
    ROW(EINTR, "interrupted") \
    NEXT(EIO, "I/O error") \
    NEXT(ENXIO, "no such device") \
    ROW(EBADF, "socket is closed") \
    ROW(EAGAIN, "would block") \
    NEXT(ENOMEM, "out of memory") \
    NEXT(EACCES, "permission denied") \
    NEXT(EFAULT, "bad address") \
    ROW(EBUSY, "busy") \
    NEXT(EEXIST, "exists") \
    ROW(ENODEV, "no such interface") \
    NEXT(ENOTDIR, "not a directory") \
    ROW(EINVAL, "invalid argument") \
    NEXT(ENFILE, "system out of descriptors") \
    NEXT(EMFILE, "out of descriptors") \
    ROW(ENOSPC, "no space left") \
    ROW(EROFS, "read-only") \
    ROW(EPIPE, "not open for writing") \
    SAME(EDOM, ERANGE) \
    NEXT(ERANGE, "out of range") \
    ROW(ENAMETOOLONG, "name too long") \
    ROW(ENOSYS, "not implemented") \
    ROW(ELOOP, "too many links") \
    ROW(EPROTO, "protocol error") \
    ROW(EOVERFLOW, "too large") \
    ROW(ENOTSOCK, "not a socket") \
    NEXT(EDESTADDRREQ, "no destination") \
    NEXT(EMSGSIZE, "message too long") \
    NEXT(EPROTOTYPE, "wrong protocol") \
    NEXT(ENOPROTOOPT, "option not known") \
    NEXT(EPROTONOSUPPORT, "protocol not supported") \
    NEXT(ESOCKTNOSUPPORT, "no such type") \
    NEXT(EOPNOTSUPP, "operation not supported") \
    NEXT(EPFNOSUPPORT, "no such family") \
    NEXT(EAFNOSUPPORT, "no such address family") \
    NEXT(EADDRINUSE, "address in use") \
    NEXT(EADDRNOTAVAIL, "address not available") \
    NEXT(ENETDOWN, "network down") \
    NEXT(ENETUNREACH, "network unreachable") \
    NEXT(ENETRESET, "reset by the network") \
    NEXT(ECONNABORTED, "connection aborted") \
    NEXT(ECONNRESET, "connection reset") \
    NEXT(ENOBUFS, "no buffer space") \
    NEXT(EISCONN, "connected already") \
    NEXT(ENOTCONN, "not connected") \
    NEXT(ESHUTDOWN, "shut down") \
    ROW(ETIMEDOUT, "timed out") \
    NEXT(ECONNREFUSED, "connection refused") \
    NEXT(EHOSTDOWN, "host down") \
    NEXT(EHOSTUNREACH, "no route to host") \
    NEXT(EALREADY, "in progress already") \
    NEXT(EINPROGRESS, "in progress") \
    ROW(EAI_BADFLAGS, "bad flags") \
    NEXT(EAI_NONAME, "unknown name") \
    NEXT(EAI_AGAIN, "no answer from a name server") \
    NEXT(EAI_FAIL, "lookup failed") \
    NEXT(EAI_NODATA, "name has no address") \
    SAME(EAI_FAMILY, EAFNOSUPPORT) \
    SAME(EAI_SOCKTYPE, ESOCKTNOSUPPORT) \
    NEXT(EAI_SERVICE, "service not known") \
    NEXT(EAI_ADDRFAMILY, "the address is of another family") \
    SAME(EAI_MEMORY, ENOMEM) \
    NEXT(EAI_SYSTEM, "system error") \
    SAME(EAI_OVERFLOW, ENAMETOOLONG) \
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

/* The compiler counts the rows as find_text does, and
 * refuses a row of NEXT or SAME that is out of order. */
enum {
#define ROW(code, words) BEFORE_##code, COUNT_##code = PACKED(code),
#define NEXT(code, words) COUNT_##code,
#define SAME(code, other) COUNT_##code,
    CODES(ROW, NEXT, SAME)
#undef ROW
#undef NEXT
#undef SAME
};

#define ROW(code, words)
#define NEXT(code, words) typedef char order_of_##code[COUNT_##code == PACKED(code) ? 1 : -1];
#define SAME(code, other) typedef char order_of_##code[COUNT_##code == PACKED(code) ? 1 : -1];
CODES(ROW, NEXT, SAME)
#undef ROW
#undef NEXT
#undef SAME

/* Two tables of texts, so that a program has only that of the function it calls. The numbers that a
 * row of ROW leaves out stand before its text, as a byte above ASCII. The members are bytes alone,
 * one behind the other, so that no table of pointers takes flash. An empty text ends a table, and
 * the text for an unknown code follows. */
#define SKIPPED(code) (0x80 + PACKED(code) - (int)BEFORE_##code)
#define UNKNOWN "\0E?"

static const struct {
#define ROW(code, words) uint8_t skipped_##code, text_##code[sizeof(#code)];
#define NEXT(code, words) uint8_t text_##code[sizeof(#code)];
#define SAME(code, other) uint8_t text_##code[sizeof(#code)];
    CODES(ROW, NEXT, SAME)
#undef ROW
#undef NEXT
#undef SAME
    uint8_t last[sizeof(UNKNOWN)];
} names = {
#define ROW(code, words) SKIPPED(code), #code,
#define NEXT(code, words) #code,
#define SAME(code, other) #code,
    CODES(ROW, NEXT, SAME) UNKNOWN,
#undef ROW
#undef NEXT
#undef SAME
};

static const char *find_text(const void *table, uint8_t packed) {
    const uint8_t *row = table;
    for (uint8_t number = 0; *row != '\0'; number++) {
        if (*row >= 0x80) {
            number = (uint8_t)(number + *row++ - 0x80);
        }
        if (number == packed) {
            return (const char *)row;
        }
        row += strlen((const char *)row) + 1;
    }
    return (const char *)row + 1;
}

const char *usocket_errname(int code) {
    return find_text(&names, pack(code));
}

#if USOCKET_WORDS

/* In SAME one character, the packed number of the other code, stands for the words. */
static const struct {
#define ROW(code, words) uint8_t skipped_##code, text_##code[sizeof(words)];
#define NEXT(code, words) uint8_t text_##code[sizeof(words)];
#define SAME(code, other) uint8_t text_##code[2];
    CODES(ROW, NEXT, SAME)
#undef ROW
#undef NEXT
#undef SAME
    uint8_t last[sizeof(UNKNOWN)];
} all_words = {
#define ROW(code, words) SKIPPED(code), words,
#define NEXT(code, words) words,
#define SAME(code, other) {PACKED(other), 0},
    CODES(ROW, NEXT, SAME) UNKNOWN,
};

const char *usocket_strerror(int code) {
    const char *text = find_text(&all_words, pack(code));
    return text[1] != '\0' ? text : find_text(&all_words, (uint8_t)*text);
}

#else

const char *usocket_strerror(int code) {
    return usocket_errname(code);
}

#endif
