/* Conversion of Python's arguments to the core's types and back: addresses, data, counts, timeouts.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py_usocket.h"

/* The items of a native object. A namedtuple is a tuple here. */
static bool native_items(mp_obj_t arg, size_t *n, mp_obj_t **items) {
    if (usocket_is_tuple(arg)) {
        mp_obj_tuple_get(arg, n, items);
        return true;
    }
    if (mp_obj_is_type(arg, &mp_type_list)) {
        mp_obj_list_get(arg, n, items);
        return true;
    }
    return false;
}

/* An instance of a Python class is taken by its native base, which is not a tuple or list yet while the class's __init__
 * has not run. */
bool usocket_py_items(mp_obj_t arg, size_t *n, mp_obj_t **items) {
    if (native_items(arg, n, items)) {
        return true;
    }
    mp_obj_t base = mp_obj_cast_to_native_base(arg, MP_OBJ_FROM_PTR(&mp_type_tuple));
    if (base == MP_OBJ_NULL) {
        base = mp_obj_cast_to_native_base(arg, MP_OBJ_FROM_PTR(&mp_type_list));
    }
    return base != MP_OBJ_NULL && native_items(base, n, items);
}

void usocket_py_raise_type(qstr name, const char *wanted, mp_obj_t arg) {
    mp_raise_msg_varg(
        &mp_type_TypeError, MP_ERROR_TEXT("%q must be %s, not %s"), name, wanted, mp_obj_get_type_str(arg));
}

void usocket_py_buffer(mp_obj_t arg, mp_buffer_info_t *data, qstr name, const char *wanted) {
    if (!mp_get_buffer(arg, data, MP_BUFFER_READ)) { /* The buffer of a str is its UTF-8. */
        usocket_py_raise_type(name, wanted, arg);
    }
    if (data->len == 0) {
        data->buf = (void *)""; /* An empty bytearray has NULL here. */
    }
}

void usocket_py_writable(mp_obj_t arg, mp_buffer_info_t *buf) {
    if (!mp_get_buffer(arg, buf, MP_BUFFER_WRITE)) {
        bool readable = mp_get_buffer(arg, buf, MP_BUFFER_READ);
        usocket_py_raise_type(
            MP_QSTR_buffer, readable ? "writable, as a bytearray is" : "a writable bytes-like object", arg);
    }
}

void usocket_py_data(mp_obj_t arg, mp_buffer_info_t *data) {
    usocket_py_buffer(arg, data, MP_QSTR_data, USOCKET_PY_A_TEXT);
}

/* Raise ValueError for a NUL, at which the system would end the text. */
static void refuse_nul(const void *text, size_t len, qstr name) {
    if (memchr(text, '\0', len) != NULL) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%q must not contain a NUL"), name);
    }
}

const char *usocket_py_text(mp_obj_t arg, size_t *len, qstr name) {
    if (!mp_obj_is_str(arg)) {
        usocket_py_raise_type(name, "a str", arg);
    }
    const char *text = mp_obj_str_get_data(arg, len);
    refuse_nul(text, *len, name);
    return text;
}

mp_obj_t usocket_py_name_obj(const char *name) {
    size_t len = strlen(name);
    return usocket_is_utf8(name, len) ? mp_obj_new_str(name, len) : mp_obj_new_bytes((const byte *)name, len);
}

static MP_NORETURN void raise_beyond(qstr name) {
    mp_raise_msg_varg(&mp_type_OverflowError, MP_ERROR_TEXT("%q is out of range"), name);
}

mp_int_t usocket_py_integer(mp_obj_t arg, qstr name) {
    mp_int_t v;
    /* mp_obj_get_int_maybe raises for an int beyond a machine word, without the name. */
    if (!mp_obj_is_small_int(arg) && mp_obj_is_int(arg)) {
        v = mp_obj_get_int_truncated(arg);
        if (!mp_obj_equal(arg, mp_obj_new_int(v))) {
            raise_beyond(name);
        }
    } else if (!mp_obj_get_int_maybe(arg, &v)) {
        usocket_py_raise_type(name, "an int", arg);
    }
    return v;
}

