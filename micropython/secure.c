/* The argument `ssl` of create_connection and create_server.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py_usocket.h"
#include "usocket/tls.h"

#if USOCKET_PY_EXTRAS

static MP_NORETURN void raise_ssl(void) {
    mp_raise_TypeError(MP_ERROR_TEXT("ssl must be True or a dict {TLS_*: value}"));
}

bool usocket_py_wants_tls(mp_obj_t ssl, bool server, qstr what) {
    if (ssl == mp_const_none || ssl == mp_const_false) {
        return false;
    }
    bool options = mp_obj_is_type(ssl, &mp_type_dict);
    if (!options && ssl != mp_const_true) {
        raise_ssl();
    }
    if (!USOCKET_TLS) {
        usocket_py_raise_cause(USOCKET_EPROTONOSUPPORT, what, NULL, "this build has no TLS");
    }
    if (server && (!options || mp_obj_dict_get_map(ssl)->used == 0)) {
        mp_raise_ValueError(MP_ERROR_TEXT("a server needs TLS_OWN_CERT and TLS_OWN_KEY, or TLS_PSK"));
    }
    return true;
}

#if USOCKET_TLS

/* The order is the dict's. */
void usocket_py_tls_options(socket_obj_t *self, mp_obj_t ssl, bool server, qstr what) {
    const mp_map_t *map = ssl != mp_const_true ? mp_obj_dict_get_map(ssl) : NULL;
    for (size_t i = 0; map != NULL && i < map->alloc; i++) {
        if (mp_map_slot_is_filled(map, i)) {
            mp_obj_t name = map->table[i].key;
            if (!mp_obj_is_int(name)) {
                raise_ssl();
            }
            usocket_py_set_option(self, USOCKET_SOL_TLS, usocket_py_int(name, MP_QSTR_ssl), map->table[i].value, what);
        }
    }
    usocket_py_check_socket(&self->sock, usocket_tls_check(&self->sock, server), what, NULL);
}

/* The collector frees the session if the program's values are refused, or the connection fails. */
socket_obj_t *usocket_py_prepare_tls(mp_obj_t ssl, const char *host, qstr what) {
    socket_obj_t *self = usocket_py_new_socket(&mod_usocket_socket_type);
    int r;
    USOCKET_CALL_COLLECT(r, usocket_open(&self->sock, USOCKET_AF_INET, USOCKET_STREAM, USOCKET_PROTO_SEC));
    usocket_py_check(r, what);
    if (host != NULL) {
        usocket_py_check(usocket_tls_name(&self->sock, host, strlen(host)), what);
    }
    usocket_py_tls_options(self, ssl, false, what);
    usocket_tls_move(&self->sock, USOCKET_AF_INET, -1);
    return self;
}

void usocket_py_start_tls(
    socket_obj_t *self, socket_obj_t *plain, const usocket_addr_t *peer, usocket_time_t deadline, qstr what) {
    usocket_t *s = &self->sock;
    int family = plain->sock.family;
    int fd = usocket_detach(&plain->sock);
    usocket_py_check(fd, what);
    usocket_tls_move(s, family, fd);
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        int r;
        USOCKET_CALL_RAISE(r, usocket_tls_handshake_by(s, deadline));
        usocket_py_check_socket(s, r, what, peer);
        nlr_pop();
        return;
    }
    usocket_close(s);
    nlr_raise(MP_OBJ_FROM_PTR(nlr.ret_val));
}

#endif

#endif
