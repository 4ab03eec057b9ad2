/* Declarations that the files of the binding share: the socket object, errors, arguments, reading, the stream protocol.
 *
 * Caller: a thread of the interpreter that holds the GIL; in builds without a GIL, any of its threads. An object of
 * Python is never touched without it. core_call.h tells how the core is called.
 *
 * Exceptions: a function may raise unless its comment says that it never does. The finaliser and the stream protocol
 * (frames of mbedTLS may be on the stack) call only functions that never raise.
 *
 * Never: no descriptor is open that no object owns while something can raise, and no byte is taken from the stack
 * before the memory for it exists.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PY_H
#define USOCKET_PY_H

#include "compat.h"
#include "core_call.h"
#include "usocket/usocket.h"

#include <string.h>

/* ---- The socket object ------------------------------------------------------------------------------------------- */

typedef struct {
    mp_obj_base_t base;
    mp_obj_t volatile handler; /* The callable of option 20, or MP_OBJ_NULL. Any thread may replace it at any time. */
    usocket_t sock;     /* The collector sees bytes that are put back through sock.unread, on MicroPython's heap. */
    void *watch;        /* The usocket_watch_t of that handler, owned by the object; NULL without one. See handler.c. */
    void *next_watched; /* The next socket_obj_t in the list of sockets with a handler. */
#if USOCKET_PY_LOCKS
    usocket_py_lock_t watching; /* Held while `watch` is armed or replaced. */
#endif
#if USOCKET_POLLER
    uint16_t polled; /* The number of pollers that have a slot for this socket. */
#endif
} socket_obj_t;

extern const mp_obj_type_t mod_usocket_socket_type;
extern const mp_obj_type_t mod_usocket_file_type;
extern const mp_obj_module_t mod_usocket_module;

/* The native object of an instance of the class or of a Python subclass. Never raises. */
socket_obj_t *usocket_py_self(mp_obj_t self_in);

/* The timeout of a new socket, in microseconds; USOCKET_FOREVER at first. */
extern usocket_time_t mod_usocket_default_timeout;

/* A new socket object, closed. `type` is mod_usocket_socket_type; methods pass base.type of their own object, so
 * that their file does not refer to the table that refers to them. */
socket_obj_t *usocket_py_new_socket(const mp_obj_type_t *type);

/* Raise with the kind of socket that the stack has refused. A shortage is left to usocket_py_finish_open. */
void usocket_py_check_kind(int code, qstr what, int family, int type, int proto);

/* Finish whatever opens self: raise if `code` is negative, else set the default timeout. Returns self. */
mp_obj_t usocket_py_finish_open(socket_obj_t *self, int code, qstr what);

/* A new socket on a duplicate of the descriptor. */
socket_obj_t *usocket_py_new_copy(const mp_obj_type_t *type, int fd, int family, int kind, int proto, qstr what);

/* Open self on the descriptor, which self owns from then on. If that fails the descriptor is closed, and the exception
 * names `number`. */
void usocket_py_adopt(socket_obj_t *self, int fd, int family, int type, int proto, qstr what, int number);

/* Remove the handler, close self and notify its pollers. With wait == false it neither waits nor raises, for the
 * finaliser; else as usocket_py_close. */
int usocket_py_close_socket(socket_obj_t *self, bool wait);

/* The same without closing the descriptor, which is returned and belongs to the caller; negative if self is closed. */
int usocket_py_detach(socket_obj_t *self);

/* ---- Watchers of a socket: handler.c ----------------------------------------------------------------------------- */

/* setsockopt(SOL_SOCKET, 20, handler): MP_OBJ_NULL removes the handler, and never raises then. */
void usocket_py_set_handler(socket_obj_t *self, mp_obj_t handler);

/* Notify the watchers after a call that took bytes or a connection from self, or put bytes back: the handler is
 * armed again, and pollers check self if bytes were put back. Never raises. */
void usocket_py_consumed(socket_obj_t *self);

#if USOCKET_POLLER
/* Counts changes that a poller's descriptors do not show: a socket in a slot was closed, or bytes were put back into
 * it. */
extern uint32_t usocket_py_changes;
#define usocket_py_changed(self) (usocket_py_changes += (self)->polled != 0)
#else
#define usocket_py_changed(self) ((void)0)
#endif

/* ---- Numbers of the platform: numbers.c -------------------------------------------------------------------------- */

extern const struct mod_usocket_numbers {
    int sol_socket, so_reuseaddr, so_reuseport, ipproto_ipv6, ipv6_v6only, msg_waitall; /* -1: the platform lacks it. */
    bool descriptors; /* The system's poll accepts the numbers that fileno() returns. */
} mod_usocket_numbers;