size_t usocket_py_count(mp_obj_t arg) {
    mp_int_t n = usocket_py_integer(arg, MP_QSTR_size);
    if (n < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("negative buffersize"));
    }
    return (size_t)n;
}

size_t usocket_py_limit(size_t n_args, const mp_obj_t *args, size_t i) {
    mp_int_t n = n_args > i && args[i] != mp_const_none ? usocket_py_integer(args[i], MP_QSTR_size) : -1;
    return n < 0 ? SIZE_MAX : (size_t)n;
}

/* mp_int_t has 64 bits where int has 32. */
int usocket_py_int(mp_obj_t arg, qstr name) {
    mp_int_t value = usocket_py_integer(arg, name);
    int narrow = (int)value;
    if (narrow != value) {
        raise_beyond(name);
    }
    return narrow;
}

void usocket_py_ints(int *number, size_t n, const mp_arg_t *names, const mp_arg_val_t *vals) {
    for (size_t i = 0; i < n; i++) {
        number[i] = usocket_py_int(vals[i].u_obj, names[i].qst);
    }
}

void usocket_py_raise_range(qstr name, uint32_t max) {
    mp_raise_msg_varg(&mp_type_OverflowError, MP_ERROR_TEXT("%q must be 0-%u"), name, (unsigned)max);
}

uint32_t usocket_py_number(mp_obj_t arg, qstr name, uint32_t max) {
    mp_int_t v = usocket_py_integer(arg, name);
    if (v < 0 || (mp_uint_t)v > max) {
        usocket_py_raise_range(name, max);
    }
    return (uint32_t)v;
}

/* ---- Timeouts ---------------------------------------------------------------------------------------------------- */

#if MICROPY_PY_BUILTINS_FLOAT

/* Microseconds of a float that is neither negative nor NaN, of which `size` is the bits without the sign. No float is
 * computed, and the bits tell infinity where -ffast-math assumes that there is none.
 *
 * The product has 63 bits, 2^`shift` of them are a microsecond. It is rounded up, so that no timeout ends early, unless
 * its excess over an integer is that of a decimal fraction's float: less than 2^-13, or than 2^38 of single precision. */
static usocket_time_t float_to_us(mp_float_uint_t size) {
    enum { FRACTION = MP_FLOAT_FRAC_BITS, BIAS = (1 << (MP_FLOAT_EXP_BITS - 1)) - 1, INEXACT = FRACTION < 48 ? 38 : 0 };
    if (size == 0) {
        return 0;
    }
    int shift = BIAS + 42 - (int)(size >> (FRACTION + 1));
    if (shift < 1) { /* 2^42 seconds */
        mp_raise_msg(&mp_type_OverflowError, MP_ERROR_TEXT("timeout too large"));
    }
    shift = MIN(shift, 63); /* All that is smaller is a microsecond, too. */
    uint64_t digits = (size >> 1 & (((mp_float_uint_t)1 << FRACTION) - 1)) | (mp_float_uint_t)1 << FRACTION;
    digits = FRACTION < 48 ? digits * 15625 << (48 - FRACTION) % 64 : (digits >> (FRACTION - 48) % 64) * 15625;
    int excess = MIN(MAX(shift - 13, INEXACT), shift - 1);
    return (usocket_time_t)((digits + ((uint64_t)1 << shift) - ((uint64_t)1 << excess)) >> shift);
}

#endif

