/* usocket - everything a port provides. The only file that a porter reads; docs/port.md walks through it.
 *
 * A port is linked, not dispatched. A stack with BSD sockets needs no new code here: port/bsd.c implements the first half
 * of this header for all of them, on the names of a port/<stack>/platform.h; the second half (from "The system") is the
 * small file system.c beside that header.
 *
 * What holds for every function
 * - 0 or more is good, a negative result is a code of `enum usocket_error`, translated by name, never by number.
 * - Handles are int, 0 or more. They are non-blocking from birth: no function waits but usocket_port_wait,
 *   usocket_port_resolve and usocket_port_reverse.
 * - USOCKET_EINTR comes from usocket_port_wait alone; elsewhere the port tries again.
 * - The core never calls with a closed handle, a NULL that is not said to be allowed, or a length above INT32_MAX.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PORT_H
#define USOCKET_PORT_H

#include "usocket/usocket.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Sockets: port/bsd.c ------------------------------------------------------------------------------------------- */

/** A new socket: non-blocking, close-on-exec, raising no signal. @return a handle, or a code of usocket_open */
int usocket_port_open(int family, int type, int proto);

/** Two sockets connected to each other. @return 0; USOCKET_EOPNOTSUPP; a code of usocket_open, nothing open then */
int usocket_port_pair(int family, int type, int proto, int handles[2]);

/** Make a descriptor from elsewhere a handle (non-blocking), and tell what it is. Members that are not -1 are kept.
 *  @return 0; USOCKET_EBADF, USOCKET_ENOTSOCK */
int usocket_port_adopt(int handle, int *family, int *type, int *proto);

/** Duplicate, close-on-exec. @return a handle; USOCKET_EBADF, USOCKET_EMFILE, USOCKET_EOPNOTSUPP */
int usocket_port_dup(int handle);

/** Close. The handle is gone whatever the result. */
int usocket_port_close(int handle);

/** Let the close of @p handle wait for nothing: a time that was set with SO_LINGER is taken off, and what is on its way goes on without
 *  us. A time of zero, which resets the connection, stays. */
void usocket_port_no_linger(int handle);

int usocket_port_bind(int handle, const usocket_addr_t *a);

/* listen, somaxconn and accept: called only where USOCKET_SERVER is 1. */
int usocket_port_listen(int handle, int backlog);

/** The stack's SOMAXCONN. */
int usocket_port_somaxconn(void);

/** Take a waiting connection. @param peer not NULL @return a handle as of usocket_port_open; USOCKET_EAGAIN: none waits */
int usocket_port_accept(int handle, usocket_addr_t *peer);

/** Begin to connect. @return 0; USOCKET_EINPROGRESS: usocket_port_wait tells when it has ended, then usocket_port_error how */
int usocket_port_connect(int handle, const usocket_addr_t *a);

/** Whether a connect that was in progress has ended well: quickly, without waiting. False when the stack cannot tell. */
bool usocket_port_connected(int handle);

/** The pending error of a socket (SO_ERROR), and clear it. @return 0 or its code */
int usocket_port_error(int handle);

int usocket_port_shutdown(int handle, int how);

/** Receive. @param from NULL on streams @return bytes; 0: end of stream or an empty datagram; USOCKET_EAGAIN: nothing there */
int32_t usocket_port_recv(int handle, void *buf, size_t len, int flags, usocket_addr_t *from);

/** Send; a broken connection raises no signal. @param to may be NULL @return bytes taken; USOCKET_EAGAIN: no room */
int32_t usocket_port_send(int handle, const void *buf, size_t len, int flags, const usocket_addr_t *to);

/** Meaning of the stack's MSG_* numbers, as far as the core must know them. */
#define USOCKET_PORT_PEEK 1
#define USOCKET_PORT_DONTWAIT 2
#define USOCKET_PORT_WAITALL 4
#define USOCKET_PORT_URGENT 8 /* apart from the stream, never waited for; no flag where there is no such thing */
int usocket_port_flags(int flags);

/** The stack's MSG_PEEK. */
int usocket_port_msg_peek(void);

/** Bytes that a receive would find, as usocket_pending. */
int32_t usocket_port_pending(int handle);

/** Own address, or the peer's. */
int usocket_port_name(int handle, bool peer, usocket_addr_t *a);

