/* The internals of strings.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMPAT_OBJSTR_H
#define COMPAT_OBJSTR_H

#include "py/obj.h"

typedef struct {
    mp_obj_base_t base;
    mp_uint_t hash;
    size_t len;
    const byte *data;
} mp_obj_str_t;
#define MP_DEFINE_STR_OBJ(obj_name, str) \
    mp_obj_str_t obj_name = {{&mp_type_str}, 0, sizeof(str) - 1, (const byte *)str}
mp_obj_t mp_obj_new_str_copy(const mp_obj_type_t *type, const byte *data, size_t len);

#endif
