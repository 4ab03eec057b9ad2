/* class socket: constructor, connections, stream protocol and the table of the type.
 *
 * SPDX-License-Identifier: MIT
 */
#include "methods.h"
#include "usocket/tls.h"

/* A number of -1 is the default of the constructor, and with fileno that of the descriptor. */
static mp_obj_t socket_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    enum { ARG_family, ARG_type, ARG_proto, NUMBERS, ARG_fileno = NUMBERS };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_family, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(-1)}},
        {MP_QSTR_type, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(-1)}},
        {MP_QSTR_proto, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(-1)}},
#if USOCKET_PY_EXTRAS
        {MP_QSTR_fileno, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
#endif
    };
    int number[NUMBERS] = {-1, -1, -1};
#if USOCKET_PY_EXTRAS
    mp_obj_t fileno = mp_const_none;
#endif
    if (!USOCKET_QUICK || n_args + n_kw != 0) { /* The usual call has no arguments. */
        mp_arg_val_t vals[MP_ARRAY_SIZE(allowed)];
        mp_arg_parse_all_kw_array(n_args, n_kw, args, MP_ARRAY_SIZE(allowed), allowed, vals);
        usocket_py_ints(number, NUMBERS, allowed, vals);
#if USOCKET_PY_EXTRAS
        fileno = vals[ARG_fileno].u_obj;
#endif
    }
    socket_obj_t *self = usocket_py_new_socket(&mod_usocket_socket_type);
    int r;
#if USOCKET_PY_EXTRAS
    if (fileno != mp_const_none) {
        int fd = usocket_py_int(fileno, MP_QSTR_fileno);
        if (fd < 0) {
            mp_raise_ValueError(MP_ERROR_TEXT("negative file descriptor"));
        }
        r = usocket_adopt(&self->sock, fd, number[ARG_family], number[ARG_type], number[ARG_proto]);
        if (r < 0) {
            usocket_py_raise_number(r, MP_QSTR_socket, fd);
        }
        return usocket_py_finish_open(self, r, MP_QSTR_socket);
    }
#endif
    int family = number[ARG_family] != -1 ? number[ARG_family] : USOCKET_AF_INET;
    int kind = number[ARG_type] != -1 ? number[ARG_type] : USOCKET_STREAM;
    int proto = number[ARG_proto] != -1 ? number[ARG_proto] : 0;
    USOCKET_CALL_COLLECT(r, usocket_open(&self->sock, family, kind, proto));
    usocket_py_check_kind(r, MP_QSTR_socket, family, kind, proto);
    return usocket_py_finish_open(self, r, MP_QSTR_socket);
}

/* ---- Printing ---------------------------------------------------------------------------------------------------- */

#if USOCKET_PY_EXTRAS

/* Print a path of AF_UNIX in quotes, other addresses as tuples. */
static void print_addr(const mp_print_t *print, const char *label, const usocket_addr_t *a) {
#if USOCKET_UNIX
    if (a->family == USOCKET_AF_UNIX) {
        char text[USOCKET_ADDR_TEXT];
        int len = usocket_addr_format(a, text);
        if (len > 0) {
            usocket_py_make_utf8(text, (size_t)len);
            mp_printf(print, ", %s='%s'", label, text);
        }
        return;
    }
#endif
    mp_printf(print, ", %s=", label);
    mp_obj_print_helper(print, usocket_py_addr_obj(a), PRINT_REPR);
}

/* The addresses are left out where the stack knows none; printing never raises for them. */
static void socket_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    int fd = usocket_fileno(&self->sock);
    mp_printf(print, "<socket.socket %sfd=%d, family=%d, type=%d, proto=%d", fd < 0 ? "[closed] " : "", fd,
        (int)self->sock.family, (int)self->sock.type, self->sock.proto);
    usocket_addr_t a;
    if (fd >= 0 && usocket_getsockname(&self->sock, &a) == 0) {
        print_addr(print, "laddr", &a);
    }
    if (fd >= 0 && usocket_getpeername(&self->sock, &a) == 0) {
        print_addr(print, "raddr", &a);
    }
    mp_print_str(print, ">");
}

#endif

/* ---- Closing ----------------------------------------------------------------------------------------------------- */

