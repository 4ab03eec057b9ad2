/* usocket - everything that a port provides. The only file that a porter reads; docs/port.md walks
 * through it.
 *
 * A port is linked, not dispatched. A stack with BSD sockets needs no new code for the first half
 * of this header: port/bsd.c implements it for all of them, on the names of a
 * port/<stack>/platform.h. The second half (from "The system") is a small file system.c beside that
 * header.
 *
 * What holds for every function
 * - Callers: the core, from any thread, several at a time; never an interrupt or a signal handler,
 *   unless a function says so.
 *   Where the core holds usocket_port_lock, it calls no function that waits and none that takes
 *   that lock: only usocket_port_free and usocket_port_event_set, and usocket_port_dup,
 *   usocket_port_show_readable and usocket_port_show_socket where the system can duplicate; with
 *   TLS also usocket_port_alloc and usocket_port_random, once for the credentials of a server.
 * - Results: 0 or more is success. A negative result is a code of `enum usocket_error`, translated
 *   by name, never by number.
 * - Handles are int, 0 or more, and non-blocking from the first moment. No function waits but
 *   usocket_port_wait, usocket_port_resolve and usocket_port_reverse; usocket_port_close where
 *   SO_LINGER says so; usocket_port_random until the system's generator is seeded.
 * - USOCKET_EINTR comes from usocket_port_wait alone; every other function makes an interrupted
 *   call again.
 * - The core never passes a closed handle, a NULL that is not said to be allowed, or a length above
 *   INT32_MAX.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PORT_H
#define USOCKET_PORT_H

#include "usocket/usocket.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Sockets: port/bsd.c --------------------------------------------------------------------- */

/** Open a socket: non-blocking, close-on-exec; a broken connection raises no signal. @return a
 *  handle, or a code of usocket_open */
int usocket_port_open(int family, int type, int proto);

/** Open two sockets, connected to each other. @return 0; USOCKET_EOPNOTSUPP; a code of
 *  usocket_open: none is open then */
int usocket_port_pair(int family, int type, int proto, int handles[2]);

/** Make an existing descriptor a handle (non-blocking). @param family, type, proto in: a number, or
 *  -1; out: -1 is replaced by that of the descriptor
 *  @return 0; USOCKET_EBADF, USOCKET_ENOTSOCK */
int usocket_port_adopt(int handle, int *family, int *type, int *proto);

/** Duplicate a handle, close-on-exec. @return a handle; USOCKET_EBADF, USOCKET_EMFILE,
 *  USOCKET_EOPNOTSUPP */
int usocket_port_dup(int handle);

/** Close a handle. It is closed whatever the result. Waits only as long as SO_LINGER says. */
int usocket_port_close(int handle);

/** Make the next close of @p handle not wait: clear a time that was set with SO_LINGER. The stack
 *  goes on sending. A time of zero, which resets the connection, stays. */
void usocket_port_no_linger(int handle);

/** Bind to an address of this host. @return 0, or a code of usocket_bind */
int usocket_port_bind(int handle, const usocket_addr_t *a);

/** Begin to accept connections. This and the next two are called only where USOCKET_SERVER is 1.
 *  @param backlog 0 or more @return 0, or a code of usocket_listen */
int usocket_port_listen(int handle, int backlog);

/** The stack's SOMAXCONN. */
int usocket_port_somaxconn(void);

/** Accept a connection. @param peer receives its address; not NULL @return a handle, as
 *  usocket_port_open opens it; USOCKET_EAGAIN: none waits; a code of usocket_accept_by */
int usocket_port_accept(int handle, usocket_addr_t *peer);

/** Begin to connect. @return 0; USOCKET_EINPROGRESS: usocket_port_wait reports the end as
 *  USOCKET_POLL_OUT, and usocket_port_error the result; a code of usocket_connect_by */
int usocket_port_connect(int handle, const usocket_addr_t *a);

/** True if a connect that was in progress has succeeded. Quick; false if the stack cannot tell. */
bool usocket_port_connected(int handle);

