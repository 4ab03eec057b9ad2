/* The interpreter's configuration in RT-Thread's package; run.sh varies the first options.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMPAT_MPCONFIG_H
#define COMPAT_MPCONFIG_H

#include <stddef.h>
#include <stdint.h>

/* RT-Thread's mpconfigport.h includes rtthread.h, which declares names of the C library. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#ifndef MICROPY_PY_THREAD
#define MICROPY_PY_THREAD 1
#endif
#ifndef MICROPY_PY_THREAD_GIL
#define MICROPY_PY_THREAD_GIL MICROPY_PY_THREAD
#endif
#ifndef MICROPY_ENABLE_SCHEDULER
#define MICROPY_ENABLE_SCHEDULER 1
#endif
#ifndef MICROPY_PY_BUILTINS_STR_UNICODE
#define MICROPY_PY_BUILTINS_STR_UNICODE 1
#endif
#ifndef MICROPY_PY_BUILTINS_FLOAT
#define MICROPY_PY_BUILTINS_FLOAT 1
#endif
#ifndef MICROPY_STACK_CHECK
#define MICROPY_STACK_CHECK 1
#endif
#ifndef MICROPY_MODULE_BUILTIN_INIT
#define MICROPY_MODULE_BUILTIN_INIT 0
#endif

#define MICROPY_LONGINT_IMPL_NONE 0
#define MICROPY_LONGINT_IMPL_MPZ 2
#ifndef MICROPY_LONGINT_IMPL
#define MICROPY_LONGINT_IMPL MICROPY_LONGINT_IMPL_MPZ
#endif

#define MP_ENDIANNESS_LITTLE 1
#define NORETURN __attribute__((noreturn))

typedef intptr_t mp_int_t;
typedef uintptr_t mp_uint_t;

mp_uint_t compat_lock(void);
void compat_unlock(mp_uint_t state);
#define MICROPY_BEGIN_ATOMIC_SECTION() compat_lock()
#define MICROPY_END_ATOMIC_SECTION(state) compat_unlock(state)

#if MICROPY_PY_BUILTINS_FLOAT
#ifdef COMPAT_FLOAT_SINGLE
typedef float mp_float_t;
#define MICROPY_FLOAT_CONST(x) x##F
#else
typedef double mp_float_t;
#define MICROPY_FLOAT_CONST(x) x
#endif
#endif

#endif
