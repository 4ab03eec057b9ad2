/* The module's functions getaddrinfo, create_server, socketpair and fromfd, and its __init__.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py_usocket.h"
#include "functions.h"

static mp_obj_t mod_usocket_init(void) {
    usocket_py_init_interrupts();
    /* Let the port open now what it opens once for all waits, so that no socket seems to leak it later. */
    usocket_start();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(mod_usocket_init_obj, mod_usocket_init);

#if USOCKET_NAMES

/* ---- getaddrinfo ------------------------------------------------------------------------------------------------- */

FOR_EXTRAS const char *usocket_py_host_text(mp_obj_t arg, char *buf, qstr what) {
    if (arg == mp_const_none) {
        return NULL;
    }
    usocket_py_host(arg, buf, what);
    return buf;
}

FOR_EXTRAS const char *usocket_py_service_text(mp_obj_t arg, char *buf, qstr what) {
    if (arg == mp_const_none) {
        return NULL;
    }
    if (mp_obj_is_int(arg)) {
        usocket_py_number(arg, MP_QSTR_port, 65535);
        arg = mp_call_function_1(MP_OBJ_FROM_PTR(&mp_type_str), arg);
    }
    mp_buffer_info_t data;
    usocket_py_buffer(arg, &data, MP_QSTR_port, "an int, a str or None");
    if (data.len >= USOCKET_SERVICE_MAX || memchr(data.buf, '\0', data.len) != NULL) {
        usocket_py_raise_name(USOCKET_EAI_SERVICE, what, "port");
    }
    memcpy(buf, data.buf, data.len);
    buf[data.len] = '\0';
    return buf;
}

/* The canonical name stands in the first answer only, as in CPython. */
FOR_EVENT_LOOPS mp_obj_t usocket_py_answers(usocket_lookup_t *l) {
    mp_obj_t list = mp_obj_new_list(0, NULL);
    usocket_addrinfo_t info;
    const char *canon = usocket_lookup_name(l);
    for (size_t i = 0; usocket_lookup_get(l, i, &info) == 0; i++) {
        mp_obj_t items[5] = {
            MP_OBJ_NEW_SMALL_INT(info.family),
            MP_OBJ_NEW_SMALL_INT(info.type),
            MP_OBJ_NEW_SMALL_INT(info.proto),
            usocket_py_name_obj(i == 0 ? canon : ""),
            usocket_py_addr_obj(&info.addr),
        };
        mp_obj_list_append(list, mp_obj_new_tuple(5, items));
    }
    return list;
}

FOR_EXTRAS mp_obj_t usocket_py_make_and_free(usocket_lookup_t *l, mp_obj_t (*make)(usocket_lookup_t *l)) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_obj_t result = make(l);
        nlr_pop();
        usocket_lookup_free(l);
        return result;
    }
    usocket_lookup_free(l);
    nlr_raise(MP_OBJ_FROM_PTR(nlr.ret_val));
}

FOR_EVENT_LOOPS mp_obj_t usocket_py_query_args(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args,
    usocket_query_t *q, char *host, char *service, qstr what) {
    enum { ARG_host, ARG_port, ARG_family, ARG_type, ARG_proto, ARG_flags, ARGS };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_host, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_port, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_family, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(0)}},
        {MP_QSTR_type, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(0)}},
        {MP_QSTR_proto, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(0)}},
        {MP_QSTR_flags, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(0)}},
    };
    mp_arg_val_t vals[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed), allowed, vals);
    int number[ARGS - ARG_family];
    q->port = 0;
    q->host = usocket_py_host_text(vals[ARG_host].u_obj, host, what);
    q->service = usocket_py_service_text(vals[ARG_port].u_obj, service, what);
    usocket_py_ints(number, ARGS - ARG_family, &allowed[ARG_family], &vals[ARG_family]);
    q->family = number[0];
    q->type = number[1];
    q->proto = number[2];
    q->flags = number[3];
    return vals[ARG_host].u_obj;
}

static mp_obj_t mod_usocket_getaddrinfo(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    char host[USOCKET_HOST_MAX];
    char service[USOCKET_SERVICE_MAX];
    usocket_py_lookup_t q = {.what = MP_QSTR_getaddrinfo};
    usocket_py_query_args(n_args, pos_args, kw_args, &q.query, host, service, MP_QSTR_getaddrinfo);
    return usocket_py_make_and_free(
        usocket_py_lookup(&q, usocket_deadline_in(mod_usocket_default_timeout)), usocket_py_answers);
}
MP_DEFINE_CONST_FUN_OBJ_KW(mod_usocket_getaddrinfo_obj, 0, mod_usocket_getaddrinfo);

#endif

/* ---- Functions that create sockets ------------------------------------------------------------------------------- */

#if USOCKET_PY_EXTRAS

#if USOCKET_SERVER

/* A negative name is an option that the platform lacks. */
static void set_int_option(socket_obj_t *self, int level, int name, int value, qstr what) {
    usocket_py_check(
        name < 0 ? USOCKET_ENOPROTOOPT : usocket_setsockopt(&self->sock, level, name, &value, sizeof(value)), what);
}

/* The socket is made by the class, so that its errors are those of the constructor. A second try of listen, after a
 * collection, does not bind again. */