static mp_obj_t socket_close(mp_obj_t self_in) {
    if (usocket_py_close_socket(MP_OBJ_TO_PTR(self_in), true) < 0) { /* Someone else has closed the descriptor. */
        usocket_py_raise_cause(USOCKET_EBADF, MP_QSTR_close, NULL, USOCKET_PY_NOT_OPEN);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(socket_close_obj, socket_close);

/* The finaliser: it must not wait. */
static mp_obj_t socket_del(mp_obj_t self_in) {
    usocket_py_close_socket(MP_OBJ_TO_PTR(self_in), false);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(socket_del_obj, socket_del);

static mp_obj_t socket_exit(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return socket_close(args[0]);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_exit_obj, 4, 4, socket_exit);

/* ---- Connections ------------------------------------------------------------------------------------------------- */

static mp_obj_t socket_bind(mp_obj_t self_in, mp_obj_t addr_in) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    usocket_addr_t a;
    usocket_py_addr(self, addr_in, &a, NULL, MP_QSTR_bind);
    int r;
    USOCKET_CALL_COLLECT(r, usocket_bind(&self->sock, &a));
    if (r < 0) {
        usocket_py_raise(r, MP_QSTR_bind, &a);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_bind_obj, socket_bind);

#if USOCKET_SERVER

static mp_obj_t socket_listen(size_t n_args, const mp_obj_t *args) {
    socket_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    int backlog = n_args > 1 ? usocket_py_int(args[1], MP_QSTR_backlog) : usocket_backlog();
    int r;
    USOCKET_CALL_COLLECT(r, usocket_listen(&self->sock, MIN(backlog, INT16_MAX)));
    usocket_py_check_socket(&self->sock, r, MP_QSTR_listen, NULL);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_listen_obj, 1, 2, socket_listen);

/* The accepted socket starts with the default timeout, not the listener's. */
static mp_obj_t socket_accept(mp_obj_t self_in) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    /* Allocate the whole result before a connection is taken, so that none is lost to MemoryError. */
    socket_obj_t *conn = usocket_py_new_socket(&mod_usocket_socket_type);
    mp_obj_t items[2] = {MP_OBJ_FROM_PTR(conn), usocket_py_addr_new(self->sock.family)};
    mp_obj_tuple_t *pair = MP_OBJ_TO_PTR(mp_obj_new_tuple(2, items));
    usocket_time_t deadline = USOCKET_QUICK ? USOCKET_NOW : usocket_deadline(&self->sock);
    usocket_addr_t peer;
    bool collected = false;
    bool waits;
    int r;
    do { /* The stack has been checked for `conn`. */
        USOCKET_CALL(r, NULL, usocket_accept_by(&self->sock, &conn->sock, &peer, deadline));
        waits = USOCKET_QUICK && r == USOCKET_EAGAIN && deadline == USOCKET_NOW && usocket_gettimeout(&self->sock) != 0;
        if (waits) {
            deadline = usocket_deadline(&self->sock);
        }
    } while (waits || usocket_py_collect(r, &collected));
    if (r == USOCKET_EINVAL) {
        usocket_py_raise_cause(r, MP_QSTR_accept, NULL, "the socket does not listen");
    }
    usocket_py_check_socket(&self->sock, r, MP_QSTR_accept, NULL);
    usocket_settimeout(&conn->sock, mod_usocket_default_timeout);
    usocket_py_consumed(self);
    pair->items[1] = usocket_py_addr_fill(pair->items[1], &peer);
#if USOCKET_UNIX
    if (pair->items[1] == mp_const_none && self->sock.family == USOCKET_AF_UNIX) {
        pair->items[1] = MP_OBJ_NEW_QSTR(MP_QSTR_);
    }
#endif
    return MP_OBJ_FROM_PTR(pair);
}
static MP_DEFINE_CONST_FUN_OBJ_1(socket_accept_obj, socket_accept);

#endif

#if USOCKET_TLS

/* Set the name to verify in the server's certificate: the host of the address argument, or none for a raw sockaddr. */
static void set_tls_name(socket_obj_t *self, mp_obj_t addr_in) {
    size_t n;
    mp_obj_t *items;
    if (self->sock.proto == USOCKET_PROTO_SEC) {
        char host[USOCKET_HOST_MAX];
        bool named = usocket_py_items(addr_in, &n, &items) && n >= 2;
        size_t len = named ? usocket_py_host(items[0], host, MP_QSTR_connect) : 0;
        int r = usocket_tls_name(&self->sock, host, len);
        usocket_py_check(r == USOCKET_EISCONN ? 0 : r, MP_QSTR_connect);
    }
}

#endif

/* Connect to the address argument, which is converted into *a. Returns 0 or a code. A wait is resumed by
 * usocket_connect_wait: the connect itself is made once, and again only after a collection. */
static int connect_to(socket_obj_t *self, mp_obj_t addr_in, usocket_addr_t *a) {
    usocket_time_t deadline = usocket_deadline(&self->sock);
    usocket_py_addr(self, addr_in, a, &deadline, MP_QSTR_connect);
#if USOCKET_TLS
    set_tls_name(self, addr_in);
#endif
    bool collected = false;
    for (bool begun = false;;) {
        MP_THREAD_GIL_EXIT();
        int r = begun ? usocket_connect_wait(&self->sock, deadline) : usocket_connect_by(&self->sock, a, deadline);
        if (usocket_py_resume(r, NULL)) {
            begun = a->family != USOCKET_AF_UNIX;
        } else if (begun || !usocket_py_collect(r, &collected)) {
            return r;
        }
    }
}

static mp_obj_t socket_connect(mp_obj_t self_in, mp_obj_t addr_in) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    usocket_addr_t a;
    usocket_py_check_socket(&self->sock, connect_to(self, addr_in, &a), MP_QSTR_connect, &a);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_connect_obj, socket_connect);

#if USOCKET_PY_EXTRAS
/* As connect, but a code of the connect is returned. TLS's codes are raised: they are no errno. */
static mp_obj_t socket_connect_ex(mp_obj_t self_in, mp_obj_t addr_in) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    usocket_addr_t a;
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        int r = connect_to(self, addr_in, &a);
        if (usocket_is_tls(r)) {
            usocket_py_raise_socket(&self->sock, r, MP_QSTR_connect, &a);
        }
        nlr_pop();
        return MP_OBJ_NEW_SMALL_INT(-r);
    }
    /* A lookup that needs a wait, or took too long, counts as a failure to connect. */
    mp_obj_t exc = MP_OBJ_FROM_PTR(nlr.ret_val);
    if (mp_obj_exception_match(exc, MP_OBJ_FROM_PTR(&mp_type_OSError))) {
        mp_obj_t number = mp_obj_exception_get_value(exc);
        if (number == MP_OBJ_NEW_SMALL_INT(-USOCKET_EAGAIN) || number == MP_OBJ_NEW_SMALL_INT(-USOCKET_ETIMEDOUT)) {
            return number;
        }
    }
    nlr_raise(exc);
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_connect_ex_obj, socket_connect_ex);

