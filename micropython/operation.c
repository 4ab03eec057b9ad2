/* The methods and the stream protocol of operations that go on between calls, resolver and dialer.
 *
 * SPDX-License-Identifier: MIT
 */
#include "operation.h"

#if USOCKET_NAMES && USOCKET_ASYNC && USOCKET_PY_EXTRAS

/* `open` stays false until the caller has begun the operation, so the finaliser of a half-made one ends nothing. */
void *usocket_py_new_operation(size_t size, const mp_obj_type_t *type, const usocket_py_calls_t *calls) {
    usocket_py_ensure_interrupts();
    usocket_py_check_stack();
    usocket_py_operation_t *self = usocket_new_with_finaliser(size, type);
    usocket_py_lock_init(&self->lock);
    self->calls = calls;
    return self;
}

/* Also the finaliser. Closing twice is no error. */
static mp_obj_t operation_close(mp_obj_t self_in) {
    usocket_py_operation_t *self = MP_OBJ_TO_PTR(self_in);
    usocket_py_lock(&self->lock);
    if (self->open) {
        self->open = false;
        self->calls->end(self);
    }
    usocket_py_unlock(&self->lock);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(operation_close_obj, operation_close);

static mp_obj_t operation_exit(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return operation_close(args[0]);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(operation_exit_obj, 4, 4, operation_exit);

/* A closed operation raises EBADF, an unfinished one EAGAIN. */
static mp_obj_t result_locked(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    usocket_py_operation_t *self = MP_OBJ_TO_PTR(args[0]);
    if (!self->open) {
        usocket_py_raise_closed(self->calls->name);
    }
    int code = self->calls->advance(self);
    if (code == USOCKET_EAGAIN) {
        mp_raise_OSError(MP_EAGAIN);
    }
    return self->calls->result(self, code);
}

static mp_obj_t operation_result(mp_obj_t self_in) {
    usocket_py_operation_t *self = MP_OBJ_TO_PTR(self_in);
    return usocket_py_locked(&self->lock, result_locked, 1, &self_in);
}
static MP_DEFINE_CONST_FUN_OBJ_1(operation_result_obj, operation_result);

/* The operation is advanced by each poll, so an event loop needs no other call until it is ready. */
static mp_uint_t ioctl_locked(usocket_py_operation_t *self, mp_uint_t request, uintptr_t arg, int *errcode) {
    if (request == MP_STREAM_POLL) {
        if (!self->open) {
            return usocket_py_mask(USOCKET_POLL_NVAL);
        }
        return self->calls->advance(self) == USOCKET_EAGAIN ? 0 : arg & MP_STREAM_POLL_RD;
    }
#ifdef MP_STREAM_GET_FILENO
    if (request == MP_STREAM_GET_FILENO && mod_usocket_numbers.descriptors && self->open) {
        int fd = self->calls->handle(self);
        if (fd >= 0) {
            return (mp_uint_t)fd;
        }
    }
#endif
    *errcode = MP_EINVAL; /* No descriptor: pollers ask with MP_STREAM_POLL then. */
    return MP_STREAM_ERROR;
}

static mp_uint_t operation_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    usocket_py_operation_t *self = MP_OBJ_TO_PTR(self_in);
    if (request == MP_STREAM_CLOSE) {
        operation_close(self_in);
        return 0;
    }
    usocket_py_lock(&self->lock);
    mp_uint_t r = ioctl_locked(self, request, arg, errcode);
    usocket_py_unlock(&self->lock);
    return r;
}

const mp_stream_p_t usocket_py_operation_stream = {
    .ioctl = operation_ioctl,
};

static const mp_rom_map_elem_t operation_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&operation_close_obj)},
    {MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&mp_identity_obj)},
    {MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&operation_exit_obj)},
    {MP_ROM_QSTR(MP_QSTR_result), MP_ROM_PTR(&operation_result_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&operation_close_obj)},
};
MP_DEFINE_CONST_DICT(usocket_py_operation_locals, operation_locals_table);

#endif
