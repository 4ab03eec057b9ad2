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
#define USOCKET_AI_LOCAL 0x10000 /* ours: what only the resolver could answer is USOCKET_EAGAIN at once */

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
 * Never waits. A numeric address, a NULL host and a bad query are answered at once, without a worker; so are "localhost" and the
 * names under it, which are this host (RFC 6761). What is no name is USOCKET_EAI_NONAME: spaces, control characters, letters beyond
 * ASCII (they are written as "xn--..."), an empty part, more than 63 characters in a part or 253 in all. Otherwise a worker
 * thread asks the system's resolver; at most USOCKET_RESOLVER_WORKERS run at a time, further lookups queue.
 *
 * @param lookup receives it; NULL on failure
 * @param q      copied
 * @return 0; USOCKET_EAI_BADFLAGS, USOCKET_EAI_FAMILY, USOCKET_EAI_SOCKTYPE, USOCKET_EAI_SERVICE, USOCKET_EAI_NONAME,
 *         USOCKET_EAI_ADDRFAMILY, USOCKET_EAI_MEMORY, USOCKET_EMFILE, USOCKET_ENFILE, USOCKET_ENOMEM, USOCKET_EAGAIN (no thread to be had, or USOCKET_AI_LOCAL),
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

#if USOCKET_ASYNC || USOCKET_RACE

/** A handle that polls readable once the lookup has ended: where handles are descriptors, for everybody.
 *  @return a handle, open until usocket_lookup_free; USOCKET_ENOENT: it has needed none, and has ended */
int usocket_lookup_handle(const usocket_lookup_t *l);

#endif

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
    const usocket_addr_t *source;
    usocket_addr_t to; /* the address tried last, or the one that answered, for messages */
    int proto;
#if USOCKET_RACE
    usocket_lookup_t *lookup[2]; /* of IPv6, or of all; of IPv4, or NULL */
    int looked[2];               /* how they ended, or USOCKET_EAGAIN */
    struct {
        int handle; /* -1: ended, with code */
        int16_t code;
        uint8_t v4, nth;
    } attempt[USOCKET_RESOLVER_RESULTS];
    uint8_t tried, most, next[2];
    bool turn; /* the next address is of IPv4, if there is one */
    bool held; /* no descriptor for another attempt, until one ends */
    bool won;  /* the socket is open, and to be finished */
    usocket_time_t delay;
    usocket_time_t due;   /* of the next attempt */
    usocket_time_t hold;  /* until when IPv4 waits for IPv6's addresses; 0: it does not */
    usocket_time_t yield; /* when the oldest attempt makes room for the next; 0: it does not */
    usocket_time_t wake;  /* when there is something to do though nothing has happened */
    int set, alarm;       /* what usocket_dial_handle opened, or -1 */
#else
    usocket_lookup_t *lookup;
    size_t next;
    int error;
    bool trying;
    usocket_time_t deadline; /* of the attempt in progress */
#endif
#if USOCKET_TLS
    char host[USOCKET_HOST_MAX]; /* the server's name */
#endif
} usocket_dial_t;

/** Begin to connect to a name. Never waits.
 *
 * With USOCKET_RACE the addresses race as RFC 8305 ("Happy Eyeballs") says. IPv6 and IPv4 are looked up apart, on two workers
 * (with fewer than two, or where the query names a family: in one lookup): IPv6's addresses begin as soon as they are there,
 * IPv4's at once if IPv6 has none, else 50 ms after they came; what comes later joins. The families take turns, IPv6 first. An
 * attempt begins when the one before has failed, or has lasted 250 ms (USOCKET_RACE_DELAY_MS, usocket_dial_delay) without an
 * answer; the first to connect wins, and the others are closed. At most USOCKET_RACE are under way, and one if @p source has a
 * port, which two cannot have at once; when there is no room, the oldest makes some after its share of the time that is left.
 * Without a descriptor for another attempt, those under way go on.
 *
 * @param source address to bind to, of the family that is to be used, or NULL; must live as long as @p d
 * @return 0; USOCKET_EPROTONOSUPPORT (USOCKET_PROTO_SEC without TLS); or a code of usocket_lookup_start
 */
