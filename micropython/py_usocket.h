/* What the files of the binding share with each other.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PY_H
#define USOCKET_PY_H

#include "compat.h"
#include "usocket/usocket.h"

#include <string.h>

typedef struct {
    mp_obj_base_t base;
    usocket_t sock;   /* first byte put back: sock.unread, which keeps the collector from taking it */
    mp_obj_t handler; /* setsockopt(SOL_SOCKET, 20, handler), or MP_OBJ_NULL */
    void *watch;      /* its watcher, see handler.c */
    void *next_watched;
#if USOCKET_POLLER
    uint16_t polled; /* how many pollers watch its descriptor */
#endif
} socket_obj_t;

#if USOCKET_POLLER
/* Goes up when a socket that a poller watches is closed, or has bytes put back: its descriptor does not tell the poller. */
extern uint32_t usocket_py_changes;
#define usocket_py_changed(self) (usocket_py_changes += (self)->polled != 0)
#else
#define usocket_py_changed(self) ((void)0)
#endif

extern const mp_obj_type_t mod_usocket_socket_type;
extern const mp_obj_type_t mod_usocket_file_type;
extern const mp_obj_type_t mod_usocket_timeout_type;
extern const mp_obj_type_t mod_usocket_gaierror_type;
extern const mp_obj_type_t mod_usocket_tlserror_type;
extern const mp_obj_module_t mod_usocket_module;

/* Numbers of the platform, from module_table.c, the one file that sees them. */
extern const struct mod_usocket_numbers {
    int sol_socket, so_reuseaddr, so_reuseport, ipproto_ipv6, ipv6_v6only, msg_waitall;
    bool descriptors; /* the system's poll knows what fileno() gives */
} mod_usocket_numbers;

/* Whether a descriptor survives exec(), and with `on` 0 or 1 make it so. A code where there are none. */
int mod_usocket_inheritable(int fd, int on);

extern usocket_time_t mod_usocket_default_timeout;

/* Of functions that other files need in some builds only: in the others they are their own file's, and smaller. */
#if USOCKET_ASYNC || USOCKET_POLLER
#define FOR_EVENT_LOOPS
#else
#define FOR_EVENT_LOOPS static
#endif

/* ---- Calling the core --------------------------------------------------------------------------------------------- */

/* Let Ctrl-C and scheduled functions end the waits of the core; where the port raises out of its signal handler, see to it
 * that it does not raise out of the core. */
void usocket_py_init_interrupts(void);

/* The same before a wait, for interpreters that call no module's __init__. */
static inline void usocket_py_ensure_interrupts(void) {
#if !MICROPY_MODULE_BUILTIN_INIT
    usocket_py_init_interrupts();
#endif
}

/* Back from a call of the core that may wait, with the code r: take the GIL again and, after an interruption, run what is
 * pending (Ctrl-C, scheduled functions). True if the call is to be resumed, with its own deadline. An exception comes back in
 * *exc instead of being raised where whoever called the core has things to put in order first; without (exc is NULL), it is
 * raised. */
bool usocket_py_resume(int r, mp_obj_t *exc);

/* Whether a deadline has passed, for a call of several parts none of which need wait; false of USOCKET_NOW. */
bool usocket_py_is_late(usocket_time_t deadline);

/* Between the rounds of one call, for what keeps coming need never be waited for: 0, or a code that ends it. */
int usocket_py_next_round(unsigned round, usocket_time_t deadline, mp_obj_t *exc);

/* r = a call that may wait, to its end. exc: an exception that ended it. */
#define USOCKET_CALL(r, exc, call) \
    do { \
        MP_THREAD_GIL_EXIT(); \
        (r) = (call); \
    } while (usocket_py_resume((r), (exc)))

/* A call on the memory of `obj`, which `data` tells, from its byte `off` on. A scheduled function may have moved it: the call goes on
 * where it is now, or ends if less is left of it. access: MP_BUFFER_READ, MP_BUFFER_WRITE. */