/** Options, with the stack's own numbers. Any length may come. @param value may be NULL, with a length, too: USOCKET_EFAULT, unless the
 *  stack knows of an option that has no value. A stack that would read or write there must not get to see it. */
int usocket_port_getopt(int handle, int level, int name, void *value, size_t *len);
int usocket_port_setopt(int handle, int level, int name, const void *value, size_t len);

/** The stack's own receive or send timeout (SO_RCVTIMEO, SO_SNDTIMEO): a program that sets one on a blocking socket expects
 *  it to hold. @param output false: receive @return microseconds; 0: none */
usocket_time_t usocket_port_timeo(int handle, bool output);

/** Whether setting this option sets a timeout that usocket_port_timeo reads. */
bool usocket_port_is_timeo(int level, int name);

/** Read an address that a program gives in the stack's own form (struct sockaddr).
 *  @return 0; USOCKET_EINVAL: too short, or no address; USOCKET_EAFNOSUPPORT */
int usocket_port_sockaddr(const void *raw, size_t len, usocket_addr_t *a);

/** One thing to wait for. */
typedef struct usocket_wait {
    int handle;     /**< -1: skip */
    uint8_t events; /**< USOCKET_POLL_IN, USOCKET_POLL_OUT */
    uint8_t ready;  /**< receives USOCKET_POLL_* */
} usocket_wait_t;

#define USOCKET_WAIT_MAX 8 /* entries in one wait, at most */

/** Wait until one of @p n entries is ready, the deadline has passed, a signal came, or a wake-up is on.
 *
 * Never returns before @p deadline without one of these. USOCKET_NOW only looks.
 *
 * @return how many are ready; 0: the deadline has passed, or woken by usocket_port_wake; USOCKET_EINTR; USOCKET_ENOMEM
 */
int usocket_port_wait(usocket_wait_t *w, size_t n, usocket_time_t deadline);

/** Make @p fd poll readable for everyone who polls it, though the socket behind it has nothing (bytes were put back). The
 *  core uses the socket through @p io, a duplicate of @p fd, from before this call until it closes both.
 *  @return 0; USOCKET_EOPNOTSUPP: cannot be done here; USOCKET_EMFILE */
int usocket_port_show_readable(int fd, int io);

/** The end of it: @p fd is the socket @p io again. */
void usocket_port_show_socket(int fd, int io);

/* ---- Names: port/bsd.c --------------------------------------------------------------------------------------------- */

/** Resolve a name; waits as long as the system's resolver does. Called on a worker (or on the caller's thread where
 *  USOCKET_RESOLVER_WORKERS is 0), never twice at a time unless that is safe.
 *
 * @param flags USOCKET_AI_CANONNAME, USOCKET_AI_ADDRCONFIG, USOCKET_AI_V4MAPPED, USOCKET_AI_ALL
 * @param out   receives addresses without port
 * @param n     in: room; out: filled
 * @param canon of USOCKET_HOST_MAX bytes, receives the canonical name, "" without one
 * @param unwanted becomes true, under usocket_port_lock, when nobody waits for the answer any more. A port that can end early
 *              does, with any code: above all, one that still waits for the stack to take the question
 * @return 0, or USOCKET_EAI_*; USOCKET_EMFILE, USOCKET_ENFILE
 */
int usocket_port_resolve(
    const char *host, int family, int flags, usocket_addr_t *out, size_t *n, char *canon, const bool *unwanted);

/** The name of an address; waits. @param host of USOCKET_HOST_MAX bytes @return as usocket_port_resolve */
int usocket_port_reverse(const usocket_addr_t *a, int flags, char *host);

/** A service's port, from the system's own table, without the network. @return the port; USOCKET_EAI_SERVICE */
int usocket_port_service(const char *name, bool dgram);

/** A port's service. @param name of USOCKET_SERVICE_MAX bytes @return 0; USOCKET_EAI_SERVICE: none */
int usocket_port_service_name(uint16_t port, bool dgram, char *name);

/** As usocket_if_nametoindex, usocket_if_indextoname, usocket_if_next and usocket_gethostname. @param name, buf terminated, len its room; @p buf may be
 *  NULL: USOCKET_EFAULT, or with the length 0 USOCKET_ENAMETOOLONG */
int usocket_port_if_index(const char *name, size_t len);
int usocket_port_if_name(unsigned index, char *name);
int usocket_port_if_next(unsigned *index, char *name);
int usocket_port_hostname(char *buf, size_t len);

