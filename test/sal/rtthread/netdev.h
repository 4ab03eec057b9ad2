/* Network interfaces, with only their up and down state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_NETDEV_H
#define SAL_NETDEV_H

#include <rtthread.h>

#include "../shapes.h"

#define NETDEV_FLAG_UP 0x01u
#define NETDEV_FLAG_LINK_UP 0x04u

extern struct netdev *netdev_default;

#define netdev_is_up(netdev) (((netdev)->flags & NETDEV_FLAG_UP) ? (uint8_t)1 : (uint8_t)0)
#define netdev_is_link_up(netdev) (((netdev)->flags & NETDEV_FLAG_LINK_UP) ? (uint8_t)1 : (uint8_t)0)

struct netdev *netdev_get_first_by_flags(uint16_t flags);
struct netdev *netdev_get_by_family(int family);

#endif
