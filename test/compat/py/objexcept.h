/* The internals of exceptions.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMPAT_OBJEXCEPT_H
#define COMPAT_OBJEXCEPT_H

#include "py/obj.h"

typedef struct {
    mp_obj_base_t base;
    mp_obj_tuple_t *args;
} mp_obj_exception_t;

void mp_obj_exception_print(const mp_print_t *print, mp_obj_t self, mp_print_kind_t kind);
void mp_obj_exception_attr(mp_obj_t self, qstr attr, mp_obj_t *dest);

#endif
