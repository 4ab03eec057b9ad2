/* usocket - sockets for small devices: one API and one behaviour on POSIX, RT-Thread (SAL) and
 * lwIP.
 *
 * A C program needs only this header.
 *
 * Over 500 lines: it is the manual of one API.
 *
 * What holds for every function
 * - Callers: any thread of the program, also several on one socket. An interrupt or a signal
 *   handler must not call. The library takes its own lock for a few instructions at a time and
 *   never calls the program under it. usocket_close in one thread ends the waits of the others with
 *   USOCKET_EBADF; the descriptor is closed when the last of them has left.
 * - Results: 0 or more is success. A negative result is a code of `enum usocket_error`, with the
 *   same number on every system.
 * - Memory: the caller's. The library allocates nothing for a socket; only a name lookup in
 *   progress has memory of its own.
 * - Waiting: a socket has a timeout (usocket_settimeout). A call that can wait turns it into an
 *   absolute deadline once, and never waits longer: then it returns USOCKET_ETIMEDOUT, never early.
 *   A non-blocking socket (timeout 0) never waits: USOCKET_EAGAIN. The functions that end in `_by`
 *   take the deadline as a parameter, so that one deadline can cover several calls.
 * - USOCKET_EINTR: a signal, or the interrupt hook, has ended the wait. Nothing is lost; call again
 *   with the same deadline.
 * - fork(): where USOCKET_FORK is 1, a child may use the library afresh at once, and may close or
 *   end what it has inherited. None of that reaches the parent. An inherited socket is still one
 *   connection, as with the system's own sockets: only one of the two processes may use it. The
 *   parent leaves a TLS connection to a child with usocket_detach and usocket_close_fd, since
 *   usocket_close sends close_notify; a child that only closes one sends nothing. A lookup in
 *   progress fails in the child (USOCKET_EAI_AGAIN); a dial, a poller and a watcher can only be
 *   ended there; a socket that another thread of the parent was using at the fork keeps its
 *   descriptor until the child ends. A signal handler must not fork.
 * - Pointers: a buffer that is NULL though its length is not 0 is USOCKET_EFAULT; a text that is
 *   NULL is refused with the code of a text that cannot be read. With the length 0 either may be
 *   NULL. Pointers to objects, to texts without a length and to results must not be NULL, unless
 *   NULL is said to mean something.
 * - A code listed as "socket's" in a function's documentation is one of: USOCKET_EBADF (closed),
 *   USOCKET_ENOMEM, USOCKET_ENOBUFS (the stack is out of memory), USOCKET_EIO (the stack returned a
 *   code that this library does not know), USOCKET_EINVAL, USOCKET_EFAULT (a buffer is NULL, and
 *   its length is not 0), USOCKET_EOPNOTSUPP.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_H
#define USOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "usocket/config.h"
#include "usocket/errors.h"
#include "usocket/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Numbers --------------------------------------------------------------------------------- */

/* The same on Linux, lwIP and RT-Thread; a port with other numbers does not compile. */
#define USOCKET_AF_UNSPEC 0
#define USOCKET_AF_UNIX 1
#define USOCKET_AF_INET 2
#define USOCKET_AF_INET6 10

#define USOCKET_STREAM 1
#define USOCKET_DGRAM 2
#define USOCKET_RAW 3

/* IANA's protocol numbers, and one of this library's. */
#define USOCKET_PROTO_TCP 6
#define USOCKET_PROTO_UDP 17
#define USOCKET_PROTO_SEC 256 /* TLS over TCP; RT-Thread SAL's PROTOCOL_TLS */

#define USOCKET_SHUT_RD 0
#define USOCKET_SHUT_WR 1
#define USOCKET_SHUT_RDWR 2

/* Room for texts, NUL included. */
#define USOCKET_HOST_MAX 256   /* RFC 1035 allows 253 characters */
#define USOCKET_SERVICE_MAX 32 /* NI_MAXSERV of getnameinfo(3) */
#define USOCKET_IFNAME_MAX 16  /* IF_NAMESIZE of net/if.h */

/* ---- Addresses ------------------------------------------------------------------------------- */

#define USOCKET_UNIX_MAX 108 /* struct sockaddr_un's sun_path, from unix(7) */

