/* SAL's own view of a socket, in a header of this name up to 4.1.0.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_SAL_H
#define SAL_SAL_H

#include <rtdevice.h>

#if LOOK_VERSION >= 40101
#error "RT-Thread has sal.h up to 4.1.0"
#endif

#include <look_sal.h>

#endif
