/* Calls of the core from Python: the GIL, Ctrl-C, scheduled functions, memory that moves, and scarce resources.
 *
 * Caller: a thread of the interpreter that holds the GIL. In builds without a GIL every thread of the interpreter may
 * call. A call of the core that may wait runs without the GIL, inside one of the USOCKET_CALL macros.
 *
 * Exceptions: the core and mbedTLS never see one. The interrupt hook only reports that something is pending; the core
 * then returns USOCKET_EINTR, and usocket_py_resume runs what is pending with no frame of the core on the stack. A
 * function with a parameter `exc` returns an exception there, MP_OBJ_NULL at first; with exc == NULL it raises it. Use
 * `exc` where the caller has bytes to put back or an object to close before the exception goes on.
 *
 * Never: a pointer into an object's memory is not kept across usocket_py_resume, because a scheduled function may have
 * resized the object (usocket_py_refetch). Nor is it in use without a GIL that the build has, because another thread may
 * resize the object then (USOCKET_CALL_ON_RAISE). No function here is called from an interrupt or from a thread of the
 * library.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_PY_CORE_CALL_H
#define USOCKET_PY_CORE_CALL_H

#include "compat.h"
#include "usocket/private.h"
#include "usocket/usocket.h"

/* ---- Waiting ----------------------------------------------------------------------------------------------------- */

/* Install the core's interrupt hook, so that Ctrl-C and scheduled functions end its waits. On a port that raises
 * KeyboardInterrupt out of its signal handler, also replace that handler by one that makes the exception pending. */
void usocket_py_init_interrupts(void);

/* The same before the first wait, for interpreters that do not call a module's __init__. */
static inline void usocket_py_ensure_interrupts(void) {
#if !MICROPY_MODULE_BUILTIN_INIT
    usocket_py_init_interrupts();
#endif
}

/* Take the GIL after a call of the core that returned r. If that was USOCKET_EINTR, run the pending exception and
 * scheduled functions. Returns true if the call is to be made again, with the same deadline. */
bool usocket_py_resume(int r, mp_obj_t *exc);

/* True if the deadline has passed; always false of USOCKET_NOW. For a call of several parts that all return at once. */
bool usocket_py_is_late(usocket_time_t deadline);

/* Check the deadline and run what is pending between two parts of one call, which a peer that keeps sending could
 * prolong for ever. round: parts so far. Returns 0 to go on; USOCKET_EAGAIN after 16 parts of a call that never
 * waits; USOCKET_ETIMEDOUT; USOCKET_EINTR with the exception in *exc. */
int usocket_py_next_round(unsigned round, usocket_time_t deadline, mp_obj_t *exc);

/* Fetch the memory of `obj` from its byte `off` on again, into data->buf, after other code may have run. Returns
 * false, with RuntimeError, if fewer than data->len bytes are left; data->len becomes that number. access:
 * MP_BUFFER_READ or MP_BUFFER_WRITE. */
bool usocket_py_refetch(mp_obj_t obj, mp_buffer_info_t *data, size_t off, mp_uint_t access, mp_obj_t *exc);

/* Memory moves while a call waits: another thread may run then, and resize an object. */
#define USOCKET_PY_MOVES (MICROPY_PY_THREAD && MICROPY_PY_THREAD_GIL)

#if USOCKET_PY_MOVES

/* True if another thread can move the memory of `obj`: strings and bytes objects stay where they are. */
static inline bool usocket_py_can_move(mp_obj_t obj) {
    return !mp_obj_is_str_or_bytes(obj);
}

/* After a call on s with USOCKET_NOW under the GIL, on memory that moves, which returned r: if that is USOCKET_EAGAIN, wait
 * without the GIL, to receive (MP_BUFFER_WRITE) or to send (MP_BUFFER_READ). Returns USOCKET_EINTR if the call is to be
 * made again, unless *exc has an exception; else the result of the program's call. */
int usocket_py_wait_to_use(usocket_t *s, mp_uint_t access, usocket_time_t deadline, int r, mp_obj_t *exc);

/* Complete the handshake of a TLS socket without the GIL, because a call under the GIL would let other threads wait for
 * it. Returns true on a TLS socket: memory may have moved. A failure is left for the next call. */
bool usocket_py_shake_hands(usocket_t *s, usocket_time_t deadline, mp_obj_t *exc);

/* One call's use of the memory of an object, for USOCKET_CALL_ON_RAISE. */
typedef struct {
    usocket_t *s;
    mp_obj_t obj;
    mp_buffer_info_t *data;
    size_t off;              /* Of data->buf in the memory. */
    mp_uint_t access;        /* MP_BUFFER_READ to send, MP_BUFFER_WRITE to receive. */
    usocket_time_t deadline; /* Of the program's call. */
    bool moves;              /* The call is made under the GIL, and does not wait. */
} usocket_py_use_t;

/* Returns the deadline of each call. Raises as USOCKET_CALL_RAISE does. */
usocket_time_t usocket_py_use_begin(usocket_py_use_t *use);

/* Take the result of one call, and wait. Returns USOCKET_EINTR if the call is to be made again. Raises as
 * usocket_py_refetch does. */
int usocket_py_use_end(usocket_py_use_t *use, int r);

#endif

