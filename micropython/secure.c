/* The argument `ssl` of create_connection and create_server.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py_usocket.h"
#include "usocket/tls.h"

#if USOCKET_PY_EXTRAS

bool usocket_py_wants_tls(mp_obj_t ssl, bool server, qstr what) {
    if (ssl == mp_const_none || ssl == mp_const_false) {
        return false;
    }
    bool options = mp_obj_is_type(ssl, &mp_type_dict);
    if (!options && ssl != mp_const_true) {
        mp_raise_TypeError(MP_ERROR_TEXT("ssl must be True or a dict {TLS_*: value}"));
    }
    if (!USOCKET_TLS) {
        usocket_py_raise(USOCKET_EPROTONOSUPPORT, what, NULL);
    }
    if (server && (!options || mp_obj_dict_get_map(ssl)->used == 0)) {
        mp_raise_ValueError(MP_ERROR_TEXT("ssl: a server needs TLS_OWN_CERT and TLS_OWN_KEY"));
    }
    return true;
}

#if USOCKET_TLS

/* Through the method setsockopt, which converts the values; the order is the dict's. */
void usocket_py_tls_options(socket_obj_t *self, mp_obj_t ssl) {
    if (ssl == mp_const_true) {
        return;
    }
    mp_obj_t call[5];
    const mp_map_t *map = mp_obj_dict_get_map(ssl);
    for (size_t i = 0; i < map->alloc; i++) {
        if (mp_map_slot_is_filled(map, i)) {
            mp_load_method(MP_OBJ_FROM_PTR(self), MP_QSTR_setsockopt, call);
            call[2] = MP_OBJ_NEW_SMALL_INT(USOCKET_SOL_TLS);
            call[3] = map->table[i].key;
            call[4] = map->table[i].value;
            mp_call_method_n_kw(3, 0, call);
        }
    }
}

/* The options are set through the method setsockopt, so that they accept the same values as there. */
static void set_up_and_handshake(socket_obj_t *self, mp_obj_t ssl, const char *host, usocket_time_t deadline) {
    if (host != NULL) {
        usocket_py_check(usocket_tls_name(&self->sock, host, strlen(host)), MP_QSTR_create_connection);
    }
    usocket_py_tls_options(self, ssl);
    int r;
    USOCKET_CALL_RAISE(r, usocket_tls_handshake_by(&self->sock, deadline));
    usocket_py_check_socket(&self->sock, r, MP_QSTR_create_connection, NULL);
}

/* The descriptor changes from a plain record to one with TLS. In between self is closed, but nothing there can
 * raise. */
void usocket_py_start_tls(socket_obj_t *self, mp_obj_t ssl, const char *host, usocket_time_t deadline) {
    usocket_t *s = &self->sock;
    int family = s->family;
    int fd = usocket_detach(s);
    int r = usocket_adopt(s, fd, family, USOCKET_STREAM, USOCKET_PROTO_SEC);
    if (r < 0) {
        (void)usocket_adopt(s, fd, family, USOCKET_STREAM, 0); /* The handler below closes it. */
    }
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        usocket_py_check(r, MP_QSTR_create_connection);
        set_up_and_handshake(self, ssl, host, deadline);
        nlr_pop();
        return;
    }
    usocket_close(s);
    nlr_raise(MP_OBJ_FROM_PTR(nlr.ret_val));
}

#endif

#endif
