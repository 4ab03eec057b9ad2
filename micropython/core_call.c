/* Calls of the core from Python: interruption, deadlines, scarce resources, locks.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py_usocket.h"
#include "usocket/tls.h"

#if MICROPY_ASYNC_KBD_INTR

#include <signal.h>

/* The unix port raises KeyboardInterrupt out of its signal handler, at any point of the program: inside the core, a
 * lock would stay held or a descriptor half closed. This handler makes the exception pending instead, as other ports
 * do, and it is raised at the next safe point. The interpreter's prompt installs its own handler again for each
 * line; therefore each wait checks the handler, every 20 ms at most. */
static void pend_ctrl_c(int signum) {
    (void)signum;
    mp_sched_keyboard_interrupt();
}

/* Replace the interpreter's handler of SIGINT. A setting to ignore the signal, or to end the process by it, stays. */
static void defer_ctrl_c(void) {
    static mp_uint_t last;
    mp_uint_t now = mp_hal_ticks_ms();
    if (last != 0 && now - last < 20) {
        return;
    }
    last = now;
    struct sigaction action;
    sigaction(SIGINT, NULL, &action);
    if (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN && action.sa_handler != pend_ctrl_c) {
        action.sa_handler = pend_ctrl_c;
        sigaction(SIGINT, &action, NULL);
    }
}

#else
#define defer_ctrl_c()
#endif

/* The core's interrupt hook, called before and during every wait, without the GIL. */
static bool interrupt_pending(void) {
    defer_ctrl_c();
#if MICROPY_ENABLE_SCHEDULER
    if (MP_STATE_VM(sched_state) == MP_SCHED_PENDING) {
#if MICROPY_PY_THREAD && !MICROPY_PY_THREAD_GIL
        if (mp_thread_get_state() == &mp_state_ctx.thread) /* Only the main thread runs them. */
#endif
            return true;
    }
#endif
    return usocket_exception_waits();
}

void usocket_py_init_interrupts(void) {
    defer_ctrl_c();
    usocket_set_interrupt_hook(interrupt_pending);
}

/* The GIL is taken first, because mp_handle_pending runs Python code. */
bool usocket_py_resume(int r, mp_obj_t *exc) {
    MP_THREAD_GIL_ENTER();
    if (r != USOCKET_EINTR) {
        return false;
    }
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_handle_pending(true);
        nlr_pop();
        return true;
    }
    if (exc == NULL) {
        nlr_raise(MP_OBJ_FROM_PTR(nlr.ret_val));
    }
    *exc = MP_OBJ_FROM_PTR(nlr.ret_val);
    return false;
}

/* One step of the clock is subtracted, so that no deadline passes early. */
bool usocket_py_is_late(usocket_time_t deadline) {
    return deadline != USOCKET_NOW && usocket_deadline_in(1) - USOCKET_CLOCK_STEP_US > deadline;
}

#define ROUNDS_AT_ONCE 16 /* Parts of a call that never waits. Each reads all that has arrived. */

/* Resuming with USOCKET_EINTR runs what is pending, although no wait was interrupted. */
int usocket_py_next_round(unsigned round, usocket_time_t deadline, mp_obj_t *exc) {
    if (deadline == USOCKET_NOW) {
        return round < ROUNDS_AT_ONCE ? 0 : USOCKET_EAGAIN;
    }
    if (usocket_py_is_late(deadline)) {
        return USOCKET_ETIMEDOUT;
    }
    MP_THREAD_GIL_EXIT();
    usocket_py_resume(USOCKET_EINTR, exc);
    return *exc != MP_OBJ_NULL ? USOCKET_EINTR : 0;
}

/* The object may be shorter, or elsewhere in memory. With nothing left data->buf keeps its old value, which the caller
 * must not use, since data->len is 0. */
bool usocket_py_refetch(mp_obj_t obj, mp_buffer_info_t *data, size_t off, mp_uint_t access, mp_obj_t *exc) {
    mp_buffer_info_t now;
    size_t left = mp_get_buffer(obj, &now, access) && now.len > off ? now.len - off : 0;
    bool whole = left >= data->len;
    if (left != 0) {
        data->buf = (byte *)now.buf + off;
    }
    data->len = whole ? data->len : left;
    if (!whole) {
        mp_obj_t error =
            mp_obj_new_exception_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("the buffer was made shorter meanwhile"));
        if (exc == NULL) {
            nlr_raise(error);
        }
        *exc = error;
    }
    return whole;
}

#if USOCKET_PY_MOVES

