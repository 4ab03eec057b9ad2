/* What MicroPython's network boards have for platform.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_LWIP_RAW_MICROPYTHON_H
#define USOCKET_LWIP_RAW_MICROPYTHON_H

#include "py/mpconfig.h"

/* As py/mphal.h does, which gives MICROPY_INTERNAL_WFE an empty default. */
#ifdef MICROPY_MPHALPORT_H
#include MICROPY_MPHALPORT_H
#else
#include <mphalport.h>
#endif
#ifdef MICROPY_INTERNAL_WFE
#define PLAT_HAS_WFE 1
#else
#define PLAT_HAS_WFE 0
#endif

#include "py/misc.h"
#include "py/mphal.h"

/* They keep PendSV, in which lwIP runs, from running, or take lwIP's lock (rp2); a port that runs
 * lwIP in its loop defines them empty. */
#ifndef PLAT_LWIP_ENTER
#define PLAT_LWIP_ENTER MICROPY_PY_LWIP_ENTER
#define PLAT_LWIP_EXIT MICROPY_PY_LWIP_EXIT
#endif

/* A bare wait for an interrupt. mp_event_wait_ms and MICROPY_EVENT_POLL_HOOK raise exceptions, which
 * would pass through the library. */
#ifndef PLAT_IDLE
#if PLAT_HAS_WFE
#define PLAT_IDLE(ms) MICROPY_INTERNAL_WFE((int)(ms))
#elif defined(__arm__)
#define PLAT_IDLE(ms) __asm volatile("wfi" ::: "memory")
#else
#define PLAT_IDLE(ms) ((void)(ms))
#endif
#endif

/* The interpreter's heap. Static memory of the library points to what TLS keeps, so that must be
 * known to the collector: tracked. A lookup is reachable from its object or from the stack. */
#ifndef PLAT_ALLOC
#if MICROPY_TRACKED_ALLOC
#define PLAT_ALLOC(size) m_tracked_calloc(1, (size))
#define PLAT_FREE(p) m_tracked_free(p)
#elif USOCKET_TLS
#error "TLS on the interpreter's heap takes MICROPY_TRACKED_ALLOC 1, or PLAT_ALLOC and PLAT_FREE of the board"
#else
#define PLAT_ALLOC(size) m_malloc_maybe(size)
#if MICROPY_MALLOC_USES_ALLOCATED_SIZE
#error "MICROPY_MALLOC_USES_ALLOCATED_SIZE 1 takes PLAT_ALLOC and PLAT_FREE of the board"
#endif
#define PLAT_FREE(p) m_free(p)
#endif
#endif

#ifndef PLAT_WALL_TIME
#define PLAT_WALL_TIME() (int64_t)(mp_hal_time_ns() / 1000000000u)
#endif

#endif