/** An address of any family, the same on every stack. A program that fills it in zeroes it
 *  first. */
typedef struct usocket_addr {
    uint16_t family;   /**< USOCKET_AF_*; USOCKET_AF_UNSPEC: there is none */
    uint16_t port;     /**< host byte order; for AF_UNIX the length of `path` */
    uint32_t flowinfo; /**< IPv6, host byte order, 20 bits */
    uint32_t scope;    /**< IPv6, interface index */
    union {
        uint8_t ip[16]; /**< network byte order; IPv4 uses the first four */
#if USOCKET_UNIX
        /** Not terminated. A leading NUL stands for Linux's abstract name space. */
        char path[USOCKET_UNIX_MAX];
#endif
    } u;
} usocket_addr_t;

/** Longest text of usocket_addr_format: "[" 45 characters "%" interface "]:65535" and NUL, or a
 *  path. */
#define USOCKET_ADDR_TEXT 128

/** Read a numeric IPv4 or IPv6 address.
 *
 * Never looks a name up. The only call of the port turns an interface's name into its index.
 *
 * @param a      receives family, address and scope; port and flowinfo become 0; unchanged on
 *               failure
 * @param text   "192.0.2.1", the older forms of inet_aton(3) ("127.1", "0x7f000001"),
 *               "2001:db8::1", "fe80::1%eth0", "fe80::1%2"
 * @param len    length of text, in bytes
 * @param family USOCKET_AF_UNSPEC for either
 * @return 0; USOCKET_EAI_NONAME: not numeric, a lookup may find it; USOCKET_EAI_ADDRFAMILY:
 *         numeric, of the other family; USOCKET_ENODEV: no such interface
 */
int usocket_addr_parse(usocket_addr_t *a, const char *text, size_t len, int family);

/** Read exactly "a.b.c.d" or an IPv6 address without scope, as inet_pton(3) does.
 *  @param ip receives 4 or 16 bytes; of any value after a failure @return 0, or USOCKET_EINVAL */
int usocket_pton(int family, const char *text, size_t len, uint8_t *ip);

/** Read an IPv4 address in any form of inet_aton(3). @param ip receives 4 bytes @return 0, or
 *  USOCKET_EINVAL */
int usocket_aton(const char *text, size_t len, uint8_t *ip);

/** Write an address as text, IPv6 as RFC 5952 says, without port or scope.
 *
 * @param buf 46 bytes or more (INET6_ADDRSTRLEN, RFC 3493)
 * @return length without the NUL, or USOCKET_EAFNOSUPPORT
 */
int usocket_ntop(int family, const uint8_t *ip, char *buf);

/** Write an address with its port and scope, for messages: "192.0.2.1:80", "[fe80::1%2]:80", a
 * path.
 *
 * @param buf USOCKET_ADDR_TEXT bytes; always terminated
 * @return length without the NUL
 */
int usocket_addr_format(const usocket_addr_t *a, char *buf);

/** Read an address in the stack's own form, a struct sockaddr.
 *
 * @param a unchanged on failure
 * @return 0; USOCKET_EINVAL: too short; USOCKET_EAFNOSUPPORT: a family that this library does not
 *         know
 */
int usocket_addr_raw(usocket_addr_t *a, const void *raw, size_t len);

/** True if two addresses are the same, port and scope included. */
bool usocket_addr_equal(const usocket_addr_t *a, const usocket_addr_t *b);

/* ---- Time ------------------------------------------------------------------------------------ */

/** Microseconds on a clock that never goes back; its zero is arbitrary. */
typedef int64_t usocket_time_t;

#define USOCKET_NEVER INT64_MAX /**< as a deadline: none */
#define USOCKET_NOW 0           /**< as a deadline: do not wait */
#define USOCKET_FOREVER (-1)    /**< as a timeout: blocking */

/** The deadline @p timeout microseconds from now; USOCKET_NEVER for a negative one, USOCKET_NOW for
 *  0. */
usocket_time_t usocket_deadline_in(usocket_time_t timeout);

/* ---- The socket ------------------------------------------------------------------------------ */

/** A socket. The caller places it: static, on the stack, inside an object. It must not move while
 *  it is open. Its members are private. */