#define USOCKET_CALL_ON(r, exc, obj, data, off, access, call) \
    do { \
        MP_THREAD_GIL_EXIT(); \
        (r) = (call); \
    } while (usocket_py_resume((r), (exc)) && usocket_py_refetch((obj), &(data), (off), (access), (exc)))

/* False: there is less of it than data->len, which tells how much; the exception as in usocket_py_resume. */
bool usocket_py_refetch(mp_obj_t obj, mp_buffer_info_t *data, size_t off, mp_uint_t access, mp_obj_t *exc);

/* The same two where there is nothing to put in order. */
#define USOCKET_CALL_RAISE(r, call) \
    do { \
        usocket_py_check_stack(); \
        USOCKET_CALL(r, NULL, call); \
    } while (0)

#define USOCKET_CALL_ON_RAISE(r, obj, data, off, access, call) \
    do { \
        usocket_py_check_stack(); \
        USOCKET_CALL_ON(r, NULL, obj, data, off, access, call); \
    } while (0)

static inline void usocket_py_reraise(mp_obj_t exc) {
    if (exc != MP_OBJ_NULL) {
        nlr_raise(exc);
    }
}

/* One thread at a time for objects that are more than one step: where there is no GIL. Its holder never waits, and calls nothing of the
 * program's. */
#if MICROPY_PY_THREAD && !MICROPY_PY_THREAD_GIL
typedef mp_thread_mutex_t usocket_py_lock_t;
#define usocket_py_lock_init(lock) mp_thread_mutex_init(lock)
#define usocket_py_lock(lock) mp_thread_mutex_lock((lock), 1)
#define usocket_py_trylock(lock) (mp_thread_mutex_lock((lock), 0) == 1)
#define usocket_py_unlock(lock) mp_thread_mutex_unlock(lock)
#else
typedef uint8_t usocket_py_lock_t;
#define usocket_py_lock_init(lock) ((void)(lock))
#define usocket_py_lock(lock) ((void)(lock))
#define usocket_py_trylock(lock) ((void)(lock), true)
#define usocket_py_unlock(lock) ((void)(lock))
#endif

typedef mp_obj_t (*usocket_py_method_t)(size_t n_args, const mp_obj_t *args);

/* call(n_args, args) under the lock, which an exception ends, too; the second with the lock taken already. */
mp_obj_t usocket_py_locked(usocket_py_lock_t *lock, usocket_py_method_t call, size_t n_args, const mp_obj_t *args);
mp_obj_t usocket_py_call_and_unlock(
    usocket_py_lock_t *lock, usocket_py_method_t call, size_t n_args, const mp_obj_t *args);

/* RuntimeError where a program has recursed so far that USOCKET_PY_STACK bytes are not left. Not in close: the finaliser calls it. */
void usocket_py_check_stack(void);

/* Out of descriptors, memory of the stack or ports: unreachable sockets may hold some. True if it is worth another try. */
bool usocket_py_collect(int code, bool *collected);

/* r = a call that does not wait, with the second try. */
#define USOCKET_CALL_COLLECT(r, call) \
    do { \
        bool collected = false; \
        do { \
            (r) = (call); \
        } while (usocket_py_collect((r), &collected)); \
    } while (0)

/* ---- Errors: errors.c --------------------------------------------------------------------------------------------- */

/* Raise the exception of a code. what: the call; who: the other end, or NULL. */
MP_NORETURN void usocket_py_raise(int code, qstr what, const usocket_addr_t *who);

/* The same where part of the data went out; len 0: of a length that nobody knows. */
MP_NORETURN void usocket_py_raise_sent(usocket_t *s, int code, qstr what, size_t sent, size_t len);

/* Words begin with the name of a number that MicroPython's errno does not know; of the others OSError prints it. */
void usocket_py_name_first(const mp_print_t *print, int code);

#if USOCKET_RACE
/* The same with words of one's own, which are used up. */
MP_NORETURN void usocket_py_raise_vstr(int code, vstr_t *words);
#endif