/** Take the pending error of a socket (SO_ERROR). @return 0, or its code */
int usocket_port_error(int handle);

/** End one direction or both. @param how USOCKET_SHUT_* @return 0, or a code of usocket_shutdown */
int usocket_port_shutdown(int handle, int how);

/** Receive. @param flags the stack's MSG_* @param from receives the sender's address; NULL on
 *  streams @return bytes; 0: end of stream or an empty datagram; USOCKET_EAGAIN: nothing has
 *  arrived; a code of usocket_recv_by */
int32_t usocket_port_recv(int handle, void *buf, size_t len, int flags, usocket_addr_t *from);

#if USOCKET_WAIT_INSIDE

/** Prepare a handle for usocket_port_recv_inside, or undo it: every other call of it still does not
 *  wait. The core holds usocket_port_lock.
 *  @return 0; USOCKET_EOPNOTSUPP: the stack or this handle has a timeout of its own, or another
 *  process may have the handle */
int usocket_port_inside(int handle, bool on);

/** As usocket_port_recv, but a receive that finds nothing waits up to USOCKET_WAIT_SLICE_MS if the
 *  handle is prepared. USOCKET_EAGAIN: nothing has arrived, or a signal came. */
int32_t usocket_port_recv_inside(
    int handle, void *buf, size_t len, int flags, usocket_addr_t *from);

/** End every usocket_port_recv_inside of a prepared handle, and each later one at once: it finds
 *  the end of the stream, or an empty datagram. The core closes the handle next, and holds
 *  usocket_port_lock. Nothing happens if another process may have the handle: they end with their
 *  slice. */
void usocket_port_end_inside(int handle);

/** True if the option changes how long usocket_port_recv_inside waits, or tells of it. */
bool usocket_port_rules_inside(int level, int name);

#endif

/** Send. A broken connection raises no signal. @param flags the stack's MSG_* @param to destination
 *  of a datagram; may be NULL @return bytes taken; USOCKET_EAGAIN: no room; a code of
 *  usocket_send_by */
int32_t usocket_port_send(
    int handle, const void *buf, size_t len, int flags, const usocket_addr_t *to);

/** Meaning of the stack's MSG_* that the core must know. URGENT: data apart from the stream, which
 *  a receive never waits for; no flag if the stack has no such data. */
#define USOCKET_PORT_PEEK 1
#define USOCKET_PORT_DONTWAIT 2
#define USOCKET_PORT_WAITALL 4
#define USOCKET_PORT_URGENT 8

/** Translate the stack's MSG_*. @return a mask of USOCKET_PORT_* */
int usocket_port_flags(int flags);

/** The stack's MSG_PEEK. */
int usocket_port_msg_peek(void);

/** The number of bytes that a receive would return. @return a count, or a code of
 *  usocket_pending */
int32_t usocket_port_pending(int handle);

/** The socket's own address, or the peer's. @return 0, or a code of usocket_getsockname or
 *  usocket_getpeername */
int usocket_port_name(int handle, bool peer, usocket_addr_t *a);

/** Get and set options, with the stack's own numbers. The length is the program's, of any value.
 *  @param value may be NULL, also with a length: USOCKET_EFAULT, unless the stack has an option
 *  without a value. A NULL must not reach a stack that would read or write there.
 *  @return 0, or a code of usocket_getsockopt or usocket_setsockopt */
int usocket_port_getopt(int handle, int level, int name, void *value, size_t *len);
int usocket_port_setopt(int handle, int level, int name, const void *value, size_t len);

/** The stack's own timeout (SO_RCVTIMEO, SO_SNDTIMEO), which the core applies to a blocking socket.
 *  @param output true: of sends; false: of receives @return microseconds; 0: none */
usocket_time_t usocket_port_timeo(int handle, bool output);

/** True if the option sets a timeout that usocket_port_timeo returns. */
bool usocket_port_is_timeo(int level, int name);

