/* resolver: a lookup that an event loop waits for.
 *
 * SPDX-License-Identifier: MIT
 */
#include "functions.h"
#include "operation.h"

#if USOCKET_NAMES && USOCKET_ASYNC && USOCKET_PY_EXTRAS

typedef struct {
    usocket_py_operation_t op;
    usocket_lookup_t *lookup;
    mp_obj_t host; /* The host argument, for messages. */
} resolver_obj_t;

static int resolver_advance(void *self_in) {
    resolver_obj_t *self = self_in;
    return usocket_lookup_wait(self->lookup, USOCKET_NOW);
}

static int resolver_handle(void *self_in) {
    resolver_obj_t *self = self_in;
    return usocket_lookup_handle(self->lookup);
}

static mp_obj_t resolver_result(void *self_in, int code) {
    resolver_obj_t *self = self_in;
    if (code < 0) {
        usocket_py_raise_lookup(
            code, MP_QSTR_resolver, self->host == mp_const_none ? NULL : mp_obj_str_get_str(self->host), NULL);
    }
    return usocket_py_answers(self->lookup);
}

static void resolver_end(void *self_in) {
    resolver_obj_t *self = self_in;
    usocket_lookup_free(self->lookup);
}

static const usocket_py_calls_t resolver_calls = {
    .name = MP_QSTR_resolver,
    .advance = resolver_advance,
    .handle = resolver_handle,
    .result = resolver_result,
    .end = resolver_end,
};

static USOCKET_PLAIN_STREAM_TYPE(
    resolver_type, MP_QSTR_resolver, &usocket_py_operation_stream, &usocket_py_operation_locals);

/* The host is copied, because the messages need it after the argument may have changed. */
static mp_obj_t mod_usocket_resolver(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    char host[USOCKET_HOST_MAX];
    char service[USOCKET_SERVICE_MAX];
    usocket_query_t q;
    mp_obj_t name = usocket_py_query_args(n_args, pos_args, kw_args, &q, host, service, MP_QSTR_resolver);
    resolver_obj_t *self = usocket_py_new_operation(sizeof(*self), &resolver_type, &resolver_calls);
    self->host = q.host == NULL ? name : mp_obj_new_str(host, strlen(host));
    int r;
    USOCKET_CALL_COLLECT(r, usocket_lookup_start(&self->lookup, &q));
    if (r < 0) {
        usocket_py_raise_lookup(r, MP_QSTR_resolver, q.host, q.service);
    }
    self->op.open = true;
    return MP_OBJ_FROM_PTR(self);
}
MP_DEFINE_CONST_FUN_OBJ_KW(mod_usocket_resolver_obj, 0, mod_usocket_resolver);

#endif
