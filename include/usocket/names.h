/* usocket - names: lookups off the caller's thread, and connecting to the first address that answers.
 *
 * Included by usocket.h; see there for what holds for every function.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_NAMES_H
#define USOCKET_NAMES_H

#ifndef USOCKET_H
#error "include usocket/usocket.h, which includes this file"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* glibc's numbers (netdb.h), on every system. */
#define USOCKET_AI_PASSIVE 0x1
#define USOCKET_AI_CANONNAME 0x2
#define USOCKET_AI_NUMERICHOST 0x4
#define USOCKET_AI_V4MAPPED 0x8
#define USOCKET_AI_ALL 0x10
#define USOCKET_AI_ADDRCONFIG 0x20
#define USOCKET_AI_NUMERICSERV 0x400

#define USOCKET_NI_NUMERICHOST 0x1
#define USOCKET_NI_NUMERICSERV 0x2
#define USOCKET_NI_NOFQDN 0x4
#define USOCKET_NI_NAMEREQD 0x8
#define USOCKET_NI_DGRAM 0x10

/** What to look up. Zero it, then fill what matters. */
typedef struct usocket_query {
    const char *host;    /**< name or numeric address; NULL: this host (loopback; any address with AI_PASSIVE) */
    const char *service; /**< name or decimal number; NULL: `port` */
    uint16_t port;
    int family; /**< USOCKET_AF_UNSPEC: both, IPv4 first */
    int type;   /**< 0: every type, a stream first */
    int proto;  /**< 0: any */
    int flags;  /**< USOCKET_AI_* */
} usocket_query_t;

/** One answer. */
typedef struct usocket_addrinfo {
    int family, type, proto;
    usocket_addr_t addr;
} usocket_addrinfo_t;

/** A lookup, in progress or ended. Allocated by usocket_lookup_start, on the port's heap. */
typedef struct usocket_lookup usocket_lookup_t;

/** Begin a lookup.
 *
 * Never waits. A numeric address, a NULL host and a bad query are answered at once, without a worker. Otherwise a worker
 * thread asks the system's resolver; at most USOCKET_RESOLVER_WORKERS run at a time, further lookups queue.
 *
 * @param lookup receives it; NULL on failure
 * @param q      copied
 * @return 0; USOCKET_EAI_BADFLAGS, USOCKET_EAI_FAMILY, USOCKET_EAI_SOCKTYPE, USOCKET_EAI_SERVICE, USOCKET_EAI_NONAME,
 *         USOCKET_EAI_ADDRFAMILY, USOCKET_EAI_MEMORY, USOCKET_EMFILE, USOCKET_ENFILE, USOCKET_ENOMEM, USOCKET_EAGAIN (no thread to be had),
 *         USOCKET_EIO
 */
int usocket_lookup_start(usocket_lookup_t **lookup, const usocket_query_t *q);

/** Begin the reverse: the name of an address. The answer is read with usocket_lookup_name.
 *
 * @param flags USOCKET_NI_*; with USOCKET_NI_NUMERICHOST no worker is started
 * @return as usocket_lookup_start
 */
int usocket_lookup_reverse(usocket_lookup_t **lookup, const usocket_addr_t *a, int flags);

/** Wait for the end of a lookup.
 *
 * @return 0: there are answers; USOCKET_EAGAIN (deadline USOCKET_NOW: not yet), USOCKET_ETIMEDOUT, USOCKET_EINTR: it goes on;
 *         USOCKET_EAI_NONAME, USOCKET_EAI_AGAIN, USOCKET_EAI_FAIL, USOCKET_EAI_NODATA, USOCKET_EAI_FAMILY, USOCKET_EAI_MEMORY,
 *         USOCKET_EAI_SYSTEM, USOCKET_EAI_ADDRFAMILY, USOCKET_EAI_SERVICE, USOCKET_EAI_SOCKTYPE, USOCKET_EAI_BADFLAGS,
 *         USOCKET_EAI_OVERFLOW, USOCKET_EMFILE, USOCKET_ENFILE: it failed, and the same code comes each time; USOCKET_EIO, USOCKET_ENOMEM
 */
