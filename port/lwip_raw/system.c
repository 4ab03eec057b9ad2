/* The system below lwIP: a clock, memory, the library's lock, and for TLS the time and the trusted
 * authorities. The board writes usocket_port_random.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include "usocket/port.h"

#include <lwip/sys.h>

/* ---- Clock -------------------------------------------------------------------------------------------------------- */

/* sys_now() wraps every 49.7 days; the difference of two calls is right if they lie closer together
 * than that. No callback of lwIP reads this clock, so one thread needs no lock. */
usocket_time_t usocket_port_now(void) {
    static u32_t last;
    static usocket_time_t total;
#if USOCKET_THREADS
    PLAT_LWIP_ENTER;
#endif
    u32_t now = sys_now();
    total += (u32_t)(now - last);
    last = now;
    usocket_time_t result = total;
#if USOCKET_THREADS
    PLAT_LWIP_EXIT;
#endif
    return result * 1000 + 1;
}

/* ---- Memory ------------------------------------------------------------------------------------------------------- */

#ifndef PLAT_MALLOC /* lwIP's own heap holds packets */
#include <stdlib.h>
#define PLAT_MALLOC malloc
#define PLAT_FREE free
#endif

void *usocket_port_alloc(size_t size) {
    return PLAT_MALLOC(size);
}

void usocket_port_free(void *p) {
    PLAT_FREE(p);
}

/* ---- Lock and threads --------------------------------------------------------------------------------------------- */

void usocket_port_lock(void) {
#if USOCKET_THREADS
    PLAT_LOCK();
#endif
}

void usocket_port_unlock(void) {
#if USOCKET_THREADS
    PLAT_UNLOCK();
#endif
}

/* lwIP answers lookups and reports data by itself. */
int usocket_port_spawn(void (*run)(void *), void *arg) {
    (void)run, (void)arg;
    return USOCKET_EAGAIN;
}

/* ---- For TLS ------------------------------------------------------------------------------------------------------ */

#if USOCKET_TLS

#ifndef PLAT_WALL_TIME
#include <time.h>
#define PLAT_WALL_TIME() time(NULL)
#endif
#ifndef PLAT_TRUST
#define PLAT_TRUST NULL /* or the name of a file of certificates, PEM */
#endif

int64_t usocket_port_wall_time(void) {
    int64_t now = (int64_t)PLAT_WALL_TIME();
    return now > 0 ? now : 0;
}

const char *usocket_port_trust(uint64_t *version) {
    *version = 0;
    return PLAT_TRUST;
}

#endif