typedef struct usocket {
    struct usocket *base; /* the socket with the connection that this one shares; NULL: its own */
    int fd;               /* the descriptor that others may see; -1: closed */
    int io;          /* the descriptor that the library uses; not fd once bytes were put back */
    uint32_t users;  /* calls in progress, and flags; atomic */
    uint32_t refs;   /* open sockets that share this connection, this one included */
    uint8_t *unread; /* the block of bytes that were put back, the caller's; NULL: none */
    usocket_time_t timeout;        /* in microseconds; negative: blocking */
    size_t unread_off, unread_len; /* the bytes of the block that are left */
    uint8_t family, type;
    uint8_t flags;
    uint8_t guess; /* number of receives that wait before they try */
    int proto;
    int error; /* a code that came behind data already returned: for the next receive */
    void *tls; /* the TLS session; NULL: a plain socket */
} usocket_t;

/** Make @p s a closed socket. Every usocket_t starts with this call, or as USOCKET_CLOSED. @p s
 *  must not be open. */
void usocket_init(usocket_t *s);

#define USOCKET_CLOSED_FLAG 0x80000000u
#define USOCKET_CLOSED \
    { .fd = -1, .io = -1, .users = USOCKET_CLOSED_FLAG }

/** Open a socket, blocking, close-on-exec.
 *
 * @param s      closed; stays closed on failure
 * @param family USOCKET_AF_*
 * @param type   USOCKET_STREAM, USOCKET_DGRAM, USOCKET_RAW, or another type of the stack
 * @param proto  a protocol number; 0: the usual one of the type; USOCKET_PROTO_SEC: TLS (tls.h)
 * @return 0; USOCKET_EAFNOSUPPORT, USOCKET_EPROTONOSUPPORT, USOCKET_ESOCKTNOSUPPORT,
 *         USOCKET_EPROTOTYPE, USOCKET_EINVAL, USOCKET_EMFILE, USOCKET_ENFILE, USOCKET_ENOBUFS,
 *         USOCKET_ENOMEM, USOCKET_EACCES, USOCKET_EPERM, USOCKET_EIO, USOCKET_EOPNOTSUPP,
 *         USOCKET_EISCONN (@p s is open), USOCKET_EBUSY (closed, but a call in another thread has
 *         not returned yet)
 */
int usocket_open(usocket_t *s, int family, int type, int proto);

/** Open two sockets, connected to each other.
 *
 * @return 0, or a code of usocket_open; both stay closed then. USOCKET_EOPNOTSUPP: the stack has no
 *         such pair
 */
int usocket_pair(usocket_t *a, usocket_t *b, int family, int type, int proto);

/** Make a socket of an existing descriptor. The descriptor becomes non-blocking in every process
 * that shares it.
 *
 * @param fd   @p s owns it from then on; the caller keeps it on failure
 * @param family, type, proto  as for usocket_open; -1: ask the stack
 * @return 0; USOCKET_EBADF, USOCKET_ENOTSOCK, USOCKET_EINVAL, USOCKET_EIO, USOCKET_EOPNOTSUPP,
 *         USOCKET_EISCONN (@p s is open), USOCKET_EBUSY (closed, but still in use),
 *         USOCKET_ESOCKTNOSUPPORT (not a stream, where USOCKET_DATAGRAMS is 0),
 *         USOCKET_EPROTONOSUPPORT (TLS on a raw socket)
 */
int usocket_adopt(usocket_t *s, int fd, int family, int type, int proto);

/** Make a second socket of the same connection. Each is closed separately; the descriptor is closed
 * with the last one.
 *
 * @param s    closed; its memory must not outlive that of @p from
 * @param from open
 * @return 0; USOCKET_EBADF, USOCKET_EISCONN (@p s is open), USOCKET_EBUSY (closed, but still in
 *         use)
 */
int usocket_share(usocket_t *s, usocket_t *from);

/** Duplicate a descriptor, close-on-exec. @return a descriptor; USOCKET_EBADF, USOCKET_EMFILE,
 *  USOCKET_EOPNOTSUPP, USOCKET_EIO */
int usocket_dup(int fd);

/** Close a descriptor that usocket_dup or usocket_detach has returned. On lwIP and RT-Thread a
 *  program closes one of usocket_detach here, or adopts it again: if the stack's own close frees
 *  the number for another connection, a later usocket_adopt takes that one for the old one. */
