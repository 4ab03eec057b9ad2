/* The internals of tuples.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMPAT_OBJTUPLE_H
#define COMPAT_OBJTUPLE_H

#include "py/obj.h"

mp_obj_t mp_obj_tuple_getiter(mp_obj_t o, mp_obj_iter_buf_t *buf);

#endif
