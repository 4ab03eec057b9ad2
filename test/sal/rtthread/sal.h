/* SAL's own view of a socket.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_SAL_H
#define SAL_SAL_H

#include <rtdevice.h>

#ifndef SAL_SOCKETS_NUM
#define SAL_SOCKETS_NUM 256
#endif
#define SAL_SOCKET_OFFSET 0
#define DFS_FD_MAX 256

struct sal_socket {
    uint32_t magic;
    int socket;
    int domain;
    int type;
    int protocol;
    struct netdev *netdev;
    void *user_data; /* the stack's own number */
};

struct sal_socket *sal_get_socket(int s);

#endif
