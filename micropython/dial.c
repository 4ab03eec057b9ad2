/* Connecting to a host name: create_connection waits, dialer does not.
 *
 * SPDX-License-Identifier: MIT
 */
#include "functions.h"
#include "operation.h"

#if USOCKET_NAMES && USOCKET_PY_EXTRAS

/* ---- Words of a failure ------------------------------------------------------------------------------------------ */

#if USOCKET_RACE

/* A description of the lookup that is unfinished, or NULL. */
static const char *open_lookup(const usocket_dial_t *d) {
    for (size_t i = 0; i < 2; i++) {
        if (d->lookup[i] != NULL && d->looked[i] == USOCKET_EAGAIN) {
            return d->lookup[1] == NULL ? "the name" : i == 0 ? "its IPv6 addresses" : "its IPv4 addresses";
        }
    }
    return NULL;
}

/* The name of a code, from MicroPython's tables where they have it. */
static const char *name_of(int code) {
#if USOCKET_HAS_ERRNO && USOCKET_PY_EXTRAS
    qstr name = usocket_errno_name(-code);
    name = name != MP_QSTRnull ? name : usocket_py_error_name(code);
    return name != MP_QSTRnull ? qstr_str(name) : usocket_strerror(code);
#else
    return usocket_errname(code);
#endif
}

/* Raise with each address and its cause, then the unfinished lookup: "create_connection host:port: [2001:db8::1]:
 * ENETUNREACH, 192.0.2.1: ETIMEDOUT; its IPv4 addresses were still being looked up". */
static MP_NORETURN void raise_attempts(int code, const usocket_dial_t *d, const char *host, qstr what) {
    vstr_t words;
    mp_print_t print;
    vstr_init_print(&words, 80, &print);
    usocket_py_name_first(&print, code);
    usocket_addr_t a;
    int r;
    for (size_t i = 0; (r = usocket_dial_attempt(d, i, &a)) != USOCKET_ENOENT; i++) {
        if (i == 0) {
            mp_printf(&print, "%q %s:%u", what, host, (unsigned)a.port);
        }
        char text[46];
        usocket_ntop(a.family, a.u.ip, text);
        bool v6 = a.family == USOCKET_AF_INET6;
        const char *cause = name_of(r == USOCKET_EINPROGRESS ? USOCKET_ETIMEDOUT : r);
        mp_printf(&print, "%s%s%s%s: %s", i == 0 ? ": " : ", ", v6 ? "[" : "", text, v6 ? "]" : "", cause);
    }
    const char *open = open_lookup(d);
    if (open != NULL) {
        mp_printf(&print, "; %s were still being looked up", open);
    }
    usocket_py_raise_vstr(code, &words);
}

/* True if the words need more than one address and one cause. */
static bool has_several_causes(const usocket_dial_t *d) {
    usocket_addr_t a;
    return open_lookup(d) != NULL || usocket_dial_attempt(d, 1, &a) != USOCKET_ENOENT;
}

#else
#define has_several_causes(d) false
#define raise_attempts(code, d, host, what) ((void)0)
#endif

/* ---- Arguments --------------------------------------------------------------------------------------------------- */

/* A dial with its arguments, so that it can be started again after a collection. */
typedef struct {
    usocket_dial_t dial;
    usocket_addr_t source;
    bool bound;           /* The connection is made from `source`. */
    usocket_time_t delay; /* Microseconds between attempts; USOCKET_FOREVER for the built-in value. */
    usocket_time_t deadline;
    usocket_query_t query;
    char host[USOCKET_HOST_MAX], service[USOCKET_SERVICE_MAX];
} dial_call_t;

/* The timeout argument; a missing one means setdefaulttimeout's. */
static usocket_time_t timeout_or_default(mp_obj_t arg) {
    return arg == MP_OBJ_NULL || arg == MP_OBJ_FROM_PTR(&mod_usocket_global_default_timeout)
        ? mod_usocket_default_timeout
        : usocket_py_timeout(arg);
}