void usocket_close_fd(int fd);

/** Close. Does nothing to a closed socket. Calls that wait in other threads return USOCKET_EBADF at
 * once, or within USOCKET_WAIT_SLICE_MS; the memory of @p s must stay until they have. A TLS socket
 * sends close_notify first (tls.h).
 *
 * @return 0; USOCKET_EBADF (the program has closed its descriptor elsewhere), USOCKET_EIO,
 *         USOCKET_ECONNRESET: the stack's result, if no call was in progress; the socket is closed
 *         all the same
 */
int usocket_close(usocket_t *s);

/** Close without waiting, as a garbage collector needs it. The stack goes on sending what it has
 * taken (a time that was set with SO_LINGER is cleared), and TLS's close_notify is sent if there is
 * room for it.
 *
 * @return as usocket_close
 */
int usocket_drop(usocket_t *s);

/** Do the waiting part of usocket_close while the socket is still open: send TLS's close_notify. A
 * caller that wants to be interruptible calls it before usocket_close, which then does not wait.
 * Does nothing while another call or another socket uses the connection. Waits until @p deadline.
 *
 * @return 0: go on with usocket_close; USOCKET_EINTR: call again, or go on with usocket_drop. Go on
 *         with usocket_drop after USOCKET_EAGAIN (not in time), USOCKET_ECONNRESET, USOCKET_EPIPE,
 *         USOCKET_ENOTCONN, USOCKET_ETIMEDOUT, USOCKET_ETLS_*; socket's
 */
int usocket_close_wait(usocket_t *s, usocket_time_t deadline);

/** Give the descriptor to the caller. @p s is closed then. No other thread may be in a call with
 * @p s.
 *
 * @return the descriptor; USOCKET_EBADF; USOCKET_EBUSY: bytes that were put back have to be
 *         received before (or taken: usocket_unread_take)
 */
int usocket_detach(usocket_t *s);

/** The descriptor, for select(), fstat() and the like; -1 when closed. */
int usocket_fileno(const usocket_t *s);

/** Bind to an address of this host. With port 0 the stack chooses a port.
 *
 * @return 0; USOCKET_EADDRINUSE, USOCKET_EADDRNOTAVAIL, USOCKET_EACCES, USOCKET_EAFNOSUPPORT,
 *         USOCKET_EINVAL (bound already), USOCKET_ENOENT, USOCKET_ENOTDIR, USOCKET_EROFS,
 *         USOCKET_ELOOP, USOCKET_ENAMETOOLONG, USOCKET_ENOSPC, USOCKET_EPERM (AF_UNIX),
 *         USOCKET_ENODEV (scope); socket's
 */
int usocket_bind(usocket_t *s, const usocket_addr_t *a);

#if USOCKET_SERVER

/** Begin to accept connections.
 *
 * @param backlog how many may wait to be accepted; negative: 0; the stack may limit it
 * @return 0; USOCKET_EADDRINUSE, USOCKET_EDESTADDRREQ, USOCKET_EISCONN; socket's
 */
int usocket_listen(usocket_t *s, int backlog);

/** The default backlog: the smaller of the stack's SOMAXCONN and 128. */
int usocket_backlog(void);

/** Accept one connection.
 *
 * Returns when there is one; waits until @p deadline.
 *
 * @param conn closed; becomes the connection, blocking and close-on-exec; stays closed on failure
 * @param peer receives the peer's address; may be NULL
 * @return 0; USOCKET_EAGAIN, USOCKET_ETIMEDOUT, USOCKET_EINTR, USOCKET_ECONNABORTED,
 *         USOCKET_EMFILE, USOCKET_ENFILE, USOCKET_EPERM, USOCKET_EPROTO, USOCKET_ENETDOWN,
 *         USOCKET_EHOSTUNREACH, USOCKET_ENETUNREACH, USOCKET_ENOPROTOOPT, USOCKET_EISCONN (@p conn
 *         is open), USOCKET_EBUSY (closed, but still in use); USOCKET_EINVAL: not listening;
 *         socket's
 */
