/* usocket - names: lookups off the caller's thread, and connecting to the first address that
 * answers.
 *
 * Included by usocket.h; what holds for every function is there. A lookup and a dial belong to one
 * caller: two threads must not call with the same one at a time. usocket_lookup_start,
 * usocket_lookup_reverse, usocket_dial_start and usocket_dial_step never wait.
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
/** This library's own: a lookup that needs the resolver is USOCKET_EAGAIN at once. */
#define USOCKET_AI_LOCAL 0x10000

#define USOCKET_NI_NUMERICHOST 0x1
#define USOCKET_NI_NUMERICSERV 0x2
#define USOCKET_NI_NOFQDN 0x4
#define USOCKET_NI_NAMEREQD 0x8
#define USOCKET_NI_DGRAM 0x10

/** The question of a lookup. Zero it, then set the members that matter. */
typedef struct usocket_query {
    /** Name or numeric address. NULL: this host (loopback; with AI_PASSIVE any address). */
    const char *host;
    const char *service; /**< name or decimal number; NULL: `port` */
    uint16_t port;       /**< host byte order */
    int family;          /**< USOCKET_AF_UNSPEC: both, IPv4 first */
    int type;            /**< 0: every type, a stream first */
    int proto;           /**< 0: any */
    int flags;           /**< USOCKET_AI_* */
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
 * Never waits. A numeric address, a NULL host and a bad query end it at once, without a worker; so
 * do "localhost" and the names under it, which are this host (RFC 6761). USOCKET_EAI_NONAME is the
 * result at once for a text that cannot be a name: with spaces, control characters, letters beyond
 * ASCII (a program writes them as "xn--..."), an empty label, more than 63 characters in a label or
 * 253 in all. Otherwise a worker thread asks the system's resolver; at most
 * USOCKET_RESOLVER_WORKERS run at a time, further lookups queue. With USOCKET_ASKS the stack itself
 * is asked, and there are no workers.
 *
 * @param lookup receives the lookup; NULL on failure
 * @param q      copied
 * @return 0; USOCKET_EAI_BADFLAGS, USOCKET_EAI_FAMILY, USOCKET_EAI_SOCKTYPE, USOCKET_EAI_SERVICE,
 *         USOCKET_EAI_NONAME, USOCKET_EAI_ADDRFAMILY, USOCKET_EAI_MEMORY, USOCKET_EMFILE,
 *         USOCKET_ENFILE, USOCKET_ENOMEM, USOCKET_EAGAIN (the system has no thread left, or
 *         USOCKET_AI_LOCAL), USOCKET_EIO
 */
int usocket_lookup_start(usocket_lookup_t **lookup, const usocket_query_t *q);

/** Begin a reverse lookup: the name of an address. Never waits. usocket_lookup_name returns the
 * answer.
 *
 * @param flags USOCKET_NI_*; with USOCKET_NI_NUMERICHOST no worker is started
 * @return as usocket_lookup_start
 */
int usocket_lookup_reverse(usocket_lookup_t **lookup, const usocket_addr_t *a, int flags);

/** Wait for the end of a lookup, until @p deadline.
 *
 * @return 0: there are answers; USOCKET_EAGAIN (deadline USOCKET_NOW: not yet), USOCKET_ETIMEDOUT,
 *         USOCKET_EINTR: it goes on; USOCKET_EAI_NONAME, USOCKET_EAI_AGAIN, USOCKET_EAI_FAIL,
 *         USOCKET_EAI_NODATA, USOCKET_EAI_FAMILY, USOCKET_EAI_MEMORY, USOCKET_EAI_SYSTEM,
 *         USOCKET_EAI_ADDRFAMILY, USOCKET_EAI_SERVICE, USOCKET_EAI_SOCKTYPE, USOCKET_EAI_BADFLAGS,
 *         USOCKET_EAI_OVERFLOW, USOCKET_EMFILE, USOCKET_ENFILE: it failed, and every call returns
 *         the same code; USOCKET_EIO, USOCKET_ENOMEM
 */
int usocket_lookup_wait(usocket_lookup_t *l, usocket_time_t deadline);

/** Wait as usocket_lookup_wait does, and return USOCKET_EBADF when @p s is closed meanwhile. @param
 *  s may be NULL
 *  @return a code of usocket_lookup_wait; USOCKET_EBADF */
int usocket_lookup_wait_for(usocket_lookup_t *l, usocket_t *s, usocket_time_t deadline);

#if USOCKET_ASYNC || USOCKET_RACE

/** A handle that polls readable once the lookup has ended. Where handles are descriptors, the
 *  system's poll knows it too.
 *  @return a handle, open until usocket_lookup_free; USOCKET_ENOENT: the lookup ended at once,
 *  without one */
int usocket_lookup_handle(const usocket_lookup_t *l);

#endif

/** The n-th answer, from 0. @return 0; USOCKET_ENOENT: there are no more, or the lookup has not
 *  ended */
int usocket_lookup_get(const usocket_lookup_t *l, size_t n, usocket_addrinfo_t *out);

/** The canonical name (USOCKET_AI_CANONNAME), or the host that usocket_lookup_reverse found; "" if
 *  there is none. Must not be read before the lookup has ended. */
const char *usocket_lookup_name(const usocket_lookup_t *l);

/** The service that usocket_lookup_reverse found; "" if there is none. */
const char *usocket_lookup_service(const usocket_lookup_t *l);

/** Free a lookup, finished or not. One in progress is abandoned: its worker frees it when the
 *  resolver returns; with USOCKET_ASKS it is freed at once. Does nothing for NULL. */
void usocket_lookup_free(usocket_lookup_t *l);

/* ---- Connecting to a name -------------------------------------------------------------------- */

/* usocket_dial connects to the addresses of a name until one answers. USOCKET_RACE chooses one of
 * two dialers; the calls are the same.
 *
 * The race (USOCKET_RACE 1 to 6) follows RFC 8305, "Happy Eyeballs". IPv6 and IPv4 are looked up
 * separately, on two workers or with USOCKET_ASKS (with fewer than two workers, or if the query
 * names a family: in one lookup). Attempts to IPv6 addresses begin when these have come. Attempts
 * to IPv4 addresses begin at once if there is no IPv6 address; if IPv6 is still being looked up,
 * 50 ms after the IPv4 addresses have come. Addresses that come later join. The families alternate,
 * IPv6 first. An attempt begins when the previous one has failed, or after 250 ms
 * (USOCKET_RACE_DELAY_MS, usocket_dial_delay) without an answer. The first one to connect wins; the
 * others are closed. At most USOCKET_RACE attempts are in progress, and one if the source address
 * has a port, since two sockets cannot have it. If there is no room for a further attempt, the
 * oldest one gives way after its share of the time left. If there is no descriptor for one, those
 * in progress go on. An event loop can run a race: usocket_dial_step and usocket_dial_handle.
 *
 * In turn (USOCKET_RACE 0) one lookup finds all addresses, and one attempt is in progress at a
 * time, in the order of the lookup's answers. Each attempt gets an equal share of the time left
 * until the deadline, so that an address that does not answer leaves time for the next one. Only
 * usocket_dial_by runs it, and waits. */

/** A connection in progress, to whichever address of a name answers. The caller places it; its
 *  members are private. */
typedef struct usocket_dial {
    const usocket_addr_t *source;
    usocket_addr_t to; /* the latest attempt's address, or the one that answered; for messages */
    int proto;
#if USOCKET_RACE
    usocket_lookup_t *lookup[2]; /* of IPv6 or of all addresses; of IPv4, or NULL */
    int looked[2];               /* their results; USOCKET_EAGAIN: in progress */
    struct {
        int handle; /* -1: ended with `code` */
        int16_t code;
        uint8_t v4, nth;
    } attempt[USOCKET_RESOLVER_RESULTS];
    uint8_t tried, most, next[2];
    bool turn;            /* the next address is an IPv4 one, if there is one */
    bool held;            /* there is no descriptor for another attempt until one ends */
    bool won;             /* the socket is open; its TLS handshake may be left */
    usocket_time_t delay; /* from one attempt to the next, in microseconds */
    usocket_time_t due;   /* time of the next attempt */
    usocket_time_t hold;  /* IPv4 waits for IPv6's addresses until then; 0: it does not wait */
    usocket_time_t yield; /* the oldest attempt gives way to the next one then; 0: it does not */
    usocket_time_t wake;  /* the next step is due then, even if nothing happens before */
    int set, alarm;       /* the handles that usocket_dial_handle has opened; -1: none */
#else
    usocket_lookup_t *lookup;
    size_t next;
    int error;
    bool trying;
    usocket_time_t deadline; /* of the attempt in progress */
#endif
#if USOCKET_TLS
    char host[USOCKET_HOST_MAX]; /* the name of the server, for SNI and verification */
#endif
} usocket_dial_t;

/** Begin to connect to a name. Never waits.
 *
 * @param q      copied
 * @param source address to bind to, of the family to use, or NULL; must live as long as @p d
 * @return 0; USOCKET_EPROTONOSUPPORT (USOCKET_PROTO_SEC without TLS); or a code of
 *         usocket_lookup_start
 */
int usocket_dial_start(usocket_dial_t *d, const usocket_query_t *q, const usocket_addr_t *source);

/** Connect.
 *
 * Returns when an address has answered, and for TLS the handshake has ended; waits until @p
 * deadline, which covers the lookup, all addresses and the handshake. After USOCKET_EINTR call
 * again with the same arguments. With USOCKET_RACE and the deadline USOCKET_NOW it makes one step,
 * as usocket_dial_step does, and returns USOCKET_EAGAIN while no attempt has begun.
 *
 * @param s closed; becomes the connection; otherwise it stays closed, or usocket_dial_end closes it
 * @return 0: connected; USOCKET_EINTR; a code of usocket_lookup_wait, usocket_open, usocket_bind,
 *         usocket_adopt or usocket_connect_by: that of the last address; with USOCKET_RACE that of
 *         the last attempt that failed for another reason than the route
 */
int usocket_dial_by(usocket_dial_t *d, usocket_t *s, usocket_time_t deadline);

#if USOCKET_RACE

/** Set the time between two attempts. @param delay in microseconds; 10 ms if it is less */
void usocket_dial_delay(usocket_dial_t *d, usocket_time_t delay);

/** Do what is due now. Never waits. An event loop calls it when usocket_dial_handle polls readable.
 *
 * A TLS socket is connected before its handshake, so that the program can set options: the next
 * call on it makes the handshake.
 *
 * @param s, deadline as for usocket_dial_by, the same in each call
 * @return as usocket_dial_by; USOCKET_EINPROGRESS: not yet
 */
int usocket_dial_step(usocket_dial_t *d, usocket_t *s, usocket_time_t deadline);

/** The result of an attempt. Must not be called after usocket_dial_end.
 *
 * @param n from 0, in the order in which the attempts began
 * @param a receives the attempt's address
 * @return a code of usocket_open, usocket_bind or usocket_connect_by; USOCKET_EINPROGRESS: it is in
 *         progress; USOCKET_ENOENT: there is none of that number; 0: its address has answered
 */
int usocket_dial_attempt(const usocket_dial_t *d, size_t n, usocket_addr_t *a);

#endif

/** End a dial. The socket stays open if usocket_dial_by has returned 0, and is closed otherwise. */
void usocket_dial_end(usocket_dial_t *d, usocket_t *s);

#if USOCKET_ASYNC && USOCKET_RACE

/** A descriptor that polls readable when usocket_dial_step has something to do. Opened by the first
 *  call, closed by usocket_dial_end.
 *
 * @return a descriptor; USOCKET_EOPNOTSUPP: the stack has none, call usocket_dial_step now and
 *         then; USOCKET_EMFILE, USOCKET_ENFILE, USOCKET_ENOMEM, USOCKET_EBADF, USOCKET_ENOSPC,
 *         USOCKET_EINVAL, USOCKET_EPERM
 */
int usocket_dial_handle(usocket_dial_t *d);

#endif

/* ---- Interfaces and this host ---------------------------------------------------------------- */

/** The number of an interface. @return 1 or more; USOCKET_ENODEV; USOCKET_EOPNOTSUPP: the stack has
 *  no numbers */
int usocket_if_nametoindex(const char *name);

/** The name of an interface. @param name USOCKET_IFNAME_MAX bytes; terminated @return 0;
 *  USOCKET_ENXIO; USOCKET_EOPNOTSUPP */
int usocket_if_indextoname(unsigned index, char *name);

/** The interface with the smallest number above *@p index.
 *  @param index in: a number, 0 for the first; out: that of the interface @param name
 *  USOCKET_IFNAME_MAX bytes; terminated
 *  @return 0; USOCKET_ENXIO: there are no more; USOCKET_EOPNOTSUPP */
int usocket_if_next(unsigned *index, char *name);

/** The name of this host. @param len room in @p buf, in bytes @return 0; USOCKET_ENAMETOOLONG;
 *  USOCKET_EFAULT; USOCKET_EOPNOTSUPP */
int usocket_gethostname(char *buf, size_t len);

#ifdef __cplusplus
}
#endif

#endif