/* r = the value of `call`, which is made without the GIL and made again after each interruption. */
#define USOCKET_CALL(r, exc, call) \
    do { \
        MP_THREAD_GIL_EXIT(); \
        (r) = (call); \
    } while (usocket_py_resume((r), (exc)))

/* The same for callers that have nothing to clean up: it checks the C stack, and raises. */
#define USOCKET_CALL_RAISE(r, call) \
    do { \
        usocket_py_check_stack(); \
        USOCKET_CALL(r, NULL, call); \
    } while (0)

/* The same for a call on the socket s with the memory of `obj` that `data` describes, from its byte `off` on. `call`
 * ends at `by`, a variable of this macro. */
#if USOCKET_PY_MOVES
#define USOCKET_CALL_ON_RAISE(r, s, obj, data, off, access, deadline, call) \
    do { \
        usocket_py_use_t use = {(s), (obj), &(data), (off), (access), (deadline), false}; \
        const usocket_time_t by = usocket_py_use_begin(&use); \
        do { \
            if (!use.moves) { \
                MP_THREAD_GIL_EXIT(); \
            } \
            (r) = (call); \
        } while (((r) = usocket_py_use_end(&use, (r))) == USOCKET_EINTR); \
    } while (0)
#else
#define USOCKET_CALL_ON_RAISE(r, s, obj, data, off, access, deadline, call) \
    do { \
        usocket_py_check_stack(); \
        const usocket_time_t by = (deadline); \
        do { \
            MP_THREAD_GIL_EXIT(); \
            (r) = (call); \
        } while (usocket_py_resume((r), NULL) && usocket_py_refetch((obj), &(data), (off), (access), NULL)); \
    } while (0)
#endif

static inline void usocket_py_reraise(mp_obj_t exc) {
    if (exc != MP_OBJ_NULL) {
        nlr_raise(exc);
    }
}

/* Close s. Waits for close_notify to be sent, within the socket's timeout and at most USOCKET_TLS_CLOSE_MS; Ctrl-C
 * ends that wait, and is raised once s is closed. Returns 0, or USOCKET_EBADF if the descriptor was closed behind
 * the library's back. */
int usocket_py_close(usocket_t *s);

/* ---- Resources --------------------------------------------------------------------------------------------------- */

/* Raise RuntimeError if fewer than USOCKET_PY_STACK bytes of C stack are left below MicroPython's limit. Every call
 * of the core that may go deep is preceded by it. Close is the exception: the finaliser calls it, and must not
 * raise. */
void usocket_py_check_stack(void);

/* ---- First tries ------------------------------------------------------------------------------------------------- */

/* Check the C stack before a try. Above lwIP's raw interface a try needs no more of it than one of MicroPython's own
 * calls of lwIP, for which its limit leaves room. */
#if USOCKET_QUICK > 1
#define usocket_py_check_try() usocket_py_check_stack()
#else
#define usocket_py_check_try() ((void)0)
#endif

/* True if a call with these flags tries first (private.h). */
#define usocket_py_tries(flags) (USOCKET_QUICK && (flags) == 0 && (usocket_py_check_try(), true))

/* The deadline with which a call begins. One that tries first (private.h) settles it before it waits. */
#define USOCKET_PY_UNSETTLED INT64_MIN
#define usocket_py_begin(s) (USOCKET_QUICK ? USOCKET_PY_UNSETTLED : usocket_deadline(s))

/* Count the socket's timeout from now on, if the deadline is not settled yet. */
static inline void usocket_py_settle(usocket_time_t *deadline, const usocket_t *s) {
    if (USOCKET_QUICK && *deadline == USOCKET_PY_UNSETTLED) {
        *deadline = usocket_deadline(s);
    }
}

/* True if a resource has run out that unreachable sockets may hold: descriptors, memory of the stack, ports. */
bool usocket_py_is_shortage(int code);

/* Collect garbage if `code` says that descriptors, memory of the stack or ports have run out, for unreachable
 * sockets may hold some. Returns true if the call is worth another try, once: *collected is false at first. */
bool usocket_py_collect_for(int code, bool *collected);
#define usocket_py_collect(code, collected) ((code) < 0 && usocket_py_collect_for((code), (collected)))

/* r = the value of `call`, which must not wait, with that second try. */
#define USOCKET_CALL_COLLECT(r, call) \
    do { \
        bool collected = false; \
        do { \
            (r) = (call); \
        } while (usocket_py_collect((r), &collected)); \
    } while (0)

/* ---- Locks ------------------------------------------------------------------------------------------------------- */

/* The lock of an object with state of several words, in builds without a GIL; with one it is nothing. Its holder
 * never waits and never runs code of the program. A file's lock is the exception: a read holds it to its end, and other
 * calls only try it (file.h). */
#define USOCKET_PY_LOCKS (MICROPY_PY_THREAD && !MICROPY_PY_THREAD_GIL)
#if USOCKET_PY_LOCKS
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

/* Return call(n_args, args), made under the lock. An exception releases the lock, too. The second function is for a
 * lock that the caller has taken already. */
mp_obj_t usocket_py_locked(usocket_py_lock_t *lock, usocket_py_method_t call, size_t n_args, const mp_obj_t *args);
mp_obj_t usocket_py_call_and_unlock(
    usocket_py_lock_t *lock, usocket_py_method_t call, size_t n_args, const mp_obj_t *args);

#endif