/* Convert the arguments. A source address that is a name is looked up until the deadline `wait`. */
static void prepare_call(
    dial_call_t *c, mp_obj_t host, mp_obj_t port, mp_obj_t source, mp_obj_t delay, usocket_time_t wait, qstr what) {
    c->query.host = usocket_py_host_text(host, c->host, what);
    c->query.service = usocket_py_service_text(port, c->service, what);
    c->query.type = USOCKET_STREAM;
    c->bound = source != mp_const_none;
    c->delay = usocket_py_timeout(delay);
    if (c->bound) {
        if (mp_obj_is_str(source)) {
            usocket_py_raise_type(MP_QSTR_source_address, USOCKET_PY_A_TUPLE, source);
        }
        usocket_py_addr(NULL, source, &c->source, &wait, what);
        if (c->query.family == USOCKET_AF_UNSPEC &&
            (c->source.family == USOCKET_AF_INET6 || memcmp(c->source.u.ip, "\0\0\0\0", 4) != 0)) {
            c->query.family = c->source.family;
        }
    }
}

/* Append the scope of an IPv6 address to the host, as in "fe80::1%2". */
static void add_scope_to_host(dial_call_t *c, size_t n, mp_obj_t *items) {
    uint32_t flowinfo = n > 2 ? usocket_py_number(items[2], MP_QSTR_flowinfo, 0xfffff) : 0;
    uint32_t scope = n > 3 ? usocket_py_number(items[3], MP_QSTR_scope_id, UINT32_MAX) : 0;
    if (flowinfo == 0 && scope == 0) {
        return;
    }
    usocket_addr_t a;
    size_t len = strlen(c->host);
    if (flowinfo != 0 || usocket_addr_parse(&a, c->host, len, USOCKET_AF_INET6) < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("flowinfo must be 0, and the host of a scope_id a numeric IPv6 address"));
    }
    vstr_t v; /* A numeric address leaves room in c->host for it. */
    mp_print_t print;
    vstr_init_print(&v, 16, &print);
    mp_printf(&print, "%%%u", (unsigned)scope);
    char *old = strchr(c->host, '%');
    strcpy(old != NULL ? old : c->host + len, vstr_null_terminated_str(&v));
}

/* Raise the exception of a failed dial, with every address tried and its cause. nlr_push keeps it while the dial is
 * ended: its words are made from the dial. */
static MP_NORETURN void raise_dial(int code, dial_call_t *c, usocket_t *s, qstr what) {
    usocket_dial_t *d = &c->dial;
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        if (usocket_is_eai(code) || d->to.family == USOCKET_AF_UNSPEC) {
            usocket_py_raise_lookup(code, what, c->query.host, c->query.service);
        }
        if (has_several_causes(d)) {
            raise_attempts(code, d, c->query.host != NULL ? c->query.host : "None", what);
        }
        bool of_source = c->bound && (code == USOCKET_EADDRNOTAVAIL || code == USOCKET_EADDRINUSE);
        usocket_py_raise(code, what, of_source ? &c->source : &d->to);
    }
    usocket_dial_end(d, s);
    nlr_raise(MP_OBJ_FROM_PTR(nlr.ret_val));
}

/* Start the lookups. The first connect is made by the first step. */
static int start_call(dial_call_t *c) {
    int r = usocket_dial_start(&c->dial, &c->query, c->bound ? &c->source : NULL);
#if USOCKET_RACE
    if (c->delay >= 0) {
        usocket_dial_delay(&c->dial, c->delay);
    }
#endif
    return r;
}

/* ---- create_connection ------------------------------------------------------------------------------------------- */

/* After a collection the whole dial is made again, once. The dial is ended on every path, so that no lookup or attempt
 * is left; an exception that interrupted it is raised last. */