int usocket_accept_by(usocket_t *s, usocket_t *conn, usocket_addr_t *peer, usocket_time_t deadline);

#endif

/** Connect to an address. A datagram socket only remembers it.
 *
 * Returns when the connection is established; waits until @p deadline. After USOCKET_EINTR the
 * attempt goes on: continue with usocket_connect_wait (AF_UNIX, where a full backlog leaves nothing
 * begun: with usocket_connect_by). After USOCKET_ETIMEDOUT it goes on too; usocket_close ends it.
 *
 * @return 0; USOCKET_EINPROGRESS (deadline USOCKET_NOW: the attempt has begun; poll for writing,
 *         then usocket_connect_wait), USOCKET_EALREADY, USOCKET_EISCONN, USOCKET_ETIMEDOUT,
 *         USOCKET_EINTR, USOCKET_ECONNREFUSED, USOCKET_ECONNRESET, USOCKET_ECONNABORTED,
 *         USOCKET_EHOSTUNREACH, USOCKET_ENETUNREACH, USOCKET_ENETDOWN, USOCKET_EHOSTDOWN,
 *         USOCKET_EADDRNOTAVAIL, USOCKET_EADDRINUSE, USOCKET_EAFNOSUPPORT, USOCKET_EACCES,
 *         USOCKET_EPERM, USOCKET_EAGAIN (AF_UNIX: backlog full), USOCKET_ENOENT, USOCKET_ENOTDIR,
 *         USOCKET_EPROTOTYPE, USOCKET_ENODEV, USOCKET_EPROTO, USOCKET_ENOPROTOOPT, USOCKET_ENOTCONN
 *         (another caller has read the failure, as SO_ERROR); socket's
 */
int usocket_connect_by(usocket_t *s, const usocket_addr_t *a, usocket_time_t deadline);

/** Wait for the end of an attempt that usocket_connect_by has begun, until @p deadline.
 *
 * @return as usocket_connect_by; USOCKET_EINPROGRESS: not yet; USOCKET_ENOTCONN: none was begun, or
 *         a call has returned its failure already
 */
int usocket_connect_wait(usocket_t *s, usocket_time_t deadline);

/** End one direction or both. @param how USOCKET_SHUT_* @return 0; USOCKET_ENOTCONN,
 *  USOCKET_EINVAL; socket's */
int usocket_shutdown(usocket_t *s, int how);

/** The socket's own address. @return 0; socket's */
int usocket_getsockname(usocket_t *s, usocket_addr_t *a);

/** The peer's address. @return 0; USOCKET_ENOTCONN; socket's */
int usocket_getpeername(usocket_t *s, usocket_addr_t *a);

/** Read an option, with the stack's own numbers.
 *
 * @param len in: room in @p value; out: bytes written
 * @return 0; USOCKET_ENOPROTOOPT, USOCKET_EINVAL, USOCKET_EFAULT, USOCKET_EPERM, USOCKET_EACCES,
 *         USOCKET_ENOTCONN; socket's
 */
int usocket_getsockopt(usocket_t *s, int level, int name, void *value, size_t *len);

/** Set an option, with the stack's own numbers. @p value may be NULL for options of the stack that
 *  @p len alone sets.
 *  @return as usocket_getsockopt, and USOCKET_EDOM, USOCKET_ENODEV, USOCKET_EADDRINUSE,
 *  USOCKET_EADDRNOTAVAIL, USOCKET_EBUSY, USOCKET_EISCONN, USOCKET_EMSGSIZE, USOCKET_ENOENT,
 *  USOCKET_ENXIO, USOCKET_EPROTO */
int usocket_setsockopt(usocket_t *s, int level, int name, const void *value, size_t len);

/** Set the timeout: microseconds, 0 for non-blocking, USOCKET_FOREVER (any negative number) for
 *  blocking. */
void usocket_settimeout(usocket_t *s, usocket_time_t timeout);

/** The timeout as it was set; USOCKET_FOREVER for any negative one. */
usocket_time_t usocket_gettimeout(const usocket_t *s);

/** The deadline of a call that begins now. */
usocket_time_t usocket_deadline(const usocket_t *s);

/* ---- Data ------------------------------------------------------------------------------------ */