/** Read an address in the stack's own form (struct sockaddr).
 *  @return 0; USOCKET_EINVAL: too short, or not an address; USOCKET_EAFNOSUPPORT */
int usocket_port_sockaddr(const void *raw, size_t len, usocket_addr_t *a);

/** One handle to wait for. */
typedef struct usocket_wait {
    int handle;     /**< -1: skip this entry */
    uint8_t events; /**< USOCKET_POLL_IN, USOCKET_POLL_OUT */
    uint8_t ready;  /**< receives USOCKET_POLL_* */
} usocket_wait_t;

#define USOCKET_WAIT_MAX 8 /* entries in one wait, at most */

/** Wait until one of @p n entries is ready, the deadline has passed, a signal has come, or a
 * wake-up is on.
 *
 * Never returns before @p deadline for another reason. USOCKET_NOW: does not wait.
 *
 * @param n 0 to USOCKET_WAIT_MAX
 * @return the number of ready entries; 0: the deadline has passed, or usocket_port_wake is on;
 *         USOCKET_EINTR; USOCKET_ENOMEM
 */
int usocket_port_wait(usocket_wait_t *w, size_t n, usocket_time_t deadline);

#if USOCKET_QUICK

/** The events of one socket, as usocket_port_wait reports them without a wait. @param handle open
 *  @return a mask of USOCKET_POLL_* */
int usocket_port_ready(int handle, int events);

/** The length of the first line that a stream has received, its end included. @return 0: its end
 *  has not arrived, or the socket is no stream; @p most, if that many bytes have arrived without an
 *  end */
size_t usocket_port_line(int handle, size_t most);

#endif

#if USOCKET_NOTIFIES

/** Call @p ready once, as soon as a receive or an accept on @p handle would not return
 * USOCKET_EAGAIN: from within this function if that is so already.
 *
 * @p ready may run in an interrupt or in another thread. Once it has returned true it is not called
 * until it is armed again. If it returns false, the port calls it again later, within some
 * milliseconds or when more arrives. Arming again replaces the function and its argument; closing
 * the handle disarms.
 *
 * The port may call @p ready while it holds the stack's lock, which this function may take. So a
 * caller holds no lock that @p ready takes, and is in no atomic section.
 *
 * @param ready NULL: disarm, if @p arg is that of the function that is armed. After this has
 *              returned, no call is in progress. A handle that is closed is allowed then
 * @return 0; USOCKET_EBADF
 */
int usocket_port_notify(int handle, bool (*ready)(void *arg), void *arg);

#endif

/** Make @p fd readable for every poll of it, though its socket has no data (bytes were put back).
 *  The core uses the socket through @p io, a duplicate of @p fd, from before this call until it
 *  closes both.
 *  @return 0; USOCKET_EOPNOTSUPP: the system cannot; USOCKET_EMFILE */
int usocket_port_show_readable(int fd, int io);

/** Undo it: @p fd is the socket of @p io again. */
void usocket_port_show_socket(int fd, int io);

/* ---- Names: port/bsd.c ----------------------------------------------------------------------- */

#if USOCKET_ASKS

/** Ask for the addresses of a name. Never waits. A question that the stack has no room for stays in
 * progress, and the port asks it again later.
 *
 * @param host  valid until usocket_port_forget
 * @param flags as of usocket_port_resolve
 * @return a question: a handle for usocket_port_wait, for a set (usocket_port_set_arm) and for
 *         usocket_lookup_handle, that is readable from the answer on until usocket_port_forget;
 *         USOCKET_EAI_*; USOCKET_EMFILE, USOCKET_ENFILE, USOCKET_ENOMEM
 */
int usocket_port_ask(const char *host, int family, int flags);

/** Take the answer. Never waits. The core calls it until it returns another code than
 * USOCKET_EAGAIN, and then no more.
 *
 * @param out, n, canon as of usocket_port_resolve; undefined after a failure
 * @return 0; USOCKET_EAGAIN: there is none yet; USOCKET_EAI_*
 */