/* Returns 1 if the descriptor survives exec(), else 0, or a code. `on` 0 or 1 sets that first, -1 leaves it. Never
 * raises. */
int mod_usocket_inheritable(int fd, int on);

/* ---- Errors: errors.c -------------------------------------------------------------------------------------------- */

extern const mp_obj_type_t mod_usocket_timeout_type;
extern const mp_obj_type_t mod_usocket_gaierror_type;
extern const mp_obj_type_t mod_usocket_tlserror_type;

/* Raise the exception of a code. `what` is the name of the failed call, `peer` the peer's address or NULL. */
MP_NORETURN void usocket_py_raise(int code, qstr what, const usocket_addr_t *peer);

/* Raise the exception of a code after `sent` of `len` bytes were sent; len == 0 if the length is unknown. */
MP_NORETURN void usocket_py_raise_sent(usocket_t *s, int code, qstr what, size_t sent, size_t len);

/* The errors that MicroPython's errno has; those that it lacks: constants of the module, and those that only texts
 * name. */
#define USOCKET_PY_ERRNO_NAMES(ROW) \
    ROW(EPERM), ROW(ENOENT), ROW(EIO), ROW(EBADF), ROW(EAGAIN), ROW(ENOMEM), ROW(EACCES), ROW(EEXIST), ROW(ENODEV), \
        ROW(EINVAL), ROW(EOPNOTSUPP), ROW(EADDRINUSE), ROW(ECONNABORTED), ROW(ECONNRESET), ROW(ENOBUFS), \
        ROW(ENOTCONN), ROW(ETIMEDOUT), ROW(ECONNREFUSED), ROW(EHOSTUNREACH), ROW(EALREADY), ROW(EINPROGRESS)
#define USOCKET_PY_ERROR_NAMES(ROW) \
    ROW(EFAULT), ROW(EBUSY), ROW(ENXIO), ROW(ENFILE), ROW(EMFILE), ROW(EPIPE), ROW(ENAMETOOLONG), ROW(EPROTO), \
        ROW(ENOTSOCK), ROW(EDESTADDRREQ), ROW(EMSGSIZE), ROW(EPROTOTYPE), ROW(ENOPROTOOPT), ROW(EPROTONOSUPPORT), \
        ROW(ESOCKTNOSUPPORT), ROW(EAFNOSUPPORT), ROW(EADDRNOTAVAIL), ROW(ENETDOWN), ROW(ENETUNREACH), ROW(ENETRESET), \
        ROW(EISCONN), ROW(ESHUTDOWN), ROW(EHOSTDOWN)
#define USOCKET_PY_OTHER_ERROR_NAMES(ROW) \
    ROW(EINTR), ROW(ENOTDIR), ROW(ENOSPC), ROW(EROFS), ROW(EDOM), ROW(ERANGE), ROW(ENOSYS), ROW(ELOOP), \
        ROW(EOVERFLOW), ROW(EPFNOSUPPORT)

/* The dict `errorcode`, of all of them. */
#define USOCKET_PY_ERRORCODE (USOCKET_PY_EXTRAS && USOCKET_WORDS)
#if USOCKET_PY_ERRORCODE
extern const mp_obj_dict_t mod_usocket_errorcode;
#endif

/* The name of a code that MicroPython's errno lacks, or MP_QSTRnull. */
qstr usocket_py_error_name(int code);

/* Print the code's name, where OSError would print a bare number because MicroPython's errno does not know it. */
void usocket_py_name_first(const mp_print_t *print, int code);

#if USOCKET_RACE
/* Raise the exception of a code with these words, which become its argument: the caller must not use them again. */
MP_NORETURN void usocket_py_raise_vstr(int code, vstr_t *words);
#endif

#if USOCKET_NAMES
/* Raise the exception of a failed lookup, with the host or the service that it is about; NULL for None. */
MP_NORETURN void usocket_py_raise_lookup(int code, qstr what, const char *host, const char *service);
#endif

#define USOCKET_PY_NOT_OPEN "the descriptor is not open"

/* Raise the exception of a code with a number instead of an address. EBADF says that such a descriptor is not open. */
MP_NORETURN void usocket_py_raise_number(int code, qstr what, int number);

/* Raise EBADF for an object that is no socket and was closed. */
MP_NORETURN void usocket_py_raise_closed(qstr what);

