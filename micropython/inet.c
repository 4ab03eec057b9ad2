/* The module's small functions: inet_*, byte order, interfaces, the default timeout.
 *
 * SPDX-License-Identifier: MIT
 */
#include "functions.h"

const mp_obj_base_t mod_usocket_global_default_timeout = {&mp_type_object};

#if USOCKET_PY_EXTRAS

static MP_NORETURN void raise_illegal(qstr what, const char *text) {
    usocket_py_raise_cause(USOCKET_EINVAL, what, text, text != NULL ? "no numeric address" : "4 bytes are wanted");
}

/* The length of an address in bytes; 0 for other families than IP's. */
static size_t ip_size(int family) {
    return family == USOCKET_AF_INET ? 4 : USOCKET_IPV6 && family == USOCKET_AF_INET6 ? 16 : 0;
}

static mp_obj_t mod_usocket_inet_pton(mp_obj_t family_in, mp_obj_t text_in) {
    int family = usocket_py_int(family_in, MP_QSTR_family);
    size_t size = ip_size(family);
    usocket_py_check(size == 0 ? USOCKET_EAFNOSUPPORT : 0, MP_QSTR_inet_pton);
    size_t len;
    const char *text = usocket_py_text(text_in, &len, MP_QSTR_address);
    byte ip[16];
    if (usocket_pton(family, text, len, ip) < 0) {
        raise_illegal(MP_QSTR_inet_pton, text);
    }
    return mp_obj_new_bytes(ip, size);
}
MP_DEFINE_CONST_FUN_OBJ_2(mod_usocket_inet_pton_obj, mod_usocket_inet_pton);

/* The bytes of a packed address. A str is refused, though it has a buffer: its text would pass for an address. */
static void packed_ip(mp_obj_t arg, mp_buffer_info_t *packed) {
    if (mp_obj_is_str(arg)) {
        usocket_py_raise_type(MP_QSTR_address, "bytes-like", arg);
    }
    usocket_py_buffer(arg, packed, MP_QSTR_address, "bytes-like");
}

static mp_obj_t format_ip(int family, const mp_buffer_info_t *packed) {
    char text[46];
    int len = usocket_ntop(family, packed->buf, text);
    return mp_obj_new_str(text, (size_t)len);
}

static mp_obj_t mod_usocket_inet_ntop(mp_obj_t family_in, mp_obj_t packed_in) {
    int family = usocket_py_int(family_in, MP_QSTR_family);
    mp_buffer_info_t packed;
    packed_ip(packed_in, &packed);
    if (packed.len == 0 || packed.len != ip_size(family)) {
        mp_raise_ValueError(MP_ERROR_TEXT("unknown address family, or wrong length of packed address"));
    }
    return format_ip(family, &packed);
}
MP_DEFINE_CONST_FUN_OBJ_2(mod_usocket_inet_ntop_obj, mod_usocket_inet_ntop);

static mp_obj_t mod_usocket_inet_aton(mp_obj_t text_in) {
    size_t len;
    const char *text = usocket_py_text(text_in, &len, MP_QSTR_address);
    byte ip[4];
    if (usocket_aton(text, len, ip) < 0) {
        raise_illegal(MP_QSTR_inet_aton, text);
    }
    return mp_obj_new_bytes(ip, sizeof(ip));
}
MP_DEFINE_CONST_FUN_OBJ_1(mod_usocket_inet_aton_obj, mod_usocket_inet_aton);

static mp_obj_t mod_usocket_inet_ntoa(mp_obj_t packed_in) {
    mp_buffer_info_t packed;
    packed_ip(packed_in, &packed);
    if (packed.len != 4) {
        raise_illegal(MP_QSTR_inet_ntoa, NULL);
    }
    return format_ip(USOCKET_AF_INET, &packed);
}
MP_DEFINE_CONST_FUN_OBJ_1(mod_usocket_inet_ntoa_obj, mod_usocket_inet_ntoa);

/* ---- Byte order: to and from the network are the same ------------------------------------------------------------ */

/* An integer from 0 to max. It is compared as an object, because it may not fit into a machine word. */
static uint32_t swap_argument(mp_obj_t arg, uint32_t max) {
    if (!mp_obj_is_int(arg)) {
        usocket_py_raise_type(MP_QSTR_x, "an int", arg);
    }
    mp_int_t v = mp_obj_get_int_truncated(arg);
    if (mp_obj_is_true(mp_binary_op(MP_BINARY_OP_LESS, arg, MP_OBJ_NEW_SMALL_INT(0))) ||
        mp_obj_is_true(mp_binary_op(MP_BINARY_OP_MORE, arg, mp_obj_new_int_from_uint(max)))) {
        usocket_py_raise_range(MP_QSTR_x, max);
    }
    return (uint32_t)v;
}