int usocket_port_answer(int question, usocket_addr_t *out, size_t *n, char *canon);

/** End a question, answered or not, and free its handle. Never waits: where the stack cannot cancel
 *  a question, the port keeps what the stack still needs. */
void usocket_port_forget(int question);

#else

/** Resolve a name. Waits as long as the system's resolver does. A worker calls it (or the caller's
 * thread, if USOCKET_RESOLVER_WORKERS is 0); several workers call it at a time, and the port
 * serialises them if the resolver is not reentrant.
 *
 * @param flags    USOCKET_AI_CANONNAME, USOCKET_AI_ADDRCONFIG, USOCKET_AI_V4MAPPED, USOCKET_AI_ALL
 * @param out      receives the addresses, with port 0
 * @param n        in: room in @p out; out: number of addresses
 * @param canon    receives the canonical name, "" if there is none; USOCKET_HOST_MAX bytes
 * @param unwanted becomes true, under usocket_port_lock, when no caller waits for the answer any
 *                 more. A port that can end early does so, with any code, above all while it still
 *                 waits for the stack to accept the question
 * @return 0, or USOCKET_EAI_*; USOCKET_EMFILE, USOCKET_ENFILE
 */
int usocket_port_resolve(const char *host, int family, int flags, usocket_addr_t *out, size_t *n,
    char *canon, const bool *unwanted);

#endif

/** The name of an address. Waits as usocket_port_resolve does; with USOCKET_ASKS never.
 *  @param flags USOCKET_NI_NOFQDN @param host USOCKET_HOST_MAX bytes; terminated
 *  @return as usocket_port_resolve */
int usocket_port_reverse(const usocket_addr_t *a, int flags, char *host);

/** The port of a service, from the system's table, without the network. @return the port;
 *  USOCKET_EAI_SERVICE */
int usocket_port_service(const char *name, bool dgram);

/** The service of a port. @param name USOCKET_SERVICE_MAX bytes; terminated @return 0;
 *  USOCKET_EAI_SERVICE: none */
int usocket_port_service_name(uint16_t port, bool dgram, char *name);

/** The number of an interface, as usocket_if_nametoindex. @param name @p len bytes, without a
 *  NUL */
int usocket_port_if_index(const char *name, size_t len);

/** As usocket_if_indextoname. @param name USOCKET_IFNAME_MAX bytes; terminated */
int usocket_port_if_name(unsigned index, char *name);

/** As usocket_if_next. @param name USOCKET_IFNAME_MAX bytes; terminated */
int usocket_port_if_next(unsigned *index, char *name);

/** As usocket_gethostname. @param buf terminated; NULL: USOCKET_EFAULT, or with the length 0
 *  USOCKET_ENAMETOOLONG @param len room in @p buf */
int usocket_port_hostname(char *buf, size_t len);

/* ---- The system: port/<stack>/system.c ------------------------------------------------------- */

/** Microseconds on a clock that never goes back; 1 or more. Any thread, also in a wait. */
usocket_time_t usocket_port_now(void);

/** Memory for lookups and TLS. It must not come from the interpreter's heap, since a worker frees
 *  it. @return NULL: there is none left */
void *usocket_port_alloc(size_t size);
void usocket_port_free(void *p);

/** The one lock of the library. Held for a few instructions, or one call of the stack that does not
 *  wait; never in a wait. Not recursive. */
void usocket_port_lock(void);
void usocket_port_unlock(void);

/** The same around the state of sockets: nothing where one thread alone may use them. */
static inline void usocket_port_lock_sockets(void) {
#if USOCKET_THREADS
    usocket_port_lock();
#endif
}

static inline void usocket_port_unlock_sockets(void) {
#if USOCKET_THREADS
    usocket_port_unlock();
#endif
}

/** Run a function in a new detached thread with all signals blocked. @return 0; USOCKET_EAGAIN,
 *  USOCKET_ENOMEM */
