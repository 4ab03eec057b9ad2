/* SAL's own view of a socket, in a header of this name from 4.1.1 on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_SAL_LOW_LVL_H
#define SAL_SAL_LOW_LVL_H

#include <rtdevice.h>

#if LOOK_VERSION < 40101
#error "RT-Thread has sal_low_lvl.h from 4.1.1 on"
#endif

#include <look_sal.h>

#endif