/* Raise the exception of a code with a name instead of an address. */
MP_NORETURN void usocket_py_raise_name(int code, qstr what, const char *name);

/* Raise the exception of a code with another cause than usocket_strerror gives. `peer` may be NULL. */
MP_NORETURN void usocket_py_raise_cause(int code, qstr what, const char *peer, const char *cause);

/* Raise the exception of a code with up to three numbers that were refused, before its words. `form` is mp_printf's. */
MP_NORETURN void usocket_py_raise_values(int code, qstr what, const char *form, int a, int b, int c);

/* Raise if the code is negative. */
void usocket_py_check(int code, qstr what);

/* Raise if s is closed, or if the C stack is nearly full. */
void usocket_py_check_open(const usocket_t *s, qstr what);

/* Raise the exception of a code of a call on s with what s knows of it: TLS's words and number, or that the peer no
 * longer answers. peer == NULL stands for the one that s is connected to, if it is. Of a TLS code this must be the next
 * call on s. */
MP_NORETURN void usocket_py_raise_socket(usocket_t *s, int code, qstr what, const usocket_addr_t *peer);

/* The same if the code is negative. */
void usocket_py_check_socket(usocket_t *s, int code, qstr what, const usocket_addr_t *peer);

/* Replace the bytes that are not ASCII by '?', unless the text is UTF-8. Never raises. */
void usocket_py_make_utf8(char *text, size_t len);

/* ---- Arguments: arguments.c -------------------------------------------------------------------------------------- */

/* An address argument. Host names are looked up within the deadline, which is settled then; NULL: within the socket's
 * timeout. With self == NULL any family is accepted. */
void usocket_py_addr(socket_obj_t *self, mp_obj_t arg, usocket_addr_t *a, usocket_time_t *deadline, qstr what);

/* An address in CPython's form; None for family 0. */
mp_obj_t usocket_py_addr_obj(const usocket_addr_t *a);

/* The same in two steps: the first allocates for a socket's family, the second never raises for IPv4 and comes after
 * bytes or a connection have been taken from the stack. */
mp_obj_t usocket_py_addr_new(int family);
mp_obj_t usocket_py_addr_fill(mp_obj_t empty, const usocket_addr_t *a);

/* A name from the system as str, or as bytes if it is not UTF-8. */
mp_obj_t usocket_py_name_obj(const char *name);

/* The items of a tuple, namedtuple or list, or of an instance of a class derived from one; false for other objects. */
bool usocket_py_items(mp_obj_t arg, size_t *n, mp_obj_t **items);

/* Copy a host name argument into `name`, of USOCKET_HOST_MAX bytes, with a NUL at the end and none before. Returns
 * its length. */
size_t usocket_py_host(mp_obj_t arg, char *name, qstr what);

/* Bytes to send: a str as UTF-8, or any buffer. */
void usocket_py_data(mp_obj_t arg, mp_buffer_info_t *data);

#define USOCKET_PY_A_TUPLE "a tuple (host, port)"

/* Raise TypeError "name must be WANTED, not TYPE". */
#define USOCKET_PY_A_TEXT "bytes-like or str"
MP_NORETURN void usocket_py_raise_type(qstr name, const char *wanted, mp_obj_t arg);

/* The memory of a buffer argument, for reading and for writing, or TypeError. data->buf is never NULL in the first. */
void usocket_py_buffer(mp_obj_t arg, mp_buffer_info_t *data, qstr name, const char *wanted);
void usocket_py_writable(mp_obj_t arg, mp_buffer_info_t *buf);

/* A str argument without a NUL in it. */
const char *usocket_py_text(mp_obj_t arg, size_t *len, qstr name);

/* A count argument, or ValueError if it is negative. */
size_t usocket_py_count(mp_obj_t arg);

/* The optional count args[i]: SIZE_MAX if it is missing, None or negative. */
size_t usocket_py_limit(size_t n_args, const mp_obj_t *args, size_t i);

/* An integer argument; the first also raises OverflowError if it does not fit into an int. */
int usocket_py_int(mp_obj_t arg, qstr name);
mp_int_t usocket_py_integer(mp_obj_t arg, qstr name);

/* Convert n parsed arguments, which `names` describe, by the first of these. */
void usocket_py_ints(int *number, size_t n, const mp_arg_t *names, const mp_arg_val_t *vals);

/* Raise OverflowError "name must be 0-MAX". */
MP_NORETURN void usocket_py_raise_range(qstr name, uint32_t max);

/* An integer argument from 0 to max, or OverflowError. */
uint32_t usocket_py_number(mp_obj_t arg, qstr name, uint32_t max);