static mp_obj_t mod_usocket_swap16(mp_obj_t arg) {
    uint32_t v = swap_argument(arg, 0xffff);
    return MP_OBJ_NEW_SMALL_INT(MP_ENDIANNESS_LITTLE ? (v >> 8 | (v & 0xff) << 8) : v);
}
MP_DEFINE_CONST_FUN_OBJ_1(mod_usocket_swap16_obj, mod_usocket_swap16);

static mp_obj_t mod_usocket_swap32(mp_obj_t arg) {
    uint32_t v = swap_argument(arg, 0xffffffff);
    if (MP_ENDIANNESS_LITTLE) {
        v = v >> 24 | (v >> 8 & 0xff00) | (v & 0xff00) << 8 | v << 24;
    }
    return mp_obj_new_int_from_uint(v);
}
MP_DEFINE_CONST_FUN_OBJ_1(mod_usocket_swap32_obj, mod_usocket_swap32);

/* ---- Interfaces, this host --------------------------------------------------------------------------------------- */

#if USOCKET_NAMES

static mp_obj_t mod_usocket_if_nametoindex(mp_obj_t name_in) {
    size_t len;
    const char *name = usocket_py_text(name_in, &len, MP_QSTR_name);
    int r = usocket_if_nametoindex(name);
    if (r < 0) {
        usocket_py_raise_name(r, MP_QSTR_if_nametoindex, name);
    }
    return MP_OBJ_NEW_SMALL_INT(r);
}
MP_DEFINE_CONST_FUN_OBJ_1(mod_usocket_if_nametoindex_obj, mod_usocket_if_nametoindex);

static mp_obj_t mod_usocket_if_indextoname(mp_obj_t index_in) {
    char name[USOCKET_IFNAME_MAX];
    int index = usocket_py_int(index_in, MP_QSTR_index);
    int r = usocket_if_indextoname((unsigned)index, name);
    if (r < 0) {
        usocket_py_raise_number(r, MP_QSTR_if_indextoname, index);
    }
    return usocket_py_name_obj(name);
}
MP_DEFINE_CONST_FUN_OBJ_1(mod_usocket_if_indextoname_obj, mod_usocket_if_indextoname);

/* The port returns one interface for each call, so no list of its own has to be freed if an allocation here fails. */
static mp_obj_t mod_usocket_if_nameindex(void) {
    mp_obj_t list = mp_obj_new_list(0, NULL);
    unsigned index = 0;
    char name[USOCKET_IFNAME_MAX];
    int r;
    while ((r = usocket_if_next(&index, name)) == 0) {
        mp_obj_t items[2] = {mp_obj_new_int_from_uint(index), usocket_py_name_obj(name)};
        mp_obj_list_append(list, mp_obj_new_tuple(2, items));
    }
    usocket_py_check(r == USOCKET_ENXIO ? 0 : r, MP_QSTR_if_nameindex);
    return list;
}
MP_DEFINE_CONST_FUN_OBJ_0(mod_usocket_if_nameindex_obj, mod_usocket_if_nameindex);

static mp_obj_t mod_usocket_gethostname(void) {
    char name[USOCKET_HOST_MAX];
    usocket_py_check(usocket_gethostname(name, sizeof(name)), MP_QSTR_gethostname);
    return usocket_py_name_obj(name);
}
MP_DEFINE_CONST_FUN_OBJ_0(mod_usocket_gethostname_obj, mod_usocket_gethostname);

#endif

/* ---- The default timeout ----------------------------------------------------------------------------------------- */

static mp_obj_t mod_usocket_getdefaulttimeout(void) {
    return usocket_py_timeout_obj(mod_usocket_default_timeout);
}
MP_DEFINE_CONST_FUN_OBJ_0(mod_usocket_getdefaulttimeout_obj, mod_usocket_getdefaulttimeout);

static mp_obj_t mod_usocket_setdefaulttimeout(mp_obj_t arg) {
    mod_usocket_default_timeout = usocket_py_timeout(arg);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(mod_usocket_setdefaulttimeout_obj, mod_usocket_setdefaulttimeout);

#endif