static mp_obj_t socket_shutdown(mp_obj_t self_in, mp_obj_t how_in) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    int how = usocket_py_int(how_in, MP_QSTR_how);
    int r;
#if USOCKET_TLS /* It waits until close_notify is sent. */
    USOCKET_CALL_RAISE(r, usocket_shutdown(&self->sock, how));
#else
    r = usocket_shutdown(&self->sock, how);
#endif
    usocket_py_check_socket(&self->sock, r, MP_QSTR_shutdown, NULL);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_shutdown_obj, socket_shutdown);

static mp_obj_t socket_getsockname(mp_obj_t self_in) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    usocket_addr_t a;
    usocket_py_check(usocket_getsockname(&self->sock, &a), MP_QSTR_getsockname);
    return usocket_py_addr_obj(&a);
}
static MP_DEFINE_CONST_FUN_OBJ_1(socket_getsockname_obj, socket_getsockname);

static mp_obj_t socket_getpeername(mp_obj_t self_in) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    usocket_addr_t a;
    usocket_py_check(usocket_getpeername(&self->sock, &a), MP_QSTR_getpeername);
    return usocket_py_addr_obj(&a);
}
static MP_DEFINE_CONST_FUN_OBJ_1(socket_getpeername_obj, socket_getpeername);
#endif

/* ---- The stream protocol ----------------------------------------------------------------------------------------- */