/* Seconds, or None for USOCKET_FOREVER, to microseconds and back. */
usocket_time_t usocket_py_timeout(mp_obj_t arg);
mp_obj_t usocket_py_timeout_obj(usocket_time_t timeout);

#if USOCKET_NAMES
typedef struct {
    usocket_query_t query;
    const usocket_addr_t *reverse; /* The address to find the name of, with query.flags; NULL for a query by name. */
    socket_obj_t *sock;            /* Closing this socket ends the wait; may be NULL. */
    qstr what;                     /* The name of the call, for messages. */
} usocket_py_lookup_t;

/* Wait for a lookup and return it, successful; the caller frees it. Collects garbage once if descriptors have run
 * out. */
usocket_lookup_t *usocket_py_lookup(const usocket_py_lookup_t *q, usocket_time_t deadline);
#endif

/* ---- Reading: reading.c ------------------------------------------------------------------------------------------ */

/* A new, empty bytes object, allocated before bytes are taken from the stack. */
mp_obj_str_t *usocket_py_new_bytes(void);

/* Move the contents of v into that object. v needs room for one byte more. Never raises. */
mp_obj_t usocket_py_bytes(mp_obj_str_t *o, vstr_t *v);

/* A result of up to so many bytes is allocated as requested, a larger one as data arrive, in steps of at least
 * USOCKET_PY_GROW bytes. */
#define USOCKET_PY_AT_ONCE 4096
#define USOCKET_PY_GROW 256

/* The largest datagram: UDP's length field has 16 bits, and a datagram of AF_UNIX is limited by the sender's buffer,
 * 208 KiB on Linux. */
#define DATAGRAM_MAX(s) ((size_t)((s)->family == USOCKET_AF_UNIX ? 262144 : 65536))

/* Initialise v with room for n bytes, or, on datagrams, for the largest datagram if that is less. If the heap is too
 * small for that, there is room for the datagram that has arrived. Returns the room. */
size_t usocket_py_init_room(usocket_t *s, vstr_t *v, size_t n);

/* True if a non-blocking call has done all it could, which is no failure. With a deadline EAGAIN comes from the
 * system's SO_RCVTIMEO or SO_SNDTIMEO and is a failure. */
static inline bool usocket_py_would_block(int code, usocket_time_t deadline) {
    return code == USOCKET_EAGAIN && deadline == USOCKET_NOW;
}

/* Put bytes back before any that were put back already. `block` is on MicroPython's heap; the socket refers to it
 * from then on. */
void usocket_py_put_back(usocket_t *s, char *block, size_t len);

/* Read into v until it has n bytes (SIZE_MAX: until the end of the stream). Returns 0 or more, or a code; v has all
 * bytes that were taken in any case. Never raises: exceptions come in *exc. */
int usocket_py_fill(usocket_t *s, vstr_t *v, size_t n, usocket_time_t deadline, mp_obj_t *exc);

/* The same, until the end of a line or `max` bytes. */
int usocket_py_fill_line(usocket_t *s, vstr_t *v, size_t max, usocket_time_t deadline, mp_obj_t *exc);

/* The state of a call that fills a buffer of the program. The caller sets obj, buf and deadline, and 0 elsewhere. */
typedef struct {
    mp_obj_t obj;            /* The owner of the memory. */
    mp_buffer_info_t buf;    /* The memory; its len is the number of bytes to read in all. */
    size_t got;              /* The bytes that are there; the caller sets those that it has put there itself. */
    usocket_time_t deadline; /* Of the whole call. */
    char *copy;              /* The `got` bytes as they were received, for the caller to put back; NULL: none. */
    mp_obj_t exc;            /* The exception that ended the call, or MP_OBJ_NULL. */
} usocket_py_filling_t;

/* Read until the buffer is full. Returns as usocket_recv_all_by. If it fails, bytes received are in f->copy, for a
 * scheduled function or another thread may have changed the memory since. Without memory for the copy it returns 0, a
 * short count, and makes the exception pending. Never raises: exceptions come in f->exc. */
#if USOCKET_PY_MOVES
int usocket_py_fill_buffer(usocket_t *s, usocket_py_filling_t *f);
#else
/* Continue without the GIL, once a receive has failed with r. */
int usocket_py_fill_on(usocket_t *s, usocket_py_filling_t *f, int r);