#if USOCKET_NAMES
/* The same for a dial that has failed, with each address and its cause, and end it. */
MP_NORETURN void usocket_py_raise_dial(int code, usocket_dial_t *d, usocket_t *s, const char *host, qstr what);
#endif

/* The same for a name. */
MP_NORETURN void usocket_py_raise_name(int code, qstr what, const char *name);

/* The same with another cause than the code has. who may be NULL. */
MP_NORETURN void usocket_py_raise_cause(int code, qstr what, const char *who, const char *cause);

/* The same if the code is one, and for a closed socket. */
void usocket_py_check(int code, qstr what);
void usocket_py_check_open(const usocket_t *s, qstr what);

/* The same with what the socket itself knows of a code: the words of TLS, or that the peer no longer answers. */
MP_NORETURN void usocket_py_raise_socket(usocket_t *s, int code, qstr what, const usocket_addr_t *who);
void usocket_py_check_socket(usocket_t *s, int code, qstr what, const usocket_addr_t *who);

/* ---- Arguments: arguments.c --------------------------------------------------------------------------------------- */

/* An address argument. Names are looked up, within the deadline. sock may be NULL: then any family, and type 0. */
void usocket_py_addr(socket_obj_t *self, mp_obj_t arg, usocket_addr_t *a, usocket_time_t deadline, qstr what);

/* An address as CPython shows it; None for family 0. */
mp_obj_t usocket_py_addr_obj(const usocket_addr_t *a);

/* The same in two steps, for calls that take something from the stack between them: only the first allocates. */
mp_obj_t usocket_py_addr_new(void);
mp_obj_t usocket_py_addr_fill(mp_obj_t empty, const usocket_addr_t *a);

/* A name from the system: a str, or bytes where it is no UTF-8. */
mp_obj_t usocket_py_name_obj(const char *name);

/* Words that are no UTF-8 get '?' in place of what is not ASCII. */
void usocket_py_make_utf8(char *text, size_t len);

/* The items of a tuple or a list, of a namedtuple, and of what is derived from one of them. */
bool usocket_py_items(mp_obj_t arg, size_t *n, mp_obj_t **items);

/* A host's name, into a buffer of USOCKET_HOST_MAX bytes, with a NUL behind it and none inside. Returns its length. */
size_t usocket_py_host(mp_obj_t arg, char *name, qstr what);

/* Bytes to send: a str, as UTF-8, or anything with a buffer. */
void usocket_py_data(mp_obj_t arg, mp_buffer_info_t *data);

/* "name must be WANTED, not TYPE". */
MP_NORETURN void usocket_py_raise_type(qstr name, const char *wanted, mp_obj_t arg);

/* What an argument has in memory, or a TypeError with its name; to be read, and to be written to. */
void usocket_py_buffer(mp_obj_t arg, mp_buffer_info_t *data, qstr name, const char *wanted);
void usocket_py_writable(mp_obj_t arg, mp_buffer_info_t *buf);

/* A str, without a NUL inside. */
const char *usocket_py_text(mp_obj_t arg, size_t *len, qstr name);

/* A count argument: negative is a ValueError. */
size_t usocket_py_count(mp_obj_t arg);

/* An optional count, args[i]: without one, None or negative it is SIZE_MAX. */
size_t usocket_py_limit(size_t n_args, const mp_obj_t *args, size_t i);

/* A number of the stack: beyond an int it is an OverflowError. */
int usocket_py_int(mp_obj_t arg, qstr name);
mp_int_t usocket_py_integer(mp_obj_t arg, qstr name);
int usocket_py_narrow(mp_int_t value);

/* A number from 0 to max, or an OverflowError with its name. */
uint32_t usocket_py_number(mp_obj_t arg, qstr name, uint32_t max);

/* Seconds (None: for ever) to microseconds and back. */
usocket_time_t usocket_py_timeout(mp_obj_t arg);
mp_obj_t usocket_py_timeout_obj(usocket_time_t timeout);

