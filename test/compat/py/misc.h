/* Allocation and growing strings (vstr).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMPAT_MISC_H
#define COMPAT_MISC_H

#include <stdbool.h>

#include "py/mpconfig.h"

typedef unsigned char byte;

/* As without MICROPY_ROM_TEXT_COMPRESSION. */
typedef const char *mp_rom_error_text_t;
#define MP_ERROR_TEXT(x) (mp_rom_error_text_t)(x)

#define MIN(x, y) ((x) < (y) ? (x) : (y))
#define MAX(x, y) ((x) > (y) ? (x) : (y))
#define MP_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

void *m_malloc(size_t size);
void *m_malloc0(size_t num_bytes);
NORETURN void m_malloc_fail(size_t n);
void *m_malloc_maybe(size_t size);
void *m_malloc_with_finaliser(size_t size);
void *m_realloc(void *block, size_t size);
void *m_realloc_maybe(void *block, size_t size, bool allow_move);
void m_free(void *block);
#define m_new_obj(type) ((type *)m_malloc(sizeof(type)))
#define m_new(type, n) ((type *)m_malloc(sizeof(type) * (n)))
#define m_new0(type, n) ((type *)m_malloc0(sizeof(type) * (n)))
#define m_new_maybe(type, n) ((type *)m_malloc_maybe(sizeof(type) * (n)))
#define m_renew(type, block, before, n) ((type *)m_realloc((block), sizeof(type) * (n)))
#define m_renew_maybe(type, block, before, n, allow_move) \
    ((type *)m_realloc_maybe((block), sizeof(type) * (n), (allow_move)))
#define m_del(type, block, n) ((void)(n), m_free(block))

typedef struct {
    size_t alloc, len;
    char *buf;
    bool fixed_buf : 1;
} vstr_t;

struct _mp_print_t;
void vstr_init(vstr_t *v, size_t alloc);
void vstr_init_len(vstr_t *v, size_t len);
void vstr_init_fixed_buf(vstr_t *v, size_t alloc, char *buf);
void vstr_init_print(vstr_t *v, size_t alloc, struct _mp_print_t *print);
void vstr_clear(vstr_t *v);
void vstr_hint_size(vstr_t *v, size_t size);
void vstr_add_byte(vstr_t *v, byte b);
char *vstr_null_terminated_str(vstr_t *v);
void vstr_add_strn(vstr_t *v, const char *s, size_t len);

#if MICROPY_PY_BUILTINS_FLOAT
#ifdef COMPAT_FLOAT_SINGLE
#define MP_FLOAT_EXP_BITS (8)
#define MP_FLOAT_FRAC_BITS (23)
typedef uint32_t mp_float_uint_t;
#else
#define MP_FLOAT_EXP_BITS (11)
#define MP_FLOAT_FRAC_BITS (52)
typedef uint64_t mp_float_uint_t;
#endif

typedef union {
    mp_float_t f;
    mp_float_uint_t i;
} mp_float_union_t;
#endif

#endif
