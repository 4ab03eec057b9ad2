/* Strings from within.
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

#endif