int usocket_dial_start(usocket_dial_t *d, const usocket_query_t *q, const usocket_addr_t *source);

/** Connect. Waits until @p deadline, which is one for the lookup, all addresses and TLS's handshake (USOCKET_NOW, with
 *  USOCKET_RACE: a step, see below; USOCKET_EAGAIN while no attempt has begun). After USOCKET_EINTR call again with the same
 *  arguments. Without USOCKET_RACE each address is tried in turn, and the time shared out, so that one that does not answer
 *  leaves some to the next.
 *
 * @param s closed; becomes the connection; stays closed, or is closed by usocket_dial_end, otherwise
 * @return 0: connected; USOCKET_EINTR; a code of usocket_lookup_wait, usocket_open, usocket_bind, usocket_adopt or
 *         usocket_connect_by: that of the last address, with USOCKET_RACE the most telling: the last that is not about the way there
 */
int usocket_dial_by(usocket_dial_t *d, usocket_t *s, usocket_time_t deadline);

#if USOCKET_RACE

/** Change the time between two attempts. @param delay microseconds; at least 10 ms are taken */
void usocket_dial_delay(usocket_dial_t *d, usocket_time_t delay);

/** Do what there is to do now. Never waits. For event loops: call it when usocket_dial_handle polls readable.
 *
 * A TLS socket is handed over before its handshake, for options to be set: the next call on it does that.
 *
 * @param s, deadline as for usocket_dial_by, the same each time
 * @return as usocket_dial_by; USOCKET_EINPROGRESS: not yet
 */
int usocket_dial_step(usocket_dial_t *d, usocket_t *s, usocket_time_t deadline);

/** How the n-th attempt ended, from 0, in the order in which they began. Not after usocket_dial_end.
 *
 * @param a receives its address
 * @return a code of usocket_open, usocket_bind or usocket_connect_by; USOCKET_EINPROGRESS: it is under way;
 *         USOCKET_ENOENT: there were no more; 0: it is the one that answered
 */
int usocket_dial_attempt(const usocket_dial_t *d, size_t n, usocket_addr_t *a);

#endif

/** End with it. The socket stays open if usocket_dial_by returned 0, and is closed otherwise. */
void usocket_dial_end(usocket_dial_t *d, usocket_t *s);

#if USOCKET_ASYNC && USOCKET_RACE

/** A descriptor that polls readable when usocket_dial_step has something to do. Opened by the first call, closed by
 *  usocket_dial_end.
 *
 * @return a descriptor; USOCKET_EOPNOTSUPP: this stack has none, call usocket_dial_step now and then; USOCKET_EMFILE, USOCKET_ENFILE,
 *         USOCKET_ENOMEM, USOCKET_EBADF, USOCKET_ENOSPC, USOCKET_EINVAL, USOCKET_EPERM
 */
int usocket_dial_handle(usocket_dial_t *d);

#endif

/* ---- Interfaces and this host --------------------------------------------------------------------------------------- */

/** The number of an interface. @return 1 or more; USOCKET_ENODEV; USOCKET_EOPNOTSUPP where the stack has none */
int usocket_if_nametoindex(const char *name);

/** The name of an interface. @param name of USOCKET_IFNAME_MAX bytes @return 0; USOCKET_ENXIO; USOCKET_EOPNOTSUPP */
int usocket_if_indextoname(unsigned index, char *name);

/** The interface with the smallest number above *@p index. @param index in and out @param name of USOCKET_IFNAME_MAX bytes
 *  @return 0; USOCKET_ENXIO: there are no more; USOCKET_EOPNOTSUPP */
int usocket_if_next(unsigned *index, char *name);

/** This host's name. @return 0; USOCKET_ENAMETOOLONG; USOCKET_EFAULT; USOCKET_EOPNOTSUPP */
int usocket_gethostname(char *buf, size_t len);

#ifdef __cplusplus
}
#endif

#endif
