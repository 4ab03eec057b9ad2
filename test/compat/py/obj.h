/* Objects, in the usual representation (a pointer, or a tagged word).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMPAT_OBJ_H
#define COMPAT_OBJ_H

#include "py/misc.h"

/* ---- Names -------------------------------------------------------------------------------------------------------- */

typedef size_t qstr;
enum {
    MP_QSTRnull,
#include "compat_qstrs.h"
};
const char *qstr_str(qstr q);

/* ---- Object representation ------------------------------------------------------------------------------------------ */

typedef void *mp_obj_t;
typedef const void *mp_const_obj_t;
typedef mp_const_obj_t mp_rom_obj_t;
typedef struct _mp_obj_type_t mp_obj_type_t;

typedef struct {
    const mp_obj_type_t *type;
} mp_obj_base_t;

#define MP_OBJ_TO_PTR(o) ((void *)(o))
#define MP_OBJ_FROM_PTR(p) ((mp_obj_t)(p))
#define MP_OBJ_NULL MP_OBJ_FROM_PTR((void *)0)
#define MP_OBJ_STOP_ITERATION MP_OBJ_FROM_PTR((void *)0)

#define MP_OBJ_NEW_SMALL_INT(n) ((mp_obj_t)((mp_uint_t)(n) << 1 | 1))
#define MP_OBJ_SMALL_INT_VALUE(o) ((mp_int_t)(o) >> 1)
#define MP_OBJ_NEW_QSTR(q) ((mp_obj_t)((mp_uint_t)(q) << 3 | 2))
#define MP_OBJ_QSTR_VALUE(o) ((mp_uint_t)(o) >> 3)

extern const struct _mp_obj_none_t mp_const_none_obj;
extern const struct _mp_obj_bool_t mp_const_false_obj, mp_const_true_obj;
extern const struct _mp_obj_str_t mp_const_empty_bytes_obj;
#define mp_const_none MP_OBJ_FROM_PTR(&mp_const_none_obj)
#define mp_const_false MP_OBJ_FROM_PTR(&mp_const_false_obj)
#define mp_const_true MP_OBJ_FROM_PTR(&mp_const_true_obj)
#define mp_const_empty_bytes MP_OBJ_FROM_PTR(&mp_const_empty_bytes_obj)

#define MP_ROM_PTR(p) (p)
#define MP_ROM_INT(n) MP_OBJ_NEW_SMALL_INT(n)
#define MP_ROM_QSTR(q) MP_OBJ_NEW_QSTR(q)
#define MP_ROM_NONE MP_ROM_PTR(&mp_const_none_obj)
#define MP_ROM_FALSE MP_ROM_PTR(&mp_const_false_obj)
#define MP_ROM_TRUE MP_ROM_PTR(&mp_const_true_obj)

/* Macros in MicroPython; for the binding functions are equivalent. */
bool mp_obj_is_small_int(mp_const_obj_t o);
bool mp_obj_is_type(mp_const_obj_t o, const mp_obj_type_t *type);
bool mp_obj_is_int(mp_const_obj_t o);
bool mp_obj_is_bool(mp_const_obj_t o);
bool mp_obj_is_str(mp_const_obj_t o);
bool mp_obj_is_str_or_bytes(mp_const_obj_t o);

/* ---- Maps --------------------------------------------------------------------------------------------------------- */

typedef struct {
    mp_obj_t key, value;
} mp_map_elem_t;

typedef struct {
    mp_rom_obj_t key, value;
} mp_rom_map_elem_t;

typedef struct {
    size_t all_keys_are_qstrs : 1;
    size_t is_fixed : 1;
    size_t is_ordered : 1;
    size_t used : 8 * sizeof(size_t) - 3;
    size_t alloc;
    mp_map_elem_t *table;
} mp_map_t;

typedef struct {
    mp_obj_base_t base;
    mp_map_t map;
} mp_obj_dict_t;

typedef enum {
    MP_MAP_LOOKUP,
    MP_MAP_LOOKUP_ADD_IF_NOT_FOUND,
    MP_MAP_LOOKUP_REMOVE_IF_FOUND,
} mp_map_lookup_kind_t;

void mp_map_init(mp_map_t *map, size_t n);
bool mp_map_slot_is_filled(const mp_map_t *map, size_t pos);
mp_map_t *mp_obj_dict_get_map(mp_obj_t dict);
mp_obj_t mp_obj_id(mp_obj_t o_in);
mp_map_elem_t *mp_map_lookup(mp_map_t *map, mp_obj_t key, mp_map_lookup_kind_t kind);