/* The object that the stream protocol passes may be an instance of a Python subclass. */
socket_obj_t *usocket_py_self(mp_obj_t self_in) {
    if (mp_obj_is_type(self_in, &mod_usocket_socket_type)) {
        return MP_OBJ_TO_PTR(self_in);
    }
    return MP_OBJ_TO_PTR(mp_obj_cast_to_native_base(self_in, MP_OBJ_FROM_PTR(&mod_usocket_socket_type)));
}

static mp_uint_t socket_stream_read(mp_obj_t self_in, void *buf, mp_uint_t size, int *errcode) {
    socket_obj_t *self = usocket_py_self(self_in);
    mp_uint_t r = usocket_py_protocol_read(&self->sock, buf, size, errcode);
    usocket_py_consumed(self);
    return r;
}

static mp_uint_t socket_stream_write(mp_obj_t self_in, const void *buf, mp_uint_t size, int *errcode) {
    return usocket_py_protocol_write(&usocket_py_self(self_in)->sock, buf, size, errcode);
}

/* Not inlined, so that quick_stream_ioctl has no frame. */
__attribute__((noinline)) static mp_uint_t socket_stream_ioctl(
    mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    return usocket_py_protocol_ioctl(usocket_py_self(self_in), request, arg, errcode);
}

#if USOCKET_QUICK

/* MicroPython's poll asks every socket again and again. */
static mp_uint_t quick_stream_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in); /* A small int has no stream protocol. */
    if (request == MP_STREAM_POLL && self->base.type == &mod_usocket_socket_type) {
        return (mp_uint_t)usocket_try_poll(&self->sock, usocket_py_events(arg));
    }
    return socket_stream_ioctl(self_in, request, arg, errcode);
}

#else
#define quick_stream_ioctl socket_stream_ioctl
#endif

const mp_stream_p_t usocket_py_stream = {
    .read = socket_stream_read,
    .write = socket_stream_write,
    .ioctl = quick_stream_ioctl,
};

/* ---- The type ---------------------------------------------------------------------------------------------------- */

/* MicroPython searches this table from its front, whenever its cache of lookups fails. */
static const mp_rom_map_elem_t socket_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_recv), MP_ROM_PTR(&usocket_py_recv_obj)},
    {MP_ROM_QSTR(MP_QSTR_send), MP_ROM_PTR(&usocket_py_send_obj)},
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&usocket_py_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&usocket_py_readinto_obj)},
    {MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&usocket_py_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_readline), MP_ROM_PTR(&usocket_py_readline_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&socket_close_obj)},
    {MP_ROM_QSTR(MP_QSTR_connect), MP_ROM_PTR(&socket_connect_obj)},
    {MP_ROM_QSTR(MP_QSTR_sendall), MP_ROM_PTR(&usocket_py_sendall_obj)},
#if USOCKET_DATAGRAMS
    {MP_ROM_QSTR(MP_QSTR_recvfrom), MP_ROM_PTR(&usocket_py_recvfrom_obj)},
    {MP_ROM_QSTR(MP_QSTR_sendto), MP_ROM_PTR(&usocket_py_sendto_obj)},
#endif
    {MP_ROM_QSTR(MP_QSTR_settimeout), MP_ROM_PTR(&usocket_py_settimeout_obj)},
    {MP_ROM_QSTR(MP_QSTR_setblocking), MP_ROM_PTR(&usocket_py_setblocking_obj)},
    {MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&socket_del_obj)},
#if USOCKET_SERVER
    {MP_ROM_QSTR(MP_QSTR_accept), MP_ROM_PTR(&socket_accept_obj)},
    {MP_ROM_QSTR(MP_QSTR_listen), MP_ROM_PTR(&socket_listen_obj)},
#endif
    {MP_ROM_QSTR(MP_QSTR_bind), MP_ROM_PTR(&socket_bind_obj)},
    {MP_ROM_QSTR(MP_QSTR_setsockopt), MP_ROM_PTR(&usocket_py_setsockopt_obj)},
    {MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&mp_identity_obj)},
    {MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&socket_exit_obj)},
#if USOCKET_TLS
    {MP_ROM_QSTR(MP_QSTR_do_handshake), MP_ROM_PTR(&usocket_py_do_handshake_obj)},
#endif
#if USOCKET_PY_EXTRAS
    {MP_ROM_QSTR(MP_QSTR_recv_into), MP_ROM_PTR(&usocket_py_recv_into_obj)},