static inline int usocket_py_fill_buffer(usocket_t *s, usocket_py_filling_t *f) {
    MP_THREAD_GIL_EXIT();
    int r = usocket_recv_all_by(s, f->buf.buf, f->buf.len, &f->got, f->deadline);
    if (r < 0) {
        return usocket_py_fill_on(s, f, r);
    }
    MP_THREAD_GIL_ENTER();
    return r;
}
#endif

/* ---- Writing and the stream protocol: stream.c, protocol.c ------------------------------------------------------- */

/* write() with the arguments (self, buf), (self, buf, n) or (self, buf, off, n). Returns None or a count. */
mp_obj_t usocket_py_write(usocket_t *s, size_t n_args, const mp_obj_t *args);

/* MicroPython's stream protocol, see py/stream.h. They never raise: an exception stays pending, with EAGAIN in
 * *errcode. */
mp_uint_t usocket_py_protocol_read(usocket_t *s, void *buf, mp_uint_t size, int *errcode);
mp_uint_t usocket_py_protocol_write(usocket_t *s, const void *buf, mp_uint_t size, int *errcode);
mp_uint_t usocket_py_protocol_ioctl(socket_obj_t *self, mp_uint_t request, uintptr_t arg, int *errcode);

/* The result of MP_STREAM_POLL for a socket. */
mp_uint_t usocket_py_poll(usocket_t *s, mp_uint_t flags);

/* The event loops' functions are global where another file uses them, and static in smaller builds, which saves
 * flash. */
#if USOCKET_ASYNC || USOCKET_POLLER
#define FOR_EVENT_LOOPS
#else
#define FOR_EVENT_LOOPS static
#endif

/* USOCKET_POLL_* has the values of MP_STREAM_POLL_*, which are those of poll(2). */
typedef char mod_usocket_poll_check[USOCKET_POLL_IN == MP_STREAM_POLL_RD && USOCKET_POLL_OUT == MP_STREAM_POLL_WR &&
            USOCKET_POLL_ERR == MP_STREAM_POLL_ERR && USOCKET_POLL_HUP == MP_STREAM_POLL_HUP
        ? 1
        : -1];

/* The events of a program's mask that the core knows. */
static inline int usocket_py_events(mp_uint_t flags) {
    return (int)(flags & (USOCKET_POLL_IN | USOCKET_POLL_OUT));
}

/* The mask for what the core reports; a negative `ready` gives 0. */
static inline mp_uint_t usocket_py_mask(int ready) {
    return ready > 0 ? (mp_uint_t)ready : 0;
}

/* The stream protocol of class socket. An object with this ioctl in its protocol is a socket. */
extern const mp_stream_p_t usocket_py_stream;

/* setsockopt for `what`: converts the value, and raises. */
void usocket_py_set_option(socket_obj_t *self, int level, int name, mp_obj_t value, qstr what);

#define USOCKET_PY_NOT_TLS "not a TLS socket (IPPROTO_SEC)"

/* ---- TLS: tls_methods.c, secure.c -------------------------------------------------------------------------------- */

#if USOCKET_TLS
/* The list or tuple of names that is the value of a TLS option, joined with commas. */
mp_obj_t usocket_py_tls_list(int name, mp_obj_t list);

/* Raise TypeError for an int or a bool as the value of an option that is a text, and for a str of one that is a number. */
void usocket_py_tls_check_value(int name, mp_obj_t value);

/* The value of a TLS option as str or bytes; MP_OBJ_NULL for an option that is a number. */
mp_obj_t usocket_py_tls_option(socket_obj_t *self, int name);
#endif

/* True if the argument `ssl` asks for TLS. Raises for other values than None, a bool or a dict, and in builds
 * without TLS. */
bool usocket_py_wants_tls(mp_obj_t ssl, bool server, qstr what);

#if USOCKET_TLS
/* Set the options of the dict, if `ssl` is one, and check them together. */
void usocket_py_tls_options(socket_obj_t *self, mp_obj_t ssl, bool server, qstr what);

/* A TLS socket with these options and without a descriptor. `host` is the name to verify; NULL: none. */
socket_obj_t *usocket_py_prepare_tls(mp_obj_t ssl, const char *host, qstr what);

/* Give it the connection of a plain socket, which is closed, and make the handshake. It is closed when that fails. */
void usocket_py_start_tls(
    socket_obj_t *self, socket_obj_t *plain, const usocket_addr_t *peer, usocket_time_t deadline, qstr what);
#else
#define usocket_py_tls_options(self, ssl, server, what) ((void)0)
#define usocket_py_prepare_tls(ssl, host, what) NULL
#define usocket_py_start_tls(self, plain, peer, deadline, what) ((void)0)
#endif

#endif
