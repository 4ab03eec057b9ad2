/* SAL's own view of a socket.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_SAL_H
#define SAL_SAL_H

#include <rtdevice.h>

#include "../shapes.h"

#ifndef SAL_SOCKETS_NUM
#define SAL_SOCKETS_NUM 256
#endif
#define SAL_SOCKET_OFFSET 0
#define DFS_FD_MAX 256

struct sal_socket *sal_get_socket(int s);

#endif