#if USOCKET_DATAGRAMS
    {MP_ROM_QSTR(MP_QSTR_recvfrom_into), MP_ROM_PTR(&usocket_py_recvfrom_into_obj)},
#endif
    {MP_ROM_QSTR(MP_QSTR_connect_ex), MP_ROM_PTR(&socket_connect_ex_obj)},
    {MP_ROM_QSTR(MP_QSTR_shutdown), MP_ROM_PTR(&socket_shutdown_obj)},
    {MP_ROM_QSTR(MP_QSTR_detach), MP_ROM_PTR(&usocket_py_detach_obj)},
    {MP_ROM_QSTR(MP_QSTR_fileno), MP_ROM_PTR(&usocket_py_fileno_obj)},
    {MP_ROM_QSTR(MP_QSTR_getsockname), MP_ROM_PTR(&socket_getsockname_obj)},
    {MP_ROM_QSTR(MP_QSTR_getpeername), MP_ROM_PTR(&socket_getpeername_obj)},
    {MP_ROM_QSTR(MP_QSTR_getsockopt), MP_ROM_PTR(&usocket_py_getsockopt_obj)},
    {MP_ROM_QSTR(MP_QSTR_gettimeout), MP_ROM_PTR(&usocket_py_gettimeout_obj)},
    {MP_ROM_QSTR(MP_QSTR_getblocking), MP_ROM_PTR(&usocket_py_getblocking_obj)},
    {MP_ROM_QSTR(MP_QSTR_dup), MP_ROM_PTR(&usocket_py_dup_obj)},
    {MP_ROM_QSTR(MP_QSTR_get_inheritable), MP_ROM_PTR(&usocket_py_get_inheritable_obj)},
    {MP_ROM_QSTR(MP_QSTR_set_inheritable), MP_ROM_PTR(&usocket_py_set_inheritable_obj)},
    {MP_ROM_QSTR(MP_QSTR_sendfile), MP_ROM_PTR(&usocket_py_sendfile_obj)},
    {MP_ROM_QSTR(MP_QSTR_makefile), MP_ROM_PTR(&usocket_py_makefile_obj)},
#if USOCKET_TLS
    {MP_ROM_QSTR(MP_QSTR_version), MP_ROM_PTR(&usocket_py_version_obj)},
    {MP_ROM_QSTR(MP_QSTR_cipher), MP_ROM_PTR(&usocket_py_cipher_obj)},
    {MP_ROM_QSTR(MP_QSTR_selected_alpn_protocol), MP_ROM_PTR(&usocket_py_selected_alpn_protocol_obj)},
    {MP_ROM_QSTR(MP_QSTR_getpeercert), MP_ROM_PTR(&usocket_py_getpeercert_obj)},
    {MP_ROM_QSTR(MP_QSTR_pending), MP_ROM_PTR(&usocket_py_pending_obj)},
    {MP_ROM_QSTR(MP_QSTR_unwrap), MP_ROM_PTR(&usocket_py_unwrap_obj)},
#endif
#endif
};
static MP_DEFINE_CONST_DICT(socket_locals, socket_locals_table);

#if USOCKET_PY_EXTRAS

static void socket_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] != MP_OBJ_NULL) {
        return; /* No attribute can be assigned. */
    }
    switch (attr) {
        case MP_QSTR_family:
            dest[0] = MP_OBJ_NEW_SMALL_INT(self->sock.family);
            break;
        case MP_QSTR_type:
            dest[0] = MP_OBJ_NEW_SMALL_INT(self->sock.type);
            break;
        case MP_QSTR_proto:
            dest[0] = MP_OBJ_NEW_SMALL_INT(self->sock.proto);
            break;
        case MP_QSTR_timeout:
            dest[0] = usocket_py_timeout_obj(usocket_gettimeout(&self->sock));
            break;
        default:
            usocket_attr_in_dict(self_in, attr, dest, &socket_locals);
    }
}

USOCKET_STREAM_TYPE(mod_usocket_socket_type, MP_QSTR_socket, socket_make_new, socket_print, socket_attr,
    &usocket_py_stream, &socket_locals);

#else

USOCKET_QUIET_STREAM_TYPE(mod_usocket_socket_type, MP_QSTR_socket, socket_make_new, &usocket_py_stream, &socket_locals);

#endif