usocket_time_t usocket_py_timeout(mp_obj_t arg) {
    if (arg == mp_const_none) {
        return USOCKET_FOREVER;
    }
#if MICROPY_PY_BUILTINS_FLOAT
    /* A number that fits into 20 bits needs no float, which the library of a small processor computes. */
    if (mp_obj_is_small_int(arg) && (mp_uint_t)MP_OBJ_SMALL_INT_VALUE(arg) >> 20 == 0) {
        return (usocket_time_t)MP_OBJ_SMALL_INT_VALUE(arg) * 1000000;
    }
    mp_float_t seconds;
    if (!mp_obj_get_float_maybe(arg, &seconds)) {
        usocket_py_raise_type(MP_QSTR_timeout, "a number of seconds or None", arg);
    }
    const mp_float_uint_t infinity = (mp_float_uint_t)((1 << MP_FLOAT_EXP_BITS) - 1) << (MP_FLOAT_FRAC_BITS + 1);
    mp_float_union_t bits = {seconds};
    mp_float_uint_t size = bits.i << 1;
    if (size > infinity || (bits.i != size >> 1 && size != 0)) {
        mp_raise_ValueError(MP_ERROR_TEXT("timeout must not be negative or NaN"));
    }
    return float_to_us(size);
#else
    mp_int_t seconds = usocket_py_integer(arg, MP_QSTR_timeout);
    if (seconds < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("timeout must not be negative"));
    }
    return (usocket_time_t)seconds * 1000000;
#endif
}

/* Without floats, the fraction of a second is dropped. The interpreter divides: its integers may be long. */
mp_obj_t usocket_py_timeout_obj(usocket_time_t timeout) {
    if (timeout < 0) {
        return mp_const_none;
    }
#if MICROPY_LONGINT_IMPL != MICROPY_LONGINT_IMPL_NONE
    mp_binary_op_t divide = MICROPY_PY_BUILTINS_FLOAT ? MP_BINARY_OP_TRUE_DIVIDE : MP_BINARY_OP_FLOOR_DIVIDE;
    return mp_binary_op(divide, mp_obj_new_int_from_ll(timeout), MP_OBJ_NEW_SMALL_INT(1000000));
#elif MICROPY_PY_BUILTINS_FLOAT
    return mp_obj_new_float((mp_float_t)timeout / MICROPY_FLOAT_CONST(1000000.0));
#else
    return mp_obj_new_int_from_ll(timeout / 1000000);
#endif
}

/* ---- Lookups ----------------------------------------------------------------------------------------------------- */

#if USOCKET_NAMES

/* The documented module looks up no names of addresses. */
#define IS_REVERSE(q) (USOCKET_PY_EXTRAS && (q)->reverse != NULL)

/* An interruption does not restart the lookup: the same one is waited for again, until the same deadline. */
usocket_lookup_t *usocket_py_lookup(const usocket_py_lookup_t *q, usocket_time_t deadline) {
    bool collected = false;
    usocket_lookup_t *l = NULL;
    mp_obj_t exc = MP_OBJ_NULL;
    int r;
    usocket_py_ensure_interrupts();
    usocket_py_check_stack();
    do {
        r = IS_REVERSE(q) ? usocket_lookup_reverse(&l, q->reverse, q->query.flags)
                          : usocket_lookup_start(&l, &q->query);
        if (r == 0) {
            USOCKET_CALL(r, &exc, usocket_lookup_wait_for(l, q->sock != NULL ? &q->sock->sock : NULL, deadline));
        }
        if (r == 0) {
            return l;
        }
        usocket_lookup_free(l);
        l = NULL;
    } while (usocket_py_collect(r, &collected));
    usocket_py_reraise(exc);
    if (IS_REVERSE(q)) {
        usocket_py_raise(r, q->what, q->reverse);
    }
    usocket_py_raise_lookup(r, q->what, q->query.host, q->query.service);
}

/* Look a host name up, and take the first address of the family. With the deadline USOCKET_NOW only names are
 * accepted that the library resolves by itself, such as localhost. */