static mp_obj_t mod_usocket_create_server(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_address, ARG_family, ARG_backlog, ARG_reuse_port, ARG_dualstack_ipv6, ARG_ssl };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_address, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_family, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(USOCKET_AF_INET)}},
        {MP_QSTR_backlog, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_reuse_port, MP_ARG_KW_ONLY | MP_ARG_BOOL, {.u_bool = false}},
        {MP_QSTR_dualstack_ipv6, MP_ARG_KW_ONLY | MP_ARG_BOOL, {.u_bool = false}},
        {MP_QSTR_ssl, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    };
    mp_arg_val_t vals[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed), allowed, vals);
    int family = usocket_py_int(vals[ARG_family].u_obj, MP_QSTR_family);
    bool dualstack = vals[ARG_dualstack_ipv6].u_bool;
    if (dualstack && family != USOCKET_AF_INET6) {
        mp_raise_ValueError(MP_ERROR_TEXT("dualstack_ipv6 requires AF_INET6"));
    }
    int backlog = vals[ARG_backlog].u_obj != mp_const_none ? usocket_py_int(vals[ARG_backlog].u_obj, MP_QSTR_backlog)
                                                           : usocket_backlog();
    bool tls = usocket_py_wants_tls(vals[ARG_ssl].u_obj, true, MP_QSTR_create_server);
    const mp_obj_t ctor[3] = {MP_OBJ_NEW_SMALL_INT(family), MP_OBJ_NEW_SMALL_INT(USOCKET_STREAM),
        MP_OBJ_NEW_SMALL_INT(tls ? USOCKET_PROTO_SEC : 0)};
    socket_obj_t *self = MP_OBJ_TO_PTR(mp_call_function_n_kw(MP_OBJ_FROM_PTR(&mod_usocket_socket_type), 3, 0, ctor));
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        const struct mod_usocket_numbers *num = &mod_usocket_numbers;
        if (tls) {
            usocket_py_tls_options(self, vals[ARG_ssl].u_obj, true, MP_QSTR_create_server);
        }
        set_int_option(self, num->sol_socket, num->so_reuseaddr, 1, MP_QSTR_create_server);
        if (vals[ARG_reuse_port].u_bool) {
            set_int_option(self, num->sol_socket, num->so_reuseport, 1, MP_QSTR_create_server);
        }
        if (family == USOCKET_AF_INET6 && num->ipv6_v6only >= 0) {
            set_int_option(self, num->ipproto_ipv6, num->ipv6_v6only, !dualstack, MP_QSTR_create_server);
        }
        usocket_addr_t a;
        usocket_py_addr(self, vals[ARG_address].u_obj, &a, NULL, MP_QSTR_create_server);
        bool collected = false;
        bool bound = false;
        int r;
        do {
            r = bound ? 0 : usocket_bind(&self->sock, &a);
            bound = r == 0;
            if (bound) {
                r = usocket_listen(&self->sock, MIN(backlog, INT16_MAX));
            }
        } while (usocket_py_collect(r, &collected));
        usocket_py_check_socket(&self->sock, r, MP_QSTR_create_server, &a);
        nlr_pop();
        return MP_OBJ_FROM_PTR(self);
    }
    usocket_drop(&self->sock);
    nlr_raise(MP_OBJ_FROM_PTR(nlr.ret_val));
}
MP_DEFINE_CONST_FUN_OBJ_KW(mod_usocket_create_server_obj, 0, mod_usocket_create_server);

#endif

/* Both objects and the tuple exist before the sockets do, so that no allocation can lose one. */
static mp_obj_t mod_usocket_socketpair(size_t n_args, const mp_obj_t *args) {
#if USOCKET_UNIX
    int family = USOCKET_AF_UNIX;
#else
    int family = USOCKET_AF_INET;
#endif
    family = n_args > 0 ? usocket_py_int(args[0], MP_QSTR_family) : family;
    int type = n_args > 1 ? usocket_py_int(args[1], MP_QSTR_type) : USOCKET_STREAM;
    int proto = n_args > 2 ? usocket_py_int(args[2], MP_QSTR_proto) : 0;
    socket_obj_t *a = usocket_py_new_socket(&mod_usocket_socket_type);
    socket_obj_t *b = usocket_py_new_socket(&mod_usocket_socket_type);
    mp_obj_t items[2] = {MP_OBJ_FROM_PTR(a), MP_OBJ_FROM_PTR(b)};
    mp_obj_t pair = mp_obj_new_tuple(2, items);
    int r;
    USOCKET_CALL_COLLECT(r, usocket_pair(&a->sock, &b->sock, family, type, proto));
    usocket_py_check_kind(r, MP_QSTR_socketpair, family, type, proto);
    usocket_py_finish_open(a, r, MP_QSTR_socketpair);
    usocket_py_finish_open(b, r, MP_QSTR_socketpair);
    return pair;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(mod_usocket_socketpair_obj, 0, 3, mod_usocket_socketpair);

/* The descriptor stays the caller's: the socket gets a duplicate. */
static mp_obj_t mod_usocket_fromfd(size_t n_args, const mp_obj_t *args) {
    int proto = n_args > 3 ? usocket_py_int(args[3], MP_QSTR_proto) : 0;
    return MP_OBJ_FROM_PTR(usocket_py_new_copy(&mod_usocket_socket_type, usocket_py_int(args[0], MP_QSTR_fd),
        usocket_py_int(args[1], MP_QSTR_family), usocket_py_int(args[2], MP_QSTR_type), proto, MP_QSTR_fromfd));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(mod_usocket_fromfd_obj, 3, 4, mod_usocket_fromfd);

#endif
