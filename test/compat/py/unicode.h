/* UTF-8.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMPAT_UNICODE_H
#define COMPAT_UNICODE_H

#include "py/mpconfig.h"
#include "py/misc.h"

bool utf8_check(const byte *p, size_t len);

#endif