int usocket_py_wait_to_use(usocket_t *s, mp_uint_t access, usocket_time_t deadline, int r, mp_obj_t *exc) {
    if (r != USOCKET_EAGAIN || deadline == USOCKET_NOW) {
        return r;
    }
    if (usocket_py_is_late(deadline)) {
        return USOCKET_ETIMEDOUT;
    }
    int waited;
    USOCKET_CALL(
        waited, exc, access == MP_BUFFER_WRITE ? usocket_readable_by(s, deadline) : usocket_writable_by(s, deadline));
    return waited == 0 ? USOCKET_EINTR : waited;
}

bool usocket_py_shake_hands(usocket_t *s, usocket_time_t deadline, mp_obj_t *exc) {
#if USOCKET_TLS
    if (s->proto == USOCKET_PROTO_SEC) {
        int r;
        USOCKET_CALL(r, exc, usocket_tls_handshake_by(s, deadline));
        return true;
    }
#else
    (void)s, (void)deadline, (void)exc;
#endif
    return false;
}

usocket_time_t usocket_py_use_begin(usocket_py_use_t *use) {
    usocket_py_check_stack();
    use->moves = usocket_py_can_move(use->obj);
    if (use->moves && usocket_py_shake_hands(use->s, use->deadline, NULL)) {
        usocket_py_refetch(use->obj, use->data, use->off, use->access, NULL);
    }
    return use->moves ? USOCKET_NOW : use->deadline;
}

int usocket_py_use_end(usocket_py_use_t *use, int r) {
    if (use->moves) {
        r = usocket_py_wait_to_use(use->s, use->access, use->deadline, r, NULL);
    } else if (!usocket_py_resume(r, NULL)) {
        return r;
    }
    if (r == USOCKET_EINTR) {
        usocket_py_refetch(use->obj, use->data, use->off, use->access, NULL);
    }
    return r;
}

#endif

/* The address of a local variable stands for the stack pointer. */
void usocket_py_check_stack(void) {
#if MICROPY_STACK_CHECK
    char *volatile here = (char *)&here;
    if ((size_t)(MP_STATE_THREAD(stack_top) - here) + USOCKET_PY_STACK > MP_STATE_THREAD(stack_limit)) {
        mp_raise_recursion_depth();
    }
#endif
}

bool usocket_py_is_shortage(int code) {
    return code == USOCKET_EMFILE || code == USOCKET_ENFILE || code == USOCKET_ENOBUFS || code == USOCKET_ENOMEM ||
        code == USOCKET_EADDRINUSE || code == USOCKET_EADDRNOTAVAIL;
}

/* The finalisers of unreachable sockets run in gc_collect, and close them. */
bool usocket_py_collect_for(int code, bool *collected) {
    if (*collected || !usocket_py_is_shortage(code)) {
        return false;
    }
    *collected = true;
    gc_collect();
    return true;
}

/* An exception during the wait is kept until the socket is closed. Once a wait has failed, the rest of close must
 * not wait again. */
int usocket_py_close(usocket_t *s) {
    mp_obj_t exc = MP_OBJ_NULL;
    int r = 0;
#if USOCKET_TLS /* A plain socket's close has no wait that could be interrupted. */
    const usocket_time_t most = (usocket_time_t)USOCKET_TLS_CLOSE_MS * 1000;
    usocket_time_t timeout = usocket_gettimeout(s);
    usocket_time_t deadline = usocket_deadline_in(timeout >= 0 && timeout < most ? timeout : most);
    USOCKET_CALL(r, &exc, usocket_close_wait(s, deadline));
#endif
    MP_THREAD_GIL_EXIT();
    r = r < 0 ? usocket_drop(s) : usocket_close(s);
    MP_THREAD_GIL_ENTER();
    usocket_py_reraise(exc);
    return r == USOCKET_EBADF ? r : 0;
}

/* Without a lock to release the exception needs no handler. */
mp_obj_t usocket_py_call_and_unlock(
    usocket_py_lock_t *lock, usocket_py_method_t call, size_t n_args, const mp_obj_t *args) {
#if MICROPY_PY_THREAD && !MICROPY_PY_THREAD_GIL
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_obj_t r = call(n_args, args);
        nlr_pop();
        usocket_py_unlock(lock);
        return r;
    }
    usocket_py_unlock(lock);
    nlr_jump(nlr.ret_val);
#else
    (void)lock;
    return call(n_args, args);
#endif
}

mp_obj_t usocket_py_locked(usocket_py_lock_t *lock, usocket_py_method_t call, size_t n_args, const mp_obj_t *args) {
    usocket_py_lock(lock);
    return usocket_py_call_and_unlock(lock, call, n_args, args);
}
