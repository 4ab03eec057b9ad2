/* resolver: a lookup that an event loop can wait for.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py_usocket.h"
#include "functions.h"

#if USOCKET_NAMES && USOCKET_ASYNC && USOCKET_PY_EXTRAS

typedef struct {
    mp_obj_base_t base;
    usocket_py_lock_t lock;
    usocket_lookup_t *lookup; /* NULL: closed */
    mp_obj_t host;            /* for messages */
} resolver_obj_t;

static mp_obj_t resolver_close(mp_obj_t self_in) {
    resolver_obj_t *self = MP_OBJ_TO_PTR(self_in);
    usocket_py_lock(&self->lock);
    usocket_lookup_t *lookup = self->lookup;
    self->lookup = NULL;
    usocket_py_unlock(&self->lock);
    usocket_lookup_free(lookup);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(resolver_close_obj, resolver_close);

static mp_obj_t resolver_exit(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return resolver_close(args[0]);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(resolver_exit_obj, 4, 4, resolver_exit);

static mp_obj_t do_result(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    resolver_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    usocket_py_check(self->lookup == NULL ? USOCKET_EBADF : 0, MP_QSTR_resolver);
    int r = usocket_lookup_wait(self->lookup, USOCKET_NOW);
    if (r == USOCKET_EAGAIN) {
        mp_raise_OSError(MP_EAGAIN);
    }
    if (r < 0) {
        usocket_py_raise_name(
            r, MP_QSTR_resolver, self->host == mp_const_none ? "None" : mp_obj_str_get_str(self->host));
    }
    return usocket_py_answers(self->lookup);
}

static mp_obj_t resolver_result(mp_obj_t self_in) {
    resolver_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return usocket_py_locked(&self->lock, do_result, 1, &self_in);
}
static MP_DEFINE_CONST_FUN_OBJ_1(resolver_result_obj, resolver_result);

/* Under the lock. */
static mp_uint_t ask(resolver_obj_t *self, mp_uint_t request, uintptr_t arg, int *errcode) {
    if (request == MP_STREAM_POLL) {
        if (self->lookup == NULL) {
            return usocket_py_mask(USOCKET_POLL_NVAL);
        }
        return usocket_lookup_wait(self->lookup, USOCKET_NOW) == USOCKET_EAGAIN ? 0 : arg & MP_STREAM_POLL_RD;
    }
#ifdef MP_STREAM_GET_FILENO
    if (request == MP_STREAM_GET_FILENO && mod_usocket_numbers.descriptors && self->lookup != NULL) {
        int r = usocket_lookup_handle(self->lookup);
        if (r >= 0) {
            return (mp_uint_t)r;
        }
    }
#endif
    *errcode = MP_EINVAL; /* who polls asks us then, with MP_STREAM_POLL */
    return MP_STREAM_ERROR;
}

static mp_uint_t resolver_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    resolver_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (request == MP_STREAM_CLOSE) {
        resolver_close(self_in);
        return 0;
    }
    usocket_py_lock(&self->lock);
    mp_uint_t r = ask(self, request, arg, errcode);
    usocket_py_unlock(&self->lock);
    return r;
}

static const mp_stream_p_t resolver_stream = {
    .ioctl = resolver_ioctl,
};

static const mp_rom_map_elem_t resolver_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&resolver_close_obj)},
    {MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&mp_identity_obj)},
    {MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&resolver_exit_obj)},
    {MP_ROM_QSTR(MP_QSTR_result), MP_ROM_PTR(&resolver_result_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&resolver_close_obj)},
};
static MP_DEFINE_CONST_DICT(resolver_locals, resolver_locals_table);

static USOCKET_PLAIN_STREAM_TYPE(resolver_type, MP_QSTR_resolver, &resolver_stream, &resolver_locals);

static mp_obj_t mod_usocket_resolver(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    char host[USOCKET_HOST_MAX];
    char service[USOCKET_SERVICE_MAX];
    usocket_query_t q;
    mp_obj_t name = usocket_py_query(n_args, pos_args, kw_args, &q, host, service, MP_QSTR_resolver);
    usocket_py_ensure_interrupts();
    usocket_py_check_stack();
    resolver_obj_t *self = usocket_new_with_finaliser(sizeof(*self), &resolver_type);
    usocket_py_lock_init(&self->lock);
    self->host = q.host == NULL ? name : mp_obj_new_str(host, strlen(host));
    bool collected = false;
    int r;
    do {
        r = usocket_lookup_start(&self->lookup, &q);
    } while (usocket_py_collect(r, &collected));
    if (r < 0) {
        usocket_py_raise_name(r, MP_QSTR_resolver, q.host != NULL ? host : "None");
    }
    return MP_OBJ_FROM_PTR(self);
}
MP_DEFINE_CONST_FUN_OBJ_KW(mod_usocket_resolver_obj, 0, mod_usocket_resolver);

#endif