static mp_obj_t mod_usocket_create_connection(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_address, ARG_timeout, ARG_source_address, ARG_delay, ARG_ssl };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_address, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_timeout, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_PTR(&mod_usocket_global_default_timeout)}},
        {MP_QSTR_source_address, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_happy_eyeballs_delay, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_ssl, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    };
    mp_arg_val_t vals[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed), allowed, vals);
    bool tls = usocket_py_wants_tls(vals[ARG_ssl].u_obj, false, MP_QSTR_create_connection);
    size_t n;
    mp_obj_t *items;
    if (!usocket_py_items(vals[ARG_address].u_obj, &n, &items)) {
        usocket_py_raise_type(MP_QSTR_address, USOCKET_PY_A_TUPLE, vals[ARG_address].u_obj);
    }
    if (n < 2 || n > 4) {
        mp_raise_TypeError(MP_ERROR_TEXT("address must be (host, port[, flowinfo[, scope_id]])"));
    }
    usocket_time_t timeout = timeout_or_default(vals[ARG_timeout].u_obj);
    dial_call_t c;
    memset(&c, 0, sizeof(c));
    c.deadline = usocket_deadline_in(timeout);
    prepare_call(&c, items[0], items[1], vals[ARG_source_address].u_obj, vals[ARG_delay].u_obj, c.deadline,
        MP_QSTR_create_connection);
    add_scope_to_host(&c, n, items);
    socket_obj_t *secure =
        tls ? usocket_py_prepare_tls(vals[ARG_ssl].u_obj, c.query.host, MP_QSTR_create_connection) : NULL;
    socket_obj_t *self = usocket_py_new_socket(&mod_usocket_socket_type);
    bool collected = false;
    mp_obj_t exc = MP_OBJ_NULL;
    for (;;) {
        int r = start_call(&c);
        if (r == 0) {
            USOCKET_CALL(r, &exc, usocket_dial_by(&c.dial, &self->sock, c.deadline));
        }
        bool again = usocket_py_collect(r, &collected);
        if (r < 0 && !again && exc == MP_OBJ_NULL) {
            raise_dial(r, &c, &self->sock, MP_QSTR_create_connection);
        }
        usocket_dial_end(&c.dial, &self->sock);
        if (!again) {
            break;
        }
    }
    usocket_py_reraise(exc);
    if (tls) {
        usocket_py_start_tls(secure, self, &c.dial.to, c.deadline, MP_QSTR_create_connection);
        self = secure;
    }
    usocket_settimeout(&self->sock, timeout);
    return MP_OBJ_FROM_PTR(self);
}
MP_DEFINE_CONST_FUN_OBJ_KW(mod_usocket_create_connection_obj, 0, mod_usocket_create_connection);

/* ---- dialer ------------------------------------------------------------------------------------------------------ */

#if USOCKET_ASYNC && USOCKET_RACE

typedef struct {
    usocket_py_operation_t op;
    socket_obj_t *sock; /* The socket that is being connected; NULL once result() has returned it. */
    mp_obj_t exc;       /* The exception of the failed dial, or MP_OBJ_NULL: result() raises it again. */
    int code;           /* The last code of usocket_dial_step. */
    bool collected;     /* The one garbage collection for scarce resources has been made. */
    dial_call_t c;
} dialer_obj_t;

/* A step that an interrupt has ended goes on with the next one. */
static bool dialer_goes_on(const dialer_obj_t *self) {
    return self->code == USOCKET_EINPROGRESS || self->code == USOCKET_EINTR;
}

/* Start the dial again, but keep its handles: an event loop may be waiting for them. */
static void dialer_restart(dialer_obj_t *self) {
    usocket_dial_t *d = &self->c.dial;
    int set = d->set;
    int alarm = d->alarm;
    d->set = d->alarm = -1;
    usocket_dial_end(d, &self->sock->sock);
    self->code = start_call(&self->c);
    d->set = set;
    d->alarm = alarm;
    self->code = self->code == 0 ? USOCKET_EINPROGRESS : self->code;
}

/* Make a step. A dial that has failed for want of descriptors or memory is started again after a collection, once. */
static int dialer_advance(void *self_in) {
    dialer_obj_t *self = self_in;
    while (dialer_goes_on(self)) {
        self->code = usocket_dial_step(&self->c.dial, &self->sock->sock, self->c.deadline);
        if (self->code == USOCKET_EINPROGRESS || !usocket_py_collect(self->code, &self->collected)) {
            break;
        }
        dialer_restart(self);
    }
    return dialer_goes_on(self) ? USOCKET_EAGAIN : self->code;
}