#if USOCKET_NAMES
/* A lookup, and what to say of it when it fails. */
typedef struct {
    usocket_query_t query;
    const usocket_addr_t *reverse; /* if not NULL: the name of this address, with query.flags */
    socket_obj_t *sock;            /* its being closed ends the wait; may be NULL */
    qstr what;
} usocket_py_lookup_t;

/* Look up, to the end: the answer, or an exception. Collects once when descriptors have run out. */
usocket_lookup_t *usocket_py_lookup(const usocket_py_lookup_t *q, usocket_time_t deadline);
#endif

/* ---- Objects ------------------------------------------------------------------------------------------------------ */

/* A closed socket object, to be opened. type: mod_usocket_socket_type, or, in its methods, base.type of another socket. */
socket_obj_t *usocket_py_new_socket(const mp_obj_type_t *type);

/* A socket of a duplicate of a descriptor. */
socket_obj_t *usocket_py_new_copy(const mp_obj_type_t *type, int fd, int family, int kind, int proto, qstr what);

/* The end of whatever opens one: the object with its first timeout, or the exception of a code. */
mp_obj_t usocket_py_finish_open(socket_obj_t *self, int code, qstr what);

/* Close self, its handler with it, and let pollers that watch it know. wait: as usocket_py_close; else as usocket_drop, which never
 * waits. */
int usocket_py_close_socket(socket_obj_t *self, bool wait);

/* The same, but the descriptor goes on: returned, or a code. */
int usocket_py_detach(socket_obj_t *self);

/* A socket of a descriptor that is ours, with its first timeout; or an exception, and the descriptor is closed. */
void usocket_py_adopt(socket_obj_t *self, int fd, int family, int type, int proto, qstr what);

/* The native object of an instance of the class or of a Python subclass. */
socket_obj_t *usocket_py_self(mp_obj_t self_in);

/* Close, waiting as usocket_close does, without the GIL, and with an ear for Ctrl-C. The code: USOCKET_EBADF if somebody else has closed
 * the descriptor; 0. */
int usocket_py_close(usocket_t *s);

/* setsockopt(SOL_SOCKET, 20, handler): MP_OBJ_NULL removes it. */
void usocket_py_set_handler(socket_obj_t *self, mp_obj_t handler);

/* After each call that has taken or put back bytes, or accepted a connection: the handler may be called again, and pollers
 * look again at bytes put back. */
void usocket_py_consumed(socket_obj_t *self);

/* ---- Stream calls: stream.c --------------------------------------------------------------------------------------- */

/* The bytes object of a read, made before anything is taken from the stack: no MemoryError comes between. Then v goes in. */
mp_obj_str_t *usocket_py_new_bytes(void);
mp_obj_t usocket_py_bytes(mp_obj_str_t *o, vstr_t *v);

#define USOCKET_PY_AT_ONCE 4096 /* a result up to this is allocated as asked, a larger one as the bytes come */
#define USOCKET_PY_GROW 256     /* the least that such a one grows by */

/* UDP's length field has 16 bits; one of AF_UNIX is as long as the sender's buffer, 208 KiB as Linux has it. */
#define DATAGRAM_MAX(s) ((size_t)((s)->family == USOCKET_AF_UNIX ? 262144 : 65536))

/* Begin v with room for n bytes; on a datagram socket, where what does not fit is lost, with no more than a datagram can
 * have. Returns the room. */
size_t usocket_py_init_room(usocket_t *s, vstr_t *v, size_t n);

/* A call that never waits has done all that it could: no failure. In others EAGAIN comes from SO_RCVTIMEO or SO_SNDTIMEO, and is one. */
static inline bool usocket_py_would_block(int code, usocket_time_t deadline) {
    return code == USOCKET_EAGAIN && deadline == USOCKET_NOW;
}

/* Read until v holds n bytes (SIZE_MAX: to the end of the stream), the stream ends, or a code comes; exc as above. */
int usocket_py_fill(usocket_t *s, vstr_t *v, size_t n, usocket_time_t deadline, mp_obj_t *exc);