/** Receive what is there, at most @p len bytes.
 *
 * Returns as soon as one byte, or one datagram, has arrived; the count may be short. Waits until @p
 * deadline.
 *
 * @param buf   receives the bytes; unchanged when a code is returned
 * @param len   in bytes; at most INT32_MAX of them are used. With 0 a stream returns 0 at once
 * @param flags the stack's MSG_*: with its MSG_DONTWAIT the call never waits; with MSG_WAITALL it
 *              fills the buffer of a stream, unless the stream or the time ends first
 * @param from  receives the sender's address, on a stream the peer's; family USOCKET_AF_UNSPEC if
 *              there is none; may be NULL
 * @return bytes received (MSG_TRUNC: the datagram's length, which may be more than @p len); 0 at
 *         end of stream, or an empty datagram; USOCKET_EAGAIN, USOCKET_ETIMEDOUT, USOCKET_EINTR,
 *         USOCKET_ECONNRESET, USOCKET_ECONNREFUSED, USOCKET_ECONNABORTED, USOCKET_ENOTCONN,
 *         USOCKET_EHOSTUNREACH, USOCKET_ENETUNREACH, USOCKET_ENETDOWN, USOCKET_EPIPE,
 *         USOCKET_EMSGSIZE, USOCKET_EPROTO, USOCKET_ENOPROTOOPT; socket's
 */
int32_t usocket_recv_by(
    usocket_t *s, void *buf, size_t len, int flags, usocket_addr_t *from, usocket_time_t deadline);

/** Send at most @p len bytes of a stream, or one datagram.
 *
 * Returns when the stack has taken at least one byte; the count may be short on a stream, never on
 * a datagram. Waits until @p deadline for room. A broken connection is a code, never a signal.
 *
 * @param len   in bytes; at most INT32_MAX of them are used
 * @param flags the stack's MSG_*
 * @param to    destination of a datagram; NULL on a connected socket
 * @return bytes taken; USOCKET_EAGAIN, USOCKET_ETIMEDOUT, USOCKET_EINTR, USOCKET_EPIPE,
 *         USOCKET_ECONNRESET, USOCKET_ECONNREFUSED, USOCKET_ECONNABORTED, USOCKET_ENOTCONN,
 *         USOCKET_EDESTADDRREQ, USOCKET_EISCONN, USOCKET_EMSGSIZE, USOCKET_EHOSTUNREACH,
 *         USOCKET_ENETUNREACH, USOCKET_ENETDOWN, USOCKET_EHOSTDOWN, USOCKET_EACCES, USOCKET_EPERM,
 *         USOCKET_EAFNOSUPPORT, USOCKET_EADDRNOTAVAIL, USOCKET_ENOENT, USOCKET_ENOTDIR,
 *         USOCKET_EPROTOTYPE, USOCKET_EPROTO, USOCKET_ENOPROTOOPT, USOCKET_ENODEV; socket's
 */
int32_t usocket_send_by(usocket_t *s, const void *buf, size_t len, int flags,
    const usocket_addr_t *to, usocket_time_t deadline);

#define USOCKET_LOST_FLAG 16

/** True if the stack has given up the connection because the peer answered neither retransmissions
 *  nor keepalives. USOCKET_ETIMEDOUT is the stack's own code then, and not a missed deadline. */
static inline bool usocket_is_lost(const usocket_t *s) {
    const usocket_t *base = s->base != NULL ? s->base : s;
#if USOCKET_THREADS
    return (__atomic_load_n(&base->flags, __ATOMIC_RELAXED) & USOCKET_LOST_FLAG) != 0;
#else
    return (base->flags & USOCKET_LOST_FLAG) != 0;
#endif
}

/** Receive exactly @p len bytes, unless the stream ends first. On a datagram socket: one datagram.
 *
 * Waits until @p deadline.
 *
 * @param got in: how many bytes of @p buf are filled already; out: how many are filled now,
 *            whatever the result. After USOCKET_EINTR call again with the same arguments.
 *            usocket_unread gives back bytes that the caller cannot use
 * @return 0: @p len bytes, or fewer and the stream has ended; or a code of usocket_recv_by. With
 *         USOCKET_EAGAIN there may be bytes
 */
int usocket_recv_all_by(usocket_t *s, void *buf, size_t len, size_t *got, usocket_time_t deadline);