static void resolve_host(
    socket_obj_t *self, const char *host, int family, usocket_addr_t *a, usocket_time_t *settled, qstr what) {
    if (settled != NULL && self != NULL) {
        usocket_py_settle(settled, &self->sock);
    }
    usocket_time_t deadline = settled != NULL ? *settled : usocket_deadline(&self->sock);
    usocket_py_lookup_t q = {
        .query = {.host = host, .family = family, .type = USOCKET_STREAM},
        .sock = self,
        .what = what,
    };
    if (deadline == USOCKET_NOW) {
        q.query.flags = USOCKET_AI_LOCAL; /* Any other name needs a wait. */
    }
    usocket_lookup_t *l = usocket_py_lookup(&q, deadline);
    usocket_addrinfo_t info;
    int r = usocket_lookup_get(l, 0, &info);
    usocket_lookup_free(l);
    if (r < 0) {
        usocket_py_raise_name(USOCKET_EAI_NONAME, what, host);
    }
    *a = info.addr;
}

#else

static void resolve_host(
    socket_obj_t *self, const char *host, int family, usocket_addr_t *a, usocket_time_t *deadline, qstr what) {
    (void)self, (void)family, (void)a, (void)deadline;
    usocket_py_raise_name(USOCKET_EAI_NONAME, what, host); /* This build accepts numeric addresses only. */
}

#endif

/* ---- Addresses --------------------------------------------------------------------------------------------------- */

/* Set the address of "" or "<broadcast>", which are names without a lookup. */
static void set_any_or_broadcast(usocket_addr_t *a, int family, bool broadcast) {
    memset(a, 0, sizeof(*a));
    a->family = (uint16_t)(family != USOCKET_AF_UNSPEC ? family : USOCKET_AF_INET);
    if (broadcast) {
        memset(a->u.ip, 0xff, 4);
    }
}

#if USOCKET_WORDS
#define FAULT(words) (words)
#else
#define FAULT(words) "no host name"
#endif

/* The fault of a text with more in it than a host, or NULL. A numeric IPv6 address has two colons or more. */
static const char *fault_of_host(const char *host) {
    const char *colon = strchr(host, ':');
    return strchr(host, '/') != NULL                      ? FAULT("looks like a URL: (\"example.org\", 80) is wanted")
        : host[0] == '['                                  ? FAULT("in brackets: (\"::1\", 80) is wanted")
        : colon != NULL && strchr(colon + 1, ':') == NULL ? FAULT("looks like host:port: (\"127.0.0.1\", 80) is wanted")
                                                          : NULL;
}

/* The whole name is copied before it is refused, so that the message can show it; characters that a message cannot hold
 * become '?'. */
size_t usocket_py_host(mp_obj_t arg, char *name, qstr what) {
    mp_buffer_info_t host;
    usocket_py_buffer(arg, &host, MP_QSTR_host, "a str");
    const byte *from = host.buf;
    refuse_nul(from, host.len, MP_QSTR_host);
    size_t len = MIN(host.len, USOCKET_HOST_MAX - 1);
    const char *cause = len != host.len ? FAULT("too long for a host name") : NULL;
    bool text = mp_obj_is_str(arg) && len == host.len;
    for (size_t i = 0; i < len; i++) {
        bool printable = from[i] >= ' ' && from[i] != 0x7f;
        bool sayable = from[i] < 0x80 || text; /* The exception's text has to be UTF-8. */
        name[i] = printable && sayable ? (char)from[i] : '?';
        if (from[i] > 0x7f) {
            cause = FAULT("not ASCII: write it as xn--...");
        } else if (!printable || from[i] == ' ') {
            cause = FAULT("a blank or a control character in a host name");
        }
    }
    name[len] = '\0';
    cause = cause != NULL ? cause : fault_of_host(name);
    if (cause != NULL) {
        usocket_py_raise_cause(USOCKET_EAI_NONAME, what, name, cause);
    }
    return len;
}

/* Convert (host, port[, flowinfo[, scope_id]]). A numeric host is no name to copy and check. All items are checked
 * before a lookup. */