/* Between EINTR and the next step there is no handle: the event loop has to ask. */
static int dialer_handle(void *self_in) {
    dialer_obj_t *self = self_in;
    return self->code == USOCKET_EINPROGRESS ? usocket_dial_handle(&self->c.dial) : USOCKET_ENOENT;
}

/* A connected socket is given away once. An exception is kept, because a dial can be ended only once. */
static mp_obj_t dialer_result(void *self_in, int code) {
    dialer_obj_t *self = self_in;
    socket_obj_t *sock = self->sock;
    if (code == 0) {
        usocket_dial_end(&self->c.dial, &sock->sock);
        usocket_settimeout(&sock->sock, 0);
        self->op.open = false;
        self->sock = NULL;
        return MP_OBJ_FROM_PTR(sock);
    }
    if (self->exc == MP_OBJ_NULL) {
        nlr_buf_t nlr;
        if (nlr_push(&nlr) == 0) {
            raise_dial(code, &self->c, &sock->sock, MP_QSTR_connect);
        }
        self->exc = MP_OBJ_FROM_PTR(nlr.ret_val);
    }
    nlr_raise(self->exc);
}

static void dialer_end(void *self_in) {
    dialer_obj_t *self = self_in;
    usocket_dial_end(&self->c.dial, &self->sock->sock);
    usocket_drop(&self->sock->sock); /* Nothing has been sent that a close would wait for. */
    self->sock = NULL;
}

static const usocket_py_calls_t dialer_calls = {
    .name = MP_QSTR_dialer,
    .advance = dialer_advance,
    .handle = dialer_handle,
    .result = dialer_result,
    .end = dialer_end,
};

static USOCKET_PLAIN_STREAM_TYPE(
    dialer_type, MP_QSTR_dialer, &usocket_py_operation_stream, &usocket_py_operation_locals);

/* A host name as source address would need a wait, so it must be one that the library resolves by itself. */
static mp_obj_t mod_usocket_dialer(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_host, ARG_port, ARG_timeout, ARG_source_address, ARG_family, ARG_proto, ARG_flags, ARG_delay };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_host, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_port, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_timeout, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_PTR(&mod_usocket_global_default_timeout)}},
        {MP_QSTR_source_address, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_family, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(0)}},
        {MP_QSTR_proto, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(0)}},
        {MP_QSTR_flags, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(0)}},
        {MP_QSTR_happy_eyeballs_delay, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    };
    mp_arg_val_t vals[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed), allowed, vals);
    socket_obj_t *sock = usocket_py_new_socket(&mod_usocket_socket_type);
    dialer_obj_t *self = usocket_py_new_operation(sizeof(*self), &dialer_type, &dialer_calls);
    dial_call_t *c = &self->c;
    c->deadline = usocket_deadline_in(timeout_or_default(vals[ARG_timeout].u_obj));
    if (c->deadline == USOCKET_NOW) {
        mp_raise_ValueError(MP_ERROR_TEXT("timeout must not be 0"));
    }
    c->query.family = usocket_py_int(vals[ARG_family].u_obj, MP_QSTR_family);
    c->query.proto = usocket_py_int(vals[ARG_proto].u_obj, MP_QSTR_proto);
    c->query.flags = usocket_py_int(vals[ARG_flags].u_obj, MP_QSTR_flags);
    prepare_call(c, vals[ARG_host].u_obj, vals[ARG_port].u_obj, vals[ARG_source_address].u_obj, vals[ARG_delay].u_obj,
        USOCKET_NOW, MP_QSTR_dialer);
    int r;
    do {
        r = start_call(c);
        if (r < 0) {
            usocket_dial_end(&c->dial, &sock->sock);
        }
    } while (usocket_py_collect(r, &self->collected));
    if (r < 0) {
        usocket_py_raise_lookup(r, MP_QSTR_dialer, c->query.host, c->query.service);
    }
    self->code = USOCKET_EINPROGRESS;
    self->sock = sock;
    self->op.open = true;
    return MP_OBJ_FROM_PTR(self);
}
MP_DEFINE_CONST_FUN_OBJ_KW(mod_usocket_dialer_obj, 0, mod_usocket_dialer);

#endif

#endif
