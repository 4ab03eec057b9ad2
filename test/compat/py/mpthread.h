/* The global lock and the current thread's state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMPAT_MPTHREAD_H
#define COMPAT_MPTHREAD_H

#include "py/runtime.h"

#if MICROPY_PY_THREAD
mp_state_thread_t *mp_thread_get_state(void);

typedef struct {
    void *port; /* the port's data */
} mp_thread_mutex_t;

void mp_thread_mutex_init(mp_thread_mutex_t *mutex);
int mp_thread_mutex_lock(mp_thread_mutex_t *mutex, int wait);
void mp_thread_mutex_unlock(mp_thread_mutex_t *mutex);
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