static void addr_from_tuple(
    socket_obj_t *self, size_t n, mp_obj_t *items, usocket_addr_t *a, usocket_time_t *deadline, qstr what) {
    if (n < 2 || n > 4) {
        mp_raise_TypeError(MP_ERROR_TEXT("address must be (host, port[, flowinfo[, scope_id]])"));
    }
    int family = self != NULL ? self->sock.family : USOCKET_AF_UNSPEC;
    mp_buffer_info_t text;
    usocket_py_buffer(items[0], &text, MP_QSTR_host, "a str");
    int r = usocket_addr_parse(a, text.buf, text.len, family);
    char host[USOCKET_HOST_MAX];
    size_t len = r < 0 ? usocket_py_host(items[0], host, what) : text.len;
    uint16_t port = (uint16_t)usocket_py_number(items[1], MP_QSTR_port, 65535);
    uint32_t flowinfo = n > 2 ? usocket_py_number(items[2], MP_QSTR_flowinfo, 0xfffff) : 0;
    uint32_t scope = n > 3 ? usocket_py_number(items[3], MP_QSTR_scope_id, UINT32_MAX) : 0;
    if (r < 0) {
        bool broadcast = strcmp(host, "<broadcast>") == 0;
        if (len == 0 || (broadcast && family != USOCKET_AF_INET6)) {
            set_any_or_broadcast(a, family, broadcast);
        } else if (r == USOCKET_EAI_NONAME) {
            resolve_host(self, host, family, a, deadline, what);
        } else {
            usocket_py_raise_cause(r == USOCKET_ENODEV ? USOCKET_EAI_NONAME : r, what, host, usocket_strerror(r));
        }
    }
    a->port = port;
    if (a->family == USOCKET_AF_INET6) {
        a->flowinfo = flowinfo;
        a->scope = scope != 0 ? scope : a->scope;
    }
}

/* Convert a path of AF_UNIX, or a raw sockaddr in the layout of the platform. */
static void addr_from_bytes(socket_obj_t *self, mp_obj_t arg, usocket_addr_t *a, qstr what) {
    mp_buffer_info_t raw;
    bool path = USOCKET_UNIX && self != NULL && self->sock.family == USOCKET_AF_UNIX;
    usocket_py_buffer(arg, &raw, MP_QSTR_address, path ? "a path" : USOCKET_PY_A_TUPLE);
#if USOCKET_UNIX
    uint16_t family = 0;
    if (raw.len >= sizeof(family)) {
        memcpy(&family, raw.buf, sizeof(family));
    }
    if (self != NULL && self->sock.family == USOCKET_AF_UNIX && (mp_obj_is_str(arg) || family != USOCKET_AF_UNIX)) {
        const char *path = raw.buf;
        /* A path needs room for a NUL, an abstract name does not. */
        bool named = raw.len != 0 && path[0] != 0;
        if (raw.len + named > USOCKET_UNIX_MAX) {
            usocket_py_raise_cause(USOCKET_ENAMETOOLONG, what, NULL, "the path is too long");
        }
        refuse_nul(path, named ? raw.len : 0, MP_QSTR_address);
        memset(a, 0, sizeof(*a));
        a->family = USOCKET_AF_UNIX;
        a->port = (uint16_t)raw.len;
        memcpy(a->u.path, path, raw.len);
        return;
    }
#else
    (void)self;
#endif
    if (mp_obj_is_str(arg)) {
        usocket_py_raise_type(MP_QSTR_address, USOCKET_PY_A_TUPLE, arg);
    }
    int r = usocket_addr_raw(a, raw.buf, raw.len);
    if (r < 0) {
        usocket_py_raise_cause(r, what, NULL, "neither a tuple (host, port) nor a sockaddr");
    }
}

