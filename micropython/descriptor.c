/* class socket: the methods on its descriptor, detach, fileno, dup and inheritance.
 *
 * SPDX-License-Identifier: MIT
 */
#include "methods.h"

#if USOCKET_PY_EXTRAS

static mp_obj_t socket_detach(mp_obj_t self_in) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    /* Checked before the handler is removed: a socket that is not detached keeps it. */
    if (usocket_unread_len(&self->sock) != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("received data have to be read before detach"));
    }
    int fd = usocket_py_detach(self);
    return MP_OBJ_NEW_SMALL_INT(fd < 0 ? -1 : fd); /* A closed socket returns -1, as in CPython. */
}
MP_DEFINE_CONST_FUN_OBJ_1(usocket_py_detach_obj, socket_detach);

static mp_obj_t socket_fileno(mp_obj_t self_in) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return MP_OBJ_NEW_SMALL_INT(usocket_fileno(&self->sock));
}
MP_DEFINE_CONST_FUN_OBJ_1(usocket_py_fileno_obj, socket_fileno);

static mp_obj_t socket_dup(mp_obj_t self_in) {
    const socket_obj_t *from_obj = MP_OBJ_TO_PTR(self_in);
    const usocket_t *from = &from_obj->sock;
    usocket_py_check_open(from, MP_QSTR_dup);
    if (from->proto == USOCKET_PROTO_SEC) {
        usocket_py_raise_cause(USOCKET_EOPNOTSUPP, MP_QSTR_dup, NULL, "two sockets cannot share the keys of TLS");
    }
    /* While bytes are put back, fd may be a stand-in that polls readable; io is the socket. */
    socket_obj_t *self =
        usocket_py_new_copy(from_obj->base.type, from->io, from->family, from->type, from->proto, MP_QSTR_dup);
    usocket_settimeout(&self->sock, usocket_gettimeout(from));
    return MP_OBJ_FROM_PTR(self);
}
MP_DEFINE_CONST_FUN_OBJ_1(usocket_py_dup_obj, socket_dup);

/* The flag FD_CLOEXEC as CPython names it; `on` is -1 to read it. */
static int socket_inheritable(mp_obj_t self_in, int on, qstr what) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    usocket_py_check_open(&self->sock, what);
    int r = mod_usocket_inheritable(usocket_fileno(&self->sock), on);
    usocket_py_check(r, what);
    return r;
}

static mp_obj_t socket_get_inheritable(mp_obj_t self_in) {
    return mp_obj_new_bool(socket_inheritable(self_in, -1, MP_QSTR_get_inheritable));
}
MP_DEFINE_CONST_FUN_OBJ_1(usocket_py_get_inheritable_obj, socket_get_inheritable);

static mp_obj_t socket_set_inheritable(mp_obj_t self_in, mp_obj_t on_in) {
    socket_inheritable(self_in, mp_obj_is_true(on_in), MP_QSTR_set_inheritable);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(usocket_py_set_inheritable_obj, socket_set_inheritable);

#endif
