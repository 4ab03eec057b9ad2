/* The stream protocol's read with the API of MicroPython 1.13: an exception that becomes pending at any moment while a wait is
 * interrupted is neither raised inside the wait nor lost.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py_usocket.h"

#include <stdio.h>
#include <stdlib.h>

struct compat_state mp_state_ctx;
static nlr_buf_t *top;
static int waits, scheduled;
static bool late;
static int an_exception;

mp_uint_t compat_lock(void) {
    return 0;
}

void compat_unlock(mp_uint_t state) {
    (void)state;
}

void compat_gil(bool take) {
    (void)take;
}

unsigned nlr_push_tail(nlr_buf_t *nlr) {
    top = nlr;
    return 0;
}

void nlr_pop(void) {
    top = NULL;
}

void nlr_jump(void *val) {
    if (top == NULL) {
        printf("FAIL  an exception is raised through the caller's frames\n");
        exit(1);
    }
    nlr_buf_t *to = top;
    top = NULL;
    to->ret_val = val;
    longjmp(to->jmpbuf, 1);
}

/* mp_handle_pending of 1.13, with a Ctrl-C at its start. */
void mp_handle_pending(bool raise_exc) {
    if (late) {
        late = false;
        MP_STATE_VM(mp_pending_exception) = &an_exception;
    }
    mp_obj_t e = MP_STATE_VM(mp_pending_exception);
    if (e != MP_OBJ_NULL) {
        MP_STATE_VM(mp_pending_exception) = MP_OBJ_NULL;
        MP_STATE_VM(sched_state) = MP_SCHED_IDLE;
        if (raise_exc) {
            nlr_raise(e);
        }
    }
    scheduled++;
}

usocket_time_t usocket_deadline(const usocket_t *s) {
    (void)s;
    return 1;
}

int32_t usocket_recv_by(usocket_t *s, void *buf, size_t len, int flags, usocket_addr_t *from, usocket_time_t deadline) {
    (void)s, (void)buf, (void)len, (void)flags, (void)from, (void)deadline;
    return waits++ == 0 ? USOCKET_EINTR : 3;
}

int32_t usocket_send_by(
    usocket_t *s, const void *buf, size_t len, int flags, const usocket_addr_t *to, usocket_time_t deadline) {
    (void)to;
    return usocket_recv_by(s, (void *)buf, len, flags, NULL, deadline);
}

static int check(const char *what, bool good) {
    printf("%-5s %s\n", good ? "ok" : "FAIL", what);
    return !good;
}

static mp_uint_t run(mp_obj_t before, bool in_the_middle, int *error) {
    waits = scheduled = 0;
    late = in_the_middle;
    MP_STATE_VM(mp_pending_exception) = before;
    MP_STATE_VM(sched_state) = MP_SCHED_PENDING;
    usocket_t s;
    memset(&s, 0, sizeof(s));
    char buf[3];
    return usocket_py_protocol_read(&s, buf, sizeof(buf), error);
}

int main(void) {
    int failed = 0, error = 0;
    mp_uint_t r = run(MP_OBJ_NULL, false, &error);
    failed += check("a scheduled function is run, and the read goes on", r == 3 && scheduled == 1);
    r = run(&an_exception, false, &error);
    failed += check("an exception that waits ends the read", r == MP_STREAM_ERROR && error == MP_EAGAIN);
    failed += check("and goes on waiting", MP_STATE_VM(mp_pending_exception) == &an_exception && waits == 1);
    r = run(MP_OBJ_NULL, true, &error);
    failed += check(
        "one that comes between the look and the scheduler ends it, too", r == MP_STREAM_ERROR && error == MP_EAGAIN);
    failed += check("and waits then", MP_STATE_VM(mp_pending_exception) == &an_exception && waits == 1);
    failed += check("where the interpreter looks for it", MP_STATE_VM(sched_state) == MP_SCHED_PENDING);
    return failed != 0;
}