void usocket_py_addr(socket_obj_t *self, mp_obj_t arg, usocket_addr_t *a, usocket_time_t *deadline, qstr what) {
    size_t n;
    mp_obj_t *items;
    if (self != NULL) {
        usocket_py_check_open(&self->sock, what);
    }
    if (usocket_py_items(arg, &n, &items) && (self == NULL || self->sock.family != USOCKET_AF_UNIX)) {
        addr_from_tuple(self, n, items, a, deadline, what);
    } else {
        addr_from_bytes(self, arg, a, what);
    }
}

/* True for an address that takes a pair: one of IPv4, or any where the build has no others. */
#define IS_PAIR(family) ((!USOCKET_IPV6 && !USOCKET_UNIX) || (family) == USOCKET_AF_INET)

/* The longest text of an address: a path with its NUL, or a numeric IPv6 address. */
#define ADDR_ROOM (USOCKET_UNIX ? USOCKET_UNIX_MAX + 1 : 46)

/* Two items for IPv4, with the longest text of it. Four for other families: the text is cut to its length in place. */
mp_obj_t usocket_py_addr_new(int family) {
    bool pair = IS_PAIR(family);
    mp_obj_str_t *text = m_new_obj(mp_obj_str_t);
    text->base.type = &mp_type_str;
    text->hash = 0; /* Computed on demand. */
    text->data = m_new(byte, pair ? 16 : ADDR_ROOM);
    mp_obj_tuple_t *tuple = MP_OBJ_TO_PTR(mp_obj_new_tuple(pair ? 2 : 4, NULL));
    tuple->items[0] = MP_OBJ_FROM_PTR(text);
    return MP_OBJ_FROM_PTR(tuple);
}

/* An IPv4 address needs no allocation: its numbers are small ints, and the memory of its text exists. A socket made of a
 * descriptor may have another family than the program has said. */
mp_obj_t usocket_py_addr_fill(mp_obj_t empty, const usocket_addr_t *a) {
    if (a->family == USOCKET_AF_UNSPEC) {
        return mp_const_none;
    }
    bool pair = IS_PAIR(a->family);
    mp_obj_tuple_t *tuple = MP_OBJ_TO_PTR(empty);
    if ((USOCKET_IPV6 || USOCKET_UNIX) && pair != (tuple->len == 2)) {
        empty = usocket_py_addr_new(a->family);
        tuple = MP_OBJ_TO_PTR(empty);
    }
    mp_obj_str_t *text = MP_OBJ_TO_PTR(tuple->items[0]);
    byte *to = (byte *)text->data;
    int len;
#if USOCKET_UNIX
    bool is_unix = a->family == USOCKET_AF_UNIX;
    if (is_unix) {
        len = a->port;
        memcpy(to, a->u.path, a->port);
        to[len] = '\0';
        bool abstract = len != 0 && to[0] == '\0';
        text->base.type = abstract || !usocket_is_utf8(to, a->port) ? &mp_type_bytes : &mp_type_str;
    } else
#endif
    {
        len = usocket_ntop(a->family, a->u.ip, (char *)to);
    }
    text->len = len > 0 ? (size_t)len : 0;
    tuple->items[1] = MP_OBJ_NEW_SMALL_INT(a->port);
    if (pair) {
        return empty;
    }
    text->data = m_renew(byte, to, ADDR_ROOM, text->len + 1); /* Shrinking works in place and cannot fail. */
#if USOCKET_UNIX
    if (is_unix) {
        return MP_OBJ_FROM_PTR(text);
    }
#endif
    tuple->items[2] = MP_OBJ_NEW_SMALL_INT(a->flowinfo);
    tuple->items[3] = mp_obj_new_int_from_uint(a->scope);
    tuple->len = a->family == USOCKET_AF_INET6 ? 4 : 2;
    return empty;
}

mp_obj_t usocket_py_addr_obj(const usocket_addr_t *a) {
    return a->family == USOCKET_AF_UNSPEC ? mp_const_none : usocket_py_addr_fill(usocket_py_addr_new(a->family), a);
}
