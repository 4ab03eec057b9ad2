/* What lwIP's socket options hold, and what programs give and expect: flags of 0 or 1, numbers in their range, whole
 * milliseconds. Used by the guard where platform.h says plat_lwip_options(handle): lwIP, and SAL above it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_GUARD_OPTIONS_H
#define USOCKET_GUARD_OPTIONS_H

#include "platform.h"

#if PLAT_GUARD

/* An option of lwIP's in a program's terms. As plat_getsockopt and plat_setsockopt. */
int guard_get_option(int handle, int level, int name, void *value, socklen_t *len);
int guard_set_option(int handle, int level, int name, const void *value, socklen_t len);

#endif

#endif
