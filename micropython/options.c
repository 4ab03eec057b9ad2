/* class socket: getsockopt, setsockopt and timeouts.
 *
 * SPDX-License-Identifier: MIT
 */
#include "methods.h"
#include "usocket/tls.h"

#define THE_OPTION "level %d, option %d"
#define THE_VALUE "level %d, option %d, value %d"
#define THE_LENGTH "level %d, option %d, %d bytes"

/* Raise the exception of a code with the numbers of the option, and, of an option that is known, with the value or its
 * length as `form` says. */
static void check_option(socket_obj_t *self, int code, qstr what, int level, int name, const char *form, int value) {
    if (code >= 0) {
        return;
    }
    if (!USOCKET_WORDS || code == USOCKET_EBADF || usocket_is_tls(code)) {
        usocket_py_raise_socket(&self->sock, code, what, NULL);
    }
    if (level == USOCKET_SOL_TLS && code == USOCKET_ENOPROTOOPT && self->sock.proto != USOCKET_PROTO_SEC) {
        usocket_py_raise_cause(code, what, NULL, USOCKET_PY_NOT_TLS);
    }
    usocket_py_raise_values(code, what, code == USOCKET_ENOPROTOOPT ? THE_OPTION : form, level, name, value);
}

#if USOCKET_PY_EXTRAS
/* Without a length an option is an int; a TLS option may be str or bytes, whatever its length. */
static mp_obj_t socket_getsockopt(size_t n_args, const mp_obj_t *args) {
    socket_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    int level = usocket_py_int(args[1], MP_QSTR_level);
    int name = usocket_py_int(args[2], MP_QSTR_optname);
    mp_int_t room = n_args > 3 ? usocket_py_integer(args[3], MP_QSTR_buflen) : 0;
#if USOCKET_TLS
    if (room == 0 && level == USOCKET_SOL_TLS && self->sock.proto == USOCKET_PROTO_SEC) {
        mp_obj_t whole = usocket_py_tls_option(self, name);
        if (whole != MP_OBJ_NULL) {
            return whole;
        }
    }
#endif
    if (room == 0) {
        int value = 0;
        size_t len = sizeof(value);
        int r = usocket_getsockopt(&self->sock, level, name, &value, &len);
        check_option(self, r, MP_QSTR_getsockopt, level, name, THE_OPTION, 0);
        return mp_obj_new_int(value);
    }
    if (room < 0 || room > 1024) { /* The bounds are CPython's. */
        usocket_py_raise_cause(USOCKET_EINVAL, MP_QSTR_getsockopt, NULL, "buflen must be 0-1024");
    }
    vstr_t v;
    vstr_init_len(&v, (size_t)room);
    memset(v.buf, 0, v.len);
    int r = usocket_getsockopt(&self->sock, level, name, v.buf, &v.len);
    check_option(self, r, MP_QSTR_getsockopt, level, name, THE_LENGTH, (int)room);
    return usocket_bytes_from_vstr(&v);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_getsockopt_obj, 3, 4, socket_getsockopt);
#endif

#define SO_HANDLER 20 /* The option's number in every MicroPython port, used by webrepl. */

/* SO_HANDLER belongs to the binding; any other option goes to the core with the platform's numbers. */
void usocket_py_set_option(socket_obj_t *self, int level, int name, mp_obj_t value, qstr what) {
    mp_buffer_info_t data = {0};
    const char *form = THE_LENGTH;
    int number = 0;
    if (level == mod_usocket_numbers.sol_socket && name == SO_HANDLER &&
        (value == mp_const_none || mp_obj_is_callable(value))) {
        usocket_py_check_open(&self->sock, what);
        usocket_py_set_handler(self, value == mp_const_none ? MP_OBJ_NULL : value);
        return;
    }
#if USOCKET_TLS
    if (level == USOCKET_SOL_TLS && self->sock.proto == USOCKET_PROTO_SEC) {
        usocket_py_tls_check_value(name, value);
    }
#endif
    if (mp_obj_is_int(value) || mp_obj_is_bool(value)) {
        form = THE_VALUE;
        number = usocket_py_int(value, MP_QSTR_value);
        data.buf = &number;
        data.len = sizeof(number);
#if USOCKET_TLS
    } else if (level == USOCKET_SOL_TLS && value == mp_const_none) {
        form = THE_OPTION; /* None resets the option. */
    } else if (level == USOCKET_SOL_TLS &&
        (mp_obj_is_type(value, &mp_type_list) || mp_obj_is_type(value, &mp_type_tuple))) {
        mp_get_buffer_raise(usocket_py_tls_list(name, value), &data, MP_BUFFER_READ);
#endif
    } else {
        /* An empty value is not None: it has a pointer. */
        usocket_py_buffer(value, &data, MP_QSTR_value, "an int, a bool or bytes-like");
    }
    int r = usocket_setsockopt(&self->sock, level, name, data.buf, data.len);
    check_option(self, r, what, level, name, form, data.buf == &number ? number : (int)data.len);
}

static mp_obj_t socket_setsockopt(size_t n_args, const mp_obj_t *args) {
    socket_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    int level = usocket_py_int(args[1], MP_QSTR_level);
    int name = usocket_py_int(args[2], MP_QSTR_optname);
    if (n_args == 4) {
        usocket_py_set_option(self, level, name, args[3], MP_QSTR_setsockopt);
        return mp_const_none;
    }
    /* (level, name, None, length) passes a NULL pointer, which few options take. */
    if (args[3] != mp_const_none) {
        mp_raise_TypeError(MP_ERROR_TEXT("only None can have a length"));
    }
    size_t len = usocket_py_count(args[4]);
    int r = usocket_setsockopt(&self->sock, level, name, NULL, len);
    check_option(self, r, MP_QSTR_setsockopt, level, name, THE_LENGTH, (int)len);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(usocket_py_setsockopt_obj, 4, 5, socket_setsockopt);

static mp_obj_t socket_settimeout(mp_obj_t self_in, mp_obj_t arg) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    usocket_time_t timeout = usocket_py_timeout(arg);
    usocket_py_check_open(&self->sock, MP_QSTR_settimeout);
    usocket_settimeout(&self->sock, timeout);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(usocket_py_settimeout_obj, socket_settimeout);

#if USOCKET_PY_EXTRAS
static mp_obj_t socket_gettimeout(mp_obj_t self_in) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return usocket_py_timeout_obj(usocket_gettimeout(&self->sock));
}
MP_DEFINE_CONST_FUN_OBJ_1(usocket_py_gettimeout_obj, socket_gettimeout);
#endif

static mp_obj_t socket_setblocking(mp_obj_t self_in, mp_obj_t flag) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    usocket_py_check_open(&self->sock, MP_QSTR_setblocking);
    usocket_settimeout(&self->sock, mp_obj_is_true(flag) ? USOCKET_FOREVER : 0);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(usocket_py_setblocking_obj, socket_setblocking);

#if USOCKET_PY_EXTRAS
static mp_obj_t socket_getblocking(mp_obj_t self_in) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return mp_obj_new_bool(usocket_gettimeout(&self->sock) != 0);
}
MP_DEFINE_CONST_FUN_OBJ_1(usocket_py_getblocking_obj, socket_getblocking);
#endif
