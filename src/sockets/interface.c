/* Interfaces by name and number, and this host's name. These calls need no socket, and wait for
 * nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/base.h"

#if USOCKET_NAMES

#include <string.h>

int usocket_if_nametoindex(const char *name) {
    return usocket_port_if_index(name, strlen(name));
}

int usocket_if_indextoname(unsigned index, char *name) {
    return usocket_port_if_name(index, name);
}

int usocket_if_next(unsigned *index, char *name) {
    return usocket_port_if_next(index, name);
}

int usocket_gethostname(char *buf, size_t len) {
    return usocket_port_hostname(buf, len);
}

#endif
