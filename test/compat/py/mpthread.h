/* The big lock, and who runs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMPAT_MPTHREAD_H
#define COMPAT_MPTHREAD_H

#include "py/runtime.h"

#if MICROPY_PY_THREAD
mp_state_thread_t *mp_thread_get_state(void);
#endif

#if MICROPY_PY_THREAD_GIL
void compat_gil(bool take);
#define MP_THREAD_GIL_ENTER() compat_gil(true)
#define MP_THREAD_GIL_EXIT() compat_gil(false)
#else
#define MP_THREAD_GIL_ENTER()
#define MP_THREAD_GIL_EXIT()
#endif

#endif
