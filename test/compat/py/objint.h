/* The internals of long integers: digits of 16 bits on a 32-bit machine.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMPAT_OBJINT_H
#define COMPAT_OBJINT_H

#include "py/obj.h"

typedef uint16_t mpz_dig_t;

typedef struct {
    size_t neg : 1;
    size_t fixed_dig : 1;
    size_t alloc : 8 * sizeof(size_t) - 2;
    size_t len;
    mpz_dig_t *dig;
} mpz_t;

typedef struct {
    mp_obj_base_t base;
    mpz_t mpz;
} mp_obj_int_t;

#endif