/* Read to the end of a line, at most max bytes; the same otherwise. */
int usocket_py_fill_line(usocket_t *s, vstr_t *v, size_t max, usocket_time_t deadline, mp_obj_t *exc);

/* A copy of bytes that a failed call has to keep. Without memory for it NULL: then the call is to return a short count, and the
 * exception that ended it, if there is one, waits to be raised. */
char *usocket_py_copy_or_pend(const void *from, size_t len, mp_obj_t exc);

/* write() of the arguments (self, buf), (self, buf, n), (self, buf, off, n): None, a count, or an exception, as the stream calls have it. */
mp_obj_t usocket_py_write(usocket_t *s, size_t n_args, const mp_obj_t *args);

/* One receive, one send, as MicroPython's stream protocol wants them: never raising. */
mp_uint_t usocket_py_protocol_read(usocket_t *s, void *buf, mp_uint_t size, int *errcode);
mp_uint_t usocket_py_protocol_ioctl(socket_obj_t *self, mp_uint_t request, uintptr_t arg, int *errcode);
mp_uint_t usocket_py_protocol_write(usocket_t *s, const void *buf, mp_uint_t size, int *errcode);

/* MP_STREAM_POLL's bits to ours and back. */
#if USOCKET_ASYNC || USOCKET_POLLER
int usocket_py_events(mp_uint_t flags);
mp_uint_t usocket_py_mask(int ready);
#endif

/* MP_STREAM_POLL's mask for a socket. */
mp_uint_t usocket_py_poll(usocket_t *s, mp_uint_t flags);

MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_read_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_readinto_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_readline_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_write_obj);
extern const mp_stream_p_t usocket_py_stream;

/* ---- TLS: tls_methods.c --------------------------------------------------------------------------------------------- */

#if USOCKET_TLS
/* The list or tuple of an option, as one text. */
mp_obj_t usocket_py_tls_list(int name, mp_obj_t list);

/* An option that is no number; MP_OBJ_NULL: it is one. */
mp_obj_t usocket_py_tls_option(socket_obj_t *self, int name);

MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_do_handshake_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_version_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_cipher_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_selected_alpn_protocol_obj);
MP_DECLARE_CONST_FUN_OBJ_KW(usocket_py_getpeercert_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_pending_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_unwrap_obj);
#endif

/* ---- Methods of other files, for the type's dict -------------------------------------------------------------------- */

MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_send_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_sendall_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_sendto_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_recv_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_recvfrom_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_recv_into_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_recvfrom_into_obj);
MP_DECLARE_CONST_FUN_OBJ_KW(usocket_py_makefile_obj);
MP_DECLARE_CONST_FUN_OBJ_KW(usocket_py_sendfile_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_getsockopt_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_setsockopt_obj);
MP_DECLARE_CONST_FUN_OBJ_2(usocket_py_settimeout_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_gettimeout_obj);
MP_DECLARE_CONST_FUN_OBJ_2(usocket_py_setblocking_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_getblocking_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_detach_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_fileno_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_dup_obj);
MP_DECLARE_CONST_FUN_OBJ_1(usocket_py_get_inheritable_obj);
MP_DECLARE_CONST_FUN_OBJ_2(usocket_py_set_inheritable_obj);

/* ---- TLS for ready-made sockets: secure.c ------------------------------------------------------------------------- */

/* False: `ssl` is None or False. What is neither that nor True nor a dict of options is refused, as is TLS in a build without it. */
bool usocket_py_wants_tls(mp_obj_t ssl, bool server, qstr what);

#if USOCKET_TLS
/* Sets the options in the dict, if it is one. */
void usocket_py_tls_options(socket_obj_t *self, mp_obj_t ssl);

/* A plain connected socket goes on in TLS: the host's name, the options, the handshake. It is closed when that fails. */
void usocket_py_start_tls(socket_obj_t *self, mp_obj_t ssl, const char *host, usocket_time_t deadline);
#else
#define usocket_py_tls_options(self, ssl) ((void)0)
#define usocket_py_start_tls(self, ssl, host, deadline) ((void)0)
#endif

#endif
