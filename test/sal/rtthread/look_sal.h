/* The contents of sal.h and of sal_low_lvl.h, which has taken its place.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_LOOK_SAL_H
#define SAL_LOOK_SAL_H

#include "../shapes.h"

#ifndef SAL_SOCKETS_NUM
#define SAL_SOCKETS_NUM 256
#endif
#define SAL_SOCKET_OFFSET 0

struct sal_socket *sal_get_socket(int s);

#endif