#define MP_DEFINE_CONST_DICT(name, entries) \
    const mp_obj_dict_t name = { \
        .base = {&mp_type_dict}, \
        .map = {.all_keys_are_qstrs = 1, .is_fixed = 1, .is_ordered = 1, .used = MP_ARRAY_SIZE(entries), \
            .alloc = MP_ARRAY_SIZE(entries), .table = (mp_map_elem_t *)(entries)}, \
    }

/* ---- Functions ---------------------------------------------------------------------------------------------------- */

typedef mp_obj_t (*mp_fun_0_t)(void);
typedef mp_obj_t (*mp_fun_1_t)(mp_obj_t);
typedef mp_obj_t (*mp_fun_2_t)(mp_obj_t, mp_obj_t);
typedef mp_obj_t (*mp_fun_3_t)(mp_obj_t, mp_obj_t, mp_obj_t);
typedef mp_obj_t (*mp_fun_var_t)(size_t, const mp_obj_t *);
typedef mp_obj_t (*mp_fun_kw_t)(size_t, const mp_obj_t *, mp_map_t *);

typedef struct {
    mp_obj_base_t base;
    union {
        mp_fun_0_t _0;
        mp_fun_1_t _1;
        mp_fun_2_t _2;
        mp_fun_3_t _3;
    } fun;
} mp_obj_fun_builtin_fixed_t;

typedef struct {
    mp_obj_base_t base;
    uint32_t sig;
    union {
        mp_fun_var_t var;
        mp_fun_kw_t kw;
    } fun;
} mp_obj_fun_builtin_var_t;

#define COMPAT_SIG(min, max, kw) ((uint32_t)(min) << 17 | (uint32_t)(max) << 1 | (kw))
#define MP_DEFINE_CONST_FUN_OBJ_0(name, f) \
    const mp_obj_fun_builtin_fixed_t name = {{&mp_type_fun_builtin_0}, .fun._0 = f}
#define MP_DEFINE_CONST_FUN_OBJ_1(name, f) \
    const mp_obj_fun_builtin_fixed_t name = {{&mp_type_fun_builtin_1}, .fun._1 = f}
#define MP_DEFINE_CONST_FUN_OBJ_2(name, f) \
    const mp_obj_fun_builtin_fixed_t name = {{&mp_type_fun_builtin_2}, .fun._2 = f}
#define MP_DEFINE_CONST_FUN_OBJ_3(name, f) \
    const mp_obj_fun_builtin_fixed_t name = {{&mp_type_fun_builtin_3}, .fun._3 = f}
#define MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(name, min, max, f) \
    const mp_obj_fun_builtin_var_t name = {{&mp_type_fun_builtin_var}, COMPAT_SIG(min, max, 0), .fun.var = f}
#define MP_DEFINE_CONST_FUN_OBJ_KW(name, min, f) \
    const mp_obj_fun_builtin_var_t name = {{&mp_type_fun_builtin_var}, COMPAT_SIG(min, 0xffff, 1), .fun.kw = f}
#define MP_DECLARE_CONST_FUN_OBJ_0(name) extern const mp_obj_fun_builtin_fixed_t name
#define MP_DECLARE_CONST_FUN_OBJ_1(name) extern const mp_obj_fun_builtin_fixed_t name
#define MP_DECLARE_CONST_FUN_OBJ_2(name) extern const mp_obj_fun_builtin_fixed_t name
#define MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(name) extern const mp_obj_fun_builtin_var_t name
#define MP_DECLARE_CONST_FUN_OBJ_KW(name) extern const mp_obj_fun_builtin_var_t name

MP_DECLARE_CONST_FUN_OBJ_1(mp_identity_obj);

/* ---- Types: only the members that the binding fills -------------------------------------------------------------- */

typedef void (*mp_print_strn_t)(void *data, const char *s, size_t len);
typedef struct _mp_print_t {
    void *data;
    mp_print_strn_t print_strn;
} mp_print_t;

typedef enum {
    PRINT_STR = 0,
    PRINT_REPR = 1,
    PRINT_EXC = 2,
    PRINT_EXC_SUBCLASS = 0x80,
} mp_print_kind_t;

typedef struct {
    mp_obj_base_t base;
    mp_obj_t buf[3];
} mp_obj_iter_buf_t;

struct _mp_obj_type_t {
    mp_obj_base_t base;
    uint16_t flags;
    uint16_t name;
    void (*print)(const mp_print_t *print, mp_obj_t self, mp_print_kind_t kind);
    mp_obj_t (*make_new)(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args);
    void (*attr)(mp_obj_t self, qstr attr, mp_obj_t *dest);
    mp_obj_t (*getiter)(mp_obj_t self, mp_obj_iter_buf_t *buf);
    mp_fun_1_t iternext;
    const void *protocol;
    const void *parent;
    mp_obj_dict_t *locals_dict;
};

