/* class socket: do_handshake, values of TLS options, and the methods of CPython's ssl.SSLSocket.
 *
 * SPDX-License-Identifier: MIT
 */
#include "methods.h"

#if USOCKET_TLS

#include "usocket/tls.h"

/* Not needed before a send or a receive, which make the handshake themselves. */
static mp_obj_t socket_do_handshake(mp_obj_t self_in) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    usocket_time_t deadline = usocket_deadline(&self->sock);
    int r;
    USOCKET_CALL_RAISE(r, usocket_tls_handshake_by(&self->sock, deadline));
    if (r == USOCKET_ENOPROTOOPT) {
        usocket_py_raise_cause(r, MP_QSTR_do_handshake, NULL, USOCKET_PY_NOT_TLS);
    }
    usocket_py_check_socket(&self->sock, r, MP_QSTR_do_handshake, NULL);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(usocket_py_do_handshake_obj, socket_do_handshake);

mp_obj_t usocket_py_tls_list(int name, mp_obj_t list) {
    if (name != USOCKET_TLS_ALPN_LIST && name != USOCKET_TLS_CIPHERSUITE_LIST) {
        mp_raise_TypeError(MP_ERROR_TEXT("only TLS_ALPN_LIST and TLS_CIPHERSUITE_LIST can be a list"));
    }
    size_t n;
    mp_obj_t *items;
    mp_obj_get_array(list, &n, &items);
    vstr_t all;
    vstr_init(&all, 32);
    for (size_t i = 0; i < n; i++) {
        mp_buffer_info_t item;
        if (!mp_get_buffer(items[i], &item, MP_BUFFER_READ)) {
            mp_raise_TypeError(MP_ERROR_TEXT("a list of str or bytes is wanted"));
        }
        if (item.len == 0 || memchr(item.buf, ',', item.len) != NULL || memchr(item.buf, ' ', item.len) != NULL) {
            mp_raise_ValueError(
                MP_ERROR_TEXT("a name in a list of TLS can be neither empty nor hold a comma or a space"));
        }
        if (i != 0) {
            vstr_add_byte(&all, ',');
        }
        vstr_add_strn(&all, item.buf, item.len);
    }
    return usocket_bytes_from_vstr(&all);
}

/* True for the options with an int as value. */
static bool is_number_option(int name) {
    return name == USOCKET_TLS_CIPHERSUITE_USED || name == USOCKET_TLS_PEER_VERIFY ||
        name == USOCKET_TLS_SESSION_CACHE || name == USOCKET_TLS_MIN_VERSION || name == USOCKET_TLS_MAX_VERSION ||
        name == USOCKET_TLS_VERSION_USED || name == USOCKET_TLS_MAX_FRAGMENT || name == USOCKET_TLS_ROLE;
}

/* True for the options with a text, a certificate or a key as value. */
static bool is_text_option(int name) {
    return name == USOCKET_TLS_HOSTNAME || name == USOCKET_TLS_CIPHERSUITE_LIST || name == USOCKET_TLS_ALPN_LIST ||
        (name >= USOCKET_TLS_CA_CERT && name <= USOCKET_TLS_OWN_KEY) || name == USOCKET_TLS_PSK ||
        name == USOCKET_TLS_PSK_IDENTITY;
}

void usocket_py_tls_check_value(int name, mp_obj_t value) {
    if (is_text_option(name) && (mp_obj_is_int(value) || mp_obj_is_bool(value))) {
        usocket_py_raise_type(MP_QSTR_value, USOCKET_PY_A_TEXT, value);
    }
    if (is_number_option(name) && mp_obj_is_str(value)) {
        usocket_py_raise_type(MP_QSTR_value, "an int", value);
    }
}

#if USOCKET_PY_EXTRAS

/* The length is asked first, then the value fetched: certificates as bytes, other values as str where they are
 * UTF-8. */
