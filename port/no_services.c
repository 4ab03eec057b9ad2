/* Reverse lookups and names of services, on a stack without them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include "usocket/port.h"

#if USOCKET_NAMES && !PLAT_HAS_GETNAMEINFO

int usocket_port_reverse(const usocket_addr_t *a, int flags, char *host) {
    (void)a, (void)flags, (void)host;
    return USOCKET_EAI_NONAME;
}

int usocket_port_service(const char *name, bool dgram) {
    (void)name, (void)dgram;
    return USOCKET_EAI_SERVICE;
}

int usocket_port_service_name(uint16_t port, bool dgram, char *name) {
    (void)port, (void)dgram, (void)name;
    return USOCKET_EAI_SERVICE;
}

#endif