/* ---- The system: port/<stack>/system.c ------------------------------------------------------------------------------ */

/** Microseconds on a clock that only goes forward, 1 or more. */
usocket_time_t usocket_port_now(void);

/** Memory for lookups; never the interpreter's heap, for a worker frees it. NULL when there is none. */
void *usocket_port_alloc(size_t size);
void usocket_port_free(void *p);

/** One lock for the whole library, held briefly, never around a wait. Not recursive. */
void usocket_port_lock(void);
void usocket_port_unlock(void);

/** Run a function on a new thread that nobody joins and no signal reaches. @return 0; USOCKET_EAGAIN, USOCKET_ENOMEM */
int usocket_port_spawn(void (*run)(void *), void *arg);

#if USOCKET_FORK

/** How often this process has become the child of a fork(): the threads of before are not there, and their descriptors are the parent's,
 *  too. A port whose process is never forked returns 0. */
unsigned usocket_port_forks(void);

#endif

/** A flag that one thread sets and another waits for, as a handle for usocket_port_wait: readable once set.
 *  @return a handle; USOCKET_EMFILE, USOCKET_ENFILE, USOCKET_ENOMEM */
int usocket_port_event_open(void);
void usocket_port_event_set(int event);
void usocket_port_event_clear(int event);
void usocket_port_event_close(int event);

#if USOCKET_ASYNC || USOCKET_POLLER

/* ---- Sets: port/bsd_sets.c, for every stack --------------------------------------------------------------------------- */

/** A set of handles, as a handle that polls readable while one of them is ready. Closed with usocket_port_event_close.
 *  @return a handle; USOCKET_EOPNOTSUPP: this stack has no such thing; USOCKET_EMFILE, USOCKET_ENFILE, USOCKET_ENOMEM */
int usocket_port_set_open(void);

/** Let a set tell of @p handle, once, when it is ready for @p events (0: of errors and the end alone), whether it is in the set
 *  or not. A handle that is closed leaves by itself.
 *  @return 0; USOCKET_EPERM: one that is always ready, as a file; USOCKET_EBADF, USOCKET_ENOMEM, USOCKET_ENOSPC, USOCKET_EINVAL */
int usocket_port_set_arm(int set, int handle, int events);

/** Take what is ready, at most @p n, out of a set; each must be armed again. Never waits.
 *  @param out receives handles and what they are ready for @return how many; USOCKET_EBADF: it is no set */
int usocket_port_set_take(int set, usocket_wait_t *out, size_t n);

/** An event (usocket_port_event_open) that sets itself at a deadline. @return as usocket_port_set_open */
int usocket_port_alarm_open(void);

/** Its deadline: USOCKET_NOW sets it, USOCKET_NEVER clears it. */
void usocket_port_alarm_set(int alarm, usocket_time_t deadline);

#endif

/** While on, every wait in progress returns at once, and every new one too; used by usocket_close, for moments. A wait that
 *  ends within USOCKET_WAIT_SLICE_MS anyway may be left alone. Calls nest. */
void usocket_port_wake(bool on);

#if USOCKET_TLS

/* ---- For TLS: port/bsd_tls.c where a Unix is underneath, else port/<stack>/system.c --------------------------------- */

/** Randomness fit for keys: the system's generator, seeded. There is no substitute: a port without one must not pretend.
 *  @return 0; USOCKET_EIO: there is none (yet) */
int usocket_port_random(void *buf, size_t len);

/** Bind a datagram socket to the address that @p listener is bound to, and others as @p handle may be: a server of DTLS has a socket
 *  for each client. Afterwards nobody else can be bound there: not while @p listener is open, and where the stack knows of users,
 *  never another user. In port/bsd_tls.c. @param own the address @return 0; a code of usocket_bind or usocket_setsockopt */
int usocket_port_bind_beside(int handle, int listener, const usocket_addr_t *own);

/** Seconds since 1970, UTC; 0 if nobody has told the system. */
int64_t usocket_port_wall_time(void);

/** The file of certificates to trust, PEM; NULL where the system has none. The text stays as it is until the next call.
 *  @param version receives a number that is another one once the file has changed; 0: nobody can tell, it is read for each connection */
const char *usocket_port_trust(uint64_t *version);

#endif

#ifdef __cplusplus
}
#endif

#endif