static mp_obj_t whole_option(socket_obj_t *self, int name, qstr what) {
    size_t len = 0;
    usocket_py_check(usocket_getsockopt(&self->sock, USOCKET_SOL_TLS, name, NULL, &len), what);
    vstr_t v;
    vstr_init_len(&v, len);
    usocket_py_check(usocket_getsockopt(&self->sock, USOCKET_SOL_TLS, name, v.buf, &v.len), what);
    bool bytes = name == USOCKET_TLS_CA_CERT || name == USOCKET_TLS_OWN_CERT || name == USOCKET_TLS_PEER_CERT;
    return bytes || !usocket_is_utf8(v.buf, v.len) ? usocket_bytes_from_vstr(&v) : usocket_str_from_vstr(&v);
}

mp_obj_t usocket_py_tls_option(socket_obj_t *self, int name) {
    return is_number_option(name) ? MP_OBJ_NULL : whole_option(self, name, MP_QSTR_getsockopt);
}

/* ---- Methods of ssl.SSLSocket ------------------------------------------------------------------------------------ */

/* The negotiated version; 0 before the handshake and without TLS. */
static int tls_version_of(socket_obj_t *self) {
    int version = 0;
    size_t len = sizeof(version);
    if (self->sock.proto != USOCKET_PROTO_SEC ||
        usocket_getsockopt(&self->sock, USOCKET_SOL_TLS, USOCKET_TLS_VERSION_USED, &version, &len) < 0) {
        return 0;
    }
    return version;
}

static mp_obj_t version_text(int version) {
    return mp_obj_new_str(version == USOCKET_TLS_1_3 ? "TLSv1.3" : "TLSv1.2", 7);
}

static mp_obj_t socket_version(mp_obj_t self_in) {
    int version = tls_version_of(MP_OBJ_TO_PTR(self_in));
    return version != 0 ? version_text(version) : mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(usocket_py_version_obj, socket_version);

/* The tuple (name, version, bits of the key), as in CPython; the bits follow from the name. */
static mp_obj_t socket_cipher(mp_obj_t self_in) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    int version = tls_version_of(self);
    char name[64];
    size_t len = sizeof(name) - 1;
    if (version == 0 ||
        usocket_getsockopt(&self->sock, USOCKET_SOL_TLS, USOCKET_TLS_CIPHERSUITE_USED, name, &len) < 0) {
        return mp_const_none;
    }
    name[len] = '\0';
    int bits = strstr(name, "_256_") != NULL || strstr(name, "_CHACHA20_") != NULL ? 256 : 128;
    mp_obj_t items[3] = {mp_obj_new_str(name, len), version_text(version), MP_OBJ_NEW_SMALL_INT(bits)};
    return mp_obj_new_tuple(3, items);
}
MP_DEFINE_CONST_FUN_OBJ_1(usocket_py_cipher_obj, socket_cipher);

static mp_obj_t socket_selected_alpn_protocol(mp_obj_t self_in) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    size_t len = 0;
    if (tls_version_of(self) == 0 ||
        usocket_getsockopt(&self->sock, USOCKET_SOL_TLS, USOCKET_TLS_ALPN_USED, NULL, &len) < 0 || len == 0) {
        return mp_const_none;
    }
    return whole_option(self, USOCKET_TLS_ALPN_USED, MP_QSTR_selected_alpn_protocol);
}
MP_DEFINE_CONST_FUN_OBJ_1(usocket_py_selected_alpn_protocol_obj, socket_selected_alpn_protocol);

