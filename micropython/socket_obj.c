/* Construction and closing of socket objects.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py_usocket.h"

usocket_time_t mod_usocket_default_timeout = USOCKET_FOREVER;

socket_obj_t *usocket_py_new_socket(const mp_obj_type_t *type) {
    usocket_py_check_stack();
    /* Closed before anything can raise, so that the finaliser finds nothing to close. */
    socket_obj_t *self = usocket_new_with_finaliser(sizeof(*self), type);
    self->sock.fd = self->sock.io = -1; /* usocket_init, of memory that is zero */
    self->sock.users = USOCKET_CLOSED_FLAG;
#if USOCKET_PY_LOCKS
    usocket_py_lock_init(&self->watching);
#endif
    usocket_py_ensure_interrupts();
    return self;
}

void usocket_py_check_kind(int code, qstr what, int family, int type, int proto) {
    if (USOCKET_WORDS && code < 0 && !usocket_py_is_shortage(code)) {
        usocket_py_raise_values(code, what, "family %d, type %d, proto %d", family, type, proto);
    }
}

mp_obj_t usocket_py_finish_open(socket_obj_t *self, int code, qstr what) {
    usocket_py_check(code, what);
    usocket_settimeout(&self->sock, mod_usocket_default_timeout);
    return MP_OBJ_FROM_PTR(self);
}

/* The handler's watch goes first: it shares the connection, which would stay open otherwise. Pollers look again
 * afterwards, when the socket is closed. */
int usocket_py_close_socket(socket_obj_t *self, bool wait) {
    usocket_py_set_handler(self, MP_OBJ_NULL);
    int r = wait ? usocket_py_close(&self->sock) : usocket_drop(&self->sock);
    usocket_py_changed(self);
    return r;
}

#if USOCKET_PY_EXTRAS

int usocket_py_detach(socket_obj_t *self) {
    usocket_py_set_handler(self, MP_OBJ_NULL);
    int fd = usocket_detach(&self->sock);
    usocket_py_changed(self);
    return fd;
}

/* Nothing can raise between the adoption and the close of a descriptor that was refused. */
void usocket_py_adopt(socket_obj_t *self, int fd, int family, int type, int proto, qstr what, int number) {
    int r = usocket_adopt(&self->sock, fd, family, type, proto);
    if (r < 0) {
        usocket_close_fd(fd);
        usocket_py_raise_number(r, what, number);
    }
    usocket_py_finish_open(self, r, what);
}

socket_obj_t *usocket_py_new_copy(const mp_obj_type_t *type, int fd, int family, int kind, int proto, qstr what) {
    socket_obj_t *self = usocket_py_new_socket(type);
    int copy;
    USOCKET_CALL_COLLECT(copy, usocket_dup(fd));
    if (copy < 0) {
        usocket_py_raise_number(copy, what, fd);
    }
    usocket_py_adopt(self, copy, family, kind, proto, what, fd);
    return self;
}

#endif