int usocket_port_spawn(void (*run)(void *), void *arg);

#if USOCKET_FORK

/** The number of times that this process has become the child of a fork(). In the child the other
 *  threads do not exist, and the descriptors are shared with the parent. A port without fork()
 *  returns 0. */
unsigned usocket_port_forks(void);

#endif

/** Open an event: a flag that one thread sets and another waits for, as a handle for
 *  usocket_port_wait that is readable while set. Setting and clearing never wait, and may be done
 *  under usocket_port_lock.
 *  @return a handle; USOCKET_EMFILE, USOCKET_ENFILE, USOCKET_ENOMEM */
int usocket_port_event_open(void);
void usocket_port_event_set(int event);
void usocket_port_event_clear(int event);
void usocket_port_event_close(int event);

#if USOCKET_ASYNC || USOCKET_POLLER

/* ---- Sets: port/bsd_sets.c, for every stack -------------------------------------------------- */

/** Open a set of handles, as a handle that is readable while one of them is ready.
 *  usocket_port_event_close closes it.
 *  @return a handle; USOCKET_EOPNOTSUPP: the stack has none; USOCKET_EMFILE, USOCKET_ENFILE,
 *  USOCKET_ENOMEM */
int usocket_port_set_open(void);

/** Let a set report @p handle once, when it is ready for @p events (0: only errors and the end),
 *  whether it is in the set already or not. Closing a handle removes it. USOCKET_POLL_EDGE: as of
 *  usocket_poller_arm.
 *  @return 0; USOCKET_EPERM: it is always ready, as a file is; USOCKET_EBADF, USOCKET_ENOMEM,
 *  USOCKET_ENOSPC, USOCKET_EINVAL */
int usocket_port_set_arm(int set, int handle, int events);

/** Take the ready handles out of a set, at most @p n; each must be armed again. Never waits.
 *  @param out receives the handles and their events @return their number; USOCKET_EBADF: not a
 *  set */
int usocket_port_set_take(int set, usocket_wait_t *out, size_t n);

/** Open an event (usocket_port_event_open) that sets itself at a deadline. @return as
 *  usocket_port_set_open */
int usocket_port_alarm_open(void);

/** Set the deadline of an alarm: USOCKET_NOW sets the event, USOCKET_NEVER clears it. If it is more
 *  than half an hour away, the event may set itself early. */
void usocket_port_alarm_set(int alarm, usocket_time_t deadline);

#endif

/** Turn the wake-up on or off. While it is on, every wait in progress and every new one returns at
 *  once; usocket_close turns it on for a moment. A wait that ends within USOCKET_WAIT_SLICE_MS may
 *  run to its end. Calls nest. */
void usocket_port_wake(bool on);

#if USOCKET_TLS

/* ---- For TLS: port/bsd_tls.c where a Unix is underneath, else port/<stack>/system.c ---------- */

/** Randomness fit for keys, from the system's generator once it is seeded. A port without such a
 *  generator must fail; nothing weaker may take its place.
 *  @return 0; USOCKET_EIO: there is none (yet) */
int usocket_port_random(void *buf, size_t len);

/** Bind a datagram socket to the address of @p listener, to which other sockets of the server may
 *  be bound already: a DTLS server has a socket for each client. No other program can bind there
 *  while @p listener is open, and on a stack with users no other user at any time. In
 *  port/bsd_tls.c. @param own the address @return 0; a code of usocket_bind or
 *  usocket_setsockopt */
int usocket_port_bind_beside(int handle, int listener, const usocket_addr_t *own);

/** Seconds since 1970, UTC; 0: the system's clock was never set. */
int64_t usocket_port_wall_time(void);

/** The name of the file of trusted certificates, PEM; NULL: the system has none. The text is valid
 *  until the next call.
 *  @param version receives a number that changes when the file changes; 0: unknown, so the core
 *  reads the file for each connection */
const char *usocket_port_trust(uint64_t *version);

#endif

#ifdef __cplusplus
}
#endif

#endif