/* Only the DER is available. Without binary_form a verified certificate raises, since CPython would take it apart. */
static mp_obj_t socket_getpeercert(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    static const mp_arg_t allowed[] = {{MP_QSTR_binary_form, MP_ARG_BOOL, {.u_bool = false}}};
    mp_arg_val_t arg;
    mp_arg_parse_all(n_args - 1, pos_args + 1, kw_args, 1, allowed, &arg);
    socket_obj_t *self = MP_OBJ_TO_PTR(pos_args[0]);
    usocket_py_check_open(&self->sock, MP_QSTR_getpeercert);
    if (self->sock.proto != USOCKET_PROTO_SEC) {
        return mp_const_none;
    }
    if (tls_version_of(self) == 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("handshake not done yet"));
    }
    size_t len = 0;
    usocket_py_check(
        usocket_getsockopt(&self->sock, USOCKET_SOL_TLS, USOCKET_TLS_PEER_CERT, NULL, &len), MP_QSTR_getpeercert);
    if (len == 0) {
        return mp_const_none;
    }
    if (arg.u_bool) {
        return whole_option(self, USOCKET_TLS_PEER_CERT, MP_QSTR_getpeercert);
    }
    int verify = 0;
    len = sizeof(verify);
    usocket_getsockopt(&self->sock, USOCKET_SOL_TLS, USOCKET_TLS_PEER_VERIFY, &verify, &len);
    if (verify != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("nothing here takes a certificate apart: getpeercert(True) is its DER"));
    }
    return mp_obj_new_dict(0); /* CPython returns this for a certificate that was not verified. */
}
MP_DEFINE_CONST_FUN_OBJ_KW(usocket_py_getpeercert_obj, 1, socket_getpeercert);

/* Decrypted bytes, and those put back. */
static mp_obj_t socket_pending(mp_obj_t self_in) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    int pending = 0;
    size_t len = sizeof(pending);
    if (tls_version_of(self) != 0) {
        usocket_getsockopt(&self->sock, USOCKET_SOL_TLS, USOCKET_TLS_PENDING, &pending, &len);
    }
    return mp_obj_new_int((mp_int_t)pending + (mp_int_t)usocket_unread_len(&self->sock));
}
MP_DEFINE_CONST_FUN_OBJ_1(usocket_py_pending_obj, socket_pending);

/* Exchange close_notify, and return the connection as a new plain socket. self is closed. */
static mp_obj_t socket_unwrap(mp_obj_t self_in) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    usocket_py_check_open(&self->sock, MP_QSTR_unwrap);
    if (self->sock.proto != USOCKET_PROTO_SEC || self->sock.type != USOCKET_STREAM) {
        mp_raise_ValueError(MP_ERROR_TEXT("no TLS on a stream to be unwrapped"));
    }
    if (tls_version_of(self) == 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("handshake not done yet"));
    }
    socket_obj_t *plain = usocket_py_new_socket(self->base.type);
    usocket_time_t deadline = usocket_deadline(&self->sock);
    int r;
    USOCKET_CALL_RAISE(r, usocket_tls_unwrap_by(&self->sock, deadline));
    if (r == USOCKET_EBUSY) {
        mp_raise_ValueError(MP_ERROR_TEXT("received data have to be read before unwrap"));
    }
    usocket_py_check_socket(&self->sock, r, MP_QSTR_unwrap, NULL);
    /* Bytes received behind the peer's close_notify are the first of the plain socket. */
    size_t len = 0;
    usocket_py_check(usocket_getsockopt(&self->sock, USOCKET_SOL_TLS, USOCKET_TLS_REST, NULL, &len), MP_QSTR_unwrap);
    uint8_t *rest = len != 0 ? m_new(uint8_t, len) : NULL;
    usocket_getsockopt(&self->sock, USOCKET_SOL_TLS, USOCKET_TLS_REST, rest, &len);
    int family = self->sock.family;
    usocket_time_t timeout = usocket_gettimeout(&self->sock);
    int fd = usocket_py_detach(self);
    usocket_py_check(fd, MP_QSTR_unwrap);
    usocket_py_adopt(plain, fd, family, USOCKET_STREAM, 0, MP_QSTR_unwrap, fd);
    usocket_settimeout(&plain->sock, timeout);
    if (len != 0) {
        usocket_unread(&plain->sock, rest, len);
    }
    return MP_OBJ_FROM_PTR(plain);
}
MP_DEFINE_CONST_FUN_OBJ_1(usocket_py_unwrap_obj, socket_unwrap);

#endif

#endif