/** Send all of @p len bytes; one datagram on a datagram socket.
 *
 * Waits until @p deadline.
 *
 * @param sent in: how many bytes were taken already (more than @p len: USOCKET_EINVAL); out: how
 *             many are taken now, whatever the result
 * @return 0: all; or a code of usocket_send_by
 */
int usocket_send_all_by(
    usocket_t *s, const void *buf, size_t len, size_t *sent, usocket_time_t deadline);

/** Receive up to and including the next '\n', at most @p len bytes, and not a byte more.
 *
 * Makes two calls of the stack for each piece that has arrived, of any length. Waits until @p
 * deadline. On a datagram socket: one whole datagram, with or without a '\n' in it.
 *
 * @param got as in usocket_recv_all_by
 * @return 1: the line is complete (a datagram: its last byte is '\n'); 0: @p len is reached or the
 *         stream has ended; or a code of usocket_recv_by
 */
int usocket_recv_line_by(usocket_t *s, void *buf, size_t len, size_t *got, usocket_time_t deadline);

/** Put bytes back: receiving calls return them first. Until then the socket polls readable, through
 * usocket_poll and, where the port can (POSIX), for every poll of its descriptor. The descriptor is
 * not a socket meanwhile; it polls writable if the socket did when the bytes were put back.
 *
 * @param buf the caller's; must not change until usocket_unread_len is 0 or the socket is closed
 * @return 0; USOCKET_EEXIST: bytes put back earlier are left (see usocket_unread_take);
 *         USOCKET_EBADF, USOCKET_EFAULT
 */
int usocket_unread(usocket_t *s, void *buf, size_t len);

/** Take back the rest of the block that usocket_unread was given.
 *
 * @param off receives the offset of the rest in the block, in bytes
 * @param len receives its length, in bytes
 * @return the block; NULL: there is none
 */
void *usocket_unread_take(usocket_t *s, size_t *off, size_t *len);

/** The number of bytes that were put back and not received yet. */
size_t usocket_unread_len(const usocket_t *s);

/** Wait, until @p deadline, for something to receive: bytes, a datagram, the end of the stream or
 *  an error. A receive then returns it at once.
 *  @return 0; USOCKET_EAGAIN, USOCKET_ETIMEDOUT, USOCKET_EINTR, USOCKET_EBADF, USOCKET_ENOMEM */
int usocket_readable_by(usocket_t *s, usocket_time_t deadline);

/** Wait, until @p deadline, for room to send, or for an error that a send would report. With TLS it
 *  completes the handshake, and sends the rest of a record.
 *  @return 0; USOCKET_EAGAIN, USOCKET_ETIMEDOUT, USOCKET_EINTR, USOCKET_EBADF, USOCKET_ENOMEM; with
 *          TLS also a send's error */
int usocket_writable_by(usocket_t *s, usocket_time_t deadline);

/** The number of bytes, at least, that can be received without waiting; on a datagram socket the
 *  size of the next datagram.
 *  @return a count; 0 also if the stack cannot tell; socket's */
int32_t usocket_pending(usocket_t *s);

/* ---- Waiting for several things -------------------------------------------------------------- */

#define USOCKET_POLL_IN 1    /**< readable, a connection to accept, or end of stream */
#define USOCKET_POLL_OUT 4   /**< writable, or the connect has ended */
#define USOCKET_POLL_ERR 8   /**< an error is pending; always reported */
#define USOCKET_POLL_HUP 16  /**< both directions have ended; always reported */
#define USOCKET_POLL_NVAL 32 /**< closed; always reported */
#define USOCKET_POLL_EDGE 64 /**< usocket_poller_arm; reported: the peer's end, or urgent data */

/** Wait until the socket is ready for one of @p events.
 *
 * Returns when it is ready for one or more; waits until @p deadline (USOCKET_NOW: not at all).
 *
 * @param events USOCKET_POLL_IN, USOCKET_POLL_OUT; 0: only ERR, HUP and NVAL
 * @return a mask of USOCKET_POLL_*; 0: nothing by the deadline; USOCKET_EINTR; socket's
 */
int usocket_poll(usocket_t *s, int events, usocket_time_t deadline);

