/* What lwIP's socket options hold, and what programs give and expect: flags of 0 or 1, numbers in their range, whole
 * milliseconds. Used by the guard where platform.h says plat_lwip_options(handle): lwIP, and SAL above it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_GUARD_OPTIONS_H
#define USOCKET_GUARD_OPTIONS_H

#include "platform.h"

#if PLAT_GUARD

#include <stddef.h>
#include <stdint.h>

typedef union {
    int number;
    uint8_t byte;
    struct timeval time;
    int linger[2]; /* on, seconds */
#ifdef IP_ADD_MEMBERSHIP
    struct ip_mreq mreq;
#endif
    uint8_t bytes[64]; /* no option is longer */
} setting_t;

/* Begin with what a program gives. @return its length, or the longest */
socklen_t setting_of(setting_t *s, const void *value, socklen_t len);

/* Make it what lwIP takes, without an assertion. @return 0, or the number of the error */
int setting_prepare(setting_t *s, int level, int name, socklen_t len);

/* Give a program what lwIP has told. len: its room, then the option's length */
void setting_tell(setting_t *s, int level, int name, void *value, socklen_t *len);

/* An option of lwIP's in a program's terms. As plat_getsockopt and plat_setsockopt. */
int guard_get_option(int handle, int level, int name, void *value, socklen_t *len);
int guard_set_option(int handle, int level, int name, const void *value, socklen_t len);

#endif

#endif
