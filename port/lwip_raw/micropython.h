/* The macros of platform.h, from those that MicroPython's network boards have.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_LWIP_RAW_MICROPYTHON_H
#define USOCKET_LWIP_RAW_MICROPYTHON_H

#include "py/mpconfig.h"

#include "py/misc.h"
#include "py/mphal.h"

/* They keep PendSV, in which lwIP runs, from running, or take lwIP's lock (rp2); a port that runs
 * lwIP in its loop defines them empty. */
#ifndef PLAT_LWIP_ENTER
#define PLAT_LWIP_ENTER MICROPY_PY_LWIP_ENTER
#define PLAT_LWIP_EXIT MICROPY_PY_LWIP_EXIT
#endif

/* A bare wait for an interrupt. mp_event_wait_ms and MICROPY_EVENT_POLL_HOOK raise exceptions, which
 * would pass through the library. py/mphal.h defines MICROPY_INTERNAL_WFE as "(void)0" where the
 * board's port has none; the interrupt that comes at the latest is the clock's, after 1 ms. */
#ifndef PLAT_IDLE
#define PLAT_TEXT2(...) #__VA_ARGS__
#define PLAT_TEXT(...) PLAT_TEXT2(__VA_ARGS__)
#if defined(__arm__)
#define PLAT_WFI() __asm volatile("wfi" ::: "memory")
#else
#define PLAT_WFI() ((void)0)
#endif
#define PLAT_IDLE(ms) \
    do { \
        (void)(ms); \
        if (sizeof(PLAT_TEXT(MICROPY_INTERNAL_WFE(0))) > sizeof("(void)0")) { \
            MICROPY_INTERNAL_WFE((int)(ms)); \
        } else { \
            PLAT_WFI(); \
        } \
    } while (0)
#endif

/* The interpreter's heap. Static memory of the library points to what TLS keeps, so that must be
 * known to the collector: tracked. A lookup is reachable from its object or from the stack. */
#ifndef PLAT_MALLOC
#if MICROPY_TRACKED_ALLOC
#define PLAT_MALLOC(size) m_tracked_calloc(1, (size))
#define PLAT_FREE(p) m_tracked_free(p)
#elif USOCKET_TLS
#error "TLS on the interpreter's heap takes MICROPY_TRACKED_ALLOC 1, or PLAT_MALLOC and PLAT_FREE of the board"
#else
#define PLAT_MALLOC(size) m_malloc_maybe(size)
#if MICROPY_MALLOC_USES_ALLOCATED_SIZE
#error "MICROPY_MALLOC_USES_ALLOCATED_SIZE 1 takes PLAT_MALLOC and PLAT_FREE of the board"
#endif
#define PLAT_FREE(p) m_free(p)
#endif
#endif

/* renesas-ra runs lwIP in a function of the scheduler, which runs nothing during a wait. */
#if !defined(PLAT_PUMP) && MICROPY_PY_NETWORK_ESP_HOSTED
int esp_hosted_wifi_poll(void);
void sys_check_timeouts(void);
#define PLAT_PUMP() ((void)esp_hosted_wifi_poll(), sys_check_timeouts())
#endif

/* MicroPython's time begins in 1970 or, on stm32 and renesas-ra, in 2000. alif has no clock, and 0
 * stays 0: not known. */
#ifndef PLAT_WALL_TIME
#if MICROPY_EPOCH_IS_1970
#define PLAT_WALL_TIME() (int64_t)(mp_hal_time_ns() / 1000000000u)
#else
#define PLAT_WALL_TIME() (int64_t)(mp_hal_time_ns() / 1000000000u + 946684800u)
#endif
#endif

#endif