/** Open now, and not in the first wait, the one thing that the port needs per process (POSIX: a
 *  descriptor that wakes waiting threads). Optional. */
void usocket_start(void);

/** Install a hook that every wait calls before it begins and between its slices
 * (USOCKET_WAIT_SLICE_MS): if it returns true, the call returns USOCKET_EINTR. After its
 * deadline a call ends as it would without a hook.
 *
 * The hook must be quick, and must not call this library. It runs in the thread that waits, without
 * a lock. Interpreters need one, a C program rarely does. Without a hook, a signal ends a wait with
 * USOCKET_EINTR; with one, a signal only makes the wait call it. NULL removes the hook.
 */
void usocket_set_interrupt_hook(bool (*hook)(void));

#if USOCKET_THREADS || USOCKET_NOTIFIES

/** A watcher of one socket. Allocated by usocket_watch, on the port's heap. */
typedef struct usocket_watch usocket_watch_t;

/** Watch a socket in a thread of the library: it calls @p ready when the socket polls readable, and
 *  again only after usocket_watch_again. For interpreters that schedule a handler; a watcher takes
 *  a thread and a descriptor. With USOCKET_NOTIFIES it takes neither: @p ready is called by the
 *  stack, perhaps in an interrupt, or by usocket_watch and usocket_watch_again themselves, and a
 *  second watcher of a connection replaces the first. The stack may hold its lock then: the three
 *  functions here are not called in an atomic section, nor with a lock that @p ready takes.
 *
 * @param watch receives the watcher; NULL on failure
 * @param s     open; its memory must outlive the watcher
 * @param ready runs without a lock of the library; it returns false if it could not handle the
 *              event, and is called again soon
 * @param arg   passed to @p ready
 * @return 0; USOCKET_EBADF, USOCKET_ENOMEM, USOCKET_EMFILE, USOCKET_ENFILE, USOCKET_EAGAIN (no
 *         thread to be had)
 */
int usocket_watch(usocket_watch_t **watch, usocket_t *s, bool (*ready)(void *arg), void *arg);

/** Watch again, after the program has received from the socket. */
void usocket_watch_again(usocket_watch_t *w);

/** End a watcher. Returns when `ready` does not run and will not run again. `ready` itself must not
 *  call it. */
void usocket_watch_end(usocket_watch_t *w);

#endif

/* ---- Plain calls, with the socket's own timeout ---------------------------------------------- */

#if USOCKET_SERVER
static inline int usocket_accept(usocket_t *s, usocket_t *conn, usocket_addr_t *peer) {
    return usocket_accept_by(s, conn, peer, usocket_deadline(s));
}
#endif
static inline int usocket_connect(usocket_t *s, const usocket_addr_t *a) {
    return usocket_connect_by(s, a, usocket_deadline(s));
}
static inline int32_t usocket_recv(usocket_t *s, void *buf, size_t len) {
    return usocket_recv_by(s, buf, len, 0, NULL, usocket_deadline(s));
}
static inline int32_t usocket_send(usocket_t *s, const void *buf, size_t len) {
    return usocket_send_by(s, buf, len, 0, NULL, usocket_deadline(s));
}
#if USOCKET_DATAGRAMS
static inline int32_t usocket_recvfrom(usocket_t *s, void *buf, size_t len, usocket_addr_t *from) {
    return usocket_recv_by(s, buf, len, 0, from, usocket_deadline(s));
}
static inline int32_t usocket_sendto(
    usocket_t *s, const void *buf, size_t len, const usocket_addr_t *to) {
    return usocket_send_by(s, buf, len, 0, to, usocket_deadline(s));
}
#endif
static inline int usocket_recv_all(usocket_t *s, void *buf, size_t len, size_t *got) {
    *got = 0;
    return usocket_recv_all_by(s, buf, len, got, usocket_deadline(s));
}
static inline int usocket_send_all(usocket_t *s, const void *buf, size_t len, size_t *sent) {
    *sent = 0;
    return usocket_send_all_by(s, buf, len, sent, usocket_deadline(s));
}

#ifdef __cplusplus
}
#endif

#if USOCKET_NAMES
#include "usocket/names.h"
#endif
#if USOCKET_POLLER
#include "usocket/poller.h"
#endif

#endif