int usocket_lookup_wait(usocket_lookup_t *l, usocket_time_t deadline);

/** As usocket_lookup_wait, and returns USOCKET_EBADF when @p s is closed meanwhile. @param s may be NULL
 *  @return a code of usocket_lookup_wait; USOCKET_EBADF */
int usocket_lookup_wait_for(usocket_lookup_t *l, usocket_t *s, usocket_time_t deadline);

/** The n-th answer, from 0. @return 0; USOCKET_ENOENT: there are no more, or the lookup has not ended */
int usocket_lookup_get(const usocket_lookup_t *l, size_t n, usocket_addrinfo_t *out);

/** The canonical name (USOCKET_AI_CANONNAME), or the host that usocket_lookup_reverse found; "" if there is none. */
const char *usocket_lookup_name(const usocket_lookup_t *l);

/** The service that usocket_lookup_reverse found; "" if there is none. */
const char *usocket_lookup_service(const usocket_lookup_t *l);

/** End with a lookup, finished or not. One in progress is abandoned: it frees itself when the resolver returns.
 *  NULL is harmless. */
void usocket_lookup_free(usocket_lookup_t *l);

/** A connection in the making, to whichever address of a name answers. Yours to place; members private. */
typedef struct usocket_dial {
    usocket_lookup_t *lookup;
    const usocket_addr_t *source;
    usocket_addr_t to; /* the address tried last, for messages */
    size_t next;
    int error;
    int proto;
    bool trying;
    usocket_time_t deadline; /* of the attempt in progress */
#if USOCKET_TLS
    char host[USOCKET_HOST_MAX];
#endif
} usocket_dial_t;

/** Begin to connect to a name. Never waits.
 *
 * @param source address to bind to, of the family that is to be used, or NULL; must live as long as @p d
 * @return 0, or a code of usocket_lookup_start
 */
int usocket_dial_start(usocket_dial_t *d, const usocket_query_t *q, const usocket_addr_t *source);

/** Connect. Tries each address in turn; the time until @p deadline is shared out, so that one that does not answer leaves
 *  some to the next. After USOCKET_EINTR call again with the same arguments.
 *
 * @param s closed; becomes the connection; stays closed, or is closed by usocket_dial_end, otherwise
 * @return 0: connected; USOCKET_EINTR; a code of usocket_lookup_wait, usocket_open, usocket_bind or usocket_connect_by: that of
 *         the last address
 */
int usocket_dial_by(usocket_dial_t *d, usocket_t *s, usocket_time_t deadline);

/** End with it. The socket stays open if usocket_dial_by returned 0, and is closed otherwise. */
void usocket_dial_end(usocket_dial_t *d, usocket_t *s);

/* ---- Interfaces and this host --------------------------------------------------------------------------------------- */

/** The number of an interface. @return 1 or more; USOCKET_ENODEV; USOCKET_EOPNOTSUPP where the stack has none */
int usocket_if_nametoindex(const char *name);

/** The name of an interface. @param name of USOCKET_IFNAME_MAX bytes @return 0; USOCKET_ENXIO; USOCKET_EOPNOTSUPP */
int usocket_if_indextoname(unsigned index, char *name);

/** The interface with the smallest number above *@p index. @param index in and out @param name of USOCKET_IFNAME_MAX bytes
 *  @return 0; USOCKET_ENXIO: there are no more; USOCKET_EOPNOTSUPP */
int usocket_if_next(unsigned *index, char *name);

/** This host's name. @return 0; USOCKET_ENAMETOOLONG; USOCKET_EOPNOTSUPP */
int usocket_gethostname(char *buf, size_t len);

#ifdef __cplusplus
}
#endif

#endif
