/* The board's only network interface, and SAL's view of a socket.
 *
 * SPDX-License-Identifier: MIT
 */
#include "inside.h"
#include "shapes.h"

static struct netdev device = {.name = "e0"};
struct netdev *netdev_default = &device;

static struct netdev *netdev_now(void) {
    device.flags = (uint16_t)((look.up ? 1 : 0) | (look.link ? 4 : 0));
    return &device;
}

struct netdev *netdev_get_first_by_flags(uint16_t flags) {
    return (netdev_now()->flags & flags) == flags ? &device : NULL;
}

struct netdev *netdev_get_by_family(int family) {
    bool there = family == 2 || (family == 10 && LOOK_IPV6 && !look.at);
    return there && look.up ? netdev_now() : NULL;
}

struct sal_socket *sal_get_socket(int number) {
    static __thread struct sal_socket s;
    if (look_entry(number) == NULL) {
        return NULL;
    }
    s.socket = number;
    s.netdev = netdev_now();
    s.user_data = (void *)(intptr_t)number;
    return &s;
}