extern const mp_obj_type_t mp_type_type, mp_type_object, mp_type_module, mp_type_dict, mp_type_int, mp_type_str, mp_type_bytes,
    mp_type_tuple, mp_type_list, mp_type_OSError, mp_type_TypeError, mp_type_ValueError, mp_type_UnicodeError, mp_type_OverflowError, mp_type_RuntimeError, mp_type_fun_builtin_0, mp_type_fun_builtin_1,
    mp_type_fun_builtin_2, mp_type_fun_builtin_3, mp_type_fun_builtin_var;

mp_obj_t mp_identity_getiter(mp_obj_t self, mp_obj_iter_buf_t *buf);

typedef struct {
    mp_obj_base_t base;
    size_t len;
    mp_obj_t items[];
} mp_obj_tuple_t;

typedef struct _mp_obj_module_t {
    mp_obj_base_t base;
    mp_obj_dict_t *globals;
} mp_obj_module_t;

/* ---- Operations on objects ---------------------------------------------------------------------------------------- */

typedef struct {
    void *buf;
    size_t len;
    int typecode;
} mp_buffer_info_t;
#define MP_BUFFER_READ 1
#define MP_BUFFER_WRITE 2
bool mp_get_buffer(mp_obj_t o, mp_buffer_info_t *info, mp_uint_t flags);
void mp_get_buffer_raise(mp_obj_t o, mp_buffer_info_t *info, mp_uint_t flags);

const mp_obj_type_t *mp_obj_get_type(mp_const_obj_t o);
const char *mp_obj_get_type_str(mp_const_obj_t o);
mp_obj_t mp_obj_cast_to_native_base(mp_obj_t self, mp_const_obj_t native_type);
bool mp_obj_is_true(mp_obj_t o);
bool mp_obj_equal(mp_obj_t one, mp_obj_t other);
bool mp_obj_is_callable(mp_obj_t o);
mp_int_t mp_obj_get_int(mp_const_obj_t o);
bool mp_obj_get_int_maybe(mp_const_obj_t o, mp_int_t *value);
mp_int_t mp_obj_get_int_truncated(mp_const_obj_t o);
void mp_obj_get_array(mp_obj_t o, size_t *n, mp_obj_t **items);
const char *mp_obj_str_get_str(mp_obj_t o);
const char *mp_obj_str_get_data(mp_obj_t o, size_t *len);

mp_obj_t mp_obj_new_bool(mp_int_t x);
mp_obj_t mp_obj_new_int(mp_int_t n);
mp_obj_t mp_obj_new_int_from_uint(mp_uint_t n);
mp_obj_t mp_obj_new_int_from_ll(long long n);
mp_obj_t mp_obj_new_str(const char *s, size_t len);
mp_obj_t mp_obj_new_bytes(const byte *data, size_t len);
mp_obj_t mp_obj_new_str_from_vstr(const mp_obj_type_t *type, vstr_t *v);
mp_obj_t mp_obj_new_tuple(size_t n, const mp_obj_t *items);
mp_obj_t mp_obj_new_list(size_t n, mp_obj_t *items);
mp_obj_t mp_obj_new_dict(size_t n);
void mp_obj_tuple_get(mp_obj_t o, size_t *len, mp_obj_t **items);
void mp_obj_list_get(mp_obj_t o, size_t *len, mp_obj_t **items);
mp_obj_t mp_obj_new_exception_msg(const mp_obj_type_t *type, mp_rom_error_text_t text);
mp_obj_t mp_obj_exception_get_value(mp_obj_t exc);
bool mp_obj_exception_match(mp_obj_t exc, mp_const_obj_t exc_type);
mp_obj_t mp_obj_new_bytearray_by_ref(size_t n, void *items);
mp_obj_t mp_obj_list_append(mp_obj_t list, mp_obj_t item);
#if MICROPY_PY_BUILTINS_FLOAT
mp_float_t mp_obj_get_float(mp_obj_t o);
bool mp_obj_get_float_maybe(mp_obj_t o, mp_float_t *value);
mp_obj_t mp_obj_new_float(mp_float_t x);
#endif

mp_obj_t mp_obj_exception_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args);

void mp_obj_print_helper(const mp_print_t *print, mp_obj_t o, mp_print_kind_t kind);
int mp_print_str(const mp_print_t *print, const char *s);
int mp_printf(const mp_print_t *print, const char *format, ...);

#endif
