/* Structures for both sides: programs with RT-Thread's headers, and the look-alike with the host's.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_SHAPES_H
#define SAL_SHAPES_H

#include <stdint.h>

struct netdev {
    char name[8]; /* RT_NAME_MAX */
    uint16_t flags;
    void *sal_user_data;
};

struct sal_socket {
    uint32_t magic;
    int socket;
    int domain;
    int type;
    int protocol;
    struct netdev *netdev;
    void *user_data; /* the stack's own socket number */
};

#endif
