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
mp_obj_t mp_obj_new_str_copy(const mp_obj_type_t *type, const byte *data, size_t len);

#endif
