/* Options of a socket in a program's terms: flags of 0 or 1, numbers in their range, whole
 * milliseconds.
 *
 * lwIP holds other values, and asserts on some. The translation applies where platform.h says
 * plat_lwip_options(handle): lwIP, and SAL above it. Callers: the files of the guard, under the
 * library's lock. Nothing here waits.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_GUARD_OPTIONS_H
#define USOCKET_GUARD_OPTIONS_H

#include "platform.h"

#if PLAT_GUARD

/* As plat_getsockopt and plat_setsockopt, with translation. The value is not NULL, unless the
 * length is 0. */
int guard_get_option(int handle, int level, int name, void *value, socklen_t *len);
int guard_set_option(int handle, int level, int name, const void *value, socklen_t len);

#endif

#endif
